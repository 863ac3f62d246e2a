import type { EventType } from '#events';
import { instantSql } from './head.js';
import type { Queryable } from './pool.js';
import { positionRecordedAt } from './position-at.js';
import { RECORDED_EVENT_COLUMNS, type RecordedEvent } from './read-events.js';

/** Which events a page holds; what is left out does not restrict. */
export interface EventFilter {
  types?: readonly (EventType | 'quarantined')[];
  session?: string;
  identity?: string;
  /** Of the identity: agent, human, service. */
  kind?: string;
  connection?: string;
  /** On any of these. */
  connections?: readonly string[];
  outcome?: string;
  /** Leaves out second copies of external events. */
  originalsOnly?: boolean;
}

export interface EventPageRange {
  /** First position that may be in the page. */
  from: bigint;
  /** Exclusive. */
  until: bigint;
  limit: number;
  /** The page ends before the event that would exceed it, but holds at least one. Bodies may be 8 MiB each. */
  maxBytes: number;
  /** Counts down from `until` instead of up from `from`. */
  newestFirst?: boolean;
}

export interface EventPage {
  events: RecordedEvent[];
  /** What is still unread of the range; empty (`from` = `until`) at its end. */
  rest: { from: bigint; until: bigint };
}

/**
 * No index leads to a type, a kind or an outcome. A page looks through so many positions for them and then says where to go on, instead
 * of searching a large log for what may be nowhere. Beside an identity or a connection, whose index is walked, it looks further.
 */
const POSITIONS_LOOKED_THROUGH = 100_000n;
const POSITIONS_WALKED_THROUGH = 2_000_000n;

/** One page of the log in position order. What a purge removed is left out. */
export async function readEventPage(
  db: Queryable,
  range: EventPageRange,
  filter: EventFilter = {},
): Promise<EventPage> {
  const { limit, maxBytes, newestFirst = false } = range;
  let { from, until } = range;
  if (limit < 1 || until <= from) return { events: [], rest: { from: until, until } };
  const most = positionsLookedThrough(filter);
  if (most !== undefined && until - from > most) {
    if (newestFirst) from = until - most;
    else until = from + most;
  }

  const values: unknown[] = [from, until, limit, maxBytes];
  const conditions = ['position >= $1', 'position < $2'];
  // recorded_at rises with position, so that a look-up in `run` spares the partitions of other times.
  const edge = await recordedAtOf(db, newestFirst ? until - 1n : from);
  if (edge !== undefined) conditions.push(`recorded_at ${newestFirst ? '<=' : '>='} $${values.push(edge)}`);
  conditions.push(...filterConditions(filter, values));
  const order = `ORDER BY position ${newestFirst ? 'DESC' : ''}`;
  // The length of a body is known without fetching it from its side table; only what fits into the page is fetched.
  const { rows } = await db.query<RecordedEvent & { found: number }>(
    `SELECT ${RECORDED_EVENT_COLUMNS}, found FROM (
       SELECT *, sum(octet_length(body)) OVER (${order}) - octet_length(body) AS bytes_before,
              (count(*) OVER ())::float8 AS found
         FROM (SELECT * FROM event WHERE ${conditions.join(' AND ')} ${order} LIMIT $3) AS page
     ) AS measured WHERE bytes_before = 0 OR bytes_before + octet_length(body) <= $4 ${order}`,
    values,
  );
  const last = rows.at(-1);
  const found = rows[0]?.found ?? 0;
  const events = rows.map(({ found: _, ...event }) => event);
  const readAll = last === undefined || (found < limit && rows.length === found);
  if (newestFirst) return { events, rest: { from: range.from, until: readAll ? from : last.position } };
  return { events, rest: { from: readAll ? until : last.position + 1n, until: range.until } };
}

/** The filter as conditions on `event`, whose parameters are added to the values. */
export function filterConditions(filter: EventFilter, values: unknown[]): string[] {
  const conditions: string[] = [];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add((p) => `type = ANY(${p})`, filter.types);
  add((p) => `session_id = ${p}`, filter.session);
  add((p) => `identity_id = ${p}`, filter.identity);
  add((p) => `identity_kind = ${p}`, filter.kind);
  add((p) => `connection = ${p}`, filter.connection);
  add((p) => `connection = ANY(${p})`, filter.connections);
  add((p) => `outcome = ${p}`, filter.outcome);
  if (filter.originalsOnly) conditions.push('duplicate_of IS NULL');
  return conditions;
}

/** Undefined: the whole range, since an index leads to what is wanted or everything is. */
function positionsLookedThrough(filter: EventFilter): bigint | undefined {
  const { session, identity, connection, types, kind, outcome, connections } = filter;
  if (session !== undefined) return undefined;
  if (types === undefined && kind === undefined && outcome === undefined && connections === undefined) return undefined;
  return identity === undefined && connection === undefined ? POSITIONS_LOOKED_THROUGH : POSITIONS_WALKED_THROUGH;
}

/**
 * The positions of a range that were recorded in a time. Exact, since recorded_at rises with position and is that of a whole run.
 * @param time.from instant; recorded at or after
 * @param time.to recorded before
 */
export async function narrowToRecorded(
  db: Queryable,
  range: { from: bigint; until: bigint },
  time: { from?: string | undefined; to?: string | undefined },
): Promise<{ from: bigint; until: bigint }> {
  const [first, end] = await Promise.all([
    time.from === undefined ? range.from : positionRecordedAt(db, time.from),
    time.to === undefined ? range.until : positionRecordedAt(db, time.to),
  ]);
  const from = first > range.from ? first : range.from;
  const until = end < range.until ? end : range.until;
  return until > from ? { from, until } : { from, until: from };
}

/** When the event at this position was recorded, or the nearest one before it, or else after it. */
async function recordedAtOf(db: Queryable, position: bigint): Promise<string | undefined> {
  const { rows } = await db.query<{ at: string | null }>(
    `SELECT ${instantSql(`coalesce(
       (SELECT recorded_at FROM run WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1),
       (SELECT recorded_at FROM run WHERE first_position > $1 ORDER BY first_position LIMIT 1))`)} AS at`,
    [position],
  );
  return rows[0]?.at ?? undefined;
}
