import { rmSync } from 'node:fs';
import type { LocalPostgres, LocalRedis } from '#platform';

/** Stops what global-setup.ts started, and removes its folder. */
export default async function teardown(): Promise<void> {
  const servers = (
    globalThis as unknown as { affidavitTest?: { postgres: LocalPostgres; redis: LocalRedis; folder: string } }
  ).affidavitTest;
  if (!servers) return;
  await Promise.all([servers.postgres.stop(), servers.redis.stop()]);
  rmSync(servers.folder, { recursive: true, force: true });
}
