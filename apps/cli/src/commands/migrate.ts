import { Command } from 'commander';
import { type OutputOptions, present } from '../output.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database of the record up to this version.')
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions) => {
      const [{ loadSettings }, { createPool, migrate }, { databaseUrlOf }] = await Promise.all([
        import('#platform'),
        import('#record'),
        import('../running.js'),
      ]);
      const pool = createPool(databaseUrlOf(loadSettings()), { applicationName: 'affidavit-migrate', max: 1 });
      try {
        const result = await migrate(pool);
        await present(options, result, ({ applied }) =>
          applied.length === 0
            ? 'Nothing to do: the database is up to date.'
            : applied.map((name) => `applied ${name}`).join('\n'),
        );
      } finally {
        await pool.end();
      }
    });
}
