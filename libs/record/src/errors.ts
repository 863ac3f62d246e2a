import { AffidavitError, describeError, type ErrorFacts } from '#events';

/** What the system of record refuses or cannot do. Codes start with `RECORD_`. */
export class RecordError extends AffidavitError {
  constructor(facts: ErrorFacts & { code: `RECORD_${string}` }) {
    super(facts);
  }
}

/** SQLSTATE of a PostgreSQL error, or undefined for anything else (a broken connection has none). */
export function sqlStateOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Wraps whatever a query threw; what is already a {@link RecordError} stays as it is. */
export function unavailable(cause: unknown): RecordError {
  if (cause instanceof RecordError) return cause;
  return new RecordError({
    code: 'RECORD_UNAVAILABLE',
    message: `PostgreSQL did not do it: ${describeError(cause)}`,
    remedy: 'Check that PostgreSQL runs and that DATABASE_URL leads to it; it is tried again by itself.',
    retry: 'later',
    cause,
  });
}
