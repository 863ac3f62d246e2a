import { Command } from 'commander';
import { colours, type OutputOptions, present, table } from '../output.js';

interface ApiKey {
  id: string;
  prefix: string;
  role: string;
  label: string | null;
  createdBy: string;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
}

async function client() {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export function apiKeyCommand(): Command {
  return new Command('api-key')
    .description('Keys of the audit-log API. Making and revoking one is itself on the record.')
    .addCommand(
      new Command('create')
        .description('Make a key. It is printed once.')
        .requiredOption('--role <role>', 'viewer (reads), operator (also acts), admin (also keys and enrolments)')
        .option('--label <text>', 'what it is for')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions & { role: string; label?: string }) => {
          const { json: _, ...body } = options;
          const made = await (await client()).post<ApiKey & { key: string }>('/v1/keys', body);
          await present(options, made, ({ key, role, prefix }) =>
            [key, colours.dim(`Shown once. Key ${prefix}, role ${role}.`)].join('\n'),
          );
        }),
    )
    .addCommand(
      new Command('list')
        .description('All keys, without their secrets.')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const { keys } = await (await client()).get<{ keys: ApiKey[] }>('/v1/keys');
          await present(options, keys, (all) =>
            table(
              ['key', 'role', 'label', 'made', 'by', 'last used', 'state', 'id'],
              all.map((key) => [
                key.prefix,
                key.role,
                key.label,
                key.createdAt,
                key.createdBy,
                key.lastUsedAt ?? 'never',
                key.revokedAt ? `revoked ${key.revokedAt}` : 'in force',
                key.id,
              ]),
            ),
          );
        }),
    )
    .addCommand(
      new Command('revoke')
        .description('End a key. What it did stays on the record.')
        .argument('<id>', 'id of the key, from `affidavit api-key list`')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          await (await client()).delete(`/v1/keys/${encodeURIComponent(id)}`);
          await present(options, { id, revoked: true }, () => `Key ${id} is revoked.`);
        }),
    );
}
