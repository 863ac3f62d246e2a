import { instantSql, type Queryable } from '#record';
import type { KeptAnswer } from './answer.js';
import type { Lane } from './destination.js';
import type { BatchState, KeptAttempt } from './ledger.js';

/** One request to a destination: what it holds, and all that became of it. */
export interface BatchView {
  id: bigint;
  destination: string;
  lane: Lane;
  /** The replay or backfill that it belongs to. */
  plan: string | null;
  /** The batch it is a part of, which was split. */
  parent: bigint | null;
  from: bigint;
  /** Exclusive. */
  to: bigint;
  count: number;
  bytes: number;
  state: BatchState;
  attempt: number;
  /** Attempts that may have been stored without our knowing. */
  uncertain: number;
  late: number;
  purged: number;
  mappingVersion: number;
  filterVersion: number;
  createdAt: string;
  dueAt: string;
  leaseUntil: string | null;
  settledAt: string | null;
  /** Of the last attempt. */
  answer: KeptAnswer | null;
  attempts: KeptAttempt[];
}

export interface BatchFilter {
  destination?: string;
  lane?: Lane;
  state?: BatchState;
  plan?: string;
  /** Holds this position. */
  position?: bigint;
  /** Older than this batch. */
  before?: bigint;
  limit: number;
}

export interface BatchPage {
  batches: BatchView[];
  /** `before` of the next page; null at the end. A page may be empty although more follows. */
  next: bigint | null;
}

/** No index leads to a state alone: a page looks through so many batches and then says where to go on. */
const LOOKED_THROUGH = 100_000n;

/** The newest first. */
export async function listBatches(db: Queryable, filter: BatchFilter): Promise<BatchPage> {
  const { rows: newest } = await db.query<{ id: bigint | null }>(
    'SELECT max(id) AS id FROM delivery_batch WHERE $1::bigint IS NULL OR id < $1',
    [filter.before ?? null],
  );
  const last = newest[0]?.id;
  if (last === null || last === undefined) return { batches: [], next: null };
  const isIndexed = filter.plan !== undefined || filter.position !== undefined;
  const first = isIndexed || last < LOOKED_THROUGH ? 0n : last - LOOKED_THROUGH + 1n;
  const values: unknown[] = [first, last, filter.limit];
  const conditions = ['b.id >= $1', 'b.id <= $2'];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add((p) => `b.destination = ${p}`, filter.destination);
  add((p) => `b.lane = ${p}`, filter.lane);
  add((p) => `b.state = ${p}`, filter.state);
  add((p) => `r.plan = ${p}`, filter.plan);
  add((p) => `int8range(b.from_pos, b.to_pos) @> ${p}::bigint`, filter.position);
  const { rows } = await db.query<BatchView>(
    `SELECT b.id, b.destination, b.lane, r.plan, b.parent, b.from_pos AS from, b.to_pos AS to, b.count, b.bytes, b.state, b.attempt,
            b.uncertain, b.late, b.purged, b.mapping_version AS "mappingVersion", b.filter_version AS "filterVersion",
            ${instantSql('b.created_at')} AS "createdAt", ${instantSql('b.due_at')} AS "dueAt",
            ${instantSql('b.lease_until')} AS "leaseUntil", ${instantSql('b.settled_at')} AS "settledAt", b.answer, b.attempts
       FROM delivery_batch b JOIN delivery_range r ON r.id = b.range
      WHERE ${conditions.join(' AND ')} ORDER BY b.id DESC LIMIT $3`,
    values,
  );
  const oldest = rows.length === filter.limit ? rows.at(-1)?.id : undefined;
  return { batches: rows, next: oldest ?? (first > 0n ? first : null) };
}
