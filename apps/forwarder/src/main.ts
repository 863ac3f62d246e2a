import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Fleet } from '#delivery';
import { ConfigError, runApp, startAdminServer } from '#platform';
import { createPool } from '#record';
import { observeDeliveries, showLedger } from './delivery-metrics.js';
import { Destinations } from './destinations.js';
import { forwarderModule } from './forwarder.module.js';
import { healthChecks } from './health-checks.js';

await runApp('forwarder', async ({ settings, logger, metrics, onClose }) => {
  const { databaseUrl, redisUrl, host, forwarderPort: port } = settings;
  if (!databaseUrl || !redisUrl) {
    throw new ConfigError({
      code: 'CONFIG_INVALID',
      message: `${databaseUrl ? 'REDIS_URL' : 'DATABASE_URL'} is not set`,
      remedy: 'Set DATABASE_URL and REDIS_URL, or use `affidavit up`, which starts the servers.',
      retry: 'never',
    });
  }
  const destinations = new Destinations(settings, (error) =>
    logger.error({ err: error }, 'the policy file is wrong; the policy before it stays in force'),
  );
  const pool = createPool(databaseUrl, { applicationName: 'affidavit-forwarder' });
  onClose('pool', () => pool.end());
  showLedger(metrics, pool);
  const fleet = new Fleet({
    pool,
    redisUrl,
    observer: observeDeliveries(metrics, logger),
    leaseMs: settings.forwarderLeaseMs,
    onUnusable: (destination, error) =>
      logger.error({ err: error, destination }, 'a destination cannot be used; what it is to have waits'),
  });
  const nest = await NestFactory.createApplicationContext(forwarderModule(fleet, destinations), {
    logger: false,
    abortOnError: false,
  });
  onClose('fleet', () => nest.close());
  const checks = healthChecks(fleet, destinations, pool);
  const admin = await startAdminServer({ host, port, checks: () => checks, metrics });
  onClose('admin server', () => admin.close());
  logger.info(
    { url: admin.url, destinations: destinations.current().map(({ entry }) => entry.name) },
    'the forwarder is up',
  );
});
