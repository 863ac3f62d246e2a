import { join } from 'node:path';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import type { Epoch, NodeName } from '#events';
import { freePort, type LocalRedis, startLocalRedis } from '#platform';
import { testFolder, testRedisUrl, until } from '../../../test/support/servers.js';
import { cutConnections } from '../test/cut-connections.js';
import { keyPair } from '../test/keys.js';
import { LossyProxy } from '../test/lossy-proxy.js';
import { MemorySpool } from '../test/memory-spool.js';
import { MiniRecorder } from '../test/mini-recorder.js';
import { connectRedis } from './connect.js';
import { decodeFrame } from './frame.js';
import { epochsKey, MARKS_KEY, streamKey } from './names.js';
import type { SenderLimits } from './sender-limits.js';
import { StreamSender, type StreamSenderOptions } from './stream-sender.js';

const NODE = 'gateway-1' as NodeName;
const LOG = 'log-a1b2';
const nodeKeys = keyPair(1);
const markKeys = keyPair(2);
const FAST: Partial<SenderLimits> = {
  refillMs: 40,
  refillMaxMs: 300,
  compareMs: 40,
  announceMs: 100,
  marksBusyMs: 15,
  marksIdleMs: 60,
  stalledMs: 150,
};

/** Real Redis; in memory: the spool, and a recorder without Postgres. A proxy loses answers where a test says so. */
describe('a stream sender', () => {
  let url: string;
  let spool: MemorySpool;
  let redis: Redis;
  let recorder: MiniRecorder;
  let senders: StreamSender[];
  let connections: Redis[];
  let cleanups: (() => Promise<unknown> | unknown)[];

  beforeEach(async () => {
    senders = [];
    connections = [];
    cleanups = [];
    spool = new MemorySpool();
    spool.startRun();
    use(await testRedisUrl());
  });

  afterEach(async () => {
    await Promise.all(senders.map((sender) => sender.stop()));
    await recorder.stop();
    for (const connection of connections) connection.disconnect();
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  function use(redisUrl: string): void {
    url = redisUrl;
    redis = connect('plain');
    recorder = new MiniRecorder(redis, NODE, LOG, nodeKeys.publicKey, markKeys.privateKey);
  }

  function connect(purpose: 'producer' | 'plain', to = url): Redis {
    const connection = connectRedis(to, purpose, { timeoutMs: 600 });
    connections.push(connection);
    return connection;
  }

  /** A Redis of this test's own. */
  async function ownRedis(settings: Record<string, string> = {}): Promise<LocalRedis> {
    const folder = testFolder();
    const server = await startLocalRedis({
      directory: join(folder.path, 'redis'),
      port: await freePort('127.0.0.1'),
      settings: { appendonly: 'no', ...settings },
    });
    cleanups.push(folder.remove, () => server.stop());
    await recorder.stop();
    use(server.url);
    return server;
  }

  function send(options: Partial<StreamSenderOptions> = {}, limits: Partial<SenderLimits> = {}): StreamSender {
    const sender = new StreamSender({
      redis: connect('producer'),
      spool,
      node: NODE,
      log: LOG,
      ...nodeKeys,
      markPublicKey: markKeys.publicKey,
      limits: { ...FAST, ...limits },
      ...options,
    });
    senders.push(sender);
    sender.start();
    return sender;
  }

  async function allConfirmed(): Promise<void> {
    await until(
      'every run is confirmed to its end',
      () => spool.runs.every((run) => run.confirmedSeq === run.records.length),
      8000,
    );
    for (const run of spool.runs) expect(recorder.seqOf(run.epoch)).toBe(run.records.length);
  }

  async function framesOf(epoch: Epoch) {
    const entries = await redis.xrangeBuffer(streamKey(NODE, epoch), '-', '+');
    return entries.map(([, fields]) => decodeFrame(fields[1] as Buffer));
  }

  it('brings what is durable to the recorder, in order, and takes its marks', async () => {
    const sender = send();
    for (let i = 0; i < 30; i++) {
      spool.append(1 + (i % 7) * 40);
      await new Promise((resolve) => setTimeout(resolve, i % 3));
    }
    await allConfirmed();
    const { frames, gaps } = recorder.taken.get(spool.current.epoch)!;
    expect(frames).toBeLessThanOrEqual(spool.current.records.length);
    expect(gaps).toEqual([]);
    expect(recorder.foreign).toEqual([]);
    expect(sender.status()).toMatchObject({ state: 'ok', unconfirmedEvents: 0, windowBytes: 0, refusedMarks: 0 });
    // The first frame's: there was no stream yet. On a busy machine the marks may be late enough for one more or two, not for each frame.
    expect(sender.status().refills).toBeGreaterThanOrEqual(1);
    expect(sender.status().refills).toBeLessThan(4);
  });

  it('first sends what earlier runs left in their spools, also when it is killed in between', async () => {
    spool.append(700);
    spool.startRun();
    spool.append(50);
    const first = send();
    await until('something is recorded', () => recorder.taken.size > 0);
    await first.stop();
    spool.append(20);
    spool.startRun();
    spool.append(3);
    send();
    await allConfirmed();
    expect(recorder.taken.size).toBe(3);
  });

  it.each(['FLUSHALL', 'DEL'])('sends again what %s removed, while nobody disconnects', async (how) => {
    const sender = send();
    for (let round = 0; round < 4; round++) {
      if (round % 2 === 0) await recorder.pause();
      const sent = sender.status().sentEvents;
      spool.append(300);
      await until('some of it is in Redis', () => sender.status().sentEvents > sent);
      if (how === 'FLUSHALL') await redis.flushdb();
      else await redis.del(streamKey(NODE, spool.current.epoch));
      spool.append(round);
      recorder.resume();
      await allConfirmed();
    }
    expect(sender.status().refills).toBeGreaterThan(1);
  });

  it('notices that its stream is gone without new events: an idle producer compares', async () => {
    const sender = send();
    await recorder.pause();
    spool.append(5);
    await until('it is in Redis', () => sender.status().windowFrames === 1);
    await redis.flushdb();
    await until('it is there again', async () => (await redis.exists(streamKey(NODE, spool.current.epoch))) === 1);
    expect(await redis.smembers(epochsKey(NODE))).toEqual([spool.current.epoch]);
  });

  it('notices that entries were removed while the end stayed where it was', async () => {
    const sender = send();
    await recorder.pause();
    spool.append(5);
    await until('it is in Redis', () => sender.status().windowFrames === 1);
    await redis.xdel(streamKey(NODE, spool.current.epoch), '0-5');
    await until('it is there again', async () => (await redis.xlen(streamKey(NODE, spool.current.epoch))) === 1);
    expect(sender.status().refills).toBe(2);
  });

  it('survives foreign entries, and names that hold something else', async () => {
    send();
    spool.append(10);
    await allConfirmed();
    const key = streamKey(NODE, spool.current.epoch);
    await redis.xadd(key, '*', 'f', 'no frame');
    spool.append(10);
    await allConfirmed();
    await redis.xadd(key, '0-999', 'f', 'no frame', 'g', 'x');
    spool.append(10);
    await allConfirmed();
    await redis.set(key, 'no stream');
    await redis.set(epochsKey(NODE), 'no set');
    spool.append(10);
    await allConfirmed();
    expect(recorder.foreign.every((entry) => entry.bytes.includes('no frame'))).toBe(true);
  });

  it('looks after every lost answer before it writes again', async () => {
    const proxy = new LossyProxy(Number(new URL(url).port));
    await proxy.start();
    cleanups.push(() => proxy.stop());
    const through = new URL(url);
    through.port = String(proxy.port);
    const sender = send({ redis: connect('producer', through.href) });
    await recorder.pause();
    spool.append(1);
    await until('the stream is there', () => sender.status().windowFrames === 1);
    for (let i = 1; i <= 8; i++) {
      proxy.cutAfter = /EVAL/;
      spool.append(3);
      await until('an answer was lost', () => proxy.cuts === i);
      await until('it is known to be in Redis', () => sender.status().epochs[0]?.sentSeq === 1 + 3 * i);
    }
    // Each frame was found in place after its answer was lost: nothing was written twice, nothing was refilled.
    expect(sender.status().refills).toBe(1);
    expect((await framesOf(spool.current.epoch)).map((frame) => frame.header.firstSeq)).toEqual([
      1, 2, 5, 8, 11, 14, 17, 20, 23,
    ]);
    proxy.swallow = true;
    spool.append(3);
    await until('silence is noticed', () => sender.status().state === 'failing');
    proxy.swallow = false;
    recorder.resume();
    await allConfirmed();
    expect(sender.status().state).toBe('ok');
  });

  it('gets everything recorded once and in order through any mixture of losses', async () => {
    send();
    const stream = () => streamKey(NODE, spool.current.epoch);
    const acts = {
      append: async (n: number) => spool.append(1 + n),
      large: async (n: number) => spool.append(1 + (n % 4), 90_000),
      'new run': async () => void spool.startRun(),
      flush: () => redis.flushdb(),
      delete: () => redis.del(stream()),
      'delete marks': () => redis.del(MARKS_KEY),
      'delete the newest entry': async () => {
        const [newest] = await redis.xrevrange(stream(), '+', '-', 'COUNT', 1);
        if (newest) await redis.xdel(stream(), newest[0]);
      },
      foreign: () => redis.xadd(stream(), '*', 'f', 'foreign'),
      'cut connections': () => cutConnections(redis),
      pause: () => recorder.pause(),
      resume: async () => recorder.resume(),
    };
    const names = Object.keys(acts) as (keyof typeof acts)[];
    const step = fc.record({ name: fc.constantFrom('append' as const, ...names), n: fc.nat(300), waitMs: fc.nat(8) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        for (const { name, n, waitMs } of steps) {
          // A cut connection is one of the losses; the act itself need not succeed.
          await Promise.resolve(acts[name](n)).catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
        recorder.resume();
        await allConfirmed();
      }),
      { numRuns: 8, endOnFailure: true },
    );
    for (const { gaps } of recorder.taken.values()) expect(gaps).toEqual([]);
    expect(recorder.foreign.every((entry) => entry.bytes.equals(Buffer.from('foreign')))).toBe(true);
  });

  it('waits out a Redis that dies and comes back empty', async () => {
    const server = await ownRedis();
    const sender = send();
    spool.append(400);
    await allConfirmed();
    await recorder.pause();
    spool.append(400);
    await until('it is in Redis', () => sender.status().windowFrames > 0);
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    spool.append(10);
    await until('the status says so', () => sender.status().state === 'failing');
    expect(sender.status()).toMatchObject({ lastError: { code: 'STREAM_REDIS_UNAVAILABLE' } });
    recorder.resume();
    const again = await startLocalRedis({
      directory: testFolderOf(cleanups),
      port: server.port,
      settings: { appendonly: 'no' },
    });
    cleanups.push(() => again.stop());
    await allConfirmed();
  });

  it('waits, and says why, while Redis is full or a replica', async () => {
    await ownRedis();
    const sender = send();
    spool.append(1);
    await allConfirmed();
    await redis.config('SET', 'maxmemory', '1');
    spool.append(500, 2000);
    await until('the status says why', () => sender.status().lastError?.code === 'STREAM_REDIS_FULL');
    expect(sender.status()).toMatchObject({ state: 'failing', why: expect.stringContaining('OOM') });
    await redis.config('SET', 'maxmemory', '0');
    await allConfirmed();
    await redis.replicaof('127.0.0.1', '1');
    spool.append(1);
    await until('the status says why', () => sender.status().lastError?.code === 'STREAM_REDIS_READONLY');
    await redis.replicaof('NO', 'ONE');
    await allConfirmed();
    expect(sender.status().state).toBe('ok');
  });

  it('keeps no more in Redis than its window, and leaves the current run its part of it', async () => {
    const limits = { windowBytes: 64 * 1024, currentRunBytes: 16 * 1024, frameBytes: 4096, refillBytes: 8192 };
    const old = spool.current.epoch;
    spool.append(400, 500);
    spool.startRun();
    await recorder.pause();
    const sender = send({}, limits);
    const bytesOf = async (epoch: Epoch) =>
      (await redis.xrangeBuffer(streamKey(NODE, epoch), '-', '+')).reduce((sum, [, f]) => sum + (f[1]?.length ?? 0), 0);
    await until('the old run has its part', () => sender.status().windowBytes > 40 * 1024);
    spool.append(200, 500);
    await until('the current run has its part', () => sender.status().windowBytes > 58 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const current = await bytesOf(spool.current.epoch);
    expect(await bytesOf(old)).toBeLessThanOrEqual(48 * 1024);
    expect(current).toBeGreaterThan(10 * 1024);
    expect(current + (await bytesOf(old))).toBe(sender.status().windowBytes);
    expect(sender.status().windowBytes).toBeLessThanOrEqual(64 * 1024);
    recorder.resume();
    await allConfirmed();
  });

  it('removes what an earlier process left in Redis where the window has no room for it', async () => {
    const limits = { windowBytes: 40_000, currentRunBytes: 10_000, frameBytes: 4096, refillBytes: 40_000 };
    await recorder.pause();
    spool.append(40, 500);
    const first = send({}, limits);
    await until('the first run is in Redis', () => first.status().windowBytes > 20_000);
    await first.stop();
    spool.startRun();
    spool.append(40, 500);
    const second = send({}, limits);
    const streams = spool.runs.map((run) => streamKey(NODE, run.epoch));
    await until('both are in Redis as far as they may be', () => second.status().windowBytes > 30_000);
    let bytes = 0;
    for (const key of streams)
      for (const [, fields] of await redis.xrangeBuffer(key, '-', '+')) bytes += fields[1]?.length ?? 0;
    expect(bytes).toBe(second.status().windowBytes);
    expect(bytes).toBeLessThanOrEqual(40_000);
    recorder.resume();
    await allConfirmed();
  });

  it('says since when it waits for the recorder', async () => {
    let aheadMs = 0;
    const sender = send({ now: () => Date.now() + aheadMs });
    await recorder.pause();
    spool.append(5);
    await until('it is in Redis', () => sender.status().windowFrames === 1);
    expect(sender.status().state).toBe('ok');
    aheadMs = 10_000;
    const { state, since, why } = sender.status();
    expect([state, why]).toEqual(['waiting', expect.stringContaining('recorder')]);
    expect(Math.abs(Date.now() - since)).toBeLessThan(5000);
    recorder.resume();
    await allConfirmed();
    expect(sender.status().state).toBe('ok');
  });

  it('refills less and less often while the mark stands still', async () => {
    const sender = send({}, { refillMs: 100, refillMaxMs: 400 });
    await recorder.pause();
    spool.append(5);
    const end = Date.now() + 1500;
    while (Date.now() < end) {
      await redis.del(streamKey(NODE, spool.current.epoch));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // At 0, 100, 300, 700, 1100 and 1500 ms.
    expect(sender.status().refills).toBeGreaterThanOrEqual(4);
    expect(sender.status().refills).toBeLessThanOrEqual(6);
  });

  it('sends again what it still keeps when the mark goes back, and signs a gap for what it does not', async () => {
    const sender = send();
    spool.append(300);
    await allConfirmed();
    const { epoch, records } = spool.current;
    const backTo = async (seq: number) => {
      recorder.taken.set(epoch, { seq, chain: records[seq - 1]!.chain, frames: 0, gaps: [] });
      await recorder.say(epoch);
      await until('all of it is recorded again', () => recorder.seqOf(epoch) === 300);
      await allConfirmed();
    };
    await backTo(100);
    expect(recorder.taken.get(epoch)?.gaps).toEqual([]);
    spool.forget(epoch, 200);
    await backTo(50);
    expect(recorder.taken.get(epoch)).toMatchObject({ seq: 300, gaps: [{ from: 51, to: 200 }] });
    expect(sender.status().gaps).toBeGreaterThanOrEqual(1);
  });

  it('signs a gap for what its spool cannot read in the middle of a run', async () => {
    spool.append(30);
    spool.current.hole = { from: 11, to: 15 };
    const sender = send();
    await allConfirmed();
    expect(recorder.taken.get(spool.current.epoch)?.gaps).toEqual([{ from: 11, to: 15 }]);
    expect(sender.status().gaps).toBe(1);
  });

  it('binds the first event behind a gap to a known chain, or leaves it out', async () => {
    spool.append(20);
    const { epoch } = spool.current;
    spool.forget(epoch, 10);
    const blind = Object.assign(Object.create(spool) as MemorySpool, {
      chainAt: async (of: Epoch, seq: number) => (seq <= 10 ? undefined : spool.chainAt(of, seq)),
    });
    await recorder.pause();
    const sender = send({ spool: blind });
    await until('it is in Redis', () => sender.status().windowFrames === 1);
    const [frame] = await framesOf(epoch);
    expect(frame?.header).toMatchObject({ gap: true, firstSeq: 12, count: 9 });
    recorder.resume();
    await until('it is recorded', () => recorder.seqOf(epoch) === 20);
    expect(recorder.taken.get(epoch)?.gaps).toEqual([{ from: 1, to: 11 }]);
  });

  it('acts on no mark that is forged, of another log or node, older, or of another chain', async () => {
    const sender = send();
    spool.append(50);
    await allConfirmed();
    await recorder.pause();
    spool.append(10);
    const { epoch, records } = spool.current;
    const chain = records[59]!.chain.toString('hex');
    let refused = 0;
    for (const [changes, key] of [
      [{ seq: 60, chain }, keyPair(9).privateKey],
      [{ seq: 60, chain, log: 'log-other' }],
      [{ seq: 60, chain, node: 'gateway-2' as NodeName }],
      [{ seq: 60, chain, epoch: '0000000000000000' as Epoch }],
      [{ seq: 60, chain: 'ff'.repeat(32) }],
      [{ seq: 600, chain }],
    ] as const) {
      await recorder.say(epoch, { ...changes, epoch }, key);
      if ('epoch' in changes) {
        // The field is of this epoch, the mark is not: it was copied.
        await recorder.say(changes.epoch, changes);
        const text = await redis.hget(MARKS_KEY, `${NODE}/${changes.epoch}`);
        await redis.hset(MARKS_KEY, `${NODE}/${epoch}`, text ?? '');
      }
      refused++;
      await until('it is refused', () => sender.status().refusedMarks >= refused);
      if ('epoch' in changes) spool.current.confirmedSeq = 50;
      expect(spool.current.confirmedSeq).toBe(50);
    }
    await recorder.say(epoch, {
      seq: 40,
      chain: records[39]!.chain.toString('hex'),
      at: '2020-01-01T00:00:00.000000Z',
    });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(spool.current.confirmedSeq).toBe(50);
    // A higher generation counts whatever its time.
    await recorder.say(epoch, {
      seq: 40,
      chain: records[39]!.chain.toString('hex'),
      at: '2020-01-01T00:00:00.000000Z',
      generation: 2,
    });
    await until('it is taken', () => spool.current.confirmedSeq === 40);
  });

  it('sends nothing more of a forked epoch, and says once from where to begin anew', async () => {
    const forks: { epoch: Epoch; seq: number; agreed: number }[] = [];
    const sender = send({ onFork: (epoch, mark, agreed) => void forks.push({ epoch, seq: mark.seq, agreed }) });
    spool.append(20);
    await allConfirmed();
    await recorder.pause();
    spool.append(5);
    const { epoch } = spool.current;
    await recorder.say(epoch, { state: 'forked', seq: 23, chain: 'ee'.repeat(32) });
    await until('the fork is told', () => forks.length > 0);
    await recorder.say(epoch, { state: 'forked', seq: 23, chain: 'ee'.repeat(32) });
    const { sentEvents } = sender.status();
    spool.append(5);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(forks).toEqual([{ epoch, seq: 23, agreed: 20 }]);
    expect(sender.status().sentEvents).toBe(sentEvents);
    recorder.resume();
    const next = spool.startRun();
    spool.append(7);
    await until('the new run is recorded', () => recorder.seqOf(next) === 7);
  });

  it('says a fork of its current run even where all was confirmed, and none of an ended run that owes nothing', async () => {
    const forks: Epoch[] = [];
    send({ onFork: (epoch) => void forks.push(epoch) });
    const ended = spool.current.epoch;
    spool.append(5);
    const epoch = spool.startRun();
    spool.append(5);
    await allConfirmed();
    await recorder.pause();
    await recorder.say(ended, { state: 'forked' });
    await recorder.say(epoch, { state: 'forked' });
    await until('the fork is told', () => forks.length > 0);
    expect(forks).toEqual([epoch]);
  });

  it('goes on behind a hole that a person declared', async () => {
    send();
    spool.append(20);
    await allConfirmed();
    await recorder.pause();
    spool.append(10);
    const { epoch } = spool.current;
    recorder.taken.set(epoch, { seq: 25, chain: spool.current.records[24]!.chain, frames: 0, gaps: [] });
    await recorder.say(epoch, { state: 'lost', chain: '00'.repeat(32) });
    await until('the hole is taken', () => spool.current.confirmedSeq >= 25);
    recorder.resume();
    await until('the rest is recorded', () => recorder.seqOf(epoch) === 30);
  });

  it('sends an event that fills a frame alone', async () => {
    send();
    spool.append(3);
    spool.append(1, 7 * 1024 * 1024);
    spool.append(3);
    await allConfirmed();
  });
});

function testFolderOf(cleanups: (() => Promise<unknown> | unknown)[]): string {
  const folder = testFolder();
  cleanups.push(folder.remove);
  return folder.path;
}
