import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { microsOfInstant } from '#events';
import { Hindrance, type Logger, parsePolicy, type RetentionPolicy, retentionClasses, type Trouble } from '#platform';
import {
  BY_SCHEDULE,
  beginRetentionRun,
  carryOutRun,
  findUnfinishedRun,
  lastRunPlannedAt,
  RecordError,
  raiseRetention,
  unavailable,
} from '#record';
import { pause } from './wakeup.js';

/** How often it looks whether a run is due, or one that a person asked for waits. */
const LOOK_EVERY_MS = 5_000;
/** How often the policy file is held against the record where neither changed. */
const CARRY_EVERY_MS = 60_000;
const DEFAULT_RUN_AT = '03:00';
const DAY_MS = 86_400_000;

export interface RetentionDutyOptions {
  pool: pg.Pool;
  /** affidavit.yaml. Where there is none the record's classes stay as they are, and runs begin at 03:00 UTC. */
  policyFile: string | undefined;
  logger: Pick<Logger, 'info' | 'warn'>;
  now?: () => number;
}

/**
 * What a recorder does for retention: carries the policy file into the record, begins a run once a day, and carries out whatever run
 * is under way. Every recorder does it, the active one and those that wait: the record has one run at a time, and the database judges each
 * partition by itself, so that it does not matter who.
 */
export class RetentionDuty {
  private readonly stopping = new AbortController();
  private life: Promise<void> = Promise.resolve();
  private readonly hindrance = new Hindrance();
  private readonly policyHindrance = new Hindrance();
  private policyText: string | undefined;
  private policy: RetentionPolicy | undefined;
  private carriedAtMs = Number.NEGATIVE_INFINITY;
  private readonly now: () => number;

  constructor(private readonly options: RetentionDutyOptions) {
    this.now = options.now ?? Date.now;
  }

  start(): void {
    this.life = this.live();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.life;
  }

  /** Why nothing is purged just now. */
  get trouble(): Trouble | undefined {
    return this.hindrance.trouble;
  }

  /** Why the record keeps classes otherwise than the policy file says. */
  get policyTrouble(): Trouble | undefined {
    return this.policyHindrance.trouble;
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.carryPolicy();
        await this.run(signal);
        this.hindrance.over();
      } catch (error) {
        if (signal.aborted) return;
        if (!this.hindrance.trouble)
          this.options.logger.warn({ err: error }, 'retention does not go on; it is tried again');
        this.hindrance.failed(unavailable(error));
      }
      await pause(LOOK_EVERY_MS, signal);
    }
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { pool, logger } = this.options;
    const run =
      (await findUnfinishedRun(pool)) ??
      ((await this.isDue()) ? await beginRetentionRun(pool, BY_SCHEDULE) : undefined);
    if (!run) return;
    const report = await carryOutRun(pool, run, signal);
    if (report && run.planned.length > 0)
      logger.info({ run: String(run.id), by: run.by, report }, 'a retention run is over');
  }

  private async isDue(): Promise<boolean> {
    const [hours = 0, minutes = 0] = (this.policy?.runAt ?? DEFAULT_RUN_AT).split(':').map(Number);
    const now = this.now();
    const today = Math.floor(now / DAY_MS) * DAY_MS + (hours * 60 + minutes) * 60_000;
    const last = today <= now ? today : today - DAY_MS;
    const planned = await lastRunPlannedAt(this.options.pool);
    return planned === undefined || microsOfInstant(planned) < BigInt(last) * 1000n;
  }

  /** Up freely. What would keep less is named, and waits for two people. */
  private async carryPolicy(): Promise<void> {
    const { pool, policyFile, logger } = this.options;
    const text = policyFile === undefined ? undefined : textOf(policyFile);
    if (policyFile === undefined || text === undefined) return;
    if (text === this.policyText && this.now() - this.carriedAtMs < CARRY_EVERY_MS) return;
    try {
      if (text !== this.policyText) this.policy = parsePolicy(text, policyFile).retention;
      this.policyText = text;
    } catch (error) {
      // Said by whoever uses the rest of the file as well; the classes before it stay in force.
      this.policyText = text;
      this.policyHindrance.failed(error);
      return;
    }
    const { policy } = this;
    if (!policy) return;
    const shorter: string[] = [];
    for (const wanted of retentionClasses(policy)) {
      // What the file says nothing of is as the record has it.
      if (!(wanted.name in policy.classes) && wanted.requirements.length === 0) continue;
      const outcome = await raiseRetention(pool, wanted, policyFile);
      if (outcome === 'changed') logger.info({ class: wanted.name }, 'a retention class was carried into the record');
      if (outcome === 'shorter') shorter.push(wanted.name);
    }
    this.carriedAtMs = this.now();
    if (shorter.length === 0) this.policyHindrance.over();
    else this.policyHindrance.failed(keepsLess(shorter));
  }
}

function keepsLess(classes: string[]): RecordError {
  return new RecordError({
    code: 'RECORD_KEEPS_LESS',
    message: `the policy file would keep ${classes.join(', ')} for less time, or under fewer requirements, than the record does`,
    remedy:
      'That takes two people: `affidavit retention change` by one, `affidavit retention confirm <id>` by another.',
    retry: 'never',
  });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
