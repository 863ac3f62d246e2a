import { keepLook, observeWhole, READ_BACK_POLICY, type ReadBackPolicy } from './doubt.js';
import { type Duty, type DutyContext, inTurn } from './duty.js';
import { countBatches, isWhole, SOUGHT_COLUMNS, type Sought } from './looks.js';
import { BudgetedLooks } from './read-back-budget.js';

/** What a look in passing did not get to within this time is left to reconciliation. */
const WITHIN = '24 hours';

/**
 * Looks in passing whether accepted batches can be seen: one count for the newest of them each settle time, and only while most of the
 * budget is free. What is not seen whole is left as accepted, with what was seen; nothing is sent for it here.
 */
export class PassingLooksDuty implements Duty {
  readonly name = 'looking for accepted batches';
  private readonly policy: ReadBackPolicy;

  constructor(policy: Partial<ReadBackPolicy> = {}) {
    this.policy = { ...READ_BACK_POLICY, ...policy };
  }

  async run(context: DutyContext): Promise<number> {
    const { pool, destination, stop } = context;
    const { readBack, name } = destination;
    if (!readBack) return 3_600_000;
    const { settleMs, budget } = this.policy;
    return inTurn(context, 'passing', async () => {
      const { rows } = await pool.query<Sought>(
        `SELECT ${SOUGHT_COLUMNS} FROM delivery_batch b
          WHERE b.destination = $1 AND b.state = 'accepted' AND b.looked_at IS NULL AND b.count > b.purged
            AND b.settled_at <= clock_timestamp() - $2 * interval '1 millisecond'
            AND b.settled_at > clock_timestamp() - interval '${WITHIN}'
          ORDER BY b.settled_at DESC LIMIT $3`,
        [name, settleMs, readBack.mostBatches],
      );
      if (rows.length === 0) return settleMs;
      const looks = new BudgetedLooks(pool, name, 'passing', budget, stop);
      const look = await countBatches(pool, looks, readBack, rows);
      if (look.kind !== 'seen') return Math.max(settleMs, look.kind === 'later' ? (look.waitMs ?? 0) : 0);
      await observeWhole(pool, look.found);
      for (const batch of look.found.batches) {
        const count = look.found.counts.get(batch.id);
        if (!isWhole(batch, count)) await keepLook(pool, batch, count);
      }
      return settleMs;
    });
  }
}
