// Read-back in brief: what a destination shows is asked for in few, large requests, since it allows few: one count answers for
// hundreds of batches, and logs are listed one by one only where a count differs. Every method is one request; what it may cost is
// the caller's affair (read-back-budget.ts). An answer is evidence of what is visible to this key now, not of what is stored.

/** What came of one request. Never thrown. */
export type Look<T> = (
  | { kind: 'seen'; found: T }
  /** Not now: an error, no answer, or (`isLimit`) too many requests. */
  | { kind: 'later'; reason: string; waitMs?: number; isLimit?: boolean }
  /** The keys: nothing will be shown until somebody acts. */
  | { kind: 'refused'; status: number; reason: string }
  /** More than a bounded answer holds: ask for less at once. */
  | { kind: 'too-large'; reason: string }
) & {
  /** What the destination says about further requests. */
  left?: RequestsLeft;
};

export interface RequestsLeft {
  /** Requests that it takes until the reset. */
  requests: number;
  resetMs: number;
}

/** Where logs are looked for. */
export interface LookWindow {
  /** Epochs that their events are of: batches are numbered per database, and several may deliver to one destination. */
  epochs: readonly string[];
  /** By the time at which the destination shows them, milliseconds. */
  fromMs: number;
  untilMs: number;
}

/** What is there of one batch, over all its attempts. */
export interface BatchCount {
  logs: number;
  /** Different event ids. A destination may only estimate it: equal to what is expected it is believed, else the ids are listed. */
  events: number;
}

export type ListQuery =
  | { batch: bigint }
  /** At most {@link ReadBack.mostIds}; also logs that lost their attributes and hold the id as text only. */
  | { ids: readonly string[] };

export interface SeenLog {
  /** The destination's own. */
  id: string;
  /** Undefined where its attributes are gone. */
  eventId: string | undefined;
  batch: bigint | undefined;
  attempt: number | undefined;
  /** As it came, for {@link ReadBack.compare}. */
  content: unknown;
}

export interface SeenPage {
  logs: SeenLog[];
  /** Of the next page. */
  cursor?: string;
}

/**
 * Why an accepted event is not to be seen. `lost`: nothing explains it. `unknown`: what would explain it could not be read, so it may be
 * lost or hidden.
 */
export const ABSENCE_CAUSES = [
  'lost',
  'unknown',
  'exclusion-filter',
  'no-index',
  'quota',
  'permission',
  'window',
  'retention',
] as const;
export type AbsenceCause = (typeof ABSENCE_CAUSES)[number];

export interface Absence {
  cause: AbsenceCause;
  /** What it is concluded from, for people. */
  detail: string;
}

/** An event as it was sent, to be judged. */
export interface SentEvent {
  rendered: string;
  /** RFC 3339. */
  occurredAt: string;
  acceptedAtMs: number;
  /** Whether others that were as old, or older, are to be seen: their age is no reason then. */
  oldOnesAreSeen: boolean;
}

/** How a log differs from what was sent. */
export interface Difference {
  /** Paths that are not there any more: it was truncated. */
  gone: string[];
  /** Paths that hold something else. */
  altered: string[];
}

/** How a destination is read back. */
export interface ReadBack {
  /** Most batches of one count. */
  readonly mostBatches: number;
  readonly mostIds: number;
  /** Age from which the destination no longer shows an event at its own time, milliseconds. */
  readonly freshMs: number;
  /** Counts logs and events of many batches. What is not in the answer is not there. */
  count(batches: readonly bigint[], window: LookWindow, signal: AbortSignal): Promise<Look<Map<bigint, BatchCount>>>;
  /** Lists logs, a page at a time. */
  list(
    query: ListQuery,
    window: LookWindow,
    page: { limit: number; cursor?: string },
    signal: AbortSignal,
  ): Promise<Look<SeenPage>>;
  /** Reads what the destination says of itself that would hide logs. @returns what judges an absence by it */
  explain(signal: AbortSignal): Promise<Look<(event: SentEvent, nowMs: number) => Absence>>;
  /** The notes of a log's newest checkpoints that arrived. */
  checkpoints(log: string, limit: number, signal: AbortSignal): Promise<Look<string[]>>;
  /** What a log that was listed lacks or holds otherwise. `log` is of this event. */
  compare(rendered: string, log: SeenLog): Difference;
  close(): Promise<void>;
}
