import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { WholeExportView } from '../api-types.js';
import { CliError, EXIT, exitCodeOf, usageError } from '../errors.js';
import { limitsText } from '../limits-text.js';
import { colours, type OutputOptions, plain, present, table } from '../output.js';
import { grouped, ProgressBar } from '../progress.js';

/** One export, by its id. */
const ONE = '/v1/exports/{id}';

async function client(): Promise<ApiClient> {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export interface RunOptions extends OutputOptions {
  from?: string;
  to?: string;
  session?: string;
  identity?: string;
  connection?: string;
  type?: string;
  format?: string;
  out?: string;
  force?: boolean;
  wait: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .description('Take events out of the record, with a manifest to check them by. Each export is on the record.')
    .addCommand(runCommand(), { isDefault: true })
    .addCommand(
      new Command('list')
        .description('Exports, the newest first; those of this key, or all with an admin key.')
        .option('--limit <n>', 'at most so many, up to 1000', '50')
        .option('--json', 'machine-readable output')
        .action(list),
    )
    .addCommand(
      new Command('show')
        .description('One export: how far it is, or what it holds.')
        .argument('<export>', 'its id')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          await present(options, await (await client()).read(ONE, pathOf(id)), describe);
        }),
    )
    .addCommand(
      new Command('fetch')
        .description('Wait for an export that was asked for before, download it, and check the digests.')
        .argument('<export>', 'its id')
        .option('--out <file>', 'where to; default: the name of the export, here')
        .option('--json', 'machine-readable output')
        .action((id: string, { out, json }: OutputOptions & { out?: string }) => fetchExport(id, out, { json })),
    )
    .addCommand(
      new Command('delete')
        .description('End an export, or remove its file before its time.')
        .argument('<export>', 'its id')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          await (await client()).remove(ONE, pathOf(id));
          await present(
            options,
            { id, state: 'deleted' },
            () => `${id} is deleted. That it was made stays on the record.`,
          );
        }),
    );
}

function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Ask for an export, wait for it, download it and check the digests. This is what `affidavit export` does. To stop looking does not stop it.',
    )
    .option('--format <format>', 'ndjson: the recorded bytes, an event a line; csv or json: for people', 'ndjson');
  return withSelection(command).action((options: RunOptions) => runExport(options, { kind: 'events' }));
}

/** What can be asked for, and where it goes. */
export function withSelection(command: Command): Command {
  return command
    .option('--from <place>', 'first position, or instant of recording (2026-01-31T08:00:00Z)')
    .option('--to <place>', 'first position or instant that no longer belongs to it; default: the end of the log')
    .option('--session <id>', 'of one session')
    .option('--identity <id>', 'of one identity')
    .option('--connection <name>', 'on one connection')
    .option('--type <types>', 'of these types, with commas')
    .option('--out <file>', 'where to; default: the name of the export, here')
    .option(
      '--force',
      'also where the range is known not to be as it was recorded; the manifest then says what differs',
    )
    .option('--no-wait', 'do not wait for its end')
    .option('--json', 'machine-readable output');
}

/** Asks for an export, waits for it, and fetches it. */
export async function runExport(
  { out, wait, json, type, ...asked }: RunOptions,
  fixed: { kind: string; format?: string },
): Promise<void> {
  const { downloadPaths } = await import('../export-download.js');
  if (out !== undefined) downloadPaths(out);
  const body = { ...asked, ...fixed, ...(type === undefined ? {} : { types: type.split(',') }) };
  const one = await (await client()).act('/v1/exports', { body });
  if (!wait)
    return present({ json }, one, ({ id }) => `${id} is under way. Fetch it with: affidavit export fetch ${id}`);
  await fetchExport(one.id, out, { json });
}

async function fetchExport(id: string, out: string | undefined, options: OutputOptions): Promise<void> {
  const { downloadExport, downloadPaths } = await import('../export-download.js');
  const path = pathOf(id);
  const api = await client();
  const bar = new ProgressBar('exporting');
  let one = await follow(api, path, bar);
  bar.end();
  if (one.state === 'failed') throw failed(one);
  const paths = downloadPaths(out ?? one.file?.name ?? id);
  const loading = new ProgressBar('downloading');
  // Its links may be a quarter of an hour old where somebody waited long.
  one = await api.read(ONE, path);
  await downloadExport(api.baseUrl, one, paths, (bytes) => loading.show(bytes, one.file?.bytes ?? 0));
  loading.end();
  const { links: _, ...facts } = one;
  await present(options, { ...facts, out: paths.file, manifest: paths.manifest }, (made) =>
    [
      colours.green(`✓ ${grouped(made.count)} events, ${grouped(made.bytes)} bytes in ${plain(paths.file)}`),
      `  SHA-256 ${made.file?.sha256}, as the manifest says: ${plain(paths.manifest)}`,
    ].join('\n'),
  );
}

const LOOK_MS = 500;
/** An api that restarts is waited for; the export goes on when it is there again. */
const AWAY_MS = 120_000;

async function follow(api: ApiClient, path: ReturnType<typeof pathOf>, bar: ProgressBar): Promise<WholeExportView> {
  let seenAtMs = performance.now();
  let total = 1;
  let done = 0;
  for (;;) {
    let note = '';
    try {
      const one = await api.read(ONE, path);
      seenAtMs = performance.now();
      total = Number(BigInt(one.to) - BigInt(one.from));
      done = Number(BigInt(one.next) - BigInt(one.from));
      if (one.state !== 'waiting' && one.state !== 'running') {
        if (one.state === 'finished') bar.show(total, total, `${grouped(one.count)} events`);
        return one;
      }
      note = one.state === 'waiting' ? 'waits for its turn' : plain(one.error?.message ?? '');
    } catch (error) {
      if (exitCodeOf(error) !== EXIT.unreachable || performance.now() - seenAtMs > AWAY_MS) throw error;
      note = 'the api does not answer; it is asked again';
    }
    bar.show(done, total, note);
    await sleep(LOOK_MS);
  }
}

async function list({ json, limit }: OutputOptions & { limit: string }): Promise<void> {
  const { exports } = await (await client()).read('/v1/exports', { query: { limit } });
  await present({ json }, exports, (all) =>
    table(
      ['export', 'state', 'format', 'positions', 'events', 'bytes', 'asked for by', 'at', 'kept until'],
      all.map((one) => [
        ...[one.id, one.state, one.format, `${one.from}–${one.to}`, one.count, one.bytes, one.requestedBy],
        ...[one.createdAt.slice(0, 19), one.keepUntil?.slice(0, 19)],
      ]),
    ),
  );
}

function describe(one: WholeExportView): string {
  const { limits = null, ...selection } = one.selection;
  const asked = Object.entries(selection).map(([name, value]) => `${name} ${[value].flat().join(',')}`);
  const facts: [string, string | null][] = [
    ['export', one.id],
    ['state', one.state],
    ['asked for', `${one.format}; ${asked.join(', ') || 'everything'}; by ${one.requestedBy} at ${one.createdAt}`],
    ['limits', limitsText(limits) || null],
    ['positions', `${one.from} to ${one.to}${one.file ? '' : `, done up to ${one.next}`}`],
    ['events', `${grouped(one.count)}, ${grouped(one.bytes)} bytes`],
    ['digest', one.file && `SHA-256 ${one.file.sha256}`],
    ['kept until', one.keepUntil],
    ['trouble', one.error && `${one.error.message} → ${one.error.remedy}`],
  ];
  return facts
    .filter(([, text]) => text !== null)
    .map(([name, text]) => `${colours.bold(name.padEnd(10))} ${plain(text)}`)
    .join('\n');
}

function failed({ id, error }: WholeExportView): CliError {
  return new CliError({
    code: error?.code ?? 'CLI_EXPORT_FAILED',
    message: `${id} failed: ${error?.message ?? 'nothing says why'}`,
    remedy: error?.remedy ?? 'Ask for the export again.',
    retry: 'never',
  });
}

function pathOf(id: string) {
  if (!/^export-[0-9a-z]{10}$/.test(id)) {
    throw usageError(`${JSON.stringify(id)} is not the id of an export`, 'Take one from `affidavit export list`.');
  }
  return { path: { id } };
}
