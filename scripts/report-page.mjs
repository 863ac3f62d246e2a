// Makes dist/apps/report/report.html: the verifier as one page that needs nothing beside it. What Node gives the verifier (hashes,
// signatures, zlib) is put in from apps/report/src/seams; script and style stand in the page, and the page's own policy names their digests.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** By their place in the repository. */
const SEAMS = {
  'libs/ledger/src/native-bytes.ts': 'apps/report/src/seams/native-bytes.ts',
  'libs/ledger/src/chain.ts': 'apps/report/src/seams/chain.ts',
  'libs/ledger/src/ed25519.ts': 'apps/report/src/seams/ed25519.ts',
  'libs/ledger/src/evidence/zlib.ts': 'apps/report/src/seams/zlib.ts',
};

/** @param root folder of the repository, with a slash at its end */
export async function buildReportPage(root) {
  const folder = join(root, 'apps/report/src');
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'page.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    // Safari 16.4, Firefox 113 and Chromium 103 are the first with raw deflate; classes and private members they all know.
    target: ['es2022'],
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    plugins: [{ name: 'seams', setup: (setup) => setup.onResolve({ filter: /^(#|\.)/ }, seamOf(root)) }],
  });
  const script = outputFiles[0].text.trim();
  if (/<\/script|<!--/i.test(script)) throw new Error('the script of the report page would end its own element');
  const style = readFileSync(join(folder, 'page.css'), 'utf8').trim();
  const parts = { script, style, 'script-hash': hashOf(script), 'style-hash': hashOf(style) };
  const page = readFileSync(join(folder, 'page.html'), 'utf8').replace(
    /(?:\/\*)?\{\{([a-z-]+)\}\}(?:\*\/)?/g,
    (_, name) => parts[name],
  );
  const file = join(root, 'dist/apps/report/report.html');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, page);
}

function seamOf(root) {
  return ({ path, resolveDir, importer }) => {
    if (path === '#events') return { path: join(root, 'apps/report/src/seams/events.ts') };
    if (path.startsWith('#')) throw new Error(`${importer} imports ${path}, which no browser has`);
    const file = join(resolveDir, path).replace(/\.js$/, '.ts');
    const seam = SEAMS[file.slice(root.length)];
    return seam
      ? { path: join(root, seam) }
      : file.endsWith('.ts') && !file.includes('node_modules')
        ? { path: file }
        : undefined;
  };
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
