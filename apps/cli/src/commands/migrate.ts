import { Command } from 'commander';
import { type OutputOptions, present } from '../output.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database of the record up to this version, and make the logins whose passwords are set.')
    .option('--roles-sql', 'print what an administrator of the server runs where this login may not make roles')
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions & { rolesSql?: boolean }) => {
      if (options.rolesSql) {
        const { rolesSql } = await import('#record');
        await present(options, { sql: rolesSql() }, ({ sql }) => sql);
        return;
      }
      const [{ loadSettings }, { ensureLogin, LOGIN_OWNERS, migrate }, { withRecordDatabase }, { databaseUrlOf }] =
        await Promise.all([
          import('#platform'),
          import('#record'),
          import('../record-database.js'),
          import('../running.js'),
        ]);
      const settings = loadSettings();
      const { apiLoginPassword: api, forwarderLoginPassword: forwarder, recorderLoginPassword: recorder } = settings;
      const passwords = { api, forwarder, recorder };
      const result = await withRecordDatabase(databaseUrlOf(settings), 'affidavit-migrate', async (pool) => {
        const { applied } = await migrate(pool);
        const logins: string[] = [];
        const client = await pool.connect();
        try {
          for (const owner of LOGIN_OWNERS) {
            const password = passwords[owner];
            if (password !== undefined) logins.push(await ensureLogin(client, owner, password));
          }
        } finally {
          client.release();
        }
        return { applied, logins };
      });
      await present(options, result, ({ applied, logins }) =>
        [
          ...(applied.length === 0 ? ['The database is up to date.'] : applied.map((name) => `applied ${name}`)),
          ...logins.map((name) => `login ${name} is there`),
        ].join('\n'),
      );
    });
}
