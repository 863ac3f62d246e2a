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
