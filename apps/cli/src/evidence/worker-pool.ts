import { availableParallelism } from 'node:os';
import { Worker as Thread } from 'node:worker_threads';
import type { Answer, Job, Worker } from '#ledger';

/** A job on its way to a thread: keys go along only where the thread has others. */
export type Sent = Omit<Job, 'keys'> & Partial<Pick<Job, 'keys'>>;

interface Waiting {
  job: Job;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Threads that verify side by side; started when there is work for them. */
export class WorkerPool {
  private readonly idle: Thread[] = [];
  private readonly threads = new Map<Thread, Waiting | undefined>();
  private readonly keys = new WeakMap<Thread, Job['keys']>();
  private readonly queue: Waiting[] = [];

  /** As many as there are cores: the thread that reads, unpacks and compares waits for them most of the time. */
  constructor(private readonly size = Math.max(1, Math.min(8, availableParallelism()))) {}

  /** How many jobs keep all threads busy. */
  get ahead(): number {
    return 2 * this.size;
  }

  readonly work: Worker = (job) =>
    new Promise((resolve, reject) => {
      this.queue.push({ job, resolve, reject });
      this.assign();
    });

  async close(): Promise<void> {
    await Promise.all([...this.threads.keys()].map((thread) => thread.terminate()));
  }

  private assign(): void {
    while (this.queue.length > 0) {
      const thread = this.idle.pop() ?? (this.threads.size < this.size ? this.start() : undefined);
      if (!thread) return;
      const waiting = this.queue.shift()!;
      this.threads.set(thread, waiting);
      const { keys, ...job } = waiting.job;
      const isKnown = this.keys.get(thread) === keys;
      this.keys.set(thread, keys);
      // The piece is nobody else's: it is handed over, not copied.
      const { buffer } = job.chunk.bytes;
      thread.postMessage((isKnown ? job : { ...job, keys }) satisfies Sent, [buffer as ArrayBuffer]);
    }
  }

  private start(): Thread {
    const thread = new Thread(new URL(import.meta.resolve('#bin/evidence-worker')));
    this.threads.set(thread, undefined);
    thread.on('message', (answer: Answer) => {
      const waiting = this.threads.get(thread);
      this.threads.set(thread, undefined);
      this.idle.push(thread);
      waiting?.resolve(answer);
      this.assign();
    });
    thread.on('error', (error) => {
      this.threads.get(thread)?.reject(error);
      this.threads.delete(thread);
    });
    return thread;
  }
}
