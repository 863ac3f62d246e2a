import { Command } from 'commander';
import { type OutputOptions, present } from '../output.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database of the record up to this version.')
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions) => {
      const [{ loadSettings }, { migrate }, { withRecordDatabase }, { databaseUrlOf }] = await Promise.all([
        import('#platform'),
        import('#record'),
        import('../record-database.js'),
        import('../running.js'),
      ]);
      const url = databaseUrlOf(loadSettings());
      const result = await withRecordDatabase(url, 'affidavit-migrate', (pool) => migrate(pool));
      await present(options, result, ({ applied }) =>
        applied.length === 0
          ? 'Nothing to do: the database is up to date.'
          : applied.map((name) => `applied ${name}`).join('\n'),
      );
    });
}
