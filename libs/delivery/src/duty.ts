import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Destination } from './destination.js';
import type { DeliveryObserver } from './observer.js';
import type { Selections } from './selection.js';

/** What a duty works with. */
export interface DutyContext {
  pool: pg.Pool;
  destination: Destination;
  selections: Selections;
  observer: DeliveryObserver;
  /** Batches or ranges were made due: the lanes look at once. */
  lookEverywhere: () => void;
  /** Aborted when the process stops. */
  stop: AbortSignal;
}

/**
 * Something that a forwarder does for its destination beside delivering: plan a replay, look what became of doubtful batches.
 * Every forwarder of the destination has it, so it takes its work out of the ledger under a lock.
 */
export interface Duty {
  readonly name: string;
  /** Does what is due. @returns milliseconds until it is to be asked again */
  run(context: DutyContext): Promise<number>;
}

/**
 * A turn that nobody ended, since its process died, is over then. A step that takes longer may meet another one: that costs requests, no more, since whatever it decides names what it was decided from.
 */
const LONGEST_TURN_MS = 45_000;

/**
 * Does a step of a duty if it is its turn: of all forwarders of a destination one at a time, and not before the time that the last step
 * asked for.
 * @param step @returns milliseconds until the next one
 * @returns milliseconds until it is worth asking again
 */
export async function inTurn(
  { pool, destination }: Pick<DutyContext, 'pool' | 'destination'>,
  duty: string,
  step: () => Promise<number>,
): Promise<number> {
  const { rows } = await pool.query(
    `INSERT INTO duty_turn (destination, duty, next_at) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
       ON CONFLICT (destination, duty) DO UPDATE SET next_at = excluded.next_at
       WHERE duty_turn.next_at <= clock_timestamp() RETURNING 1`,
    [destination.name, duty, LONGEST_TURN_MS],
  );
  if (rows.length === 0) return LOOK_AGAIN_MS;
  let restMs = AGAIN_AFTER_FAILURE_MS;
  try {
    restMs = await step();
  } finally {
    await pool.query(
      `UPDATE duty_turn SET next_at = clock_timestamp() + $3 * interval '1 millisecond' WHERE destination = $1 AND duty = $2`,
      [destination.name, duty, Math.ceil(restMs)],
    );
  }
  return Math.min(restMs, LOOK_AGAIN_MS);
}

/** A duty asks no less often whether it is its turn. */
const LOOK_AGAIN_MS = 1_000;
const AGAIN_AFTER_FAILURE_MS = 5_000;

/** Asks a duty again and again until the process stops. Resolves then. */
export async function perform(duty: Duty, context: DutyContext): Promise<void> {
  const { observer, stop } = context;
  while (!stop.aborted) {
    let restMs = AGAIN_AFTER_FAILURE_MS;
    try {
      restMs = await duty.run(context);
    } catch (error) {
      if (!stop.aborted) observer.trouble(`${duty.name} failed`, error);
    }
    await sleep(restMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
