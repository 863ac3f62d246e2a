import { Command } from 'commander';
import { EXIT } from '../errors.js';
import { ago, colours, type OutputOptions, present, table } from '../output.js';
import type { Hop } from '../status.js';

export function statusCommand(): Command {
  return new Command('status')
    .description('Each hop, spool → Redis → record → Datadog: how far it is, how far behind, and since when.')
    .option('--json', 'machine-readable output')
    .action(async (options: OutputOptions) => {
      const { collectStatus } = await import('../status.js');
      const status = await collectStatus();
      await present(options, status, async ({ hops, log }) =>
        [
          `${colours.bold(log.name)}, ${log.size} events${log.recordedAt ? `, the last recorded ${ago(Date.now() - Date.parse(log.recordedAt))} ago` : ''}`,
          '',
          await table(['hop', 'of', 'state', 'up to', 'behind', 'since', ''], hops.map(rowOf)),
        ].join('\n'),
      );
      if (status.hops.some((hop) => hop.state === 'unknown')) process.exitCode = EXIT.unreachable;
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
