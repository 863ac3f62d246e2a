import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { type AccessLimits, withinLimits } from '../access-limits.js';
import { type ApiKey, apiKeyName } from '../api-keys.js';
import { RecordError } from '../errors.js';
import { instantSql, readHead } from '../head.js';
import { enqueueOutbox } from '../outbox.js';
import { inTransaction, type Queryable } from '../pool.js';
import { positionAt } from '../position-at.js';
import { claimReading, endReading } from '../reading-claims.js';
import { openDifferences } from '../verification.js';
import { rangeDiffers } from '../verify-positions.js';
import type { ExportSavepoint } from './savepoint.js';

// Exports in brief. An export is a row: what was asked for, and how far it is.
//
//   waiting ──▶ running ──▶ finished ──▶ expired        its file went after the time for which it is kept
//                  ├──▶ failed                          its error says why; nothing of it is handed out
//                  └──▶ deleted                         a person did not want it any more (from any state)
//
// A process of the API takes it under a lease, writes a file, and notes from time to time what is on disk (the savepoint). Killed at
// any instant, it leaves a row whose lease ends: the next attempt copies what the savepoint vouches for, no byte more, into a file of
// its own and goes on there. So an attempt that only seemed dead writes into a file that nobody will ever read. With the state
// `finished` the event `record.exported` is committed; before that no byte can be fetched.

/** NDJSON holds the recorded bytes, an event a line; CSV and JSON are made for people; a bundle of evidence is a ZIP file. */
export const EXPORT_FORMATS = ['ndjson', 'csv', 'json', 'zip'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What is written for a selection: its events, or a bundle that proves itself (docs/evidence-format.md), which is always a ZIP file. */
export const EXPORT_KINDS = ['events', 'evidence'] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];

export type ExportState = 'waiting' | 'running' | 'finished' | 'failed' | 'deleted' | 'expired';

/** Which events; what is left out does not restrict. */
export interface ExportSelection {
  /** First position, or instant: what was recorded then or later. */
  from?: string;
  /** First position or instant that no longer belongs to it. Default: the end of the log when it is asked for. */
  to?: string;
  session?: string;
  identity?: string;
  connection?: string;
  types?: readonly string[];
  /** To what the key that asked was limited: nothing beyond belongs to it, whatever else is said. */
  limits?: AccessLimits;
}

export interface ExportRequest {
  kind: ExportKind;
  format: ExportFormat;
  selection: ExportSelection;
  /** Also where the range is known not to be as it was recorded; the manifest then names what differs. */
  forced?: boolean;
}

export interface ExportFailure {
  code: string;
  message: string;
  remedy: string;
}

export interface Export extends ExportRequest {
  id: string;
  state: ExportState;
  from: bigint;
  /** Exclusive. */
  to: bigint;
  generation: number;
  keyId: string;
  requestedBy: string;
  createdAt: string;
  folder: string;
  attempt: number;
  savepoint: ExportSavepoint | null;
  error: ExportFailure | null;
  finishedAt: string | null;
  keepUntil: string | null;
  manifest: string | null;
  linkSecret: Buffer;
}

const EXPORT_COLUMNS = `id, kind, format, selection, forced, state, from_pos AS "from", to_pos AS "to", generation, key_id AS "keyId",
  requested_by AS "requestedBy", ${instantSql('created_at')} AS "createdAt", folder, attempt, savepoint, error,
  ${instantSql('finished_at')} AS "finishedAt", ${instantSql('keep_until')} AS "keepUntil", manifest, link_secret AS "linkSecret"`;

/** Whoever waits for more than this asked for the same thing again and again. */
const OPEN_AT_ONCE = 10;

/** Longer than a restart, or a person who looks why nothing goes on: until then no purge takes what is still to be read. */
export const EXPORT_CLAIM_MS = 15 * 60_000;

/**
 * Enters an export; a process of the API makes it. What there is of the log now belongs to it, and what is recorded later does not.
 * From here on no purge drops what it is still to read.
 * @param folder name of the folder of whoever is asked
 * @throws RECORD_EXPORT_EMPTY, RECORD_EXPORT_TOO_MANY, RECORD_DIFFERS
 */
export function requestExport(
  pool: pg.Pool,
  request: ExportRequest,
  key: Pick<ApiKey, 'id' | 'prefix'>,
  folder: string,
): Promise<Export> {
  const id = `export-${[...randomBytes(10)].map((byte) => (byte % 36).toString(36)).join('')}`;
  return inTransaction(pool, async (client) => {
    const { size, generation } = await readHead(client);
    const { fromPos, toPos } = await rangeOf(client, request.selection, size);
    if (toPos <= fromPos) throw emptyRange(fromPos, toPos, size);
    const differences = request.forced ? [] : await openDifferences(client, { from: fromPos, to: toPos, limit: 100 });
    if (differences.length > 0) throw rangeDiffers(differences);
    // One at a time for a key: the count would otherwise miss those of the same moment.
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`affidavit.export ${key.id}`]);
    const { rows: open } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM export WHERE key_id = $1 AND state IN ('waiting', 'running')`,
      [key.id],
    );
    if (open[0]!.n >= OPEN_AT_ONCE) throw tooMany();
    await client.query(
      `INSERT INTO export (id, kind, format, selection, generation, from_pos, to_pos, key_id, requested_by, folder, link_secret, forced)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        ...[id, request.kind, request.format, JSON.stringify(request.selection), generation, fromPos, toPos],
        ...[key.id, apiKeyName(key), folder, randomBytes(32), request.forced ?? false],
      ],
    );
    await claimReading(client, { id, what: `export ${id}`, from: fromPos, until: toPos, validMs: EXPORT_CLAIM_MS });
    return (await findExport(client, id))!;
  });
}

/** From the last of the beginnings to the first of the ends. A connection beyond the limits has nothing in it, as one that never was. */
async function rangeOf(
  db: Queryable,
  { from, to, connection, limits }: ExportSelection,
  size: bigint,
): Promise<{ fromPos: bigint; toPos: bigint }> {
  let fromPos = 0n;
  let toPos = size;
  for (const place of [from, limits?.from]) {
    const at = place === undefined ? fromPos : await positionAt(db, place, size);
    if (at > fromPos) fromPos = at;
  }
  for (const place of [to, limits?.to]) {
    const at = place === undefined ? toPos : await positionAt(db, place, size);
    if (at < toPos) toPos = at;
  }
  const isKnown = connection === undefined || withinLimits({ connection }, limits ?? null);
  return { fromPos, toPos: isKnown ? toPos : fromPos };
}

/**
 * @param owner whose exports may be seen; absent: everybody's
 * @throws RECORD_EXPORT_UNKNOWN, also for one that this key may not know of
 */
export async function readExport(db: Queryable, id: string, owner?: string): Promise<Export> {
  const found = await findExport(db, id);
  if (!found || (owner !== undefined && found.keyId !== owner)) throw exportUnknown(id);
  return found;
}

/** Exports, newest first. */
export async function listExports(db: Queryable, options: { limit: number; owner?: string }): Promise<Export[]> {
  const { rows } = await db.query<Export>(
    `SELECT ${EXPORT_COLUMNS} FROM export WHERE $2::uuid IS NULL OR key_id = $2 ORDER BY export.created_at DESC, id LIMIT $1`,
    [options.limit, options.owner ?? null],
  );
  return rows;
}

/**
 * Ends an export, or takes its file away before its time; `export.deleted` goes on the record in the same transaction. Whoever writes it
 * stops at his next savepoint. A second time changes nothing.
 * @param owner whose it must be; absent: anybody's
 * @throws RECORD_EXPORT_UNKNOWN
 */
export function deleteExport(pool: pg.Pool, id: string, by: string, owner?: string): Promise<void> {
  return inTransaction(pool, async (client) => {
    await readExport(client, id, owner);
    const { rowCount } = await client.query(
      `UPDATE export SET state = 'deleted', lease_until = NULL WHERE id = $1 AND state <> 'deleted'`,
      [id],
    );
    if (rowCount === 0) return;
    await endReading(client, id);
    await enqueueOutbox(client, {
      type: 'export.deleted',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: { export: id, by },
    });
  });
}

export async function findExport(db: Queryable, id: string): Promise<Export | undefined> {
  const { rows } = await db.query<Export>(`SELECT ${EXPORT_COLUMNS} FROM export WHERE id = $1`, [id]);
  return rows[0];
}

export function exportUnknown(id: string): RecordError {
  return new RecordError({
    code: 'RECORD_EXPORT_UNKNOWN',
    message: `there is no export ${id}`,
    remedy: 'List them with `affidavit export list`; a key sees its own, an admin key all.',
    retry: 'never',
  });
}

function emptyRange(from: bigint, to: bigint, size: bigint): RecordError {
  return new RecordError({
    code: 'RECORD_EXPORT_EMPTY',
    message: `there is nothing to export: positions ${from} to ${to} (exclusive) of a log that ends at ${size}`,
    remedy: 'Give a range in which something was recorded; `to` is exclusive.',
    retry: 'never',
  });
}

function tooMany(): RecordError {
  return new RecordError({
    code: 'RECORD_EXPORT_TOO_MANY',
    message: `this key has ${OPEN_AT_ONCE} exports under way`,
    remedy: 'Wait until one is finished, or delete one with `affidavit export delete <id>`.',
    retry: 'later',
  });
}
