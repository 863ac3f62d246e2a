import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder, until } from '../../../test/support/servers.js';
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

  it('of a killed process that nobody has waited for yet is taken over', async () => {
    // The shell's child ends at once; the shell, stopped, cannot wait for it.
    const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; kill -STOP $$'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = Number(String((await once(shell.stdout, 'data'))[0]));
      if (existsSync('/proc'))
        await until('it is a zombie', () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
      lock(`${pid} \n`);
      lockFolder(folder.path)();
    } finally {
      shell.kill('SIGKILL');
    }
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
