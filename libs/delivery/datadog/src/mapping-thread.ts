import { Worker } from 'node:worker_threads';
import type { RecordedEvent } from '#record';
import type { Trouble } from '../../src/destination.js';
import { DeliveryError } from '../../src/errors.js';
import type { LogContext } from './log.js';
import { mappingJob } from './mapping-job.js';
import type { MappedJob } from './mapping-worker.js';

/** Where the thread failed, the next one is made after this time: whatever it was is not made worse by trying at each batch. */
const REST_MS = 10_000;
/** A batch takes some 20 ms, and a dozen may wait for each other: who waits longer than this waits for a thread that hangs. */
const PATIENCE_MS = 10_000;
/**
 * Bounds of the thread's heap. It holds one batch at a time, and what it makes of an event is garbage at once: a small young
 * generation is soon swept, and most of it needs no other. Beyond the old one the thread ends; the process does not.
 */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };
/** Of a batch whose bodies are larger, which is rare, the memory is not kept. */
const SPARE_BYTES = 2 * 1024 ** 2;
const NO_MEMORY = new ArrayBuffer(0);

export interface MappingThreadOptions {
  /** What the thread runs; default: what was built beside this file. */
  entry?: URL | undefined;
  restMs?: number;
  /** How long a batch may take, with those before it. */
  patienceMs?: number;
}

/**
 * A thread that maps and compresses events, one batch after the other, which is half of what a delivery costs (decision 0011). Made at
 * the first batch. Where it fails, its batches are mapped by whoever asked, and another one is made later.
 */
export class MappingThread {
  private worker: Worker | undefined;
  /** Who waits, by the number of the job: what a thread says late must not be taken for the answer to another one's job. */
  private readonly underWay = new Map<number, (mapped: MappedJob | undefined) => void>();
  private asked = 0;
  /** For the bodies of the next jobs: as many pieces as were ever under way at once. */
  private readonly spare: ArrayBuffer[] = [];
  private notBefore = Number.NEGATIVE_INFINITY;
  private untold: unknown;

  constructor(private readonly options: MappingThreadOptions = {}) {}

  /**
   * Never throws.
   * @param trouble told once where the thread failed
   * @returns undefined where there is no thread just now
   */
  async map(events: readonly RecordedEvent[], context: LogContext, trouble: Trouble): Promise<MappedJob | undefined> {
    const mapped = await this.ask(events, context);
    if (this.untold !== undefined)
      trouble('the thread that maps events failed; they are mapped beside everything else', this.untold);
    this.untold = undefined;
    return mapped;
  }

  async close(): Promise<void> {
    this.notBefore = Number.POSITIVE_INFINITY;
    const { worker } = this;
    this.worker = undefined;
    this.answerAll();
    await worker?.terminate();
  }

  private ask(events: readonly RecordedEvent[], context: LogContext): Promise<MappedJob | undefined> {
    return new Promise((resolve) => {
      try {
        this.worker ??= this.newWorker();
        if (!this.worker) return resolve(undefined);
        const job = mappingJob(this.asked++, events, context, this.spare.pop() ?? NO_MEMORY);
        const { worker } = this;
        const hangs = setTimeout(() => this.giveUp(worker, hung()), this.options.patienceMs ?? PATIENCE_MS);
        this.underWay.set(job.id, (mapped) => {
          clearTimeout(hangs);
          resolve(mapped);
        });
        // Keeps the process alive only while somebody waits.
        worker.ref();
        worker.postMessage(job, [job.bodies.buffer]);
      } catch (error) {
        this.giveUp(this.worker, error);
        resolve(undefined);
      }
    });
  }

  private newWorker(): Worker | undefined {
    if (performance.now() < this.notBefore) return undefined;
    const entry = this.options.entry ?? new URL(import.meta.resolve('#bin/mapping-worker'));
    // Not with the arguments of this process: some, as `--input-type`, end the thread.
    const worker = new Worker(entry, { name: 'mapping', resourceLimits: RESOURCE_LIMITS, execArgv: [] });
    worker.on('message', (mapped: MappedJob) => {
      if (mapped.memory.byteLength <= SPARE_BYTES) this.spare.push(mapped.memory);
      this.underWay.get(mapped.id)?.(mapped);
      this.underWay.delete(mapped.id);
      if (this.underWay.size === 0) worker.unref();
    });
    const failed = (error: unknown) => this.worker === worker && this.failed(error);
    worker.once('error', failed);
    worker.once('exit', (code) => failed(ended(code)));
    return worker;
  }

  private giveUp(worker: Worker | undefined, error: unknown): void {
    this.failed(error);
    void worker?.terminate();
  }

  private failed(error: unknown): void {
    this.worker = undefined;
    this.untold = error;
    this.notBefore = performance.now() + (this.options.restMs ?? REST_MS);
    this.answerAll();
  }

  private answerAll(): void {
    for (const answer of this.underWay.values()) answer(undefined);
    this.underWay.clear();
  }
}

function ended(code: number): DeliveryError {
  return lost('DELIVERY_MAPPING_THREAD_ENDED', `the thread that maps events ended with code ${code}`);
}

function hung(): DeliveryError {
  return lost('DELIVERY_MAPPING_THREAD_HUNG', 'the thread that maps events gave no answer in time and was ended');
}

function lost(code: `DELIVERY_${string}`, message: string): DeliveryError {
  return new DeliveryError({
    code,
    message,
    remedy:
      'Nothing need be done: events are mapped without it, more slowly, until another one is made. If it comes again, report it.',
    retry: 'later',
  });
}
