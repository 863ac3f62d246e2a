import { instantSql, type Queryable } from '#record';
import type { Lane } from './destination.js';
import type { DestinationState } from './ledger.js';
import { deliveryStatus } from './status.js';

/** A destination as an operator looks at it: what it takes, and each lane. */
export interface DestinationOverview {
  destination: string;
  kind: string;
  state: DestinationState;
  /** Why it is not delivering, or the last failure. */
  reason: string | null;
  since: string;
  /** Paused by a person, in the configuration. */
  isHeld: boolean;
  /** When a forwarder last said that it has this destination. */
  announcedAt: string;
  /** Nothing is sent before: the next probe, or what the destination asked for; null where nothing is in the way. */
  opensAt: string | null;
  deadLetters: number;
  lanes: LaneOverview[];
}

export interface LaneOverview {
  lane: Lane;
  /** Positions below are in batches. */
  position: bigint;
  /** Positions that the destination does not have yet, by its own word. */
  behind: bigint;
  /** When the oldest of them was recorded. */
  oldestUndeliveredAt: string | null;
  /** Batches by state. */
  due: number;
  sending: number;
  paused: number;
  doubt: number;
  /** Events of the last minute that were accepted, a second; of the newest few thousand batches. */
  eventsPerSecond: number;
  /** What is sent next, and why not at once; null where nothing waits. */
  next: NextBatch | null;
}

export interface NextBatch {
  batch: bigint;
  /** Of the attempt that comes. */
  attempt: number;
  dueAt: string;
  /** The answer that made it wait; null: it was never tried. */
  why: string | null;
}

type OfLane<T> = T & { destination: string; lane: Lane };

/** Batches that the rate of a lane is taken from. */
const NEWEST = 5_000;

/** Every destination in the ledger, with its live lane and whatever other lane has something to do. */
export async function deliveryOverview(db: Queryable): Promise<DestinationOverview[]> {
  const { rows: destinations } = await db.query<Omit<DestinationOverview, 'lanes' | 'deadLetters'>>(
    `SELECT destination, kind, state, reason, ${instantSql('since')} AS since, is_held AS "isHeld",
            ${instantSql('announced_at')} AS "announcedAt",
            CASE WHEN open_at > clock_timestamp() THEN ${instantSql('open_at')} END AS "opensAt"
       FROM delivery_destination ORDER BY destination`,
  );
  const status = await deliveryStatus(db);
  const { rows: waiting } = await db.query<OfLane<NextBatch>>(
    `SELECT DISTINCT ON (destination, lane) destination, lane, id AS batch, attempt + 1 AS attempt, ${instantSql('due_at')} AS "dueAt",
            coalesce(answer->>'reason', answer->>'kind') AS why
       FROM delivery_batch WHERE state IN ('due', 'paused') ORDER BY destination, lane, due_at, id`,
  );
  const { rows: rates } = await db.query<OfLane<{ rate: number }>>(
    `SELECT destination, lane, sum(count - purged)::float8 / 60 AS rate
       FROM (SELECT * FROM delivery_batch ORDER BY id DESC LIMIT $1) AS newest
      WHERE settled_at > clock_timestamp() - interval '1 minute' AND state IN ('accepted', 'observed')
      GROUP BY destination, lane`,
    [NEWEST],
  );
  const of = <T>(rows: OfLane<T>[], destination: string, lane: Lane) =>
    rows.find((row) => row.destination === destination && row.lane === lane);
  return destinations.map((one) => {
    const lanes = status.filter((row) => row.destination === one.destination);
    return {
      ...one,
      deadLetters: lanes[0]?.deadLetters ?? 0,
      lanes: lanes.map(({ lane, cursor, lagPositions, oldestUndeliveredAt, due, sending, paused, doubt }) => {
        const next = of(waiting, one.destination, lane);
        return {
          lane,
          position: cursor,
          behind: lagPositions,
          oldestUndeliveredAt,
          due,
          sending,
          paused,
          doubt,
          eventsPerSecond: Math.round((of(rates, one.destination, lane)?.rate ?? 0) * 10) / 10,
          next: next ? { batch: next.batch, attempt: next.attempt, dueAt: next.dueAt, why: next.why } : null,
        };
      }),
    };
  });
}

/** A forwarder says twice a minute that it has a destination. */
const SILENT_MS = 90_000;

/** Why a destination gets nothing now, in words; null where nothing is in the way. */
export async function destinationHindrance(db: Queryable, destination: string): Promise<string | null> {
  const { rows } = await db.query<{
    state: DestinationState;
    reason: string | null;
    is_held: boolean;
    announced_at: string;
    silent: number;
  }>(
    `SELECT state, reason, is_held, ${instantSql('announced_at')} AS announced_at,
            (extract(epoch FROM clock_timestamp() - announced_at) * 1000)::float8 AS silent
       FROM delivery_destination WHERE destination = $1`,
    [destination],
  );
  const [found] = rows;
  if (!found) return `the ledger knows no destination ${destination}`;
  if (found.silent > SILENT_MS) {
    return `no forwarder delivers to ${destination}: the last one that had it was heard at ${found.announced_at}`;
  }
  if (found.is_held) return `${destination} is paused in affidavit.yaml`;
  return found.state === 'delivering' ? null : `${destination} is ${found.state}: ${found.reason ?? 'no reason given'}`;
}
