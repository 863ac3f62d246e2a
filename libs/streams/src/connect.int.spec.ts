import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { freePort, startLocalRedis } from '#platform';
import { testFolder, testRedisUrl, until } from '../../../test/support/servers.js';
import { LossyProxy } from '../test/lossy-proxy.js';
import { assertRedisKeepsData, connectRedis } from './connect.js';

describe('a Redis', () => {
  it('that keeps what it is given is accepted, over any kind of connection', async () => {
    const url = await testRedisUrl();
    for (const purpose of ['producer', 'reader', 'plain'] as const) {
      const redis = connectRedis(url, purpose);
      try {
        await assertRedisKeepsData(redis);
      } finally {
        redis.disconnect();
      }
    }
  });

  it('that may evict is refused, also where CONFIG is forbidden', async () => {
    const folder = testFolder();
    const server = await startLocalRedis({
      directory: join(folder.path, 'redis'),
      port: await freePort('127.0.0.1'),
      settings: { appendonly: 'no', maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' },
    });
    const admin = connectRedis(server.url, 'plain');
    await admin.acl('SETUSER', 'managed', 'reset', 'on', '>secret', '~*', '+@all', '-config');
    const managed = connectRedis(server.url.replace('redis://', 'redis://managed:secret@'), 'plain');
    try {
      const refused = expect.objectContaining({ code: 'STREAM_REDIS_MAY_EVICT', retry: 'never' });
      await expect(assertRedisKeepsData(admin)).rejects.toEqual(refused);
      await expect(assertRedisKeepsData(managed)).rejects.toEqual(refused);
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
      await assertRedisKeepsData(admin);
      await assertRedisKeepsData(managed);
    } finally {
      admin.disconnect();
      managed.disconnect();
      await server.stop();
      folder.remove();
    }
  });

  it('older than 7 is refused', async () => {
    await expect(withInfo('redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n')).rejects.toMatchObject({
      code: 'STREAM_REDIS_TOO_OLD',
      message: expect.stringContaining('6.2.14'),
    });
    // Valkey says which Redis it is like.
    await withInfo('redis_version:7.2.4\r\nvalkey_version:8.1.0\r\nmaxmemory_policy:noeviction\r\n');
  });

  it('that is not there gives an error that says what to do, and is tried again', async () => {
    const port = await freePort('127.0.0.1');
    const redis = connectRedis(`redis://127.0.0.1:${port}`, 'producer', { retryStrategy: () => null });
    await expect(redis.ping()).rejects.toThrow();
    redis.disconnect();
    const patient = connectRedis(`redis://127.0.0.1:${port}`, 'producer');
    const folder = testFolder();
    const late = await startLocalRedis({ directory: folder.path, port, settings: { appendonly: 'no' } });
    try {
      await assertRedisKeepsData(patient);
    } finally {
      patient.disconnect();
      await late.stop();
      folder.remove();
    }
  });

  it('that falls silent, or hangs up, rejects what was asked, and is not asked the same twice', async () => {
    const url = new URL(await testRedisUrl());
    const proxy = new LossyProxy(Number(url.port));
    await proxy.start();
    url.port = String(proxy.port);
    const redis = connectRedis(url.href, 'producer', { timeoutMs: 500 });
    try {
      await assertRedisKeepsData(redis);
      proxy.cutAfter = /incr/;
      await expect(redis.incr('x')).rejects.toThrow();
      await until('it is connected again', () => redis.status === 'ready');
      expect(await redis.get('x')).toBe('1');
      proxy.swallow = true;
      await expect(redis.incr('x')).rejects.toThrow();
      proxy.swallow = false;
      await until('it is connected again', () => redis.status === 'ready');
      expect(await redis.get('x')).toBe('2');
    } finally {
      redis.disconnect();
      await proxy.stop();
    }
  });
});

/** Asks a server that answers INFO with this text. */
async function withInfo(info: string): Promise<void> {
  const fake = {
    status: 'ready',
    info: async () => info,
    config: async () => {
      throw new Error('NOPERM');
    },
  };
  await assertRedisKeepsData(fake as unknown as Redis);
}
