import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type Epoch, encodeEvent, type NodeName, stampEvent } from '#events';
import { type ChainedRecord, eventHash, GENESIS_CHAIN, nextChain } from '#ledger';
import { decodeFrame, encodeFrame, entryIdOf, FRAME_FIELD, MARKS_KEY } from '#streams';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { Dice } from '../dice.js';
import type { World } from '../world.js';
import { lineOf, mend } from './kill.js';

const NODE = 'test-node' as NodeName;
const QUEUE = 'datadog-live';

/** Past all cables: whoever has the hands in Redis. */
async function inRedis<T>(world: World, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(world.stack.redis.url, { maxRetriesPerRequest: 2 });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Streams of the node, whose epochs are what the set says. */
async function streams(redis: Redis): Promise<string[]> {
  const epochs = await redis.smembers(`audit:{${NODE}}:epochs`);
  return epochs.map((epoch) => `audit:{${NODE}}:${epoch}`);
}

/** Adds a field under an id of a stranger's choice; false where the stream is past it or gone. */
async function add(redis: Redis, key: string, id: string, bytes: Buffer): Promise<boolean> {
  return redis.call('XADD', key, id, FRAME_FIELD, bytes).then(
    () => true,
    () => false,
  );
}

async function lastEntry(redis: Redis, key: string): Promise<{ id: string; bytes: Buffer } | undefined> {
  const answer = (await redis.callBuffer('XREVRANGE', key, '+', '-', 'COUNT', '1')) as [Buffer, Buffer[]][];
  const [entry] = answer;
  const bytes = entry?.[1][1];
  return entry && bytes ? { id: entry[0].toString(), bytes } : undefined;
}

/** What a replica holds that stopped following: each key as it is now. */
async function dump(redis: Redis): Promise<Map<string, Buffer>> {
  const copy = new Map<string, Buffer>();
  for (const key of await redis.keys('*')) {
    const bytes = await redis.dumpBuffer(key);
    if (bytes) copy.set(key, bytes);
  }
  return copy;
}

async function restore(redis: Redis, copy: Map<string, Buffer>): Promise<void> {
  const all = redis.multi().flushall();
  for (const [key, bytes] of copy) all.call('RESTORE', key, '0', bytes, 'REPLACE');
  await all.exec();
}

/** Keeps doing a small harm for a while, so that it meets every moment of a frame's life. */
async function pester(ms: number, dice: Dice, harm: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(dice.between(10, 150))) await harm();
}

async function nextBatch(world: World): Promise<number> {
  const [row] = await world.stack.query<{ id: string | null }>('SELECT max(id) AS id FROM delivery_batch');
  return Number(row?.id ?? 0) + 1;
}

async function markOf(world: World, epoch: string): Promise<number> {
  const [row] = await world.stack.query<{ mark_seq: string }>(
    'SELECT mark_seq FROM producer_epoch WHERE node = $1 AND epoch = $2',
    [NODE, epoch],
  );
  return Number(row?.mark_seq ?? 0);
}

/** A frame of the node's earlier run, around its last recorded number, with a content that the record does not know. */
async function forgedRun(world: World): Promise<{ epoch: string; id: string; frame: Buffer }> {
  const { stack } = world;
  const [run] = await stack.query<{ epoch: string }>(
    'SELECT epoch FROM event WHERE node = $1 ORDER BY position LIMIT 1',
    [NODE],
  );
  const [head] = await stack.query<{ log: string }>('SELECT log FROM log_head');
  const epoch = (run?.epoch ?? '') as Epoch;
  const mark = await markOf(world, epoch);
  let chain = GENESIS_CHAIN;
  const records = [mark - 1, mark, mark + 1].map((seq): ChainedRecord => {
    const draft = {
      type: 'producer.started' as const,
      time: '2026-01-01T00:00:00.000000Z',
      class: 'system' as const,
      data: { version: 'another life' },
    };
    const bytes = encodeEvent(stampEvent(draft, NODE, epoch, seq));
    chain = nextChain(chain, eventHash(bytes));
    return { seq, chain, bytes };
  });
  const pem = readFileSync(join(stack.folder, 'data', 'gateway', NODE, 'node.key'));
  const header = { log: head?.log ?? '', node: NODE, epoch, prevChain: GENESIS_CHAIN };
  return { epoch, id: entryIdOf(mark + 1), frame: encodeFrame({ header, records, privateKey: createPrivateKey(pem) }) };
}

/** All that the gateway sent and no mark covers stands in the stream, without a hole, from the mark on. */
async function expectAllFromTheMark(world: World, redis: Redis): Promise<void> {
  for (const key of await streams(redis)) {
    let next = (await markOf(world, key.split(':').at(-1) ?? '')) + 1;
    const entries = (await redis.callBuffer('XRANGE', key, '-', '+')) as [Buffer, Buffer[]][];
    expect(entries.length).toBeGreaterThan(1);
    for (const [, fields] of entries) {
      const { header } = decodeFrame(fields[1] as Buffer);
      expect(header.firstSeq).toBeLessThanOrEqual(next);
      next = header.firstSeq + header.count;
    }
  }
}

export const REDIS_CASES: FaultCase[] = [
  {
    name: 'FLUSHALL without any disconnect, again and again',
    group: 'redis',
    core: true,
    async run(world, dice) {
      await inRedis(world, async (redis) => {
        for (let round = 0; round < 4; round++) {
          await world.answered(dice.between(20, 60));
          await redis.flushall();
        }
      });
      return { exactlyOnce: true };
    },
  },
  {
    name: 'keys deleted one by one, without any disconnect',
    group: 'redis',
    async run(world, dice) {
      await inRedis(world, (redis) =>
        pester(5000, dice, async () => {
          const keys = await redis.keys('audit:*');
          if (keys.length > 0) await redis.del(dice.pick(keys));
        }),
      );
      return { exactlyOnce: true };
    },
  },
  {
    name: 'killed and restarted with its append-only file',
    group: 'redis',
    async run(world, dice) {
      for (let round = 0; round < 3; round++) {
        await world.answered(dice.between(20, 80));
        await world.stack.restartRedis();
      }
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'killed and restarted empty',
    group: 'redis',
    async run(world, dice) {
      for (let round = 0; round < 3; round++) {
        await world.answered(dice.between(20, 80));
        await world.stack.restartRedis({ empty: true });
      }
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'failover to a replica that lagged',
    group: 'redis',
    async run(world, dice) {
      await inRedis(world, async (redis) => {
        for (let round = 0; round < 3; round++) {
          const copy = await dump(redis);
          await world.answered(dice.between(20, 150));
          await sleep(dice.between(0, 300));
          await restore(redis, copy);
        }
      });
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'full under noeviction',
    group: 'redis',
    async run(world) {
      await inRedis(world, async (redis) => {
        // A process looks every five seconds: between two rounds it may see no change.
        const began = Date.now();
        for (let round = 0; round < 2; round++) {
          await redis.config('SET', 'maxmemory', '1mb');
          // Commands go on: a full hand-over is not an outage of access.
          await world.answered(100);
          await sleep(2500);
          await world.shows({ app: 'gateway', check: 'redis', reason: /OOM/, remedy: /maxmemory/ }, began);
          await redis.config('SET', 'maxmemory', '0');
          await world.answered(50);
        }
      });
      return { exactlyOnce: true };
    },
  },
  {
    name: 'policy changed to eviction while running, and memory short',
    group: 'redis',
    async run(world) {
      await inRedis(world, async (redis) => {
        const began = Date.now();
        await redis.config('SET', 'maxmemory-policy', 'allkeys-random');
        const sign = { check: 'redis', reason: /may evict/, remedy: /noeviction/ };
        await world.shows(
          [
            { app: 'gateway', ...sign },
            { app: 'recorder', ...sign },
          ],
          began,
        );
        for (let round = 0; round < 3; round++) {
          await redis.config('SET', 'maxmemory', '1mb');
          await world.answered(100);
          await redis.config('SET', 'maxmemory', '0');
          await world.answered(20);
        }
        await redis.config('SET', 'maxmemory-policy', 'noeviction');
      });
      return { exactlyOnce: true };
    },
  },
  ...(['cut', 'stall'] as const).map(
    (mode): FaultCase => ({
      name: `a partition of 10 s: the line is ${mode === 'cut' ? 'cut' : 'dead without a word'}`,
      group: 'redis',
      async run(world) {
        await world.answered(20);
        const line = lineOf(world, 'redis');
        line.set(mode);
        const began = Date.now();
        await Promise.all([world.answered(300), sleep(10_000)]);
        const remedy = /Redis runs|reachable/;
        await world.shows(
          [
            { app: 'gateway', check: 'redis', reason: /Redis/, remedy },
            { app: 'recorder', check: 'redis', reason: /Redis|no answer/, remedy },
          ],
          began,
        );
        line.set('pass');
        await world.answered(20);
        return { exactlyOnce: true };
      },
    }),
  ),
  {
    name: '500 ms latency',
    group: 'redis',
    async run(world) {
      const line = lineOf(world, 'redis');
      line.slow(250);
      await Promise.all([world.answered(300), sleep(8000)]);
      line.slow(0);
      // What is still on its way would be overtaken, which no network does within a connection.
      line.reset();
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'commands whose answers are lost',
    group: 'redis',
    async run(world, dice) {
      const line = lineOf(world, 'redis');
      for (let round = 0; round < 8; round++) {
        await world.answered(dice.between(5, 40));
        line.set('swallow');
        await sleep(dice.between(5, 400));
        mend(line);
      }
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'entries trimmed and deleted by a stranger',
    group: 'redis',
    async run(world, dice) {
      await inRedis(world, (redis) =>
        pester(6000, dice, async () => {
          for (const key of await streams(redis)) {
            const last = await lastEntry(redis, key);
            if (last && dice.next() < 0.5) await redis.xdel(key, last.id);
            else await redis.xtrim(key, 'MAXLEN', '=', 0).catch(() => undefined);
          }
        }),
      );
      return { exactlyOnce: true };
    },
  },
  {
    name: 'entries forged, truncated and replayed by a stranger',
    group: 'redis',
    async run(world, dice) {
      let harms = 0;
      await inRedis(world, async (redis) => {
        const seen: Buffer[] = [];
        const harm = async () => {
          for (const key of await streams(redis)) {
            const last = await lastEntry(redis, key);
            if (!last) continue;
            seen.push(last.bytes);
            const seq = Number(last.id.split('-')[1]);
            const kind = dice.between(0, 3);
            const forged = Buffer.from(last.bytes);
            forged[dice.between(0, forged.length - 1)]! ^= 1 << dice.between(0, 7);
            const cut = last.bytes.subarray(0, dice.between(1, last.bytes.length - 1));
            if (kind === 0) harms += Number(await add(redis, key, entryIdOf(seq + dice.between(1, 5)), forged));
            else if (kind === 1) harms += Number(await add(redis, key, entryIdOf(seq + 1), dice.pick(seen)));
            else if (kind === 2) harms += Number(await add(redis, key, `1-${seq}`, Buffer.from('not a frame')));
            else {
              // In place of the true one, under its id.
              await redis.del(key);
              harms += Number(await add(redis, key, last.id, cut));
            }
          }
        };
        // Entries are trimmed within milliseconds; look often, and until a few harms were done.
        await pester(3000, dice, harm);
        for (const end = Date.now() + 15_000; harms < 5 && Date.now() < end; await sleep(2)) await harm();
      });
      expect(harms).toBeGreaterThanOrEqual(5);
      await world.shows(
        { app: 'recorder', check: 'strangers', reason: /no enrolled producer/, remedy: /passwords/ },
        0,
      );
      await world.answered(20);
      return { exactlyOnce: true, faults: ['foreign'] };
    },
  },
  {
    name: 'stale marks from an old dump, before and after a restart of the gateway',
    group: 'redis',
    async run(world, dice) {
      await inRedis(world, async (redis) => {
        const old = await until('marks are published', async () => {
          const marks = await redis.hgetall(MARKS_KEY);
          return Object.keys(marks).length > 0 && marks;
        });
        await world.answered(100);
        await pester(3000, dice, () => redis.hset(MARKS_KEY, old));
        await world.stack.kill('gateway', 'SIGKILL');
        await redis.hset(MARKS_KEY, old);
        await world.stack.run('gateway');
        await pester(2000, dice, () => redis.hset(MARKS_KEY, old));
      });
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'all keys of the queue gone, again and again',
    group: 'redis',
    async run(world, dice) {
      await inRedis(world, (redis) =>
        pester(5000, dice, async () => {
          const keys = await redis.keys('{audit-q}*');
          if (keys.length > 0) await redis.del(...keys);
        }),
      );
      return { exactlyOnce: true };
    },
  },
  {
    name: 'single keys of the queue gone: jobs without their list, lists without their jobs',
    group: 'redis',
    async run(world, dice) {
      await inRedis(world, (redis) =>
        pester(5000, dice, async () => {
          const keys = await redis.keys('{audit-q}*');
          if (keys.length > 0) await redis.del(dice.pick(keys));
        }),
      );
      return { exactlyOnce: true };
    },
  },
  ...(['failed', 'completed', 'lost'] as const).map(
    (left): FaultCase => ({
      name: `${left} jobs left behind under the names of batches to come`,
      group: 'redis',
      async run(world) {
        await inRedis(world, async (redis) => {
          const first = await nextBatch(world);
          for (let batch = first; batch < first + 30; batch++) {
            const id = `b-${batch}-1`;
            const job = { name: 'deliver', data: JSON.stringify({ batch: String(batch), attempt: 1 }), opts: '{}' };
            await redis.hset(`{audit-q}:${QUEUE}:${id}`, { ...job, timestamp: Date.now(), delay: 0, priority: 0 });
            if (left !== 'lost') await redis.zadd(`{audit-q}:${QUEUE}:${left}`, Date.now(), id);
          }
        });
        await world.answered(50);
        return { exactlyOnce: true };
      },
    }),
  ),
  {
    name: 'every wake-up doubled, early and late: no batch is sent twice',
    group: 'redis',
    async run(world, dice) {
      const redis = new Redis(world.stack.redis.url, { maxRetriesPerRequest: null });
      const queue = new Queue(QUEUE, { connection: redis, prefix: '{audit-q}', skipMetasUpdate: true });
      try {
        await pester(4000, dice, async () => {
          const next = await nextBatch(world);
          for (const batch of [next, next - 1, next - 2, dice.between(1, next)]) {
            for (const attempt of [1, 2]) {
              const copy = { batch: String(batch), attempt };
              await queue.add('deliver', copy, { removeOnComplete: true, removeOnFail: true });
            }
          }
        });
      } finally {
        await queue.close();
        redis.disconnect();
      }
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'while the recorder is away Redis holds all that it owes, and on its return nothing has to be sent again',
    group: 'redis',
    alone: true,
    async run(world) {
      await world.answered(50);
      await world.stack.kill('recorder', 'SIGTERM');
      await world.answered(300);
      await inRedis(world, (redis) => expectAllFromTheMark(world, redis));
      await world.stack.run('recorder');
      await world.answered(20);
      expect(world.stack.log('recorder')).not.toContain('numbers are missing');
      return { exactlyOnce: true };
    },
  },
  {
    name: 'another content under recorded numbers, signed with the key of the node, is refused by name',
    group: 'redis',
    alone: true,
    async run(world) {
      await world.answered(50);
      await world.stack.kill('gateway', 'SIGTERM');
      await world.stack.run('gateway');
      await world.answered(50);
      const { epoch, id, frame } = await forgedRun(world);
      await inRedis(world, async (redis) => {
        const key = `audit:{${NODE}}:${epoch}`;
        await redis.del(key);
        await redis.call('XADD', key, id, FRAME_FIELD, frame);
        await redis.sadd(`audit:{${NODE}}:epochs`, epoch);
      });
      await until(
        'the record says that the epoch forked',
        async () => (await world.stack.query(`SELECT FROM event WHERE type = 'producer.forked'`)).length === 1,
        15_000,
      );
      await world.answered(20);
      return { exactlyOnce: true, faults: ['producer.forked'] };
    },
  },
];
