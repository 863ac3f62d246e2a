import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admission } from '../admission.js';
import { BatchDelivery } from '../deliver-batch.js';
import type { Destination } from '../destination.js';
import type { ClaimedBatch, Rate, RateWait } from '../ledger.js';
import { type DeliveryObserver, SILENT_OBSERVER } from '../observer.js';
import { RETRY_POLICY } from '../retry.js';
import { type AuditLogApi, type BackfillView, lentBatch, mayPass, RemoteLedger } from './remote-ledger.js';

export interface BackfillSenderOptions {
  api: AuditLogApi;
  backfill: Pick<BackfillView, 'id' | 'filter' | 'selection'>;
  destination: Destination;
  /** The destination's own rate, over all its lanes. */
  rate?: Rate | undefined;
  /** Bound of this backfill alone. */
  eventsPerSecond?: number | undefined;
  /** How long a batch stays ours where we vanish. */
  leaseMs?: number;
  requestTimeoutMs?: number;
  concurrency?: number;
  observer?: DeliveryObserver;
  /** Told why nothing is sent just now, when that changes; undefined: it goes on. */
  onWait?: (why: string | undefined) => void;
  /** Ends it in order: what is under way may end, within seconds. */
  stop: AbortSignal;
}

const LEASE_MS = 30_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** A second one is sent while the first is read; more would only take from live what is quicker there. */
const CONCURRENCY = 2;
const STOP_GRACE_MS = 5_000;
/** Longest time without a word to the API: it would give the backfill to another. */
const ASK_AGAIN_MS = 5_000;
const AWAY_MS = 1_000;

/**
 * Sends a backfill until it is over, or until it is stopped; then somebody else, or this again, may go on.
 * @throws what the API refuses for good, or DELIVERY_BACKFILL_HELD where another process sends it for longer than a lease
 */
export async function sendBackfill(options: BackfillSenderOptions): Promise<void> {
  const sender = new BackfillSender(options);
  // Nothing else need keep the process alive while it waits for its next turn.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await sender.run();
  } finally {
    clearInterval(alive);
  }
}

class BackfillSender {
  private readonly sender = randomUUID();
  private readonly cutOff = new AbortController();
  private readonly observer: DeliveryObserver;
  private readonly ledger: RemoteLedger;
  private readonly admission: Admission;
  private readonly leaseMs: number;
  private readonly requestTimeoutMs: number;
  private asking: Promise<unknown> = Promise.resolve();
  private isOver = false;
  private failure: unknown;
  private heldSince: number | undefined;
  private waiting: string | undefined;
  /** Nothing more is sent before, by our own bound. */
  private nextAt = 0;

  constructor(private readonly options: BackfillSenderOptions) {
    const { api, backfill, destination, concurrency } = options;
    this.observer = options.observer ?? SILENT_OBSERVER;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.requestTimeoutMs = Math.min(options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS, this.leaseMs * 0.8);
    this.ledger = new RemoteLedger(api, backfill, this.cutOff.signal, (what, error) =>
      this.observer.trouble(what, error),
    );
    this.admission = new Admission({
      most: concurrency ?? CONCURRENCY,
      batchCount: destination.limits.count,
      slowMs: this.requestTimeoutMs / 4,
    });
  }

  async run(): Promise<void> {
    const { stop, destination, concurrency = CONCURRENCY } = this.options;
    const delivery = new BatchDelivery({
      ledger: this.ledger,
      destination,
      admission: this.admission,
      observer: this.observer,
      policy: RETRY_POLICY,
      leaseMs: this.leaseMs,
      requestTimeoutMs: this.requestTimeoutMs,
      stop: this.cutOff.signal,
    });
    let grace: NodeJS.Timeout | undefined;
    const end = () => {
      this.isOver = true;
      grace = setTimeout(() => this.cutOff.abort(), STOP_GRACE_MS);
    };
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted) end();
    try {
      await Promise.all(Array.from({ length: concurrency }, () => this.work(delivery)));
    } finally {
      stop.removeEventListener('abort', end);
      clearTimeout(grace);
      await this.ledger.release(this.sender).catch(() => undefined);
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private async work(delivery: BatchDelivery): Promise<void> {
    while (!this.isOver) {
      try {
        await delivery.deliver('backfill', () => this.claim());
      } catch (error) {
        if (!mayPass(error)) return this.giveUp(error);
        this.observer.trouble('an attempt failed', error);
        await sleep(AWAY_MS);
      }
    }
  }

  /** One at a time, so that our own bound holds whoever asks. */
  private claim(): Promise<ClaimedBatch | RateWait | undefined> {
    const asked = this.asking.then(() => this.claimNow());
    this.asking = asked.catch(() => undefined);
    return asked;
  }

  private async claimNow(): Promise<ClaimedBatch | RateWait | undefined> {
    if (this.isOver) return undefined;
    const { destination, rate, eventsPerSecond, onWait } = this.options;
    const restMs = this.nextAt - performance.now();
    if (restMs > 0) return { waitMs: Math.min(restMs, ASK_AGAIN_MS) };
    // A second's worth at most: else a low bound would be a burst and a long rest.
    const most = Math.max(
      1,
      Math.floor(Math.min(this.admission.batchCount, eventsPerSecond ?? Number.POSITIVE_INFINITY)),
    );
    const lease = await this.ledger
      .lease({
        sender: this.sender,
        leaseMs: this.leaseMs,
        maxEvents: most,
        maxBytes: destination.limits.goalBytes,
        mappingVersions: destination.mappingVersions,
        rate,
      })
      .catch((error: unknown) => this.ownPatience(error));
    if ('waitMs' in lease && !('state' in lease)) return lease;
    this.heldSince = undefined;
    if (lease.state === 'finished' || lease.state === 'cancelled') {
      this.isOver = true;
      return undefined;
    }
    const why = lease.batch ? undefined : (lease.why ?? undefined);
    if (why !== this.waiting) onWait?.(why);
    this.waiting = why;
    if (!lease.batch) return { waitMs: Math.min(Math.max(lease.waitMs, 1), ASK_AGAIN_MS) };
    const batch = lentBatch(lease.batch);
    if (eventsPerSecond !== undefined) {
      this.nextAt = Math.max(this.nextAt, performance.now()) + (batch.count / eventsPerSecond) * 1_000;
    }
    return batch;
  }

  /** One that was killed has it for a lease still; one that lives says so again and again. */
  private ownPatience(error: unknown): RateWait {
    if ((error as { code?: string }).code === 'DELIVERY_BACKFILL_HELD') {
      this.heldSince ??= performance.now();
      if (performance.now() - this.heldSince > this.leaseMs + ASK_AGAIN_MS) {
        this.giveUp(error);
        return { waitMs: 1 };
      }
      if (this.waiting === undefined) this.options.onWait?.('another process had it last; its time must end first');
      this.waiting = 'held';
    } else if (mayPass(error)) {
      this.observer.trouble('the audit-log API does not answer', error);
    } else {
      throw error;
    }
    return { waitMs: AWAY_MS };
  }

  private giveUp(error: unknown): void {
    this.failure ??= error;
    this.isOver = true;
  }
}
