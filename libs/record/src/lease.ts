import type { Queryable } from './pool.js';

// The lease in brief: one row (log_head) names the active recorder and until when, by Postgres' clock. It only spares work:
// that two recorders which both believe to be active do no harm is the business of the head's compare-and-set.

/**
 * Takes or renews the lease.
 * @param holder this tenure's own random name
 * @returns false while another holds it
 */
export async function takeLease(db: Queryable, holder: string, leaseMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE log_head SET lease_holder = $1, lease_until = clock_timestamp() + $2 * interval '1 millisecond'
      WHERE lease_holder IS NULL OR lease_holder = $1 OR lease_until < clock_timestamp()`,
    [holder, leaseMs],
  );
  return rowCount === 1;
}

/** Lets the next recorder begin at once. Nothing happens where another holds the lease. */
export async function releaseLease(db: Queryable, holder: string): Promise<void> {
  await db.query('UPDATE log_head SET lease_holder = NULL, lease_until = NULL WHERE lease_holder = $1', [holder]);
}
