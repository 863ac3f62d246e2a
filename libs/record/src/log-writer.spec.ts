import type pg from 'pg';
import { decodeEvent, type NodeName } from '#events';
import { decodeLeaves, eventHash, GENESIS_CHAIN, nextChain } from '#ledger';
import {
  type MadeEvent,
  sessionDraft,
  startedDraft,
  stoppedDraft,
  TestProducer,
} from '../../../test/support/producer.js';
import { type TestDatabase, testDatabase, until } from '../../../test/support/servers.js';
import { declareLost, findMark } from './epochs.js';
import { readHead } from './head.js';
import { LogWriter } from './log-writer.js';
import { migrate } from './migrate.js';
import { enqueueOutbox } from './outbox.js';
import { createPool } from './pool.js';
import { readEvents } from './read-events.js';
import { EMPTY_BATCH, type EpochAdvance, type RecordBatch } from './record-batch.js';

// Real PostgreSQL; producers are in memory, and no Redis is involved.

const NODE = 'gw-1' as NodeName;
const SIGNATURE = Buffer.from('signature');

function advanceOf(producer: TestProducer, events: MadeEvent[], gap = false): EpochAdvance {
  return {
    node: producer.node,
    epoch: producer.epoch,
    prevChain: producer.chainBefore(events[0]!.seq),
    events,
    gap,
    headSignature: SIGNATURE,
  };
}

function batchOf(...advances: EpochAdvance[]): RecordBatch {
  return { ...EMPTY_BATCH, advances };
}

describe('LogWriter', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeEach(async () => {
    database = await testDatabase();
    pool = createPool(database.url, { applicationName: 'test' });
    await migrate(pool);
    await pool.query('INSERT INTO producer_node (node) VALUES ($1)', [NODE]);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  function newWriter(options: { leaseMs?: number; commitDeadlineMs?: number } = {}): LogWriter {
    return new LogWriter({ pool, version: 'test', signHead: () => SIGNATURE, ...options });
  }

  async function activeWriter(options: { leaseMs?: number } = {}): Promise<LogWriter> {
    const writer = newWriter(options);
    expect(await writer.begin()).toBe(true);
    return writer;
  }

  async function log() {
    return readEvents(pool, { after: -1n, limit: 10_000 });
  }

  /** Judges the whole log by its own tables: gapless positions, runs that match rows, chains and leaves recomputed from bytes. */
  async function expectWholeLog(): Promise<void> {
    const events = await log();
    const head = await readHead(pool);
    expect(events.map((event) => event.position)).toEqual(events.map((_, index) => BigInt(index)));
    expect(head.size).toBe(BigInt(events.length));
    const { rows: runs } = await pool.query('SELECT * FROM run ORDER BY first_position');
    const leaves = runs.flatMap((run) => decodeLeaves(run.leaf_data));
    expect(leaves.length).toBe(events.length);
    const chains = new Map<string, Buffer>();
    for (const [index, event] of events.entries()) {
      const leaf = leaves[index]!;
      expect([leaf.epoch, leaf.seq, leaf.class]).toEqual([event.epoch, event.seq, event.class]);
      expect(leaf.eventHash.equals(eventHash(event.body))).toBe(true);
      chains.set(event.epoch, nextChain(chains.get(event.epoch) ?? GENESIS_CHAIN, leaf.eventHash));
    }
    const { rows: epochs } = await pool.query(
      `SELECT epoch, mark_chain FROM producer_epoch WHERE state IN ('open', 'closed')`,
    );
    for (const { epoch, mark_chain } of epochs) expect(mark_chain.equals(chains.get(epoch)!)).toBe(true);
  }

  it('records a batch at gapless positions, with runs, leaves and marks that agree', async () => {
    const writer = await activeWriter();
    const one = new TestProducer(NODE);
    const two = new TestProducer(NODE);
    for (const producer of [one, two]) producer.emit(startedDraft());
    for (let n = 0; n < 20; n++) one.emit(sessionDraft('s1'));
    const commit = await writer.commit(batchOf(advanceOf(one, one.made), advanceOf(two, two.made)));
    expect(commit).toMatchObject({ from: 1n, to: 23n, quarantined: 0 });
    expect(commit?.marks.find((mark) => mark.epoch === one.epoch)).toMatchObject({ seq: 21, state: 'open' });
    await expectWholeLog();
    const row = (await log())[2]!;
    expect(row).toMatchObject({
      class: 'standard',
      type: 'command.completed',
      sessionId: 's1',
      identityId: 'agent-1',
      identityKind: 'agent',
      connection: 'orders',
      outcome: 'success',
      recordedAt: commit?.recordedAt,
    });
    expect(row.body.equals(one.made[1]!.bytes)).toBe(true);
    expect(row.occurredAt).toBe(one.made[1]!.event?.time);
  });

  it('refuses what does not follow the mark, and nothing of that batch stays', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 4; n++) producer.emit(sessionDraft('s1'));
    await expect(writer.commit(batchOf(advanceOf(producer, producer.made.slice(1))))).rejects.toMatchObject({
      code: 'RECORD_OUT_OF_ORDER',
    });
    expect(writer.isReady).toBe(false);
    expect(await writer.begin()).toBe(true);
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(0, 2))));
    await expect(writer.commit(batchOf(advanceOf(producer, producer.made.slice(1))))).rejects.toMatchObject({
      code: 'RECORD_OUT_OF_ORDER',
    });
    await writer.begin();
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(2))));
    await expectWholeLog();
  });

  it('two that both believe to be active do no harm: the slower is rolled back', async () => {
    const one = await activeWriter();
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 10; n++) producer.emit(sessionDraft('s1'));
    await one.commit(batchOf(advanceOf(producer, producer.made.slice(0, 5))));
    await pool.query('UPDATE log_head SET lease_until = now()');
    const two = await activeWriter();
    const rest = batchOf(advanceOf(producer, producer.made.slice(5)));
    const outcomes = await Promise.allSettled([one.commit(rest), two.commit(rest)]);
    expect(outcomes[0]).toMatchObject({ status: 'rejected' });
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled' });
    expect(await one.begin()).toBe(false);
    await expectWholeLog();
  });

  it('writers that race for the lease again and again record each event once', async () => {
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 200; n++) producer.emit(sessionDraft(`s${n}`));
    const work = async (writer: LogWriter) => {
      for (;;) {
        try {
          if (!writer.isReady && !(await writer.begin())) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            continue;
          }
          const { seq } = await writer.lookUpMark(NODE, producer.epoch);
          if (seq === 200) return;
          await writer.commit(batchOf(advanceOf(producer, producer.made.slice(seq, seq + 7))));
          if (seq % 3 === 0) await pool.query('UPDATE log_head SET lease_until = now()');
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^RECORD_/) });
        }
      }
    };
    await Promise.all([1, 2, 3].map(() => work(newWriter({ leaseMs: 100 }))));
    await expectWholeLog();
    expect((await log()).filter((event) => event.epoch === producer.epoch).map((event) => event.seq)).toEqual(
      producer.made.map((made) => made.seq),
    );
  });

  it('a killed backend leaves all or nothing, and the writer goes on from the marks', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    const other = createPool(database.url, { applicationName: 'killer' });
    let kills = 0;
    const killer = (async () => {
      while (kills < 8) {
        const { rows } = await other.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'test' AND xact_start IS NOT NULL`);
        kills += rows.length;
        await new Promise((resolve) => setTimeout(resolve, 7 * Math.random()));
      }
      await other.end();
    })();
    const failures: unknown[] = [];
    for (let finished = false; !finished; ) {
      try {
        if (!writer.isReady) await writer.begin();
        const { seq } = await writer.lookUpMark(NODE, producer.epoch);
        finished = kills >= 8 && seq > 0;
        while (producer.made.length < seq + 5) producer.emit(sessionDraft('s1'));
        await writer.commit(batchOf(advanceOf(producer, producer.made.slice(seq))));
      } catch (error) {
        finished = false;
        failures.push(error);
      }
    }
    await killer;
    expect(failures.length).toBeGreaterThan(0);
    for (const error of failures) expect(error).toMatchObject({ code: 'RECORD_UNAVAILABLE', retry: 'later' });
    await expectWholeLog();
    expect((await log()).filter((event) => event.epoch === producer.epoch).map((event) => event.seq)).toEqual(
      producer.made.map((made) => made.seq),
    );
  });

  it('takes a COMMIT whose answer was lost as open, and finds by the marks that it happened', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1'));
    const connect = pool.connect.bind(pool);
    const broken = async () => {
      const client = await connect();
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      const lying = (first: unknown, ...rest: unknown[]) =>
        first === 'COMMIT'
          ? Promise.resolve(query(first)).then(() => Promise.reject(new Error('the line broke after COMMIT')))
          : query(first, ...rest);
      client.query = lying as typeof client.query;
      return client;
    };
    pool.connect = ((callback?: never) => (callback ? connect(callback) : broken())) as typeof pool.connect;
    await expect(writer.commit(batchOf(advanceOf(producer, producer.made)))).rejects.toMatchObject({
      code: 'RECORD_UNAVAILABLE',
    });
    pool.connect = connect;
    expect(await writer.begin()).toBe(true);
    expect(await writer.lookUpMark(NODE, producer.epoch)).toMatchObject({ seq: 1 });
    await expectWholeLog();
  });

  it('gives no own number twice when Postgres comes back older than it was, and names what is gone', async () => {
    const read = { type: 'record.read' as const, time: '2026-11-25T12:00:00.000000Z', class: 'system' };
    const writer = await activeWriter();
    const before = `${new URL(database.url).pathname.slice(1)}_before`;
    const { rows } = await pool.query<{ epoch: string }>(`SELECT epoch FROM producer_epoch WHERE node = 'record'`);
    const copy = new URL(database.url);
    copy.pathname = '/postgres';
    const admin = createPool(copy.href, { applicationName: 'admin' });
    const name = new URL(database.url).pathname.slice(1);
    const withoutConnections = async (work: string[]) => {
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
      for (const statement of work) await admin.query(statement);
    };
    try {
      await withoutConnections([`CREATE DATABASE ${before} TEMPLATE ${name}`]);
      for (const what of ['one', 'two']) {
        await enqueueOutbox(pool, { ...read, data: { key: 'k1', what } });
        await writer.commit(EMPTY_BATCH);
      }
      await withoutConnections([`DROP DATABASE ${name}`, `ALTER DATABASE ${before} RENAME TO ${name}`]);
    } finally {
      await admin.end();
    }
    await enqueueOutbox(pool, { ...read, data: { key: 'k1', what: 'three' } });
    await expect(writer.commit(EMPTY_BATCH)).rejects.toMatchObject({ code: 'RECORD_SUPERSEDED' });
    await writer.begin();
    await writer.commit(EMPTY_BATCH);
    await expectWholeLog();
    const own = (await log()).map(({ epoch, seq, type }) => ({ old: epoch === rows[0]?.epoch, seq, type }));
    expect(own).toEqual([
      { old: true, seq: 1, type: 'producer.started' },
      { old: false, seq: 1, type: 'producer.started' },
      { old: false, seq: 2, type: 'producer.lost' },
      { old: false, seq: 3, type: 'record.read' },
      { old: false, seq: 4, type: 'log.restored' },
    ]);
    const lost = (await log()).find((event) => event.type === 'producer.lost');
    expect(JSON.parse(lost!.body.toString('utf8'))).toMatchObject({
      data: { node: 'record', epoch: rows[0]?.epoch, from: 2, to: 3, by: 'producer' },
    });
  });

  it('takes a COMMIT that comes with a warning as open', async () => {
    const writer = await activeWriter();
    await pool.query(`
      CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'canceling wait'; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()`);
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1'));
    await expect(writer.commit(batchOf(advanceOf(producer, producer.made)))).rejects.toThrow(/warning: canceling wait/);
    expect(writer.isReady).toBe(false);
  });

  it('gives up on a transaction that never answers', async () => {
    const writer = newWriter({ commitDeadlineMs: 300 });
    await writer.begin();
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1'));
    const blocker = await pool.connect();
    await blocker.query('BEGIN; LOCK TABLE run');
    await expect(writer.commit(batchOf(advanceOf(producer, producer.made)))).rejects.toMatchObject({
      code: 'RECORD_UNAVAILABLE',
    });
    await blocker.query('ROLLBACK');
    blocker.release();
    await writer.begin();
    await writer.commit(batchOf(advanceOf(producer, producer.made)));
    await expectWholeLog();
  });

  it('sets aside in place what Postgres refuses, and what is no event', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 50; n++) {
      producer.emit(
        n % 17 === 3
          ? sessionDraft(`s${n}`, { identity: { id: 'a\0b', kind: 'agent', verified: false } })
          : sessionDraft(`s${n}`),
      );
    }
    producer.emitBytes(Buffer.from('{"not":"an event"}'));
    producer.emit(sessionDraft('after'));
    const commit = await writer.commit(batchOf(advanceOf(producer, producer.made)));
    expect(commit?.quarantined).toBe(4);
    await expectWholeLog();
    const events = (await log()).filter((event) => event.epoch === producer.epoch);
    expect(events.filter((event) => event.type === 'quarantined').map((event) => event.seq)).toEqual([4, 21, 38, 51]);
    expect(events[3]).toMatchObject({ sessionId: null, identityId: null, occurredAt: null, class: 'standard' });
    expect(events[3]!.body.equals(producer.made[3]!.bytes)).toBe(true);
    const { rows } = await pool.query('SELECT position, reason FROM quarantine ORDER BY position');
    expect(rows.length).toBe(4);
    expect(rows[0].reason).toContain('PostgreSQL refused it');
    // The same writer goes on.
    producer.emit(sessionDraft('later'));
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(-1))));
    await expectWholeLog();
  });

  it('records a missing or unknown class as the longest of the session classes', async () => {
    await pool.query(`INSERT INTO retention_class VALUES ('brief', '30 days'), ('sevenyears', '7 years')`);
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1', { class: 'nosuch' }));
    producer.emit(sessionDraft('s1', { class: 'brief' }));
    producer.emitBytes(Buffer.from('x'));
    producer.emit(startedDraft());
    await writer.commit(batchOf(advanceOf(producer, producer.made)));
    const classes = (await log()).filter((event) => event.epoch === producer.epoch).map((event) => event.class);
    expect(classes).toEqual(['sevenyears', 'brief', 'sevenyears', 'system']);
    await expectWholeLog();
  });

  it('moves outbox rows into the log as node record, in order, and only committed ones', async () => {
    const writer = await activeWriter();
    const draft = (what: string) => ({
      type: 'record.read' as const,
      time: '2026-11-25T12:00:00.000000Z',
      class: 'system',
      data: { key: 'k1', what },
    });
    const client = await pool.connect();
    await client.query('BEGIN');
    await enqueueOutbox(client, draft('rolled back'));
    await client.query('ROLLBACK');
    client.release();
    await enqueueOutbox(pool, draft('one'));
    await enqueueOutbox(pool, draft('two \0 with a NUL'));
    await pool.query(`INSERT INTO outbox (body) VALUES ('{"type":"command.issued"}'), ('"nonsense"')`);
    expect(await writer.commit(EMPTY_BATCH)).toMatchObject({ outbox: 4, quarantined: 2 });
    expect(await writer.commit(EMPTY_BATCH)).toBeUndefined();
    const events = await log();
    expect(events.map((event) => event.type)).toEqual([
      'producer.started',
      'record.read',
      'record.read',
      'quarantined',
      'quarantined',
    ]);
    expect(events.every((event) => event.node === 'record')).toBe(true);
    expect(JSON.parse(events[2]!.body.toString()).data.what).toBe('two \0 with a NUL');
    await expectWholeLog();
    await expect(enqueueOutbox(pool, sessionDraft('s1'))).rejects.toMatchObject({ code: 'RECORD_OUTBOX_TYPE' });
  });

  it('opens an own epoch for each tenure, linked to the one before, which it closes', async () => {
    const one = await activeWriter();
    await pool.query('UPDATE log_head SET lease_until = now()');
    const two = await activeWriter();
    await two.end('test');
    const three = await activeWriter();
    expect(three.isReady).toBe(true);
    expect(one.isReady).toBe(true);
    const events = await log();
    const epochs = [...new Set(events.map((event) => event.epoch))];
    expect(events.map((event) => event.type)).toEqual([
      'producer.started',
      'producer.started',
      'producer.stopped',
      'producer.started',
    ]);
    expect(JSON.parse(events[1]!.body.toString()).data.previous).toMatchObject({ epoch: epochs[0], seq: 1 });
    expect(JSON.parse(events[3]!.body.toString()).data.previous).toMatchObject({ epoch: epochs[1], seq: 2 });
    const { rows } = await pool.query(`SELECT epoch, state, head_signature FROM producer_epoch WHERE node = 'record'`);
    expect(Object.fromEntries(rows.map((row) => [row.epoch, row.state]))).toEqual({
      [epochs[0]!]: 'closed',
      [epochs[1]!]: 'closed',
      [epochs[2]!]: 'open',
    });
    expect(rows.every((row) => row.head_signature.equals(SIGNATURE))).toBe(true);
    await expectWholeLog();
  });

  it('waits for the lease while another holds it, and takes over when it expires', async () => {
    const one = await activeWriter({ leaseMs: 300 });
    const two = newWriter({ leaseMs: 300 });
    expect(await two.begin()).toBe(false);
    expect(await one.keepLease()).toBe(true);
    await until('the lease expires', async () => two.begin());
    expect(await one.keepLease()).toBe(false);
  });

  it('goes across a gap that the producer signed, and names it in the same transaction', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 10; n++) producer.emit(sessionDraft('s1'));
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(0, 3))));
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(6), true)));
    const lost = (await log()).find((event) => event.type === 'producer.lost')!;
    expect(JSON.parse(lost.body.toString()).data).toEqual({
      node: NODE,
      epoch: producer.epoch,
      from: 4,
      to: 6,
      by: 'producer',
    });
    expect(await findMark(pool, NODE, producer.epoch)).toMatchObject({ seq: 10, state: 'open' });
  });

  it('goes across a hole that a person declared, and on with the number after it', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 10; n++) producer.emit(sessionDraft('s1'));
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(0, 3))));
    const loss = { node: NODE, epoch: producer.epoch, by: 'ops', reason: 'disk gone' };
    await expect(declareLost(pool, { ...loss, to: 3 })).rejects.toMatchObject({ code: 'RECORD_NOTHING_LOST' });
    await expect(declareLost(pool, { ...loss, epoch: 'ffffffffffffffff' as never, to: 3 })).rejects.toMatchObject({
      code: 'RECORD_EPOCH_UNKNOWN',
    });
    await declareLost(pool, { ...loss, to: 6 });
    const commit = await writer.commit(EMPTY_BATCH);
    expect(commit?.declared).toMatchObject([{ epoch: producer.epoch, seq: 6, state: 'lost' }]);
    const lost = (await log()).find((event) => event.type === 'producer.lost')!;
    expect(JSON.parse(lost.body.toString()).data).toMatchObject({
      from: 4,
      to: 6,
      by: 'person',
      reason: 'ops: disk gone',
    });
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(6))));
    expect(await findMark(pool, NODE, producer.epoch)).toMatchObject({ seq: 10, state: 'open' });
  });

  it('closes an epoch when its producer stopped, or when its successor says where it ended', async () => {
    const writer = await activeWriter();
    const stopped = new TestProducer(NODE);
    stopped.emit(startedDraft());
    stopped.emit(stoppedDraft());
    const crashed = new TestProducer(NODE);
    for (let n = 0; n < 4; n++) crashed.emit(sessionDraft('s1'));
    const next = new TestProducer(NODE);
    next.emit(startedDraft({ epoch: crashed.epoch, seq: 4, chain: crashed.chain.toString('hex') }));
    const first = await writer.commit(
      batchOf(
        advanceOf(stopped, stopped.made),
        advanceOf(next, next.made),
        advanceOf(crashed, crashed.made.slice(0, 2)),
      ),
    );
    const stateIn = (commit: typeof first, of: TestProducer) =>
      commit?.marks.find((mark) => mark.epoch === of.epoch)?.state;
    expect(stateIn(first, stopped)).toBe('closed');
    expect(stateIn(first, crashed)).toBe('open');
    // Also another tenure remembers what it waits for.
    await writer.end('test');
    const second = await activeWriter();
    expect(stateIn(await second.commit(batchOf(advanceOf(crashed, crashed.made.slice(2)))), crashed)).toBe('closed');
  });

  it('refuses a forked epoch for good, and says so on the record', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    for (let n = 0; n < 4; n++) producer.emit(sessionDraft('s1'));
    await writer.commit(batchOf(advanceOf(producer, producer.made.slice(0, 2))));
    const fork = {
      node: NODE,
      epoch: producer.epoch,
      seq: 2,
      recordedChain: producer.made[1]!.chain,
      foundChain: Buffer.alloc(32, 7),
    };
    const commit = await writer.commit({ ...EMPTY_BATCH, forks: [fork, fork] });
    expect(commit?.marks).toMatchObject([{ epoch: producer.epoch, state: 'forked', seq: 2 }]);
    expect((await log()).filter((event) => event.type === 'producer.forked').length).toBe(1);
    await expect(writer.commit(batchOf(advanceOf(producer, producer.made.slice(2))))).rejects.toMatchObject({
      code: 'RECORD_OUT_OF_ORDER',
    });
  });

  it('keeps foreign entries once per digest, without a position', async () => {
    const writer = await activeWriter();
    const entry = { stream: 'audit:{gw-1}:x', entryId: '0-1', bytes: Buffer.from('junk'), reason: 'not a \0 frame' };
    await writer.commit({ ...EMPTY_BATCH, foreign: [entry, { ...entry, entryId: '0-2' }] });
    await writer.commit({ ...EMPTY_BATCH, foreign: [entry] });
    const { rows } = await pool.query('SELECT entry_id, reason FROM foreign_entry');
    expect(rows).toEqual([{ entry_id: '0-1', reason: 'not a \\0 frame' }]);
    // It is on the record, once: the same stream is not named again within a minute.
    await writer.commit({ ...EMPTY_BATCH, foreign: [{ ...entry, bytes: Buffer.from('more') }] });
    await writer.commit(EMPTY_BATCH);
    const said = (await pool.query<{ body: Buffer }>(`SELECT body FROM event WHERE type = 'producer.foreign'`)).rows;
    expect(said.map(({ body }) => decodeEvent(body).data)).toEqual([
      expect.objectContaining({
        node: 'gw-1',
        stream: entry.stream,
        entry: '0-1',
        reason: 'not a \\0 frame',
        count: 1,
      }),
    ]);
  });

  it('never lets recorded_at fall, also where the clock of Postgres went back', async () => {
    const writer = await activeWriter();
    await pool.query(`UPDATE log_head SET recorded_at = now() + interval '1 hour'`);
    const ahead = (await readHead(pool)).recordedAt;
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1'));
    expect((await writer.commit(batchOf(advanceOf(producer, producer.made))))?.recordedAt).toBe(ahead);
  });

  it('makes the partition of a new period when the first event of it comes', async () => {
    const writer = await activeWriter();
    await pool.query(`UPDATE log_head SET recorded_at = now() + interval '70 days'`);
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1'));
    await writer.commit(batchOf(advanceOf(producer, producer.made)));
    await expectWholeLog();
  });

  it('is append-only in the database itself', async () => {
    const writer = await activeWriter();
    const producer = new TestProducer(NODE);
    producer.emit(sessionDraft('s1'));
    await writer.commit(batchOf(advanceOf(producer, producer.made)));
    const { rows } = await pool.query(`SELECT name FROM partition WHERE class = 'standard' LIMIT 1`);
    for (const statement of [
      'UPDATE event SET outcome = NULL',
      'DELETE FROM event',
      'TRUNCATE event CASCADE',
      `TRUNCATE ${rows[0].name}`,
      `DELETE FROM ${rows[0].name}`,
      'UPDATE run SET node = node',
      'DELETE FROM run',
      'TRUNCATE run',
    ]) {
      await expect(pool.query(statement)).rejects.toThrow(/append-only/);
    }
    await expectWholeLog();
  });
});
