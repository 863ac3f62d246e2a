import type { Epoch, EventType, NodeName } from '#events';
import { instantSql } from './head.js';
import type { Queryable } from './pool.js';

/** A row of the log. Everything but `position` and `duplicateOf` is a function of leaf data and `body`. */
export interface RecordedEvent {
  position: bigint;
  /** RFC 3339, UTC, microseconds. */
  recordedAt: string;
  /** Retention class in force. */
  class: string;
  node: NodeName;
  epoch: Epoch;
  seq: number;
  type: EventType | 'quarantined';
  occurredAt: string | null;
  sessionId: string | null;
  identityId: string | null;
  identityKind: string | null;
  connection: string | null;
  outcome: string | null;
  duplicateOf: bigint | null;
  /** Canonical bytes, exactly as signed. */
  body: Buffer;
}

export interface EventRange {
  /** Exclusive; -1n reads from the start. */
  after: bigint;
  /** Exclusive; default: to the head. */
  until?: bigint;
  /** Most events to return. */
  limit: number;
  /** Bytes of bodies after which nothing more is read; the first event comes whatever its size. Default: no bound. */
  bytes?: number;
}

/** Columns of `event` under the names of {@link RecordedEvent}'s members; for other reads that return the same. */
export const RECORDED_EVENT_COLUMNS = `position, ${instantSql('recorded_at')} AS "recordedAt", class, node, epoch, seq::float8 AS seq, type,
  ${instantSql('occurred_at')} AS "occurredAt", session_id AS "sessionId", identity_id AS "identityId",
  identity_kind AS "identityKind", connection, outcome, duplicate_of AS "duplicateOf", body`;

export const LAST_POSITION = 9_223_372_036_854_775_807n;

/**
 * Events in position order. Fewer than `limit` does not mean the end: what a purge removed is left out (see `run` for
 * what stood there), so go on from the head's size, not from a short answer.
 */
export async function readEvents(db: Queryable, range: EventRange): Promise<RecordedEvent[]> {
  const until = range.until ?? LAST_POSITION;
  if (range.limit < 1 || until <= range.after + 1n) return [];
  const fromAt = await fromInstant(db, range.after + 1n);
  if (!fromAt) return [];
  const values = [range.after, until, fromAt, range.limit];
  const wanted = 'FROM event WHERE position > $1 AND position < $2 AND recorded_at >= $3 ORDER BY position LIMIT $4';
  if (range.bytes === undefined) {
    return (await db.query<RecordedEvent>(`SELECT ${RECORDED_EVENT_COLUMNS} ${wanted}`, values)).rows;
  }
  // The sizes are summed over the bodies' headers: what lies beyond the bound is never fetched or decompressed.
  const { rows } = await db.query<RecordedEvent>(
    `SELECT ${RECORDED_EVENT_COLUMNS} FROM (
       SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) AS bytes_before ${wanted}
     ) AS sized WHERE bytes_before < $5 ORDER BY position`,
    [...values, range.bytes],
  );
  return rows;
}

/**
 * An instant before which nothing from this position on was recorded; undefined where there is nothing. recorded_at rises with
 * position: two look-ups in `run` bound the time, so that only the partitions of that time are read.
 */
export async function fromInstant(db: Queryable, position: bigint): Promise<string | undefined> {
  const { rows } = await db.query<{ from_at: string | null }>(
    `SELECT ${instantSql('min(recorded_at)')} AS from_at FROM (
       (SELECT recorded_at FROM run WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1)
       UNION ALL (SELECT recorded_at FROM run WHERE first_position > $1 ORDER BY first_position LIMIT 1)
     ) AS nearest`,
    [position],
  );
  return rows[0]?.from_at ?? undefined;
}
