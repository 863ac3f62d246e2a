import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { readEvents } from '#record';
import { Cable } from '../../../test/support/cable.js';
import { sessionDraft, type TestProducer } from '../../../test/support/producer.js';
import { testRedisUrl, until } from '../../../test/support/servers.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { DatadogDestination } from '../datadog/src/datadog-destination.js';
import { type StandIn, startStandIn } from '../datadog/src/stand-in/stand-in.js';
import { WebhookDestination } from '../webhook/src/webhook-destination.js';
import { catchUpDuty } from './catch-up.js';
import { Forwarder, type ForwarderOptions } from './forwarder.js';
import { jobId, QUEUE_PREFIX, queueName } from './lane-queue.js';
import { type CatchUpFacts, type DeliveryObserver, SILENT_OBSERVER } from './observer.js';
import { deliveryStatus } from './status.js';

// Real PostgreSQL, real Redis, the whole lane. Faked: Datadog, by the stand-in.

const KEY = 'local-test-key';
const QUICK = { baseMs: 20, capMs: 100, pausedProbeMs: 100 };

describe('Forwarder', () => {
  let record: TestRecord;
  let producer: TestProducer;
  let standIn: StandIn;
  let redisUrl: string;
  let redis: Redis;
  let running: Forwarder[] = [];

  beforeEach(async () => {
    [record, standIn, redisUrl] = await Promise.all([
      TestRecord.open(),
      startStandIn({ port: 0, apiKeys: [KEY] }),
      testRedisUrl(),
    ]);
    redis = new Redis(redisUrl);
    producer = await record.producer('gw-1');
  });
  afterEach(async () => {
    await Promise.all(running.map((forwarder) => forwarder.stop()));
    running = [];
    redis.disconnect();
    await standIn.close();
    await record.close();
  });

  async function forwarder(options: Partial<ForwarderOptions> = {}): Promise<Forwarder> {
    const made = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl,
      destination: new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true }),
      policy: QUICK,
      sweepMs: 200,
      leaseMs: 2_000,
      ...options,
    });
    running.push(made);
    await made.start();
    return made;
  }

  function drafts(count: number, prefix = 's') {
    return Array.from({ length: count }, (_, n) => sessionDraft(`${prefix}${n}`));
  }

  /** Ids of all recorded events, in order of position. */
  async function recordedIds(): Promise<string[]> {
    const events = await readEvents(record.pool, { after: -1n, limit: 100_000 });
    return events.map((event) => `${event.epoch}.${event.seq}`);
  }

  function arrived(): string[] {
    return standIn.entries().map((entry) => (entry.evt as { id: string }).id);
  }

  async function allArrived(timeoutMs = 10_000): Promise<string[]> {
    const ids = await recordedIds();
    await until(
      'every recorded event arrived',
      () => {
        const there = new Set(arrived());
        return ids.every((id) => there.has(id));
      },
      timeoutMs,
    );
    return ids;
  }

  async function states(): Promise<Record<string, number>> {
    const { rows } = await record.pool.query<{ state: string; n: number }>(
      'SELECT state, count(*)::int AS n FROM delivery_batch GROUP BY state',
    );
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  }

  async function settled(): Promise<Record<string, number>> {
    return until('no batch is open', async () => {
      const found = await states();
      return !found.due && !found.sending && !found.paused && found;
    });
  }

  /** Takes a row out of the record, as no process can. */
  async function damage(position: bigint): Promise<void> {
    await record.pool.query('ALTER TABLE event DISABLE TRIGGER USER');
    await record.pool.query('DELETE FROM event WHERE position = $1', [position]);
  }

  it('delivers each recorded event once, in batches, and says so', async () => {
    await record.record(producer, drafts(2_500));
    await forwarder();
    const ids = await allArrived();
    expect(arrived().sort()).toEqual([...ids].sort());
    await settled();
    const [live] = await deliveryStatus(record.pool);
    expect(live).toMatchObject({
      destination: 'datadog',
      lane: 'live',
      state: 'delivering',
      lagPositions: 0n,
      oldestUndeliveredAt: null,
      due: 0,
      sending: 0,
      deadLetters: 0,
    });
    expect(live?.cursor).toBe(live?.head);
  });

  it('delivers what is recorded while it is idle within a second', async () => {
    await forwarder();
    await allArrived();
    const elapsed: number[] = [];
    for (let n = 0; n < 20; n++) {
      const from = performance.now();
      await record.record(producer, drafts(1, `quick${n}-`));
      await allArrived();
      elapsed.push(performance.now() - from);
    }
    expect(Math.max(...elapsed)).toBeLessThan(1_000);
  });

  it('shares the work between two forwarders without sending anything twice', async () => {
    await record.record(producer, drafts(3_000));
    const destination = () => {
      const made = new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true });
      return Object.assign(made, { limits: { ...made.limits, count: 50 } });
    };
    await Promise.all([forwarder({ destination: destination() }), forwarder({ destination: destination() })]);
    const ids = await allArrived();
    expect(arrived().sort()).toEqual([...ids].sort());
    expect(standIn.counts.requests).toBe((await settled()).accepted);
  });

  it('goes on when Redis is emptied, whatever waited there', async () => {
    standIn.faults.add({ kind: '503', count: null });
    await forwarder({ policy: { ...QUICK, baseMs: 2_000, capMs: 2_000 } });
    await record.record(producer, drafts(10));
    await until('a retry waits in Redis', async () => (await redis.keys(`${QUEUE_PREFIX}*delayed`)).length > 0);
    standIn.faults.clear();
    // This test's own database of Redis; the effect on these queues is that of FLUSHALL.
    await redis.flushdb();
    await allArrived();
    await redis.flushdb();
    await record.record(producer, drafts(10, 'later'));
    const ids = await allArrived();
    expect(new Set(arrived()).size).toBe(ids.length);
  });

  it('is not blocked by a failed job that was left behind under the same name', async () => {
    const queue = new Queue(queueName('datadog', 'live'), { connection: redis, prefix: QUEUE_PREFIX });
    const failed = await queue.add('deliver', { batch: '1', attempt: 1 }, { jobId: jobId(1n, 1) });
    await redis.lrem(queue.toKey('wait'), 1, failed.id ?? '');
    await redis.zadd(queue.toKey('failed'), Date.now(), failed.id ?? '');
    expect(await failed.getState()).toBe('failed');
    await forwarder();
    await allArrived();
    await queue.close();
  });

  it('finds the one event that Datadog refuses, keeps it as a dead letter, and delivers the rest', async () => {
    await record.record(producer, drafts(200));
    const ids = await recordedIds();
    const poison = ids[77] ?? '';
    standIn.faults.add({ kind: '400-for-query', query: `@evt.id:"${poison}"` });
    const reasons: string[] = [];
    const observer: DeliveryObserver = { ...SILENT_OBSERVER, deadLetter: ({ reason }) => reasons.push(reason) };
    await forwarder({ observer });
    await until('the rest arrived', () => new Set(arrived()).size === ids.length - 1);
    await settled();
    expect(arrived().sort()).toEqual(ids.filter((id) => id !== poison).sort());
    const { rows } = await record.pool.query(
      'SELECT destination, position, event_id, body, reason, state FROM dead_letter',
    );
    expect(rows).toEqual([
      {
        destination: 'datadog',
        position: 77n,
        event_id: poison,
        body: expect.stringContaining(poison),
        reason: expect.stringContaining('refused on demand'),
        state: 'open',
      },
    ]);
    expect(reasons).toHaveLength(1);
    expect(await states()).toMatchObject({ dead: 1 });
  });

  it('does not let others wait with an event that makes the destination fail, and goes on trying that one', async () => {
    await record.record(producer, drafts(60));
    const ids = await recordedIds();
    const poison = ids[33] ?? '';
    standIn.faults.add({ kind: '500-for-query', query: `@evt.id:"${poison}"` });
    await forwarder({ policy: { ...QUICK, failuresBeforeProbing: 3 } });
    await until(
      'the others arrived',
      async () => {
        // Something else must be taken, or it is the destination that fails.
        await record.record(producer, drafts(1, `m${performance.now()}-`));
        const there = new Set(arrived());
        return ids.every((id) => id === poison || there.has(id));
      },
      30_000,
    );
    expect(arrived()).not.toContain(poison);
    expect(await states()).toMatchObject({ split: expect.any(Number) });
    expect(await states()).not.toMatchObject({ dead: expect.anything() });
    standIn.faults.clear();
    await allArrived();
  });

  it('halves a batch that a webhook is too slow for, without waiting for the lease of a probe', async () => {
    await record.record(producer, drafts(20));
    const ids = await recordedIds();
    const taken: string[] = [];
    const receiver = createServer((request, response) => {
      void text(request).then((body) => {
        const events = JSON.parse(body) as { id: string }[];
        // What is more than a few is still being worked on when the time is over.
        if (events.length > ids.length / 4) return;
        taken.push(...events.map(({ id }) => id));
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    try {
      const key = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
      await forwarder({
        destination: new WebhookDestination({
          ...{ name: 'slow', url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, allowPrivate: true },
          ...{ secrets: () => [key], batch: 'many', maxEvents: 100, timeoutMs: 200 },
        }),
        policy: { ...QUICK, failuresBeforeProbing: 1 },
        leaseMs: 60_000,
      });
      await until('every recorded event arrived', () => new Set(taken).size === ids.length);
      expect(taken.sort()).toEqual([...ids].sort());
      await settled();
      expect((await deliveryStatus(record.pool))[0]).toMatchObject({ state: 'delivering', reason: null });
    } finally {
      receiver.closeAllConnections();
      receiver.close();
    }
  });

  it('pauses at 403, loses nothing, and goes on by itself when the key works', async () => {
    standIn.setApiKeys(['another']);
    await record.record(producer, drafts(20));
    await forwarder();
    const paused = await until('the destination is paused', async () => {
      const [live] = await deliveryStatus(record.pool);
      return live?.state === 'paused' && live;
    });
    expect(paused.reason).toContain('403');
    const requests = standIn.counts.requests;
    await record.record(producer, drafts(20, 'more'));
    await until('a probe was sent', () => standIn.counts.requests > requests);
    expect(arrived()).toEqual([]);
    standIn.setApiKeys([KEY]);
    const ids = await allArrived();
    expect(arrived().sort()).toEqual([...ids].sort());
    await settled();
    expect((await deliveryStatus(record.pool))[0]).toMatchObject({ state: 'delivering', reason: null, paused: 0 });
    const everything = JSON.stringify([
      (await record.pool.query('SELECT * FROM delivery_batch')).rows.map((row) => JSON.stringify(row.answer)),
      (await record.pool.query('SELECT reason FROM delivery_destination')).rows,
    ]);
    expect(everything).not.toContain(KEY);
  });

  it('says what is missing from the record when a batch is sent again, and is silent where a purge accounts for it', async () => {
    standIn.faults.add({ kind: '503', count: 1_000 });
    const last = await record.record(producer, drafts(5));
    const said: string[] = [];
    await forwarder({ observer: { ...SILENT_OBSERVER, trouble: (what) => said.push(what) } });
    await until('it was tried', async () => {
      const { rows } = await record.pool.query('SELECT FROM delivery_batch WHERE attempt > 0');
      return rows.length > 0;
    });
    await damage(last - 1n);
    const missing = `1 events of batch 1 are missing from the record, the first at position ${last - 1n}, and no purge accounts for them`;
    await until('it is said', () => said.includes(missing));
    // The same gap, accounted for.
    await record.pool.query(
      `INSERT INTO purge (class, from_at, to_at, count, digest)
       SELECT class, recorded_at, recorded_at + interval '1 second', 1, sha256('') FROM event WHERE position = $1`,
      [last],
    );
    const { rows } = await record.pool.query<{ attempt: number }>('SELECT attempt FROM delivery_batch');
    // One attempt may have asked before the purge was there.
    const again = (more: number) =>
      until('it was tried again', async () => {
        const { rowCount } = await record.pool.query('SELECT FROM delivery_batch WHERE attempt >= $1', [
          rows[0]!.attempt + more,
        ]);
        return rowCount === 1;
      });
    await again(1);
    said.length = 0;
    await again(3);
    standIn.faults.clear();
    await settled();
    expect(said.filter((what) => what.includes('missing'))).toEqual([]);
    expect(arrived()).toHaveLength(Number(last));
  });

  it('takes an address that answers 400 to everything for a wrong address, not for wrong events', async () => {
    await record.record(producer, drafts(20));
    await forwarder({
      destination: new DatadogDestination({
        url: `${standIn.url}/api/v2/wrong`,
        apiKey: KEY,
        env: 'test',
        allowPrivate: true,
      }),
    });
    const [live] = await until('it is paused', async () => {
      const status = await deliveryStatus(record.pool);
      return status[0]?.state === 'paused' && status;
    });
    expect(live?.reason).toContain('answers 400 to everything');
    expect(live?.deadLetters).toBe(0);
  });

  it('sends again, for ever, through refusals, errors and cut lines', async () => {
    for (const kind of ['429', '500', '503', 'reset', '408', '502', '429', 'reset', '500', '503', '404']) {
      standIn.faults.add({ kind, ...(kind === '429' ? { rateLimitReset: '0.05' } : {}) });
    }
    await forwarder();
    await record.record(producer, drafts(10));
    const ids = await allArrived();
    expect(new Set(arrived()).size).toBe(ids.length);
  });

  it('counts what a lost answer may have doubled', async () => {
    let doubled = 0;
    const observer: DeliveryObserver = {
      ...SILENT_OBSERVER,
      possibleDuplicates: ({ events }) => {
        doubled += events;
      },
    };
    await forwarder({ observer });
    await allArrived();
    standIn.clear();
    standIn.faults.add({ kind: 'lose-answer' });
    await record.record(producer, drafts(3));
    await until('the second copies arrived', () => arrived().length >= 6 || doubled >= 3);
    await settled();
    const copies = arrived().length - new Set(arrived()).size;
    expect(copies).toBeGreaterThan(0);
    await until('they were counted', () => doubled === copies);
    const attempts = new Set(standIn.entries().map((entry) => (entry.delivery as { attempt: string }).attempt));
    expect(attempts).toContain('2');
  });

  it('takes over the batch of a forwarder that vanished between sending and settling', async () => {
    await forwarder();
    await allArrived();
    await Promise.all(running.splice(0).map((one) => one.stop()));
    await record.record(producer, drafts(5));
    // What a killed process leaves behind: a batch that is `sending`, its events at Datadog, and no job.
    const crashed = await forwarder({ leaseMs: 500 });
    await settled();
    await crashed.stop();
    running = [];
    await record.pool.query(
      `UPDATE delivery_batch SET state = 'sending', settled_at = NULL, lease_until = now() - interval '1 second'
        WHERE id = (SELECT max(id) FROM delivery_batch)`,
    );
    const before = arrived().length;
    await forwarder();
    await settled();
    expect(arrived().length).toBeGreaterThan(before);
    const { rows } = await record.pool.query('SELECT attempt, uncertain FROM delivery_batch ORDER BY id DESC LIMIT 1');
    expect(rows).toEqual([{ attempt: 2, uncertain: 1 }]);
  });

  it('sends nothing twice when PostgreSQL is away just as an accepted batch is to be settled', async () => {
    await record.record(producer, drafts(5));
    const { pool } = record;
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
    let refused = 0;
    const failing = (...args: unknown[]) =>
      refused < 3 && String(args[0]).includes(`state = 'accepted'`)
        ? Promise.reject(new Error(`PostgreSQL is away (${++refused})`))
        : query(...args);
    const flaky = new Proxy(pool, {
      get: (target, name) => {
        if (name === 'query') return failing;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    // A lease that ends before the settlement succeeds would be as good; this one is out of the way.
    await forwarder({ pool: flaky, leaseMs: 10_000 });
    const ids = await allArrived();
    await settled();
    expect(refused).toBe(3);
    expect(arrived().sort()).toEqual([...ids].sort());
  });

  it('jumps to the head when far behind, and lets catch-up bring the rest', async () => {
    await record.record(producer, drafts(500));
    const ends: CatchUpFacts[] = [];
    const destination = new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true });
    await forwarder({
      destination: Object.assign(destination, { limits: { ...destination.limits, count: 20 } }),
      cut: { jumpPositions: 100n },
      duties: [catchUpDuty()],
      observer: { ...SILENT_OBSERVER, caughtUp: (facts) => ends.push(facts) },
    });
    await until('live has jumped', async () =>
      (await deliveryStatus(record.pool)).some(({ lane }) => lane === 'catchup'),
    );
    await record.record(producer, drafts(3, 'new'));
    const ids = await allArrived();
    expect(arrived().sort()).toEqual([...ids].sort());
    const lanes = new Set(standIn.entries().map((entry) => (entry.delivery as { lane: string }).lane));
    expect(lanes).toEqual(new Set(['live', 'catchup']));
    await settled();
    expect((await deliveryStatus(record.pool)).every((lane) => lane.lagPositions === 0n)).toBe(true);
    const [end] = await until('its end is told', () => ends.length > 0 && ends);
    const caughtUp = standIn.entries().filter((entry) => (entry.delivery as { lane: string }).lane === 'catchup');
    const late = caughtUp.filter((entry) => String(entry.ddtags).includes('late:true')).length;
    expect(ends).toEqual([{ destination: 'datadog', from: 0n, to: end?.to, sent: caughtUp.length, late, dead: 0 }]);
  });

  it('starts before PostgreSQL is migrated, and delivers once it is', async () => {
    await record.pool.query('ALTER TABLE delivery_destination RENAME TO not_there_yet');
    const late = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl,
      destination: new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true }),
    });
    running.push(late);
    void late.start();
    expect(late.hindrance).toContain('PostgreSQL');
    await record.pool.query('ALTER TABLE not_there_yet RENAME TO delivery_destination');
    await allArrived();
    expect(late.hindrance).toBeUndefined();
  });

  it('stops in order while Redis is away, and leaves what was cut as due', async () => {
    const line = await lineToRedis();
    const stuck = await forwarder({ redisUrl: line.url });
    line.cable.set('cut');
    await until('it is noticed', () => stuck.hindrance?.includes('Redis'));
    await record.record(producer, drafts(3));
    await until('a batch was cut', async () => ((await states()).due ?? 0) > 0);
    const from = performance.now();
    await stuck.stop();
    expect(performance.now() - from).toBeLessThan(4_000);
    expect(await states()).toEqual({ due: expect.any(Number) });
    await forwarder();
    await allArrived();
    await line.cable.close();
  });

  it('starts before Redis is there, and delivers once it is', async () => {
    await record.record(producer, drafts(3));
    const line = await lineToRedis();
    line.cable.set('cut');
    const late = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl: line.url,
      destination: new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true }),
    });
    running.push(late);
    void late.start();
    await until('it waits for Redis', () => late.hindrance?.includes('Redis'));
    line.cable.set('pass');
    await allArrived();
    expect(late.hindrance).toBeUndefined();
    await late.stop();
    await line.cable.close();
  });

  async function lineToRedis(): Promise<{ cable: Cable; url: string }> {
    const through = new URL(redisUrl);
    const cable = await Cable.to(Number(through.port));
    through.port = String(cable.port);
    return { cable, url: through.href };
  }
});
