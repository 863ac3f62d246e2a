import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createPool, findExcessRights, rolesSql } from '#record';
import { LOGIN_PASSWORD } from '../../../../test/support/logins.js';
import { testDatabase } from '../../../../test/support/servers.js';

// The real command on a real PostgreSQL.

const run = promisify(execFile);

async function migrate(env: Record<string, string>, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['bin/affidavit.mjs', 'migrate', ...args], {
    env: { ...process.env, ...env },
  });
  return stdout;
}

describe('affidavit migrate', () => {
  it('makes the logins whose passwords are set, each with no more rights than its process needs; again, it does no harm', async () => {
    const database = await testDatabase();
    try {
      const env = { DATABASE_URL: database.url, AFFIDAVIT_API_LOGIN_PASSWORD: LOGIN_PASSWORD };
      const first = JSON.parse(await migrate(env, '--json'));
      expect(first).toEqual({ applied: expect.any(Array), logins: ['affidavit_login_api'] });
      expect(first.applied.length).toBeGreaterThan(5);
      expect(JSON.parse(await migrate(env, '--json'))).toEqual({ applied: [], logins: ['affidavit_login_api'] });
      const url = new URL(database.url);
      [url.username, url.password] = ['affidavit_login_api', LOGIN_PASSWORD];
      const pool = createPool(url.href, { applicationName: 'test' });
      try {
        expect(await findExcessRights(pool)).toBeUndefined();
        expect((await pool.query('SELECT size FROM log_head')).rows).toEqual([{ size: 0n }]);
      } finally {
        await pool.end();
      }
    } finally {
      await database.drop();
    }
  });

  it('prints what an administrator runs where its own login may make no roles', async () => {
    expect((await migrate({}, '--roles-sql')).trim()).toBe(rolesSql());
  });
});
