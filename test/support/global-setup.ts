import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, type LocalPostgres, type LocalRedis, startLocalPostgres, startLocalRedis } from '#platform';

/**
 * One PostgreSQL and one Redis for the whole run; each test takes its own database and its own Redis database or key names
 * (see servers.ts). Tests that kill or empty a server start their own.
 */
export default async function setup(): Promise<void> {
  findClients();
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-test-'));
  // The database server may run as another user (never as root), who must be able to reach its folder.
  chmodSync(folder, 0o755);
  const host = '127.0.0.1';
  // Durability is the product's business, not that of the shared test server: fsync off makes 2 cores go further.
  const postgres = await startLocalPostgres({
    directory: join(folder, 'postgres'),
    port: await freePort(host),
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  const redis = await startLocalRedis({
    directory: join(folder, 'redis'),
    port: await freePort(host),
    settings: { appendonly: 'no', databases: '64' },
  });
  process.env.TEST_POSTGRES_URL = postgres.url();
  process.env.TEST_REDIS_URL = redis.url;
  (globalThis as unknown as { affidavitTest: TestServers }).affidavitTest = { postgres, redis, folder };
}

const CLIENTS = ['psql', 'pgbench', 'pg_dump'];

/**
 * PostgreSQL's own clients, which the gateway's tests drive: found, or installed where that asks no question. Tests that need
 * one that is not to be had are left out, and say so (clients.ts).
 */
function findClients(): void {
  if (CLIENTS.some((name) => !isRunnable(name))) extendPath();
  if (CLIENTS.some((name) => !isRunnable(name)) && installClients()) extendPath();
  const found = CLIENTS.filter(isRunnable);
  process.env.TEST_CLIENTS = found.join(' ');
  const missing = CLIENTS.filter((name) => !found.includes(name));
  if (missing.length > 0) {
    console.warn(
      `not installed: ${missing.join(', ')}. Tests that need them are left out (Debian: postgresql, macOS: libpq).`,
    );
  }
}

function isRunnable(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Where packages put the clients without linking them into the path. */
function extendPath(): void {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  const folders = [...versions, '/opt/homebrew/opt/libpq/bin', '/usr/local/opt/libpq/bin'].filter(existsSync);
  process.env.PATH = [process.env.PATH, ...folders].join(delimiter);
}

function installClients(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  try {
    // The tests run servers of their own; a cluster of the system would only take memory.
    mkdirSync('/etc/postgresql-common', { recursive: true });
    const file = '/etc/postgresql-common/createcluster.conf';
    if (!existsSync(file)) writeFileSync(file, 'create_main_cluster = false\n');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env, timeout: 120_000 });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'postgresql'], {
      stdio: 'ignore',
      env,
      timeout: 300_000,
    });
    return true;
  } catch {
    return false;
  }
}

interface TestServers {
  postgres: LocalPostgres;
  redis: LocalRedis;
  folder: string;
}
