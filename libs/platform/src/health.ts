import { describeError } from '#events';

/** One thing that must be true for a process to be of use. */
export interface HealthCheck {
  name: string;
  /** Resolves with nothing when all is well, or with the reason why not; throwing counts as a reason too. */
  check(): Promise<string | undefined> | string | undefined;
}

export interface CheckState {
  name: string;
  ok: boolean;
  /** When it turned to what it is, as far as was looked. RFC 3339. */
  since: string;
  reason?: string;
}

export interface HealthReport {
  ready: boolean;
  checks: CheckState[];
}

/** Remembers since when each check stands as it does. */
export class Health {
  private readonly states = new Map<string, CheckState>();

  constructor(
    private readonly checks: readonly HealthCheck[],
    /** A check that hangs is a failed check. */
    private readonly timeoutMs = 2000,
    private readonly now: () => number = Date.now,
  ) {}

  async report(): Promise<HealthReport> {
    const checks = await Promise.all(this.checks.map((check) => this.look(check)));
    return { ready: checks.every((state) => state.ok), checks };
  }

  private async look(check: HealthCheck): Promise<CheckState> {
    const reason = await this.reasonOf(check);
    const ok = reason === undefined;
    const before = this.states.get(check.name);
    const since = before?.ok === ok ? before.since : new Date(this.now()).toISOString();
    const state: CheckState = { name: check.name, ok, since, ...(ok ? {} : { reason }) };
    this.states.set(check.name, state);
    return state;
  }

  private async reasonOf(check: HealthCheck): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${this.timeoutMs} ms`), this.timeoutMs);
    });
    try {
      return await Promise.race([Promise.resolve(check.check()), late]);
    } catch (error) {
      return describeError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
