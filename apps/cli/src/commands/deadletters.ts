import { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { DeadLetterView } from '../api-types.js';
import { usageError } from '../errors.js';
import { colours, cut, type OutputOptions, plain, present, table } from '../output.js';
import { grouped } from '../progress.js';

async function client(): Promise<ApiClient> {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

interface ActOptions extends OutputOptions {
  destination?: string;
  all?: boolean;
  reason?: string;
}

export function deadLettersCommand(): Command {
  return new Command('deadletters')
    .description(
      'Events that a destination refuses for good. The record has them; each decision is on the record, too.',
    )
    .addCommand(
      new Command('list')
        .description('Dead letters with the reason, in order of position.')
        .option('--destination <name>', 'of one destination')
        .option('--state <state>', 'open, retried, discarded or any', 'open')
        .option('--limit <n>', 'at most so many, up to 1000', '100')
        .option('--cursor <next>', 'the page after the one that said so (`next` in its JSON)')
        .option('--json', 'machine-readable output')
        .action(list),
    )
    .addCommand(
      new Command('show')
        .description('One dead letter, as it was rendered, with its attempts. Reading it is on the record.')
        .argument('<position>', 'its position')
        .option('--destination <name>', 'may be left out where there is only one')
        .option('--json', 'machine-readable output')
        .action(show),
    )
    .addCommand(
      new Command('retry')
        .description('Send them once more, as the newest mapping renders them; what is refused again is open again.')
        .argument('[positions...]', 'their positions')
        .option('--all', 'all that are open')
        .option('--destination <name>', 'may be left out where there is only one')
        .option('--json', 'machine-readable output')
        .action((positions: string[], options: ActOptions) => act('retry', positions, options)),
    )
    .addCommand(
      new Command('discard')
        .description('Give them up: the destination will never have them. The record keeps the events and the reason.')
        .argument('[positions...]', 'their positions')
        .option('--all', 'all that are open')
        .requiredOption('--reason <text>', 'why the destination need not have them')
        .option('--destination <name>', 'may be left out where there is only one')
        .option('--json', 'machine-readable output')
        .action((positions: string[], options: ActOptions) => act('discard', positions, options)),
    );
}

async function list({ json, ...query }: OutputOptions & Record<string, string>): Promise<void> {
  const page = await (await client()).read('/v1/dead-letters', { query });
  await present({ json }, page, async ({ deadLetters, next }) =>
    [
      await table(
        ['position', 'event', 'destination', 'state', 'since', 'reason'],
        deadLetters.map((one) => [
          one.position,
          one.event,
          one.destination,
          stateOf(one),
          one.firstAt.slice(0, 19),
          cut(plain(one.reason), 100),
        ]),
      ),
      ...(next === null ? [] : [colours.dim(`There are more: --cursor ${next}`)]),
    ].join('\n'),
  );
}

function stateOf({ state, batchState }: DeadLetterView): string {
  if (state !== 'retried') return state;
  return batchState === 'accepted' || batchState === 'observed' ? 'retried, delivered' : 'retried, under way';
}

async function show(position: string, { destination, json }: OutputOptions & { destination?: string }): Promise<void> {
  const api = await client();
  const at = positionOf(position);
  const name = destination ?? (await onlyDestination(api));
  const letter = await api.read('/v1/dead-letters/{destination}/{position}', {
    path: { destination: name, position: String(at) },
  });
  await present({ json }, letter, async (one) => {
    const facts: [string, string][] = [
      ['event', one.event],
      ['position', one.position],
      ['destination', one.destination],
      ['state', [stateOf(one), one.decidedBy && `by ${one.decidedBy}`, one.decidedReason].filter(Boolean).join(', ')],
      ['reason', one.reason],
      ['first', one.firstAt],
      ['last', one.lastAt],
    ];
    return [
      ...facts.map(([key, text]) => `${colours.bold(key.padEnd(11))} ${plain(text)}`),
      '',
      await table(
        ['attempt', 'at', 'answer', 'status', 'ms', 'reason'],
        one.attempts.map((tried) => [
          tried.attempt,
          tried.at.slice(0, 19),
          tried.kind,
          tried.status,
          tried.elapsedMs,
          cut(plain(tried.reason), 80),
        ]),
      ),
      '',
      plain(one.body),
    ].join('\n');
  });
}

/** The API asks for the destination in the address. */
async function onlyDestination(api: ApiClient): Promise<string> {
  const { destinations } = await api.read('/v1/delivery');
  const [first] = destinations;
  if (first && destinations.length === 1) return first.destination;
  const names = destinations.map((one) => one.destination).join(', ');
  throw usageError(`--destination is needed: there are ${names || 'none yet'}`, 'Say whose dead letter it is.');
}

async function act(
  name: 'retry' | 'discard',
  given: string[],
  { json, all, reason, destination }: ActOptions,
): Promise<void> {
  if ((given.length === 0) !== (all === true)) {
    throw usageError('either positions or --all', `For example: affidavit deadletters ${name} 4711`);
  }
  const chosen = all ? { all } : { positions: given.map(positionOf) };
  const body = { destination, reason, ...chosen };
  const acted = await (await client()).act(`/v1/dead-letters/${name}`, { body });
  await present({ json }, acted, ({ count, skipped }) =>
    [
      name === 'retry'
        ? `${grouped(count)} will be sent once more; see \`affidavit deadletters list --state any\``
        : `${grouped(count)} discarded: ${acted.destination} will never have them; it is on the record`,
      ...(skipped.length > 0 ? [colours.yellow(`not open, left as they are: ${skipped.join(', ')}`)] : []),
    ].join('\n'),
  );
}

function positionOf(text: string): string {
  if (/^\d{1,18}$/.test(text)) return text;
  throw usageError(`${JSON.stringify(text)} is not a position`, 'Take it from `affidavit deadletters list`.');
}
