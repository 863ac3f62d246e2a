import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { ConfigError, loadOrCreateKeyPair, runApp, softwareVersion, startAdminServer } from '#platform';
import { createPool, pendingMigrations } from '#record';
import { assertRedisKeepsData, connectRedis } from '#streams';
import { Recorder } from './recorder.js';
import { recorderModule } from './recorder.module.js';
import { untilDone } from './start-up.js';

await runApp('recorder', async ({ settings, logger, metrics, onClose }) => {
  const { databaseUrl, redisUrl, dataDir, host, recorderPort: port } = settings;
  if (!databaseUrl || !redisUrl) {
    throw new ConfigError({
      code: 'CONFIG_INVALID',
      message: `${databaseUrl ? 'REDIS_URL' : 'DATABASE_URL'} is not set`,
      remedy: 'Set both to the servers that hold streams and record, or use `affidavit up`, which starts them.',
      retry: 'never',
    });
  }
  const markKey = loadOrCreateKeyPair(join(dataDir, 'recorder', 'mark.key'));
  const pool = createPool(databaseUrl, { applicationName: 'affidavit-recorder' });
  onClose('pool', () => pool.end());
  const redis = connectRedis(redisUrl, 'plain');
  onClose('redis', () => redis.disconnect());

  await untilDone(logger, 'Redis does not answer yet', () => assertRedisKeepsData(redis));
  const recorder = await untilDone(logger, 'PostgreSQL is not ready yet', async () => {
    const pending = await pendingMigrations(pool);
    if (pending.length > 0) throw new Error(`migrations are missing: ${pending.join(', ')}`);
    return Recorder.open({ pool, redis, markKey, version: softwareVersion(), logger, metrics });
  });

  const nest = await NestFactory.createApplicationContext(recorderModule(recorder), {
    logger: false,
    abortOnError: false,
  });
  onClose('recorder', () => nest.close());
  const admin = await startAdminServer({ host, port, checks: recorder.checks, metrics });
  onClose('admin server', () => admin.close());
  logger.info({ url: admin.url }, 'the recorder is up');
});
