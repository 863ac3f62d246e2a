import { Command } from 'commander';
import { EXIT } from '../errors.js';
import { colours, type OutputOptions, plain, present } from '../output.js';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check everything that Affidavit depends on, and say what to do about what is wrong.')
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions) => {
      const { examine } = await import('../doctor.js');
      const findings = await examine();
      await present(options, findings, (all) =>
        all
          .map(({ name, ok, detail, remedy }) => {
            const sign = ok === true ? colours.green('✓') : ok === false ? colours.red('✗') : colours.dim('–');
            return `${sign} ${name.padEnd(24)} ${plain(detail)}${remedy ? `\n    → ${plain(remedy)}` : ''}`;
          })
          .join('\n'),
      );
      if (findings.some((finding) => finding.ok === false)) process.exitCode = EXIT.failed;
    });
}
