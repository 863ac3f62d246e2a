import { AffidavitError, describeError, type ErrorFacts } from '#events';

/** What Redis, or bytes found in it, refuse. Codes start with `STREAM_`. */
export class StreamError extends AffidavitError {
  constructor(facts: ErrorFacts & { code: `STREAM_${string}` }) {
    super(facts);
  }
}

/** Every error that hostile or broken frame bytes can cause. */
export function malformedFrame(why: string, cause?: unknown): StreamError {
  return new StreamError({
    code: 'STREAM_FRAME_MALFORMED',
    message: `not a frame: ${why}`,
    remedy: 'Nobody enrolled wrote it: set it aside as foreign and delete it from the stream.',
    retry: 'never',
    cause,
  });
}

/** What Redis answers first in an error, and what to tell the person who reads it. */
const REPLIES: readonly [start: string, code: `STREAM_${string}`, remedy: string][] = [
  ['OOM', 'STREAM_REDIS_FULL', 'Give Redis more memory (maxmemory), or find out why the recorder does not empty it.'],
  ['READONLY', 'STREAM_REDIS_READONLY', 'REDIS_URL leads to a replica: point it at the primary.'],
  ['LOADING', 'STREAM_REDIS_LOADING', 'Redis is reading its data from disk; it is tried again by itself.'],
  ['MISCONF', 'STREAM_REDIS_READONLY', 'Redis cannot write to its disk: see its log, free space.'],
  [
    'NOPERM',
    'STREAM_REDIS_FORBIDDEN',
    'Give the Redis user all of audit:{<node>}:* with scripts, and read access to audit:marks.',
  ],
  ['NOAUTH', 'STREAM_REDIS_FORBIDDEN', 'Put user and password into REDIS_URL.'],
  ['WRONGPASS', 'STREAM_REDIS_FORBIDDEN', 'Correct user and password in REDIS_URL.'],
];

/** What ioredis says in words of its own settings. */
const OTHER_WORDS: readonly [start: string, meaning: string][] = [
  ['Reached the max retries per request limit', 'the connection broke, or could not be made'],
  ["Stream isn't writeable", 'there is no connection at the moment'],
];

/** Wraps whatever a Redis command threw. The outcome of a write is unknown unless Redis itself refused it. */
export function redisTrouble(cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const said = describeError(cause);
  const message = OTHER_WORDS.find(([start]) => said.startsWith(start))?.[1] ?? said;
  const known = REPLIES.find(([start]) => message.startsWith(start));
  return new StreamError({
    code: known?.[1] ?? 'STREAM_REDIS_UNAVAILABLE',
    message: `Redis did not do it: ${message}`,
    remedy: known?.[2] ?? 'Check that Redis runs and that REDIS_URL leads to it; it is tried again by itself.',
    retry: 'later',
    cause,
  });
}
