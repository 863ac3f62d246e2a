import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SpoolError } from './errors.js';

const held = new Set<string>();

/** What tells one process from a later one with the same id; empty where the system does not say. */
function birth(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number, born: string): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return born === '' || birth(pid) === '' || birth(pid) === born;
}

/**
 * Takes the spool's folder for this process. A lock that a dead process left is taken over.
 * @returns gives it back
 * @throws SPOOL_IN_USE
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'lock');
  for (let attempt = 0; ; attempt++) {
    try {
      if (held.has(file)) throw inUse(folder, process.pid);
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, `${process.pid} ${birth(process.pid)}\n`);
      closeSync(fd);
      held.add(file);
      return () => {
        held.delete(file);
        rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 2) throw error;
      const [pid, born] = readFileSync(file, 'utf8').trim().split(' ');
      if (isAlive(Number(pid), born ?? '')) throw inUse(folder, Number(pid));
      rmSync(file, { force: true });
    }
  }
}

function inUse(folder: string, pid: number): SpoolError {
  return new SpoolError({
    code: 'SPOOL_IN_USE',
    message: `the spool in ${folder} is used by process ${pid}`,
    remedy: 'One gateway process has one spool: stop the other, or give this one another node name and folder.',
    retry: 'never',
  });
}
