import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { microsOfInstant } from '#events';
import { sqlStateOf } from './errors.js';
import { derivedColumns, type EventRow } from './recorded-row.js';

// COPY in binary format: bodies go over as they are, where the text format would double them.
// https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format" (read 2026-11-25)

const COPY_EVENTS = `COPY event (class, recorded_at, position, node, epoch, seq, type, occurred_at, session_id, identity_id,
  identity_kind, connection, outcome, body) FROM STDIN (FORMAT binary)`;
const COLUMNS = 14;
const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
/** Binary timestamps count from 2000-01-01. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n;

/** A row that Postgres would not take as it was. */
export interface RefusedRow {
  position: bigint;
  reason: string;
}

/** @throws whatever Postgres answers; the transaction is then aborted */
export async function copyEvents(client: pg.PoolClient, rows: readonly EventRow[]): Promise<void> {
  const bytes = encodeRows(rows);
  await new Promise<void>((resolve, reject) => {
    const stream = client.query(copyFrom(COPY_EVENTS));
    // Not `once`: a line that breaks reports itself twice, as PostgreSQL's last word and as a failed write.
    stream.on('error', reject);
    stream.once('finish', resolve);
    stream.end(bytes);
  });
}

/**
 * Copies rows of which some are refused: halves them until each offender stands alone, and writes that one as
 * `quarantined`: its bytes, nothing derived from them. Needs an open transaction; costs a savepoint a half.
 */
export async function copyEventsSettingAside(client: pg.PoolClient, rows: readonly EventRow[]): Promise<RefusedRow[]> {
  const refusal = await tryCopy(client, rows);
  if (!refusal) return [];
  if (rows.length > 1) {
    const middle = rows.length >> 1;
    const first = await copyEventsSettingAside(client, rows.slice(0, middle));
    const second = await copyEventsSettingAside(client, rows.slice(middle));
    return [...first, ...second];
  }
  const row = rows[0]!;
  await copyEvents(client, [{ ...row, ...derivedColumns(undefined) }]);
  return [{ position: row.position, reason: `PostgreSQL refused it: ${refusal}`.slice(0, 500) }];
}

/**
 * True where the values of some row are to blame (data exception, program limit), so that quarantine helps. A missing partition,
 * a doubled position, a full disk or a broken connection is not the row's fault.
 */
export function blamesRow(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && (state.startsWith('22') || state.startsWith('54'));
}

async function tryCopy(client: pg.PoolClient, rows: readonly EventRow[]): Promise<string | undefined> {
  await client.query('SAVEPOINT copying');
  try {
    await copyEvents(client, rows);
    await client.query('RELEASE SAVEPOINT copying');
    return undefined;
  } catch (error) {
    if (!blamesRow(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT copying; RELEASE SAVEPOINT copying');
    return error instanceof Error ? error.message : String(error);
  }
}

function encodeRows(rows: readonly EventRow[]): Buffer {
  const parts: Buffer[] = [HEADER];
  const tupleStart = Buffer.alloc(2);
  tupleStart.writeInt16BE(COLUMNS);
  for (const row of rows) {
    parts.push(
      tupleStart,
      text(row.class),
      int64(row.recordedAtUs - POSTGRES_EPOCH_US),
      int64(row.position),
      text(row.node),
      text(row.epoch),
      int64(BigInt(row.seq)),
      text(row.type),
      row.occurredAt === null ? NULL : int64(microsOfInstant(row.occurredAt) - POSTGRES_EPOCH_US),
      text(row.sessionId),
      text(row.identityId),
      text(row.identityKind),
      text(row.connection),
      text(row.outcome),
      length(row.body.length),
      row.body,
    );
  }
  parts.push(TRAILER);
  return Buffer.concat(parts);
}

const NULL = Buffer.from([0xff, 0xff, 0xff, 0xff]);

function length(bytes: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeInt32BE(bytes);
  return out;
}

function int64(value: bigint): Buffer {
  const out = Buffer.allocUnsafe(12);
  out.writeInt32BE(8);
  out.writeBigInt64BE(value, 4);
  return out;
}

function text(value: string | null): Buffer {
  if (value === null) return NULL;
  const bytes = Buffer.byteLength(value);
  const out = Buffer.allocUnsafe(4 + bytes);
  out.writeInt32BE(bytes);
  out.write(value, 4);
  return out;
}
