import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { pino } from 'pino';
import { type Epoch, type EventDraft, type NodeName, RECORD_NODE, SYSTEM_CLASS } from '#events';
import { eventHash, nextChain } from '#ledger';
import { type KeyPair, Metrics } from '#platform';
import {
  createPool,
  declareLost,
  enqueueOutbox,
  findMark,
  latestCheckpoint,
  migrate,
  producerKeyId,
  readEvents,
  readHead,
} from '#record';
import {
  appendToStream,
  connectRedis,
  decodeFrame,
  encodeFrame,
  epochsKey,
  headCopyKey,
  keyIdOf,
  readLogHeads,
  readMarks,
  refillStream,
  type SpooledEpoch,
  type SpoolReader,
  StreamSender,
  streamKey,
  verifyFrame,
  verifyMark,
} from '#streams';
import { loginUrl } from '../../../test/support/logins.js';
import { sessionDraft, startedDraft, stoppedDraft, TestProducer } from '../../../test/support/producer.js';
import { type TestDatabase, testDatabase, testFolder, testRedisUrl, until } from '../../../test/support/servers.js';
import { Recorder } from './recorder.js';

// Real PostgreSQL and Redis, the real recorder and the real sender. The spool is a list in memory.

const NODE = 'gw-1' as NodeName;
const newKey = (): KeyPair => generateKeyPairSync('ed25519');
const spki = (key: KeyPair): Buffer => key.publicKey.export({ type: 'spki', format: 'der' });

/** One run of a producer, its spool in memory. */
class MemorySpool implements SpoolReader {
  private confirmed = { seq: 0, chain: Buffer.alloc(32) as Buffer };
  private readonly listeners = new Set<() => void>();

  constructor(readonly producer: TestProducer) {}

  append(...drafts: EventDraft[]): void {
    for (const draft of drafts) this.producer.emit(draft);
    for (const listener of this.listeners) listener();
  }

  get confirmedSeq(): number {
    return this.confirmed.seq;
  }

  epochs(): SpooledEpoch[] {
    const lastSeq = this.producer.made.length;
    const { seq, chain } = this.confirmed;
    return [
      { epoch: this.producer.epoch, state: 'open', firstSeq: 1, lastSeq, confirmedSeq: seq, confirmedChain: chain },
    ];
  }

  async read(_epoch: Epoch, fromSeq: number, limit: { count: number; bytes: number }) {
    const records = [];
    let bytes = 0;
    for (const made of this.producer.made.slice(fromSeq - 1, fromSeq - 1 + limit.count)) {
      bytes += made.bytes.length;
      if (records.length > 0 && bytes > limit.bytes) break;
      records.push(made);
    }
    return records;
  }

  async chainAt(_epoch: Epoch, seq: number): Promise<Buffer | undefined> {
    return seq <= this.producer.made.length ? this.producer.chainBefore(seq + 1) : undefined;
  }

  onDurable(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async confirm(_epoch: Epoch, seq: number, chain: Buffer) {
    if (!this.producer.chainBefore(seq + 1)?.equals(chain)) return 'disagrees' as const;
    const before = this.confirmed.seq;
    this.confirmed = { seq, chain };
    return seq > before ? ('advanced' as const) : seq === before ? ('known' as const) : ('back' as const);
  }
}

describe('Recorder', () => {
  let database: TestDatabase;
  /** The owner's; recorders have their own rights. */
  let pool: pg.Pool;
  let ownPool: pg.Pool;
  let redis: Redis;
  let log: string;
  let closers: (() => Promise<unknown>)[];
  const markKey = newKey();
  const checkpointKey = newKey();
  const place = testFolder();
  const nodeKey = newKey();

  beforeEach(async () => {
    closers = [];
    database = await testDatabase();
    pool = createPool(database.url, { applicationName: 'test' });
    redis = connectRedis(await testRedisUrl(), 'plain');
    await migrate(pool);
    ownPool = createPool(await loginUrl(database.url, 'recorder'), { applicationName: 'test' });
    log = (await readHead(pool)).log;
    await enrol(NODE, nodeKey);
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
    redis.disconnect();
    await ownPool.end();
    await pool.end();
    await database.drop();
  });

  async function enrol(node: NodeName, key: KeyPair): Promise<void> {
    await pool.query('INSERT INTO producer_node (node) VALUES ($1) ON CONFLICT DO NOTHING', [node]);
    await pool.query('INSERT INTO producer_key (key_id, node, public_key) VALUES ($1, $2, $3)', [
      producerKeyId(spki(key)),
      node,
      spki(key),
    ]);
  }

  async function startRecorder(options: { redis?: Redis; leaseMs?: number; pool?: pg.Pool } = {}): Promise<Recorder> {
    const recorder = await Recorder.open({
      pool: ownPool,
      redis,
      markKey,
      checkpointKey,
      checkpointFile: join(place.path, 'last-checkpoint'),
      version: 'test',
      logger: pino({ level: 'silent' }),
      metrics: new Metrics(),
      ...options,
    });
    recorder.start();
    closers.push(() => recorder.stop());
    return recorder;
  }

  function startSender(spool: MemorySpool): StreamSender {
    const own = connectRedis(`redis://${redis.options.host}:${redis.options.port}/${redis.options.db}`, 'producer');
    const sender = new StreamSender({
      redis: own,
      spool,
      node: NODE,
      log,
      ...nodeKey,
      markPublicKey: markKey.publicKey,
    });
    sender.start();
    closers.push(async () => {
      await sender.stop();
      own.disconnect();
    });
    return sender;
  }

  const framesOf = (producer: TestProducer, cuts: number[], key = nodeKey) => {
    let from = 1;
    return cuts.map((count) => {
      const records = producer.made.slice(from - 1, from - 1 + count);
      const header = { log, node: producer.node, epoch: producer.epoch, prevChain: producer.chainBefore(from) };
      from += count;
      return { lastSeq: from - 1, bytes: encodeFrame({ header, records, privateKey: key.privateKey }) };
    });
  };

  /** Puts frames into the producer's stream as a sender would. */
  async function send(producer: TestProducer, frames: { lastSeq: number; bytes: Buffer }[]): Promise<void> {
    await redis.sadd(epochsKey(producer.node), producer.epoch);
    await refillStream(redis, streamKey(producer.node, producer.epoch), frames);
  }

  function producerOf(count: number, epoch?: Epoch): TestProducer {
    const producer = new TestProducer(NODE, epoch);
    for (let n = 0; n < count; n++) producer.emit(sessionDraft(`s${n}`));
    return producer;
  }

  const recordedSeqs = async (epoch: Epoch) => {
    const events = await readEvents(pool, { after: -1n, limit: 100_000 });
    expect(events.map((event) => event.position)).toEqual(events.map((_, index) => BigInt(index)));
    return events.filter((event) => event.epoch === epoch).map((event) => event.seq);
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  /** Without what is said of checkpoints, which come when it is time. */
  const typesOf = async (epoch: 'record') =>
    (await readEvents(pool, { after: -1n, limit: 1000 }))
      .filter((event) => event.node === epoch && !event.type.startsWith('checkpoint.'))
      .map((event) => event.type);
  const recordedUpTo = (epoch: Epoch, seq: number) =>
    until(`${seq} recorded`, async () => ((await findMark(pool, NODE, epoch))?.seq ?? 0) >= seq);

  async function markOf(epoch: Epoch) {
    const [text] = await readMarks(redis, [`${NODE}/${epoch}`]);
    return text ? verifyMark(text, markKey.publicKey) : undefined;
  }

  it('brings what a producer spools into the record, and confirms it', async () => {
    await startRecorder();
    const spool = new MemorySpool(new TestProducer(NODE));
    const sender = startSender(spool);
    spool.append(startedDraft());
    for (let n = 0; n < 300; n++) spool.append(sessionDraft(`s${n}`));
    await until('all confirmed', () => spool.confirmedSeq === 301);
    expect(await recordedSeqs(spool.producer.epoch)).toEqual(upTo(301));
    expect(await markOf(spool.producer.epoch)).toMatchObject({ log, generation: 1, seq: 301, state: 'open' });
    // Trimmed behind the mark.
    await until('trimmed', async () => (await redis.xlen(streamKey(NODE, spool.producer.epoch))) === 0);
    spool.append(stoppedDraft());
    await until('closed', async () => (await markOf(spool.producer.epoch))?.state === 'closed');
    await until('taken from the set', async () => (await redis.scard(epochsKey(NODE))) === 0);
    expect(sender.status()).toMatchObject({ gaps: 0, refusedMarks: 0 });
  });

  it('loses and doubles nothing when Redis loses all it holds, again and again', async () => {
    await startRecorder();
    const spool = new MemorySpool(new TestProducer(NODE));
    startSender(spool);
    for (let round = 0; round < 6; round++) {
      for (let n = 0; n < 150; n++) spool.append(sessionDraft(`s${round}-${n}`));
      await new Promise((resolve) => setTimeout(resolve, 10 * round));
      await redis.flushdb();
    }
    await until('all confirmed', () => spool.confirmedSeq === 900, 20_000);
    expect(await recordedSeqs(spool.producer.epoch)).toEqual(upTo(900));
  });

  it('loses and doubles nothing when every connection to PostgreSQL is cut, again and again', async () => {
    await startRecorder();
    const spool = new MemorySpool(new TestProducer(NODE));
    startSender(spool);
    const killer = createPool(database.url, { applicationName: 'killer' });
    closers.push(() => killer.end());
    for (let round = 0; round < 8; round++) {
      for (let n = 0; n < 100; n++) spool.append(sessionDraft(`s${round}-${n}`));
      await new Promise((resolve) => setTimeout(resolve, 30));
      await killer.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'test'`,
      );
    }
    await until('all confirmed', () => spool.confirmedSeq === 800, 20_000);
    expect(await recordedSeqs(spool.producer.epoch)).toEqual(upTo(800));
  });

  it('hands over to a warm one when it stops, and when it is cut off', async () => {
    const first = await startRecorder({ leaseMs: 400 });
    await until('the first is active', () => first.recording.isActive);
    const cut = createPool(await loginUrl(database.url, 'recorder'), { applicationName: 'cut' });
    const second = await startRecorder({ leaseMs: 400, pool: cut });
    const spool = new MemorySpool(new TestProducer(NODE));
    startSender(spool);
    spool.append(...upTo(50).map((n) => sessionDraft(`a${n}`)));
    await until('the first records', () => spool.confirmedSeq === 50);
    expect(second.recording.isActive).toBe(false);
    await first.stop();
    spool.append(...upTo(50).map((n) => sessionDraft(`b${n}`)));
    await until('the second records', () => spool.confirmedSeq === 100);
    const third = await startRecorder({ leaseMs: 400 });
    // From here on the second reaches no database, as if its machine had vanished.
    await cut.end();
    spool.append(...upTo(50).map((n) => sessionDraft(`c${n}`)));
    await until('the third records', () => spool.confirmedSeq === 150);
    expect(third.recording.isActive).toBe(true);
    expect(await recordedSeqs(spool.producer.epoch)).toEqual(upTo(150));
    expect(await typesOf('record')).toEqual([
      'producer.started',
      'producer.stopped',
      'producer.started',
      'producer.started',
    ]);
  });

  it('keeps aside what no enrolled producer signed, once, and the stream goes on', async () => {
    await startRecorder();
    const producer = producerOf(9);
    const stranger = newKey();
    const elsewhere = 'gw-2' as NodeName;
    await enrol(elsewhere, stranger);
    const frames = framesOf(producer, [3, 3, 3]);
    const flipped = Buffer.from(frames[1]!.bytes);
    flipped[flipped.length - 70]! ^= 1;
    const key = streamKey(NODE, producer.epoch);
    await redis.sadd(epochsKey(NODE), producer.epoch);
    const entries: [number, Buffer][] = [
      [1, Buffer.from('no frame at all')],
      [2, frames[1]!.bytes],
      [3, frames[0]!.bytes],
      [4, flipped],
      [6, framesOf(producer, [3, 3], stranger)[1]!.bytes],
    ];
    for (const [id, bytes] of entries) await redis.xadd(key, `0-${id}`, 'f', bytes);
    await until('four kept', async () => (await pool.query('SELECT FROM foreign_entry')).rowCount === 4);
    await recordedUpTo(producer.epoch, 3);
    await until('gone from the stream', async () => (await redis.xlen(key)) === 0);
    await redis.del(key);
    await send(producer, frames);
    await recordedUpTo(producer.epoch, 9);
    expect(await recordedSeqs(producer.epoch)).toEqual(upTo(9));
    const { rows } = await pool.query('SELECT entry_id, reason FROM foreign_entry ORDER BY entry_id');
    expect(rows.map((row) => row.reason)).toEqual([
      expect.stringContaining('not a frame'),
      expect.stringContaining('entry id'),
      expect.stringMatching(/not a frame|entry id/),
      expect.stringContaining('not enrolled for this node'),
    ]);
  });

  it('takes nothing signed with a revoked key', async () => {
    await startRecorder();
    const producer = producerOf(6);
    const frames = framesOf(producer, [3, 3]);
    await send(producer, [frames[0]!]);
    await recordedUpTo(producer.epoch, 3);
    await pool.query('UPDATE producer_key SET revoked_at = now()');
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    await redis.xadd(streamKey(NODE, producer.epoch), '0-6', 'f', frames[1]!.bytes);
    await until('kept aside', async () => (await pool.query('SELECT FROM foreign_entry')).rowCount === 1);
    expect(await recordedSeqs(producer.epoch)).toEqual(upTo(3));
  });

  it('deletes a stream in which numbers are missing, and takes it up again once it is refilled', async () => {
    await startRecorder();
    const producer = producerOf(9);
    const frames = framesOf(producer, [3, 3, 3]);
    await send(producer, [frames[0]!, frames[2]!]);
    await until('deleted', async () => (await redis.exists(streamKey(NODE, producer.epoch))) === 0);
    await recordedUpTo(producer.epoch, 3);
    await send(producer, frames);
    await recordedUpTo(producer.epoch, 9);
    expect(await recordedSeqs(producer.epoch)).toEqual(upTo(9));
  });

  it('sees a fork also where all of it lies below what is recorded', async () => {
    await startRecorder();
    const producer = producerOf(6);
    await send(producer, framesOf(producer, [6]));
    await recordedUpTo(producer.epoch, 6);
    const clone = new TestProducer(NODE, producer.epoch);
    for (let n = 0; n < 3; n++) clone.emit(sessionDraft(`clone${n}`));
    await send(clone, framesOf(clone, [3]));
    await until('forked', async () => (await markOf(producer.epoch))?.state === 'forked');
    expect(await recordedSeqs(producer.epoch)).toEqual(upTo(6));
  });

  it('refuses a fork loudly: on the record, in the mark, and nothing more of it is taken', async () => {
    await startRecorder();
    const producer = producerOf(6);
    await send(producer, framesOf(producer, [3]));
    await recordedUpTo(producer.epoch, 3);
    const clone = new TestProducer(NODE, producer.epoch);
    for (let n = 0; n < 6; n++) clone.emit(sessionDraft(`clone${n}`));
    await send(clone, framesOf(clone, [2, 4]));
    await until('forked', async () => (await markOf(producer.epoch))?.state === 'forked');
    expect(await markOf(producer.epoch)).toMatchObject({ seq: 3, chain: producer.made[2]!.chain.toString('hex') });
    expect(await typesOf('record')).toEqual(['producer.started', 'producer.forked']);
    await send(producer, framesOf(producer, [3, 3]));
    await until('thrown away', async () => (await redis.exists(streamKey(NODE, producer.epoch))) === 0);
    expect(await recordedSeqs(producer.epoch)).toEqual(upTo(3));
  });

  it('names a gap that the producer signs, and goes on', async () => {
    await startRecorder();
    const producer = producerOf(9);
    const [first] = framesOf(producer, [3]);
    const header = { log, node: NODE, epoch: producer.epoch, prevChain: producer.chainBefore(7), gap: true };
    const records = producer.made.slice(6);
    const gap = { lastSeq: 9, bytes: encodeFrame({ header, records, privateKey: nodeKey.privateKey }) };
    await send(producer, [first!, gap]);
    await recordedUpTo(producer.epoch, 9);
    expect(await recordedSeqs(producer.epoch)).toEqual([1, 2, 3, 7, 8, 9]);
    expect(await typesOf('record')).toEqual(['producer.started', 'producer.lost']);
  });

  it('goes on behind a hole that a person declared', async () => {
    await startRecorder();
    const producer = producerOf(9);
    const frames = framesOf(producer, [3, 3, 3]);
    await send(producer, [frames[0]!]);
    await recordedUpTo(producer.epoch, 3);
    await declareLost(pool, { node: NODE, epoch: producer.epoch, to: 6, by: 'ops' });
    await recordedUpTo(producer.epoch, 6);
    await until('the mark says so', async () => (await markOf(producer.epoch))?.state === 'lost');
    await send(producer, [frames[2]!]);
    await recordedUpTo(producer.epoch, 9);
    expect(await recordedSeqs(producer.epoch)).toEqual([1, 2, 3, 7, 8, 9]);
  });

  it('records what comes through the outbox, also while Redis is away', async () => {
    const away = connectRedis('redis://127.0.0.1:1', 'plain');
    closers.push(async () => away.disconnect());
    await startRecorder({ redis: away });
    await enqueueOutbox(pool, {
      type: 'record.read',
      time: '2026-11-25T12:00:00.000000Z',
      class: SYSTEM_CLASS,
      data: { key: 'k1', what: 'sessions' },
    });
    await until('recorded', async () => (await typesOf('record')).includes('record.read'));
  });

  it('signs the head of its own epoch with the mark key', async () => {
    await startRecorder();
    await until('started', async () => (await typesOf('record')).length === 1);
    const { rows } = await pool.query('SELECT last_position AS last, head FROM run ORDER BY first_position LIMIT 1');
    const events = await readEvents(pool, { after: -1n, until: rows[0].last + 1n, limit: 10 });
    const chains: Buffer[] = [Buffer.alloc(32)];
    for (const { body } of events) chains.push(nextChain(chains.at(-1)!, eventHash(body)));
    const event = events.at(-1)!;
    const proof: Buffer = rows[0].head;
    const records = [{ seq: event.seq, chain: chains.at(-1)!, bytes: event.body }];
    const again = decodeFrame(
      encodeFrame({
        header: { log, node: RECORD_NODE, epoch: event.epoch, prevChain: chains.at(-2)! },
        records,
        privateKey: markKey.privateKey,
      }),
    );
    // Ed25519 is deterministic: the same key over the same head gives the same bytes.
    expect(proof.equals(again.signatureProof)).toBe(true);
    expect(verifyFrame(again, markKey.publicKey)).toBe(true);
    expect(again.header.keyId.equals(keyIdOf(markKey.publicKey))).toBe(true);
  });

  it('signs what it records, tells the end of the log where PostgreSQL cannot change it, and knows by that where it went back', async () => {
    const recorder = await startRecorder();
    const spool = new MemorySpool(new TestProducer(NODE));
    spool.append(startedDraft(), sessionDraft('s1'));
    startSender(spool);
    await recordedUpTo(spool.producer.epoch, 2);
    const signed = await until('a checkpoint is signed', () => latestCheckpoint(pool));
    expect(readFileSync(join(place.path, 'last-checkpoint'), 'utf8')).toBe(signed.note);
    const told = await until('the head is told', async () => {
      const [head] = await readLogHeads(redis, [], log, markKey.publicKey);
      const { size } = await readHead(pool);
      return head && BigInt(head.size) === size ? head : undefined;
    });
    expect(told).toMatchObject({ log, generation: 1 });
    // The gateway keeps it, too.
    await until('a copy', async () => (await redis.exists(headCopyKey(NODE))) === 1);
    expect(await readLogHeads(redis, [NODE], log, newKey().publicKey)).toEqual([]);
    await recorder.stop();

    // A database that does not know of the last events, and a recorder that was not there.
    await pool.query(`SET session_replication_role = replica;
      UPDATE log_head SET tree_size = 0, root_edge = '', size = (SELECT last_position + 1 FROM run ORDER BY first_position OFFSET 1 LIMIT 1);
      DELETE FROM run WHERE first_position >= (SELECT size FROM log_head);
      DELETE FROM event WHERE position >= (SELECT size FROM log_head);
      SET session_replication_role = DEFAULT`);
    await startRecorder();
    await until('another generation', async () => (await readHead(pool)).generation === 2);
    const restored = await until('it is said', async () =>
      (await readEvents(pool, { after: -1n, limit: 1000 })).find((event) => event.type === 'log.restored'),
    );
    expect(JSON.parse(restored.body.toString('utf8')).data).toMatchObject({ generation: 2, previous: 1 });
  });

  it('refuses to work for a log that began with another mark key', async () => {
    await startRecorder();
    await expect(
      Recorder.open({
        pool,
        redis,
        markKey: newKey(),
        checkpointKey,
        checkpointFile: join(place.path, 'last-checkpoint'),
        version: 'test',
        logger: pino({ level: 'silent' }),
        metrics: new Metrics(),
      }),
    ).rejects.toMatchObject({ code: 'RECORD_MARK_KEY_DIFFERS' });
  });

  it('quarantines a signed event that is none, in its place, and goes on', async () => {
    await startRecorder();
    const producer = producerOf(2);
    producer.emitBytes(Buffer.from('not an event'));
    const other = new TestProducer(NODE);
    producer.emitBytes(other.emit(sessionDraft('elsewhere')).bytes);
    producer.emit(sessionDraft('after'));
    await send(producer, framesOf(producer, [5]));
    await recordedUpTo(producer.epoch, 5);
    const events = (await readEvents(pool, { after: -1n, limit: 10 })).filter((e) => e.epoch === producer.epoch);
    expect(events.map((event) => event.type)).toEqual([
      'command.completed',
      'command.completed',
      'quarantined',
      'quarantined',
      'command.completed',
    ]);
  });

  it('appends only where a stream ends, so a late append after a deletion does no harm', async () => {
    await startRecorder();
    const producer = producerOf(6);
    const frames = framesOf(producer, [3, 3]);
    await send(producer, [frames[0]!]);
    await recordedUpTo(producer.epoch, 3);
    await redis.del(streamKey(NODE, producer.epoch));
    expect(await appendToStream(redis, streamKey(NODE, producer.epoch), 3, frames[1]!)).not.toBe('appended');
    await send(producer, frames);
    await recordedUpTo(producer.epoch, 6);
    expect(await recordedSeqs(producer.epoch)).toEqual(upTo(6));
  });
});
