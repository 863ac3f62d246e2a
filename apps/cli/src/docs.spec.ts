import { spawnSync } from 'node:child_process';

/** Observed: the real script over the built code (`npm run build`). */
describe('docs/reference', () => {
  it('says what the code says', () => {
    const check = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], { encoding: 'utf8' });
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  });
});
