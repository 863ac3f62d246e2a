import { Command } from 'commander';
import { type OutputOptions, present } from '../output.js';

export function rebuildCommand(): Command {
  return new Command('rebuild').description('Make a projection anew from the record.').addCommand(
    new Command('sessions')
      .description(
        'Empty the sessions table and fold the whole record again. Gives the same rows; readers see them grow.',
      )
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const [{ loadSettings }, { createPool, rebuildSessions }, { databaseUrlOf }] = await Promise.all([
          import('#platform'),
          import('#record'),
          import('../running.js'),
        ]);
        const pool = createPool(databaseUrlOf(loadSettings()), { applicationName: 'affidavit-rebuild', max: 2 });
        const startedAt = performance.now();
        try {
          const result = await rebuildSessions(pool);
          await present(options, { result, elapsedMs: Math.round(performance.now() - startedAt) }, ({ elapsedMs }) => {
            return `Sessions were folded again from the whole record (${(elapsedMs / 1000).toFixed(1)} s).`;
          });
        } finally {
          await pool.end();
        }
      }),
  );
}
