import { Command } from 'commander';
import { CliError } from '../errors.js';
import { colours, type OutputOptions, present } from '../output.js';

export function logCommand(): Command {
  return new Command('log')
    .description('The Merkle log: its newest checkpoint, and the key that signs them.')
    .addCommand(
      new Command('checkpoint')
        .description('The newest checkpoint, its signature checked.')
        .option('--note', 'the signed note alone, as it is: to be kept, and given to `affidavit verify`')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions & { note?: boolean }) => {
          const checkpoint = await readCheckpoint();
          if (options.note && !options.json) return void process.stdout.write(checkpoint.note);
          await present(options, checkpoint, ({ origin, size, root, key }) =>
            [
              `The first ${colours.bold(String(size))} events of ${origin}`,
              `root  ${root}`,
              `key   ${key}`,
              colours.dim('Keep the note (--note) where nobody who runs this log can change it.'),
            ].join('\n'),
          );
        }),
    )
    .addCommand(
      new Command('rotate-key')
        .description(
          'Make a new key for checkpoints. The one that is replaced swears to it at the next start of the recorder.',
        )
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const [{ join }, { loadSettings, replaceKeyPair }, { rawPublicKey, toBase64 }] = await Promise.all([
            import('node:path'),
            import('#platform'),
            import('#ledger'),
          ]);
          const settings = loadSettings();
          if (settings.checkpointKey) {
            throw new CliError({
              code: 'CLI_KEY_IN_ENVIRONMENT',
              message: 'the key is in AFFIDAVIT_CHECKPOINT_KEY, where this command cannot replace it',
              remedy:
                'Put a new key there, and the file of the old one into AFFIDAVIT_CHECKPOINT_PREVIOUS_KEY_FILE; then start the recorder.',
              retry: 'never',
            });
          }
          const folder = join(settings.dataDir, 'recorder');
          const file = settings.checkpointKeyFile ?? join(folder, 'checkpoint.key');
          const previous = settings.previousCheckpointKeyFile ?? join(folder, 'checkpoint.previous.key');
          const { publicKey } = replaceKeyPair(file, previous);
          await present(options, { file, previous, publicKey: toBase64(rawPublicKey(publicKey)) }, (made) =>
            [
              `New key ${colours.bold(made.publicKey)} in ${made.file}`,
              colours.dim(
                `The old one is in ${made.previous}. Start the recorder again: it puts both on the record; then the old one may go.`,
              ),
            ].join('\n'),
          );
        }),
    );
}

async function readCheckpoint(): Promise<{ origin: string; size: number; root: string; key: string; note: string }> {
  const [{ loadSettings }, { ApiClient }, ledger] = await Promise.all([
    import('#platform'),
    import('../api-client.js'),
    import('#ledger'),
  ]);
  const api = ApiClient.of(loadSettings());
  const [{ keys }, text] = await Promise.all([api.read('/v1/log'), api.text('/log/checkpoint')]);
  const note = ledger.parseNote(text);
  const signers = ledger.signersOf(note, keys.map(ledger.parseNoteKey));
  const { origin, size, root } = ledger.parseCheckpoint(note.text);
  if (!signers[0]) {
    throw new CliError({
      code: 'CLI_CHECKPOINT_UNSIGNED',
      message: `the checkpoint of ${origin} bears no signature of this log's keys`,
      remedy: 'Do not trust it. Compare /log/checkpoint with the newest event checkpoint.signed at Datadog.',
      retry: 'never',
    });
  }
  return { origin, size, root: ledger.toHex(root), key: ledger.formatNoteKey(signers[0]), note: text };
}
