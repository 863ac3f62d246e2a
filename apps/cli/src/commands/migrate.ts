import { Command } from 'commander';
import { type OutputOptions, present } from '../output.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database of the record up to this version.')
    .option('--roles-sql', 'print what an administrator of the server runs where this login may not make roles')
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions & { rolesSql?: boolean }) => {
      if (options.rolesSql) {
        const { rolesSql } = await import('#record');
        await present(options, { sql: rolesSql() }, ({ sql }) => sql);
        return;
      }
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
