import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { RetentionPlanView, RetentionRunView, RetentionView } from '../api-types.js';
import { CliError, EXIT, usageError } from '../errors.js';
import { colours, type OutputOptions, plain, present, table } from '../output.js';

// What people do with retention through the audit-log API.

async function client() {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

const POLL_MS = 500;
/** A recorder looks every few seconds; a purge of a large partition takes seconds. */
const RUN_TIMEOUT_MS = 10 * 60_000;

interface ChangeOptions extends OutputOptions {
  requirements?: string;
  reason: string;
}
type Change = { class: string; keep: string; requirements?: string[]; reason: string };
type Changed = { class: string; outcome: string; id: string | null };

/** The commands beside `retention compare`. */
export function retentionActs(): Command[] {
  return [
    new Command('show')
      .description('Classes as the record keeps them, changes that wait for a second person, the last purges.')
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        await present(options, await (await client()).read('/v1/retention'), show);
      }),
    new Command('plan')
      .description('Simulate a run: what would go and when, what is held and by which hold or rule. Changes nothing.')
      .option('--at <date>', 'as of then (2027-01-31, or an instant); default: now')
      .option('--all', 'also what is kept because its time has not come')
      .option('--json', 'machine-readable output')
      .action(async ({ json, at, all }: OutputOptions & { at?: string; all?: boolean }) => {
        const asOf = at !== undefined && /^\d{4}-\d\d-\d\d$/.test(at) ? `${at}T00:00:00Z` : at;
        const plan = await (await client()).read('/v1/retention/plan', { query: { at: asOf } });
        await present({ json }, plan, (found) => showPlan(found, all === true));
      }),
    new Command('run')
      .description('Plan a run now and have a recorder carry it out: it drops exactly what the plan names.')
      .option('--no-wait', 'do not wait for its end')
      .option('--json', 'machine-readable output')
      .action(async ({ json, wait }: OutputOptions & { wait: boolean }) => {
        const api = await client();
        let run = await api.act('/v1/retention/runs');
        for (const until = Date.now() + RUN_TIMEOUT_MS; wait && run.finishedAt === null; ) {
          if (Date.now() > until) throw notCarriedOut(run);
          await sleep(POLL_MS);
          run = await api.read('/v1/retention/runs/{id}', { path: { id: run.id } });
        }
        await present({ json }, run, showRun);
      }),
    new Command('runs')
      .description('Runs, the newest first, with what became of each plan.')
      .option('--limit <n>', 'at most so many, up to 1000', '20')
      .option('--json', 'machine-readable output')
      .action(async ({ json, limit }: OutputOptions & { limit: string }) => {
        const { runs } = await (await client()).read('/v1/retention/runs', { query: { limit } });
        await present({ json }, runs, (all) =>
          table(
            ['run', 'planned', 'by', 'partitions', 'finished'],
            all.map((run) => [
              run.id,
              run.plannedAt.slice(0, 19),
              run.by,
              run.planned.length,
              run.finishedAt ?? 'under way',
            ]),
          ),
        );
      }),
    new Command('change')
      .description(
        'Bring the record to what affidavit.yaml says, or keep one class so long. Longer counts at once; shorter waits for a second person.',
      )
      .argument('[class]', 'a class; without it, all that affidavit.yaml names')
      .argument('[keep]', '400d, 7y or forever')
      .option('--requirements <names>', 'pci-dss, hipaa, sec-17a-4, eu-ai-act, with commas; `none` for none')
      .requiredOption('--reason <text>', 'why')
      .option('--json', 'machine-readable output')
      .action(change),
    new Command('changes')
      .description('Changes that wait for a second person.')
      .option('--json', 'machine-readable output')
      .action(async (options: OutputOptions) => {
        const { changes } = await (await client()).read('/v1/retention');
        await present(options, changes, changesTable);
      }),
    new Command('confirm')
      .description('Confirm a change that another admin key asked for. It counts at once.')
      .argument('<change>', 'its number, from `affidavit retention changes`')
      .option('--json', 'machine-readable output')
      .action(async (id: string, options: OutputOptions) => {
        const api = await client();
        const after = await api.act('/v1/retention/changes/{id}/confirm', { path: { id } });
        await present(options, after, ({ classes }) => classesTable(classes));
      }),
    new Command('withdraw')
      .description('Take a change back that nobody has confirmed yet.')
      .argument('<change>', 'its number')
      .option('--json', 'machine-readable output')
      .action(async (id: string, options: OutputOptions) => {
        await (await client()).remove('/v1/retention/changes/{id}', { path: { id } });
        await present(options, { id, withdrawn: true }, () => `Change ${plain(id)} is taken back.`);
      }),
  ];
}

async function change(of: string | undefined, keep: string | undefined, options: ChangeOptions): Promise<void> {
  if (of !== undefined && keep === undefined) {
    throw usageError('a class without a time', 'Say for how long: affidavit retention change standard 2y --reason …');
  }
  const { requirements: given, reason } = options;
  const requirements = given === undefined ? undefined : given === 'none' ? [] : given.split(',');
  const wanted: Change[] =
    of === undefined || keep === undefined
      ? await wantedByPolicy(reason)
      : [{ class: of, keep, reason, ...(requirements === undefined ? {} : { requirements }) }];
  const api = await client();
  const done: Changed[] = [];
  for (const one of wanted) {
    done.push({ class: one.class, ...(await api.act('/v1/retention/changes', { body: one })) });
  }
  await present(options, done, (all) =>
    all
      .map(({ class: name, outcome, id }) =>
        outcome === 'proposed'
          ? `${plain(name)}: change ${id} keeps less; another admin key confirms it: affidavit retention confirm ${id}`
          : `${plain(name)}: ${outcome}`,
      )
      .join('\n'),
  );
}

async function wantedByPolicy(reason: string): Promise<Change[]> {
  const { loadPolicy, loadSettings, retentionClasses } = await import('#platform');
  const { retention } = loadPolicy(loadSettings().configFile);
  return retentionClasses(retention)
    .filter(({ name, requirements }) => name in retention.classes || requirements.length > 0)
    .map(({ name, keepMs, requirements }) => ({
      class: name,
      keep: keepMs === null ? 'forever' : `${keepMs}ms`,
      requirements,
      reason,
    }));
}

const keepText = (days: number | null) => (days === null ? 'for ever' : `${days} d`);

function classesTable(classes: RetentionView['classes']): Promise<string> {
  return table(
    ['class', 'kept', 'requirements'],
    classes.map((one) => [one.name, keepText(one.keepDays), one.requirements.join(', ')]),
  );
}

function changesTable(changes: RetentionView['changes']): Promise<string> {
  return table(
    ['change', 'class', 'kept', 'requirements', 'reason', 'by', 'since'],
    changes.map((one) => [
      one.id,
      one.class,
      keepText(one.keepDays),
      one.requirements.join(', '),
      one.reason,
      one.proposedBy,
      one.proposedAt.slice(0, 19),
    ]),
  );
}

async function show({ classes, changes, purges }: RetentionView): Promise<string> {
  const parts = [await classesTable(classes)];
  if (changes.length > 0) parts.push('', colours.bold('waiting for a second person'), await changesTable(changes));
  if (purges.length > 0) {
    const rows = purges
      .slice(0, 10)
      .map((one) => [one.at.slice(0, 19), one.class, one.from.slice(0, 10), one.to.slice(0, 10), one.count]);
    parts.push('', await table(['purged', 'class', 'from', 'to', 'events'], rows));
  }
  return parts.join('\n');
}

async function showPlan({ at, partitions }: RetentionPlanView, all: boolean): Promise<string> {
  const shown = partitions.filter((one) => all || one.verdict !== 'kept');
  const going = partitions.filter((one) => one.verdict === 'purge');
  const rows = shown.map((one) => [
    one.verdict,
    one.class,
    one.fromAt.slice(0, 10),
    one.toAt.slice(0, 10),
    one.events ?? '',
    one.dueAt?.slice(0, 10) ?? 'never',
    one.because,
  ]);
  const next = partitions.flatMap((one) => (one.verdict === 'kept' && one.dueAt !== null ? one.dueAt : [])).sort()[0];
  return [
    ...(shown.length > 0 ? [await table(['', 'class', 'from', 'to', 'events', 'due', 'because'], rows)] : []),
    `As of ${at}: ${going.length} of ${partitions.length} partitions would go.${next === undefined ? '' : ` The next one is due ${next.slice(0, 10)}.`}`,
  ].join('\n');
}

function showRun(run: RetentionRunView): string {
  if (run.planned.length === 0) return `Run ${run.id}: nothing was due.`;
  const outcomes = Object.entries(run.report ?? Object.fromEntries(run.planned.map((name) => [name, 'planned'])));
  return [
    `Run ${run.id}, planned ${run.plannedAt}`,
    ...outcomes.map(([name, text]) => `  ${plain(name)}: ${plain(text)}`),
  ].join('\n');
}

function notCarriedOut(run: RetentionRunView): CliError {
  return new CliError({
    code: 'CLI_RUN_NOT_CARRIED_OUT',
    message: `run ${run.id} is planned, and no recorder finished it within ${RUN_TIMEOUT_MS / 60_000} min`,
    remedy:
      'See with `affidavit status` whether a recorder runs, and what its check `retention` says; it goes on by itself.',
    retry: 'later',
    exitCode: EXIT.unreachable,
  });
}
