import { instantSql, type Queryable } from '#record';
import type { Lane } from './destination.js';
import type { DestinationState } from './ledger.js';

/** States of a batch that is not settled yet. */
export const OPEN_STATES = ['due', 'sending', 'paused', 'doubt'] as const;

/** How far one lane of one destination is. */
export interface LaneStatus {
  destination: string;
  lane: Lane;
  /** Of the destination: `failing` sends probes only, `paused` waits for a key. */
  state: DestinationState;
  /** Why it is not delivering, or the last failure. */
  reason: string | null;
  /** Since when it is in that state. RFC 3339, UTC. */
  since: string;
  /** Positions below are in batches. For lanes with several ranges, that of the oldest one that is not finished. */
  cursor: bigint;
  /** Size of the log. */
  head: bigint;
  /** Positions that the destination does not have yet, by its own word: not in a batch, or in one that is not accepted. */
  lagPositions: bigint;
  /** When the oldest of them was recorded. RFC 3339, UTC, microseconds; null where there is none. */
  oldestUndeliveredAt: string | null;
  due: number;
  sending: number;
  paused: number;
  /** Batches whose answer was lost; they wait until somebody looked whether they are stored. */
  doubt: number;
  /** Events that this destination refuses for good, over all its lanes. */
  deadLetters: number;
}

/** Status of every lane that has something to do, and of every live lane. Reads only; one statement. */
export async function deliveryStatus(db: Queryable): Promise<LaneStatus[]> {
  const { rows } = await db.query<LaneStatus>(
    `WITH head AS (SELECT size FROM log_head),
     ranges AS (
       SELECT destination, lane, min(next_pos) AS cursor,
              sum(greatest(least(coalesce(to_pos, size), size) - next_pos, 0))::bigint AS uncut,
              min(next_pos) FILTER (WHERE next_pos < least(coalesce(to_pos, size), size)) AS oldest
         FROM delivery_range, head WHERE to_pos IS NULL OR next_pos < to_pos GROUP BY destination, lane),
     batches AS (
       SELECT destination, lane, min(from_pos) AS oldest, sum(count)::bigint AS events,
              (count(*) FILTER (WHERE state = 'due'))::int AS due, (count(*) FILTER (WHERE state = 'sending'))::int AS sending,
              (count(*) FILTER (WHERE state = 'paused'))::int AS paused, (count(*) FILTER (WHERE state = 'doubt'))::int AS doubt
         FROM delivery_batch WHERE state IN ('due', 'sending', 'paused', 'doubt') GROUP BY destination, lane),
     dead AS (SELECT destination, count(*)::int AS letters FROM dead_letter WHERE state = 'open' GROUP BY destination),
     lanes AS (
       SELECT destination, lane, r.cursor, coalesce(r.uncut, 0) + coalesce(b.events, 0) AS lag, least(r.oldest, b.oldest) AS oldest,
              coalesce(b.due, 0) AS due, coalesce(b.sending, 0) AS sending, coalesce(b.paused, 0) AS paused,
              coalesce(b.doubt, 0) AS doubt
         FROM ranges r FULL JOIN batches b USING (destination, lane))
     SELECT l.destination, l.lane, d.state, d.reason, ${instantSql('d.since')} AS since, coalesce(l.cursor, head.size) AS cursor,
            head.size AS head, l.lag AS "lagPositions",
            (SELECT ${instantSql('recorded_at')} FROM run WHERE first_position <= l.oldest ORDER BY first_position DESC LIMIT 1)
              AS "oldestUndeliveredAt",
            l.due, l.sending, l.paused, l.doubt, coalesce(dead.letters, 0) AS "deadLetters"
       FROM lanes l JOIN delivery_destination d USING (destination) LEFT JOIN dead USING (destination) CROSS JOIN head
      ORDER BY l.destination, l.lane = 'live' DESC, l.lane`,
  );
  return rows;
}
