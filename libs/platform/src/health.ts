import { AffidavitError, describeError } from '#events';
import type { Metrics } from './metrics.js';

/** What is wrong with one part, for the person who has to mend it. */
export interface Trouble {
  reason: string;
  remedy: string;
  /** When it began, ms since 1970, where the part knows better than whoever looks from time to time. */
  sinceMs?: number;
}

/** One thing that must be true for a process to do its work. */
export interface HealthCheck {
  name: string;
  /** The stretch of an event's way that suffers, in the words of `affidavit status`. */
  hop: string;
  /** False: what is wrong is said, and the process stays of use. Default true: without it the process is not ready. */
  required?: boolean;
  /** Resolves with nothing when all is well; throwing counts as trouble. */
  check(): Promise<Trouble | undefined> | Trouble | undefined;
}

export interface CheckState {
  name: string;
  hop: string;
  ok: boolean;
  required: boolean;
  /** When it turned to what it is. RFC 3339. */
  since: string;
  reason?: string;
  remedy?: string;
}

export interface HealthReport {
  /** Every required check is well. */
  ready: boolean;
  checks: CheckState[];
}

export interface HealthOptions {
  /** A check that hangs is a failed check. Default 2 s. */
  timeoutMs?: number;
  now?: () => number;
}

/** Between two looks of {@link Health.watch}: the error of `since` where a part does not know it itself. */
const LOOK_EVERY_MS = 5_000;
const TIMEOUT_MS = 2_000;
const SEE_LOG = 'See the log of this process.';

/** What a thrown value says to a person. */
export function troubleOf(error: unknown): Trouble {
  return { reason: describeError(error), remedy: error instanceof AffidavitError ? error.remedy : SEE_LOG };
}

/** What keeps a loop from going on: remembered from its first failure until it succeeds again. */
export class Hindrance {
  private current: Trouble | undefined;

  constructor(private readonly now: () => number = Date.now) {}

  failed(error: unknown): void {
    this.current = { ...troubleOf(error), sinceMs: this.current?.sinceMs ?? this.now() };
  }

  over(): void {
    this.current = undefined;
  }

  get trouble(): Trouble | undefined {
    return this.current;
  }
}

/** Looks at the checks of a process and remembers since when each stands as it does. */
export class Health {
  private readonly states = new Map<string, CheckState>();
  private readonly timeoutMs: number;
  private readonly now: () => number;
  private looking: Promise<HealthReport> | undefined;

  /** @param checks asked for at each look: they may change while a process starts */
  constructor(
    private readonly checks: () => readonly HealthCheck[],
    options: HealthOptions = {},
  ) {
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.now = options.now ?? Date.now;
  }

  /** A fresh look; those who ask at the same moment share one. */
  report(): Promise<HealthReport> {
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  /**
   * Looks by itself, so that `since` is true to a few seconds even where nobody asks, and shows the checks as metrics.
   * @returns ends it
   */
  watch(metrics: Metrics): () => void {
    metrics.gauge(
      'affidavit_check_up',
      '1 while a check of this process is well, else 0; /readyz says why, and what to do.',
      ['check', 'hop'],
      async (gauge) => {
        gauge.reset();
        const { checks } = await this.report();
        for (const { name, hop, ok } of checks) gauge.set({ check: name, hop }, ok ? 1 : 0);
      },
    );
    metrics.gauge(
      'affidavit_check_since_timestamp_seconds',
      'When a check turned to what it is.',
      ['check', 'hop'],
      (gauge) => {
        gauge.reset();
        for (const { name, hop, since } of this.states.values())
          gauge.set({ check: name, hop }, Date.parse(since) / 1000);
      },
    );
    void this.report();
    const timer = setInterval(() => void this.report(), LOOK_EVERY_MS).unref();
    return () => clearInterval(timer);
  }

  private async look(): Promise<HealthReport> {
    const checks = await Promise.all(this.checks().map((check) => this.stateOf(check)));
    this.states.clear();
    for (const state of checks) this.states.set(state.name, state);
    return { ready: checks.every((state) => state.ok || !state.required), checks };
  }

  private async stateOf(check: HealthCheck): Promise<CheckState> {
    const trouble = await this.troubleWith(check);
    const ok = trouble === undefined;
    const before = this.states.get(check.name);
    const turned = before?.ok === ok ? before.since : new Date(this.now()).toISOString();
    return {
      name: check.name,
      hop: check.hop,
      ok,
      required: check.required ?? true,
      since: trouble?.sinceMs === undefined ? turned : new Date(trouble.sinceMs).toISOString(),
      ...(trouble ? { reason: trouble.reason, remedy: trouble.remedy } : {}),
    };
  }

  private async troubleWith({ check }: HealthCheck): Promise<Trouble | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Trouble>((resolve) => {
      timer = setTimeout(
        () =>
          resolve({ reason: `no answer within ${this.timeoutMs} ms`, remedy: 'See that it runs and is reachable.' }),
        this.timeoutMs,
      );
    });
    try {
      return await Promise.race([Promise.resolve(check()), late]);
    } catch (error) {
      return troubleOf(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
