import type pg from 'pg';
import { type EventData, type EventType, instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, inTransaction } from '#record';
import { DeliveryError } from '../errors.js';
import { judgePlan, type Plan, type PlanState, readPlan } from './plan.js';
import type { Purge } from './purges.js';

// What a person does with a replay. Each act and its event commit together; the forwarders see what changed within a second.

/** A plan that was just started. */
export interface StartedPlan {
  plan: Plan;
  /** What retention removed since it was planned: of that, nothing will be sent. */
  purges: Purge[];
}

/**
 * Lets a planned replay run, in its lane.
 * @throws DELIVERY_PLAN_UNKNOWN, DELIVERY_PLAN_STATE, DELIVERY_PLAN_EMPTY, DELIVERY_PLAN_STALE (says how)
 */
export function startReplay(pool: pg.Pool, id: string, by: string): Promise<StartedPlan> {
  return inTransaction(pool, async (client) => {
    const plan = await readPlan(client, 'replay', id, 'FOR UPDATE');
    expectState(plan, 'start', ['planned']);
    if (plan.count === 0n) throw nothingListed(plan);
    const { stale, purges } = await judgePlan(client, plan);
    if (stale.length > 0) throw planStale(plan, stale);
    // From the first thing that it lists to the last: what lies around them is no part of it.
    await client.query(
      `INSERT INTO delivery_range (destination, lane, from_pos, next_pos, to_pos, plan)
       SELECT $2, 'replay', min(from_pos), min(from_pos), max(to_pos), $1 FROM delivery_plan_block WHERE plan = $1`,
      [plan.id, plan.destination],
    );
    await client.query(`UPDATE delivery_plan SET state = 'running', started_at = clock_timestamp() WHERE id = $1`, [
      plan.id,
    ]);
    await noteAct(client, 'replay.started', { replay: plan.id, by });
    return { plan: await readPlan(client, 'replay', id), purges };
  });
}

/**
 * Lets a running replay rest: nothing more of it is cut or sent, what is under way ends as it ends.
 * @throws DELIVERY_PLAN_UNKNOWN, DELIVERY_PLAN_STATE
 */
export function pauseReplay(pool: pg.Pool, id: string, by: string): Promise<Plan> {
  return turn(pool, { id, by, act: 'pause', from: ['running'], to: 'paused', type: 'replay.paused' });
}

/** @throws DELIVERY_PLAN_UNKNOWN, DELIVERY_PLAN_STATE */
export function resumeReplay(pool: pg.Pool, id: string, by: string): Promise<Plan> {
  return turn(pool, { id, by, act: 'resume', from: ['paused'], to: 'running', type: 'replay.resumed' });
}

/**
 * Ends a replay for good: what is not sent yet never will be, what is under way ends as it ends, and a report says which is which.
 * @throws DELIVERY_PLAN_UNKNOWN, DELIVERY_PLAN_STATE
 */
export function cancelReplay(pool: pg.Pool, id: string, by: string): Promise<Plan> {
  const from: PlanState[] = ['planning', 'planned', 'running', 'paused'];
  return inTransaction(pool, async (client) => {
    const plan = await readPlan(client, 'replay', id, 'FOR UPDATE');
    expectState(plan, 'cancel', from);
    await client.query(`UPDATE delivery_plan SET state = 'cancelled', reason = $2 WHERE id = $1`, [
      plan.id,
      `cancelled by ${by}`,
    ]);
    // The range first: whoever cuts holds it, and what was cut meanwhile is there when the batches are looked at.
    await client.query('UPDATE delivery_range SET to_pos = next_pos WHERE plan = $1', [plan.id]);
    await cancelBatches(client, plan.id);
    await noteAct(client, 'replay.cancelled', { replay: plan.id, by });
    return readPlan(client, 'replay', id);
  });
}

/** Settles what waits of a cancelled plan. A holder that vanished while sending may have been heard: that is counted. */
export async function cancelBatches(client: pg.PoolClient, plan: string): Promise<void> {
  await client.query(
    `UPDATE delivery_batch b
        SET state = 'cancelled', settled_at = clock_timestamp(), lease_until = NULL, uncertain = b.uncertain + (b.state = 'sending')::int
       FROM delivery_range r
      WHERE r.plan = $1 AND b.range = r.id
        AND (b.state IN ('due', 'paused') OR (b.state = 'sending' AND b.lease_until < clock_timestamp()))`,
    [plan],
  );
}

interface Turn {
  id: string;
  by: string;
  act: string;
  from: PlanState[];
  to: PlanState;
  type: 'replay.paused' | 'replay.resumed';
}

function turn(pool: pg.Pool, { id, by, act, from, to, type }: Turn): Promise<Plan> {
  return inTransaction(pool, async (client) => {
    const plan = await readPlan(client, 'replay', id, 'FOR UPDATE');
    expectState(plan, act, from);
    await client.query('UPDATE delivery_plan SET state = $2 WHERE id = $1', [plan.id, to]);
    await noteAct(client, type, { replay: plan.id, by });
    return readPlan(client, 'replay', id);
  });
}

async function noteAct<T extends EventType>(client: pg.PoolClient, type: T, data: EventData<T>): Promise<void> {
  await enqueueOutbox(client, { type, time: instantOfMillis(Date.now()), class: SYSTEM_CLASS, data } as never);
}

function expectState(plan: Plan, act: string, states: PlanState[]): void {
  if (states.includes(plan.state)) return;
  throw new DeliveryError({
    code: 'DELIVERY_PLAN_STATE',
    message: `${plan.id} is ${plan.state}; to ${act} it, it would have to be ${states.join(' or ')}`,
    remedy: `See \`affidavit ${plan.kind} show ${plan.id}\`; what has ended is planned anew.`,
    retry: 'never',
  });
}

function nothingListed(plan: Plan): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_PLAN_EMPTY',
    message: `${plan.id} lists nothing: no event of positions ${plan.fromPos} to ${plan.toPos} is selected${plan.missingOnly ? ' and missing' : ''}`,
    remedy: 'Plan another range or query; what the filter of the destination leaves out is never replayed to it.',
    retry: 'never',
  });
}

function planStale(plan: Plan, stale: string[]): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_PLAN_STALE',
    message: `${plan.id} is out of date: ${stale.join('; ')}`,
    remedy: 'Plan it again, look at what the new plan lists, and start that.',
    retry: 'never',
  });
}
