// Puts each process, and each of its threads, into one file of dist/bin with what it imports: a thousand modules take a second to load.
//   node scripts/bundle.mjs FOLDER      of another checkout, whose dist/ SWC has built
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ENTRIES = {
  api: 'apps/api/src/main.js',
  cli: 'apps/cli/src/main.js',
  forwarder: 'apps/forwarder/src/main.js',
  gateway: 'apps/gateway/src/main.js',
  recorder: 'apps/recorder/src/main.js',
  'evidence-worker': 'apps/cli/src/evidence/worker.js',
  'mapping-worker': 'libs/delivery/datadog/src/mapping-worker.js',
};

/**
 * Loaded where they are wanted, from node_modules: large, or optional and not installed. Nothing that looks with `instanceof` at what
 * comes from another package: there would be two of that.
 */
const EXTERNAL = [
  '@datadog/datadog-api-client',
  '@nestjs/microservices',
  '@nestjs/websockets',
  '@prisma/client',
  'cache-manager',
  'class-transformer',
  'class-validator',
  'pg-native',
];

/** How long a piece stays that no later build has. */
const KEPT_MS = 7 * 86_400_000;

/** What packages written for CommonJS expect to be there. */
const COMMONJS = `import { createRequire as __createRequire } from 'node:module';
import { dirname as __dirnameOf } from 'node:path';
import { fileURLToPath as __fileOf } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __fileOf(import.meta.url);
const __dirname = __dirnameOf(__filename);`;

/** @param root folder of package.json, with dist/ built by SWC */
export async function bundle(root) {
  const folder = join(root, 'dist/bin');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.entries(ENTRIES).map(([out, file]) => ({ out, in: join('dist', file) })),
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    keepNames: true,
    sourcemap: true,
    external: EXTERNAL,
    banner: { js: COMMONJS },
    logLevel: 'error',
    metafile: true,
  });
  // Pieces that several share have names of their content. Those of builds before stay for a while: what runs may still load them.
  const written = new Set(Object.keys(metafile.outputs).map((file) => basename(file)));
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (!written.has(name) && statSync(file).mtimeMs < Date.now() - KEPT_MS) rmSync(file, { force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(process.argv[2]);
