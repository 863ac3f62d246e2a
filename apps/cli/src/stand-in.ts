import { join } from 'node:path';
import { startStandIn } from '#delivery/datadog';
import { runApp } from '#platform';

/** Runs the stand-in for Datadog until it is told to stop. It listens on this machine only, whatever AFFIDAVIT_HOST says. */
export async function serveStandIn(): Promise<void> {
  await runApp('datadog', async ({ settings, logger, onClose }) => {
    const standIn = await startStandIn({
      port: settings.datadogPort,
      directory: join(settings.dataDir, 'datadog'),
    });
    onClose('stand-in', () => standIn.close());
    logger.info({ url: standIn.url, logsUrl: standIn.logsUrl }, 'the stand-in for Datadog listens');
  });
}
