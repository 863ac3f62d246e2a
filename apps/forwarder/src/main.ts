import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Forwarder } from '#delivery';
import { DatadogDestination, intakeUrl } from '#delivery/datadog';
import { ConfigError, runApp, startAdminServer } from '#platform';
import { createPool } from '#record';
import { observeDeliveries, showLedger } from './delivery-metrics.js';
import { forwarderModule } from './forwarder.module.js';
import { healthChecks } from './health-checks.js';

await runApp('forwarder', async ({ settings, logger, metrics, onClose }) => {
  const { databaseUrl, redisUrl, ddApiKey, ddLogsUrl, ddSite, ddEnv, host, forwarderPort: port } = settings;
  if (!databaseUrl || !redisUrl || !ddApiKey) {
    const missing = databaseUrl ? (redisUrl ? 'DD_API_KEY' : 'REDIS_URL') : 'DATABASE_URL';
    throw new ConfigError({
      code: 'CONFIG_INVALID',
      message: `${missing} is not set`,
      remedy:
        'Set DATABASE_URL, REDIS_URL and DD_API_KEY, or use `affidavit up`, which starts the servers and a local stand-in for Datadog.',
      retry: 'never',
    });
  }
  const pool = createPool(databaseUrl, { applicationName: 'affidavit-forwarder' });
  onClose('pool', () => pool.end());
  showLedger(metrics, pool);
  const destination = new DatadogDestination({ url: ddLogsUrl ?? intakeUrl(ddSite), apiKey: ddApiKey, env: ddEnv });
  const forwarder = new Forwarder({
    pool,
    redisUrl,
    destination,
    observer: observeDeliveries(metrics, logger),
    leaseMs: settings.forwarderLeaseMs,
  });
  const nest = await NestFactory.createApplicationContext(forwarderModule(forwarder), {
    logger: false,
    abortOnError: false,
  });
  onClose('forwarder', () => nest.close());
  const checks = healthChecks(forwarder, pool, destination.clock);
  const admin = await startAdminServer({ host, port, checks: () => checks, metrics });
  onClose('admin server', () => admin.close());
  logger.info({ url: admin.url, intake: ddLogsUrl ?? intakeUrl(ddSite) }, 'the forwarder is up');
});
