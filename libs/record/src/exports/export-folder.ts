import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordError } from '../errors.js';
import type { Queryable } from '../pool.js';

const NAME_FILE = 'folder-name';
const EXPORT = /^export-[0-9a-z]{10}$/;

/**
 * The folder in which the files of exports lie. It has a name of its own, in a file: nodes that share it know by that that they do, and go
 * on with each other's exports; one with another folder begins anew what it takes over.
 */
export class ExportFolder {
  private constructor(
    readonly path: string,
    readonly name: string,
  ) {}

  /** Opens it, or makes it. @throws RECORD_EXPORT_FOLDER */
  static open(path: string): ExportFolder {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      const file = join(path, NAME_FILE);
      try {
        // Of two nodes that begin at once one makes it.
        writeFileSync(file, `${randomBytes(8).toString('hex')}\n`, { flag: 'wx', mode: 0o600, flush: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const name = readFileSync(file, 'utf8').trim();
      if (!/^[0-9a-f]{16}$/.test(name)) throw new TypeError(`${file} holds no name`);
      return new ExportFolder(path, name);
    } catch (cause) {
      throw new RecordError({
        code: 'RECORD_EXPORT_FOLDER',
        message: `the folder of exports ${path} cannot be used: ${(cause as Error).message}`,
        remedy: 'Set AFFIDAVIT_EXPORT_DIR to a folder of its own that the api may write.',
        retry: 'never',
        cause,
      });
    }
  }

  /** The file of one attempt. */
  fileOf(id: string, attempt: number): string {
    return join(this.path, id, `${attempt}.data`);
  }

  /** What an attempt at a bundle of evidence gathers before it makes its file: the events, and the folder of the other members. */
  partsOf(id: string, attempt: number): { events: string; members: string } {
    return { events: join(this.path, id, `${attempt}.events`), members: join(this.path, id, `${attempt}.members`) };
  }

  /** Removes what no export that is open or kept still needs. Repeating it is harmless. */
  async sweep(db: Queryable): Promise<void> {
    const there = (await readdir(this.path)).filter((name) => EXPORT.test(name));
    if (there.length === 0) return;
    const { rows } = await db.query<{ id: string; needed: number[] | null }>(
      `SELECT id, CASE WHEN state = 'finished' THEN ARRAY[attempt] END AS needed FROM export
        WHERE id = ANY($1) AND folder = $2 AND (state IN ('waiting', 'running') OR (state = 'finished' AND keep_until > clock_timestamp()))`,
      [there, this.name],
    );
    const kept = new Map(rows.map((row) => [row.id, row.needed]));
    for (const id of there) {
      if (!kept.has(id)) await rm(join(this.path, id), { recursive: true, force: true });
      const needed = kept.get(id)?.map((attempt) => `${attempt}.data`);
      if (!needed) continue;
      for (const file of await readdir(join(this.path, id))) {
        if (!needed.includes(file)) await rm(join(this.path, id, file), { recursive: true, force: true });
      }
    }
  }
}
