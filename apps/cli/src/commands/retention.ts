import { Command } from 'commander';
import { EXIT } from '../errors.js';
import { colours, type OutputOptions, plain, present, table } from '../output.js';
import { retentionActs } from './retention-acts.js';

export function retentionCommand(): Command {
  const command = new Command('retention').description(
    'How long events are kept, what is purged when, here and at Datadog.',
  );
  for (const act of retentionActs()) command.addCommand(act);
  return command.addCommand(
    new Command('compare')
      .description(
        'Compare our retention classes with the indexes at Datadog and with retention.evidence. Exit code 1 where they disagree.',
      )
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const { compareBothEnds } = await import('../retention-compare.js');
        const report = await compareBothEnds();
        await present(options, report, async ({ api, agrees, classes }) => {
          const rows = classes.map((one) => [
            one.class,
            one.recordDays === null ? 'for ever' : `${one.recordDays} d`,
            one.indexes.map(({ name, days }) => `${name}: ${days} d`).join(', ') || 'no index',
            one.disagreements.length === 0 ? 'agree' : `${one.disagreements.length} to settle`,
          ]);
          const problems = new Map(
            classes.flatMap((one) => one.disagreements.map(({ problem, remedy }) => [problem, remedy] as const)),
          );
          return [
            await table(['class', 'record', 'Datadog', ''], rows),
            ...[...problems].map(
              ([problem, remedy]) => `${colours.red('✗')} ${plain(problem)}\n    → ${plain(remedy)}`,
            ),
            ...(agrees ? [`Both ends agree, by the indexes at ${api}.`] : []),
          ].join('\n');
        });
        if (!report.agrees) process.exitCode = EXIT.failed;
      }),
  );
}
