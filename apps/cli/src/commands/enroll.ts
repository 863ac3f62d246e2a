import { Command } from 'commander';
import { colours, type OutputOptions, present } from '../output.js';

export function enrollCommand(): Command {
  return new Command('enroll')
    .description('Admit a gateway: prints the one-time token that its first start needs.')
    .argument('<node>', 'its name: 1–40 of a-z, 0-9 and -')
    .option('--json', 'machine-readable output')
    .action(async (node: string, options: OutputOptions) => {
      const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
      const enrolment = await ApiClient.of(loadSettings()).act('/v1/enrolments', { body: { node } });
      await present(options, enrolment, ({ token, expiresAt }) =>
        [
          token,
          colours.dim(`Shown once, good for one gateway until ${expiresAt}. On its host:`),
          colours.dim(`  AFFIDAVIT_NODE=${node} affidavit gateway --enroll <token>`),
        ].join('\n'),
      );
    });
}
