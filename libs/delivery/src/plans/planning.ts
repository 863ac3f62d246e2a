import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, inTransaction, type RecordedEvent, readEvents } from '#record';
import { RAW_BYTES_PER_BATCH } from '../cut.js';
import { newestMapping } from '../destination.js';
import type { Duty, DutyContext } from '../duty.js';
import { digestIds } from '../ledger.js';
import { type EventSelection, setBit } from '../selection.js';
import { coverageOf } from './coverage.js';
import { BLOCK_POSITIONS, PLAN_COLUMNS, type Plan } from './plan.js';

/** A step is one transaction; a cancellation waits for its end, and a crash costs at most this. */
const STEP_MS = 500;
const LOOK_MS = 1_000;
/** Positions that one look for the next candidate passes over. */
const SEARCH_POSITIONS = 100_000n;
const LONGEST_WHAT = 1_000;

/**
 * Lists what the replays of a destination would send. It is the forwarder's work because only that renders, and so knows sizes.
 * Goes on where a killed one stopped; of several forwarders one plans.
 */
export function planningDuty(): Duty {
  let isAnnounced = false;
  return {
    name: 'planning a replay',
    async run(context) {
      if (!isAnnounced) {
        await announceMapping(context);
        isAnnounced = true;
      }
      return (await planStep(context)) ? 0 : LOOK_MS;
    },
  };
}

/** So that whoever starts a plan sees whether it was made for another mapping. */
async function announceMapping({ pool, destination }: DutyContext): Promise<void> {
  await pool.query(
    'UPDATE delivery_destination SET mapping_version = $2 WHERE destination = $1 AND mapping_version IS DISTINCT FROM $2',
    [destination.name, newestMapping(destination)],
  );
}

/** @returns whether there was something to plan */
async function planStep(context: DutyContext): Promise<boolean> {
  const endAt = performance.now() + STEP_MS;
  return inTransaction(context.pool, async (client) => {
    const { rows } = await client.query<Plan>(
      `SELECT ${PLAN_COLUMNS} FROM delivery_plan p
        WHERE p.kind = 'replay' AND p.destination = $1 AND p.state = 'planning' AND p.mapping_version = ANY($2)
        ORDER BY p.created_at, p.id LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [context.destination.name, [0, ...context.destination.mappingVersions]],
    );
    const [found] = rows;
    if (!found) return false;
    const plan = { ...found, mappingVersion: found.mappingVersion || newestMapping(context.destination) };
    let at = plan.nextPos;
    const sums = { count: 0, bytes: 0, late: 0, observed: 0 };
    while (at < plan.toPos && performance.now() < endAt && !context.stop.aborted) {
      const candidate = await nextCandidate(client, plan.selection, at, plan.toPos);
      if (candidate.found) {
        const block = await planBlock(client, context, plan, candidate.at);
        sums.count += block.count;
        sums.bytes += block.bytes;
        sums.late += block.late;
        sums.observed += block.observed;
        at = block.to;
      } else at = candidate.at;
    }
    await client.query(
      `UPDATE delivery_plan SET next_pos = $2, mapping_version = $3, count = count + $4, bytes = bytes + $5, late = late + $6,
              observed = observed + $7 WHERE id = $1`,
      [plan.id, at, plan.mappingVersion, sums.count, sums.bytes, sums.late, sums.observed],
    );
    if (at >= plan.toPos) await finishPlanning(client, plan, plan.count + BigInt(sums.count));
    return true;
  });
}

async function finishPlanning(client: pg.PoolClient, plan: Plan, count: bigint): Promise<void> {
  await client.query(`UPDATE delivery_plan SET state = 'planned', planned_at = clock_timestamp() WHERE id = $1`, [
    plan.id,
  ]);
  await enqueueOutbox(client, {
    type: 'replay.planned',
    time: instantOfMillis(Date.now()),
    class: SYSTEM_CLASS,
    data: {
      replay: plan.id,
      what: whatOf(plan),
      count: Number(count),
      destination: plan.destination,
      by: plan.createdBy,
    },
  });
}

/** In words: which positions, of them which, and without what. */
function whatOf({ fromPos, toPos, selection, missingOnly }: Plan): string {
  const terms = Object.entries(selection).map(([member, values]) => `${member} ${(values ?? []).join(', ')}`);
  const what = [`positions ${fromPos} to ${toPos}`, ...terms, ...(missingOnly ? ['what is missing'] : [])].join('; ');
  return what.length > LONGEST_WHAT ? `${what.slice(0, LONGEST_WHAT).toWellFormed()}…` : what;
}

/**
 * Where the next event stands that the selection may let through: a look into indexes alone, so that a query which finds little
 * does not read the whole log.
 * @returns `found`: at `at`; else none stands before `at`
 */
async function nextCandidate(
  client: pg.PoolClient,
  { types, connections, identities, sessions }: EventSelection,
  from: bigint,
  to: bigint,
): Promise<{ found: boolean; at: bigint }> {
  if (!types && !connections && !identities && !sessions) return { found: true, at: from };
  const until = from + SEARCH_POSITIONS < to ? from + SEARCH_POSITIONS : to;
  const { rows } = await client.query<{ at: bigint | null }>(
    `SELECT min(position) AS at FROM event
      WHERE position >= $1 AND position < $2 AND ($3::text[] IS NULL OR type LIKE ANY($3))
        AND ($4::text[] IS NULL OR connection = ANY($4)) AND ($5::text[] IS NULL OR identity_id = ANY($5))
        AND ($6::text[] IS NULL OR session_id = ANY($6))`,
    [from, until, types?.map((type) => type.replace(/\*$/, '%')), connections, identities, sessions],
  );
  const at = rows[0]?.at ?? undefined;
  return at === undefined ? { found: false, at: until } : { found: true, at };
}

interface PlannedBlock {
  to: bigint;
  count: number;
  bytes: number;
  late: number;
  observed: number;
}

/** Lists what stands in the block of this position, from there on, and writes it down if that is anything. */
async function planBlock(
  client: pg.PoolClient,
  { destination, selections }: DutyContext,
  plan: Plan,
  at: bigint,
): Promise<PlannedBlock> {
  const begin = at - (at % BLOCK_POSITIONS);
  const from = begin > plan.fromPos ? begin : plan.fromPos;
  const to = begin + BLOCK_POSITIONS < plan.toPos ? begin + BLOCK_POSITIONS : plan.toPos;
  const choice = { destination: destination.name, filterVersion: plan.filterVersion, plan: plan.id, fromPos: from };
  const wants = await selections.of(client, choice);
  const coverage = await coverageOf(client, selections, destination.name, from, to);
  const leftOut = Buffer.alloc(Math.ceil(Number(to - from) / 8));
  const context = { batch: 0n, attempt: 1, lane: plan.kind, mappingVersion: plan.mappingVersion };
  const listed: Pick<RecordedEvent, 'epoch' | 'seq'>[] = [];
  const block = { to, count: 0, bytes: 0, late: 0, observed: 0 };
  for (let after = from - 1n; ; ) {
    // A page is bounded by its bytes: a thousand bodies may be far more than memory should hold at once.
    const events = await readEvents(client, {
      after,
      until: to,
      limit: Number(BLOCK_POSITIONS),
      bytes: RAW_BYTES_PER_BATCH,
    });
    for (const event of events) {
      if (!wants(event)) continue;
      if (plan.missingOnly && coverage.isUnderWay(event)) {
        setBit(leftOut, Number(event.position - from));
        continue;
      }
      listed.push({ epoch: event.epoch, seq: event.seq });
      block.count++;
      block.bytes += Buffer.byteLength(destination.render(event, context)) + 1;
      if (destination.isLate?.(event)) block.late++;
      if (coverage.isObserved(event)) block.observed++;
    }
    const last = events.at(-1);
    if (!last || last.position + 1n >= to) break;
    after = last.position;
  }
  if (block.count === 0) return block;
  await client.query(
    `INSERT INTO delivery_plan_block (plan, from_pos, to_pos, count, bytes, late, observed, digest, left_out)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      plan.id,
      from,
      to,
      block.count,
      block.bytes,
      block.late,
      block.observed,
      digestIds(listed),
      leftOut.some((byte) => byte !== 0) ? leftOut : null,
    ],
  );
  return block;
}
