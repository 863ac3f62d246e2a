import { Command } from 'commander';
import { limitsText } from '../limits-text.js';
import { type Cell, colours, type OutputOptions, plain, present, table } from '../output.js';

interface CreateOptions extends OutputOptions {
  role: string;
  label?: string;
  expires?: string;
  from?: string;
  to?: string;
  connection?: string[];
}

async function client() {
  const [{ loadSettings }, { ApiClient }] = await Promise.all([import('#platform'), import('../api-client.js')]);
  return ApiClient.of(loadSettings());
}

export function keysCommand(): Command {
  return new Command('keys')
    .alias('api-key')
    .description('Keys of the audit-log API. Making, rotating and revoking one is itself on the record.')
    .addCommand(
      new Command('list')
        .description('All keys, without their secrets.')
        .option('--json', 'machine-readable output')
        .action(async (options: OutputOptions) => {
          const { keys } = await (await client()).read('/v1/keys');
          await present(options, keys, (all) =>
            table(
              ['key', 'role', 'limits', 'label', 'made', 'by', 'last used', 'state', 'id'],
              all.map((key): Cell[] => [
                key.prefix,
                key.role,
                limitsText(key.limits),
                key.label,
                key.createdAt.slice(0, 19),
                key.createdBy,
                key.lastUsedAt?.slice(0, 16) ?? 'never',
                stateOf(key),
                key.id,
              ]),
            ),
          );
        }),
    )
    .addCommand(
      new Command('create')
        .description('Make a key. It is printed once.')
        .requiredOption(
          '--role <role>',
          'viewer (reads), auditor (also exports; can be limited), operator (also acts on deliveries), admin (also keys, holds, retention)',
        )
        .option('--label <text>', 'what it is for')
        .option('--expires <when>', 'until when it opens: an instant, a date, or a time from now (90d)')
        .option('--from <when>', 'an auditor’s limit: what was recorded from then on')
        .option('--to <when>', 'an auditor’s limit: what was recorded before')
        .option('--connection <name...>', 'an auditor’s limit: only these connections')
        .option('--json', 'machine-readable output')
        .action(async ({ json, role, label, expires, from, to, connection }: CreateOptions) => {
          const { instantOf } = await import('../times.js');
          const limits = {
            ...(from === undefined ? {} : { from: instantOf(from, 'ago') }),
            ...(to === undefined ? {} : { to: instantOf(to, 'ago') }),
            ...(connection === undefined ? {} : { connections: connection }),
          };
          const body = {
            role,
            label,
            ...(expires === undefined ? {} : { expiresAt: instantOf(expires, 'ahead') }),
            ...(Object.keys(limits).length === 0 ? {} : { limits }),
          };
          await present({ json }, await (await client()).act('/v1/keys', { body }), shown);
        }),
    )
    .addCommand(
      new Command('rotate')
        .description('Give a key a new secret, printed once. The one before opens until the overlap is over.')
        .argument('<id>', 'id of the key, from `affidavit keys list`')
        .option('--overlap <minutes>', 'for how long the secret before still opens; 0 ends it at once', '1440')
        .option('--json', 'machine-readable output')
        .action(async (id: string, { json, overlap }: OutputOptions & { overlap: string }) => {
          const body = { overlapMinutes: Number(overlap) };
          await present({ json }, await (await client()).act('/v1/keys/{id}/rotate', { path: { id }, body }), shown);
        }),
    )
    .addCommand(
      new Command('revoke')
        .description('End a key. What it did stays on the record.')
        .argument('<id>', 'id of the key, from `affidavit keys list`')
        .option('--json', 'machine-readable output')
        .action(async (id: string, options: OutputOptions) => {
          await (await client()).remove('/v1/keys/{id}', { path: { id } });
          await present(options, { id, revoked: true }, () => `Key ${plain(id)} is revoked.`);
        }),
    );
}

function shown({ key, role, prefix }: { key: string; role: string; prefix: string }): string {
  return [key, colours.dim(`Shown once. Key ${prefix}, role ${role}.`)].join('\n');
}

function stateOf(key: { revokedAt: string | null; expiresAt: string | null; previousUntil: string | null }): string {
  if (key.revokedAt) return `revoked ${key.revokedAt.slice(0, 19)}`;
  if (key.expiresAt && Date.parse(key.expiresAt) <= Date.now()) return `expired ${key.expiresAt.slice(0, 19)}`;
  const until = key.expiresAt ? `until ${key.expiresAt.slice(0, 19)}` : 'in force';
  const isRotating = key.previousUntil !== null && Date.parse(key.previousUntil) > Date.now();
  return isRotating ? `${until}, secret before until ${key.previousUntil?.slice(0, 19)}` : until;
}
