import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '../../../test/support/servers.js';
import { writeAdminKey } from './admin-key.js';

describe('writeAdminKey', () => {
  const folder = testFolder();
  afterAll(() => folder.remove());

  it('keeps the key where only its owner may read it, also in place of a file that others could', () => {
    const file = join(folder.path, 'data', 'admin.key');
    writeAdminKey(file, 'afd_one');
    expect(readFileSync(file, 'utf8')).toBe('afd_one\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder.path, 'data')).mode & 0o777).toBe(0o700);

    writeFileSync(file, 'old', { mode: 0o644 });
    writeAdminKey(file, 'afd_two');
    expect(readFileSync(file, 'utf8')).toBe('afd_two\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
