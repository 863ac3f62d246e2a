import type pg from 'pg';
import { type EventData, instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox } from './outbox.js';
import { inTransaction } from './pool.js';

/** Somebody who was not let in, or not so far. */
export interface RefusedAttempt {
  address: string;
  /** Of the refusal. */
  code: string;
  /** Method and route. */
  what: string;
  /** As the record names the key, where one was used or meant. */
  key?: string;
}

/** Attempts alike within this time of the first are one sum. */
export const REFUSED_SUM_MS = 60_000;

/** Sums that may be open at once. Beyond them attempts are summed by their code alone. */
const OPEN_SUMS = 50;
const OTHERS = 'others';

interface Sum {
  attempt: RefusedAttempt;
  firstMs: number;
  /** Beyond the first, which is on the record already. */
  more: number;
}

/**
 * Puts refused attempts on the record, bounded: the first of an address, code and key at once, what follows within a minute as one sum
 * after it. However many come, they are some hundred events a minute. A crash loses a sum that is still open, never a first.
 */
export class RefusedAttempts {
  private readonly sums = new Map<string, Sum>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pool: pg.Pool,
    private readonly onTrouble: (error: unknown) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Resolves once the attempt is on the record or counted. @throws whatever Postgres says of a first one */
  async note(given: RefusedAttempt): Promise<void> {
    const attempt = this.placeOf(given);
    const name = nameOf(attempt);
    const open = this.sums.get(name);
    if (open && open.firstMs + REFUSED_SUM_MS > this.now()) {
      open.more += 1;
      return;
    }
    if (open) await this.settle();
    const sum = { attempt, firstMs: this.now(), more: 0 };
    this.sums.set(name, sum);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.settle().catch(this.onTrouble);
    }, REFUSED_SUM_MS).unref();
    try {
      await this.write({ ...attempt, count: 1 });
    } catch (error) {
      this.sums.delete(name);
      throw error;
    }
  }

  /** Records the sums that are due, or all. What cannot be written stays for the next time. */
  async settle(options: { all?: boolean } = {}): Promise<void> {
    for (const [name, sum] of this.sums) {
      if (!options.all && sum.firstMs + REFUSED_SUM_MS > this.now()) continue;
      this.sums.delete(name);
      if (sum.more === 0) continue;
      try {
        await this.write({ ...sum.attempt, count: sum.more, since: instantOfMillis(sum.firstMs) });
      } catch (error) {
        this.sums.set(name, sum);
        throw error;
      }
    }
    if (this.sums.size === 0 || options.all) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.settle().catch(this.onTrouble);
    }, REFUSED_SUM_MS).unref();
  }

  /** Records what is still counted; nothing may be noted after it. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.settle({ all: true });
  }

  private placeOf(attempt: RefusedAttempt): RefusedAttempt {
    if (this.sums.size < OPEN_SUMS || this.sums.has(nameOf(attempt))) return attempt;
    return { address: OTHERS, code: attempt.code, what: OTHERS };
  }

  private write(data: EventData<'access.refused'>): Promise<void> {
    return inTransaction(this.pool, (client) =>
      enqueueOutbox(client, {
        type: 'access.refused',
        time: instantOfMillis(this.now()),
        class: SYSTEM_CLASS,
        data,
      }),
    );
  }
}

function nameOf({ address, code, key = '' }: RefusedAttempt): string {
  return `${address} ${code} ${key}`;
}
