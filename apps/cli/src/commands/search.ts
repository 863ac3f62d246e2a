import { Command } from 'commander';
import type { EventPage } from '../api-types.js';
import { colours, cut, type OutputOptions, plain, present, table } from '../output.js';

interface SearchOptions extends OutputOptions {
  session?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  since?: string;
  until?: string;
  limit: string;
  before?: string;
}

export function searchCommand(): Command {
  return new Command('search')
    .description(
      'Commands that hold all these words, the newest first. Sessions with such commands: sessions list --text.',
    )
    .argument('<words...>', "whole words; the last may end with * ('orders_20*', in quotes)")
    .option('--session <id>', 'of one session')
    .option('--identity <id>', 'of one identity')
    .option('--kind <kind>', 'of agents, humans or services')
    .option('--connection <name>', 'on one connection')
    .option('--since <when>', 'recorded from then on: an instant, a date, or a time ago (2d)')
    .option('--until <when>', 'and before')
    .option('--limit <n>', 'at most so many, up to 1000', '50')
    .option('--before <position>', 'those before this one (`next` in its JSON)', 'head')
    .option('--json', 'machine-readable output')
    .action(async (words: string[], options: SearchOptions) => {
      await present(options, await search(words.join(' '), options), shown);
    });
}

const SHOWN_CHARACTERS = 120;

/** One request looks through so much and no more: the next goes on where it ended, until there are enough. */
async function search(text: string, options: SearchOptions): Promise<EventPage> {
  const [{ loadSettings }, { ApiClient }, { instantOf }] = await Promise.all([
    import('#platform'),
    import('../api-client.js'),
    import('../times.js'),
  ]);
  const { session, identity, kind, connection, since, until, limit, before } = options;
  const query = {
    ...{ text, session, identity, kind, connection },
    ...(since === undefined ? {} : { from: instantOf(since, 'ago') }),
    ...(until === undefined ? {} : { to: instantOf(until, 'ago') }),
  };
  const client = ApiClient.of(loadSettings());
  const found = await client.read('/v1/events', { query: { ...query, before, limit } });
  while (found.more && found.events.length < Number(limit)) {
    const left = Number(limit) - found.events.length;
    const page = await client.read('/v1/events', { query: { ...query, before: found.next, limit: left } });
    found.events.push(...page.events);
    Object.assign(found, { next: page.next, more: page.more });
  }
  return found;
}

async function shown({ events, next, more, horizon }: EventPage): Promise<string> {
  const { eventSentence } = await import('../sentences.js');
  const rows = events.map((one) => [
    one.recordedAt.slice(0, 19),
    one.event?.session,
    one.event?.identity?.id,
    one.event?.connection?.name,
    cut(plain(eventSentence(one)), SHOWN_CHARACTERS),
  ]);
  return [
    await table(['recorded', 'session', 'who', 'connection', 'command'], rows),
    ...(more ? [colours.dim(`There may be more: --before ${plain(next)}`)] : []),
    colours.dim(`Searched up to position ${plain(horizon)}.`),
  ].join('\n');
}
