import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { LocalLedger } from './batch-ledger.js';
import { CUT_OPTIONS, type CutOptions, cutBatch } from './cut.js';
import { BatchDelivery, type Delivery } from './deliver-batch.js';
import type { Lane } from './destination.js';
import { LaneQueue } from './lane-queue.js';
import { claimBatch, type Rate, waitingBatches } from './ledger.js';
import type { Selections } from './selection.js';

export interface LaneOptions extends Delivery {
  pool: pg.Pool;
  ledger: LocalLedger;
  selections: Selections;
  lane: Lane;
  rate?: Rate | undefined;
  redis: Redis;
  /** Requests of this lane under way at once, in this process. */
  concurrency: number;
  cut?: Partial<CutOptions>;
  /** How often batches without a wake-up are looked for. */
  sweepMs?: number;
  /** Called when live jumped to the head, so that catch-up begins, or when the destination works again. */
  onOthersDue?: () => void;
}

const SWEEP_MS = 2_000;
/**
 * Least time between two cuts while events trickle in: a batch costs a dozen statements and a request, however few its events.
 * The first after a rest is not held up, and what fills a batch does not wait.
 */
const CUT_INTERVAL_MS = 200;
/** Wake-ups that one sweep makes at most. */
const SWEEP_LIMIT = 128;

/**
 * One lane of a destination: cuts what the record has, wakes workers for it, delivers, and looks for what was forgotten.
 * Several processes may run the same lane; they share the work through the ledger. Whatever fails is tried again for ever.
 */
export class DeliveryLane {
  private readonly queue: LaneQueue;
  private readonly delivery: BatchDelivery;
  private readonly cutOptions: CutOptions;
  private sweeper: NodeJS.Timeout | undefined;
  private cutting: Promise<void> | undefined;
  private sweeping: Promise<void> | undefined;
  private readonly waking = new Set<Promise<void>>();
  private isCutWanted = false;
  private isStopped = false;

  constructor(private readonly options: LaneOptions) {
    const { redis, destination, lane, observer, concurrency } = options;
    this.queue = new LaneQueue(redis, destination.name, lane, (error) => observer.trouble('the queue failed', error));
    this.delivery = new BatchDelivery(options);
    this.cutOptions = {
      ...CUT_OPTIONS,
      maxWaiting: concurrency,
      maxAhead: Math.ceil(1.5 * concurrency),
      ...options.cut,
    };
  }

  start(): void {
    this.queue.work(this.options.concurrency, (batch, attempt) => this.deliver(batch, attempt));
    this.sweeper = setInterval(() => this.sweep(), this.options.sweepMs ?? SWEEP_MS);
    this.sweep();
    this.cutSoon();
  }

  /** The record grew, or there is room: cut, now or as soon as the cut under way is done. */
  cutSoon(): void {
    this.isCutWanted = true;
    if (this.isStopped) return;
    this.cutting ??= this.cutWhileWanted().finally(() => {
      this.cutting = undefined;
    });
  }

  /** Makes wake-ups for whatever should be under way. */
  sweep(): void {
    if (this.isStopped) return;
    this.sweeping ??= this.sweepOnce().finally(() => {
      this.sweeping = undefined;
    });
  }

  /** Waits for requests under way; what is not sent yet stays due. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.sweeper);
    this.queue.giveUpIfAway();
    await Promise.all([this.cutting, this.sweeping]);
    await Promise.all(this.waking);
    await this.queue.close();
  }

  private async cutWhileWanted(): Promise<void> {
    const { pool, destination, lane, ledger, observer, selections, admission } = this.options;
    while (this.isCutWanted && !this.isStopped) {
      this.isCutWanted = false;
      const startedAt = performance.now();
      let isFull = false;
      try {
        for (;;) {
          const cut = await cutBatch(pool, destination, lane, selections, {
            ...this.cutOptions,
            maxCount: admission.batchCount,
          });
          if (cut.kind === 'cut') {
            ledger.remember(cut.batch, cut.events);
            this.wakeBeside(cut.batch);
          } else if (cut.kind === 'jumped') this.options.onOthersDue?.();
          isFull = cut.kind === 'full';
          if (this.isStopped || isFull || cut.kind === 'idle' || ('more' in cut && !cut.more)) break;
        }
      } catch (error) {
        // The next commit, or the next second, asks again.
        observer.trouble(`cutting the ${lane} lane failed`, error);
        return;
      }
      const restMs = startedAt + CUT_INTERVAL_MS - performance.now();
      // A backlog does not rest: where enough waits, the next claim says when to go on.
      if (restMs > 0 && !isFull) await sleep(restMs);
    }
  }

  /** The next batch is cut meanwhile. A wake-up that failed is made again by the sweep. */
  private wakeBeside(batch: bigint): void {
    const waking = this.queue
      .wake(batch, 1)
      .catch((error: unknown) => this.options.observer.trouble('the queue failed', error))
      .finally(() => this.waking.delete(waking));
    this.waking.add(waking);
  }

  private async deliver(batch: bigint, attempt: number): Promise<void> {
    const { pool, destination, observer, lane, leaseMs, rate } = this.options;
    const { name, mappingVersions } = destination;
    const claim = () =>
      claimBatch(pool, {
        destination: name,
        batch,
        attempt,
        leaseMs,
        mappingVersions,
        rate,
        readsBack: destination.readBack !== undefined,
      });
    try {
      // A batch less waits from the moment it is claimed: what gathered meanwhile may be cut.
      const after = await this.delivery.deliver(lane, claim, () => this.cutSoon());
      if (!after) return;
      for (const wake of after.wake) await this.queue.wake(wake.batch, wake.attempt, wake.delayMs);
      if (after.reopened) {
        this.sweep();
        this.options.onOthersDue?.();
      }
      this.cutSoon();
    } catch (error) {
      observer.trouble(`attempt ${attempt} at batch ${batch} failed`, error);
    }
  }

  private async sweepOnce(): Promise<void> {
    const { pool, destination, lane, observer } = this.options;
    try {
      const readsBack = destination.readBack !== undefined;
      await this.queue.rouse(await waitingBatches(pool, destination.name, lane, SWEEP_LIMIT, readsBack));
    } catch (error) {
      observer.trouble(`sweeping the ${lane} lane failed`, error);
    }
  }
}
