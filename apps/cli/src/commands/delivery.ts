import { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { BatchView, DeliveryView, LaneView } from '../api-types.js';
import { ago, colours, cut, type OutputOptions, plain, present, table } from '../output.js';

async function client(): Promise<ApiClient> {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export function deliveryCommand(): Command {
  return new Command('delivery')
    .description('What goes to destinations: how far, how fast, what waits and why.')
    .addCommand(
      new Command('status')
        .description('Each destination and lane: lag, rate, what is in doubt or dead, what is due when and why.')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          await present(options, await (await client()).read('/v1/delivery'), describe);
        }),
    )
    .addCommand(
      new Command('batches')
        .description('Requests to destinations, the newest first.')
        .option('--destination <name>', 'to one destination')
        .option('--lane <lane>', 'live, catchup, replay or backfill')
        .option('--state <state>', 'due, sending, accepted, observed, doubt, split, dead, paused or cancelled')
        .option('--plan <id>', 'of one replay or backfill')
        .option('--position <position>', 'that cover a position')
        .option('--limit <n>', 'at most so many, up to 1000', '50')
        .option('--cursor <next>', 'the page after the one that said so (`next` in its JSON)')
        .option('--attempts', 'every attempt, with its answer')
        .option('--json', 'machine-readable output')
        .action(batches),
    )
    .addCommand(
      new Command('sweep')
        .description(
          'Make wake-ups again for everything that is due. Forwarders do it by themselves every few seconds; this shows what they find.',
        )
        .option('--destination <name>', 'of one destination')
        .option('--json', 'machine-readable output')
        .action(async ({ json, ...body }: OutputOptions & { destination?: string }) => {
          const swept = await (await client()).act('/v1/delivery/sweep', { body });
          await present({ json }, swept, ({ destinations }) =>
            table(
              ['destination', 'due', 'later', 'paused'],
              destinations.map((one) => [one.destination, one.due, one.later, one.paused]),
            ),
          );
        }),
    );
}

async function describe({ destinations }: DeliveryView): Promise<string> {
  if (destinations.length === 0) return colours.dim('No forwarder ever ran: there is no destination yet.');
  const parts = destinations.map(async (one) => {
    const heads = [`${colours.bold(one.destination)} (${plain(one.kind)})`, stateOf(one)];
    if (one.deadLetters > 0)
      heads.push(
        colours.red(`${one.deadLetters} dead letters (affidavit deadletters list --destination ${one.destination})`),
      );
    return [
      heads.join(', '),
      await table(
        ['lane', 'up to', 'behind', 'oldest', 'a second', 'due', 'sending', 'paused', 'doubt', 'next'],
        one.lanes.map((lane) => [
          lane.lane,
          lane.position,
          lane.behind,
          lane.oldestUndeliveredAt === null ? '' : ago(Date.now() - Date.parse(lane.oldestUndeliveredAt)),
          lane.eventsPerSecond,
          lane.due,
          lane.sending,
          lane.paused,
          lane.doubt,
          nextOf(lane),
        ]),
      ),
    ].join('\n');
  });
  return (await Promise.all(parts)).join('\n\n');
}

function stateOf(one: DeliveryView['destinations'][number]): string {
  if (one.isHeld) return colours.yellow('paused in affidavit.yaml');
  if (one.state === 'delivering') return colours.green('delivering');
  const since = ago(Date.now() - Date.parse(one.since));
  const opens = one.opensAt === null ? '' : `, next probe in ${ago(Date.parse(one.opensAt) - Date.now())}`;
  return colours.red(`${one.state} for ${since}${opens}: ${plain(one.reason ?? 'no reason given')}`);
}

function nextOf({ next }: LaneView): string {
  if (next === null) return '';
  const waitMs = Date.parse(next.dueAt) - Date.now();
  const when = waitMs > 0 ? `in ${ago(waitMs)}` : 'now';
  const why = next.why === null ? '' : `: ${cut(plain(next.why), 60)}`;
  return `batch ${next.batch} ${when}${next.attempt > 1 ? `, attempt ${next.attempt}` : ''}${why}`;
}

interface BatchOptions extends OutputOptions {
  attempts?: boolean;
  limit: string;
}

async function batches({ json, attempts, ...query }: BatchOptions & Record<string, unknown>): Promise<void> {
  const page = await (await client()).read('/v1/delivery/batches', { query });
  await present({ json }, page, async ({ batches: found, next }) =>
    [
      attempts ? await attemptTable(found) : await batchTable(found),
      ...(next === null ? [] : [colours.dim(`There may be more: --cursor ${next}`)]),
    ].join('\n'),
  );
}

function batchTable(found: BatchView[]): Promise<string> {
  return table(
    [
      'batch',
      'destination',
      'lane',
      'positions',
      'events',
      'state',
      'attempts',
      'uncertain',
      'due',
      'settled',
      'answer',
    ],
    found.map((one) => [
      one.id,
      one.destination,
      one.plan ?? one.lane,
      `${one.from}–${one.to}`,
      one.count,
      one.state,
      one.attempt,
      one.uncertain,
      one.settledAt === null ? one.dueAt.slice(0, 19) : '',
      one.settledAt?.slice(0, 19),
      one.answer === null ? '' : cut(plain(one.answer.reason ?? `${one.answer.kind} ${one.answer.status ?? ''}`), 60),
    ]),
  );
}

function attemptTable(found: BatchView[]): Promise<string> {
  return table(
    ['batch', 'attempt', 'at', 'answer', 'status', 'ms', 'reason'],
    found.flatMap((one) =>
      one.attempts.map((tried) => [
        one.id,
        tried.attempt,
        tried.at.slice(0, 23),
        tried.kind,
        tried.status,
        tried.elapsedMs,
        cut(plain(tried.reason), 80),
      ]),
    ),
  );
}
