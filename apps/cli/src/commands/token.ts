import { Command } from 'commander';
import { usageError } from '../errors.js';
import { colours, type OutputOptions, present, table } from '../output.js';

export function tokenCommand(): Command {
  return new Command('token')
    .description('Tokens with which identities connect; kept as verifiers in affidavit.yaml.')
    .addCommand(
      new Command('create')
        .description('Make a token for an identity. It is printed once and kept nowhere.')
        .requiredOption('--identity <id>', 'an identity of affidavit.yaml')
        .option('--expires <when>', 'an instant (2027-01-31T00:00:00Z) or how long it holds (30d)')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions & { identity: string; expires?: string }) => {
          const { createToken, loadSettings } = await import('#platform');
          const { configFile } = loadSettings();
          const expiresAt = options.expires === undefined ? undefined : await instantOf(options.expires);
          const { token, id } = createToken(configFile, options.identity, expiresAt);
          await present(options, { identity: options.identity, id, token, expiresAt: expiresAt ?? null }, (made) =>
            [
              made.token,
              colours.dim(
                `Shown once. Token ${id} of ${options.identity}, ${expiresAt ? `until ${expiresAt}` : 'without an end'}; in ${configFile}.`,
              ),
            ].join('\n'),
          );
        }),
    )
    .addCommand(
      new Command('list')
        .description('Which tokens each identity has, and until when.')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const { loadPolicy, loadSettings } = await import('#platform');
          const tokens = loadPolicy(loadSettings().configFile).identities.flatMap((identity) =>
            identity.tokens.map(({ id, expiresAt }) => ({
              identity: identity.id,
              kind: identity.kind,
              id,
              expiresAt: expiresAt ?? null,
              expired: expiresAt !== undefined && Date.parse(expiresAt) <= Date.now(),
            })),
          );
          await present(options, tokens, (all) =>
            table(
              ['identity', 'kind', 'token', 'expires'],
              all.map((one) => [
                one.identity,
                one.kind,
                one.id,
                one.expired ? `${one.expiresAt} (expired)` : (one.expiresAt ?? 'never'),
              ]),
            ),
          );
        }),
    );
}

async function instantOf(text: string): Promise<string> {
  const { parseDurationMs } = await import('#platform');
  const lasting = parseDurationMs(text);
  const at = lasting === undefined ? Date.parse(text) : Date.now() + lasting;
  if (Number.isNaN(at))
    throw usageError(`--expires ${text} is neither an instant nor a duration`, 'Write 2027-01-31T00:00:00Z or 30d.');
  if (at <= Date.now()) throw usageError(`--expires ${text} has passed`, 'Name an instant in the future.');
  return new Date(at).toISOString();
}
