import { Command } from 'commander';
import { EXIT } from '../errors.js';
import { ago, colours, type OutputOptions, plain, present, table } from '../output.js';
import type { Hop, StatusTrouble } from '../status.js';

export function statusCommand(): Command {
  return new Command('status')
    .description(
      'Each hop, spool → Redis → record → Datadog: how far it is, how far behind, since when, and what is wrong.',
    )
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions) => {
      const { collectStatus } = await import('../status.js');
      const status = await collectStatus();
      await present(options, status, async ({ hops, log, troubles }) =>
        [
          log === null
            ? colours.red('the record cannot be asked')
            : `${colours.bold(log.name)}, ${log.size} events${log.recordedAt ? `, the last recorded ${ago(Date.now() - Date.parse(log.recordedAt))} ago` : ''}`,
          '',
          await table(['hop', 'of', 'state', 'up to', 'behind', 'since', ''], hops.map(rowOf)),
          ...troubles.map(paragraphOf),
        ].join('\n'),
      );
      if (status.log === null || status.hops.some((hop) => hop.state === 'unknown'))
        process.exitCode = EXIT.unreachable;
      else if (status.troubles.some((trouble) => trouble.required)) process.exitCode = EXIT.failed;
    });
}

function rowOf(hop: Hop) {
  const state =
    hop.state === 'ok'
      ? colours.green('✓')
      : hop.state === 'behind'
        ? colours.yellow('behind')
        : colours.red(hop.state);
  const since = hop.since === null ? '' : `${ago(Date.now() - Date.parse(hop.since))}`;
  return [hop.hop, hop.of, { styled: state }, hop.upTo, hop.behind, since, hop.note];
}

function paragraphOf({ hop, of, since, reason, remedy, required }: StatusTrouble): string {
  const sign = required ? colours.red('✗') : colours.yellow('!');
  const lasting = since === null ? '' : ` (for ${ago(Date.now() - Date.parse(since))})`;
  return `\n${sign} ${hop}, ${of}${lasting}: ${plain(reason)}\n  → ${plain(remedy)}`;
}
