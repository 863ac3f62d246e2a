import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, inTransaction } from '#record';
import type { Duty } from './duty.js';
import type { CatchUpFacts } from './observer.js';

const LOOK_MS = 1_000;

/** Says, once, when a catch-up has ended and what it brought; it is on the record, too. */
export function catchUpDuty(): Duty {
  return {
    name: 'looking for the end of a catch-up',
    async run({ pool, destination, observer }) {
      const { rows } = await pool.query<{ id: bigint }>(
        'SELECT id FROM delivery_range WHERE destination = $1 AND is_jump AND finished_at IS NULL AND next_pos = to_pos',
        [destination.name],
      );
      for (const { id } of rows) {
        const facts = await finish(pool, id);
        if (facts) observer.caughtUp(facts);
      }
      return LOOK_MS;
    },
  };
}

async function finish(pool: pg.Pool, range: bigint): Promise<CatchUpFacts | undefined> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ destination: string; from: bigint; to: bigint }>(
      `UPDATE delivery_range r SET finished_at = clock_timestamp()
        WHERE id = $1 AND finished_at IS NULL AND NOT EXISTS (
          SELECT FROM delivery_batch b WHERE b.range = r.id AND b.state IN ('due', 'sending', 'paused', 'doubt'))
        RETURNING destination, from_pos AS from, to_pos AS to`,
      [range],
    );
    const [found] = rows;
    if (!found) return undefined;
    // The range was live before it was left behind: what live had sent of it by then is no part of the catch-up.
    const { rows: sums } = await client.query<{ sent: number; late: number; dead: number }>(
      `SELECT coalesce(sum(count - purged) FILTER (WHERE state IN ('accepted', 'observed')), 0)::float8 AS sent,
              coalesce(sum(late) FILTER (WHERE state IN ('accepted', 'observed')), 0)::float8 AS late,
              coalesce(sum(count) FILTER (WHERE state = 'dead'), 0)::float8 AS dead
         FROM delivery_batch WHERE range = $1 AND lane = 'catchup'`,
      [range],
    );
    const facts = { ...found, ...(sums[0] ?? { sent: 0, late: 0, dead: 0 }) };
    await enqueueOutbox(client, {
      type: 'catchup.finished',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: {
        destination: facts.destination,
        from: String(facts.from),
        to: String(facts.to),
        sent: facts.sent,
        late: facts.late,
        dead: facts.dead,
      },
    });
    return facts;
  });
}
