import type pg from 'pg';
import { instantSql, inTransaction, type Queryable, type RecordedEvent } from '#record';
import { batchEvents } from './batch-events.js';
import { halves } from './deliver-batch.js';
import { type Duty, type DutyContext, inTurn } from './duty.js';
import { digestIds, eventIdOf, insertBatch } from './ledger.js';
import {
  type Counted,
  countBatches,
  isWhole,
  keepObservations,
  listLogs,
  SOUGHT_COLUMNS,
  type Sought,
  windowOf,
} from './looks.js';
import type { DoubtVerdict } from './observer.js';
import type { BatchCount, ReadBack, SeenLog } from './read-back.js';
import { announceReadBack, BudgetedLooks, READ_BACK_BUDGET, type ReadBackBudget } from './read-back-budget.js';

// Doubt in brief: a request without an answer, or whose forwarder vanished, may have been stored. It is not sent again at once: it waits
// until the destination shows what it has (the settle time), while the lanes go on. Then one count for all such batches decides:
//
//   every event there ─────────────────────────────▶ observed
//   none there, and a witness is ──────────────────▶ due: certainly not stored
//   some there, and a witness is ──ids are listed──▶ split; a child sends what is missing
//   anything else ─────────────────────────────────▶ looked at again; after an hour, or before its events would show at another
//                                                    time than their own, due and counted: it may be there twice then
//
// A witness is a batch of the same minute that was answered with success and is seen whole: without one, "not found" may mean that nothing
// of that time is visible yet, or to this key. One that was answered before the doubtful batch was sent may be visible a little earlier
// than that: it counts only once twice the settle time has passed. A crash leaves a doubtful batch, or a decided one: each decision is one transaction
// that names the attempt.

export interface ReadBackPolicy {
  /**
   * From an answer (or its loss) to the first look. How long Datadog takes to show a log is not documented: seconds as a rule, minutes in
   * a bad hour. Too short costs a look in vain, too long leaves what is missing missing for so long.
   */
  settleMs: number;
  /** What could not be decided by then is sent again, and counted. */
  giveUpMs: number;
  budget: ReadBackBudget;
}

export const READ_BACK_POLICY: ReadBackPolicy = {
  settleMs: 5 * 60_000,
  giveUpMs: 3_600_000,
  budget: READ_BACK_BUDGET,
};

/** How near in time a witness is. */
const WITNESS_MS = 60_000;
const MOST_WITNESSES = 100;
/** Looks of one settle time, at most: batches that become ripe one after the other share a look. */
const LOOKS_PER_SETTLE = 5;
const LEAST_BETWEEN_LOOKS_MS = 500;
/** Before its events leave the window in which they show at their own time, a batch is sent again this early. */
const BEFORE_STALE_MS = 5 * 60_000;

interface Doubtful extends Sought {
  /** When its last request ended, without an answer. */
  sentAtMs: number;
  /** Whether twice the settle time has passed. */
  isWellSettled: boolean;
  /** It may wait no longer. */
  isDue: boolean;
}

/** Decides what became of batches whose answer was lost. */
export class DoubtDuty implements Duty {
  readonly name = 'looking for doubtful batches';
  private readonly policy: ReadBackPolicy;

  constructor(policy: Partial<ReadBackPolicy> = {}) {
    this.policy = { ...READ_BACK_POLICY, ...policy };
  }

  async run(context: DutyContext): Promise<number> {
    const { readBack, name } = context.destination;
    // It does not come later: another key is another destination object.
    if (!readBack) return 3_600_000;
    await announceReadBack(context.pool, name, this.policy.budget);
    await doubtVanished(context.pool, name);
    return inTurn(context, 'doubt', () => this.look(context, readBack));
  }

  private async look(context: DutyContext, readBack: ReadBack): Promise<number> {
    const { pool, destination, stop, lookEverywhere } = context;
    const restMs = Math.max(this.policy.settleMs / LOOKS_PER_SETTLE, LEAST_BETWEEN_LOOKS_MS);
    const doubtful = await ripeBatches(pool, destination.name, readBack, this.policy);
    if (doubtful.length === 0) return Math.min(restMs, 1_000);
    const looks = new BudgetedLooks(pool, destination.name, 'doubt', this.policy.budget, stop);
    const witnesses = await witnessesOf(pool, destination.name, doubtful);
    const all = [...doubtful, ...witnesses.values()];
    const look = await countBatches(pool, looks, readBack, all);
    if (stop.aborted) return 0;
    if (look.kind === 'seen') await observeWhole(pool, look.found);
    let isAnythingDue = false;
    for (const batch of doubtful) {
      const verdict =
        look.kind === 'seen'
          ? await this.decide(context, looks, batch, new Findings(look.found, witnesses))
          : await this.giveUpIfDue(context, batch);
      if (verdict === undefined) continue;
      isAnythingDue ||= verdict !== 'observed';
      const { lane, id, count } = batch;
      context.observer.decided({ destination: destination.name, lane, batch: id, verdict, events: count });
    }
    if (isAnythingDue) lookEverywhere();
    return look.kind === 'seen' && look.found.batches.length < all.length ? LEAST_BETWEEN_LOOKS_MS : restMs;
  }

  /** @returns undefined where it stays in doubt */
  private async decide(
    context: DutyContext,
    looks: BudgetedLooks,
    batch: Doubtful,
    findings: Findings,
  ): Promise<DoubtVerdict | undefined> {
    const { pool } = context;
    if (!findings.wasAsked(batch)) return this.giveUpIfDue(context, batch);
    const count = findings.of(batch);
    if (isWhole(batch, count)) return 'observed';
    if (findings.hasWitness(batch)) {
      if (!count || count.logs === 0) return (await sendAbsent(context, batch)) ? 'absent' : undefined;
      const verdict = await this.decidePartial(context, looks, batch);
      if (verdict) return verdict;
    }
    await keepLook(pool, batch, count);
    return this.giveUpIfDue(context, batch);
  }

  private async decidePartial(
    context: DutyContext,
    looks: BudgetedLooks,
    batch: Doubtful,
  ): Promise<DoubtVerdict | undefined> {
    const { pool, destination, selections } = context;
    const { readBack } = destination;
    if (!readBack) return undefined;
    const window = await windowOf(pool, [batch]);
    const listed = await listLogs(looks, readBack, { batch: batch.id }, window);
    if (listed.kind !== 'seen') return undefined;
    const events = await batchEvents(pool, selections, batch);
    const { there, missing } = compareIds(events, listed.found);
    // What is there is there, whatever the estimate of the count was.
    if (missing.length === 0) return (await settleListed(pool, batch, there)) ? 'observed' : undefined;
    return (await sendMissing(context, batch, missing, there)) ? 'partial' : undefined;
  }

  private async giveUpIfDue(context: DutyContext, batch: Doubtful): Promise<DoubtVerdict | undefined> {
    if (!batch.isDue) return undefined;
    return (await sendAgain(context.pool, batch, 1)) ? 'given-up' : undefined;
  }
}

/** What a count says of doubtful batches, and of those that vouch for it. */
class Findings {
  private readonly asked: ReadonlySet<bigint>;

  constructor(
    private readonly counted: Counted,
    private readonly witnesses: Witnesses,
  ) {
    this.asked = new Set(counted.batches.map((batch) => batch.id));
  }

  wasAsked(batch: Sought): boolean {
    return this.asked.has(batch.id);
  }

  of(batch: Sought): BatchCount | undefined {
    return this.counted.counts.get(batch.id);
  }

  hasWitness(batch: Doubtful): boolean {
    return this.witnesses
      .for(batch.id)
      .filter((witness) => batch.isWellSettled || (witness.settledAtMs ?? 0) >= batch.sentAtMs)
      .some((witness) => this.wasAsked(witness) && isWhole(witness, this.of(witness)));
  }
}

/** Batches answered with success near in time to doubtful ones. */
class Witnesses {
  constructor(
    private readonly batches: ReadonlyMap<bigint, Sought>,
    private readonly byDoubtful: ReadonlyMap<bigint, readonly bigint[]>,
  ) {}

  values(): Sought[] {
    return [...this.batches.values()];
  }

  for(doubtful: bigint): Sought[] {
    return (this.byDoubtful.get(doubtful) ?? []).flatMap((id) => this.batches.get(id) ?? []);
  }
}

/** Whether each event is among the logs. */
export function compareIds(
  events: readonly RecordedEvent[],
  logs: readonly SeenLog[],
): { there: { position: bigint; log: SeenLog }[]; missing: RecordedEvent[] } {
  const byId = new Map<string, SeenLog[]>();
  for (const log of logs) {
    if (log.eventId === undefined) continue;
    const known = byId.get(log.eventId);
    if (known) known.push(log);
    else byId.set(log.eventId, [log]);
  }
  const there: { position: bigint; log: SeenLog }[] = [];
  const missing: RecordedEvent[] = [];
  for (const event of events) {
    const copies = byId.get(eventIdOf(event));
    if (!copies) missing.push(event);
    else for (const log of copies) there.push({ position: event.position, log });
  }
  return { there, missing };
}

/**
 * Claims whose holder let the lease run out: whether it sent anything, nobody here knows. What was lent to the sender of a backfill is its
 * next lease's: a lease names a range and not single positions, so that of a batch seen in part it could not send what is missing alone.
 */
async function doubtVanished(db: Queryable, destination: string): Promise<void> {
  await db.query(
    `UPDATE delivery_batch
        SET state = 'doubt', doubt_since = clock_timestamp(), looked_at = NULL, lease_until = NULL,
            attempts = (CASE WHEN jsonb_array_length(attempts) < 30 THEN attempts ELSE attempts - 10 END) || jsonb_build_object(
              'attempt', attempt, 'kind', 'retry', 'reason', 'the forwarder that sent it vanished', 'at', ${instantSql('lease_until')})
      WHERE destination = $1 AND lane <> 'backfill' AND state = 'sending' AND lease_until < clock_timestamp()`,
    [destination],
  );
}

/** When the last request of a doubtful batch `b` ended; of one whose holder vanished, when its lease did. */
const SENT_AT = `coalesce((b.attempts -> -1 ->> 'at')::timestamptz, b.doubt_since)`;

/** Doubtful batches that can be looked for now, or that may not wait longer. */
async function ripeBatches(
  db: Queryable,
  destination: string,
  readBack: ReadBack,
  { settleMs, giveUpMs }: ReadBackPolicy,
): Promise<Doubtful[]> {
  const { rows } = await db.query<Doubtful>(
    `SELECT * FROM (
       SELECT ${SOUGHT_COLUMNS}, b.doubt_since, (extract(epoch FROM ${SENT_AT}) * 1000)::float8 AS "sentAtMs",
              b.doubt_since <= clock_timestamp() - 2 * $2 * interval '1 millisecond' AS "isWellSettled",
              b.doubt_since <= clock_timestamp() - $2 * interval '1 millisecond' AS is_ripe,
              (b.doubt_since <= clock_timestamp() - $3 * interval '1 millisecond' OR EXISTS (
                 SELECT FROM event e WHERE e.position >= b.from_pos AND e.position < b.to_pos
                    AND coalesce(e.occurred_at, e.recorded_at) > clock_timestamp() - $4 * interval '1 millisecond'
                    AND coalesce(e.occurred_at, e.recorded_at) <= clock_timestamp() - ($4 - $5) * interval '1 millisecond'))
                AS "isDue"
         FROM delivery_batch b WHERE b.destination = $1 AND b.state = 'doubt') AS doubtful
      WHERE is_ripe OR "isDue" ORDER BY doubt_since LIMIT $6`,
    [destination, settleMs, giveUpMs, readBack.freshMs, BEFORE_STALE_MS, readBack.mostBatches - MOST_WITNESSES],
  );
  return rows;
}

async function witnessesOf(db: Queryable, destination: string, doubtful: readonly Doubtful[]): Promise<Witnesses> {
  const { rows } = await db.query<Sought & { doubtful: bigint }>(
    `SELECT d.id AS doubtful, ${SOUGHT_COLUMNS}
       FROM unnest($2::bigint[], $3::float8[]) AS d (id, sent_ms)
       CROSS JOIN LATERAL (SELECT to_timestamp(d.sent_ms / 1000) AS sent_at) AS s
       CROSS JOIN LATERAL (
         SELECT * FROM delivery_batch w
          WHERE w.destination = $1 AND w.state IN ('accepted', 'observed') AND w.count > w.purged
            AND w.settled_at BETWEEN s.sent_at - $4 * interval '1 millisecond' AND s.sent_at + $4 * interval '1 millisecond'
          ORDER BY w.settled_at < s.sent_at, abs(extract(epoch FROM w.settled_at - s.sent_at)) LIMIT 2) AS b`,
    [destination, doubtful.map((batch) => batch.id), doubtful.map((batch) => batch.sentAtMs), WITNESS_MS],
  );
  const batches = new Map<bigint, Sought>();
  const byDoubtful = new Map<bigint, bigint[]>();
  for (const { doubtful: of, ...witness } of rows) {
    if (!batches.has(witness.id) && batches.size >= MOST_WITNESSES) continue;
    batches.set(witness.id, witness);
    byDoubtful.set(of, [...(byDoubtful.get(of) ?? []), witness.id]);
  }
  return new Witnesses(batches, byDoubtful);
}

/** Every batch that a count shows whole is observed, doubtful or accepted. */
export async function observeWhole(db: Queryable, { batches, counts }: Counted): Promise<void> {
  const whole = batches.filter((batch) => batch.state !== 'observed' && isWhole(batch, counts.get(batch.id)));
  if (whole.length === 0) return;
  await db.query(
    `UPDATE delivery_batch b
        SET state = 'observed', observed_at = clock_timestamp(), settled_at = coalesce(b.settled_at, clock_timestamp()),
            looked_at = clock_timestamp(), seen = b.count - b.purged, doubt_since = NULL
       FROM unnest($1::bigint[], $2::int[]) AS w (id, attempt)
      WHERE b.id = w.id AND b.attempt = w.attempt AND b.state IN ('doubt', 'accepted')`,
    [whole.map((batch) => batch.id), whole.map((batch) => batch.attempt)],
  );
}

/** Keeps what the last look at a batch saw, where it saw less than the whole. */
export async function keepLook(
  db: Queryable,
  batch: Pick<Sought, 'id' | 'attempt'>,
  count: BatchCount | undefined,
): Promise<void> {
  await db.query(`UPDATE delivery_batch SET looked_at = clock_timestamp(), seen = $3 WHERE id = $1 AND attempt = $2`, [
    batch.id,
    batch.attempt,
    Math.min(count?.events ?? 0, 2 ** 31 - 1),
  ]);
}

async function settleListed(
  pool: pg.Pool,
  batch: Sought,
  there: readonly { position: bigint; log: SeenLog }[],
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = 'observed', observed_at = clock_timestamp(), looked_at = clock_timestamp(), doubt_since = NULL,
              settled_at = coalesce(settled_at, clock_timestamp()), seen = $3
        WHERE id = $1 AND attempt = $2 AND state IN ('doubt', 'accepted')`,
      [batch.id, batch.attempt, new Set(there.map(({ position }) => position)).size],
    );
    if (rowCount !== 1) return false;
    await keepObservations(client, batch.destination, batch.id, there);
    return true;
  });
}

/** @param counted attempts that may have been stored all the same */
async function sendAgain(db: Queryable, batch: Sought, counted: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE delivery_batch SET state = 'due', due_at = clock_timestamp(), doubt_since = NULL, uncertain = uncertain + $3
      WHERE id = $1 AND attempt = $2 AND state = 'doubt'`,
    [batch.id, batch.attempt, counted],
  );
  return rowCount === 1;
}

/** A receiver that needs longer for a whole batch than a request may take would never get it: from the second time on, in halves. */
async function sendAbsent(context: DutyContext, batch: Doubtful): Promise<boolean> {
  const { pool, selections, destination } = context;
  const events = batch.attempt > 1 && batch.count > 1 ? await batchEvents(pool, selections, batch) : [];
  if (events.length < 2) return sendAgain(pool, batch, 0);
  const rendered = events.map((event) => destination.render(event, { ...batch, batch: batch.id }));
  return split(pool, batch, async (client) => {
    for (const part of halves(batch, events, rendered))
      await insertBatch(client, { ...batch, ...part, parent: batch.id });
  });
}

/** The batch ends; a part of it sends what is not there. */
async function sendMissing(
  context: DutyContext,
  batch: Doubtful,
  missing: readonly RecordedEvent[],
  there: readonly { position: bigint; log: SeenLog }[],
): Promise<boolean> {
  return split(context.pool, batch, async (client) => {
    await keepObservations(client, batch.destination, batch.id, there);
    await insertPart(client, context, batch, missing);
  });
}

async function split(
  pool: pg.Pool,
  batch: Sought,
  parts: (client: pg.PoolClient) => Promise<unknown>,
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = 'split', settled_at = clock_timestamp(), looked_at = clock_timestamp(), doubt_since = NULL
        WHERE id = $1 AND attempt = $2 AND state = 'doubt'`,
      [batch.id, batch.attempt],
    );
    if (rowCount !== 1) return false;
    await parts(client);
    return true;
  });
}

/** A batch of some events of another one. */
export async function insertPart(
  client: pg.PoolClient,
  { destination }: Pick<DutyContext, 'destination'>,
  batch: Sought,
  events: readonly RecordedEvent[],
  changes: Partial<Pick<Sought, 'range' | 'lane' | 'isResend'>> = {},
): Promise<bigint> {
  const [first] = events;
  const last = events.at(-1);
  if (!first || !last) throw new RangeError('a part needs events');
  const context = { batch: batch.id, attempt: 1, lane: batch.lane, mappingVersion: batch.mappingVersion };
  return insertBatch(client, {
    ...batch,
    ...changes,
    parent: batch.id,
    fromPos: first.position,
    toPos: last.position + 1n,
    count: events.length,
    bytes: events.reduce((sum, event) => sum + Buffer.byteLength(destination.render(event, context)) + 1, 0),
    idsDigest: digestIds(events),
    only: events.map((event) => String(event.position)),
  });
}
