import { Command } from 'commander';
import { type OutputOptions, present } from '../output.js';

export function rebuildCommand(): Command {
  return new Command('rebuild').description('Make a projection anew from the record.').addCommand(
    new Command('sessions')
      .description(
        'Fold the whole record again and correct the sessions table by it, in one transaction. A table that was right stays as it is.',
      )
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const [{ loadSettings }, { rebuildSessions }, { withRecordDatabase }, { databaseUrlOf }] = await Promise.all([
          import('#platform'),
          import('#record'),
          import('../record-database.js'),
          import('../running.js'),
        ]);
        const startedAt = performance.now();
        const url = databaseUrlOf(loadSettings());
        const result = await withRecordDatabase(url, 'affidavit-rebuild', (pool) => rebuildSessions(pool));
        const elapsedMs = Math.round(performance.now() - startedAt);
        await present(options, { ...result, elapsedMs }, ({ sessions, events, corrected }) =>
          corrected === 0
            ? `${sessions} sessions from ${events} events: the table was right.`
            : `${sessions} sessions from ${events} events: ${corrected} rows were corrected.`,
        );
      }),
  );
}
