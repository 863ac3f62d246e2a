import { closeSync, fdatasync, fstatSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { open, rename, rm, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

/** What the spool asks of the disk where it writes. Tests put faults here. */
export interface SpoolFiles {
  /** Makes a zero-filled file of exactly this size. Its space is allocated and it is on disk when this resolves. */
  allocate(path: string, bytes: number): Promise<void>;
  open(path: string): number;
  /** Writes all of it, or throws. */
  write(fd: number, bytes: Buffer, at: number): void;
  /** Durable, and still reachable by a name, when it resolves. */
  sync(fd: number): Promise<void>;
  close(fd: number): void;
  /** Renames, and makes the names of both folders durable. */
  rename(from: string, to: string, folders: string[]): Promise<void>;
  /** Cuts a file that nobody writes any more to this size and makes it durable. The time of its last write stays. */
  seal(path: string, bytes: number): Promise<void>;
  remove(path: string): Promise<void>;
}

const datasync = promisify(fdatasync);
const ZEROS = Buffer.alloc(1024 * 1024);

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder with all above it. Their names are on disk when this returns, else the first power cut could take them all. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (folder === top || folder === dirname(folder)) return;
  }
}

/** The real disk. */
export const DISK: SpoolFiles = {
  async allocate(path, bytes) {
    const { bavail, bsize } = await statfs(dirname(path));
    // Known before anything is written: a disk that is nearly full must not be filled to the brim at each try.
    if (bavail * bsize < bytes) throw new Error(`ENOSPC: ${bavail * bsize} bytes are free, ${bytes} are needed`);
    const handle = await open(path, 'w', 0o600);
    try {
      // Zeros are written, not only promised: a sparse file could still meet a full disk, and the sync of an append then
      // has no sizes or extents to write (measured: a third less time for each sync).
      for (let at = 0; at < bytes; at += ZEROS.length) {
        await handle.write(ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  open: (path) => openSync(path, 'r+'),
  write(fd, bytes, at) {
    // A small write goes into the page cache at once; only the sync is worth leaving the event loop for.
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
  },
  async sync(fd) {
    await datasync(fd);
    // A file that somebody deleted takes writes and syncs as before, and is gone with this process.
    if (fstatSync(fd).nlink === 0) throw new Error('ENOENT: the file was deleted while it was written');
  },
  close: (fd) => closeSync(fd),
  async rename(from, to, folders) {
    await rename(from, to);
    for (const folder of folders) await syncFolder(folder);
  },
  async seal(path, bytes) {
    const handle = await open(path, 'r+');
    try {
      const { size, atime, mtime } = await handle.stat();
      if (size > bytes) {
        await handle.truncate(bytes);
        await handle.utimes(atime, mtime);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
};
