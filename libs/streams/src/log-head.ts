import type { KeyObject } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { INSTANT_PATTERN, type NodeName } from '#events';
import { HEAD_KEY, headCopyKey } from './names.js';
import { openSignedJson, signJson } from './signed-json.js';
import { replacingStrangers } from './strangers.js';

// How far the log has come, told where Postgres cannot change it: in Redis, and in a copy by each gateway. A Postgres that was restored
// or failed over to a replica which lagged does not know what it lost; these do.

/** The log's word on its own end. */
export interface LogHead {
  log: string;
  generation: number;
  /** Positions 0 … size-1 are taken. */
  size: number;
  /** Hex. Root of the Merkle tree over them; absent while the tree is behind. */
  root?: string | undefined;
  /** Postgres' clock of the transaction that led there. */
  at: string;
}

const LogHeadShape = z.strictObject({
  log: z.string().min(1).max(64),
  generation: z.int().positive(),
  size: z.int().nonnegative(),
  root: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  at: z.string().regex(INSTANT_PATTERN),
});

const PURPOSE = 'affidavit/head/v1';

export function signLogHead(head: LogHead, privateKey: KeyObject): string {
  return signJson(PURPOSE, head, privateKey);
}

/** The head in such a text; undefined for anything that this key did not sign as one. */
export function openLogHead(text: string, publicKey: KeyObject): LogHead | undefined {
  try {
    const opened = openSignedJson(PURPOSE, text, publicKey);
    return 'value' in opened ? LogHeadShape.parse(opened.value) : undefined;
  } catch {
    return undefined;
  }
}

/** True where `one` is further than `other`: a later generation, or the same and more positions. */
export function isFurther(one: LogHead, other: LogHead | undefined): boolean {
  if (!other || one.generation > other.generation) return true;
  return one.generation === other.generation && one.size > other.size;
}

/** Puts the signed head where gateways and recorders find it. */
export async function publishLogHead(redis: Redis, text: string): Promise<void> {
  await replacingStrangers(redis, HEAD_KEY, () => redis.set(HEAD_KEY, text));
}

/** Every head that Redis and these nodes' copies tell of, the log's own word only. */
export async function readLogHeads(
  redis: Redis,
  nodes: readonly NodeName[],
  log: string,
  publicKey: KeyObject,
): Promise<LogHead[]> {
  // One command each: in a cluster they lie on different servers.
  const texts = await Promise.all([HEAD_KEY, ...nodes.map(headCopyKey)].map((key) => redis.get(key)));
  return texts
    .map((text) => (text === null ? undefined : openLogHead(text, publicKey)))
    .filter((head): head is LogHead => head?.log === log);
}

/** A gateway's copy of the furthest head it has seen: kept in its memory, and laid beside its streams. */
export class HeadCopy {
  private furthest: { head: LogHead; text: string } | undefined;

  constructor(private readonly options: { redis: Redis; node: NodeName; log: string; markPublicKey: KeyObject }) {}

  /** Looks what Redis has, and puts the furthest back where it is missing or older. */
  async keep(): Promise<void> {
    const { redis, node } = this.options;
    const key = headCopyKey(node);
    const [published, own] = [await redis.get(HEAD_KEY), await redis.get(key)];
    this.see(published);
    this.see(own);
    const { furthest } = this;
    if (furthest && furthest.text !== own) await replacingStrangers(redis, key, () => redis.set(key, furthest.text));
  }

  private see(text: string | null): void {
    if (text === null || text === this.furthest?.text) return;
    const head = openLogHead(text, this.options.markPublicKey);
    if (head?.log === this.options.log && isFurther(head, this.furthest?.head)) this.furthest = { head, text };
  }
}
