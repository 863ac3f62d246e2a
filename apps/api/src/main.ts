import 'reflect-metadata';
import { join } from 'node:path';
import { batchReceipts, RETRY_POLICY } from '#delivery';
import {
  apiUrlOf,
  ConfigError,
  Hindrance,
  listen,
  Metrics,
  packageFolder,
  runApp,
  STARTING,
  softwareVersion,
  startAdminServer,
  untilDone,
} from '#platform';
import {
  createPool,
  ExportFolder,
  ensureAdminKey,
  migrateIfOwner,
  openPrisma,
  ReadSittings,
  unavailable,
} from '#record';
import { writeAdminKey } from './admin-key.js';
import { createApi } from './api.js';
import { starting } from './errors.js';
import { ExportMaker } from './export-maker.js';
import { ApiParts } from './parts.js';
import { problemOf } from './problem.filter.js';

/** How long an answer waits for the projection to reach the position that it was asked for. */
const HORIZON_WAIT_MS = 5_000;

await runApp('api', async ({ settings, logger, metrics, onClose }) => {
  if (!settings.databaseUrl) {
    throw new ConfigError({
      code: 'CONFIG_INVALID',
      message: 'DATABASE_URL is not set',
      remedy: 'Set it to the PostgreSQL that holds the record, or use `affidavit up`, which starts one.',
      retry: 'never',
    });
  }
  const pool = createPool(settings.databaseUrl, { applicationName: 'affidavit-api' });
  onClose('pool', () => pool.end());
  const start = new Hindrance();
  // Stands in the API's place until there is a record to read, so that whoever looks is told what it waits for.
  const waiting = await startAdminServer({
    host: settings.host,
    port: settings.apiPort,
    metrics: new Metrics({ service: 'api' }),
    checks: () => [{ name: 'postgres', hop: 'record → reader', check: () => start.trouble ?? STARTING }],
    otherwise: () => {
      const { reason, remedy } = start.trouble ?? STARTING;
      const body = problemOf(starting(reason, remedy), 503);
      return { status: 503, contentType: 'application/problem+json', body };
    },
  });
  try {
    await untilDone(logger, start, 'PostgreSQL does not answer yet', () =>
      migrateIfOwner(pool).catch((cause) => Promise.reject(unavailable(cause))),
    );
  } finally {
    await waiting.close();
  }
  const prisma = await openPrisma(pool);
  onClose('prisma', () => prisma.$disconnect());

  const keyFile = join(settings.dataDir, 'admin.key');
  // Into the file only: a log is read, kept and shipped by others.
  const made = await ensureAdminKey(pool, (key) => writeAdminKey(keyFile, key));
  if (made) logger.info({ file: keyFile }, 'first start: an admin key was made; it stands in the file');

  const exports = new ExportMaker({
    pool,
    folder: ExportFolder.open(settings.exportDir ?? join(settings.dataDir, 'exports')),
    keepMs: settings.exportKeepMs,
    evidence: {
      software: `affidavit ${softwareVersion()}`,
      reportPage: join(packageFolder(), 'dist/apps/report/report.html'),
      receipts: batchReceipts,
    },
    logger,
    metrics,
  });
  onClose('exports', () => exports.stop());
  exports.start();

  const app = await createApi(
    new ApiParts({
      pool,
      prisma,
      sittings: new ReadSittings(pool),
      logger,
      metrics,
      publicUrl: apiUrlOf(settings),
      trustedProxies: settings.apiTrustedProxies,
      horizonWaitMs: HORIZON_WAIT_MS,
      retryPolicy: RETRY_POLICY,
      exports,
    }),
  );
  onClose('http', () => app.close());
  await listen(app.getHttpServer(), settings.host, settings.apiPort);
  logger.info({ host: settings.host, port: settings.apiPort }, 'the audit-log API listens');
});
