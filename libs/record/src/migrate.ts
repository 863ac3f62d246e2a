import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { describeError } from '#events';
import { RecordError, sqlStateOf, unavailable } from './errors.js';
import type { Queryable } from './pool.js';
import { rolesSql } from './roles.js';

// Migrations in brief: SQL in Prisma's folder format, applied by this runner, because Prisma's own needs a native engine that
// is downloaded. Each file is one transaction together with its row in _prisma_migrations, which is written as Prisma writes
// it, so that `prisma migrate status` agrees wherever that engine exists. A crash leaves a migration applied or not, never half.

/** The lock that Prisma's engine takes too, so that the two never run at once. */
const MIGRATION_LOCK = 72_707_369;
const OLDEST_POSTGRES = 15;
/** SQLSTATE with which the migration of the roles says that it may not make them. */
const ROLES_MISSING = 'AF001';

const MIGRATIONS_TABLE = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  varchar(36) PRIMARY KEY NOT NULL,
  checksum            varchar(64) NOT NULL,
  finished_at         timestamptz,
  migration_name      varchar(255) NOT NULL,
  logs                text,
  rolled_back_at      timestamptz,
  started_at          timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

export interface Migration {
  name: string;
  sql: string;
  /** SHA-256 of the file, hex. */
  checksum: string;
}

/** The folder `prisma/migrations`, found upwards from here: from source and from dist/ alike. */
export function migrationsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'prisma', 'migrations');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) {
      throw new RecordError({
        code: 'RECORD_MIGRATIONS_MISSING',
        message: 'the folder prisma/migrations was not found',
        remedy: 'Install the whole package: the folder prisma/ belongs beside dist/.',
        retry: 'never',
      });
    }
  }
}

/** All migrations of this version, oldest first. */
export function readMigrations(folder = migrationsFolder()): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'migration.sql')))
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const file = readFileSync(join(folder, name, 'migration.sql'));
      return { name, sql: file.toString('utf8'), checksum: createHash('sha256').update(file).digest('hex') };
    });
}

/**
 * Brings the schema up to this version. A second run, or two at once, do no harm.
 * @returns the names of what this call applied
 * @throws RECORD_POSTGRES_TOO_OLD, RECORD_POSTGRES_ENCODING, RECORD_MIGRATION_CHANGED, RECORD_MIGRATION_FAILED (nothing of that file stays),
 *   RECORD_ROLES_MISSING (says who must run what)
 */
export async function migrate(pool: pg.Pool, folder?: string): Promise<{ applied: string[] }> {
  const migrations = readMigrations(folder);
  const client = await pool.connect();
  const applied: string[] = [];
  let broken = true;
  try {
    await refuseUnfitServer(client);
    for (const migration of migrations) {
      if (await applyOne(client, migration)) applied.push(migration.name);
    }
    broken = false;
  } finally {
    client.release(broken);
  }
  return { applied };
}

/** Names of migrations that the database still lacks; all of them where it has none. Changes nothing. */
export async function pendingMigrations(db: Queryable, folder?: string): Promise<string[]> {
  const { rows: tables } = await db.query<{ present: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`,
  );
  const done = new Set<string>();
  if (tables[0]?.present) {
    const { rows } = await db.query<{ migration_name: string }>(
      'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    for (const row of rows) done.add(row.migration_name);
  }
  return readMigrations(folder)
    .map((migration) => migration.name)
    .filter((name) => !done.has(name));
}

/**
 * Brings the schema up to this version where this login may; else waits for whoever does. An app of a proper installation may not.
 * @throws as {@link migrate}; RECORD_NOT_MIGRATED (retry: later)
 */
export async function migrateIfOwner(pool: pg.Pool): Promise<void> {
  if ((await pendingMigrations(pool)).length === 0) return;
  const { rows } = await pool.query<{ may: boolean }>(
    `SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may`,
  );
  if (rows[0]?.may) await migrate(pool);
  else await assertMigrated(pool);
}

/** @throws RECORD_NOT_MIGRATED (retry: later), RECORD_UNAVAILABLE */
export async function assertMigrated(db: Queryable): Promise<void> {
  const pending = await pendingMigrations(db).catch((cause) => Promise.reject(unavailable(cause)));
  if (pending.length === 0) return;
  throw new RecordError({
    code: 'RECORD_NOT_MIGRATED',
    message: `the database lacks ${pending.length} migrations: ${pending.join(', ')}`,
    remedy: 'Run `affidavit migrate` (`affidavit up` does it by itself).',
    retry: 'later',
  });
}

async function refuseUnfitServer(db: Queryable): Promise<void> {
  const { rows } = await db.query<{ version: number; text: string; encoding: string }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_version') AS text,
            current_setting('server_encoding') AS encoding`,
  );
  const server = rows[0];
  if (server && server.version < OLDEST_POSTGRES) {
    throw new RecordError({
      code: 'RECORD_POSTGRES_TOO_OLD',
      message: `this PostgreSQL is ${server.text}; ${OLDEST_POSTGRES} or newer is needed`,
      remedy: `Point DATABASE_URL to a PostgreSQL ${OLDEST_POSTGRES} or newer.`,
      retry: 'never',
    });
  }
  if (server && server.encoding !== 'UTF8') {
    throw new RecordError({
      code: 'RECORD_POSTGRES_ENCODING',
      message: `this database is encoded in ${server.encoding}; it must be UTF8`,
      remedy: "Create the database with ENCODING 'UTF8' (and TEMPLATE template0) and point DATABASE_URL to it.",
      retry: 'never',
    });
  }
}

async function applyOne(client: pg.PoolClient, migration: Migration): Promise<boolean> {
  await client.query('BEGIN');
  try {
    // The one place without a limit on time: a migration, or waiting for another process to finish one.
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query(MIGRATIONS_TABLE);
    const { rows } = await client.query<{ checksum: string }>(
      `SELECT checksum FROM _prisma_migrations
        WHERE migration_name = $1 AND finished_at IS NOT NULL AND rolled_back_at IS NULL`,
      [migration.name],
    );
    const known = rows[0];
    if (known && known.checksum !== migration.checksum) throw changed(migration.name);
    if (!known) {
      await client.query(migration.sql);
      await client.query(
        `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at, applied_steps_count)
         VALUES ($1, $2, clock_timestamp(), $3, NULL, NULL, now(), 1)`,
        [randomUUID(), migration.checksum, migration.name],
      );
    }
    await client.query('COMMIT');
    return known === undefined;
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {});
    const state = sqlStateOf(cause);
    // A server that is short of something, or stopping, is no fault of the migration.
    if (cause instanceof RecordError || state === undefined || /^(08|40|53|55|57)/.test(state)) throw cause;
    if (state === ROLES_MISSING) throw rolesMissing(cause);
    throw new RecordError({
      code: 'RECORD_MIGRATION_FAILED',
      message: `migration ${migration.name} failed: ${describeError(cause)}`,
      remedy:
        'Nothing of it was kept. Mend what the message names (often rights of the database user) and run it again.',
      retry: 'never',
      cause,
    });
  }
}

function rolesMissing(cause: unknown): RecordError {
  return new RecordError({
    code: 'RECORD_ROLES_MISSING',
    message: `${describeError(cause)}. An administrator of the server runs:\n${rolesSql()}`,
    remedy:
      'Have these statements run (`affidavit migrate --roles-sql` prints them), then run `affidavit migrate` again.',
    retry: 'never',
    cause,
  });
}

function changed(name: string): RecordError {
  return new RecordError({
    code: 'RECORD_MIGRATION_CHANGED',
    message: `migration ${name} was changed after this database had applied it`,
    remedy: 'Restore the file as it was released; write further changes as a new migration.',
    retry: 'never',
  });
}
