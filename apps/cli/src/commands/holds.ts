import { Command } from 'commander';
import type { HoldView } from '../api-types.js';
import { colours, type OutputOptions, plain, present, table } from '../output.js';

async function client() {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

interface PlaceOptions extends OutputOptions {
  session?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  type?: string;
  outcome?: string;
  from?: string;
  to?: string;
  matter: string;
  reason: string;
}

export function holdsCommand(): Command {
  return new Command('holds')
    .description('Legal holds: what a hold keeps is not purged, whatever the policy says. Each act is on the record.')
    .addCommand(
      new Command('place')
        .description('Keep the events that everything given here fits, also those that arrive later.')
        .requiredOption('--matter <number>', 'the number under which lawyers know it')
        .requiredOption('--reason <text>', 'why')
        .option('--session <id>', 'of one session')
        .option('--identity <id>', 'of one identity')
        .option('--kind <kind>', 'of agents, humans or services: agent, human or service')
        .option('--connection <name>', 'on one connection')
        .option('--type <types>', 'of these types, with commas')
        .option('--outcome <outcome>', 'that ended so: success, failure, denied …')
        .option('--from <instant>', 'what happened or was recorded at or after (2026-01-31T08:00:00Z)')
        .option('--to <instant>', 'and before')
        .option('--json', 'machine-readable output')
        .action(async ({ json, type, ...given }: PlaceOptions) => {
          const body = { ...given, ...(type === undefined ? {} : { types: type.split(',') }) };
          const hold = await (await client()).act('/v1/holds', { body });
          await present({ json }, hold, ({ id }) => `${id} is in force. ${colours.dim('It is on the record.')}`);
        }),
    )
    .addCommand(
      new Command('list')
        .description('Holds in force, the newest first.')
        .option('--all', 'also those that were released')
        .option('--json', 'machine-readable output')
        .action(async ({ json, all }: OutputOptions & { all?: boolean }) => {
          const { holds } = await (await client()).read('/v1/holds', { query: { all } });
          await present({ json }, holds, (found) =>
            table(
              ['hold', 'matter', 'keeps', 'placed', 'by', 'state'],
              found.map((one) => [
                one.id,
                one.matter,
                selectionText(one),
                one.placedAt.slice(0, 19),
                one.placedBy,
                one.releasedAt ? `released ${one.releasedAt.slice(0, 19)}` : 'in force',
              ]),
            ),
          );
        }),
    )
    .addCommand(
      new Command('show')
        .description('One hold, with reasons.')
        .argument('<hold>', 'its id')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          const hold = await (await client()).read('/v1/holds/{id}', { path: { id } });
          await present(options, hold, show);
        }),
    )
    .addCommand(
      new Command('release')
        .description('Release a hold, for ever. What it alone kept goes with the next run that is planned after this.')
        .argument('<hold>', 'its id')
        .requiredOption('--reason <text>', 'why')
        .option('--json', 'machine-readable output')
        .action(async (id: string, { json, reason }: OutputOptions & { reason: string }) => {
          const hold = await (await client()).act('/v1/holds/{id}/release', { path: { id }, body: { reason } });
          await present({ json }, hold, () => `${hold.id} is released. ${colours.dim('It is on the record.')}`);
        }),
    );
}

function selectionText({ selection }: HoldView): string {
  return Object.entries(selection)
    .map(([name, value]) => `${name}:${[value].flat().join(',')}`)
    .join('  ');
}

function show(hold: HoldView): string {
  const facts: [string, string | null][] = [
    ['hold', hold.id],
    ['matter', hold.matter],
    ['keeps', selectionText(hold)],
    ['placed', `${hold.placedAt} by ${hold.placedBy}`],
    ['reason', hold.reason],
    ['released', hold.releasedAt && `${hold.releasedAt} by ${hold.releasedBy}: ${hold.releaseReason}`],
  ];
  return facts
    .filter(([, text]) => text !== null)
    .map(([name, text]) => `${colours.bold(name.padEnd(9))} ${plain(text)}`)
    .join('\n');
}
