import { Command } from 'commander';
import { type RunOptions, runExport, withSelection } from './export.js';

export function evidenceCommand(): Command {
  return new Command('evidence')
    .description('Evidence that stands on its own: bundles that anybody can check without this installation.')
    .addCommand(
      withSelection(
        new Command('export').description(
          'Make a bundle of everything in a range, or of what a selection fits, wait for it, and download it. Check it with `affidavit verify`.',
        ),
      ).action((options: RunOptions) => runExport(options, { kind: 'evidence', format: 'zip' })),
    );
}
