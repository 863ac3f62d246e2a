import { AffidavitError, describeError } from '#events';
import { loadSettings, type Settings } from './config.js';
import { createLogger, type Logger } from './logger.js';
import { Metrics } from './metrics.js';

type Close = () => Promise<unknown> | unknown;

/** What a lifecycle needs of its process; tests give their own. */
export interface ProcessLike {
  on(event: string, listener: (...args: never[]) => void): unknown;
  exit(code: number): void;
  readonly connected?: boolean;
}

/**
 * Starts and ends a process in order. What was opened last closes first. It ends on SIGTERM, SIGINT, SIGHUP, on the end of the parent
 * that spawned it over IPC, and on an error that nobody caught: after one of those the process may hold a half-done state, so
 * it closes what it can and lets a fresh one begin.
 */
export class Lifecycle {
  private readonly closers: { name: string; close: Close }[] = [];
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly logger: Pick<Logger, 'info' | 'error' | 'warn'>,
    private readonly deadlineMs = 10_000,
    private readonly host: ProcessLike = process,
  ) {
    const listen = (event: string, listener: (...args: never[]) => void) => host.on(event, listener);
    listen('SIGTERM', () => this.signalled('SIGTERM'));
    listen('SIGINT', () => this.signalled('SIGINT'));
    listen('SIGHUP', () => this.signalled('SIGHUP'));
    if (host.connected) listen('disconnect', () => void this.stop('the process that started this one is gone'));
    listen('uncaughtException', (error: unknown) => this.failed('uncaught exception', error));
    listen('unhandledRejection', (error: unknown) => this.failed('unhandled rejection', error));
  }

  /** Calls `close` when the process ends, before everything that was registered earlier. */
  onClose(name: string, close: Close): void {
    this.closers.push({ name, close });
  }

  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Closes all in reverse order and exits. Repeating it waits for the first. */
  stop(reason: string, exitCode = 0): Promise<void> {
    this.stopping ??= this.close(reason, exitCode);
    return this.stopping;
  }

  private signalled(signal: string): void {
    // A second signal means that the person no longer wants to wait.
    if (this.stopping) this.host.exit(130);
    else void this.stop(signal);
  }

  private failed(what: string, error: unknown): void {
    this.logger.error({ err: error }, what);
    if (this.stopping) this.host.exit(1);
    else void this.stop(what, 1);
  }

  private async close(reason: string, exitCode: number): Promise<void> {
    this.logger.info({ reason }, 'stopping');
    let code = exitCode;
    const deadline = setTimeout(() => {
      this.logger.error({ deadlineMs: this.deadlineMs }, 'did not close in time; ending without');
      this.host.exit(exitCode || 1);
    }, this.deadlineMs);
    for (let closer = this.closers.pop(); closer; closer = this.closers.pop()) {
      try {
        await closer.close();
      } catch (error) {
        code ||= 1;
        this.logger.error({ err: error, part: closer.name }, 'could not be closed');
      }
    }
    clearTimeout(deadline);
    this.logger.info({}, 'stopped');
    this.host.exit(code);
  }
}

/** What every process starts with. */
export interface App {
  settings: Settings;
  logger: Logger;
  metrics: Metrics;
  lifecycle: Lifecycle;
  onClose(name: string, close: Close): void;
}

/**
 * The main function of a process: reads the settings, then runs `start`. An error during the start is shown with its
 * remedy and ends the process with 1, after what was opened so far is closed.
 */
export async function runApp(name: string, start: (app: App) => Promise<void>): Promise<void> {
  let settings: Settings;
  try {
    settings = loadSettings();
  } catch (error) {
    process.stderr.write(`${explainError(error)}\n`);
    process.exit(1);
  }
  const logger = createLogger(name, settings);
  const lifecycle = new Lifecycle(logger, settings.stopTimeoutMs);
  const app: App = {
    settings,
    logger,
    metrics: new Metrics({ service: name, process: true }),
    lifecycle,
    onClose: (part, close) => lifecycle.onClose(part, close),
  };
  try {
    await start(app);
    process.send?.({ ready: true, name });
  } catch (error) {
    logger.error({ err: error }, 'could not start');
    // Whoever started this process shows the sentence; it also stands in the log.
    process.send?.({ failed: explainError(error), name });
    await lifecycle.stop('could not start', 1);
  }
}

/** What happened and what to do, for a person. */
export function explainError(error: unknown): string {
  const said = describeError(error);
  return error instanceof AffidavitError ? `${said}\n  → ${error.remedy}` : said;
}
