import { Command } from 'commander';
import { EXIT, usageError } from '../errors.js';
import { colours, type OutputOptions, plain, present } from '../output.js';

interface VerifyCommandOptions extends OutputOptions {
  againstDatadog?: boolean;
  key?: string[];
  checkpoint?: string[];
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Check an evidence bundle: whether what it holds is what was recorded, and whether anything is missing. Needs no database and no network.',
    )
    .argument('[bundle.zip]', 'the bundle')
    .option(
      '--key <key>',
      'a key of the log that you have from elsewhere: base64, a note key, or its SHA-256; may be repeated',
      gather,
    )
    .option(
      '--checkpoint <file>',
      'a checkpoint that you hold, as /log/checkpoint or Datadog has it; may be repeated',
      gather,
    )
    .option(
      '--against-datadog',
      'no bundle: hold the checkpoints that Datadog has against the log as it is now (needs the API, and DD_APP_KEY)',
    )
    .option('--json', 'machine-readable output')
    .addHelpText('after', '\nExit codes: 0 valid, 1 invalid, 2 wrong usage.')
    .action(verify);
}

function gather(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Below this nobody waits long enough to want a bar. */
const BAR_BYTES = 32 * 1024 * 1024;
/** Threads are slower to start than this much is to check. */
const THREADS_BYTES = 4 * 1024 * 1024;

async function verify(file: string | undefined, options: VerifyCommandOptions): Promise<void> {
  const { againstDatadog = false } = options;
  if ((file === undefined) !== againstDatadog) {
    throw usageError(
      'either a bundle is verified, or the log against Datadog',
      'Name a bundle, or give --against-datadog without one.',
    );
  }
  if (file === undefined) return verifyAgainstDatadog(options);
  return verifyFile(file, options);
}

async function verifyAgainstDatadog({ json }: OutputOptions): Promise<void> {
  const [{ loadSettings }, { compareWithDatadog }, { ProgressBar }] = await Promise.all([
    import('#platform'),
    import('../evidence/against-datadog.js'),
    import('../progress.js'),
  ]);
  const bar = new ProgressBar('comparing');
  const comparison = await compareWithDatadog(loadSettings(), (done, total) => bar.show(done, total));
  bar.end();
  const bad = comparison.compared.filter(({ verdict }) => verdict === 'differs' || verdict === 'forged');
  await present({ json }, comparison, ({ log, compared }) =>
    [
      compared.length === 0
        ? `Datadog has no checkpoint of ${plain(log)} of the last days: there is nothing to compare with`
        : bad.length === 0
          ? colours.green(`✓ ${compared.length} checkpoints of ${plain(log)} at Datadog agree with the log`)
          : colours.red(
              `✗ ${bad.length} of ${compared.length} checkpoints of ${plain(log)} at Datadog do NOT agree with the log`,
            ),
      ...compared
        .filter(({ verdict }) => verdict !== 'agrees')
        .map(
          ({ generation, size, root, verdict, here }) =>
            `  ${verdict}: generation ${generation}, the first ${size} events, root ${root}${here ? `, here ${here}` : ''}`,
        ),
    ].join('\n'),
  );
  if (bad.length > 0 || comparison.compared.length === 0) process.exitCode = EXIT.failed;
}

async function verifyFile(file: string, { key = [], checkpoint = [], json }: VerifyCommandOptions): Promise<void> {
  const [{ open, readFile }, { parseTrustedKey, verifyBundle }, { ProgressBar }, { reportText }, { WorkerPool }] =
    await Promise.all([
      import('node:fs/promises'),
      import('#ledger'),
      import('../progress.js'),
      import('../evidence/report-text.js'),
      import('../evidence/worker-pool.js'),
    ]);
  const strange = key.find((text) => !parseTrustedKey(text));
  if (strange !== undefined) {
    throw usageError(
      `${JSON.stringify(strange)} is no key`,
      'Give its 32 bytes in base64, a note key (name+id+base64), or 64 hex digits of their SHA-256.',
    );
  }
  const checkpoints = await Promise.all(checkpoint.map((path) => readFile(path, 'utf8').catch(unreadable(path))));
  const handle = await open(file).catch(unreadable(file));
  const pool = new WorkerPool();
  const bar = new ProgressBar('verifying');
  try {
    const { size } = await handle.stat();
    const source = {
      size,
      async read(from: number, to: number) {
        const bytes = new Uint8Array(to - from);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
        if (bytesRead < bytes.length) throw new Error(`${file} ends at byte ${from + bytesRead}`);
        return bytes;
      },
    };
    const report = await verifyBundle(source, {
      ...{ keys: key, checkpoints },
      ...(size < THREADS_BYTES ? {} : { worker: pool.work, ahead: pool.ahead }),
      ...(size < BAR_BYTES ? {} : { onProgress: (done: number, total: number) => bar.show(done, total) }),
    });
    bar.end();
    await present({ json }, report, (one) => reportText(file, one));
    process.exitCode = report.verdict === 'valid' ? EXIT.ok : EXIT.failed;
  } finally {
    await pool.close();
    await handle.close();
  }
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw usageError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Give the path of a file that is there.',
    );
  };
}
