import type { Redis } from 'ioredis';
import type { Epoch, NodeName } from '#events';
import { testRedisUrl, until } from '../../../test/support/servers.js';
import { cutConnections } from '../test/cut-connections.js';
import { connectRedis } from './connect.js';
import { epochsKey, streamKey } from './names.js';
import { type ReaderLimits, type StreamEntry, StreamReader } from './stream-reader.js';

const NODE = 'gateway-1' as NodeName;
const OTHER = 'gateway-2' as NodeName;
const EPOCH = '00112233445566ff' as Epoch;

/** Real Redis; entries hold any bytes, since a reader verifies nothing. */
describe('a stream reader', () => {
  let redis: Redis;
  let reader: StreamReader;
  let marks: Map<Epoch, number>;
  let nodes: NodeName[];

  beforeEach(async () => {
    redis = connectRedis(await testRedisUrl(), 'plain');
    marks = new Map();
    nodes = [NODE];
    open();
  });

  afterEach(async () => {
    await reader.close();
    redis.disconnect();
  });

  function open(limits: Partial<ReaderLimits> = {}): void {
    reader = new StreamReader({
      redis,
      nodes: async () => nodes,
      markOf: (_node, epoch) => marks.get(epoch),
      limits: { blockMs: 30, epochsMs: 0, ...limits },
    });
  }

  async function add(
    lastSeq: number | string,
    bytes: string | Buffer = 'x',
    epoch = EPOCH,
    node = NODE,
  ): Promise<void> {
    await redis.sadd(epochsKey(node), epoch);
    const id = typeof lastSeq === 'number' ? `0-${lastSeq}` : lastSeq;
    await redis.xadd(streamKey(node, epoch), id, 'f', bytes);
  }

  const idsOf = (entries: StreamEntry[]) => entries.map((entry) => entry.entryId);
  const epochOf = (n: number) => n.toString(16).padStart(16, '0') as Epoch;

  it('gives what stands behind the marks, of enrolled nodes only', async () => {
    marks.set(EPOCH, 2);
    await add(2);
    await add(5, 'five');
    await add(7);
    await add(1, 'x', epochOf(2), OTHER);
    expect(await reader.read()).toEqual([
      { node: NODE, epoch: EPOCH, entryId: '0-5', bytes: Buffer.from('five') },
      { node: NODE, epoch: EPOCH, entryId: '0-7', bytes: Buffer.from('x') },
    ]);
    nodes.push(OTHER);
    expect((await reader.read()).map((entry) => entry.node)).toEqual([OTHER]);
  });

  it('gives new entries at once, also while it waits', async () => {
    await reader.close();
    open({ blockMs: 4000, epochsMs: 10_000 });
    await add(1);
    await reader.read();
    marks.set(EPOCH, 1);
    const began = Date.now();
    const next = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await add(2);
    expect(idsOf(await next)).toEqual(['0-2']);
    expect(Date.now() - began).toBeLessThan(2000);
  });

  it('finds a stream that was deleted and refilled with lower numbers, also while others never rest', async () => {
    const busy = epochOf(1);
    await add(9);
    await add(1, 'x', busy);
    expect(await reader.read()).toHaveLength(2);
    await redis.del(streamKey(NODE, EPOCH));
    await add(4);
    let found: StreamEntry[] = [];
    for (let seq = 2; found.length === 0; seq++) {
      expect(seq).toBeLessThan(5);
      marks.set(busy, seq - 1);
      await add(seq, 'x', busy);
      found = (await reader.read()).filter((entry) => entry.epoch === EPOCH);
    }
    expect(idsOf(found)).toEqual(['0-4']);
  });

  it('now and then gives what lies below the mark in a silent stream: a fork shows only there', async () => {
    await reader.close();
    open({ behindMs: 200 });
    marks.set(EPOCH, 9);
    await add(9);
    expect(await reader.read()).toEqual([]);
    await redis.del(streamKey(NODE, EPOCH));
    await add(4, 'other');
    const found = await until('it is read', async () => {
      const entries = await reader.read();
      return entries.length > 0 && entries;
    });
    expect(found).toEqual([{ node: NODE, epoch: EPOCH, entryId: '0-4', bytes: Buffer.from('other') }]);
    expect(await reader.read()).toEqual([]);
  });

  it('reads again from the mark what was neither recorded nor is in flight', async () => {
    await add(1);
    await add(2);
    expect(idsOf(await reader.read())).toEqual(['0-1', '0-2']);
    marks.set(EPOCH, 1);
    expect(await reader.read()).toEqual([]);
    expect(idsOf(await reader.read())).toEqual(['0-2']);
    reader.rewind(NODE, EPOCH, 0);
    expect(idsOf(await reader.read())).toEqual(['0-1', '0-2']);
  });

  it('does not give again what is in flight', async () => {
    await reader.close();
    let inFlight = true;
    reader = new StreamReader({
      redis,
      nodes: async () => nodes,
      markOf: () => 0,
      inFlight: () => inFlight,
      limits: { blockMs: 10, epochsMs: 0 },
    });
    await add(1);
    expect(await reader.read()).toHaveLength(1);
    for (let i = 0; i < 3; i++) expect(await reader.read()).toEqual([]);
    inFlight = false;
    expect(await reader.read()).toEqual([]);
    expect(await reader.read()).toHaveLength(1);
  });

  it('says which error it was, and begins at the marks again', async () => {
    await add(1);
    expect(await reader.read()).toHaveLength(1);
    await cutConnections(redis);
    const error = await reader.read().then(
      () => undefined,
      (reason) => reason as unknown,
    );
    if (error) expect(error).toMatchObject({ code: 'STREAM_REDIS_UNAVAILABLE', retry: 'later' });
    const again = await until('it reads again', async () => {
      const entries = await reader.read().catch(() => []);
      return entries.length > 0 && entries;
    });
    expect(idsOf(again)).toEqual(['0-1']);
  });

  it('lets no flood in one stream starve another, and reads about 2 MiB at a time', async () => {
    const flood = epochOf(1);
    for (let seq = 1; seq <= 60; seq++) await add(seq, Buffer.alloc(250_000), flood);
    for (let seq = 1; seq <= 30; seq++) await add(seq, 'small');
    let small = 0;
    let reads = 0;
    let largest = 0;
    for (let seen = 0; seen < 60; reads++) {
      const entries = await reader.read();
      for (const entry of entries) marks.set(entry.epoch, Number(entry.entryId.slice(2)));
      seen += entries.filter((entry) => entry.epoch === flood).length;
      small += entries.filter((entry) => entry.epoch === EPOCH).length;
      largest = Math.max(
        largest,
        entries.reduce((sum, entry) => sum + entry.bytes.length, 0),
      );
      if (reads === 5) expect(small).toBeGreaterThanOrEqual(20);
    }
    expect(small).toBe(30);
    expect(largest).toBeLessThan(4.5 * 1024 * 1024);
    expect(reads).toBeLessThan(25);
  });

  it('lets streams take turns where one entry of each is too much', async () => {
    for (let n = 0; n < 40; n++) for (const seq of [1, 2, 3]) await add(seq, Buffer.alloc(250_000), epochOf(n));
    const seen = new Map<Epoch, number>();
    const sizes: number[] = [];
    await until('all are read', async () => {
      const entries = await reader.read();
      sizes.push(entries.reduce((sum, entry) => sum + entry.bytes.length, 0));
      for (const { epoch, entryId } of entries) {
        expect(entryId).toBe(`0-${(seen.get(epoch) ?? 0) + 1}`);
        seen.set(epoch, Number(entryId.slice(2)));
        marks.set(epoch, Number(entryId.slice(2)));
      }
      return [...seen.values()].filter((last) => last === 3).length === 40;
    });
    // The first read cannot know how large entries are; those after it do.
    expect(Math.max(...sizes.slice(1))).toBeLessThan(2.2 * 1024 * 1024);
  });

  it('takes small entries by the dozen', async () => {
    for (let seq = 1; seq <= 300; seq++) await add(seq);
    let reads = 0;
    for (let seen = 0; seen < 300; reads++) {
      const entries = await reader.read();
      seen += entries.length;
      marks.set(EPOCH, seen);
    }
    expect(reads).toBeLessThan(12);
  });

  it('is not stopped by names that hold something else, nor by strange members, ids and fields', async () => {
    await add(1);
    await redis.set(streamKey(NODE, epochOf(7)), 'no stream');
    await redis.sadd(epochsKey(NODE), epochOf(7), 'not an epoch', '../../etc', `${EPOCH}0`);
    await redis.set(epochsKey(OTHER), 'no set');
    nodes.push(OTHER);
    const first = await until('it reads', async () => {
      const entries = await reader.read();
      return entries.length > 0 && entries;
    });
    expect(idsOf(first)).toEqual(['0-1']);
    expect(await redis.exists(streamKey(NODE, epochOf(7)), epochsKey(OTHER))).toBe(0);
    expect(reader.epochs().map((each) => each.epoch)).not.toContain('not an epoch');
    marks.set(EPOCH, 1);
    await redis.xadd(streamKey(NODE, EPOCH), '5-5', 'f', 'a', 'g', 'b');
    expect(await reader.read()).toEqual([{ node: NODE, epoch: EPOCH, entryId: '5-5', bytes: Buffer.from('fagb') }]);
  });

  it('trims exactly behind a number, deletes single entries, and forgets an epoch that is done', async () => {
    for (const seq of [3, 6, 9, 12]) await add(seq);
    await reader.read();
    await reader.trim(NODE, EPOCH, 6);
    const key = streamKey(NODE, EPOCH);
    expect((await redis.xrange(key, '-', '+')).map(([id]) => id)).toEqual(['0-9', '0-12']);
    await reader.deleteEntry(NODE, EPOCH, '0-9');
    expect(await redis.xlen(key)).toBe(1);
    await reader.trim(NODE, EPOCH, 12);
    // The stream stays, so that its end can still be compared.
    expect(await redis.exists(key)).toBe(1);
    await reader.deleteStream(NODE, EPOCH);
    expect(await redis.exists(key)).toBe(0);
    await add(2);
    expect(idsOf(await reader.read())).toEqual(['0-2']);
    await reader.removeEpoch(NODE, EPOCH);
    expect(await redis.exists(key, epochsKey(NODE))).toBe(0);
    expect(await reader.read()).toEqual([]);
    expect(reader.epochs()).toEqual([]);
  });
});
