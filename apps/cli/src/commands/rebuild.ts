import { Command } from 'commander';
import type pg from 'pg';
import { type OutputOptions, present } from '../output.js';

export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('Make a projection anew from the record.')
    .addCommand(
      new Command('sessions')
        .description(
          'Fold the whole record again and correct the sessions table by it, in one transaction. A table that was right stays as it is.',
        )
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const { rebuildSessions } = await import('#record');
          const result = await rebuilt(rebuildSessions);
          await present(options, result, ({ sessions, events, corrected }) =>
            corrected === 0
              ? `${sessions} sessions from ${events} events: the table was right.`
              : `${sessions} sessions from ${events} events: ${corrected} rows were corrected.`,
          );
        }),
    )
    .addCommand(
      new Command('search')
        .description(
          'Gather the words of all commands again and correct the index of the search by them, page by page. An index that was right stays as it is.',
        )
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const { rebuildCommands } = await import('#record');
          const result = await rebuilt(rebuildCommands);
          await present(options, result, ({ blocks, events, corrected }) =>
            corrected === 0
              ? `${blocks} rows from ${events} commands: the index was right.`
              : `${blocks} rows from ${events} commands: ${corrected} were corrected.`,
          );
        }),
    );
}

async function rebuilt<T extends object>(rebuild: (pool: pg.Pool) => Promise<T>): Promise<T & { elapsedMs: number }> {
  const [{ loadSettings }, { withRecordDatabase }, { databaseUrlOf }] = await Promise.all([
    import('#platform'),
    import('../record-database.js'),
    import('../running.js'),
  ]);
  const startedAt = performance.now();
  const url = databaseUrlOf(loadSettings());
  const result = await withRecordDatabase(url, 'affidavit-rebuild', (pool) => rebuild(pool));
  return { ...result, elapsedMs: Math.round(performance.now() - startedAt) };
}
