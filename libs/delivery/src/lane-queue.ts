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
  private readonly queue: Queue<WakeUp>;
  private worker: Worker<WakeUp> | undefined;

  /** @param redis stays the caller's; made with `maxRetriesPerRequest: null` */
  constructor(
    private readonly redis: Redis,
    private readonly destination: string,
    private readonly lane: Lane,
    private readonly onError: (error: Error) => void,
  ) {
    this.queue = new Queue(queueName(destination, lane), {
      connection: redis,
      prefix: QUEUE_PREFIX,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    });
    this.queue.on('error', onError);
  }

  /** Wakes a worker for this attempt, at once or after a delay. */
  async wake(batch: bigint, attempt: number, delayMs = 0): Promise<void> {
    await this.queue.add(
      'deliver',
      { batch: String(batch), attempt },
      { jobId: jobId(batch, attempt), ...KEEP_NOTHING, ...(delayMs > 0 ? { delay: delayMs } : {}) },
    );
  }

  /** Wakes workers for batches that should be under way. A finished or delayed job under the same name does not stand in the way. */
  async rouse(waiting: readonly Waiting[]): Promise<void> {
    await Promise.all(
      waiting.map(async ({ batch, attempt }) => {
        await this.clear(jobId(batch, attempt));
        await this.wake(batch, attempt);
      }),
    );
  }

  /** Calls `deliver` for each wake-up, at most `concurrency` at a time. */
  work(concurrency: number, deliver: (batch: bigint, attempt: number) => Promise<void>): void {
    this.worker = new Worker<WakeUp>(
      queueName(this.destination, this.lane),
      (job) => deliver(BigInt(job.data.batch), job.data.attempt),
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

  /** Waits for deliveries under way. */
  async close(): Promise<void> {
    await this.worker?.close();
    await this.queue.close();
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
