import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, Metrics } from '#platform';
import { type ExportWork, makeNextExport, tidyExports } from '#record';

/** Who asked this node is waited for no longer than a wake-up takes; who asked another, no longer than this. */
const LOOK_EVERY_MS = 1_000;
const TIDY_EVERY_MS = 60_000;
const AGAIN_AFTER_FAILURE_MS = 5_000;

export interface ExportMakerOptions extends Omit<ExportWork, 'signal' | 'pageSize'> {
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  metrics: Metrics;
}

/**
 * Makes exports, one after the other, beside answering requests. Several nodes share the work by the leases of its rows. Stopped, it
 * leaves the one under way at a savepoint; killed, it does so, too, only that its lease has to end first.
 */
export class ExportMaker {
  readonly folder: ExportWork['folder'];
  private readonly stopping = new AbortController();
  private resting = new AbortController();
  private life: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ExportMakerOptions) {
    this.folder = options.folder;
  }

  start(): void {
    this.life = Promise.all([this.make(), this.tidy()]);
  }

  /** An export was asked for. */
  wake(): void {
    this.resting.abort();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.life;
  }

  private async make(): Promise<void> {
    const { logger, metrics, ...work } = this.options;
    const { signal } = this.stopping;
    const made = metrics.counter('affidavit_api_exports_total', 'Attempts at exports, by what became of them.', [
      'outcome',
    ]);
    while (!signal.aborted) {
      let restMs = LOOK_EVERY_MS;
      try {
        const result = await makeNextExport({ ...work, signal });
        if (result) {
          const { one, outcome } = result;
          made.inc({ outcome });
          const facts = { export: one.id, attempt: one.attempt, outcome };
          if (outcome === 'failed') logger.error(facts, 'an export failed; its row says why');
          else logger.info(facts, 'an attempt at an export ended');
          restMs = outcome === 'rests' ? AGAIN_AFTER_FAILURE_MS : 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'exports could not be looked for; it is tried again');
        restMs = AGAIN_AFTER_FAILURE_MS;
      }
      await this.rest(restMs);
    }
  }

  private async tidy(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await tidyExports(this.options).catch((error: unknown) => {
        if (!signal.aborted) this.options.logger.warn({ err: error }, 'exports could not be tidied; it is tried again');
      });
      await sleep(TIDY_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async rest(ms: number): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { signal } = this.resting;
    await sleep(signal.aborted ? 0 : ms, undefined, { signal }).catch(() => undefined);
    this.resting = new AbortController();
  }
}
