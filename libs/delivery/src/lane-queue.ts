import { type Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Lane } from './destination.js';
import type { Waiting } from './ledger.js';

// Queues in brief: a job `b-<batch>-<attempt>` says that a batch is due; the ledger decides whether it is. So a job that is lost,
// doubled or late changes when a batch is looked at, never whether. Redis may be emptied at any time: the sweep makes jobs again.

/** Braces literal: on a cluster all keys of our queues lie in one slot. */
export const QUEUE_PREFIX = '{audit-q}';

export function queueName(destination: string, lane: Lane): string {
  return `${destination}-${lane}`;
}

export function jobId(batch: bigint, attempt: number): string {
  return `b-${batch}-${attempt}`;
}

interface WakeUp {
  /** A bigint, as JSON has none. */
  batch: string;
  attempt: number;
}

const KEEP_NOTHING = { removeOnComplete: true, removeOnFail: true } as const;

/** The wake-ups of one destination and lane. */
export class LaneQueue {
  private opened: Queue<WakeUp> | undefined;
  private worker: Worker<WakeUp> | undefined;
  private readonly underWay = new Set<Promise<void>>();
  /** Ends the waiting of whoever waits for Redis. */
  private readonly waiting = new Set<() => void>();
  private isGivenUp = false;

  /**
   * @param redis stays the caller's; made with `maxRetriesPerRequest: null`. Connected before {@link work}: BullMQ takes a first
   *   failure to connect for the last word
   */
  constructor(
    private readonly redis: Redis,
    private readonly destination: string,
    private readonly lane: Lane,
    private readonly onError: (error: Error) => void,
  ) {}

  private get queue(): Queue<WakeUp> {
    if (this.opened) return this.opened;
    this.opened = new Queue(queueName(this.destination, this.lane), {
      connection: this.redis,
      prefix: QUEUE_PREFIX,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    });
    this.opened.on('error', this.onError);
    return this.opened;
  }

  /** Wakes a worker for this attempt, at once or after a delay. */
  async wake(batch: bigint, attempt: number, delayMs = 0): Promise<void> {
    await this.orGivenUp(() =>
      this.queue.add(
        'deliver',
        { batch: String(batch), attempt },
        { jobId: jobId(batch, attempt), ...KEEP_NOTHING, ...(delayMs > 0 ? { delay: delayMs } : {}) },
      ),
    );
  }

  /** Wakes workers for batches that should be under way. A finished or delayed job under the same name does not stand in the way. */
  async rouse(waiting: readonly Waiting[]): Promise<void> {
    await Promise.all(
      waiting.map(async ({ batch, attempt }) => {
        await this.orGivenUp(() => this.clear(jobId(batch, attempt)));
        await this.wake(batch, attempt);
      }),
    );
  }

  /** Calls `deliver` for each wake-up, at most `concurrency` at a time. */
  work(concurrency: number, deliver: (batch: bigint, attempt: number) => Promise<void>): void {
    this.worker = new Worker<WakeUp>(
      queueName(this.destination, this.lane),
      async (job) => {
        const delivery = deliver(BigInt(job.data.batch), job.data.attempt);
        this.underWay.add(delivery);
        await delivery.finally(() => this.underWay.delete(delivery));
      },
      {
        connection: this.redis,
        prefix: QUEUE_PREFIX,
        concurrency,
        // A killed forwarder's jobs are given to another one soon. Nothing depends on it: the sweep would find them, too.
        lockDuration: 15_000,
        stalledInterval: 5_000,
        maxStalledCount: 10,
        skipVersionCheck: true,
        ...KEEP_NOTHING_WORKER,
      },
    );
    this.worker.on('error', this.onError);
  }

  /** The process ends: where Redis is away, nobody waits for it any longer. What was to be said there is found by the next sweep. */
  giveUpIfAway(): void {
    if (this.redis.status === 'ready') return;
    this.isGivenUp = true;
    for (const end of [...this.waiting]) end();
  }

  /** Waits for deliveries under way. */
  async close(): Promise<void> {
    await Promise.all(this.underWay);
    // In order, BullMQ would say goodbye to a Redis that is away, and wait for it.
    await this.worker?.close(this.redis.status !== 'ready');
    await this.opened?.close();
  }

  /** A connection that is made again for ever keeps commands for ever, too: ioredis does not end their waiting when it is closed meanwhile. */
  private orGivenUp<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.waiting.delete(end);
        reject(new Error('Redis is away, and this process ends'));
      };
      if (this.isGivenUp) return end();
      this.waiting.add(end);
      work()
        .then(resolve, reject)
        .finally(() => this.waiting.delete(end));
    });
  }

  /** BullMQ adds nothing under a name that it still knows, however dead. */
  private async clear(id: string): Promise<void> {
    const job = (await this.queue.getJob(id)) as Job<WakeUp> | undefined;
    if (!job) return;
    const state = await job.getState();
    // `unknown`: its list was lost and it was not, so nobody will ever take it. Between the look and the act it may have gone by itself.
    if (state === 'failed' || state === 'completed' || state === 'unknown') await job.remove().catch(() => undefined);
    else if (state === 'delayed') await job.promote().catch(() => undefined);
  }
}

const KEEP_NOTHING_WORKER = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };
