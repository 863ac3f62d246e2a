import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Observed: the real script over the built code (`npm run build`). */
describe('docs/reference', () => {
  it('says what the code says', () => {
    const check = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], { encoding: 'utf8' });
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  });
});

describe('what people read', () => {
  it('names only files that are there', () => {
    const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
    const missing = ['README.md', ...docs.map((name) => join('docs', name))].flatMap((page) => {
      const text = readFileSync(page, 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, to = '']) =>
        join(dirname(page), to),
      );
      const files = [...text.matchAll(/`((?:apps|libs|test|scripts|prisma|deploy)\/[\w./-]+)`/g)].map(
        ([, file = '']) => file,
      );
      return [...links, ...files].filter((file) => !existsSync(file)).map((file) => `${page}: ${file}`);
    });
    expect(missing).toEqual([]);
  });
});
