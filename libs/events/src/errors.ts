/** When the caller may try the same thing again: at once, after a wait, or never without a change. */
export type Retry = 'now' | 'later' | 'never';

/** What an {@link AffidavitError} is made of. */
export interface ErrorFacts {
  /** Stable name, `STAGE_WHAT`, for example `SPOOL_FULL`. The stage is one of {@link ERROR_STAGES}. */
  code: string;
  /** What happened, with values, never a secret. */
  message: string;
  /** What to do next, as a sentence for the person who reads it. */
  remedy: string;
  retry: Retry;
  cause?: unknown;
}

export const ERROR_STAGES = [
  'EVENT',
  'LEDGER',
  'SPOOL',
  'STREAM',
  'RECORD',
  'DELIVERY',
  'RETENTION',
  'GATEWAY',
  'API',
  'CONFIG',
  'PLATFORM',
  'CLI',
] as const;

/** The base of every error that leaves a room. Libraries subclass it in their own `errors.ts`. */
export class AffidavitError extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly retry: Retry;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.remedy = facts.remedy;
    this.retry = facts.retry;
  }
}

/** Bytes or values that are not an event of this version. */
export class EventError extends AffidavitError {}

/** The one-line text of any thrown value: its code where it has one, and its message. */
export function describeError(error: unknown): string {
  if (error instanceof AffidavitError) return `${error.code}: ${error.message}`;
  if (error instanceof AggregateError && error.errors.length > 0) return describeError(error.errors[0]);
  return error instanceof Error ? error.message || error.name : String(error);
}
