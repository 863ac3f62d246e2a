import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises';
import { AffidavitError } from '#events';
import type { RecordedEvent } from '#record';
import type { Admission, Pass } from './admission.js';
import type { Answer } from './answer.js';
import type { BatchLedger } from './batch-ledger.js';
import type { Destination, Lane } from './destination.js';
import { type BatchDraft, type ClaimedBatch, digestIds, eventIdOf, type RateWait, type Settled } from './ledger.js';
import type { DeliveryObserver } from './observer.js';
import type { RetryPolicy } from './retry.js';

/** What deliveries of a destination need beside the batch. */
export interface Delivery {
  ledger: BatchLedger;
  destination: Destination;
  admission: Admission;
  observer: DeliveryObserver;
  policy: RetryPolicy;
  /** How long a claim holds; beyond it another forwarder takes the batch over. */
  leaseMs: number;
  /** Whole time of one request. Less than the lease. */
  requestTimeoutMs: number;
  /** Ends attempts under way. */
  stop: AbortSignal;
}

/** What is to be done after a delivery. */
export interface AfterDelivery {
  /** Attempts to wake for, with their delays. */
  wake: { batch: bigint; attempt: number; delayMs: number }[];
  /** True where the destination works again, so that everything that waited is due. */
  reopened: boolean;
}

/** A destination that took something this short ago is there, and reads what we send. */
const KNOWN_GOOD_MS = 60_000;
const CHECK_TIMEOUT_MS = 5_000;
/**
 * How long an accepted batch is tried to be settled while Postgres is away, and how often: given up, it would be sent a second time.
 * Past the lease, too: the settlement holds unless another forwarder took the batch over.
 */
const SETTLE_PATIENCE_MS = 10 * 60_000;
const SETTLE_AGAIN_MS = 250;
const RENDERED_AT_ONCE = 100;

/** Delivers batches of one destination. Holds no state but when it was last accepted. */
export class BatchDelivery {
  private acceptedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly delivery: Delivery) {}

  /**
   * One attempt at a batch: claims it, sends its events and settles it in the ledger.
   * @param claim takes the batch; undefined where there is none that is ours to send
   * @returns undefined where nothing was claimed
   * @throws what the ledger throws; the batch is then due again, or will be once its lease ends
   */
  async deliver(
    lane: Lane,
    claim: () => Promise<ClaimedBatch | RateWait | undefined>,
    claimed: () => void = () => undefined,
  ): Promise<AfterDelivery | undefined> {
    const { admission, stop } = this.delivery;
    for (;;) {
      const pass = await admission.enter(lane, stop);
      if (!pass) return undefined;
      try {
        const claimedAt = performance.now();
        const batch = await claim();
        if (!batch) return undefined;
        if ('waitMs' in batch) {
          admission.holdBack(batch.waitMs);
          continue;
        }
        claimed();
        return await this.attempt(batch, claimedAt, pass);
      } finally {
        pass.leave();
      }
    }
  }

  private async attempt(batch: ClaimedBatch, claimedAt: number, pass: Pass): Promise<AfterDelivery> {
    const { ledger, destination, leaseMs } = this.delivery;
    const events = await this.eventsOf(batch);
    const rendered = await this.render(batch, events);
    // What is left of the lease, with room for the settlement.
    const remainingMs = leaseMs * 0.9 - (performance.now() - claimedAt);
    if (remainingMs <= 0 || this.delivery.stop.aborted) {
      await ledger.unsent(batch);
      return { wake: [{ batch: batch.id, attempt: batch.attempt + 1, delayMs: 0 }], reopened: false };
    }
    const sentAt = performance.now();
    const late = destination.isLate ? events.filter((event) => destination.isLate?.(event)).length : 0;
    const answer = await this.send(rendered, Math.min(this.delivery.requestTimeoutMs, remainingMs));
    const elapsedMs = performance.now() - sentAt;
    pass.learn(answer, elapsedMs, events.length);
    return this.settle({ batch, events, rendered, late, answer, elapsedMs });
  }

  /** A thousand events take ten milliseconds: cutting, claims and answers of others come in between. */
  private async render(batch: ClaimedBatch, events: readonly RecordedEvent[]): Promise<string[]> {
    const { destination } = this.delivery;
    const { id, attempt, lane, mappingVersion } = batch;
    const context = { batch: id, attempt, lane, mappingVersion };
    const rendered: string[] = [];
    for (const event of events) {
      rendered.push(destination.render(event, context));
      if (rendered.length % RENDERED_AT_ONCE === 0) await immediately();
    }
    return rendered;
  }

  private async eventsOf(batch: ClaimedBatch): Promise<RecordedEvent[]> {
    const { ledger, observer } = this.delivery;
    const events = await ledger.eventsOf(batch);
    if (events.length === batch.count && !digestIds(events).equals(batch.idsDigest)) {
      observer.trouble(
        `batch ${batch.id} no longer holds the events it was cut from; sending what the record has`,
        undefined,
      );
    }
    // What retention purged was meant to go.
    const missing = events.length < batch.count ? await ledger.missing(batch) : [];
    if (missing.length > 0) {
      observer.trouble(
        `${missing.length} events of batch ${batch.id} are missing from the record, the first at position ${missing[0]}, and no purge accounts for them`,
        undefined,
      );
    }
    return events;
  }

  private async send(rendered: readonly string[], timeoutMs: number): Promise<Answer> {
    if (rendered.length === 0) return { kind: 'accepted', status: 0 };
    const { destination, stop } = this.delivery;
    return within(timeoutMs, stop, (signal) => destination.send(rendered, signal));
  }

  private async settle(attempt: Attempt): Promise<AfterDelivery> {
    const { batch, events, answer, elapsedMs, late } = attempt;
    const { ledger } = this.delivery;
    const seen = (held: boolean) => this.observe(batch, events.length, answer, elapsedMs, held);
    switch (answer.kind) {
      case 'accepted': {
        this.acceptedAt = performance.now();
        const settled = await this.insist(batch, () =>
          ledger.accepted(batch, answer, { purged: batch.count - events.length, late, elapsedMs }),
        );
        seen(settled.held);
        this.observeAccepted(batch, events);
        return { wake: [], reopened: this.observeTurn(settled) };
      }
      case 'too-large':
        seen(true);
        return this.narrowAndGoOn(attempt, answer);
      case 'invalid':
        seen(true);
        return this.judgeInvalid(attempt, answer);
      case 'retry':
      case 'refused':
      case 'unauthorized': {
        if (this.delivery.destination.readBack && answer.kind === 'retry' && answer.mayBeStored) {
          const settled = await ledger.doubt(batch, answer, elapsedMs);
          seen(settled.held);
          return this.again(batch, settled, answer.reason);
        }
        if (this.isTooSlow(attempt) || this.isStuck(attempt)) {
          seen(true);
          const uncertain = batch.uncertain + Number(answer.kind === 'retry' && answer.mayBeStored);
          return this.narrow({ ...attempt, batch: { ...batch, uncertain } }, answer);
        }
        const settled = await ledger.later(batch, answer, elapsedMs);
        seen(settled.held);
        return this.again(batch, settled, answer.reason);
      }
      default:
        return answer satisfies never;
    }
  }

  /** No answer in time, again: a receiver that needs longer for a whole batch than a request may take would get it for ever. */
  private isTooSlow({ batch, events, answer, elapsedMs }: Attempt): boolean {
    const { requestTimeoutMs, destination } = this.delivery;
    const wasLost = answer.kind === 'retry' && answer.status === undefined && answer.mayBeStored;
    const patienceMs = Math.min(requestTimeoutMs, destination.timeoutMs ?? requestTimeoutMs);
    return wasLost && events.length > 1 && batch.attempt > 1 && elapsedMs >= patienceMs * 0.95;
  }

  /** Others are taken, this one never is: one of its events makes the destination fail. The others should not wait with it. */
  private isStuck({ batch, events, answer }: Attempt): boolean {
    const fails = answer.kind === 'retry' && answer.status !== undefined && answer.status >= 500;
    const { failuresBeforeProbing } = this.delivery.policy;
    return fails && events.length > 1 && batch.attempt >= failuresBeforeProbing && this.isKnownGood();
  }

  private isKnownGood(): boolean {
    return performance.now() - this.acceptedAt < KNOWN_GOOD_MS;
  }

  private async insist<T>(batch: ClaimedBatch, settle: () => Promise<T>): Promise<T> {
    const { observer, stop } = this.delivery;
    const startedAt = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        return await settle();
      } catch (error) {
        const isFinal = error instanceof AffidavitError && error.retry === 'never';
        if (isFinal || stop.aborted || performance.now() - startedAt > SETTLE_PATIENCE_MS) throw error;
        if (tries === 1)
          observer.trouble(`batch ${batch.id} was accepted, but that could not be written down yet`, error);
        await sleep(SETTLE_AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
      }
    }
  }

  /** A bad event, or an address that answers 400 to everything? Only the first may end as dead letters. */
  private async judgeInvalid(attempt: Attempt, answer: Extract<Answer, { kind: 'invalid' }>): Promise<AfterDelivery> {
    const { batch, elapsedMs } = attempt;
    const { ledger, destination, stop } = this.delivery;
    if (!this.isKnownGood()) {
      const check = await within(CHECK_TIMEOUT_MS, stop, (signal) => destination.check(signal));
      if (check.kind !== 'accepted') {
        const reason = `answers ${answer.status} to everything, also without an event: ${answer.reason}`;
        const verdict = check.kind === 'invalid' || check.kind === 'too-large' ? { ...answer, reason } : check;
        const settled = await ledger.later(batch, verdict, elapsedMs);
        return this.again(batch, settled, verdict.reason);
      }
      this.acceptedAt = performance.now();
    }
    return this.narrowAndGoOn(attempt, answer);
  }

  /** It reads requests, whatever it makes of this one: where it was asked with this one alone, all others may follow. */
  private async narrowAndGoOn(attempt: Attempt, answer: Answer & { reason: string }): Promise<AfterDelivery> {
    const { batch } = attempt;
    if (batch.probe) this.observeTurn({ turned: await this.delivery.ledger.reopened(batch) });
    const after = await this.narrow(attempt, answer);
    return { ...after, reopened: after.reopened || batch.probe };
  }

  /** Halves a batch; one event that stands alone becomes a dead letter. */
  private async narrow(attempt: Attempt, answer: Answer & { reason: string }): Promise<AfterDelivery> {
    const { batch, events, rendered, elapsedMs } = attempt;
    const { ledger, observer, destination } = this.delivery;
    const [event] = events;
    const [body] = rendered;
    if (events.length === 1 && event && body !== undefined) {
      const { held } = await ledger.dead(batch, event, body, { answer, elapsedMs });
      if (held) {
        observer.deadLetter({
          destination: destination.name,
          position: event.position,
          eventId: eventIdOf(event),
          reason: answer.reason,
        });
      }
      return { wake: [], reopened: false };
    }
    const split = await ledger.split(batch, halves(batch, events, rendered), answer, elapsedMs);
    this.observeTurn(split, answer.reason);
    return { wake: split.parts.map((part) => ({ batch: part, attempt: 1, delayMs: 0 })), reopened: false };
  }

  private again(batch: ClaimedBatch, settled: Settled & { delayMs?: number }, reason: string): AfterDelivery {
    this.observeTurn(settled, reason);
    const wakes = settled.held && settled.delayMs !== undefined;
    return {
      wake: wakes ? [{ batch: batch.id, attempt: batch.attempt + 1, delayMs: settled.delayMs ?? 0 }] : [],
      reopened: false,
    };
  }

  private observe(batch: ClaimedBatch, events: number, answer: Answer, elapsedMs: number, held: boolean): void {
    this.delivery.observer.attempted({
      destination: batch.destination,
      lane: batch.lane,
      batch: batch.id,
      attempt: batch.attempt,
      events,
      answer: answer.kind,
      elapsedMs,
      held,
      ...(answer.status === undefined ? {} : { status: answer.status }),
      ...('reason' in answer ? { reason: answer.reason } : {}),
    });
  }

  private observeAccepted(batch: ClaimedBatch, events: readonly RecordedEvent[]): void {
    const { observer } = this.delivery;
    const { destination, lane } = batch;
    observer.accepted({
      destination,
      lane,
      events: events.length,
      recordedAt: events.map((event) => event.recordedAt),
    });
    if (batch.uncertain > 0) {
      observer.possibleDuplicates({ destination, lane, events: events.length * batch.uncertain });
    }
  }

  private observeTurn({ turned }: { turned?: Settled['turned'] }, reason?: string): boolean {
    if (!turned) return false;
    this.delivery.observer.turned({
      destination: this.delivery.destination.name,
      ...turned,
      ...(reason === undefined ? {} : { reason }),
    });
    return turned.to === 'delivering';
  }
}

/** Runs `work` with a signal that ends it after a time, or when the process stops. Leaves nothing behind on `stop`. */
async function within<T>(timeoutMs: number, stop: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const end = () => abort.abort();
  const timer = setTimeout(end, timeoutMs);
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  try {
    return await work(abort.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
}

/** One attempt and all that it is judged by. */
interface Attempt {
  batch: ClaimedBatch;
  events: readonly RecordedEvent[];
  rendered: readonly string[];
  /** Of the events, those that show at their receipt time. */
  late: number;
  answer: Answer;
  elapsedMs: number;
}

/** Two drafts that together hold the batch's events and cover its positions. */
export function halves(
  batch: Pick<ClaimedBatch, 'fromPos' | 'toPos'>,
  events: readonly RecordedEvent[],
  rendered: readonly string[],
): BatchDraft[] {
  const middle = Math.ceil(events.length / 2);
  const firstOfSecond = events[middle];
  if (!firstOfSecond) throw new RangeError('a batch of fewer than two events cannot be halved');
  return [
    {
      fromPos: batch.fromPos,
      toPos: firstOfSecond.position,
      ...held(events.slice(0, middle), rendered.slice(0, middle)),
    },
    { fromPos: firstOfSecond.position, toPos: batch.toPos, ...held(events.slice(middle), rendered.slice(middle)) },
  ];
}

function held(events: readonly RecordedEvent[], rendered: readonly string[]) {
  const bytes = rendered.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
  return { count: events.length, bytes, idsDigest: digestIds(events) };
}
