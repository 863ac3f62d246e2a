import type pg from 'pg';
import { instantSql, inTransaction, type Queryable } from '#record';
import { printable } from './answer.js';
import type { Look } from './read-back.js';

// The budget in brief: a bucket of tokens in the ledger, one for each request, whoever makes it. It holds `burst` and fills with
// `perHour - burst` an hour, so that no hour sees more than `perHour`. Less urgent askers leave the rest of the bucket alone. What
// the destination says of its own limit is written down there, too, and obeyed by all.

export interface ReadBackBudget {
  /** Requests in any one hour, over all processes. Datadog once documented 300 an hour and organisation; now it says it in its headers. */
  perHour: number;
  /** Of them, those that may be made at once after a rest. */
  burst: number;
}

export const READ_BACK_BUDGET: ReadBackBudget = { perHour: 300, burst: 60 };

/** Who asks, and which part of the bucket is not its own. Doubt before reconciliation before passing looks. */
export const RESERVED = { doubt: 0, reconciliation: 1 / 4, passing: 2 / 3 } as const;
export type Asker = keyof typeof RESERVED;

/** Longest time that one request may take. */
const REQUEST_TIMEOUT_MS = 30_000;
const WAIT_AFTER_FAILURE_MS = 15_000;
const WAIT_AFTER_REFUSAL_MS = 60_000;
/** A wrong header must not stop read-back for a day. */
const LONGEST_WAIT_MS = 3_600_000;

/** Whether a destination can be read back, and what hinders it. */
export interface ReadBackState {
  destination: string;
  /** `refused`: the keys, or their rights; `failing`: it does not answer. */
  state: 'works' | 'refused' | 'failing';
  reason: string | null;
  since: string;
  /** Whether a forwarder that can read it back was there within the last two minutes. */
  isServed: boolean;
}

/** States of all destinations that were ever read back. */
export async function readBackStates(db: Queryable): Promise<ReadBackState[]> {
  const { rows } = await db.query<ReadBackState>(
    `SELECT destination, state, reason, ${instantSql('since')} AS since,
            announced_at > clock_timestamp() - interval '2 minutes' AS "isServed" FROM read_back ORDER BY destination`,
  );
  return rows;
}

/** Says that a forwarder can read this destination back. */
export async function announceReadBack(db: Queryable, destination: string, { burst }: ReadBackBudget): Promise<void> {
  await db.query(
    `INSERT INTO read_back (destination, tokens) VALUES ($1, $2)
       ON CONFLICT (destination) DO UPDATE SET announced_at = clock_timestamp()`,
    [destination, burst],
  );
}

/** Makes requests for read-back, as far as the budget goes. */
export class BudgetedLooks {
  constructor(
    private readonly pool: pg.Pool,
    private readonly destination: string,
    private readonly asker: Asker,
    private readonly budget: ReadBackBudget,
    private readonly stop: AbortSignal,
  ) {}

  /**
   * One request, if the budget has one for this asker and the destination takes requests now. What its answer says about further
   * ones is in the ledger when it resolves.
   */
  async ask<T>(request: (signal: AbortSignal) => Promise<Look<T>>): Promise<Look<T>> {
    const waitMs = await this.spend();
    if (waitMs > 0) return { kind: 'later', reason: 'no request is free now', waitMs, isLimit: true };
    const look = await request(AbortSignal.any([this.stop, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]));
    // A request that we cut off ourselves says nothing about the destination.
    if (!this.stop.aborted) await this.learn(look);
    return look;
  }

  /** Takes a token. @returns milliseconds until there may be one; 0: taken */
  private async spend(): Promise<number> {
    const { perHour, burst } = this.budget;
    const perMs = (perHour - burst) / 3_600_000;
    const least = Math.floor(burst * RESERVED[this.asker]) + 1;
    return inTransaction(this.pool, async (client) => {
      await announceReadBack(client, this.destination, this.budget);
      const { rows } = await client.query<{ tokens: number; closed: number }>(
        `SELECT least($2::float8, tokens + extract(epoch FROM clock_timestamp() - tokens_at)::float8 * 1000 * $3::float8) AS tokens,
                (extract(epoch FROM open_at - clock_timestamp()) * 1000)::float8 AS closed
           FROM read_back WHERE destination = $1 FOR UPDATE`,
        [this.destination, burst, perMs],
      );
      const { tokens, closed } = rows[0] ?? { tokens: 0, closed: 0 };
      if (closed > 0) return Math.ceil(closed);
      if (tokens < least) return Math.ceil((least - tokens) / perMs);
      await client.query('UPDATE read_back SET tokens = $2, tokens_at = clock_timestamp() WHERE destination = $1', [
        this.destination,
        tokens - 1,
      ]);
      return 0;
    });
  }

  private async learn(look: Look<unknown>): Promise<void> {
    const state = look.kind === 'refused' ? 'refused' : look.kind === 'later' && !look.isLimit ? 'failing' : 'works';
    const usedUp = look.left && look.left.requests <= 0 ? look.left.resetMs : 0;
    const waitMs =
      look.kind === 'refused'
        ? WAIT_AFTER_REFUSAL_MS
        : look.kind === 'later'
          ? Math.max(look.waitMs ?? WAIT_AFTER_FAILURE_MS, usedUp)
          : usedUp;
    await this.pool.query(
      `UPDATE read_back SET state = $2, reason = $3, since = CASE WHEN state = $2 THEN since ELSE clock_timestamp() END,
              tokens = least(tokens, coalesce($4::float8, tokens)),
              open_at = greatest(open_at, clock_timestamp() + $5 * interval '1 millisecond')
        WHERE destination = $1`,
      [
        this.destination,
        state,
        'reason' in look ? printable(look.reason) : null,
        look.left?.requests ?? null,
        Math.min(waitMs, LONGEST_WAIT_MS),
      ],
    );
  }
}
