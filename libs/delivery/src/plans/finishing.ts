import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, inTransaction } from '#record';
import type { Duty } from '../duty.js';
import { type BlockOutcome, PLAN_COLUMNS, type Plan, type PlanReport } from './plan.js';
import { purgesSince, recordedAtSql } from './purges.js';
import { cancelBatches } from './run-plan.js';

const LOOK_MS = 1_000;
const LISTED_DIFFERENCES = 100;

/** Lets the lanes look for replays that were started, and ends those of which every batch is settled, with a report. */
export function finishingDuty(): Duty {
  return {
    name: 'finishing a replay',
    async run({ pool, destination, lookEverywhere }) {
      const { rows } = await pool.query<{ id: string }>(
        `SELECT id FROM delivery_plan
          WHERE kind = 'replay' AND destination = $1 AND report IS NULL
            AND (state = 'running' OR (state = 'cancelled' AND started_at IS NOT NULL))
          ORDER BY started_at`,
        [destination.name],
      );
      let isWorkLeft = false;
      for (const { id } of rows) isWorkLeft = !(await finish(pool, id)) || isWorkLeft;
      if (isWorkLeft) lookEverywhere();
      return LOOK_MS;
    },
  };
}

/** Ends a plan if nothing of it is open. @returns whether nothing is left to do */
async function finish(pool: pg.Pool, id: string): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<Plan>(
      `SELECT ${PLAN_COLUMNS} FROM delivery_plan p
        WHERE p.id = $1 AND p.report IS NULL AND p.state IN ('running', 'cancelled') FOR UPDATE SKIP LOCKED`,
      [id],
    );
    const [plan] = rows;
    if (!plan) return true;
    // An attempt that was under way when it was cancelled may have ended in "later".
    if (plan.state === 'cancelled') await cancelBatches(client, id);
    if (await isOpen(client, id)) return false;
    await writeOutcomes(client, plan);
    const report = await reportOf(client, plan);
    await client.query(
      `UPDATE delivery_plan SET report = $2, finished_at = clock_timestamp(), state = CASE state WHEN 'running' THEN 'finished' ELSE state END
        WHERE id = $1`,
      [id, JSON.stringify(report)],
    );
    await enqueueOutbox(client, {
      type: 'replay.finished',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: {
        replay: id,
        outcome: plan.state === 'cancelled' ? 'cancelled' : report.isEqual ? 'success' : 'failure',
        sent: report.sent,
        late: report.late,
      },
    });
    return true;
  });
}

/** One statement, so that a batch that is just being cut is seen either in its range or as a batch. */
async function isOpen(client: pg.PoolClient, plan: string): Promise<boolean> {
  const { rows } = await client.query<{ open: boolean }>(
    `SELECT EXISTS (SELECT FROM delivery_range r WHERE r.plan = $1 AND (r.next_pos < r.to_pos OR EXISTS (
              SELECT FROM delivery_batch b WHERE b.range = r.id AND b.state IN ('due', 'sending', 'paused', 'doubt')))) AS open`,
    [plan],
  );
  return rows[0]?.open ?? false;
}

/**
 * Writes beside each block what became of it. A batch lies within one block. The events of a batch are a part of those planned (both
 * are what the same filters let through), so equal numbers mean equal events; where one batch took the whole block, the digests
 * are compared as well.
 */
async function writeOutcomes(client: pg.PoolClient, plan: Plan): Promise<void> {
  await client.query(
    `WITH held AS (
       SELECT b.from_pos / 1000 AS thousand, b.count, b.purged, b.late, b.uncertain, b.state, b.parent, b.ids_digest
         FROM delivery_range r JOIN delivery_batch b ON b.range = r.id WHERE r.plan = $1),
     settled AS (
       SELECT k.from_pos, k.to_pos, k.count AS planned, k.digest,
              coalesce(sum(h.count - h.purged) FILTER (WHERE h.state IN ('accepted', 'observed')), 0) AS sent,
              coalesce(sum(h.late) FILTER (WHERE h.state IN ('accepted', 'observed')), 0) AS late,
              coalesce(sum(h.purged) FILTER (WHERE h.state IN ('accepted', 'observed')), 0) AS purged,
              coalesce(sum(h.count) FILTER (WHERE h.state = 'dead'), 0) AS dead,
              coalesce(sum(h.count) FILTER (WHERE h.state = 'cancelled'), 0) AS unsent,
              coalesce(sum(h.count) FILTER (WHERE h.state <> 'split'), 0) AS cut,
              coalesce(sum(h.uncertain * h.count) FILTER (WHERE h.state <> 'split'), 0) AS uncertain,
              bool_and(h.ids_digest = k.digest) FILTER (WHERE h.parent IS NULL AND h.count = k.count) AS is_same
         FROM delivery_plan_block k LEFT JOIN held h ON h.thousand = k.from_pos / 1000
        WHERE k.plan = $1 GROUP BY k.plan, k.from_pos),
     judged AS (
       SELECT s.*, s.to_pos > (SELECT max(next_pos) FROM delivery_range WHERE plan = $1) AS is_uncut,
              EXISTS (SELECT FROM purge WHERE from_at <= ${recordedAtSql('s.to_pos - 1')} AND to_at > ${recordedAtSql('s.from_pos')})
                AS was_purged
         FROM settled s)
     UPDATE delivery_plan_block k
        SET sent = j.sent, sent_late = j.late, dead = j.dead, uncertain = j.uncertain,
            unsent = j.unsent + CASE WHEN j.is_uncut THEN j.planned - j.cut ELSE 0 END,
            purged = CASE WHEN j.was_purged THEN j.purged + CASE WHEN j.is_uncut THEN 0 ELSE j.planned - j.cut END ELSE 0 END,
            missing = CASE WHEN j.was_purged THEN 0 ELSE j.purged + CASE WHEN j.is_uncut THEN 0 ELSE j.planned - j.cut END END,
            is_equal = j.sent = j.planned AND coalesce(j.is_same, true)
       FROM judged j WHERE k.plan = $1 AND k.from_pos = j.from_pos`,
    [plan.id],
  );
}

async function reportOf(client: pg.PoolClient, plan: Plan): Promise<PlanReport> {
  const { rows } = await client.query<Omit<PlanReport, 'differences' | 'purges' | 'isEqual'>>(
    `SELECT sum(count)::float8 AS planned, sum(sent)::float8 AS sent, sum(sent_late)::float8 AS late, sum(dead)::float8 AS dead,
            sum(purged)::float8 AS purged, sum(missing)::float8 AS missing, sum(unsent)::float8 AS unsent,
            sum(uncertain)::float8 AS "possibleDuplicates", count(*)::float8 AS blocks,
            (count(*) FILTER (WHERE NOT is_equal))::float8 AS differing
       FROM delivery_plan_block WHERE plan = $1`,
    [plan.id],
  );
  const [sums] = rows;
  if (!sums) throw new TypeError('an aggregate returned no row');
  const { rows: differences } = await client.query<BlockOutcome>(
    `SELECT from_pos::text AS from, to_pos::text AS to, count AS planned, sent, sent_late AS late, dead, purged, missing, unsent
       FROM delivery_plan_block WHERE plan = $1 AND NOT is_equal ORDER BY from_pos LIMIT $2`,
    [plan.id, LISTED_DIFFERENCES],
  );
  return { ...sums, isEqual: sums.differing === 0, differences, purges: await purgesSince(client, plan) };
}
