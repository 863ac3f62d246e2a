import { Command } from 'commander';
import type { SessionAnswer, SessionPage, SessionView } from '../api-types.js';
import { colours, cut, type OutputOptions, plain, present, table } from '../output.js';

interface ListOptions extends OutputOptions {
  identity?: string;
  connection?: string;
  state?: string;
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
        .option('--connection <name>', 'on one connection')
        .option('--state <state>', 'open, closed, denied or abandoned')
        .option('--limit <n>', 'at most so many, up to 1000', '50')
        .option('--cursor <next>', 'the page after the one that said so (`next` in its JSON)')
        .option('--json', 'machine-readable output')
        .action(async (options: ListOptions) => {
          const { identity, connection, state, limit, cursor } = options;
          const page = await (await client()).get<SessionPage>('/v1/sessions', {
            identity,
            connection,
            state,
            limit,
            cursor,
          });
          await present(options, page, ({ sessions }) =>
            table(
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
          );
        }),
    )
    .addCommand(
      new Command('show')
        .description('One session: who, which connection, which commands, approval, outcome.')
        .argument('<id>', 'id of the session')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          const answer = await (await client()).get<SessionAnswer>(`/v1/sessions/${encodeURIComponent(id)}`);
          await present(options, answer, showSession);
        }),
    );
}

function whoOf(session: SessionView): string {
  const name = session.identityId ?? 'unknown';
  return session.identityVerified === false ? `${name} (claimed)` : name;
}

async function showSession({ session, holds, events, more }: SessionAnswer): Promise<string> {
  const { eventSentence } = await import('../sentences.js');
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
    await table(
      ['position', 'time', 'type', ''],
      events.map((one) => [
        one.position,
        one.event?.time.slice(11, 23),
        one.event?.type ?? 'quarantined',
        cut(plain(eventSentence(one)), 100),
      ]),
    ),
    ...(more
      ? [
          colours.dim(
            `There are more: affidavit events tail --session ${session.id} --after ${events.at(-1)?.position}`,
          ),
        ]
      : []),
  ].join('\n');
}
