import pg from 'pg';
import { ensureLogin, type LoginOwner, loginName } from '#record';

/** One for all tests: logins belong to the whole server, on which others work at the same time. */
export const LOGIN_PASSWORD = 'a-password-of-these-tests';
const LOCK = 4711;

/**
 * Where a process of this kind connects: with the rights of its own login, as in an installation.
 * @param databaseUrl the owner's, of a record that is migrated
 */
export async function loginUrl(databaseUrl: string, owner: LoginOwner): Promise<string> {
  const url = new URL(databaseUrl);
  // A lock is its database's own: the one that all tests share.
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await ensureLogin(client, owner, LOGIN_PASSWORD);
  } finally {
    await client.end();
  }
  url.pathname = new URL(databaseUrl).pathname;
  url.username = loginName(owner);
  url.password = LOGIN_PASSWORD;
  return url.href;
}
