import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { FindingView, ReconciliationResult, ReconciliationView } from '../api-types.js';
import { EXIT } from '../errors.js';
import { colours, cut, type OutputOptions, plain, present, table } from '../output.js';
import { ProgressBar } from '../progress.js';

const POLL_MS = 500;
/** Findings that are shown to people; the JSON has up to a thousand. */
const SHOWN_FINDINGS = 50;

interface ReconcileOptions extends OutputOptions {
  destination?: string;
  from?: string;
  to?: string;
  sendMissing?: boolean;
  wait: boolean;
}

async function client(): Promise<ApiClient> {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description('Compare what a destination accepted with what it shows.')
    .addCommand(
      new Command('run')
        .description(
          '`affidavit reconcile` does the same: compare, and wait for the result. Exit code 1 where something is missing. On the record.',
        )
        .option('--destination <name>', 'which one; may be left out where only one can be read back')
        .option('--from <place>', 'first position, or instant of recording (2026-01-31T08:00:00Z); default: a day ago')
        .option('--to <place>', 'first position or instant that no longer belongs to it; default: the head')
        .option('--send-missing', 'send once more what is lost, unless it was sent again before')
        .option('--no-wait', 'do not wait for its end')
        .option('--json', 'machine-readable output')
        .action(run),
      { isDefault: true },
    )
    .addCommand(
      new Command('list')
        .description('Reconciliations, the newest first; also those of the schedule.')
        .option('--limit <n>', 'at most so many, up to 1000', '20')
        .option('--json', 'machine-readable output')
        .action(list),
    )
    .addCommand(
      new Command('show')
        .description('One reconciliation and what it found.')
        .argument('<reconciliation>', 'its id')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => show(await resultOf(await client(), id), options)),
    );
}

async function run({ wait, json, destination, from, to, sendMissing = false }: ReconcileOptions): Promise<void> {
  const api = await client();
  const made = await api.post<ReconciliationView>('/v1/reconciliations', { destination, from, to, sendMissing });
  if (wait) return show(await follow(api, made.id), { json });
  await present({ json }, made, ({ id }) => `${id} is asked for; affidavit reconcile show ${id}`);
}

async function list({ limit, json }: OutputOptions & { limit: string }): Promise<void> {
  const api = await client();
  const { reconciliations } = await api.get<{ reconciliations: ReconciliationView[] }>('/v1/reconciliations', {
    limit,
  });
  await present({ json }, reconciliations, (all) =>
    table(
      ['reconciliation', 'state', 'destination', 'positions', 'checked', 'missing', 'resent', 'copies', 'by', 'at'],
      all.map((one) => [
        one.id,
        one.state,
        one.destination,
        `${one.from}–${one.to}`,
        one.checked,
        one.missing,
        one.resent,
        one.duplicated,
        one.createdBy,
        one.createdAt.slice(0, 19),
      ]),
    ),
  );
}

function resultOf(api: ApiClient, id: string): Promise<ReconciliationResult> {
  return api.get<ReconciliationResult>(`/v1/reconciliations/${encodeURIComponent(id)}`);
}

async function follow(api: ApiClient, id: string): Promise<ReconciliationResult> {
  const progress = new ProgressBar('reconciling');
  try {
    for (;;) {
      const result = await resultOf(api, id);
      const { state, from, to, next, waitsFor } = result.reconciliation;
      if (state === 'finished') return result;
      const done = Math.max(0, Number(next) - Number(from));
      progress.show(done, Number(to) - Number(from), waitsFor === null ? '' : `waits: ${cut(plain(waitsFor), 60)}`);
      await sleep(POLL_MS);
    }
  } finally {
    progress.end();
  }
}

async function show(result: ReconciliationResult, options: OutputOptions): Promise<void> {
  await present(options, result, describe);
  if (Number(result.reconciliation.missing) > 0) process.exitCode = EXIT.failed;
}

/** Nothing missing among nothing would be taken for good news. */
const NOTHING_SETTLED =
  'None of these positions could be judged: nothing of them was accepted, or not longer ago than AFFIDAVIT_READ_BACK_SETTLE (5 minutes).';

async function describe({ reconciliation: one, findings }: ReconciliationResult): Promise<string> {
  const numbers: [string, string][] = [
    ['checked', `${one.checked} events in ${one.batches} batches that were accepted; ${one.compared} logs one by one`],
    ['missing', `${one.missing}, ${one.resent} of them sent again`],
    ['copies', `${one.duplicated} beyond one of each event`],
    ['truncated', `${one.truncated} logs that lost attributes`],
    ['altered', `${one.altered} logs that hold something else than was sent`],
  ];
  const state =
    one.state === 'finished' ? '' : `, ${one.state}${one.waitsFor === null ? '' : `: ${plain(one.waitsFor)}`}`;
  const shown = findings.slice(0, SHOWN_FINDINGS);
  return [
    `${colours.bold(one.id)}  ${one.destination}, positions ${one.from} to ${one.to}${state}`,
    ...numbers.map(([name, text]) => `${colours.bold(name.padEnd(10))} ${text}`),
    ...(one.state === 'finished' && one.batches === '0' ? [NOTHING_SETTLED] : []),
    ...(shown.length === 0
      ? []
      : [
          '',
          await table(
            ['what', 'cause', 'events', 'batch', 'positions', 'sent again in', 'concluded from'],
            shown.map((found) => [
              found.kind,
              found.cause,
              found.count,
              found.batch,
              placesOf(found),
              found.resentIn ?? '',
              cut(plain(found.detail), 80),
            ]),
          ),
        ]),
    ...(findings.length > SHOWN_FINDINGS ? [colours.dim('There are more: --json')] : []),
  ].join('\n');
}

function placesOf({ positions }: FindingView): string {
  const [first = ''] = positions;
  const last = positions.at(-1) ?? first;
  return first === last ? first : `${first}–${last}`;
}
