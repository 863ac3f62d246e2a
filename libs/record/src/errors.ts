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

/** What a person does about an SQLSTATE or the system's own error code. PostgreSQL, appendix A. */
const REMEDIES: Record<string, string> = {
  '25006': 'DATABASE_URL leads to a standby, which takes no writes: point it at the primary.',
  '28000': 'Correct user and password in DATABASE_URL, or pg_hba.conf.',
  '28P01': 'Correct user and password in DATABASE_URL.',
  '3D000': 'Create the database that DATABASE_URL names, then run `affidavit migrate`.',
  '40001': 'It is tried again by itself; see what else writes to the record (pg_stat_activity).',
  '40P01': 'It is tried again by itself; see what else locks the record (pg_stat_activity).',
  '42501': "Give the role of DATABASE_URL its rights on the record's tables again.",
  '42P01': 'Run `affidavit migrate`.',
  '53100': "Free space on PostgreSQL's disk; recording goes on by itself.",
  '53200': 'Give PostgreSQL more memory.',
  '53300': 'Raise max_connections, or end idle connections (pg_stat_activity); it is tried again by itself.',
  '55P03':
    'Something else holds a lock on the record: see pg_stat_activity with pg_blocking_pids(), and end that session.',
  '57014': 'A statement took too long: see what holds it up (pg_stat_activity, disk); it is tried again by itself.',
  '57P03': 'PostgreSQL is starting or stopping; it is tried again by itself.',
};

/** Wraps whatever a query threw; what is already a {@link RecordError} stays as it is. */
export function unavailable(cause: unknown): RecordError {
  if (cause instanceof RecordError) return cause;
  return new RecordError({
    code: 'RECORD_UNAVAILABLE',
    message: `PostgreSQL did not do it: ${describeError(cause)}`,
    remedy:
      REMEDIES[sqlStateOf(cause) ?? ''] ??
      'Check that PostgreSQL runs and that DATABASE_URL leads to it; it is tried again by itself.',
    retry: 'later',
    cause,
  });
}

/** True of what waiting does not mend, such as a tree that somebody touched. */
export function isForGood(error: unknown): error is AffidavitError {
  return error instanceof AffidavitError && error.retry === 'never';
}
