import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RecordError } from '../errors.js';

const PIECE_BYTES = 1024 * 1024;

/** What a savepoint vouches for. */
export interface FilePrefix {
  path: string;
  bytes: number;
  sha256: string;
}

/** A file that grows, with the digest of what it holds. */
export class ExportFile {
  bytes = 0;
  private readonly hash: Hash = createHash('sha256');

  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /**
   * Makes a new file.
   * @param prefix what it begins with, copied from another attempt's file
   * @returns undefined where the other file is not there or does not hold what it should: then nothing can be gone on with
   * @throws RECORD_EXPORT_NO_SPACE, RECORD_EXPORT_FOLDER
   */
  static async create(path: string, prefix?: FilePrefix): Promise<ExportFile | undefined> {
    return onDisk(async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const handle = await open(path, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY, 0o600);
      const file = new ExportFile(path, handle);
      try {
        if (prefix && !(await file.copy(prefix))) {
          await file.close();
          return undefined;
        }
      } catch (error) {
        await file.close();
        throw error;
      }
      return file;
    });
  }

  /** Of what was appended so far, in hex. */
  get sha256(): string {
    return this.hash.copy().digest('hex');
  }

  /** @throws RECORD_EXPORT_NO_SPACE, RECORD_EXPORT_FOLDER */
  async append(bytes: Buffer): Promise<void> {
    // In pieces: while one is digested nothing else goes on in this process, and it is written meanwhile.
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      const piece = bytes.subarray(from, from + PIECE_BYTES);
      const written = onDisk(() => this.write(piece));
      this.hash.update(piece);
      await written;
    }
    this.bytes += bytes.length;
  }

  /** What was appended is on disk when it resolves. @throws RECORD_EXPORT_NO_SPACE, RECORD_EXPORT_FOLDER */
  async sync(): Promise<void> {
    await onDisk(() => this.handle.datasync());
  }

  async close(): Promise<void> {
    // What a failed close loses was not synced, and so not promised.
    await this.handle.close().catch(() => undefined);
  }

  private async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.handle.write(bytes, at)).bytesWritten;
  }

  private async copy({ path, bytes, sha256 }: FilePrefix): Promise<boolean> {
    const from = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!from) return false;
    try {
      const buffer = Buffer.allocUnsafe(PIECE_BYTES);
      while (this.bytes < bytes) {
        const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, bytes - this.bytes), this.bytes);
        if (bytesRead === 0) return false;
        await this.append(buffer.subarray(0, bytesRead));
      }
      return this.sha256 === sha256;
    } finally {
      await from.close();
    }
  }
}

async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof RecordError) throw error;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new RecordError({
        code: 'RECORD_EXPORT_NO_SPACE',
        message: 'the disk under the folder of exports is full',
        remedy:
          'Free space there, delete exports that nobody needs, or select less; then ask for the export again. Nothing of the record is touched.',
        retry: 'never',
        cause: error,
      });
    }
    throw new RecordError({
      code: 'RECORD_EXPORT_FOLDER',
      message: `the folder of exports cannot be written: ${message}`,
      remedy: 'See AFFIDAVIT_EXPORT_DIR of the api: it must be a folder of its own that the process may write.',
      retry: 'never',
      cause: error,
    });
  }
}
