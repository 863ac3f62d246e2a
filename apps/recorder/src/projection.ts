import type pg from 'pg';
import { Hindrance, type Logger, type Trouble } from '#platform';
import { type ProjectionProgress, unavailable } from '#record';
import { backoffMs, pause, Wakeup } from './wakeup.js';

/** Least time between two looks while events keep coming. The first after a rest is not held up. */
const LOOK_INTERVAL_MS = 250;

/** Keeps a projection behind the head, woken by commits. Whether several do it at once is the projection's own care. */
export class Projection {
  private readonly wakeup = new Wakeup();
  private readonly stopping = new AbortController();
  private life: Promise<void> = Promise.resolve();
  private progress: ProjectionProgress | undefined;
  private readonly hindrance = new Hindrance();

  constructor(
    private readonly pool: pg.Pool,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly of: {
      /** For people: what cannot be projected where it fails. */
      what: string;
      project(pool: pg.Pool, options: { signal: AbortSignal }): Promise<ProjectionProgress>;
    },
  ) {}

  start(): void {
    this.life = this.live();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeup.ring();
    await this.life;
  }

  /** Something was recorded. */
  wake(): void {
    this.wakeup.ring();
  }

  /** Why it does not go on just now. */
  get trouble(): Trouble | undefined {
    return this.hindrance.trouble;
  }

  /** Recorded events that it had not read when it last looked. */
  get behind(): number {
    return this.progress ? Number(this.progress.head - this.progress.position) : 0;
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const startedAt = performance.now();
        this.progress = await this.of.project(this.pool, { signal });
        failures = 0;
        this.hindrance.over();
        await pause(startedAt + LOOK_INTERVAL_MS - performance.now(), signal);
        await this.wakeup.wait();
      } catch (error) {
        if (signal.aborted) return;
        this.hindrance.failed(unavailable(error));
        if (failures === 1)
          this.logger.warn({ err: error }, `${this.of.what} could not be projected; it is tried again`);
        await pause(backoffMs(failures++), signal);
      }
    }
  }
}
