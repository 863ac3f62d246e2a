import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, inTransaction, type Queryable, type RecordedEvent } from '#record';
import { batchEvents } from './batch-events.js';
import { compareIds, insertPart, keepLook, observeWhole, READ_BACK_POLICY, type ReadBackPolicy } from './doubt.js';
import { type Duty, type DutyContext, inTurn } from './duty.js';
import { eventIdOf, LONGEST_BATCH_POSITIONS } from './ledger.js';
import {
  type Counted,
  countBatches,
  isWhole,
  keepObservations,
  listLogs,
  SOUGHT_COLUMNS,
  type Sought,
} from './looks.js';
import type { Absence, AbsenceCause, BatchCount, Look, ReadBack, SeenLog, SentEvent } from './read-back.js';
import { BudgetedLooks } from './read-back-budget.js';
import { insertReconciliation } from './reconciliation.js';

// Reconciliation in brief: the accepted batches of a range are its blocks of positions. One count compares hundreds of them with the
// ledger; logs are listed one by one only of those that differ (and of the last one of each step, as a sample of what counts cannot
// show). What is missing is told by name, with the probable cause, and sent again only where nothing but a loss explains it, nobody
// ever saw it, its neighbours are visible, and it was never sent again before: so it never becomes a nightly resend of what an index
// hides, also where the key cannot read what the index hides. Each step is one transaction with the cursor; a crash repeats a step, not what it sent.

/** Of one step, what is listed one by one; the next step goes on behind it. */
const MOST_LISTED = 40;
/** Positions that a finding names. The batch says the rest. */
const MOST_NAMED = 1_000;
const NO_PAUSE_MS = 10;
const IDLE_MS = 1_000;
const WAIT_MS = 5_000;
/** How often it is looked whether the schedule wants one. */
const SCHEDULE_LOOK_MS = 60_000;
/** Batches around a step whose logs show whether anything of that time can be seen. */
const NEIGHBOURS = 2;

export interface ReconcileOptions extends Partial<ReadBackPolicy> {
  /** How often it is done by itself, milliseconds; 0: never. */
  everyMs: number;
}

interface Running {
  id: string;
  fromPos: bigint;
  toPos: bigint;
  nextPos: bigint;
  nextBatch: bigint;
  settledFrom: Date | null;
  settledUntil: Date;
  sendsMissing: boolean;
  createdBy: string;
}

/** What one batch was found to be. */
interface Judged {
  batch: Sought;
  checked: number;
  compared: number;
  missing: { event: RecordedEvent; absence: Absence }[];
  duplicated: { positions: string[]; copies: number };
  truncated: { positions: string[]; detail: string };
  altered: { positions: string[]; detail: string };
  there: { position: bigint; log: SeenLog }[];
}

/** Carries out reconciliations: those that were asked for, and the one of the schedule. */
export class ReconcileDuty implements Duty {
  readonly name = 'reconciling';
  private readonly policy: ReadBackPolicy;
  private readonly everyMs: number;
  private scheduleAtMs = 0;

  constructor({ everyMs, ...policy }: ReconcileOptions) {
    this.policy = { ...READ_BACK_POLICY, ...policy };
    this.everyMs = everyMs;
  }

  async run(context: DutyContext): Promise<number> {
    const { readBack } = context.destination;
    if (!readBack) return 3_600_000;
    return inTurn(context, 'reconcile', async () => {
      if (this.everyMs > 0 && Date.now() >= this.scheduleAtMs) {
        this.scheduleAtMs = Date.now() + Math.min(SCHEDULE_LOOK_MS, this.everyMs);
        await this.schedule(context);
      }
      const running = await openReconciliation(context.pool, context.destination.name);
      return running ? this.step(context, readBack, running) : IDLE_MS;
    });
  }

  /** Asks for what was accepted since the last one of the schedule and has not been seen, where it is time. */
  private async schedule({ pool, destination }: DutyContext): Promise<void> {
    const { name } = destination;
    await inTransaction(pool, async (client) => {
      const { rows: last } = await client.query<{ settledUntil: Date; isDue: boolean }>(
        `SELECT settled_until AS "settledUntil", created_at <= clock_timestamp() - $2 * interval '1 millisecond' AS "isDue"
           FROM reconciliation WHERE destination = $1 AND settled_from IS NOT NULL ORDER BY created_at DESC LIMIT 1`,
        [name, this.everyMs],
      );
      if (last[0] && !last[0].isDue) return;
      // What was accepted within the settle time of the last one was not judged by it.
      const { rows } = await client.query<{ settledFrom: Date; fromPos: bigint | null; toPos: bigint | null }>(
        `SELECT f.at AS "settledFrom", min(b.from_pos) AS "fromPos", max(b.to_pos) AS "toPos"
           FROM (SELECT coalesce($2::timestamptz, clock_timestamp() - $3 * interval '1 millisecond') - $4 * interval '1 millisecond' AS at) AS f
           LEFT JOIN delivery_batch b ON b.destination = $1 AND b.state = 'accepted' AND b.settled_at > f.at
                AND b.settled_at <= clock_timestamp() - $4 * interval '1 millisecond'
          GROUP BY f.at`,
        [name, last[0]?.settledUntil ?? null, this.everyMs, this.policy.settleMs],
      );
      const found = rows[0];
      if (!found || found.fromPos === null || found.toPos === null) return;
      await insertReconciliation(client, {
        destination: name,
        fromPos: found.fromPos,
        toPos: found.toPos,
        settledFrom: found.settledFrom,
        sendsMissing: true,
        by: 'schedule',
      });
    });
  }

  /** Compares the next batches. @returns milliseconds until the step after it */
  private async step(context: DutyContext, readBack: ReadBack, running: Running): Promise<number> {
    const { pool, destination, stop } = context;
    const { settleMs, budget } = this.policy;
    const batches = await nextBatches(pool, destination.name, running, settleMs, readBack.mostBatches - 2 * NEIGHBOURS);
    if (batches.length === 0) {
      await finish(pool, running.id);
      return IDLE_MS;
    }
    const looks = new BudgetedLooks(pool, destination.name, 'reconciliation', budget, stop);
    const neighbours = await neighboursOf(pool, destination.name, batches);
    const look = await countBatches(pool, looks, readBack, [...neighbours, ...batches]);
    if (look.kind !== 'seen') return this.wait(context, running, look);
    await observeWhole(pool, look.found);
    const step = new ReconcileStep(context, readBack, looks, look.found, running);
    const judged = await step.judge(batches);
    if (judged.kind !== 'seen') return this.wait(context, running, judged);
    if (await step.keep(judged.found)) context.lookEverywhere();
    return NO_PAUSE_MS;
  }

  private async wait({ pool }: DutyContext, { id }: Running, look: Look<unknown>): Promise<number> {
    const reason = 'reason' in look ? look.reason : 'an answer';
    await pool.query(`UPDATE reconciliation SET waits_for = $2 WHERE id = $1`, [id, reason]);
    return Math.max(WAIT_MS, look.kind === 'later' ? Math.min(look.waitMs ?? 0, 60_000) : 0);
  }
}

type Explain = (event: SentEvent, nowMs: number) => Absence;

/** One step: some hundred batches, judged by one count and as many lists as that needs. */
class ReconcileStep {
  private explained: Explain | undefined;

  constructor(
    private readonly context: DutyContext,
    private readonly readBack: ReadBack,
    private readonly looks: BudgetedLooks,
    private readonly counted: Counted,
    private readonly running: Running,
  ) {}

  /** Judges batches in their order, as far as one step goes; the others are left for the next. */
  async judge(batches: readonly Sought[]): Promise<Look<Judged[]>> {
    const asked = new Set(this.counted.batches.map((batch) => batch.id));
    const judged: Judged[] = [];
    let listed = 0;
    const inReach = batches.filter((batch) => asked.has(batch.id));
    for (const batch of inReach) {
      const count = this.counted.counts.get(batch.id);
      const isSample = batch === inReach.at(-1);
      if (!isSample && isWhole(batch, count) && count?.logs === batch.count - batch.purged) {
        judged.push(nothingFound(batch));
        continue;
      }
      if (listed >= MOST_LISTED) break;
      // Where nothing is there, nothing is listed.
      if (count || this.isAnythingVisible) listed += 1;
      const look = await this.judgeOne(batch);
      // What was judged before counts; this one is asked for again.
      if (look.kind !== 'seen') return judged.length > 0 ? { kind: 'seen', found: judged } : look;
      judged.push(look.found);
    }
    return { kind: 'seen', found: judged };
  }

  /** Writes down what was found, sends what may be sent, and moves the cursor. @returns whether anything is sent */
  async keep(judged: readonly Judged[]): Promise<boolean> {
    const { pool, destination } = this.context;
    const last = judged.at(-1)?.batch;
    if (!last) return false;
    return inTransaction(pool, async (client) => {
      // Another forwarder may have done this step meanwhile.
      const { rows } = await client.query(
        `SELECT 1 FROM reconciliation WHERE id = $1 AND next_pos = $2 AND next_batch = $3 AND state <> 'finished' FOR UPDATE`,
        [this.running.id, this.running.nextPos, this.running.nextBatch],
      );
      if (rows.length === 0) return false;
      let resent = 0;
      for (const one of judged) {
        if (one.missing.length > 0) await keepLook(client, one.batch, this.counted.counts.get(one.batch.id));
        await keepObservations(client, destination.name, one.batch.id, one.there);
        resent += await this.keepFindings(client, one);
      }
      const sum = (of: (one: Judged) => number) => judged.reduce((all, one) => all + of(one), 0);
      await client.query(
        `UPDATE reconciliation SET state = 'running', waits_for = NULL, next_pos = $2, next_batch = $3, batches = batches + $4,
                checked = checked + $5, compared = compared + $6, missing = missing + $7, resent = resent + $8,
                duplicated = duplicated + $9, truncated = truncated + $10, altered = altered + $11 WHERE id = $1`,
        [
          this.running.id,
          last.fromPos,
          last.id,
          judged.length,
          sum((one) => one.checked),
          sum((one) => one.compared),
          sum((one) => one.missing.length),
          resent,
          sum((one) => one.duplicated.copies),
          sum((one) => one.truncated.positions.length),
          sum((one) => one.altered.positions.length),
        ],
      );
      return resent > 0;
    });
  }

  private async judgeOne(batch: Sought): Promise<Look<Judged>> {
    const { pool, selections } = this.context;
    const events = await batchEvents(pool, selections, batch);
    const count = this.counted.counts.get(batch.id);
    const found = nothingFound(batch);
    let missing: readonly RecordedEvent[] = events;
    const hidden = await this.hidden(batch, events, count);
    if (hidden.kind !== 'seen') return hidden;
    if (hidden.found) missing = hidden.found;
    else if (count && count.logs > 0) {
      const { window } = this.counted;
      const listed = await listLogs(this.looks, this.readBack, { batch: batch.id }, window);
      if (listed.kind !== 'seen') return listed;
      const compared = compareIds(events, listed.found);
      found.there = compared.there;
      missing = compared.missing;
      this.compareLogs(found, events);
    }
    const known = await this.seenElsewhere(batch, missing);
    if (known.kind !== 'seen') return known;
    const absent = missing.filter((event) => !known.found.has(event.position));
    for (const [position, log] of known.found) if (log) this.noteTruncated(found, position, log);
    if (absent.length === 0) return { kind: 'seen', found };
    const explained = await this.explain();
    if (explained.kind !== 'seen') return explained;
    for (const event of absent) {
      const absence = this.absenceOf(batch, event, explained.found);
      found.missing.push({
        event,
        absence: this.isAnythingVisible || !MAY_BE_LOST.has(absence.cause) ? absence : NOTHING_VISIBLE,
      });
    }
    return { kind: 'seen', found };
  }

  /**
   * Those of a batch's events that an exclusion filter hides, where that explains the count exactly: nothing has to be listed then,
   * which an index that hides something of every batch would make dear.
   * @returns undefined where it does not
   */
  private async hidden(
    batch: Sought,
    events: readonly RecordedEvent[],
    count: BatchCount | undefined,
  ): Promise<Look<RecordedEvent[] | undefined>> {
    if (!count || count.logs !== count.events || count.events >= events.length)
      return { kind: 'seen', found: undefined };
    const explained = await this.explain();
    if (explained.kind !== 'seen') return explained;
    const hidden = events.filter((event) => this.absenceOf(batch, event, explained.found).cause === 'exclusion-filter');
    return { kind: 'seen', found: hidden.length === events.length - count.events ? hidden : undefined };
  }

  private absenceOf(batch: Sought, event: RecordedEvent, explain: Explain): Absence {
    const nowMs = Date.now();
    const rendered = this.context.destination.render(event, { ...batch, batch: batch.id });
    const occurredAt = event.occurredAt ?? event.recordedAt;
    const acceptedAtMs = batch.settledAtMs ?? nowMs;
    return explain({ rendered, occurredAt, acceptedAtMs, oldOnesAreSeen: this.isLateVisible }, nowMs);
  }

  /** Copies, and what the listed logs lack or hold otherwise. */
  private compareLogs(found: Judged, events: readonly RecordedEvent[]): void {
    const { batch } = found;
    const byPosition = new Map(events.map((event) => [event.position, event]));
    const seen = new Set<bigint>();
    for (const { position, log } of found.there) {
      if (seen.has(position)) {
        found.duplicated.copies += 1;
        found.duplicated.positions.push(String(position));
      }
      seen.add(position);
      const event = byPosition.get(position);
      if (!event) continue;
      const rendered = this.context.destination.render(event, {
        batch: batch.id,
        attempt: log.attempt ?? batch.attempt,
        lane: batch.lane,
        mappingVersion: batch.mappingVersion,
      });
      const { gone, altered } = this.readBack.compare(rendered, log);
      if (gone.length > 0) this.noteTruncated(found, position, log, gone);
      if (altered.length > 0) {
        found.altered.positions.push(String(position));
        found.altered.detail ||= `other values in ${altered.join(', ')}, for example in log ${log.id}`;
      }
    }
    found.compared = seen.size;
  }

  private noteTruncated(found: Judged, position: bigint, log: SeenLog, gone?: readonly string[]): void {
    found.truncated.positions.push(String(position));
    const what = gone ? `${gone.join(', ')} gone` : 'the log is there as text only, its attributes are gone';
    found.truncated.detail ||= `${what}, for example in log ${log.id}`;
  }

  /**
   * Events that are to be seen elsewhere: under another batch that sent them, or as text without attributes (then with that log). Asked by
   * id only where there is such another batch; of the others the first hundred, as a log is truncated only in rare cases.
   */
  private async seenElsewhere(
    batch: Sought,
    missing: readonly RecordedEvent[],
  ): Promise<Look<Map<bigint, SeenLog | undefined>>> {
    const found = new Map<bigint, SeenLog | undefined>();
    if (missing.length === 0) return { kind: 'seen', found };
    const elsewhere = await sentElsewhere(this.context.pool, batch, missing);
    const alone = missing.filter((event) => !elsewhere.has(event.position)).slice(0, this.readBack.mostIds);
    const asked = [...missing.filter((event) => elsewhere.has(event.position)), ...alone];
    // Where nothing is visible, nothing will be found.
    if (!this.isAnythingVisible) return { kind: 'seen', found };
    for (let at = 0; at < asked.length; at += this.readBack.mostIds) {
      const chunk = asked.slice(at, at + this.readBack.mostIds);
      const ids = chunk.map(eventIdOf);
      const look = await listLogs(this.looks, this.readBack, { ids }, this.counted.window);
      if (look.kind !== 'seen') return look;
      for (const event of chunk) {
        const id = eventIdOf(event);
        if (look.found.some((log) => log.eventId === id)) found.set(event.position, undefined);
        else {
          const asText = look.found.find(
            (log) => log.eventId === undefined && JSON.stringify(log.content).includes(id),
          );
          if (asText) found.set(event.position, asText);
        }
      }
    }
    return { kind: 'seen', found };
  }

  private async explain(): Promise<Look<Explain>> {
    if (this.explained) return { kind: 'seen', found: this.explained };
    const look = await this.looks.ask((signal) => this.readBack.explain(signal));
    if (look.kind === 'seen') this.explained = look.found;
    return look;
  }

  /** Whether any batch of that time shows: else its absence says more about our key than about the batch. */
  private get isAnythingVisible(): boolean {
    return this.counted.counts.size > 0;
  }

  /** Whether more of a batch shows than those of its events that were young enough to show at their own time. */
  private get isLateVisible(): boolean {
    return this.counted.batches.some((batch) => {
      const count = this.counted.counts.get(batch.id);
      return batch.late > 0 && count !== undefined && count.events > batch.count - batch.purged - batch.late;
    });
  }

  /** @returns how many events are sent again */
  private async keepFindings(client: Parameters<typeof insertPart>[0], one: Judged): Promise<number> {
    const { batch } = one;
    const byCause = new Map<AbsenceCause, Judged['missing']>();
    for (const missing of one.missing) {
      const { cause } = missing.absence;
      byCause.set(cause, [...(byCause.get(cause) ?? []), missing]);
    }
    let resent = 0;
    for (const [cause, missing] of byCause) {
      const events = missing.map(({ event }) => event);
      const isSent = MAY_BE_LOST.has(cause) && this.running.sendsMissing;
      const sendable = isSent ? await unsentSince(client, batch, events) : [];
      const part = sendable.length > 0 ? await this.resend(client, batch, sendable) : null;
      resent += sendable.length;
      const positions = events.map((event) => String(event.position));
      const detail = missing[0]?.absence.detail ?? '';
      await insertFinding(client, this.running.id, {
        batch: batch.id,
        kind: 'missing',
        cause,
        detail,
        positions,
        part,
      });
    }
    for (const kind of ['duplicated', 'truncated', 'altered'] as const) {
      const { positions } = one[kind];
      if (positions.length === 0) continue;
      const detail = kind === 'duplicated' ? `${one.duplicated.copies} copies more` : one[kind].detail;
      await insertFinding(client, this.running.id, { batch: batch.id, kind, cause: '', detail, positions, part: null });
    }
    return resent;
  }

  private async resend(
    client: Parameters<typeof insertPart>[0],
    batch: Sought,
    events: readonly RecordedEvent[],
  ): Promise<bigint> {
    // What monitors leave out stays left out; backfill is lent to others, so it goes with the replays.
    const lane = batch.lane === 'live' ? 'catchup' : batch.lane === 'backfill' ? 'replay' : batch.lane;
    const from = events[0]?.position;
    const to = (events.at(-1)?.position ?? 0n) + 1n;
    const { rows } = await client.query<{ id: bigint }>(
      `INSERT INTO delivery_range (destination, lane, from_pos, next_pos, to_pos) VALUES ($1, $2, $3, $4, $4) RETURNING id`,
      [batch.destination, lane, from, to],
    );
    const range = rows[0]?.id;
    if (range === undefined) throw new TypeError('an INSERT returned no row');
    return insertPart(client, this.context, { ...batch, uncertain: 0 }, events, { range, lane, isResend: true });
  }
}

/** What is sent again, once: a hidden copy more is better than an event that is not there. */
const MAY_BE_LOST: ReadonlySet<AbsenceCause> = new Set(['lost', 'unknown']);

const NOTHING_VISIBLE: Absence = {
  cause: 'permission',
  detail:
    'nothing of that time can be seen with this key: it lacks a right (logs_read_data, logs_read_index_data), or no index holds any of it',
};

function nothingFound(batch: Sought): Judged {
  return {
    batch,
    checked: batch.count - batch.purged,
    compared: 0,
    missing: [],
    duplicated: { positions: [], copies: 0 },
    truncated: { positions: [], detail: '' },
    altered: { positions: [], detail: '' },
    there: [],
  };
}

async function openReconciliation(db: Queryable, destination: string): Promise<Running | undefined> {
  const { rows } = await db.query<Running>(
    `SELECT id, from_pos AS "fromPos", to_pos AS "toPos", next_pos AS "nextPos", next_batch AS "nextBatch",
            settled_from AS "settledFrom", settled_until AS "settledUntil", sends_missing AS "sendsMissing", created_by AS "createdBy"
       FROM reconciliation WHERE destination = $1 AND state <> 'finished' ORDER BY created_at LIMIT 1`,
    [destination],
  );
  return rows[0];
}

/** The next accepted batches behind the cursor, by their first position. */
async function nextBatches(
  db: Queryable,
  destination: string,
  running: Running,
  settleMs: number,
  limit: number,
): Promise<Sought[]> {
  const { rows } = await db.query<Sought>(
    `SELECT ${SOUGHT_COLUMNS} FROM delivery_batch b
      WHERE b.destination = $1 AND b.from_pos >= $2 AND b.from_pos < $3 AND (b.from_pos, b.id) > ($2, $4) AND b.to_pos > $9
        AND b.state IN ('accepted', 'observed') AND ($5::timestamptz IS NULL OR (b.state = 'accepted' AND b.settled_at > $5))
        AND b.settled_at <= $6::timestamptz - $7 * interval '1 millisecond' AND b.count > b.purged
      ORDER BY b.from_pos, b.id LIMIT $8`,
    [
      destination,
      running.nextPos,
      running.toPos,
      running.nextBatch,
      running.settledFrom,
      running.settledUntil,
      settleMs,
      limit,
      running.fromPos,
    ],
  );
  return rows;
}

/** Batches that were accepted just before and just after these. */
async function neighboursOf(db: Queryable, destination: string, batches: readonly Sought[]): Promise<Sought[]> {
  const ids = batches.map((batch) => batch.id);
  const settled = batches.map((batch) => batch.settledAtMs ?? 0);
  const { rows } = await db.query<Sought>(
    `(SELECT ${SOUGHT_COLUMNS} FROM delivery_batch b
       WHERE b.destination = $1 AND b.state IN ('accepted', 'observed') AND b.settled_at <= to_timestamp($2 / 1000.0)
         AND b.count > b.purged AND b.id <> ALL($4) ORDER BY b.settled_at DESC LIMIT $5)
     UNION ALL
     (SELECT ${SOUGHT_COLUMNS} FROM delivery_batch b
       WHERE b.destination = $1 AND b.state IN ('accepted', 'observed') AND b.settled_at > to_timestamp($3 / 1000.0)
         AND b.count > b.purged AND b.id <> ALL($4) ORDER BY b.settled_at LIMIT $5)`,
    [destination, Math.min(...settled), Math.max(...settled), ids, NEIGHBOURS],
  );
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

/** Of these positions, those that another batch of this destination may have brought as well. */
async function sentElsewhere(
  db: Queryable,
  batch: Sought,
  events: readonly RecordedEvent[],
): Promise<ReadonlySet<bigint>> {
  const { rows } = await db.query<{ position: bigint }>(
    `SELECT p.position FROM unnest($3::bigint[]) AS p (position)
      WHERE EXISTS (SELECT FROM delivery_batch b WHERE b.destination = $1 AND b.id <> $2 AND b.state IN ('accepted', 'observed', 'split', 'doubt')
                       AND b.from_pos > p.position - ${LONGEST_BATCH_POSITIONS} AND b.from_pos <= p.position AND b.to_pos > p.position
                       AND (b.only_positions IS NULL OR p.position = ANY(b.only_positions)) AND b.attempt > 0)`,
    [batch.destination, batch.id, events.map((event) => event.position)],
  );
  return new Set(rows.map(({ position }) => position));
}

/** Of these events, those that were never seen one by one and never sent again; none where their batch was once seen whole. */
async function unsentSince(db: Queryable, batch: Sought, events: readonly RecordedEvent[]): Promise<RecordedEvent[]> {
  if (batch.state === 'observed' || batch.isResend) return [];
  const { rows } = await db.query<{ position: bigint }>(
    `SELECT p.position FROM unnest($2::bigint[]) AS p (position)
      WHERE NOT EXISTS (SELECT FROM delivery_batch b WHERE b.destination = $1 AND b.is_resend AND b.from_pos > p.position - ${LONGEST_BATCH_POSITIONS}
                           AND b.from_pos <= p.position AND b.to_pos > p.position AND p.position = ANY(b.only_positions))
        AND NOT EXISTS (SELECT FROM delivery_observation o WHERE o.destination = $1 AND o.position = p.position)`,
    [batch.destination, events.map((event) => event.position)],
  );
  const allowed = new Set(rows.map(({ position }) => position));
  return events.filter((event) => allowed.has(event.position));
}

async function insertFinding(
  db: Queryable,
  reconciliation: string,
  found: { batch: bigint; kind: string; cause: string; detail: string; positions: string[]; part: bigint | null },
): Promise<void> {
  await db.query(
    `INSERT INTO reconciliation_finding (reconciliation, batch, kind, cause, detail, count, positions, resent_in)
     VALUES ($1, $2, $3, $4, $5, $6, $7::text[]::bigint[], $8)`,
    [
      reconciliation,
      found.batch,
      found.kind,
      found.cause,
      found.detail,
      found.positions.length,
      found.positions.slice(0, MOST_NAMED),
      found.part,
    ],
  );
}

/** Ends it, and puts the outcome on the record. */
async function finish(pool: DutyContext['pool'], id: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{
      destination: string;
      fromPos: bigint;
      toPos: bigint;
      checked: bigint;
      missing: bigint;
      resent: bigint;
      duplicated: bigint;
      altered: bigint;
      truncated: bigint;
      by: string;
    }>(
      `UPDATE reconciliation SET state = 'finished', finished_at = clock_timestamp(), waits_for = NULL, next_pos = to_pos
        WHERE id = $1 AND state <> 'finished'
        RETURNING destination, from_pos AS "fromPos", to_pos AS "toPos", checked, missing, resent, duplicated, altered, truncated,
                  created_by AS by`,
      [id],
    );
    const done = rows[0];
    if (!done) return;
    await enqueueOutbox(client, {
      type: 'reconciliation.finished',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: {
        reconciliation: id,
        destination: done.destination,
        from: String(done.fromPos),
        to: String(done.toPos),
        outcome: done.missing + done.duplicated + done.altered + done.truncated > 0n ? 'failure' : 'success',
        checked: Number(done.checked),
        missing: Number(done.missing),
        resent: Number(done.resent),
        duplicated: Number(done.duplicated),
        altered: Number(done.altered + done.truncated),
        by: done.by,
      },
    });
  });
}
