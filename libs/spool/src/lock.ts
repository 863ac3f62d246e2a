import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SpoolError } from './errors.js';

const held = new Set<string>();

/** Fields of a process from its state on (proc(5)); empty where the system does not say. */
function facts(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** What tells one process from a later one with the same id. */
function birth(pid: number): string {
  return facts(pid)[19] ?? '';
}

function isAlive(pid: number, born: string): boolean {
  // A living owner's lock always names it; a power cut may leave an empty one.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // Killed, and only not yet waited for by its parent: it writes no more.
  if (facts(pid)[0] === 'Z') return false;
  return born === '' || birth(pid) === '' || birth(pid) === born;
}

/**
 * Takes the spool's folder for this process. A lock that a dead process left is taken over.
 * The lock appears under its name with its owner already in it, so a process killed here leaves nothing that looks alive.
 * @returns gives it back
 * @throws SPOOL_IN_USE
 */
export function lockFolder(folder: string): () => void {
  const file = resolve(folder, 'lock');
  if (held.has(file)) throw inUse(folder, process.pid);
  take(folder, file);
  held.add(file);
  return () => {
    held.delete(file);
    if (isOwn(file)) rmSync(file, { force: true });
  };
}

/**
 * Takes the lock again where it vanished, as it does with a folder that somebody deleted.
 * @returns whether it had vanished
 * @throws SPOOL_IN_USE where another process has it now
 */
export function renewLock(folder: string): boolean {
  const file = resolve(folder, 'lock');
  if (isOwn(file)) return false;
  take(folder, file);
  return true;
}

function ownText(): string {
  return `${process.pid} ${birth(process.pid)}\n`;
}

function isOwn(file: string): boolean {
  return readIfThere(file) === ownText();
}

function take(folder: string, file: string): void {
  const own = join(folder, `lock.${process.pid}`);
  writeFileSync(own, ownText(), { mode: 0o600 });
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(own, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 2) throw error;
        removeStale(folder, file);
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** @throws SPOOL_IN_USE where its owner lives */
function removeStale(folder: string, file: string): void {
  const found = readIfThere(file);
  if (found === undefined) return;
  const [pid, born] = found.trim().split(' ');
  if (isAlive(Number(pid), born ?? '')) throw inUse(folder, Number(pid));
  // Moved aside and looked at again: another process may have taken it over between our look and our hand.
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readIfThere(aside) !== found) linkSync(aside, file);
  rmSync(aside, { force: true });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
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
