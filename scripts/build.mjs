// Builds everything into dist/: the Prisma client, then every app and library with SWC, then the report page and what is run with esbuild.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { buildReportPage } from './report-page.mjs';

const root = new URL('..', import.meta.url).pathname;

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'pipe',
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`);
  throw new Error(`build: '${command} ${args.join(' ')}' failed`);
}

/**
 * `prisma generate` insists on having the native schema engine, which it would download, but does not run it.
 * A stand-in executable for this one command keeps the build free of downloads. Never export it: with it,
 * `prisma migrate deploy` would claim success and apply nothing (our migrations have their own runner).
 */
function generatePrismaClient() {
  const output = join(root, 'libs/record/src/generated/client.ts');
  const schema = join(root, 'prisma/schema.prisma');
  if (!existsSync(schema)) return;
  if (existsSync(output) && statSync(output).mtimeMs > statSync(schema).mtimeMs) return;
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-build-'));
  const engine = join(folder, 'schema-engine');
  writeFileSync(engine, '#!/bin/sh\nexit 0\n');
  chmodSync(engine, 0o755);
  try {
    run(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
      PRISMA_SCHEMA_ENGINE_BINARY: engine,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

generatePrismaClient();
run(process.execPath, ['node_modules/@swc/cli/bin/swc.js', 'apps', 'libs', '-d', 'dist', '--quiet']);
await buildReportPage(root);

// What was built from a source that is gone must not be found any more. (The folder is not emptied first: processes may run from it.)
for (const entry of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
  const match = /^(?!bin\/)(.*)\.js(?:\.map)?$/.exec(entry);
  if (match && !existsSync(join(root, `${match[1]}.ts`))) rmSync(join(root, 'dist', entry), { force: true });
}
await bundle(root);
