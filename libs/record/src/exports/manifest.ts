import { readHead } from '../head.js';
import type { Queryable } from '../pool.js';
import { readPurges } from '../retention.js';
import type { ExportCheckpoint } from './checkpoint.js';
import type { Export } from './export.js';

/** Name under which the events of an export are handed out. */
export function exportFileName({ id, format }: Pick<Export, 'id' | 'format'>): string {
  return `${id}.${format}`;
}

/** What an export holds, and what it does not, as JSON for people and machines. Its bytes are kept as they are made here. */
export async function exportManifest(
  db: Queryable,
  one: Export,
  content: ExportCheckpoint,
  finishedAt: string,
): Promise<string> {
  const { log } = await readHead(db);
  const purges = await readPurges(db, { from: one.from, until: one.to });
  const manifest = {
    version: 1,
    kind: one.kind,
    export: one.id,
    log,
    generation: one.generation,
    format: one.format,
    selection: one.selection,
    positions: { from: String(one.from), to: String(one.to) },
    requestedBy: one.requestedBy,
    requestedAt: one.createdAt,
    finishedAt,
    count: content.count,
    firstPosition: content.first,
    lastPosition: content.last,
    files: [{ name: exportFileName(one), bytes: content.bytes, sha256: content.sha256 }],
    /** Of all positions in the range, whatever was selected: nobody can tell any more what these would have fitted. */
    purged: { positions: content.purged, purges: purges.map((purge) => ({ ...purge, count: String(purge.count) })) },
    missing: { positions: content.missing, first: content.missingFirst },
    holds: { asOf: content.holdsAt, inForce: content.holds.filter(({ events }) => events > 0) },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
