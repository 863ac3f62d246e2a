import fc from 'fast-check';
import { type RecordedEvent, readEvents, readHead } from '#record';
import { sessionDraft, type TestProducer } from '../../../test/support/producer.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { DatadogDestination } from '../datadog/src/datadog-destination.js';
import type { Answer } from './answer.js';
import { CUT_OPTIONS, cutBatch } from './cut.js';
import { halves } from './deliver-batch.js';
import {
  announceDestination,
  type ClaimedBatch,
  type ClaimOptions,
  claimBatch,
  type DestinationEntry,
  digestIds,
  settleAccepted,
  settleDead,
  settleLater,
  settleSplit,
  settleUnsent,
  waitingBatches,
} from './ledger.js';
import { RETRY_POLICY } from './retry.js';
import { EVERYTHING, Selections } from './selection.js';

// Real PostgreSQL. Neither Redis nor a destination is involved: what is judged is the ledger alone.

const ACCEPTED: Answer = { kind: 'accepted', status: 202 };
const BUSY: Answer & { kind: 'retry' } = { kind: 'retry', status: 503, reason: '503', mayBeStored: false };
const FORBIDDEN: Answer & { kind: 'unauthorized' } = { kind: 'unauthorized', status: 403, reason: '403' };

const DATADOG: DestinationEntry = {
  name: 'datadog',
  kind: 'datadog',
  startAt: 'beginning',
  isHeld: false,
  selection: EVERYTHING,
};
const SENT = { purged: 0, late: 0, elapsedMs: 5 };

describe('the delivery ledger', () => {
  const selections = new Selections();
  let record: TestRecord;
  let producer: TestProducer;

  beforeEach(async () => {
    record = await TestRecord.open();
    producer = await record.producer('gw-1');
    await announceDestination(record.pool, DATADOG);
  });
  afterEach(() => record.close());

  function destination(count = 1_000): DatadogDestination {
    const made = new DatadogDestination({
      url: 'http://127.0.0.1:9/',
      apiKey: 'unused',
      env: 'test',
      allowPrivate: true,
    });
    return Object.assign(made, { limits: { ...made.limits, count } });
  }

  function recorded(count: number): Promise<bigint> {
    return record.record(
      producer,
      Array.from({ length: count }, (_, n) => sessionDraft(`s${n}`)),
    );
  }

  async function cutAll(perBatch: number): Promise<bigint[]> {
    const ids: bigint[] = [];
    for (;;) {
      const cut = await cutBatch(record.pool, destination(perBatch), 'live', selections, {
        ...CUT_OPTIONS,
        maxWaiting: 64,
      });
      if (cut.kind !== 'cut') return ids;
      ids.push(cut.batch);
    }
  }

  function bodiesOf(events: readonly RecordedEvent[]): string[] {
    return events.map((event) => event.body.toString());
  }

  async function claim(
    batch: bigint,
    attempt: number,
    options: Partial<ClaimOptions> = {},
  ): Promise<ClaimedBatch | undefined> {
    const taken = await claimBatch(record.pool, {
      destination: 'datadog',
      batch,
      attempt,
      leaseMs: 60_000,
      mappingVersions: [1, 2],
      ...options,
    });
    if (taken && 'waitMs' in taken) throw new Error('no rate is set, and yet it waits for one');
    return taken;
  }

  async function claimed(batch: bigint, attempt: number, options: Partial<ClaimOptions> = {}): Promise<ClaimedBatch> {
    const taken = await claim(batch, attempt, options);
    if (!taken) throw new Error(`batch ${batch} could not be claimed`);
    return taken;
  }

  async function gate(): Promise<{ state: string; failures: number }> {
    const { rows } = await record.pool.query('SELECT state, failures FROM delivery_destination');
    return rows[0];
  }

  /** Ends the wait for the next probe. */
  async function openGate(): Promise<void> {
    await record.pool.query('UPDATE delivery_destination SET open_at = now()');
  }

  async function states(): Promise<string[]> {
    const { rows } = await record.pool.query<{ state: string }>('SELECT state FROM delivery_batch ORDER BY id');
    return rows.map((row) => row.state);
  }

  it('cuts every position into exactly one batch, however many cut at once', async () => {
    await recorded(500);
    const cutting = Array.from({ length: 6 }, () => cutAll(17));
    const cuts = (await Promise.all(cutting)).flat();
    const { rows } = await record.pool.query<{ from_pos: bigint; to_pos: bigint; count: number; ids_digest: Buffer }>(
      'SELECT from_pos, to_pos, count, ids_digest FROM delivery_batch ORDER BY from_pos',
    );
    expect(rows).toHaveLength(cuts.length);
    const { rows: head } = await record.pool.query<{ size: bigint }>('SELECT size FROM log_head');
    let at = 0n;
    for (const row of rows) {
      expect(row.from_pos).toBe(at);
      const events = await readEvents(record.pool, { after: row.from_pos - 1n, until: row.to_pos, limit: 1_000 });
      expect(row.count).toBe(events.length);
      expect(row.ids_digest.equals(digestIds(events))).toBe(true);
      at = row.to_pos;
    }
    expect(at).toBe(head[0]?.size);
  });

  it('cuts by bytes as the destination takes them, not only by number', async () => {
    await recorded(20);
    const small = destination();
    const [event] = await readEvents(record.pool, { after: 1n, limit: 1 });
    Object.assign(small, { limits: { ...small.limits, goalBytes: ((small.measure(event!) ?? 0) + 1) * 5 + 10 } });
    const cut = await cutBatch(record.pool, small, 'live', selections);
    expect(cut).toMatchObject({ kind: 'cut', more: true });
    expect(cut.kind === 'cut' && cut.count).toBeGreaterThanOrEqual(4);
    expect(cut.kind === 'cut' && cut.count).toBeLessThanOrEqual(6);
  });

  it('holds no more than 64 due or sending batches of a lane; the cursor waits', async () => {
    await recorded(100);
    expect(await cutAll(1)).toHaveLength(64);
    const [first] = await waitingBatches(record.pool, 'datadog', 'live', 1);
    const batch = await claimed(first!.batch, 1);
    expect(await cutAll(1)).toHaveLength(0);
    await settleAccepted(record.pool, batch, ACCEPTED, SENT);
    expect(await cutAll(1)).toHaveLength(1);
  });

  it('lets events gather while others wait for a worker, and cuts them as soon as they fill a batch', async () => {
    const options = { ...CUT_OPTIONS, maxWaiting: 1 };
    expect(await cutBatch(record.pool, destination(10), 'live', selections, options)).toMatchObject({ kind: 'cut' });
    await recorded(9);
    expect(await cutBatch(record.pool, destination(10), 'live', selections, options)).toEqual({ kind: 'idle' });
    await recorded(1);
    expect(await cutBatch(record.pool, destination(10), 'live', selections, options)).toMatchObject({
      kind: 'cut',
      count: 10,
    });
  });

  it('gives an attempt to one of many who want it', async () => {
    const [batch] = await cutAll(1_000);
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(batch!, 1)));
    expect(claims.filter((one) => one !== undefined)).toHaveLength(1);
  });

  it('gives nothing to a wake-up for an attempt that was made already, or to code that lacks the mapping', async () => {
    const [batch] = await cutAll(1_000);
    expect(await claim(batch!, 2)).toBeUndefined();
    expect(await claim(batch!, 1, { mappingVersions: [7] })).toBeUndefined();
    await settleLater(record.pool, await claimed(batch!, 1), BUSY, RETRY_POLICY, 0, () => 0);
    expect(await claim(batch!, 1)).toBeUndefined();
    expect(await claimed(batch!, 2)).toMatchObject({ attempt: 2, uncertain: 0 });
  });

  it('takes a batch from a holder whose lease ended, and lets the late settlement change nothing', async () => {
    const [batch] = await cutAll(1_000);
    const first = await claimed(batch!, 1, { leaseMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await waitingBatches(record.pool, 'datadog', 'live', 10)).toEqual([{ batch, attempt: 2 }]);
    const second = await claimed(batch!, 2);
    expect(second.uncertain).toBe(1);
    expect(await settleAccepted(record.pool, first, ACCEPTED, SENT)).toMatchObject({ held: false });
    expect(await settleSplit(record.pool, first, [], ACCEPTED, RETRY_POLICY)).toEqual({ held: false, parts: [] });
    expect(await settleLater(record.pool, first, BUSY, RETRY_POLICY)).toMatchObject({ held: false });
    expect(await states()).toEqual(['sending']);
    expect(await settleAccepted(record.pool, second, ACCEPTED, SENT)).toMatchObject({ held: true });
    expect(await states()).toEqual(['accepted']);
  });

  it('finds a batch that was cut but never queued', async () => {
    const [batch] = await cutAll(1_000);
    expect(await waitingBatches(record.pool, 'datadog', 'live', 10)).toEqual([{ batch, attempt: 1 }]);
  });

  it('sends one probe at a time after eight failures in a row, and everything after the first success', async () => {
    await recorded(20);
    const batches = await cutAll(1);
    for (const batch of batches.slice(0, 8)) {
      await settleLater(record.pool, await claimed(batch, 1), BUSY, RETRY_POLICY);
    }
    expect(await gate()).toEqual({ state: 'failing', failures: 8 });
    expect(await claim(batches[8]!, 1)).toBeUndefined();
    await openGate();
    expect(await waitingBatches(record.pool, 'datadog', 'live', 100)).toHaveLength(1);
    const probes = await Promise.all(batches.slice(8, 16).map((batch) => claim(batch, 1)));
    const [probe, ...more] = probes.filter((one) => one !== undefined);
    expect(more).toEqual([]);
    expect(probe).toMatchObject({ probe: true, failures: 8 });
    expect(await settleAccepted(record.pool, probe!, ACCEPTED, SENT)).toEqual({
      held: true,
      turned: { from: 'failing', to: 'delivering' },
    });
    expect(await gate()).toEqual({ state: 'delivering', failures: 0 });
    expect(await waitingBatches(record.pool, 'datadog', 'live', 100)).toHaveLength(batches.length - 1);
  });

  it('keeps the gate for the next one where a probe found nothing to send', async () => {
    const [batch] = await cutAll(1_000);
    await settleLater(record.pool, await claimed(batch!, 1), FORBIDDEN, RETRY_POLICY);
    await openGate();
    expect(await claim(999n, 1)).toBeUndefined();
    expect(await claim(batch!, 2)).toMatchObject({ probe: true });
  });

  it('pauses at a refused key; neither a server error nor time wakes it, an accepted probe does', async () => {
    await recorded(3);
    const [one, two, ...rest] = await cutAll(1);
    const [first, second] = [await claimed(one!, 1), await claimed(two!, 1)];
    expect(await settleLater(record.pool, first, FORBIDDEN, RETRY_POLICY)).toEqual({
      held: true,
      turned: { from: 'delivering', to: 'paused' },
    });
    await settleLater(record.pool, second, BUSY, RETRY_POLICY);
    expect((await gate()).state).toBe('paused');
    expect(await claim(rest[0]!, 1)).toBeUndefined();
    await openGate();
    const probe = await claimed(one!, 2);
    await settleAccepted(record.pool, probe, ACCEPTED, SENT);
    expect((await gate()).state).toBe('delivering');
    expect(await states()).toEqual(['accepted', ...Array.from({ length: rest.length + 1 }, () => 'due')]);
  });

  it('waits as long as the destination asks before anything else is sent', async () => {
    await recorded(2);
    const [one, two] = await cutAll(1);
    await settleLater(record.pool, await claimed(one!, 1), { ...BUSY, status: 429, waitMs: 60_000 }, RETRY_POLICY);
    expect(await claim(two!, 1)).toBeUndefined();
    expect(await waitingBatches(record.pool, 'datadog', 'live', 10)).toEqual([]);
    await openGate();
    expect(await claim(two!, 1)).toMatchObject({ probe: false });
  });

  it('splits a batch into two that hold the same events, once', async () => {
    await recorded(9);
    const [batch] = await cutAll(1_000);
    const held = await claimed(batch!, 1);
    const events = await readEvents(record.pool, { after: held.fromPos - 1n, until: held.toPos, limit: 100 });
    const drafts = halves(held, events, bodiesOf(events));
    const tooLarge: Answer = { kind: 'too-large', status: 413, reason: '413' };
    const split = await settleSplit(record.pool, held, drafts, tooLarge, RETRY_POLICY);
    expect(split).toEqual({ held: true, parts: [expect.any(BigInt), expect.any(BigInt)] });
    const again = await settleSplit(record.pool, held, drafts, tooLarge, RETRY_POLICY);
    expect(again).toEqual({ held: false, parts: [] });
    expect(await gate()).toEqual({ state: 'delivering', failures: 0 });
    const { rows } = await record.pool.query(
      'SELECT parent, from_pos, to_pos, count, state FROM delivery_batch WHERE parent IS NOT NULL ORDER BY from_pos',
    );
    expect(rows.map((row) => row.parent)).toEqual([batch, batch]);
    expect([rows[0].from_pos, rows[0].to_pos, rows[1].to_pos]).toEqual([held.fromPos, rows[1].from_pos, held.toPos]);
    expect(rows[0].count + rows[1].count).toBe(events.length);
  });

  it('shuts the gate behind a probe that is split for as long as behind any other, and not for its lease', async () => {
    await recorded(9);
    const [batch] = await cutAll(1_000);
    await settleLater(record.pool, await claimed(batch!, 1), BUSY, { ...RETRY_POLICY, failuresBeforeProbing: 1 });
    await openGate();
    const probe = await claimed(batch!, 2, { leaseMs: 3_600_000 });
    expect(probe.probe).toBe(true);
    const events = await readEvents(record.pool, { after: probe.fromPos - 1n, until: probe.toPos, limit: 100 });
    const drafts = halves(probe, events, bodiesOf(events));
    expect(await settleSplit(record.pool, probe, drafts, BUSY, RETRY_POLICY)).toMatchObject({ held: true });
    expect(await gate()).toEqual({ state: 'failing', failures: 2 });
    const { rows } = await record.pool.query(
      `SELECT open_at - clock_timestamp() BETWEEN '0' AND '1 minute' AS soon FROM delivery_destination`,
    );
    expect(rows).toEqual([{ soon: true }]);
  });

  it('gives the gate to the next probe where one was laid down unsent', async () => {
    const [batch] = await cutAll(1_000);
    await settleLater(record.pool, await claimed(batch!, 1), FORBIDDEN, RETRY_POLICY);
    await openGate();
    await settleUnsent(record.pool, await claimed(batch!, 2, { leaseMs: 3_600_000 }));
    expect(await waitingBatches(record.pool, 'datadog', 'live', 10)).toEqual([{ batch, attempt: 3 }]);
    expect(await claim(batch!, 3)).toMatchObject({ probe: true });
  });

  it('keeps a refused event whole, with the reason, and as one dead letter however often it is refused', async () => {
    const [batch] = await cutAll(1);
    const held = await claimed(batch!, 1);
    const [event] = await readEvents(record.pool, { after: held.fromPos - 1n, until: held.toPos, limit: 1 });
    const refusal: Answer & { reason: string } = { kind: 'invalid', status: 400, reason: '400 bad\u0000 one' };
    expect(await settleDead(record.pool, held, event!, '{"a":"\\u0000"}', refusal)).toEqual({ held: true });
    expect(await settleDead(record.pool, held, event!, '{}', refusal)).toEqual({ held: false });
    const { rows } = await record.pool.query('SELECT position, body, reason, state FROM dead_letter');
    expect(rows).toEqual([
      { position: event!.position, body: '{"a":"\\u0000"}', reason: '400 bad one', state: 'open' },
    ]);
  });

  describe('a destination of the configuration', () => {
    async function ranges() {
      const { rows } = await record.pool.query('SELECT destination, next_pos FROM delivery_range ORDER BY id');
      return rows;
    }
    async function filters() {
      const { rows } = await record.pool.query(
        'SELECT version, selection FROM delivery_filter WHERE destination = $1 ORDER BY version',
        ['datadog'],
      );
      return rows;
    }

    it('begins where it was said to, and keeps its cursor when it is announced again', async () => {
      await recorded(30);
      const { size: head } = await readHead(record.pool);
      await announceDestination(record.pool, { ...DATADOG, name: 'late-comer', startAt: 'now' });
      await recorded(3);
      await announceDestination(record.pool, { ...DATADOG, name: 'late-comer', startAt: 'beginning' });
      expect(await ranges()).toEqual([
        { destination: 'datadog', next_pos: 0n },
        { destination: 'late-comer', next_pos: head },
      ]);
    });

    it('gets another version of its filter only when that changes, and sends what is cut as it was cut', async () => {
      await recorded(10);
      const [first] = await cutAll(1_000);
      const narrow = { ...DATADOG, selection: { types: ['session.closed'] } };
      await announceDestination(record.pool, narrow);
      await announceDestination(record.pool, narrow);
      expect(await filters()).toEqual([
        { version: 1, selection: {} },
        { version: 2, selection: { types: ['session.closed'] } },
      ]);
      await recorded(10);
      await cutAll(1_000);
      const { rows } = await record.pool.query('SELECT filter_version, count FROM delivery_batch ORDER BY id');
      expect(rows).toEqual([{ filter_version: 1, count: expect.any(Number) }]);
      const old = await claimed(first!, 1);
      const wants = await selections.of(record.pool, old);
      const events = await readEvents(record.pool, { after: old.fromPos - 1n, until: old.toPos, limit: 1_000 });
      expect(events.filter(wants)).toHaveLength(old.count);
    });

    it('is neither cut nor sent while a person has paused it', async () => {
      await recorded(10);
      const [batch] = await cutAll(5);
      await announceDestination(record.pool, { ...DATADOG, isHeld: true });
      expect(await claim(batch!, 1)).toBeUndefined();
      expect(await waitingBatches(record.pool, 'datadog', 'live', 10)).toEqual([]);
      await recorded(10);
      expect(await cutAll(5)).toEqual([]);
      await announceDestination(record.pool, DATADOG);
      expect(await claim(batch!, 1)).toBeDefined();
    });

    it('takes no more than its rate, whoever asks', async () => {
      await recorded(200);
      const batches = await cutAll(10);
      const rate = { eventsPerSecond: 100 };
      await record.pool.query(`UPDATE delivery_destination SET send_at = now() - interval '1 minute'`);
      const from = performance.now();
      const claims = await Promise.all(
        batches.map((batch) =>
          claimBatch(record.pool, {
            destination: 'datadog',
            batch,
            attempt: 1,
            leaseMs: 60_000,
            mappingVersions: [1, 2],
            rate,
          }),
        ),
      );
      const taken = claims.filter((one) => one && !('waitMs' in one));
      const waits = claims.filter((one) => one && 'waitMs' in one);
      // A second's worth at once, and the batch that uses it up.
      expect(taken.length).toBeGreaterThanOrEqual(10);
      expect(taken.length).toBeLessThanOrEqual(12 + Math.ceil((performance.now() - from) / 100));
      expect(waits.length).toBe(batches.length - taken.length);
      for (const one of waits) expect((one as { waitMs: number }).waitMs).toBeLessThanOrEqual(200);
    });
  });

  it('keeps the first ten attempts of a batch and the newest twenty, with their answers', async () => {
    await recorded(1);
    const [batch] = await cutAll(10);
    const never = { ...RETRY_POLICY, failuresBeforeProbing: 1_000 };
    for (let attempt = 1; attempt <= 50; attempt++) {
      await record.pool.query('UPDATE delivery_batch SET due_at = now()');
      await settleLater(record.pool, await claimed(batch!, attempt), BUSY, never, 7, () => 0);
    }
    const { rows } = await record.pool.query('SELECT attempts FROM delivery_batch');
    const kept = rows[0].attempts as { attempt: number }[];
    expect(kept.map(({ attempt }) => attempt)).toEqual([...range(1, 10), ...range(31, 50)]);
    expect(kept[0]).toEqual({
      attempt: 1,
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      elapsedMs: 7,
      kind: 'retry',
      status: 503,
      reason: '503',
    });
  });
});

describe('halving', () => {
  it('keeps every event and every position, in two parts that are smaller', () => {
    const positions = fc.uniqueArray(fc.bigInt({ min: 0n, max: 10_000n }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(positions, (unsorted) => {
        const sorted = [...unsorted].sort((a, b) => (a < b ? -1 : 1));
        const events = sorted.map((position) => ({ position, epoch: 'e', seq: Number(position) + 1 }));
        const batch = { fromPos: sorted[0]! - 0n, toPos: sorted.at(-1)! + 1n };
        const [one, two, ...more] = halves(
          batch,
          events as unknown as RecordedEvent[],
          events.map(() => '{}'),
        );
        expect(more).toEqual([]);
        expect([one!.fromPos, one!.toPos, two!.toPos]).toEqual([batch.fromPos, two!.fromPos, batch.toPos]);
        expect(one!.count + two!.count).toBe(events.length);
        expect(Math.max(one!.count, two!.count)).toBeLessThan(events.length);
        expect(sorted.filter((position) => position < two!.fromPos)).toHaveLength(one!.count);
      }),
    );
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}
