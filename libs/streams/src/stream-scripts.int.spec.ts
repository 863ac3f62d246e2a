import type { Redis } from 'ioredis';
import { freePort, startLocalRedis } from '#platform';
import { testFolder, testRedisUrl } from '../../../test/support/servers.js';
import { connectRedis } from './connect.js';
import { appendToStream, compareStream, refillStream } from './stream-scripts.js';

const KEY = 'audit:{gateway-1}:00112233445566ff';
const frame = (lastSeq: number, text = String(lastSeq)) => ({ lastSeq, bytes: Buffer.from(text) });

describe('the append script', () => {
  let redis: Redis;

  beforeEach(async () => {
    redis = connectRedis(await testRedisUrl(), 'plain');
  });

  afterEach(() => {
    redis.disconnect();
  });

  const entries = () => redis.xrange(KEY, '-', '+');

  it('appends where the stream ends as believed, with the last number as id', async () => {
    await refillStream(redis, KEY, [frame(3)]);
    expect(await appendToStream(redis, KEY, 3, frame(8))).toBe('appended');
    expect(await entries()).toEqual([
      ['0-3', ['f', '3']],
      ['0-8', ['f', '8']],
    ]);
  });

  it('writes nothing elsewhere, and says where the stream ends', async () => {
    expect(await appendToStream(redis, KEY, 0, frame(1))).toEqual({ lastId: undefined, entries: 0 });
    expect(await redis.exists(KEY)).toBe(0);
    await refillStream(redis, KEY, [frame(3), frame(5)]);
    expect(await appendToStream(redis, KEY, 3, frame(8))).toEqual({ lastId: '0-5', entries: 2 });
    expect(await appendToStream(redis, KEY, 6, frame(8))).toEqual({ lastId: '0-5', entries: 2 });
    expect(await redis.xlen(KEY)).toBe(2);
  });

  it('knows the end of a stream that was trimmed empty', async () => {
    await refillStream(redis, KEY, [frame(3)]);
    await redis.xtrim(KEY, 'MINID', '0-4');
    expect(await compareStream(redis, KEY)).toEqual({ lastId: '0-3', entries: 0 });
    expect(await appendToStream(redis, KEY, 3, frame(4))).toBe('appended');
  });

  it('sees a foreign entry behind its own', async () => {
    await refillStream(redis, KEY, [frame(3)]);
    await redis.xadd(KEY, '9-9', 'f', 'foreign');
    expect(await appendToStream(redis, KEY, 3, frame(4))).toEqual({ lastId: '9-9', entries: 2 });
  });

  it('refills in place of whatever is there, a stream or not', async () => {
    await redis.set(KEY, 'no stream');
    expect(await compareStream(redis, KEY)).toEqual({ lastId: undefined, entries: 0 });
    await refillStream(redis, KEY, [frame(1), frame(2), frame(7, '\0ÿ')]);
    await refillStream(redis, KEY, [frame(2), frame(4)]);
    expect((await entries()).map(([id]) => id)).toEqual(['0-2', '0-4']);
    await refillStream(redis, KEY, []);
    expect(await redis.exists(KEY)).toBe(0);
  });

  it('runs on a server that forgot it', async () => {
    // A server of its own: forgetting is for all who use it.
    const folder = testFolder();
    const server = await startLocalRedis({
      directory: folder.path,
      port: await freePort('127.0.0.1'),
      settings: { appendonly: 'no' },
    });
    const own = connectRedis(server.url, 'plain');
    try {
      await refillStream(own, KEY, [frame(1)]);
      await own.script('FLUSH');
      expect(await appendToStream(own, KEY, 1, frame(2))).toBe('appended');
    } finally {
      own.disconnect();
      await server.stop();
      folder.remove();
    }
  });

  it('passes on what is no answer to the question', async () => {
    await redis.acl('SETUSER', 'limited', 'reset', 'on', 'nopass', '~other:*', '+@all');
    const limited = redis.duplicate({ username: 'limited', password: 'x' });
    limited.on('error', () => undefined);
    try {
      await expect(compareStream(limited, KEY)).rejects.toThrow('NOPERM');
    } finally {
      limited.disconnect();
      await redis.acl('DELUSER', 'limited');
    }
  });
});
