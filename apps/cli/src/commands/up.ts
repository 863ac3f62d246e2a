import { Command } from 'commander';
import type { UpOptions } from '../up/options.js';

export function upCommand(): Command {
  return new Command('up')
    .description('Start everything on this machine, run a sample session, and stay up until ctrl-C.')
    .option('--once', 'stop again once the sample session is confirmed at Datadog; the last line is one JSON object')
    .option('--json', 'progress goes to stderr, only the result to stdout')
    .option('--watch', 'for development: build and start the processes again when a source file changes')
    .action(async (options: UpOptions) => {
      const { up } = await import('../up/up.js');
      await up(options);
    });
}
