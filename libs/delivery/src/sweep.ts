import type { Queryable } from '#record';
import type { Duty } from './duty.js';

const LOOK_MS = 1_000;

/** What waits in the ledger of a destination, when a person asked for a sweep. */
export interface Swept {
  destination: string;
  /** Should be under way: due, or in the hands of a forwarder that vanished. */
  due: number;
  /** Wait for a time that has not come: after a refusal. */
  later: number;
  /** Wait until the destination takes our key again. */
  paused: number;
}

/**
 * Asks the forwarders of a destination (or of all) to make wake-ups for everything that is due, whatever the queue in Redis holds. They
 * do so every few seconds by themselves; nothing is brought forward, and nothing is sent that would not be sent anyway.
 */
export async function askForSweep(db: Queryable, destination?: string): Promise<Swept[]> {
  const { rows } = await db.query<Swept>(
    `WITH asked AS (
       UPDATE delivery_destination SET sweep_at = clock_timestamp() WHERE $1::text IS NULL OR destination = $1 RETURNING destination)
     SELECT a.destination,
            (count(*) FILTER (WHERE (b.state = 'due' AND b.due_at <= clock_timestamp())
                                 OR (b.state = 'sending' AND b.lease_until < clock_timestamp())))::int AS due,
            (count(*) FILTER (WHERE b.state = 'due' AND b.due_at > clock_timestamp()))::int AS later,
            (count(*) FILTER (WHERE b.state = 'paused'))::int AS paused
       FROM asked a LEFT JOIN delivery_batch b ON b.destination = a.destination AND b.state IN ('due', 'sending', 'paused', 'doubt')
      GROUP BY a.destination ORDER BY a.destination`,
    [destination ?? null],
  );
  return rows;
}

/** Lets the lanes look when a person asked for it. */
export function sweepDuty(): Duty {
  let seen: string | undefined;
  return {
    name: 'looking for a sweep that was asked for',
    async run({ pool, destination, lookEverywhere }) {
      const { rows } = await pool.query<{ at: string }>(
        `SELECT coalesce(sweep_at::text, '') AS at FROM delivery_destination WHERE destination = $1`,
        [destination.name],
      );
      const at = rows[0]?.at ?? '';
      if (seen !== undefined && seen !== at) lookEverywhere();
      seen = at;
      return LOOK_MS;
    },
  };
}
