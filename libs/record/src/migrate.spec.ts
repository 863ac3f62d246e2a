import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { type TestDatabase, testDatabase, testFolder } from '../../../test/support/servers.js';
import { assertMigrated, migrate, migrationsFolder, pendingMigrations, readMigrations } from './migrate.js';
import { createPool } from './pool.js';

// Real PostgreSQL; nothing is faked.

describe('migrate', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeEach(async () => {
    database = await testDatabase();
    pool = createPool(database.url, { applicationName: 'test' });
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  it('applies everything once, and a second run does no harm', async () => {
    const names = readMigrations().map((migration) => migration.name);
    expect(await pendingMigrations(pool)).toEqual(names);
    await expect(assertMigrated(pool)).rejects.toMatchObject({ code: 'RECORD_NOT_MIGRATED' });
    expect((await migrate(pool)).applied).toEqual(names);
    expect(await pendingMigrations(pool)).toEqual([]);
    await assertMigrated(pool);
    expect((await migrate(pool)).applied).toEqual([]);
  });

  it('two at once apply each migration exactly once', async () => {
    const other = createPool(database.url, { applicationName: 'other' });
    try {
      const [one, two] = await Promise.all([migrate(pool), migrate(other)]);
      expect([...one.applied, ...two.applied].sort()).toEqual(readMigrations().map((migration) => migration.name));
    } finally {
      await other.end();
    }
  });

  it('writes its rows as Prisma does', async () => {
    await migrate(pool);
    const { rows } = await pool.query('SELECT * FROM _prisma_migrations ORDER BY migration_name LIMIT 1');
    expect(rows[0]).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
      checksum: readMigrations()[0]!.checksum,
      migration_name: '20261125000001_record',
      logs: null,
      rolled_back_at: null,
      applied_steps_count: 1,
      finished_at: expect.any(Date),
      started_at: expect.any(Date),
    });
  });

  it('refuses to go on where an applied migration was changed', async () => {
    await migrate(pool);
    const folder = testFolder();
    try {
      cpSync(migrationsFolder(), folder.path, { recursive: true });
      appendFileSync(join(folder.path, '20261125000001_record', 'migration.sql'), '\n-- changed\n');
      await expect(migrate(pool, folder.path)).rejects.toMatchObject({ code: 'RECORD_MIGRATION_CHANGED' });
    } finally {
      folder.remove();
    }
  });

  it('keeps nothing of a migration that fails', async () => {
    const folder = testFolder();
    try {
      cpSync(migrationsFolder(), folder.path, { recursive: true });
      appendFileSync(join(folder.path, '20261125000001_record', 'migration.sql'), '\nSELECT 1/0;\n');
      await expect(migrate(pool, folder.path)).rejects.toMatchObject({ code: 'RECORD_MIGRATION_FAILED' });
      const { rows } = await pool.query(`SELECT to_regclass('log_head') AS head`);
      expect(rows[0].head).toBeNull();
      expect((await migrate(pool)).applied.length).toBeGreaterThan(0);
    } finally {
      folder.remove();
    }
  });

  it('makes partitions of months, of days for short classes, and twice does no harm', async () => {
    await migrate(pool);
    await pool.query(`INSERT INTO retention_class VALUES ('brief', '30 days')`);
    const ensure = (name: string, from: string, until: string) =>
      pool.query('SELECT ensure_partitions($1, $2, $3) AS made', [name, from, until]).then(({ rows }) => rows[0].made);
    expect(await ensure('standard', '2026-11-25T10:00:00Z', '2026-12-25T10:00:00Z')).toBe(2);
    expect(await ensure('standard', '2026-11-25T10:00:00Z', '2026-12-25T10:00:00Z')).toBe(0);
    const both = await Promise.all([1, 2].map(() => ensure('brief', '2026-11-25T10:00:00Z', '2026-11-27T00:00:00Z')));
    expect(both.sort()).toEqual([0, 2]);
    // The class now keeps longer: its days stay, months go on from where they end.
    await pool.query(`UPDATE retention_class SET keep = '1 year' WHERE name = 'brief'`);
    expect(await ensure('brief', '2026-11-25T10:00:00Z', '2026-12-02T00:00:00Z')).toBe(2);
    const { rows } = await pool.query(`SELECT name, keep_until FROM partition WHERE class = 'brief' ORDER BY from_at`);
    expect(rows.map((row) => row.name)).toEqual([
      'event_brief_20261125',
      'event_brief_20261126',
      'event_brief_20261127',
      'event_brief_20261201',
    ]);
  });
});
