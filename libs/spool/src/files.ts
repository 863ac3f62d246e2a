import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What the spool asks of the disk where it writes. Tests put faults here. */
export interface SpoolFiles {
  /** Makes a zero-filled file of exactly this size. Its space is allocated and it is on disk when this resolves. */
  allocate(path: string, bytes: number): Promise<void>;
  open(path: string): number;
  /** Writes all of it, or throws. */
  write(fd: number, bytes: Buffer, at: number): void;
  /** Durable when it resolves. */
  sync(fd: number): Promise<void>;
  close(fd: number): void;
  /** Renames, and makes the names of both folders durable. */
  rename(from: string, to: string, folders: string[]): Promise<void>;
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

/** The real disk. */
export const DISK: SpoolFiles = {
  async allocate(path, bytes) {
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
  sync: (fd) => datasync(fd),
  close: (fd) => closeSync(fd),
  async rename(from, to, folders) {
    await rename(from, to);
    for (const folder of folders) await syncFolder(folder);
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
};
