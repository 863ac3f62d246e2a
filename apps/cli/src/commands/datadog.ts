import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { jsonLine, line, type OutputOptions } from '../output.js';
import { datadogObjectCommands } from './datadog-objects.js';

export function datadogCommand(): Command {
  const command = new Command('datadog')
    .description('What arrived at Datadog, what is set up there, and the local stand-in for it.')
    .addCommand(
      new Command('logs')
        .description('Logs as they arrived: at the stand-in, or at Datadog with DD_API_KEY and DD_APP_KEY.')
        .option('--follow', 'stay and show what arrives')
        .option('--query <query>', 'a Datadog search', '*')
        .option('--session <id>', 'only one session')
        .option('--limit <n>', 'at most so many', '50')
        .option('--json', 'one JSON document a line')
        .action(async (options: LogsOptions) => showLogs(options)),
    )
    .addCommand(
      new Command('serve')
        .description('Run the stand-in, which enforces the documented limits of the intake. `up` runs it by itself.')
        .option('--keep <size>', 'bytes of logs that are kept; beyond, the older half goes', '64MiB')
        .action(async (options: { keep: string }) => {
          const { serveStandIn } = await import('../stand-in.js');
          await serveStandIn(options.keep);
        }),
    );
  for (const one of datadogObjectCommands()) command.addCommand(one);
  return command;
}

interface LogsOptions extends OutputOptions {
  follow?: boolean;
  query: string;
  session?: string;
  limit: string;
}

async function showLogs(options: LogsOptions): Promise<void> {
  const [{ loadSettings }, reader] = await Promise.all([import('#platform'), import('../datadog-reader.js')]);
  const access = reader.datadogAccess(loadSettings());
  if (!access) {
    const { CliError } = await import('../errors.js');
    throw new CliError({
      code: 'CLI_NO_DATADOG_SEARCH',
      message: 'reading logs back needs DD_APP_KEY beside DD_API_KEY',
      remedy: 'Set DD_APP_KEY, or unset both for the local stand-in.',
      retry: 'never',
    });
  }
  const query = options.session ? `@session.id:${options.session}` : options.query;
  const seen = new Set<string>();
  for (;;) {
    for (const log of await reader.searchLogs(access, query, {
      from: 'now-15d',
      limit: Math.min(Number(options.limit) || 50, 1000),
    })) {
      if (seen.has(log.id)) continue;
      seen.add(log.id);
      if (options.json) jsonLine(log);
      else line(reader.logLine(log));
    }
    if (!options.follow) return;
    await sleep(1000);
  }
}
