import type pg from 'pg';
import { AffidavitError, describeError } from '#events';
import { createPool } from '#record';
import { CliError, EXIT } from './errors.js';

/**
 * Works on the database of the record, over at most two connections, which are closed at the end.
 * @throws CLI_DATABASE_UNUSABLE where PostgreSQL refuses or does not answer
 */
export async function withRecordDatabase<T>(
  url: string,
  applicationName: string,
  work: (pool: pg.Pool) => Promise<T>,
): Promise<T> {
  const pool = createPool(url, { applicationName, max: 2 });
  try {
    return await work(pool);
  } catch (cause) {
    if (cause instanceof AffidavitError) throw cause;
    throw new CliError({
      code: 'CLI_DATABASE_UNUSABLE',
      message: `the PostgreSQL at ${placeOf(url)} cannot be used: ${describeError(cause)}`,
      remedy: 'Check DATABASE_URL: host, port, user, password and database, and that the server runs.',
      retry: 'later',
      exitCode: EXIT.unreachable,
      cause,
    });
  } finally {
    await pool.end();
  }
}

/** Host and database, without the password. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
