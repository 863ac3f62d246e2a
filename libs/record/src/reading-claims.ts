import type { Queryable } from './pool.js';

const LAST_POSITION = 9_223_372_036_854_775_807n;

/** Whoever reads many positions in many statements, and must find all of them. */
export interface ReadingClaim {
  /** Unique among all that read at the same time. */
  id: string;
  /** For people: what a purge waits for. */
  what: string;
  from?: bigint;
  /** Exclusive; default: whatever there will be. */
  until?: bigint;
  /** For how long it holds unless it is renewed: what a crash leaves behind ends by itself. */
  validMs: number;
}

/** Keeps purges away from these positions; calling it again renews it. */
export async function claimReading(db: Queryable, claim: ReadingClaim): Promise<void> {
  const { id, what, from = 0n, until = LAST_POSITION, validMs } = claim;
  await db.query(
    `INSERT INTO reading_claim (id, what, from_pos, to_pos, until_at)
     VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')
     ON CONFLICT (id) DO UPDATE SET from_pos = excluded.from_pos, to_pos = excluded.to_pos, until_at = excluded.until_at`,
    [id, what, from, until, validMs],
  );
}

/** Lets purges go on. */
export async function endReading(db: Queryable, id: string): Promise<void> {
  await db.query('DELETE FROM reading_claim WHERE id = $1', [id]);
}
