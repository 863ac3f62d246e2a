import { readEvents } from '#record';
import { sessionDraft, type TestProducer } from '../../../../test/support/producer.js';
import { testRedisUrl, until } from '../../../../test/support/servers.js';
import { TestRecord } from '../../../../test/support/test-record.js';
import { DatadogDestination } from '../../datadog/src/datadog-destination.js';
import { type StandIn, startStandIn } from '../../datadog/src/stand-in/stand-in.js';
import { listBatches } from '../batch-list.js';
import { CUT_OPTIONS } from '../cut.js';
import { Forwarder } from '../forwarder.js';
import { operatorDuties } from '../operator-duties.js';
import { deliveryOverview } from '../overview.js';
import { askForSweep } from '../sweep.js';
import {
  type DeadLetterState,
  discardDeadLetters,
  listDeadLetters,
  readDeadLetter,
  retryDeadLetters,
} from './dead-letters.js';

// Real PostgreSQL, real Redis, the whole forwarder. Faked: Datadog, by the stand-in, which refuses what a test chooses.

const KEY = 'local-test-key';
const BY = 'api-key:test';
const DATADOG = { destination: 'datadog' };

describe('dead letters', () => {
  let record: TestRecord;
  let producer: TestProducer;
  let standIn: StandIn;
  let forwarder: Forwarder;

  beforeEach(async () => {
    const [made, fake, redisUrl] = await Promise.all([
      TestRecord.open(),
      startStandIn({ port: 0, apiKeys: [KEY] }),
      testRedisUrl(),
    ]);
    record = made;
    standIn = fake;
    producer = await record.producer('gw-1');
    forwarder = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl,
      destination: new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true }),
      policy: { baseMs: 20, capMs: 100, pausedProbeMs: 100 },
      sweepMs: 200,
      duties: operatorDuties(),
    });
    await forwarder.start();
  });
  afterEach(async () => {
    await forwarder.stop();
    await standIn.close();
    await record.close();
  });

  /** Records sessions, of which those named are refused. @returns positions of the refused */
  async function refuse(sessions: number, refused: string): Promise<bigint[]> {
    standIn.faults.add({ kind: '400-for-query', query: `@session.id:${refused}` });
    await record.record(
      producer,
      Array.from({ length: sessions }, (_, n) => sessionDraft(`s${n}`)),
    );
    return until('the rest was delivered', async () => {
      const { rows } = await record.pool.query<{ open: boolean }>(
        `SELECT EXISTS (SELECT FROM delivery_range, log_head WHERE next_pos < coalesce(to_pos, size))
             OR EXISTS (SELECT FROM delivery_batch WHERE state IN ('due', 'sending', 'paused')) AS open`,
      );
      const letters = await listDeadLetters(record.pool, { state: 'open', limit: 1_000 });
      return rows[0]?.open === false && letters.length > 0 && letters.map((letter) => letter.position);
    });
  }

  function settled(position: bigint, state: DeadLetterState, batchState: string) {
    return until(`the letter is ${state} and ${batchState}`, async () => {
      const letter = await readDeadLetter(record.pool, 'datadog', position);
      return letter.state === state && letter.batchState === batchState && letter;
    });
  }

  function copies(id: string): { lane: string }[] {
    const entries = standIn.entries() as unknown as { evt: { id: string }; delivery: { lane: string } }[];
    return entries.filter((entry) => entry.evt.id === id).map((entry) => entry.delivery);
  }

  async function actsOnRecord(type: string): Promise<Record<string, unknown>[]> {
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 10_000 });
    return events.filter((event) => event.type === type).map((event) => JSON.parse(event.body.toString()).data);
  }

  it('are shown with the reason, and sent again once, as first deliveries, when their cause is gone', async () => {
    const [position] = await refuse(20, 's7');
    const letter = await readDeadLetter(record.pool, 'datadog', position!);
    expect(letter).toMatchObject({
      state: 'open',
      batchState: 'dead',
      reason: expect.stringContaining('refused on demand'),
    });
    expect(letter.body).toContain(letter.event);
    expect(letter.attempts.at(-1)).toMatchObject({ kind: 'invalid', status: 400 });
    standIn.faults.clear();
    expect(await retryDeadLetters(record.pool, { ...DATADOG, positions: [position!, 5_000n] }, BY)).toEqual({
      count: 1,
      skipped: [5_000n],
    });
    const retried = await settled(position!, 'retried', 'accepted');
    expect(retried.decidedBy).toBe(BY);
    expect(copies(letter.event)).toEqual([expect.objectContaining({ lane: 'catchup', attempt: '1' })]);
    const { batches } = await listBatches(record.pool, { position: position!, limit: 10 });
    // The dead batch stays as it was settled.
    expect(batches.map((batch) => batch.state).slice(0, 2)).toEqual(['accepted', 'dead']);
    expect(await actsOnRecord('deadletter.retried')).toEqual([
      { destination: 'datadog', count: 1, by: BY, events: [letter.event] },
    ]);
  });

  it('are open again when they are refused again', async () => {
    const [position] = await refuse(5, 's2');
    const before = await readDeadLetter(record.pool, 'datadog', position!);
    await retryDeadLetters(record.pool, DATADOG, BY);
    const again = await until('it is refused again', async () => {
      const found = await readDeadLetter(record.pool, 'datadog', position!);
      return found.state === 'open' && found.batch > before.batch && found;
    });
    expect(again.firstAt).toBe(before.firstAt);
    expect(copies(before.event)).toEqual([]);
    expect(await actsOnRecord('deadletter.opened')).toHaveLength(2);
  });

  it('are given up for good, with the reason, on the record', async () => {
    const [position] = await refuse(5, 's2');
    const { event } = await readDeadLetter(record.pool, 'datadog', position!);
    await discardDeadLetters(record.pool, { ...DATADOG, positions: [position!] }, BY, 'not worth it');
    standIn.faults.clear();
    await expect(retryDeadLetters(record.pool, { ...DATADOG, positions: [position!] }, BY)).rejects.toMatchObject({
      code: 'DELIVERY_DEAD_LETTER_UNKNOWN',
    });
    await expect(discardDeadLetters(record.pool, DATADOG, BY, 'again')).rejects.toMatchObject({
      code: 'DELIVERY_DEAD_LETTER_UNKNOWN',
    });
    expect(await readDeadLetter(record.pool, 'datadog', position!)).toMatchObject({
      state: 'discarded',
      decidedBy: BY,
      decidedReason: 'not worth it',
    });
    expect(copies(event)).toEqual([]);
    expect(await actsOnRecord('deadletter.discarded')).toEqual([
      { destination: 'datadog', count: 1, by: BY, reason: 'not worth it', events: [event] },
    ]);
  });

  it('are retried all at once, never more in a lane than it may hold, and each is named on the record', async () => {
    const positions = await refuse(260, 's1*');
    expect(positions.length).toBeGreaterThan(CUT_OPTIONS.maxOpen);
    standIn.faults.clear();
    let most = 0;
    const watch = setInterval(async () => {
      const { rows } = await record.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM delivery_batch WHERE lane = 'catchup' AND state IN ('due', 'sending')`,
      );
      most = Math.max(most, rows[0]?.n ?? 0);
    }, 10);
    try {
      await retryDeadLetters(record.pool, DATADOG, BY);
      await until('all were accepted', async () => {
        const letters = await listDeadLetters(record.pool, { limit: 1_000 });
        return letters.every((letter) => letter.state === 'retried' && letter.batchState === 'accepted');
      });
    } finally {
      clearInterval(watch);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(CUT_OPTIONS.maxOpen);
    const acts = await actsOnRecord('deadletter.retried');
    expect(acts.map((act) => act.count)).toEqual([100, positions.length - 100]);
    expect(acts.flatMap((act) => act.events)).toHaveLength(positions.length);
    const ids = standIn.entries().map((entry) => (entry.evt as { id: string }).id);
    expect(new Set(ids).size).toBe(ids.length);
  }, 60_000);

  it('come in pages', async () => {
    const positions = await refuse(30, 's2*');
    const first = await listDeadLetters(record.pool, { destination: 'datadog', state: 'open', limit: 4 });
    const second = await listDeadLetters(record.pool, { after: first.at(-1)!, limit: 1_000 });
    expect([...first, ...second].map((letter) => letter.position)).toEqual(positions);
    expect(await listDeadLetters(record.pool, { destination: 'moon', limit: 10 })).toEqual([]);
  });

  it('an operator sees what is due, when and why, and what a sweep finds', async () => {
    await refuse(5, 's2');
    standIn.faults.clear();
    standIn.faults.add({ kind: '503', count: null });
    await record.record(producer, [sessionDraft('later')]);
    const overview = await until('something waits because of a 503', async () => {
      const [found] = await deliveryOverview(record.pool);
      return found?.lanes[0]?.next?.why ? found : undefined;
    });
    expect(overview).toMatchObject({
      destination: 'datadog',
      kind: 'datadog',
      isHeld: false,
      deadLetters: 1,
      lanes: [{ lane: 'live', due: expect.any(Number), doubt: 0, next: { why: expect.stringContaining('503') } }],
    });
    const before = standIn.counts.requests;
    const [swept] = await askForSweep(record.pool);
    expect(swept).toMatchObject({ destination: 'datadog', paused: 0 });
    expect(swept!.due + swept!.later).toBeLessThanOrEqual(1);
    expect(await askForSweep(record.pool, 'moon')).toEqual([]);
    standIn.faults.clear();
    await until('it was tried again', () => standIn.counts.requests > before);
    await until(
      'it arrived',
      async () => (await listBatches(record.pool, { state: 'due', limit: 10 })).batches.length === 0,
    );
    const [rates] = await deliveryOverview(record.pool);
    expect(rates?.lanes[0]?.eventsPerSecond).toBeGreaterThan(0);
  });

  it('batches come in pages, newest first, with their attempts', async () => {
    await refuse(40, 's3');
    const ids: bigint[] = [];
    for (let before: bigint | undefined; ; ) {
      const page = await listBatches(record.pool, { limit: 3, ...(before === undefined ? {} : { before }) });
      ids.push(...page.batches.map((batch) => batch.id));
      if (page.next === null) break;
      before = page.next;
    }
    const { rows } = await record.pool.query<{ id: bigint }>('SELECT id FROM delivery_batch ORDER BY id DESC');
    expect(ids).toEqual(rows.map((row) => row.id));
    const dead = await listBatches(record.pool, { destination: 'datadog', lane: 'live', state: 'dead', limit: 10 });
    expect(dead.batches).toMatchObject([{ count: 1, state: 'dead', attempts: [{ kind: 'invalid', status: 400 }] }]);
    expect((await listBatches(record.pool, { plan: 'replay-none000000', limit: 10 })).batches).toEqual([]);
  });
});
