import { join } from 'node:path';
import { startStandIn } from '#delivery/datadog';
import { parseSizeBytes, runApp, SIZE_FORM } from '#platform';
import { CliError } from './errors.js';

/** Runs the stand-in for Datadog until it is told to stop. It listens on this machine only, whatever AFFIDAVIT_HOST says. */
export async function serveStandIn(keep: string): Promise<void> {
  const keptBytes = parseSizeBytes(keep);
  if (keptBytes === undefined) {
    throw new CliError({
      code: 'CLI_USAGE',
      message: `--keep '${keep}' is no size`,
      remedy: `It must be ${SIZE_FORM}.`,
      retry: 'never',
    });
  }
  await runApp('datadog', async ({ settings, logger, onClose }) => {
    const standIn = await startStandIn({
      port: settings.datadogPort,
      directory: join(settings.dataDir, 'datadog'),
      keptBytes,
    });
    onClose('stand-in', () => standIn.close());
    logger.info({ url: standIn.url, logsUrl: standIn.logsUrl }, 'the stand-in for Datadog listens');
  });
}
