import { Command } from 'commander';
import { EXIT } from '../errors.js';
import { colours, type OutputOptions, present, table } from '../output.js';

export function configCommand(): Command {
  return new Command('config').description('The settings of this environment.').addCommand(
    new Command('show')
      .description(
        'Every setting with its value and where it comes from. Secrets are masked; works also when one is wrong.',
      )
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const { describeSettings } = await import('#platform');
        const settings = describeSettings();
        await present(options, settings, async (shown) => {
          const rows = shown.map((one) => [one.env, one.value, one.from, one.problem ? `✗ ${one.problem}` : '']);
          return `${await table(['setting', 'value', 'from', ''], rows)}\n${colours.dim('docs/reference/config.md says what each is for.')}`;
        });
        if (settings.some((one) => one.problem)) process.exitCode = EXIT.failed;
      }),
  );
}
