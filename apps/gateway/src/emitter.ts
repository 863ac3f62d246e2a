import { AffidavitError, describeError, type EventDraft } from '#events';
import { GatewayError, noRoomForTheRecord, tooFarAhead } from './errors.js';

/** Counted space for one outcome event, held from a command's admission to its end. */
export interface Reservation {
  release(): void;
}

/** What the gateway needs of its spool. */
export interface EventSpool {
  append(draft: EventDraft, reservation?: Reservation): Promise<unknown>;
  appendAll(drafts: EventDraft[], reservation?: Reservation): Promise<unknown>;
  reserve(): Reservation;
  usage(): { unconfirmedBytes: number; oldestUnconfirmedAtMs: number | null };
}

/** How far a connection lets the gateway run ahead of the record. */
export interface Ahead {
  bytes: number;
  ageMs: number;
}

export interface EmitterOptions {
  now?: () => number;
  logger: { warn(fields: object, text: string): void };
  /** Seconds from asking for durability to having it. */
  onDurable?: (seconds: number) => void;
}

interface Outcome {
  draft: EventDraft;
  reservation: Reservation;
  written: (() => void) | undefined;
}

/** Outcomes wait this long for a command to share its fsync; at one client this halves the fsyncs a command costs. */
const OUTCOME_DELAY_MS = 2;
/** How old a reading of the spool's usage may be. */
const USAGE_AGE_MS = 20;
const RETRY_MS = 250;

/**
 * The one way of the gateway's events into the spool. {@link record} is what a command waits for; outcomes are written behind
 * it, in order, with space that was reserved when their command was admitted, so that they always fit.
 */
export class Emitter {
  #spool: EventSpool;
  #now: () => number;
  #options: EmitterOptions;
  #outcomes: Outcome[] = [];
  #timer: NodeJS.Timeout | undefined;
  #underWay = new Set<Promise<void>>();
  #usage: ReturnType<EventSpool['usage']> | undefined;
  #usageAt = 0;
  #retrying = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(spool: EventSpool, options: EmitterOptions) {
    this.#spool = spool;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Lets a session or a command in: reserves the space of its outcome.
   * @throws GATEWAY_TOO_FAR_AHEAD, GATEWAY_NO_ROOM (both: retry later)
   */
  admit(ahead: Ahead): Reservation {
    const reason = this.behind(ahead);
    if (reason !== undefined) throw tooFarAhead(reason);
    try {
      return this.#spool.reserve();
    } catch (cause) {
      throw noRoom(cause);
    }
  }

  /** Why this gateway is further ahead of the record than `ahead` allows; undefined where it is not. */
  behind(ahead: Ahead): string | undefined {
    const now = this.#now();
    if (!this.#usage || now - this.#usageAt >= USAGE_AGE_MS || now < this.#usageAt) {
      this.#usage = this.#spool.usage();
      this.#usageAt = now;
    }
    const { unconfirmedBytes, oldestUnconfirmedAtMs } = this.#usage;
    if (unconfirmedBytes > ahead.bytes) {
      return `the record is ${unconfirmedBytes} bytes behind this gateway; this connection allows ${ahead.bytes}`;
    }
    const ageMs = oldestUnconfirmedAtMs === null ? 0 : now - oldestUnconfirmedAtMs;
    if (ageMs > ahead.ageMs) {
      return `the record is ${Math.round(ageMs / 1000)} s behind this gateway; this connection allows ${Math.round(ahead.ageMs / 1000)} s`;
    }
    return undefined;
  }

  /**
   * Records events, adjoining and in order. Durable when it resolves; otherwise none of them is on record.
   * @throws GATEWAY_NO_ROOM (retry: later)
   */
  async record(drafts: EventDraft[]): Promise<void> {
    this.#flushOutcomes();
    const from = performance.now();
    try {
      await this.#spool.appendAll(drafts);
    } catch (cause) {
      throw noRoom(cause);
    }
    this.#options.onDurable?.((performance.now() - from) / 1000);
  }

  /**
   * Records an outcome soon, in the space reserved for it. It is tried until it is written.
   * @param written called once it is durable
   */
  outcome(draft: EventDraft, reservation: Reservation, written?: () => void): void {
    this.#outcomes.push({ draft, reservation, written });
    this.#timer ??= setTimeout(() => this.#flushOutcomes(), OUTCOME_DELAY_MS);
  }

  /** Resolves when every outcome given so far is durable, or after `timeoutMs`. @returns how many are still not */
  async drain(timeoutMs: number): Promise<number> {
    const until = this.#now() + timeoutMs;
    for (;;) {
      this.#flushOutcomes();
      if (this.#underWay.size === 0 && this.#outcomes.length === 0 && this.#retrying === 0) return 0;
      if (this.#now() > until) return this.#underWay.size + this.#outcomes.length + this.#retrying;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #flushOutcomes(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = undefined;
    const outcomes = this.#outcomes;
    if (outcomes.length === 0) return;
    this.#outcomes = [];
    for (const outcome of outcomes) this.#write(outcome);
  }

  #write(outcome: Outcome): void {
    const { draft, reservation, written } = outcome;
    const writing: Promise<void> = this.#spool.append(draft, reservation).then(
      () => written?.(),
      (error: unknown) => {
        this.#warn(draft, error);
        if (error instanceof AffidavitError && error.retry === 'never') {
          reservation.release();
          return;
        }
        this.#retrying += 1;
        setTimeout(() => {
          this.#retrying -= 1;
          this.#write(outcome);
        }, RETRY_MS);
      },
    );
    this.#underWay.add(writing);
    void writing.finally(() => this.#underWay.delete(writing));
  }

  /** Once a second at most: a disk that is away fails every outcome there is. */
  #warn(draft: EventDraft, error: unknown): void {
    const now = performance.now();
    if (now - this.#warnedAt < 1000) return;
    this.#warnedAt = now;
    this.#options.logger.warn(
      { type: draft.type, session: draft.session, waiting: this.#retrying + 1, reason: describeError(error) },
      'outcomes cannot be written; they are tried again',
    );
  }
}

function noRoom(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return noRoomForTheRecord(`the event of this command cannot be made durable: ${describeError(cause)}`, cause);
}
