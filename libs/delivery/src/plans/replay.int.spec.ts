import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { EventDraft } from '#events';
import { type RecordedEvent, readEvents } from '#record';
import { sessionDraft, type TestProducer } from '../../../../test/support/producer.js';
import { testRedisUrl, until } from '../../../../test/support/servers.js';
import { SessionEvents } from '../../../../test/support/session-events.js';
import { TestRecord } from '../../../../test/support/test-record.js';
import { DatadogDestination } from '../../datadog/src/datadog-destination.js';
import { type StandIn, startStandIn } from '../../datadog/src/stand-in/stand-in.js';
import { Forwarder, type ForwarderOptions } from '../forwarder.js';
import { announceDestination } from '../ledger.js';
import { operatorDuties } from '../operator-duties.js';
import { makePlan, type PlanRequest } from './make-plan.js';
import { BLOCK_POSITIONS, judgePlan, listBlocks, type Plan, type PlanState, planProgress, readPlan } from './plan.js';
import { cancelReplay, pauseReplay, resumeReplay, startReplay } from './run-plan.js';

// Real PostgreSQL, real Redis, the whole forwarder. Faked: Datadog, by the stand-in. What is judged is what the stand-in holds.

const KEY = 'local-test-key';
const BY = 'api-key:test';
const QUICK = { baseMs: 20, capMs: 100, pausedProbeMs: 100 };

describe('a replay', () => {
  let record: TestRecord;
  let producer: TestProducer;
  let standIn: StandIn;
  let redisUrl: string;
  let running: Forwarder[] = [];

  beforeEach(async () => {
    [record, standIn, redisUrl] = await Promise.all([
      TestRecord.open(),
      startStandIn({ port: 0, apiKeys: [KEY] }),
      testRedisUrl(),
    ]);
    producer = await record.producer('gw-1');
  });
  afterEach(async () => {
    await stop();
    await standIn.close();
    await record.close();
  });

  async function stop(): Promise<void> {
    await Promise.all(running.map((forwarder) => forwarder.stop()));
    running = [];
  }

  async function forward(options: Partial<ForwarderOptions> & { perBatch?: number } = {}): Promise<void> {
    const { perBatch = 400, ...rest } = options;
    const destination = new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true });
    Object.assign(destination, { limits: { ...destination.limits, count: perBatch } });
    const made = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl,
      destination,
      policy: QUICK,
      sweepMs: 200,
      leaseMs: 2_000,
      duties: operatorDuties(),
      ...rest,
    });
    running.push(made);
    await made.start();
  }

  /** Sessions of two identities on three connections, so that every kind of selection finds some and leaves some. */
  async function fill(sessions: number, prefix = 's'): Promise<RecordedEvent[]> {
    const drafts: EventDraft[] = [];
    for (let n = 0; n < sessions; n++) {
      const facts = { identity: `agent-${n % 2}`, connection: `db-${n % 3}` };
      const session = new SessionEvents(`${prefix}${n}`, facts);
      drafts.push(session.opened(), ...session.command(`SELECT ${n}`), session.closed());
    }
    for (let at = 0; at < drafts.length; at += 700) await record.record(producer, drafts.slice(at, at + 700));
    return readEvents(record.pool, { after: -1n, limit: 100_000 });
  }

  async function delivered(): Promise<void> {
    await until('live has nothing left', async () => {
      const { rows } = await record.pool.query<{ open: boolean }>(
        `SELECT EXISTS (SELECT FROM delivery_range, log_head WHERE plan IS NULL AND next_pos < coalesce(to_pos, size))
             OR EXISTS (SELECT FROM delivery_batch WHERE state IN ('due', 'sending', 'paused')) AS open`,
      );
      return rows[0]?.open === false;
    });
  }

  function plan(request: PlanRequest = {}): Promise<Plan> {
    return makePlan(record.pool, 'replay', request, BY);
  }

  function reached(id: string, state: PlanState, timeoutMs = 20_000): Promise<Plan> {
    return until(
      `${id} is ${state}`,
      async () => {
        const found = await readPlan(record.pool, 'replay', id);
        return found.state === state && (state !== 'cancelled' || found.report !== null) && found;
      },
      timeoutMs,
    );
  }

  async function planned(request: PlanRequest = {}): Promise<Plan> {
    return reached((await plan(request)).id, 'planned');
  }

  /** Ids that the stand-in got in the lane of replays, in the order of their arrival. */
  function replayed(): string[] {
    const entries = standIn.entries() as unknown as { evt: { id: string }; delivery: { lane: string } }[];
    return entries.filter((entry) => entry.delivery.lane === 'replay').map((entry) => entry.evt.id);
  }

  function idsOf(events: readonly RecordedEvent[]): string[] {
    return events.map((event) => `${event.epoch}.${event.seq}`);
  }

  async function eventsOnRecord(type: string): Promise<Record<string, unknown>[]> {
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 100_000 });
    return events.filter((event) => event.type === type).map((event) => JSON.parse(event.body.toString()).data);
  }

  /** As retention will do it: the rows go, and a purge says so. */
  async function purge(from: bigint, to: bigint, isRecorded = true): Promise<void> {
    const client = await record.pool.connect();
    try {
      await client.query('SET session_replication_role = replica');
      await client.query('DELETE FROM event WHERE position >= $1 AND position < $2', [from, to]);
      await client.query('SET session_replication_role = DEFAULT');
      if (!isRecorded) return;
      await client.query(
        `INSERT INTO purge (class, from_at, to_at, count, digest) VALUES ('standard', '2020-01-01', '2100-01-01', $1, '\\x00')`,
        [to - from],
      );
    } finally {
      client.release();
    }
  }

  it('sends exactly what its plan lists, whatever is selected', async () => {
    const events = await fill(700);
    await forward({ perBatch: 170 });
    await delivered();
    const size = events.length;
    const some = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const request = fc.record({
      from: fc.nat(size),
      length: fc.nat(size),
      type: some(['session.closed'], ['command.*'], ['session.opened', 'command.completed']),
      connection: some(['db-0'], ['db-1', 'db-2'], ['db-nowhere']),
      identity: some(['agent-1']),
      session: some(['s3', 's4', 's699']),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ from, length, type, connection, identity, session }) => {
        const to = Math.min(size, from + length);
        const terms = Object.entries({ type, connection, identity, session }).filter(([, values]) => values);
        const query = terms.map(([field, values]) => `${field}:${values?.join(',')}`).join(' ');
        const made = await planned({ from: String(from), to: String(to), ...(query ? { query } : {}) });
        const wanted = events.filter(
          (event) =>
            event.position >= from &&
            event.position < to &&
            (type?.some(
              (one) => event.type === one || (one.endsWith('*') && event.type.startsWith(one.slice(0, -1))),
            ) ??
              true) &&
            (connection?.includes(event.connection ?? '') ?? true) &&
            (identity?.includes(event.identityId ?? '') ?? true) &&
            (session?.includes(event.sessionId ?? '') ?? true),
        );
        expect(made.count).toBe(BigInt(wanted.length));

        const blocks = await listBlocks(record.pool, made.id, -1n, 1_000);
        const thousands = new Map<bigint, RecordedEvent[]>();
        for (const event of wanted) {
          const thousand = event.position / BLOCK_POSITIONS;
          thousands.set(thousand, [...(thousands.get(thousand) ?? []), event]);
        }
        const digest = (ids: string[]) =>
          createHash('sha256')
            .update(ids.map((id) => `${id}\n`).join(''))
            .digest('hex');
        expect(blocks.map((block) => [block.count, block.digest])).toEqual(
          [...thousands.values()].map((of) => [of.length, digest(idsOf(of))]),
        );

        standIn.clear();
        if (wanted.length === 0) return;
        await startReplay(record.pool, made.id, BY);
        const { report } = await reached(made.id, 'finished');
        expect(replayed().sort()).toEqual(idsOf(wanted).sort());
        expect(report).toMatchObject({ planned: wanted.length, sent: wanted.length, isEqual: true, differing: 0 });
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  it('counts what is late as of now, says so at the end, and puts each act on the record', async () => {
    const events = await fill(10);
    await forward();
    await delivered();
    const { id, late, count, bytes, observed } = await planned({ query: 'type:session.closed' });
    // They are dated November 2026; a log more than 18 hours old would be dropped, so they show at their receipt time.
    expect({ late, count, observed }).toEqual({ late: 10n, count: 10n, observed: 0n });
    standIn.clear();
    await startReplay(record.pool, id, BY);
    const { report, startedAt, finishedAt } = await reached(id, 'finished');
    expect(report).toMatchObject({ sent: 10, late: 10, possibleDuplicates: 0 });
    expect(finishedAt! > startedAt!).toBe(true);
    const sentBytes = standIn.entries().reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)), 0);
    expect(Number(bytes)).toBeGreaterThan(sentBytes * 0.5);
    expect(await eventsOnRecord('replay.planned')).toEqual([
      {
        replay: id,
        what: `positions 0 to ${events.length}; types session.closed`,
        count: 10,
        destination: 'datadog',
        by: BY,
      },
    ]);
    expect(await eventsOnRecord('replay.started')).toEqual([{ replay: id, by: BY }]);
    expect(await eventsOnRecord('replay.finished')).toEqual([{ replay: id, outcome: 'success', sent: 10, late: 10 }]);
  });

  it('takes instants for positions', async () => {
    await fill(10);
    const middle = (await readEvents(record.pool, { after: -1n, limit: 1_000 })).at(-1)!.recordedAt;
    await record.record(producer, [sessionDraft('after')]);
    await announceDestination(record.pool, {
      name: 'datadog',
      kind: 'datadog',
      startAt: 'beginning',
      isHeld: false,
      selection: {},
    });
    const size = (await readEvents(record.pool, { after: -1n, limit: 1_000 })).length;
    const positions = async (request: PlanRequest) => {
      const { fromPos, toPos } = await plan(request);
      return [Number(fromPos), Number(toPos)];
    };
    // Every event of the first transaction was recorded at `middle`.
    expect(await positions({ to: middle })).toEqual([0, (await positions({ to: middle }))[1]]);
    expect(await positions({ to: '2020-01-01T00:00:00.000000Z' })).toEqual([0, 0]);
    expect(await positions({ from: '2999-01-01T00:00:00.000000Z' })).toEqual([size, size]);
    expect((await positions({ from: middle }))[1]).toBe(size);
    expect(await positions({ session: 'after' })).toEqual([size - 1, size]);
    await expect(plan({ from: '9', to: '3' })).rejects.toMatchObject({ code: 'DELIVERY_RANGE_INVALID' });
    await expect(plan({ session: 'a', query: 'session:b' })).rejects.toMatchObject({
      code: 'DELIVERY_SELECTION_INVALID',
    });
    await expect(plan({ destination: 'moon' })).rejects.toMatchObject({
      code: 'DELIVERY_DESTINATION_UNKNOWN',
      message: 'there is no destination "moon": datadog',
    });
  });

  it('that would send nothing says so, and is not started', async () => {
    await fill(5);
    await forward();
    const { id, count } = await planned({ query: 'connection:nowhere' });
    expect(count).toBe(0n);
    await expect(startReplay(record.pool, id, BY)).rejects.toMatchObject({
      code: 'DELIVERY_PLAN_EMPTY',
      message: expect.stringContaining('lists nothing'),
    });
    expect((await planned({ session: 'nobody' })).count).toBe(0n);
    expect((await planned({ from: '3', to: '3' })).count).toBe(0n);
  });

  it('never sends what the filter of its destination leaves out', async () => {
    const events = await fill(20);
    await forward({ entry: { selection: { types: ['session.*'] } } });
    const { id, count } = await planned({ query: 'identity:agent-1' });
    expect(count).toBe(20n);
    await startReplay(record.pool, id, BY);
    await reached(id, 'finished');
    const wanted = events.filter((one) => one.identityId === 'agent-1' && one.type.startsWith('session.'));
    expect(replayed().sort()).toEqual(idsOf(wanted).sort());
  });

  it('is refused when the filter, the mapping or the log is another than when it was planned, and says how', async () => {
    await fill(5);
    await forward();
    const { id } = await planned();
    const refused = (message: string) =>
      expect(startReplay(record.pool, id, BY)).rejects.toMatchObject({
        code: 'DELIVERY_PLAN_STALE',
        message: expect.stringContaining(message),
      });
    const entry = { name: 'datadog', kind: 'datadog', startAt: 'beginning', isHeld: false } as const;
    await announceDestination(record.pool, { ...entry, selection: { types: ['session.closed'] } });
    await refused('{"types":["session.closed"]} (version 2) now');
    // The same filter under a new number is the same filter.
    await announceDestination(record.pool, { ...entry, selection: {} });
    expect((await judgePlan(record.pool, await readPlan(record.pool, 'replay', id))).stale).toEqual([]);
    await record.pool.query('UPDATE delivery_destination SET mapping_version = 99');
    await refused('the mapping of datadog is another: version 2 when it was planned, 99 now');
    await record.pool.query('UPDATE delivery_destination SET mapping_version = 2');
    await record.pool.query('UPDATE log_head SET generation = 2');
    await refused('the log was restored: it is generation 2');
    await record.pool.query('UPDATE log_head SET generation = 1');
    await startReplay(record.pool, id, BY);
    await expect(startReplay(record.pool, id, BY)).rejects.toMatchObject({ code: 'DELIVERY_PLAN_STATE' });
    await reached(id, 'finished');
  });

  it('lists what was purged since it was planned, and its report says of which blocks', async () => {
    const events = await fill(600);
    await forward();
    await delivered();
    const { id } = await planned();
    await purge(1_000n, 1_050n);
    standIn.clear();
    const { purges } = await startReplay(record.pool, id, BY);
    expect(purges).toMatchObject([{ class: 'standard', count: 50 }]);
    const { report } = await reached(id, 'finished');
    expect(report).toMatchObject({
      planned: events.length,
      sent: events.length - 50,
      purged: 50,
      missing: 0,
      isEqual: false,
      differing: 1,
      differences: [{ from: '1000', to: '2000', planned: 1_000, sent: 950, purged: 50 }],
      purges: [{ count: 50 }],
    });
    expect(replayed()).toHaveLength(events.length - 50);
    const [, second] = await listBlocks(record.pool, id, -1n, 10);
    expect(second?.outcome).toEqual({
      sent: 950,
      late: 950,
      dead: 0,
      purged: 50,
      missing: 0,
      unsent: 0,
      possibleDuplicates: 0,
      isEqual: false,
    });
    expect(await eventsOnRecord('replay.finished')).toMatchObject([{ outcome: 'failure' }]);
  });

  it('calls what is gone without a purge missing', async () => {
    await fill(20);
    await forward();
    const { id } = await planned();
    await purge(10n, 13n, false);
    await startReplay(record.pool, id, BY);
    expect((await reached(id, 'finished')).report).toMatchObject({ missing: 3, purged: 0, isEqual: false, purges: [] });
  });

  it('rests and goes on, and nothing is sent meanwhile', async () => {
    const events = await fill(600);
    await forward({ rate: { eventsPerSecond: 1_500 }, perBatch: 100 });
    await delivered();
    const { id } = await planned();
    standIn.clear();
    await startReplay(record.pool, id, BY);
    await until('it sends', () => replayed().length > 0);
    await pauseReplay(record.pool, id, BY);
    await expect(pauseReplay(record.pool, id, BY)).rejects.toMatchObject({ code: 'DELIVERY_PLAN_STATE' });
    await until('what was under way has ended', async () => {
      const { rows } = await record.pool.query(`SELECT FROM delivery_batch WHERE state = 'sending'`);
      return rows.length === 0;
    });
    const before = replayed().length;
    expect(before).toBeLessThan(events.length);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(replayed()).toHaveLength(before);
    expect(await planProgress(record.pool, id)).toMatchObject({ sent: BigInt(before) });
    await resumeReplay(record.pool, id, BY);
    const { report } = await reached(id, 'finished');
    expect(report).toMatchObject({ isEqual: true, sent: events.length });
    expect(replayed().sort()).toEqual(idsOf(events).sort());
    expect(await eventsOnRecord('replay.paused')).toEqual([{ replay: id, by: BY }]);
    expect(await eventsOnRecord('replay.resumed')).toEqual([{ replay: id, by: BY }]);
  }, 60_000);

  it('is cancelled for good: what was sent is said, and the rest is not sent', async () => {
    const events = await fill(600);
    await forward({ rate: { eventsPerSecond: 1_500 }, perBatch: 100 });
    await delivered();
    const { id } = await planned();
    standIn.clear();
    await startReplay(record.pool, id, BY);
    await until('it sends', () => replayed().length > 0);
    await cancelReplay(record.pool, id, BY);
    const { report, reason } = await reached(id, 'cancelled');
    expect(reason).toBe(`cancelled by ${BY}`);
    const sent = replayed().length;
    expect(report).toMatchObject({ planned: events.length, sent, unsent: events.length - sent, purged: 0, missing: 0 });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(replayed()).toHaveLength(sent);
    await expect(resumeReplay(record.pool, id, BY)).rejects.toMatchObject({ code: 'DELIVERY_PLAN_STATE' });
    expect(await eventsOnRecord('replay.cancelled')).toEqual([{ replay: id, by: BY }]);
    expect(await eventsOnRecord('replay.finished')).toMatchObject([{ outcome: 'cancelled', sent }]);
  }, 60_000);

  it('cancelled while an attempt hangs waits for its end, and counts what a vanished forwarder may have sent', async () => {
    await fill(10);
    await forward();
    await delivered();
    const { id } = await planned();
    standIn.faults.add({ kind: 'hang', count: null });
    await startReplay(record.pool, id, BY);
    const sending = () =>
      record.pool
        .query(`SELECT FROM delivery_batch WHERE lane = 'replay' AND state = 'sending'`)
        .then((all) => all.rows.length > 0);
    await until('a request hangs', sending);
    // A killed forwarder leaves a lease that runs out; this one is only cut off from its batch, which comes to the same.
    await record.pool.query(`UPDATE delivery_batch SET attempt = attempt + 1 WHERE lane = 'replay'`);
    await cancelReplay(record.pool, id, BY);
    const { report } = await reached(id, 'cancelled');
    expect(report).toMatchObject({ sent: 0, unsent: report?.planned, possibleDuplicates: report?.planned });
  });

  it('counts what is observed, and leaves out with missing-only what is there or on its way', async () => {
    const events = await fill(600);
    await forward({ perBatch: 100 });
    await delivered();
    await stop();
    const { rows } = await record.pool.query<{ id: bigint; from_pos: bigint; to_pos: bigint }>(
      'SELECT id, from_pos, to_pos FROM delivery_batch ORDER BY from_pos',
    );
    const lost = rows[3]!;
    await record.pool.query(`UPDATE delivery_batch SET state = 'observed' WHERE id <> $1`, [lost.id]);
    await record.pool.query(`UPDATE delivery_batch SET state = 'cancelled' WHERE id = $1`, [lost.id]);
    await forward();
    const all = await planned();
    expect(all.observed).toBe(BigInt(events.length) - (lost.to_pos - lost.from_pos));
    const missing = await planned({ missingOnly: true });
    const wanted = events.filter((event) => event.position >= lost.from_pos && event.position < lost.to_pos);
    expect(missing.count).toBe(BigInt(wanted.length));
    standIn.clear();
    await startReplay(record.pool, missing.id, BY);
    expect((await reached(missing.id, 'finished')).report).toMatchObject({ isEqual: true, sent: wanted.length });
    expect(replayed().sort()).toEqual(idsOf(wanted).sort());
    expect((await planned({ missingOnly: true })).count).toBe(0n);
  }, 60_000);

  it('reports the events that its destination refuses', async () => {
    const events = await fill(30);
    await forward();
    await delivered();
    const { id } = await planned();
    const poison = idsOf(events)[17]!;
    standIn.faults.add({ kind: '400-for-query', query: `@evt.id:"${poison}"` });
    standIn.clear();
    await startReplay(record.pool, id, BY);
    const { report } = await reached(id, 'finished');
    expect(report).toMatchObject({
      planned: events.length,
      sent: events.length - 1,
      dead: 1,
      isEqual: false,
      differences: [{ from: '0', dead: 1 }],
    });
    expect(new Set(replayed()).size).toBe(events.length - 1);
  });

  it('is planned once by two forwarders, and to its end by one that begins later', async () => {
    const events = await fill(900);
    await forward();
    await forward();
    const { id } = await plan();
    await stop();
    const { nextPos, state } = await readPlan(record.pool, 'replay', id);
    await forward();
    const found = await reached(id, 'planned');
    expect(found.count).toBe(BigInt(events.length));
    expect(['planning', 'planned']).toContain(state);
    expect(nextPos).toBeLessThanOrEqual(found.toPos);
    expect(await eventsOnRecord('replay.planned')).toHaveLength(1);
  });
});
