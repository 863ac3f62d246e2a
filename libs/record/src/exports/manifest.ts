import { readHead } from '../head.js';
import type { Queryable } from '../pool.js';
import { readPurges } from '../retention.js';
import { openDifferences } from '../verification.js';
import type { Export } from './export.js';
import type { ExportSavepoint } from './savepoint.js';

/** Name under which the events of an export are handed out. */
export function exportFileName({ id, format }: Pick<Export, 'id' | 'format'>): string {
  return `${id}.${format}`;
}

const MOST_DIFFERENCES = 1_000;

/** What an export holds, and what it does not, as JSON for people and machines. Its bytes are kept as they are made here. */
export async function exportManifest(
  db: Queryable,
  one: Export,
  content: ExportSavepoint,
  finishedAt: string,
): Promise<string> {
  const { log } = await readHead(db);
  const differences = await openDifferences(db, { from: one.from, to: one.to, limit: MOST_DIFFERENCES });
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
    /** What was known, when it was finished, not to be as it was recorded: the first of it. */
    differences: differences.map(({ position, ...rest }) => ({ position: String(position), ...rest })),
    holds: { asOf: content.holdsAt, inForce: content.holds.filter(({ events }) => events > 0) },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
