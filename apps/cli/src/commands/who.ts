import { Command } from 'commander';
import { ago, type Cell, type OutputOptions, present, table } from '../output.js';

interface TouchedOptions extends OutputOptions {
  since?: string;
  until?: string;
  kind?: string;
  limit: string;
}

export function whoCommand(): Command {
  return new Command('who').description('Who did what.').addCommand(
    new Command('touched')
      .description('Identities that had sessions on a connection, the last first.')
      .argument('<connection>', 'its name')
      .option('--since <when>', 'sessions opened from then on: an instant, a date, or a time ago (2d)', '30d')
      .option('--until <when>', 'and before')
      .option('--kind <kind>', 'agent, human or service')
      .option('--limit <n>', 'at most so many, up to 1000', '100')
      .option('--json', 'machine-readable output')
      .action(async (name: string, { json, since, until, kind, limit }: TouchedOptions) => {
        const [{ loadSettings }, { ApiClient }, { instantOf }] = await Promise.all([
          import('#platform'),
          import('../api-client.js'),
          import('../times.js'),
        ]);
        const query = {
          kind,
          limit,
          ...(since === undefined ? {} : { from: instantOf(since, 'ago') }),
          ...(until === undefined ? {} : { to: instantOf(until, 'ago') }),
        };
        const asked = { path: { name }, query };
        const { identities } = await ApiClient.of(loadSettings()).read('/v1/connections/{name}/identities', asked);
        await present({ json }, identities, (all) =>
          table(
            ['who', 'kind', 'for', 'sessions', 'denied', 'bypassed', 'commands', 'failed', 'last', 'last session'],
            all.map((one): Cell[] => [
              one.isVerified ? one.identity : `${one.identity ?? 'unknown'} (claimed)`,
              one.kind,
              one.onBehalfOf,
              one.sessions,
              one.denied,
              one.bypassed,
              one.commands,
              one.failed,
              `${ago(Date.now() - Date.parse(one.lastSessionAt))} ago`,
              one.lastSession,
            ]),
          ),
        );
      }),
  );
}
