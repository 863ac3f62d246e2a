import fc from 'fast-check';
import {
  type BackfillReport,
  type BackfillSenderOptions,
  type BackfillView,
  type ClaimedBatch,
  claimBatch,
  cutBatch,
  type LeaseView,
  LocalLedger,
  RETRY_POLICY,
  RemoteLedger,
  Selections,
  SILENT_OBSERVER,
  sendBackfill,
} from '#delivery';
import { DatadogDestination, type StandIn, startStandIn } from '#delivery/datadog';
import { decodeEvent } from '#events';
import { type ApiRole, createApiKey, readEvents } from '#record';
import { TestApi } from '../../../test/support/api.js';
import { sessionDraft, type TestProducer } from '../../../test/support/producer.js';
import { until } from '../../../test/support/servers.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { ApiClient } from '../../cli/src/api-client.js';

// A backfill as it runs: the API over HTTP on a real PostgreSQL, the sender with nothing but a key and an address. Faked: Datadog, by
// the stand-in. What arrived there, and what the ledger says, is judged by the record.

const KEY = 'local-test-key';
const QUICK = { ...RETRY_POLICY, baseMs: 20, capMs: 100, pausedProbeMs: 100 };
const NEVER = new AbortController().signal;

describe('a backfill', () => {
  let record: TestRecord;
  let producer: TestProducer;
  let standIn: StandIn;
  let server: TestApi;
  const keys = {} as Record<ApiRole, string>;
  const endings: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    [record, standIn] = await Promise.all([TestRecord.open(), startStandIn({ port: 0, apiKeys: [KEY] })]);
    producer = await record.producer('gw-1');
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      keys[role] = (await createApiKey(record.pool, { role, by: 'test' })).key;
    }
    server = await TestApi.open(record, { retryPolicy: QUICK });
  });
  afterEach(async () => {
    for (const end of endings.splice(0)) await end();
    await server.close();
    await standIn.close();
    await record.close();
  });

  const api = (role: ApiRole = 'operator') => new ApiClient(server.url, keys[role]);

  function datadog(count = 1_000): DatadogDestination {
    const made = new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true });
    endings.push(() => made.close());
    return Object.assign(made, { limits: { ...made.limits, count } });
  }

  function plan(asked: { from?: string; to?: string; query?: string } = {}): Promise<BackfillView> {
    return RemoteLedger.plan(api(), { destination: 'datadog', kind: 'datadog', mappingVersion: 2, ...asked });
  }

  function send(backfill: BackfillView, options: Partial<BackfillSenderOptions> = {}): Promise<void> {
    return sendBackfill({ api: api(), backfill, destination: datadog(), leaseMs: 20_000, stop: NEVER, ...options });
  }

  const read = (backfill: BackfillView) => RemoteLedger.read(api(), backfill.id);
  const recorded = (count: number, prefix = 's') =>
    record.record(
      producer,
      Array.from({ length: count }, (_, n) => sessionDraft(`${prefix}${n}`)),
    );

  /** As somebody who asks once and vanishes. */
  function lease(backfill: BackfillView, sender = 'somebody', more: object = {}): Promise<LeaseView> {
    return api().post(`/v1/backfills/${backfill.id}/lease`, {
      ...{ sender, leaseMs: 1_000, maxEvents: 100, maxBytes: 4_000_000, mappingVersions: [1, 2] },
      ...more,
    });
  }

  async function idsOf(from: string, to: string): Promise<string[]> {
    const events = await readEvents(record.pool, { after: BigInt(from) - 1n, until: BigInt(to), limit: 100_000 });
    return events.map((event) => `${event.epoch}.${event.seq}`);
  }

  const arrived = () => standIn.entries().map((entry) => (entry.evt as { id: string }).id);

  async function said(prefix: string): Promise<{ type: string; data: Record<string, unknown> }[]> {
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 100_000 });
    return events
      .filter((event) => event.type.startsWith(prefix))
      .map((event) => decodeEvent(event.body) as unknown as { type: string; data: Record<string, unknown> });
  }

  it('sends history once to a destination that is new, and the record tells', async () => {
    await recorded(2_500);
    const backfill = await plan();
    await recorded(10, 'afterwards');
    await send(backfill);
    expect(arrived().sort()).toEqual((await idsOf(backfill.fromPos, backfill.toPos)).sort());
    expect(standIn.entries().every((log) => String(log.ddtags).includes('backfill:true'))).toBe(true);
    const ended = await read(backfill);
    expect(ended).toMatchObject({ state: 'finished', nextPos: backfill.toPos, heldUntil: null });
    const sent = Number(backfill.toPos);
    expect(ended.report).toEqual<BackfillReport>({
      ...{ sent, late: expect.any(Number), dead: 0, possibleDuplicates: 0, purged: 0, open: 0, cancelled: 0 },
    });
    const name = backfill.id;
    expect(await said('backfill.')).toMatchObject([
      { type: 'backfill.planned', data: { backfill: name, count: sent, destination: 'datadog' } },
      { type: 'backfill.started', data: { backfill: name } },
      { type: 'backfill.finished', data: { backfill: name, outcome: 'success', sent, late: ended.report.late } },
    ]);
    expect(await said('record.read')).toMatchObject([{ data: { what: 'events' } }]);
    // What comes from now on belongs to the destination's own lane, which begins where this one ended.
    const { rows } = await record.pool.query(`SELECT next_pos FROM delivery_range WHERE lane = 'live'`);
    expect(rows).toEqual([{ next_pos: BigInt(backfill.toPos) }]);
  });

  it('says how many events show at the time of their receipt', async () => {
    const time = (ms: number) => `${new Date(Date.now() - ms).toISOString().slice(0, -1)}000Z`;
    await record.record(producer, [
      { ...sessionDraft('old'), time: time(40 * 24 * 3_600_000) },
      { ...sessionDraft('new'), time: time(1_000) },
    ]);
    const backfill = await plan({ query: 'session:old,new' });
    await send(backfill);
    expect((await read(backfill)).report).toMatchObject({ sent: 2, late: 1 });
    expect(await said('backfill.finished')).toMatchObject([{ data: { sent: 2, late: 1 } }]);
  });

  it('reads through the API what the ledger reads, to the byte, also what is in quarantine', async () => {
    producer.emitBytes(Buffer.from('{"no":"event"}'));
    await recorded(250);
    await record.record(producer, [
      { ...sessionDraft('é"\\\n'), identity: { id: '10', kind: 'human', verified: false } },
    ]);
    const backfill = await plan();
    const { batch } = await lease(backfill, 'somebody', { maxEvents: 1_000 });
    const claimed = { ...batch, fromPos: 0n, toPos: BigInt(batch?.toPos ?? 0), destination: 'datadog' } as never;
    const local = await new LocalLedger(record.pool, new Selections(), RETRY_POLICY).eventsOf({
      ...(claimed as object),
      filterVersion: 1,
      plan: backfill.id,
    } as never);
    const remote = await new RemoteLedger(api(), backfill, NEVER, () => undefined).eventsOf(claimed);
    expect(local.length).toBeGreaterThan(251);
    expect(remote).toEqual(local);
    expect(local.map((event) => event.type)).toContain('quarantined');
  });

  it('tells whoever sends it what is missing from the record', async () => {
    await recorded(50);
    const backfill = await plan();
    const { batch } = await lease(backfill);
    await record.pool.query('ALTER TABLE event DISABLE TRIGGER USER');
    await record.pool.query('DELETE FROM event WHERE position IN (7, 9)');
    const ledger = new RemoteLedger(api(), backfill, NEVER, () => undefined);
    expect(await ledger.missing({ id: BigInt(batch!.id) } as ClaimedBatch)).toEqual([7n, 9n]);
    const said: string[] = [];
    await send(backfill, { observer: { ...SILENT_OBSERVER, trouble: (what) => said.push(what) } });
    expect(said).toContainEqual(expect.stringContaining('2 events of batch 1 are missing from the record'));
    await expect(ledger.missing({ id: 99n } as ClaimedBatch)).rejects.toMatchObject({
      code: 'DELIVERY_BATCH_UNKNOWN',
    });
  });

  it('asked for again in the same words is the same one, in others another', async () => {
    await recorded(50);
    const first = await plan({ to: '40' });
    expect((await plan({ to: '40' })).id).toBe(first.id);
    expect((await plan({ to: '41' })).id).not.toBe(first.id);
    await send(first);
    expect((await plan({ to: '40' })).id).not.toBe(first.id);
  });

  it('takes what a query selects, and begins and ends where it was told', async () => {
    await recorded(20);
    const middle = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await record.record(producer, [sessionDraft('wanted'), sessionDraft('unwanted'), sessionDraft('wanted')]);
    const backfill = await plan({ from: middle, query: 'session:wanted' });
    await send(backfill);
    expect(standIn.entries().map((log) => (log.session as { id: string }).id)).toEqual(['wanted', 'wanted']);
    expect((await read(backfill)).report).toMatchObject({ sent: 2 });
  });

  it.each([
    [{ query: 'session:nobody' }, 'DELIVERY_NOTHING_IN_RANGE', 404],
    [{ from: '7', to: '7' }, 'DELIVERY_NOTHING_IN_RANGE', 404],
    [{ from: '8', to: '7' }, 'DELIVERY_RANGE_INVALID', 400],
    [{ query: 'sesion:s1' }, 'DELIVERY_SELECTION_INVALID', 400],
    [{ from: 'yesterday' }, 'API_REQUEST_INVALID', 400],
    [{ kind: 'webhook' }, 'DELIVERY_DESTINATION_DIFFERS', 409],
  ])('of %j is refused with %s', async (asked, code, status) => {
    await recorded(10);
    await plan();
    const answer = await fetch(`${server.url}/v1/backfills`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' },
      body: JSON.stringify({ destination: 'datadog', kind: 'datadog', mappingVersion: 2, ...asked }),
    });
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status,
      body: { code, remedy: expect.any(String) },
    });
  });

  it('says so where the destination gets everything by itself', async () => {
    await recorded(10);
    const first = await plan({ to: '5' });
    await record.pool.query(`UPDATE delivery_range SET from_pos = 0 WHERE lane = 'live'`);
    await expect(plan()).rejects.toMatchObject({ code: 'DELIVERY_NOTHING_IN_RANGE' });
    await send(first);
  });

  it('is not for a viewer', async () => {
    await recorded(3);
    const backfill = await plan();
    for (const ask of [
      () => RemoteLedger.read(api('viewer'), backfill.id),
      () => api('viewer').post('/v1/backfills', {}),
      () => api('viewer').post(`/v1/backfills/${backfill.id}/cancel`),
      () => sendBackfill({ api: api('viewer'), backfill, destination: datadog(), stop: NEVER }),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'API_ROLE_TOO_LOW' });
    }
    await expect(RemoteLedger.read(api(), 'backfill-0000000000')).rejects.toMatchObject({
      code: 'DELIVERY_BACKFILL_UNKNOWN',
    });
  });

  it('goes on after a sender vanished; what that one had under way is counted', async () => {
    await recorded(250);
    const backfill = await plan();
    expect((await lease(backfill)).batch).toMatchObject({ attempt: 1, count: 100 });
    const waits: (string | undefined)[] = [];
    await send(backfill, { onWait: (why) => waits.push(why) });
    expect(waits[0]).toContain('another process');
    expect(arrived().sort()).toEqual((await idsOf('0', backfill.toPos)).sort());
    expect((await read(backfill)).report).toMatchObject({ sent: Number(backfill.toPos), possibleDuplicates: 100 });
  });

  it('takes no result of a lease that went to another', async () => {
    await recorded(50);
    const backfill = await plan();
    const { batch } = await lease(backfill);
    const result = (attempt: number) =>
      api().post(`/v1/backfills/${backfill.id}/batches/${batch?.id}/result`, {
        ...{
          outcome: 'accepted',
          attempt,
          answer: { kind: 'accepted', status: 202 },
          purged: 0,
          late: 0,
          elapsedMs: 1,
        },
      });
    const again = await until('the lease has ended', async () => {
      const next = await lease(backfill);
      return next.batch?.id === batch?.id && next.batch;
    });
    const size = Number(backfill.toPos);
    expect(again?.attempt).toBe(2);
    expect(await result(1)).toEqual({ held: false });
    expect((await read(backfill)).report).toMatchObject({ sent: 0, open: size });
    expect(await result(2)).toEqual({ held: true });
    expect(await result(2)).toEqual({ held: false });
    expect((await read(backfill)).report).toMatchObject({ sent: size, possibleDuplicates: size });
  });

  it('lays down a probe that was not sent, and the next one may probe at once', async () => {
    await recorded(50);
    const backfill = await plan();
    await record.pool.query(
      `UPDATE delivery_destination SET state = 'failing', reason = 'away', open_at = clock_timestamp()`,
    );
    const probed = () => lease(backfill, 'somebody', { leaseMs: 600_000 });
    const { batch } = await probed();
    expect(batch).toMatchObject({ probe: true, attempt: 1 });
    expect((await probed()).batch).toBeNull();
    await api().post(`/v1/backfills/${backfill.id}/batches/${batch?.id}/result`, {
      outcome: 'unsent',
      attempt: 1,
      probe: true,
    });
    expect((await probed()).batch).toMatchObject({ id: batch?.id, probe: true, attempt: 2 });
  });

  it('is sent by one process at a time', async () => {
    await recorded(2_000);
    const backfill = await plan();
    const stop = new AbortController();
    const first = send(backfill, { eventsPerSecond: 50, stop: stop.signal });
    await until('it began', async () => (await read(backfill)).report.sent > 0);
    await expect(send(backfill, { leaseMs: 1_000 })).rejects.toMatchObject({ code: 'DELIVERY_BACKFILL_HELD' });
    stop.abort();
    await first;
    // Ended in order, it gave it back: nobody waits.
    const from = performance.now();
    await send(backfill);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect((await read(backfill)).report).toMatchObject({ sent: Number(backfill.toPos), possibleDuplicates: 0 });
  }, 30_000);

  it('keeps to its rate', async () => {
    await recorded(300);
    const backfill = await plan({ query: 'session:s1,s2' });
    await send(backfill);
    const whole = await plan();
    const from = performance.now();
    await send(whole, { eventsPerSecond: 100 });
    expect(performance.now() - from).toBeGreaterThan(1_900);
    expect((await read(whole)).state).toBe('finished');
  });

  it('rests, goes on, and ends when it is told to', async () => {
    await recorded(3_000);
    const backfill = await plan();
    const waits: (string | undefined)[] = [];
    const running = send(backfill, { eventsPerSecond: 200, onWait: (why) => waits.push(why) });
    await until('it began', async () => (await read(backfill)).report.sent > 0);
    expect(await api().post(`/v1/backfills/${backfill.id}/pause`)).toMatchObject({ state: 'paused' });
    await until('the sender knows', () => waits.includes('it is paused'));
    const rested = (await until('nothing is under way', async () => {
      const now = await read(backfill);
      return now.report.open === 0 && now;
    })) as BackfillView;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await read(backfill)).report.sent).toBe(rested.report.sent);
    await api().post(`/v1/backfills/${backfill.id}/resume`);
    await until('it goes on', async () => (await read(backfill)).report.sent > rested.report.sent);
    const cancelled = await api().post<BackfillView>(`/v1/backfills/${backfill.id}/cancel`);
    expect(cancelled.state).toBe('cancelled');
    await running;
    const { sent } = cancelled.report;
    expect((await read(backfill)).report).toEqual({ ...cancelled.report, sent });
    await expect(api().post(`/v1/backfills/${backfill.id}/resume`)).rejects.toMatchObject({
      code: 'DELIVERY_BACKFILL_OVER',
    });
    expect((await said('backfill.')).map(({ type }) => type)).toEqual(
      ['planned', 'started', 'paused', 'resumed', 'finished'].map((what) => `backfill.${what}`),
    );
  }, 30_000);

  it('goes on by itself after the API was away', async () => {
    await recorded(1_000);
    const backfill = await plan();
    const running = send(backfill, { eventsPerSecond: 400 });
    await until('it began', async () => (await read(backfill)).report.sent > 0);
    const port = Number(new URL(server.url).port);
    await server.close();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    server = await TestApi.open(record, { retryPolicy: QUICK }, port);
    await running;
    expect(new Set(arrived())).toEqual(new Set(await idsOf('0', backfill.toPos)));
    const { report } = await read(backfill);
    expect(report).toMatchObject({ sent: Number(backfill.toPos), open: 0 });
    expect(arrived().length - Number(backfill.toPos)).toBeLessThanOrEqual(report.possibleDuplicates);
  }, 30_000);

  it('sets aside the one event that is refused, and splits what is too large', async () => {
    await recorded(120);
    const ids = await idsOf('0', '100');
    standIn.faults.add({ kind: '400-for-query', query: `@evt.id:"${ids[60]}"` });
    standIn.faults.add({ kind: '413', count: 2 });
    const backfill = await plan();
    await send(backfill);
    expect((await read(backfill)).report).toMatchObject({
      sent: Number(backfill.toPos) - 1,
      dead: 1,
      possibleDuplicates: 0,
    });
    const { rows } = await record.pool.query('SELECT event_id, body, reason FROM dead_letter');
    expect(rows).toEqual([
      { event_id: ids[60], body: expect.stringContaining(String(ids[60])), reason: expect.stringContaining('400') },
    ]);
    expect(await said('deadletter.')).toHaveLength(1);
    expect(arrived()).toHaveLength(Number(backfill.toPos) - 1);
  });

  it('splits a batch whose events are larger for the destination than in the record', async () => {
    await recorded(100);
    const backfill = await plan();
    const destination = datadog();
    await send(backfill, {
      destination: Object.assign(destination, { limits: { ...destination.limits, maxBytes: 20_000 } }),
    });
    expect(arrived().sort()).toEqual((await idsOf('0', backfill.toPos)).sort());
  });

  it('gives way to live: one batch at a time while live waits', async () => {
    await recorded(1_000);
    const backfill = await plan();
    await recorded(10, 'live');
    await cutBatch(record.pool, datadog(), 'live', new Selections());
    expect((await lease(backfill)).batch).not.toBeNull();
    expect((await lease(backfill)).batch).not.toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await lease(backfill)).toMatchObject({ batch: null, why: 'live events go first' });
    const [live] = (await record.pool.query<{ id: bigint }>(`SELECT id FROM delivery_batch WHERE lane = 'live'`)).rows;
    await claimBatch(record.pool, {
      ...{ destination: 'datadog', batch: live?.id ?? 0n, attempt: 1, leaseMs: 60_000, mappingVersions: [1, 2] },
    });
    expect((await lease(backfill)).batch).not.toBeNull();
  });

  it('holds whatever the destination answers: each event there or a dead letter, copies only where counted', async () => {
    const kinds = ['429', '500', '503', '413', '400', 'reset', 'lose-answer', 'slow'];
    await recorded(180);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kind: fc.constantFrom(...kinds), count: fc.integer({ min: 1, max: 2 }) }), {
          maxLength: 6,
        }),
        fc.option(fc.nat({ max: 150 })),
        async (faults, poison) => {
          standIn.clear();
          standIn.faults.clear();
          await record.pool.query(
            `UPDATE delivery_destination SET state = 'delivering', failures = 0, open_at = now()`,
          );
          await record.pool.query('TRUNCATE dead_letter');
          const ids = await idsOf('0', '170');
          for (const fault of faults) standIn.faults.add({ ...fault, delayMs: 50 });
          if (poison !== null) standIn.faults.add({ kind: '400-for-query', query: `@evt.id:"${ids[poison]}"` });
          const backfill = await plan({ to: '170' });
          await send(backfill, { destination: datadog(40) });
          const { rows } = await record.pool.query<{ event_id: string }>('SELECT event_id FROM dead_letter');
          const dead = rows.map((row) => row.event_id);
          expect([...new Set([...arrived(), ...dead])].sort()).toEqual([...ids].sort());
          expect(arrived().filter((id) => dead.includes(id))).toEqual([]);
          const { report } = await read(backfill);
          expect(report).toMatchObject({ dead: dead.length, open: 0, sent: ids.length - dead.length });
          expect(arrived().length - new Set(arrived()).size).toBeLessThanOrEqual(report.possibleDuplicates);
          if (!faults.some(({ kind }) => kind === 'lose-answer')) {
            expect(arrived()).toHaveLength(new Set(arrived()).size);
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    );
  }, 120_000);
});
