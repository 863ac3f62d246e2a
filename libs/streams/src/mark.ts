import { type KeyObject, sign, verify } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import {
  type CanonicalValue,
  canonicalJson,
  EPOCH_PATTERN,
  type Epoch,
  INSTANT_PATTERN,
  NODE_PATTERN,
  type NodeName,
  parseCanonical,
} from '#events';
import { StreamError } from './errors.js';
import { MARKS_KEY } from './names.js';
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

const SIGNED_NAME = Buffer.from('affidavit/mark/v1');
/** Far above any real mark; a stranger's value is not even parsed. */
const MAX_MARK_LENGTH = 2048;
/** Keeps one HSET small enough never to hold up a busy Redis. */
const MARKS_PER_COMMAND = 200;

/** A mark as it stands in Redis: its canonical JSON, a line break, and the Ed25519 signature over "affidavit/mark/v1" | that JSON, in base64. */
export function signMark(mark: Mark, privateKey: KeyObject): string {
  const json = canonicalJson(mark as unknown as CanonicalValue);
  return `${json}\n${sign(null, signedBytes(json), privateKey).toString('base64')}`;
}

/**
 * Reads a mark of the log whose key this is. Whether log, node and epoch are the expected ones, the caller must compare.
 * @throws STREAM_MARK_FORGED for anything else, whatever it is
 */
export function verifyMark(text: string, publicKey: KeyObject): Mark {
  if (text.length > MAX_MARK_LENGTH) throw forged(`${text.length} characters`);
  const cut = text.indexOf('\n');
  const json = text.slice(0, Math.max(cut, 0));
  const base64 = text.slice(cut + 1);
  const signature = Buffer.from(base64, 'base64');
  // Only one spelling of a signature counts.
  if (cut < 0 || signature.length !== 64 || signature.toString('base64') !== base64) throw forged('no signature');
  if (!verify(null, signedBytes(json), publicKey, signature)) throw forged('the signature is not of the pinned key');
  try {
    return MarkShape.parse(parseCanonical(Buffer.from(json))) as Mark;
  } catch (cause) {
    throw forged('signed, but no mark of this version', cause);
  }
}

function signedBytes(json: string): Buffer {
  return Buffer.concat([SIGNED_NAME, Buffer.from(json)]);
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
