import { Command } from 'commander';
import type { ApiClient, Query } from '../api-client.js';
import type { SessionAnswer, SessionPage, SessionView } from '../api-types.js';
import { colours, type OutputOptions, plain, present, table } from '../output.js';

interface ListOptions extends OutputOptions {
  identity?: string;
  kind?: string;
  connection?: string;
  type?: string;
  state?: string;
  outcome?: string;
  approval?: string;
  bypassedApproval?: boolean;
  text?: string;
  since?: string;
  until?: string;
  limit: string;
  cursor?: string;
}

async function client() {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export function sessionsCommand(): Command {
  return new Command('sessions')
    .description('Sessions on the record. Reading them is itself on the record.')
    .addCommand(
      new Command('list')
        .description('Sessions, the newest first.')
        .option('--identity <id>', 'of one identity')
        .option('--kind <kind>', 'of agents, humans or services')
        .option('--connection <name>', 'on one connection')
        .option('--type <type>', 'on connections of one type, such as postgres')
        .option('--state <state>', 'open, closed, denied or abandoned')
        .option('--outcome <outcome>', 'that ended so, such as failure')
        .option('--approval <state>', 'none, requested, granted, rejected, expired or bypassed')
        .option('--bypassed-approval', 'in which an approval was gone around')
        .option(
          '--text <words>',
          'in which a command holds all these words, the newest such command first; the last may end with *',
        )
        .option('--since <when>', 'opened from then on: an instant, a date, or a time ago (2d)')
        .option('--until <when>', 'opened before')
        .option('--limit <n>', 'at most so many, up to 1000', '50')
        .option('--cursor <next>', 'the page after the one that said so (`next` in its JSON)')
        .option('--json', 'machine-readable output')
        .action(async (options: ListOptions) => {
          const { json: _, since, until, bypassedApproval, approval, ...rest } = options;
          const { instantOf } = await import('../times.js');
          const query = {
            ...rest,
            approval: bypassedApproval ? 'bypassed' : approval,
            ...(since === undefined ? {} : { from: instantOf(since, 'ago') }),
            ...(until === undefined ? {} : { to: instantOf(until, 'ago') }),
          };
          const page = await listed(await client(), query, Number(options.limit));
          await present(options, page, async ({ sessions, next }) =>
            [
              await table(
                ['opened', 'session', 'who', 'connection', 'commands', 'failed', 'approval', 'state', 'outcome'],
                sessions.map((one) => [
                  one.openedAt.slice(0, 19),
                  one.id,
                  whoOf(one),
                  one.connection,
                  one.commands,
                  one.failed,
                  one.approvalRequired ? one.approvalState : 'not required',
                  one.state,
                  one.outcome,
                ]),
              ),
              ...(next === null ? [] : [colours.dim(`There are more: --cursor ${next}`)]),
            ].join('\n'),
          );
        }),
    )
    .addCommand(
      new Command('show')
        .description('One session: who, which connection, approval, outcome, and all that it did, in order.')
        .argument('<id>', 'id of the session')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          const answer = await wholeSession(await client(), id);
          await present(options, answer, showSession);
        }),
    );
}

/** A request that looks for text looks through so much and no more: the next goes on where it ended, until there are enough. */
async function listed(api: ApiClient, query: Query, limit: number): Promise<SessionPage> {
  const page = await api.read('/v1/sessions', { query });
  while (query.text !== undefined && page.next !== null && page.sessions.length < limit) {
    const left = limit - page.sessions.length;
    const more = await api.read('/v1/sessions', { query: { ...query, cursor: page.next, limit: left } });
    page.sessions.push(...more.sessions);
    page.next = more.next;
  }
  return page;
}

/** More is left to `affidavit events tail`. */
const MOST_EVENTS = 5_000;

async function wholeSession(api: ApiClient, id: string): Promise<SessionAnswer> {
  const path = { id };
  const answer = await api.read('/v1/sessions/{id}', { path, query: { limit: 1000 } });
  while (answer.more && answer.events.length < MOST_EVENTS) {
    const page = await api.read('/v1/sessions/{id}', { path, query: { limit: 1000, after: answer.next } });
    answer.events.push(...page.events);
    Object.assign(answer, { next: page.next, more: page.more });
  }
  return answer;
}

function whoOf(session: SessionView): string {
  const name = session.identityId ?? 'unknown';
  return session.identityVerified === false ? `${name} (claimed)` : name;
}

async function showSession({ session, holds, events, more }: SessionAnswer): Promise<string> {
  const { timelineOf } = await import('../timeline.js');
  const facts: [string, string][] = [
    ['session', session.id],
    [
      'who',
      `${whoOf(session)}, ${session.identityKind ?? ''}${session.onBehalfOf ? `, on behalf of ${session.onBehalfOf}` : ''}`,
    ],
    ['connection', [session.connection, session.connectionType].filter(Boolean).join(', ')],
    ['opened', session.openedAt],
    ['closed', session.closedAt ?? '–'],
    ['commands', `${session.commands}, ${session.failed} failed`],
    ['approval', session.approvalRequired ? session.approvalState : 'not required'],
    ['outcome', [session.state, session.outcome, session.reason].filter(Boolean).join(', ')],
    ...holds.map(({ id, matter }): [string, string] => ['held', `${id}, matter ${matter}`]),
  ];
  return [
    ...facts.map(([name, text]) => `${colours.bold(name.padEnd(11))} ${plain(text)}`),
    '',
    timelineOf(events),
    ...(more
      ? [
          colours.dim(
            `There are more: affidavit events tail --session ${session.id} --after ${events.at(-1)?.position}`,
          ),
        ]
      : []),
  ].join('\n');
}
