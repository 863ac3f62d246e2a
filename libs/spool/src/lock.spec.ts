import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder } from '../../../test/support/servers.js';
import { lockFolder } from './lock.js';

describe("the lock on a spool's folder", () => {
  let folder: { path: string; remove(): void };
  const lock = (text: string) => writeFileSync(join(folder.path, 'lock'), text);

  beforeEach(() => {
    folder = testFolder();
  });

  afterEach(() => folder.remove());

  it('of a living process is respected', () => {
    lock(`${process.ppid}\n`);
    expect(() => lockFolder(folder.path)).toThrow(expect.objectContaining({ code: 'SPOOL_IN_USE', retry: 'never' }));
  });

  it.each([
    ['of a dead process', () => `${spawnSync(process.execPath, ['-e', '']).pid} 1\n`],
    ['of another process that had the number of a living one', () => `${process.ppid} 1\n`],
    ['that a power cut left empty', () => ''],
    ['that is no lock', () => 'what?'],
  ])('%s is taken over, and nothing of it stays behind', (_what, text) => {
    lock(text());
    const unlock = lockFolder(folder.path);
    expect(() => lockFolder(folder.path)).toThrow(expect.objectContaining({ code: 'SPOOL_IN_USE' }));
    expect(readdirSync(folder.path)).toEqual(['lock']);
    unlock();
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
