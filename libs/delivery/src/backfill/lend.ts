import type pg from 'pg';
import { explainAbsences, inTransaction, type RecordedEvent } from '#record';
import type { Answer } from '../answer.js';
import { type LaterAnswer, LocalLedger } from '../batch-ledger.js';
import { type Cutter, cutBatch } from '../cut.js';
import { DeliveryError } from '../errors.js';
import {
  BATCH_COLUMNS,
  type BatchDraft,
  type ClaimedBatch,
  claimBatch,
  type DestinationState,
  digestIds,
  type Rate,
  type Settled,
  waitingBatches,
} from '../ledger.js';
import type { RetryPolicy } from '../retry.js';
import type { Selections } from '../selection.js';
import { type BackfillState, backfillUnknown, finishIfDone, say } from './backfill.js';

// Lending in brief: the record's side of a backfill. It knows neither the destination's address nor its secrets nor its mapping: the
// sender says with each lease what a request may hold. Batches are cut by the recorded bytes; where the mapped ones turn out to be
// too many, the sender has the batch split, as it does at a 413. Claims, fencing and settlements are those of every other lane.

/** What a sender says when it asks for a batch. */
export interface LeaseRequest {
  /** Names the process that asks, for as long as it runs. */
  sender: string;
  /** How long it has for a batch, and the backfill for itself after its last word. */
  leaseMs: number;
  maxEvents: number;
  maxBytes: number;
  mappingVersions: readonly number[];
  /** The destination's rate, over all its lanes. */
  rate?: Rate | undefined;
}

/** A batch to send, or why there is none: to be asked again after a while, or never where the backfill is over. */
export type Lease = { state: BackfillState } & (
  | { batch: ClaimedBatch; waitMs?: undefined }
  /** `why`: where it is worth a word; null where the last requests are under way. */
  | { batch?: undefined; waitMs: number; why: string | null }
);

/** What became of a lent batch. */
export type LentResult =
  | { outcome: 'accepted'; answer: Answer; purged: number; late: number; elapsedMs: number }
  | { outcome: 'later'; answer: LaterAnswer; elapsedMs: number }
  /** In two, the second of which begins at this position. */
  | { outcome: 'split'; at: bigint; answer: Answer & { reason: string }; elapsedMs: number }
  /** @param body the one event as it was rendered */
  | { outcome: 'dead'; body: string; answer: Answer & { reason: string }; elapsedMs: number }
  /** @param probe as it was lent: whether the gate of its destination waits for it */
  | { outcome: 'unsent'; probe: boolean }
  /** The destination takes requests, whatever it says to this one; the batch stays lent. */
  | { outcome: 'reopened' };

const MAX_OPEN = 64;
/** Ranges without anything to send that one request looks through. */
const LOOKS = 20;
const REST_MS = 1_000;
/** While the last batches are under way. */
const END_MS = 250;
/** While live or catch-up wait for a free place, one batch at a time, and this long between two. */
const GIVE_WAY_MS = 2_000;
/** A live batch that is due for longer than this waits: the destination takes no more side by side. */
const LIVE_WAITS_MS = 1_000;
/** Forwarders say twice a minute that they have a destination; without one, live waits for nobody. */
const ANNOUNCED_MS = 90_000;

/**
 * Lends the next batch of a backfill: one that is due again, or the next one of its range. Durable when it resolves. Where all of
 * it is cut and settled, the backfill ends here.
 * @throws DELIVERY_BACKFILL_UNKNOWN, DELIVERY_BACKFILL_HELD, DELIVERY_MAPPING_UNKNOWN
 */
export async function lendBatch(
  pool: pg.Pool,
  selections: Selections,
  id: string,
  request: LeaseRequest,
): Promise<Lease> {
  const held = await hold(pool, id, request);
  if (held.state !== 'running') {
    return { state: held.state, waitMs: REST_MS, why: held.state === 'paused' ? 'it is paused' : 'it is over' };
  }
  const { destination } = held;
  const gate = await readGate(pool, destination);
  if (gate.isHeld) return { state: 'running', waitMs: REST_MS, why: `${destination} is paused in the configuration` };
  if (gate.liveWaits && !(await restedSince(pool, id, GIVE_WAY_MS))) {
    return { state: 'running', waitMs: REST_MS, why: 'live events go first' };
  }
  const cutter: Cutter = {
    name: destination,
    limits: { count: request.maxEvents, goalBytes: request.maxBytes, maxBytes: request.maxBytes },
    mappingVersions: request.mappingVersions,
    measure: (event) => event.body.length,
    render: (event) => event.body.toString('utf8'),
  };
  for (let looks = 0; looks < LOOKS; looks++) {
    for (const { batch, attempt } of await waitingBatches(pool, destination, 'backfill', 4, false, id)) {
      const { leaseMs, mappingVersions, rate } = request;
      const claimed = await claimBatch(pool, { destination, batch, attempt, leaseMs, mappingVersions, rate });
      if (!claimed) continue;
      if ('waitMs' in claimed) return { state: 'running', waitMs: claimed.waitMs, why: "the destination's rate" };
      return { state: 'running', batch: claimed };
    }
    const cut = await cutBatch(pool, cutter, 'backfill', selections, {
      maxOpen: MAX_OPEN,
      maxWaiting: MAX_OPEN,
      jumpPositions: 0n,
      plan: id,
    });
    if (cut.kind === 'idle' || cut.kind === 'full' || (cut.kind === 'passed' && !cut.more)) {
      if (await finishIfDone(pool, id)) return lendBatch(pool, selections, id, request);
      return gate.state === 'delivering'
        ? { state: 'running', waitMs: END_MS, why: null }
        : { state: 'running', waitMs: REST_MS, why: `${destination} is ${gate.state}: ${gate.reason}` };
    }
  }
  // Nothing of what was looked through is to be sent.
  return { state: 'running', waitMs: 0, why: null };
}

/** Gives the backfill back, so that another process need not wait until its hold ends. */
export async function releaseBackfill(pool: pg.Pool, id: string, sender: string): Promise<void> {
  await pool.query('UPDATE delivery_plan SET holder = NULL, held_until = NULL WHERE id = $1 AND holder = $2', [
    id,
    sender,
  ]);
}

/**
 * Settles a lent batch as its own lane would have. A result of an attempt whose lease went to somebody else changes nothing.
 * @throws DELIVERY_BATCH_UNKNOWN; DELIVERY_RESULT_INVALID where it does not fit the batch
 */
export async function settleLent(
  pool: pg.Pool,
  ledgerOf: { selections: Selections; policy: RetryPolicy },
  lent: { backfill: string; batch: bigint; attempt: number },
  result: LentResult,
): Promise<Settled & { delayMs?: number }> {
  const ledger = new LocalLedger(pool, ledgerOf.selections, ledgerOf.policy);
  const batch = await lentBatch(pool, lent);
  switch (result.outcome) {
    case 'accepted': {
      const { answer, purged, late, elapsedMs } = result;
      if (purged + late > batch.count) throw resultInvalid(`batch ${batch.id} holds ${batch.count} events`);
      return ledger.accepted(batch, answer, { purged, late, elapsedMs });
    }
    case 'later':
      return ledger.later(batch, result.answer, result.elapsedMs);
    case 'split': {
      const { answer, elapsedMs } = result;
      const parts = partsAt(batch, await ledger.eventsOf(batch), result.at);
      const uncertain = batch.uncertain + Number(answer.kind === 'retry' && answer.mayBeStored);
      const { parts: _, ...settled } = await ledger.split({ ...batch, uncertain }, parts, answer, elapsedMs);
      return settled;
    }
    case 'dead': {
      const [event, ...others] = await ledger.eventsOf(batch);
      if (!event || others.length > 0) throw resultInvalid(`batch ${batch.id} holds more than one event`);
      return ledger.dead(batch, event, result.body, { answer: result.answer, elapsedMs: result.elapsedMs });
    }
    case 'unsent':
      await ledger.unsent({ ...batch, probe: result.probe });
      return { held: true };
    case 'reopened': {
      const turned = await ledger.reopened(batch);
      return { held: true, ...(turned ? { turned } : {}) };
    }
    default:
      return result satisfies never;
  }
}

/**
 * Positions of a lent batch that have neither a row nor a purge that accounts for them.
 * @throws DELIVERY_BATCH_UNKNOWN
 */
export async function missingOfLent(pool: pg.Pool, lent: { backfill: string; batch: bigint }): Promise<bigint[]> {
  const { fromPos, toPos } = await lentBatch(pool, { ...lent, attempt: 0 });
  return (await explainAbsences(pool, fromPos, toPos)).missing;
}

interface Held {
  state: BackfillState;
  destination: string;
}

/** Takes the backfill for this sender, or keeps it; the first one starts it. */
async function hold(pool: pg.Pool, id: string, { sender, leaseMs, mappingVersions }: LeaseRequest): Promise<Held> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<
      Held & { mappingVersion: number; starts: boolean; isOthers: boolean; forMs: number | null }
    >(
      `SELECT state, destination, mapping_version AS "mappingVersion",
              coalesce(holder <> $2 AND held_until > clock_timestamp(), false) AS "isOthers",
              (extract(epoch FROM held_until - clock_timestamp()) * 1000)::float8 AS "forMs"
         FROM delivery_plan WHERE id = $1 AND kind = 'backfill' FOR UPDATE`,
      [id, sender],
    );
    const plan = rows[0];
    if (!plan) throw backfillUnknown(id);
    const { state, destination, mappingVersion } = plan;
    if (state === 'finished' || state === 'cancelled') return { state, destination };
    if (plan.isOthers) throw heldByAnother(id, plan.forMs ?? 0);
    if (!mappingVersions.includes(mappingVersion)) {
      throw new DeliveryError({
        code: 'DELIVERY_MAPPING_UNKNOWN',
        message: `backfill ${id} was planned with version ${mappingVersion} of the mapping; this sender knows ${mappingVersions.join(', ')}`,
        remedy: 'Send it with the version of affidavit that planned it or a newer one, or cancel it and plan another.',
        retry: 'never',
      });
    }
    await client.query(
      `UPDATE delivery_plan SET holder = $2, held_until = clock_timestamp() + $3 * interval '1 millisecond',
              state = CASE WHEN state = 'planned' THEN 'running' ELSE state END, started_at = coalesce(started_at, clock_timestamp())
        WHERE id = $1`,
      [id, sender, leaseMs],
    );
    if (state !== 'planned') return { state, destination };
    await say(client, 'backfill.started', { backfill: id });
    return { state: 'running', destination };
  });
}

interface Gate {
  isHeld: boolean;
  state: DestinationState;
  reason: string | null;
  /** Live or catch-up have more than the destination takes. */
  liveWaits: boolean;
}

async function readGate(pool: pg.Pool, destination: string): Promise<Gate> {
  const { rows } = await pool.query<Gate>(
    `SELECT d.is_held AS "isHeld", d.state, d.reason,
            d.state = 'delivering' AND d.announced_at > clock_timestamp() - $2 * interval '1 millisecond'
              AND EXISTS (SELECT FROM delivery_batch b WHERE b.destination = d.destination AND b.lane IN ('live', 'catchup')
                             AND b.state = 'due' AND b.due_at < clock_timestamp() - $3 * interval '1 millisecond') AS "liveWaits"
       FROM delivery_destination d WHERE d.destination = $1`,
    [destination, ANNOUNCED_MS, LIVE_WAITS_MS],
  );
  if (!rows[0]) throw new TypeError(`the delivery ledger has no destination ${destination}`);
  return rows[0];
}

/** Whether nothing of it is under way, and nothing was for so long. */
async function restedSince(pool: pg.Pool, id: string, restMs: number): Promise<boolean> {
  const { rows } = await pool.query<{ rested: boolean }>(
    `SELECT coalesce(bool_and(b.state <> 'sending')
              AND max(b.settled_at) < clock_timestamp() - $2 * interval '1 millisecond', true) AS rested
       FROM delivery_range r JOIN delivery_batch b ON b.range = r.id WHERE r.plan = $1`,
    [id, restMs],
  );
  return rows[0]?.rested ?? true;
}

async function lentBatch(
  pool: pg.Pool,
  lent: { backfill: string; batch: bigint; attempt: number },
): Promise<ClaimedBatch> {
  const { rows } = await pool.query<Omit<ClaimedBatch, 'probe' | 'attempt'>>(
    `SELECT ${BATCH_COLUMNS}, d.failures FROM delivery_batch b JOIN delivery_destination d USING (destination)
       JOIN delivery_range r ON r.id = b.range WHERE b.id = $1 AND r.plan = $2`,
    [lent.batch, lent.backfill],
  );
  if (rows[0]) return { ...rows[0], attempt: lent.attempt, probe: false };
  throw new DeliveryError({
    code: 'DELIVERY_BATCH_UNKNOWN',
    message: `backfill ${JSON.stringify(lent.backfill)} has no batch ${lent.batch}`,
    remedy: 'Ask for a lease, and say what became of the batch that it names.',
    retry: 'never',
  });
}

/** Both parts of a batch, which together hold its events and cover its positions. */
function partsAt(batch: ClaimedBatch, events: readonly RecordedEvent[], at: bigint): BatchDraft[] {
  const first = events.filter((event) => event.position < at);
  const second = events.filter((event) => event.position >= at);
  if (first.length === 0 || second.length === 0) {
    throw resultInvalid(`position ${at} does not part the events of batch ${batch.id}`);
  }
  const held = (part: readonly RecordedEvent[]) => ({
    count: part.length,
    bytes: part.reduce((sum, event) => sum + event.body.length, 0),
    idsDigest: digestIds(part),
  });
  return [
    { fromPos: batch.fromPos, toPos: at, ...held(first) },
    { fromPos: at, toPos: batch.toPos, ...held(second) },
  ];
}

function resultInvalid(message: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_RESULT_INVALID',
    message,
    remedy: 'Say what became of the batch as it was lent.',
    retry: 'never',
  });
}

function heldByAnother(id: string, forMs: number): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_BACKFILL_HELD',
    message: `another process sends backfill ${id}; unless it says more, it has it for ${Math.ceil(forMs / 1_000)} s`,
    remedy: 'End that process, or let it finish. If it was killed, wait until its time is over.',
    retry: 'later',
  });
}
