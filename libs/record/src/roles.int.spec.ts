import pg from 'pg';
import { recordBackdated } from '../../../test/support/backdated.js';
import { LOGIN_PASSWORD, loginUrl } from '../../../test/support/logins.js';
import { type TestDatabase, testDatabase } from '../../../test/support/servers.js';
import { migrate, migrateIfOwner } from './migrate.js';
import { createPool } from './pool.js';
import { excessRightsTrouble, LOGIN_OWNERS, type LoginOwner, loginName, RECORD_ROLES, rolesSql } from './roles.js';

// Real PostgreSQL. Each attack runs as a login that has got what a process has, or what one of the group roles has.

const PARTITION = 'event_standard_20240101';

let database: TestDatabase;
let owner: pg.Pool;

function urlFor(user: string): string {
  const url = new URL(database.url);
  url.username = user;
  url.password = LOGIN_PASSWORD;
  return url.href;
}

async function as<T>(user: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlFor(user) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** SQLSTATE of the refusal; undefined where it was let through. Nothing of it stays. */
async function refusal(user: string, sql: string): Promise<string | undefined> {
  return as(user, async (client) => {
    await client.query('BEGIN');
    try {
      await client.query(sql);
      return undefined;
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  });
}

beforeAll(async () => {
  database = await testDatabase();
  owner = createPool(database.url, { applicationName: 'test' });
  await migrate(owner);
  await recordBackdated(owner, [
    { class: 'standard', atMs: Date.parse('2024-01-10T10:00:00Z'), session: 's-1', identity: 'agent-1' },
  ]);
  await owner.query('SELECT ensure_command_words($1)', [PARTITION]);
  const client = await owner.connect();
  for (const one of LOGIN_OWNERS) await loginUrl(database.url, one);
  // Of `affidavit_retention` alone, for attacks with that role and nothing beside it.
  const { rowCount } = await client.query(`SELECT FROM pg_roles WHERE rolname = 'affidavit_test_retention'`);
  if (!rowCount) await client.query(`CREATE ROLE affidavit_test_retention IN ROLE affidavit_retention`);
  await client.query(`ALTER ROLE affidavit_test_retention LOGIN PASSWORD '${LOGIN_PASSWORD}'`);
  client.release();
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

const LOGINS = [...LOGIN_OWNERS.map(loginName), 'affidavit_test_retention'];
const DENIED = '42501';

const ATTACKS: [what: string, sql: string][] = [
  ['change an event', `UPDATE event SET body = ''`],
  ['change an event in its partition', `UPDATE ${PARTITION} SET body = ''`],
  ['delete an event', 'DELETE FROM event'],
  ['delete an event in its partition', `DELETE FROM ${PARTITION}`],
  ['read around the table', `SELECT FROM ${PARTITION}`],
  ['write around the table', `INSERT INTO ${PARTITION} SELECT * FROM event`],
  ['truncate events', 'TRUNCATE event'],
  ['truncate a class', 'TRUNCATE event_standard'],
  ['truncate a partition', `TRUNCATE ${PARTITION}`],
  ['change leaf data', `UPDATE run SET leaf_data = ''`],
  ['delete leaf data', 'DELETE FROM run'],
  ['truncate leaf data', 'TRUNCATE run'],
  ['switch triggers off', 'ALTER TABLE event DISABLE TRIGGER ALL'],
  ['switch triggers off in a partition', `ALTER TABLE ${PARTITION} DISABLE TRIGGER ALL`],
  ['switch triggers off for a session', 'SET session_replication_role = replica'],
  ['drop events', 'DROP TABLE event'],
  ['drop a partition', `DROP TABLE ${PARTITION}`],
  ['detach a partition', `ALTER TABLE event_standard DETACH PARTITION ${PARTITION}`],
  ['alter a column', 'ALTER TABLE event ALTER COLUMN body DROP NOT NULL'],
  ['add a rule', 'CREATE RULE quiet AS ON INSERT TO event DO INSTEAD NOTHING'],
  ['make a table', 'CREATE TABLE mine (n int)'],
  ['make a function', 'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$'],
  ['make a schema', 'CREATE SCHEMA mine'],
  ['become the superuser', 'SET ROLE postgres'],
  ['become the superuser for the session', 'SET SESSION AUTHORIZATION postgres'],
  ['make a role', 'CREATE ROLE mine SUPERUSER'],
  ['run a program', `COPY (SELECT 1) TO PROGRAM 'true'`],
  ['run a program, reading', `CREATE TEMP TABLE t (x text); COPY t FROM PROGRAM 'id'`],
  ['write a file', `COPY (SELECT 1) TO '/tmp/affidavit-attack'`],
  ['read a file', `SELECT pg_read_file('/etc/passwd')`],
  ['forge a purge', `INSERT INTO purge VALUES ('standard', now(), now(), 1, '')`],
  ['delete a purge', 'DELETE FROM purge'],
  ['rename a partition away', `UPDATE partition SET state = 'purged'`],
  ['move keep_until', 'UPDATE partition SET keep_until = now()'],
  ['shorten a class', `UPDATE retention_class SET keep = '1 day'`],
  ['delete a hold', 'DELETE FROM hold'],
  ['write the policy directly', `SELECT write_retention('standard', '1 day', '{}', 'x', 'y', 'z')`],
  ['change the words of commands', `UPDATE command_words SET words = ''`],
  ['delete the words of commands', 'DELETE FROM command_words'],
  ['truncate the words of commands', 'TRUNCATE command_words'],
  ['read words around the table', 'SELECT FROM command_words_standard_20240101'],
  ['drop the words of a partition', 'DROP TABLE command_words_standard_20240101'],
  ['put on the record directly', `SELECT put_on_record('retention.purged', '{}')`],
  ['change a function', `ALTER FUNCTION purge_partition(bigint, text) RESET search_path`],
];

describe('with the rights of a process', () => {
  describe.each(LOGINS)('%s nobody can', (login) => {
    it.each(ATTACKS)('%s', async (_, sql) => {
      expect(await refusal(login, sql)).toBe(DENIED);
    });
  });

  it('nobody but the API reads what keys are checked with', async () => {
    for (const login of LOGINS) {
      const isApi = login === loginName('api');
      expect({ login, refused: await refusal(login, 'SELECT hash FROM api_key') }).toEqual({
        login,
        refused: isApi ? undefined : DENIED,
      });
    }
  });

  it('nobody but retention purges, and nobody but recorder, api and forwarder write to the outbox', async () => {
    for (const login of LOGINS) {
      const purges = [loginName('recorder'), 'affidavit_test_retention'].includes(login);
      // P0002: let in, and told that no run plans it.
      expect({ login, purge: await refusal(login, `SELECT purge_partition(1, '${PARTITION}')`) }).toEqual({
        login,
        purge: purges ? 'P0002' : DENIED,
      });
      expect({ login, outbox: await refusal(login, `INSERT INTO outbox (body) VALUES ('{}')`) }).toEqual({
        login,
        outbox: login === 'affidavit_test_retention' ? DENIED : undefined,
      });
    }
  });

  it('nobody but the recorder writes words of commands, in tables of partitions that there are', async () => {
    for (const login of LOGINS) {
      const writes = login === loginName('recorder');
      const row = `INSERT INTO command_words VALUES ('${PARTITION}', 0, '''word''')`;
      expect({ login, refused: await refusal(login, row) }).toEqual({ login, refused: writes ? undefined : DENIED });
      for (const name of ['pg_class', 'log_head', 'event_standard_29990101', '"; DROP TABLE event; --']) {
        const made = `SELECT ensure_command_words('${name}')`;
        expect({ login, refused: await refusal(login, made) }).toEqual({ login, refused: writes ? undefined : DENIED });
      }
    }
    const { rows } = await owner.query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'command_words'::regclass`,
    );
    expect(rows).toEqual([{ name: 'command_words_standard_20240101' }]);
  });

  it('a hold cannot be changed, only released', async () => {
    await owner.query(
      `INSERT INTO hold (id, matter, reason, session_id, placed_by) VALUES ('hold-0000000001', 'M', 'r', 's-1', 'x')`,
    );
    const api = loginName('api');
    expect(await refusal(api, `UPDATE hold SET session_id = 'another'`)).toBe(DENIED);
    expect(await refusal(api, `UPDATE hold SET placed_at = '1970-01-01'`)).toBe(DENIED);
    expect(
      await refusal(
        api,
        `INSERT INTO hold (id, matter, reason, session_id, placed_by, released_at) VALUES ('hold-0000000002', 'M', 'r', 's', 'x', now())`,
      ),
    ).toBe(DENIED);
    expect(
      await refusal(api, `UPDATE hold SET released_by = 'x', released_at = now(), release_reason = 'r'`),
    ).toBeUndefined();
    for (const login of LOGINS.filter((one) => one !== api)) {
      expect(await refusal(login, `UPDATE hold SET released_by = 'x', released_at = now(), release_reason = 'r'`)).toBe(
        DENIED,
      );
    }
  });

  it('tables of the same name, made by the caller, lead no function astray', async () => {
    const shadow = `
      CREATE TEMP TABLE partition AS SELECT * FROM public.partition;
      CREATE TEMP TABLE retention_class (name text, keep interval, requirements text[]);
      INSERT INTO retention_class VALUES ('standard', '1 day', '{}');
      CREATE TEMP TABLE hold (LIKE public.hold);
      CREATE TEMP TABLE run (LIKE public.run);
      SET search_path = pg_temp, public;
      UPDATE partition SET keep_until = '1970-01-01';
      INSERT INTO public.retention_run (planned_at, planned, by) VALUES (clock_timestamp() - interval '1 day', ARRAY['${PARTITION}'], 'x');`;
    await as('affidavit_test_retention', async (client) => {
      await client.query('BEGIN');
      await client.query(shadow);
      const { rows } = await client.query(
        `SELECT public.purge_partition(id, '${PARTITION}') AS outcome FROM public.retention_run WHERE by = 'x'`,
      );
      // The true hold, not the empty table: its time of 400 days is over since 2025.
      expect(rows).toEqual([{ outcome: 'held: hold-0000000001' }]);
      await client.query('ROLLBACK');
    });
    // Operators of the caller's own are not found either: he may make none.
    expect(
      await refusal(
        'affidavit_test_retention',
        'CREATE OPERATOR public.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, PROCEDURE = timestamptz_lt)',
      ),
    ).toBe(DENIED);
  });

  it('a forged plan purges nothing before its time: not in the future, not what is kept, not what is held', async () => {
    const forged = async (plannedAt: string) =>
      as('affidavit_test_retention', async (client) => {
        await client.query('BEGIN');
        const { rows } = await client.query(
          `INSERT INTO retention_run (planned_at, planned, by) VALUES (${plannedAt}, ARRAY['${PARTITION}', 'log_head'], 'x') RETURNING id`,
        );
        const outcome = (name: string) =>
          client.query('SELECT purge_partition($1, $2) AS outcome', [rows[0].id, name]).then(
            (answer) => answer.rows[0].outcome as string,
            (error: { code: string }) => error.code,
          );
        const first = await outcome(PARTITION);
        await client.query('ROLLBACK');
        return first;
      });
    expect(await forged(`now() + interval '1 hour'`)).toBe('23514');
    expect(await forged(`'2024-06-01'`)).toBe('kept: its time ends 2025-03-07T00:00:00Z');
    expect(await forged('clock_timestamp()')).toBe('held: hold-0000000001');
    // What is no partition of the record is not dropped under its name.
    await as('affidavit_test_retention', async (client) => {
      await client.query('BEGIN');
      const { rows } = await client.query(
        `INSERT INTO retention_run (planned_at, planned, by) VALUES (clock_timestamp(), ARRAY['log_head'], 'x') RETURNING id`,
      );
      await expect(client.query(`SELECT purge_partition($1, 'log_head')`, [rows[0].id])).rejects.toMatchObject({
        code: 'P0002',
      });
      await client.query('ROLLBACK');
    });
  });
});

describe('the roles', () => {
  it('are the four that the SQL for administrators names', async () => {
    const { rows } = await owner.query<{ name: string; login: boolean; mighty: boolean }>(
      `SELECT rolname AS name, rolcanlogin AS login, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls AS mighty
         FROM pg_roles WHERE rolname = ANY($1) ORDER BY 1`,
      [RECORD_ROLES],
    );
    expect(rows).toEqual(RECORD_ROLES.map((name) => ({ name, login: false, mighty: false })));
    for (const role of RECORD_ROLES) expect(rolesSql()).toContain(`CREATE ROLE ${role} NOLOGIN;`);
  });

  it('give nobody a right on events, leaf data, purges and policy but to read, and the recorder to add', async () => {
    const { rows } = await owner.query<{ role: string; rights: string }>(
      `SELECT r.rolname AS role, c.relname || ': ' || string_agg(a.privilege_type, ' ' ORDER BY a.privilege_type) AS rights
         FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE c.relname IN ('event', 'run', 'purge', 'partition', 'retention_class') AND a.grantee <> c.relowner
          AND a.privilege_type <> 'SELECT' GROUP BY 1, c.relname ORDER BY 2`,
    );
    expect(rows).toEqual([
      { role: 'affidavit_recorder', rights: 'event: INSERT' },
      { role: 'affidavit_recorder', rights: 'run: INSERT' },
    ]);
  });

  it('and every function that runs with the owner’s rights has a fixed search path and is not for everybody', async () => {
    const { rows } = await owner.query<{ name: string; config: string[]; acl: string }>(
      `SELECT proname AS name, proconfig AS config, proacl::text AS acl FROM pg_proc
        WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1`,
    );
    expect(rows.map((row) => row.name)).toEqual([
      'confirm_retention',
      'ensure_command_words',
      'ensure_partitions',
      'holds_on',
      'partition_waits',
      'prepare_purge',
      'purge_partition',
      'raise_retention',
    ]);
    for (const row of rows) {
      expect(row.config).toContain('search_path=public, pg_temp');
      // `=X/owner` would be everybody.
      expect(row.acl).not.toMatch(/[{,]=/);
    }
  });

  it('are made by several databases of one server at once', async () => {
    const others = await Promise.all([1, 2, 3].map(() => testDatabase()));
    try {
      await Promise.all(
        others.map(async (other) => {
          const pool = createPool(other.url, { applicationName: 'test' });
          await migrate(pool).finally(() => pool.end());
        }),
      );
    } finally {
      await Promise.all(others.map((other) => other.drop()));
    }
  });

  it('an owner who may make none is told who must run what; where they are there he needs no more', async () => {
    const mine = await testDatabase();
    const name = `owner_${mine.name}`;
    await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD '${LOGIN_PASSWORD}'`);
    await owner.query(`ALTER DATABASE ${mine.name} OWNER TO ${name}`);
    const url = new URL(mine.url);
    url.username = name;
    url.password = LOGIN_PASSWORD;
    const pool = createPool(url.href, { applicationName: 'test' });
    // The roles of this server are there already: for this owner's first try they carry other names.
    const { cpSync, readFileSync, writeFileSync } = await import('node:fs');
    const { join } = await import('node:path');
    const { testFolder } = await import('../../../test/support/servers.js');
    const { migrationsFolder } = await import('./migrate.js');
    const folder = testFolder();
    try {
      cpSync(migrationsFolder(), folder.path, { recursive: true });
      const file = join(folder.path, '20261129000011_roles', 'migration.sql');
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll("'affidavit_recorder'", "'affidavit_not_there'"));
      await expect(migrate(pool, folder.path)).rejects.toMatchObject({
        code: 'RECORD_ROLES_MISSING',
        message: expect.stringContaining('CREATE ROLE affidavit_recorder NOLOGIN;'),
        remedy: expect.stringContaining('affidavit migrate --roles-sql'),
      });
      await migrate(pool);
      // He owns the record, which an app must not.
      expect(await excessRightsTrouble(pool, 'recorder')).toMatchObject({
        reason: expect.stringContaining(`'${name}', the owner of the record`),
        remedy: expect.stringContaining('affidavit_recorder and affidavit_retention'),
      });
      await recordBackdated(pool, [{ class: 'standard', atMs: Date.parse('2024-01-10T10:00:00Z') }]);
    } finally {
      folder.remove();
      await pool.end();
      await mine.drop();
      await owner.query(`DROP ROLE ${name}`);
    }
  });

  it('leave nothing to complain about; a superuser and an unmigrated database do', async () => {
    expect(await excessRightsTrouble(owner, 'api')).toMatchObject({ reason: expect.stringContaining('a superuser') });
    for (const one of LOGIN_OWNERS satisfies LoginOwner[]) {
      await as(loginName(one), async (client) => {
        expect(await excessRightsTrouble(client as never, one)).toBeUndefined();
      });
    }
    const api = createPool(urlFor(loginName('api')), { applicationName: 'test' });
    await migrateIfOwner(api);
    await api.end();
    const empty = await testDatabase();
    const url = new URL(urlFor(loginName('api')));
    url.pathname = `/${empty.name}`;
    const pool = createPool(url.href, { applicationName: 'test' });
    await expect(migrateIfOwner(pool)).rejects.toMatchObject({ code: 'RECORD_NOT_MIGRATED' });
    await pool.end();
    await empty.drop();
  });
});
