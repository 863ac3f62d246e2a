import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { PlanBlockView, ReplayReportView, WholeReplayView } from '../api-types.js';
import { EXIT, usageError } from '../errors.js';
import { colours, type OutputOptions, plain, present, table } from '../output.js';
import { grouped, ProgressBar } from '../progress.js';

async function client(): Promise<ApiClient> {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

interface PlanOptions extends OutputOptions {
  destination?: string;
  from?: string;
  to?: string;
  session?: string;
  query?: string;
  missingOnly?: boolean;
  wait: boolean;
}

interface WaitOptions extends OutputOptions {
  wait: boolean;
}

const QUERY_HELP = `
A query is terms side by side, all of which must hold; several values of one with commas, one of which must:
  type:session.closed,command.*  connection:orders  identity:"billing agent"  session:0b1c…
It selects among what the destination's own filter lets through.`;

export function replayCommand(): Command {
  return new Command('replay')
    .description('Send events again: planned first, then run in a lane of its own. Each act is on the record.')
    .addCommand(
      new Command('plan')
        .description('List exactly what a replay would send. Nothing is sent.')
        .option('--destination <name>', 'where to; may be left out where there is only one')
        .option('--from <place>', 'first position, or instant of recording (2026-01-31T08:00:00Z)')
        .option('--to <place>', 'first position or instant that no longer belongs to it')
        .option('--session <id>', 'one session')
        .option('--query <terms>', 'what else to select by; see below')
        .option('--missing-only', 'leave out what is accepted, observed or on its way already')
        .option('--no-wait', 'do not wait until it is planned')
        .option('--json', 'machine-readable output')
        .addHelpText('after', QUERY_HELP)
        .action(plan),
    )
    .addCommand(
      new Command('list')
        .description('Replays, the newest first.')
        .option('--destination <name>', 'to one destination')
        .option('--state <state>', 'planning, planned, running, paused, finished or cancelled')
        .option('--limit <n>', 'at most so many, up to 1000', '50')
        .option('--json', 'machine-readable output')
        .action(list),
    )
    .addCommand(
      new Command('show')
        .description('One replay: what it lists, how far it is, and its report.')
        .argument('<replay>', 'its id')
        .option('--blocks', 'each thousand positions, with its digest')
        .option('--json', 'machine-readable output')
        .action(show),
    )
    .addCommand(
      new Command('start')
        .description('Run what was planned, and show how far it is. To stop looking does not stop it.')
        .argument('<replay>', 'its id')
        .option('--no-wait', 'do not wait for its end')
        .option('--json', 'machine-readable output')
        .action((id: string, options: WaitOptions) => actAndFollow('start', id, options)),
    )
    .addCommand(
      new Command('pause')
        .description('Let a running replay rest; what is under way ends as it ends.')
        .argument('<replay>', 'its id')
        .option('--json', 'machine-readable output')
        .action((id: string, options: OutputOptions) => act('pause', id, options)),
    )
    .addCommand(
      new Command('resume')
        .description('Let a paused replay go on, and show how far it is.')
        .argument('<replay>', 'its id')
        .option('--no-wait', 'do not wait for its end')
        .option('--json', 'machine-readable output')
        .action((id: string, options: WaitOptions) => actAndFollow('resume', id, options)),
    )
    .addCommand(
      new Command('cancel')
        .description('End a replay for good: what is not sent yet never will be.')
        .argument('<replay>', 'its id')
        .option('--json', 'machine-readable output')
        .action((id: string, options: OutputOptions) => act('cancel', id, options)),
    );
}

async function plan({ wait, json, ...asked }: PlanOptions): Promise<void> {
  const api = await client();
  const made = await api.act('/v1/replays', { body: asked });
  const planned = await follow(api, made.id, wait ? 'planning' : undefined);
  await present({ json }, planned, describe);
  if (wait && planned.state !== 'planned') process.exitCode = EXIT.failed;
}

async function list({ json, ...filter }: OutputOptions & Record<string, string>): Promise<void> {
  const { replays } = await (await client()).read('/v1/replays', { query: filter });
  await present({ json }, replays, (all) =>
    table(
      ['replay', 'state', 'destination', 'positions', 'events', 'late', 'planned by', 'at'],
      all.map((one) => [
        one.id,
        one.state,
        one.destination,
        `${one.from}–${one.to}`,
        one.count,
        one.late,
        one.createdBy,
        one.createdAt.slice(0, 19),
      ]),
    ),
  );
}

async function show(id: string, { blocks: withBlocks, json }: OutputOptions & { blocks?: boolean }): Promise<void> {
  const api = await client();
  const replay = await api.read('/v1/replays/{id}', { path: { id: checked(id) } });
  if (!withBlocks) return present({ json }, replay, describe);
  const blocks: PlanBlockView[] = [];
  for (let after: string | null = '-1'; after !== null; ) {
    const page: { blocks: PlanBlockView[]; next: string | null } = await api.read('/v1/replays/{id}/blocks', {
      path: { id: checked(id) },
      query: { after, limit: 1000 },
    });
    blocks.push(...page.blocks);
    after = page.next;
  }
  await present(
    { json },
    { ...replay, blocks },
    async (value) => `${describe(value)}\n\n${await tableOf(value.blocks)}`,
  );
}

function tableOf(blocks: PlanBlockView[]): Promise<string> {
  return table(
    ['positions', 'events', 'bytes', 'late', 'observed', 'sent', 'digest of ids'],
    blocks.map((one) => [
      `${one.from}–${one.to}`,
      one.count,
      one.bytes,
      one.late,
      one.observed,
      one.outcome && (one.outcome.isEqual ? one.outcome.sent : `${one.outcome.sent} ≠`),
      one.digest,
    ]),
  );
}

async function act(name: 'pause' | 'cancel', id: string, options: OutputOptions): Promise<void> {
  await present(
    options,
    await (await client()).act(`/v1/replays/{id}/${name}`, { path: { id: checked(id) } }),
    describe,
  );
}

async function actAndFollow(name: 'start' | 'resume', id: string, { wait, json }: WaitOptions): Promise<void> {
  const api = await client();
  const begun = await api.act(`/v1/replays/{id}/${name}`, { path: { id: checked(id) } });
  if (!json) for (const text of purgesOf(begun)) process.stderr.write(`${text}\n`);
  const ended = await follow(api, id, wait ? 'running' : undefined);
  await present({ json }, ended, describe);
  if (wait && !(ended.state === 'finished' && ended.report?.isEqual)) process.exitCode = EXIT.failed;
}

const LOOK_MS = 500;

/** Shows how far it is for as long as it is in this state. */
async function follow(api: ApiClient, id: string, state: 'planning' | 'running' | undefined): Promise<WholeReplayView> {
  const bar = new ProgressBar(state === 'planning' ? 'planning' : 'sending');
  for (;;) {
    const replay = await api.read('/v1/replays/{id}', { path: { id: checked(id) } });
    if (state !== undefined) {
      const { progress, hindrance } = replay;
      const note = plain(hindrance);
      if (state === 'planning') {
        const from = BigInt(replay.from);
        bar.show(Number(BigInt(replay.plannedTo) - from), Number(BigInt(replay.to) - from), note);
      } else bar.show(progress.sent + progress.dead, replay.count, note);
    }
    if (replay.state !== state) {
      bar.end();
      return replay;
    }
    await sleep(LOOK_MS);
  }
}

function checked(id: string): string {
  if (!/^replay-[0-9a-z]{10}$/.test(id)) {
    throw usageError(`${JSON.stringify(id)} is not the id of a replay`, 'Take one from `affidavit replay list`.');
  }
  return id;
}

function describe(replay: WholeReplayView): string {
  const { asked, progress, report, count } = replay;
  const isListed = replay.state !== 'planning';
  const what = Object.entries(asked).map(([name, value]) => `${name} ${value}`);
  if (replay.missingOnly) what.push('only what is missing');
  const facts: [string, string][] = [
    ['replay', replay.id],
    ['state', [replay.state, replay.reason].filter(Boolean).join(': ')],
    ['to', replay.destination],
    ['asked for', what.join(', ') || 'everything'],
    ['positions', `${replay.from} to ${replay.to}${isListed ? '' : `, planned up to ${replay.plannedTo}`}`],
    ['events', `${grouped(count)}, ${grouped(replay.bytes)} bytes before compression`],
    ['late', `${grouped(replay.late)} would show at their receipt time`],
    ['observed', `${grouped(replay.observed)} are at the destination already`],
  ];
  if (replay.startedAt !== null && report === null)
    facts.push([
      'sent',
      `${grouped(progress.sent)}, ${grouped(progress.open)} under way, ${grouped(progress.dead)} dead`,
    ]);
  if (replay.hindrance !== null) facts.push(['waits', replay.hindrance]);
  return [
    ...facts.map(([name, text]) => `${colours.bold(name.padEnd(10))} ${plain(text)}`),
    ...(report === null ? nextStep(replay) : ['', ...sentencesOf(report)]),
  ].join('\n');
}

function nextStep(replay: WholeReplayView): string[] {
  if (replay.state === 'paused') return ['', colours.dim(`Go on with: affidavit replay resume ${replay.id}`)];
  if (replay.state !== 'planned') return [];
  if (replay.count === 0)
    return [
      '',
      colours.yellow('It lists nothing: no event of these positions is selected. There is nothing to start.'),
    ];
  const stale = replay.stale.map((text) => colours.red(`out of date: ${plain(text)}`));
  const next =
    stale.length > 0
      ? 'Plan it again; this one cannot be started.'
      : `Run it with: affidavit replay start ${replay.id}`;
  return ['', ...stale, ...purgesOf(replay), colours.dim(next)];
}

function purgesOf({ purges }: WholeReplayView): string[] {
  return purges.map((purge) =>
    colours.yellow(
      `purged since it was planned: ${grouped(purge.count)} events of class ${plain(purge.class)}, recorded ${purge.from} to ${purge.to}; those that it lists will not be sent`,
    ),
  );
}

function sentencesOf(report: ReplayReportView): string[] {
  const parts: [number, string][] = [
    [report.dead, 'are dead letters (affidavit deadletters list)'],
    [report.purged, 'were purged before they could be sent'],
    [report.missing, 'are gone from the record although no purge says so'],
    [report.unsent, 'were not sent: it was cancelled'],
  ];
  const lines = [
    report.isEqual
      ? colours.green(`✓ ${grouped(report.sent)} events were sent, exactly those planned`)
      : colours.red(`✗ ${grouped(report.sent)} of ${grouped(report.planned)} events were sent`),
    ...parts.filter(([count]) => count > 0).map(([count, text]) => `  ${grouped(count)} ${text}`),
    `  ${grouped(report.late)} of those sent show at their receipt time`,
    `  ${grouped(report.possibleDuplicates)} may be there twice: attempts that ended without an answer`,
  ];
  if (report.differing > 0) {
    const where = report.differences.slice(0, 5).map((one) => `${one.from}–${one.to}`);
    const more = report.differing > where.length ? ', …' : '';
    lines.push(
      `  they differ in ${grouped(report.differing)} of ${grouped(report.blocks)} blocks: ${where.join(', ')}${more}`,
    );
  }
  return lines;
}
