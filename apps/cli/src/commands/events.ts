import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { EventPage, RecordedEventView } from '../api-types.js';
import { colours, cut, jsonLine, line, type OutputOptions, plain, TYPE_WIDTH } from '../output.js';

interface TailOptions extends OutputOptions {
  follow?: boolean;
  after?: string;
  type?: string;
  session?: string;
  limit: string;
}

export function eventsCommand(): Command {
  return new Command('events').description('Events on the record, in the order of the log.').addCommand(
    new Command('tail')
      .description('The last events, or those after a position; with --follow also what comes.')
      .option('--follow', 'stay and show what is recorded')
      .option('--after <position>', 'begin after this position (-1: from the first)')
      .option('--type <type>', 'only this type, for example session.closed')
      .option('--session <id>', 'only this session')
      .option('--limit <n>', 'how many of the last ones', '20')
      .option('--json', 'one JSON document a line')
      .action(async (options: TailOptions) => tail(options)),
  );
}

const PAGE = 200;

async function tail(options: TailOptions): Promise<void> {
  const [{ loadSettings }, { ApiClient }, { eventSentence }] = await Promise.all([
    import('#platform'),
    import('../api-client.js'),
    import('../sentences.js'),
  ]);
  const client = ApiClient.of(loadSettings());
  const filter = { type: options.type, session: options.session };
  const show = (events: RecordedEventView[]) => {
    for (const one of events) {
      if (options.json) jsonLine(one);
      else line(lineOf(one, eventSentence(one)));
    }
  };
  let after = options.after;
  if (after === undefined) {
    // The last ones first; what came meanwhile follows them.
    const page = await client.read('/v1/events', { query: { ...filter, before: 'head', limit: options.limit } });
    show(page.events.reverse());
    after = String(BigInt(page.head) - 1n);
  }
  for (;;) {
    const page: EventPage = await client.read('/v1/events', { query: { ...filter, after, limit: PAGE } });
    show(page.events);
    after = page.next;
    if (page.more) continue;
    if (!options.follow) return;
    await sleep(500);
  }
}

function lineOf({ position, event }: RecordedEventView, sentence: string): string {
  const who = event?.identity ? `${event.identity.id}@${event.connection?.name ?? ''}` : (event?.node ?? '');
  return [
    colours.dim(position.padStart(6)),
    event?.time.slice(0, 23) ?? '',
    (event?.type ?? 'quarantined').padEnd(TYPE_WIDTH),
    plain(who),
    cut(plain(sentence), 100),
  ].join('  ');
}
