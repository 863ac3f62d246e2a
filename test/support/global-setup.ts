import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type LocalPostgres, type LocalRedis, startLocalPostgres, startLocalRedis } from '#platform';

/**
 * One PostgreSQL and one Redis for the whole run; each test takes its own database and its own Redis database or key names
 * (see servers.ts). Tests that kill or empty a server start their own.
 */
export default async function setup(): Promise<void> {
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

interface TestServers {
  postgres: LocalPostgres;
  redis: LocalRedis;
  folder: string;
}
