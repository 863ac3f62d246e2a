import type pg from 'pg';
import { Hindrance, type Logger, type Trouble } from '#platform';
import {
  beginPass,
  countDifferences,
  latestPass,
  openDifferences,
  unavailable,
  type VerificationPass,
  verifyStep,
} from '#record';
import { backoffMs, pause } from './wakeup.js';

/** Positions of one step: a fraction of a second. */
const STEP = 512;
const LOOK_EVERY_MS = 5_000;

export interface VerificationDutyOptions {
  pool: pg.Pool;
  /** Whether this recorder is the active one: it alone does it. */
  isActive(): boolean;
  /** Positions a second; 0: never. */
  rate: number;
  /** From the beginning of one pass to that of the next, where the first is through by then. */
  everyMs: number;
  logger: Pick<Logger, 'warn' | 'error'>;
}

/** Reads the record again, pass after pass, at a set rate. */
export class VerificationDuty {
  private readonly stopping = new AbortController();
  private readonly hindrance = new Hindrance();
  private life: Promise<void> = Promise.resolve();
  private pass: VerificationPass | undefined;
  private open = 0;
  private differs: Trouble | undefined;

  constructor(private readonly options: VerificationDutyOptions) {}

  start(): void {
    if (this.options.rate > 0) this.life = this.live();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.life;
  }

  /** What differs, or why it does not go on. */
  get trouble(): Trouble | undefined {
    return this.differs ?? this.hindrance.trouble;
  }

  /** Differences that stand. */
  get differences(): number {
    return this.open;
  }

  /** Positions that the pass under way has read; all of them where it is through. */
  get position(): number {
    return Number(this.pass?.next ?? 0n);
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await pause(this.options.isActive() ? await this.step() : LOOK_EVERY_MS, signal);
        failures = 0;
        this.hindrance.over();
      } catch (error) {
        if (signal.aborted) return;
        this.hindrance.failed(unavailable(error));
        if (failures === 1) this.options.logger.warn({ err: error }, 'the record is not verified; it is tried again');
        await pause(LOOK_EVERY_MS + backoffMs(failures++), signal);
      }
    }
  }

  /** @returns milliseconds until the next one */
  private async step(): Promise<number> {
    const { pool, rate, everyMs } = this.options;
    const latest = await latestPass(pool);
    const restMs = latest?.finishedAt ? Date.parse(latest.startedAt) + everyMs - Date.now() : 0;
    if (latest && restMs > 0) {
      this.pass = latest;
      await this.look();
      return Math.min(LOOK_EVERY_MS, restMs);
    }
    const startedAt = performance.now();
    const before = await beginPass(pool);
    this.pass = await verifyStep(pool, before, STEP);
    if (this.pass.differences !== before.differences || this.pass.finishedAt) await this.look();
    const done = Number(this.pass.next - before.next);
    return Math.max(10, (done / rate) * 1000 - (performance.now() - startedAt));
  }

  private async look(): Promise<void> {
    const { pool, logger } = this.options;
    const known = this.open;
    this.open = await countDifferences(pool);
    const [first] = this.open === 0 ? [] : await openDifferences(pool, { limit: 1 });
    this.differs = first && {
      reason: `${this.open} differences: position ${first.position} is not as it was recorded (${first.message})`,
      remedy: 'Keep the database as it is, and see docs/evidence.md: what it means, and how to find who did it.',
      sinceMs: Date.parse(first.foundAt),
    };
    if (this.open > known)
      logger.error({ differences: this.open, first: String(first?.position) }, 'the record differs');
  }
}
