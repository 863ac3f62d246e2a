import type { KeyObject } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EPOCH_PATTERN, type Epoch, INSTANT_PATTERN, NODE_PATTERN, type NodeName } from '#events';
import { StreamError } from './errors.js';
import { MARKS_KEY } from './names.js';
import { openSignedJson, signJson } from './signed-json.js';
import { replacingStrangers } from './strangers.js';

/** The record's word on how far it holds an epoch. */
export interface Mark {
  log: string;
  generation: number;
  node: NodeName;
  epoch: Epoch;
  /** 0 before the first event. */
  seq: number;
  /** Hex. Running hash up to `seq`; 64 zeros before the first event, and where a declared hole made it unknown (`lost`). */
  chain: string;
  state: 'open' | 'closed' | 'forked' | 'lost';
  /** Postgres' clock, in the statement that wrote or read it. */
  at: string;
}

const MarkShape = z.strictObject({
  log: z.string().min(1).max(64),
  generation: z.int().positive(),
  node: z.string().regex(NODE_PATTERN),
  epoch: z.string().regex(EPOCH_PATTERN),
  seq: z.int().nonnegative(),
  chain: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.enum(['open', 'closed', 'forked', 'lost']),
  at: z.string().regex(INSTANT_PATTERN),
});

const PURPOSE = 'affidavit/mark/v1';
/** Keeps one HSET small enough never to hold up a busy Redis. */
const MARKS_PER_COMMAND = 200;

/** A mark as it stands in Redis. */
export function signMark(mark: Mark, privateKey: KeyObject): string {
  return signJson(PURPOSE, mark, privateKey);
}

/**
 * Reads a mark of the log whose key this is. Whether log, node and epoch are the expected ones, the caller must compare.
 * @throws STREAM_MARK_FORGED for anything else, whatever it is
 */
export function verifyMark(text: string, publicKey: KeyObject): Mark {
  try {
    const opened = openSignedJson(PURPOSE, text, publicKey);
    if ('refused' in opened) throw forged(opened.refused);
    return MarkShape.parse(opened.value) as Mark;
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    throw forged('signed, but no mark of this version', cause);
  }
}

function forged(why: string, cause?: unknown): StreamError {
  return new StreamError({
    code: 'STREAM_MARK_FORGED',
    message: `not a mark of this log: ${why}`,
    remedy: 'Find out who else writes audit:marks in Redis; if the log is a new one, start the gateway with --adopt.',
    retry: 'never',
    cause,
  });
}

/** Puts signed marks where producers read them; `key` is `node/epoch`. Repeating is harmless. */
export async function publishMarks(redis: Redis, marks: readonly { key: string; text: string }[]): Promise<void> {
  if (marks.length > 0) await replacingStrangers(redis, MARKS_KEY, () => hset(redis, marks));
}

async function hset(redis: Redis, marks: readonly { key: string; text: string }[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (let at = 0; at < marks.length; at += MARKS_PER_COMMAND) {
    pipeline.hset(MARKS_KEY, ...marks.slice(at, at + MARKS_PER_COMMAND).flatMap((mark) => [mark.key, mark.text]));
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}

/** The texts of the marks under these keys (`node/epoch`), unverified; null where there is none. */
export async function readMarks(redis: Redis, keys: readonly string[]): Promise<(string | null)[]> {
  return keys.length === 0 ? [] : await redis.hmget(MARKS_KEY, ...keys);
}
