import 'reflect-metadata';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import {
  ConfigError,
  type HealthCheck,
  Hindrance,
  loadKeyPair,
  loadOrCreateKeyPair,
  parseKeyPair,
  runApp,
  STARTING,
  softwareVersion,
  startAdminServer,
  untilDone,
} from '#platform';
import { assertMigrated, createPool } from '#record';
import { assertRedisKeepsData, connectRedis } from '#streams';
import { Recorder, serverChecks } from './recorder.js';
import { recorderModule } from './recorder.module.js';

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
  const folder = join(dataDir, 'recorder');
  const markKey = loadOrCreateKeyPair(join(folder, 'mark.key'));
  const { checkpointKey: keyText, checkpointKeyFile = join(folder, 'checkpoint.key') } = settings;
  const checkpointKey = keyText
    ? parseKeyPair(keyText, 'AFFIDAVIT_CHECKPOINT_KEY')
    : loadOrCreateKeyPair(checkpointKeyFile);
  const previousCheckpointKey = loadKeyPair(
    settings.previousCheckpointKeyFile ?? join(folder, 'checkpoint.previous.key'),
  );
  const pool = createPool(databaseUrl, { applicationName: 'affidavit-recorder' });
  onClose('pool', () => pool.end());
  const redis = connectRedis(redisUrl, 'plain');
  onClose('redis', () => redis.disconnect());

  const start = new Hindrance();
  let checks: HealthCheck[] = [
    ...serverChecks(pool, redis),
    { name: 'start', hop: 'Redis → record', check: () => start.trouble ?? STARTING },
  ];
  // Before what may have to wait: a recorder that waits for its servers says so.
  const admin = await startAdminServer({ host, port, checks: () => checks, metrics });
  onClose('admin server', () => admin.close());

  await untilDone(logger, start, 'Redis does not answer yet', () => assertRedisKeepsData(redis));
  const recorder = await untilDone(logger, start, 'PostgreSQL is not ready yet', async () => {
    await assertMigrated(pool);
    const { configFile: policyFile } = settings;
    return Recorder.open({
      pool,
      redis,
      markKey,
      checkpointKey,
      previousCheckpointKey,
      checkpointFile: join(folder, 'last-checkpoint'),
      checkpointEveryMs: settings.checkpointEvery,
      verifyRate: settings.verifyRate,
      verifyEveryMs: settings.verifyEvery,
      policyFile,
      version: softwareVersion(),
      logger,
      metrics,
    });
  });

  const nest = await NestFactory.createApplicationContext(recorderModule(recorder), {
    logger: false,
    abortOnError: false,
  });
  onClose('recorder', () => nest.close());
  checks = recorder.checks;
  logger.info({ url: admin.url }, 'the recorder is up');
});
