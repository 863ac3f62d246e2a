import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { entryIdOf, FRAME_FIELD } from './names.js';

/**
 * Where a stream ends. `entries` is how many it holds; both are undefined where there is no stream (deleted, flushed, never
 * made, or something that is no stream has its name).
 */
export interface StreamEnd {
  lastId: string | undefined;
  entries: number;
}

/** `appended`, or where the stream really ends: then nothing was written. */
export type AppendOutcome = 'appended' | StreamEnd;

/** A frame ready to be sent. */
export interface SealedFrame {
  lastSeq: number;
  bytes: Buffer;
}

/** A name that holds something else than a stream counts as no stream: refilling deletes it. Other errors are passed on. */
const FIND_END = `
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then
  if string.find(info.err, 'no such key', 1, true) or string.find(info.err, 'WRONGTYPE', 1, true) then
    return {'', 0}
  end
  return info
end
local id, entries
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then id = info[i + 1] end
  if info[i] == 'length' then entries = info[i + 1] end
end
`;

class Script {
  private readonly sha: string;

  constructor(private readonly lua: string) {
    this.sha = createHash('sha1').update(lua).digest('hex');
  }

  /** Single key, so that it runs on a cluster. A server that forgot the script has not run it: it is sent whole. */
  async run(redis: Redis, key: string, args: (string | Buffer)[]): Promise<unknown> {
    try {
      return await redis.call('EVALSHA', this.sha, 1, key, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return await redis.call('EVAL', this.lua, 1, key, ...args);
    }
  }
}

const COMPARE = new Script(`${FIND_END} return {id, entries}`);
const APPEND = new Script(
  `${FIND_END} if id ~= ARGV[1] then return {id, entries} end
return redis.call('XADD', KEYS[1], ARGV[2], '${FRAME_FIELD}', ARGV[3])`,
);
const REFILL = new Script(
  `redis.call('DEL', KEYS[1])
for i = 1, #ARGV, 2 do redis.call('XADD', KEYS[1], ARGV[i], '${FRAME_FIELD}', ARGV[i + 1]) end
return #ARGV / 2`,
);

/** Looks where the stream ends, and writes nothing. */
export async function compareStream(redis: Redis, key: string): Promise<StreamEnd> {
  return streamEnd(await COMPARE.run(redis, key, []));
}

/** The only way into a stream: appends the frame if the stream ends with number `believedSeq`, else says where it ends. */
export async function appendToStream(
  redis: Redis,
  key: string,
  believedSeq: number,
  frame: SealedFrame,
): Promise<AppendOutcome> {
  const answer = await APPEND.run(redis, key, [entryIdOf(believedSeq), entryIdOf(frame.lastSeq), frame.bytes]);
  return Array.isArray(answer) ? streamEnd(answer) : 'appended';
}

/** Deletes the stream and makes it anew of these frames, in one step. */
export async function refillStream(redis: Redis, key: string, frames: readonly SealedFrame[]): Promise<void> {
  await REFILL.run(
    redis,
    key,
    frames.flatMap((frame) => [entryIdOf(frame.lastSeq), frame.bytes]),
  );
}

function streamEnd(answer: unknown): StreamEnd {
  const [id, entries] = answer as [string, number];
  return { lastId: id === '' ? undefined : id, entries };
}
