import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { NodeName } from '#events';
import { type NoteKey, parseCheckpoint, parseNote, parseOrigin, signersOf, toHex } from '#ledger';
import type { KnownHead } from '#record';
import { readLogHeads } from '#streams';

const REDIS_TIMEOUT_MS = 2_000;

/** The last checkpoint of this recorder, in a file beside its keys: Postgres may go back, this does not. */
export class CheckpointFile {
  constructor(
    private readonly file: string,
    private readonly keysOf: (log: string, generation: number) => NoteKey[],
  ) {}

  /** Durable when it resolves. */
  async write(note: string): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    const draft = `${this.file}.${randomBytes(6).toString('hex')}`;
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(note);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, this.file);
  }

  /** What it tells of this log; undefined where there is none, or it is not this log's own word. */
  async read(log: string): Promise<KnownHead | undefined> {
    try {
      const note = parseNote(await readFile(this.file, 'utf8'));
      const checkpoint = parseCheckpoint(note.text);
      const of = parseOrigin(checkpoint.origin);
      if (of?.log !== log || signersOf(note, this.keysOf(log, of.generation)).length === 0) return undefined;
      const { size, root } = checkpoint;
      return { generation: of.generation, size, root: toHex(root), source: 'the last checkpoint of this recorder' };
    } catch {
      return undefined;
    }
  }
}

/**
 * Ends of the log as Redis and the gateways' copies tell them. Where Redis does not answer, there is nothing to compare with: recording
 * must not wait for that.
 */
export async function headsInRedis(
  redis: Redis,
  nodes: readonly NodeName[],
  log: string,
  markPublicKey: Parameters<typeof readLogHeads>[3],
): Promise<KnownHead[]> {
  const heads = await Promise.race([
    readLogHeads(redis, nodes, log, markPublicKey).catch(() => []),
    sleep(REDIS_TIMEOUT_MS, [], { ref: false }),
  ]);
  return heads.map(({ generation, size, root }) => ({
    generation,
    size,
    ...(root === undefined ? {} : { root }),
    source: "Redis, or a gateway's copy there",
  }));
}
