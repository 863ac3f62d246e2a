import { decodeEvent } from '#events';
import { readEvents } from '#record';
import { indexWith, ReadingBack } from '../../../test/support/reading-back.js';
import { until } from '../../../test/support/servers.js';
import { readBackStates } from './read-back-budget.js';
import { type Finding, type Reconciliation, readReconciliation, requestReconciliation } from './reconciliation.js';

// Real PostgreSQL and Redis, the whole forwarder. Faked: Datadog, by the stand-in, which loses, doubles, cuts and hides on demand.

describe('reconciliation', () => {
  let world: ReadingBack;

  beforeEach(async () => {
    world = await ReadingBack.open();
  });
  afterEach(() => world.close());

  async function reconcile(
    options: { from?: string; sendsMissing?: boolean } = {},
  ): Promise<Reconciliation & { findings: Finding[] }> {
    // Only what settled long enough ago is judged.
    await new Promise((resolve) => setTimeout(resolve, 400));
    await until('it can be read back', async () =>
      (await readBackStates(world.record.pool)).some((one) => one.isServed),
    );
    const { id } = await requestReconciliation(world.record.pool, {
      from: '0',
      sendsMissing: false,
      by: 'test',
      ...options,
    });
    return ended(id);
  }

  function ended(id: string): Promise<Reconciliation & { findings: Finding[] }> {
    return until('it is finished', async () => {
      const { reconciliation, findings } = await readReconciliation(world.record.pool, id, 100);
      return reconciliation.state === 'finished' && { ...reconciliation, findings };
    });
  }

  /** Events in batches of their own, all accepted. */
  async function delivered(count: number, prefix: string): Promise<string[]> {
    const ids = await world.emit(world.drafts(count, prefix));
    await world.settled();
    return ids;
  }

  it('finds what was lost without a word, sends it once, and finds it there the next time', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    const before = await delivered(3, 'a');
    world.standIn.faults.add({ kind: 'drop' });
    const lost = await delivered(4, 'b');
    const after = await delivered(3, 'c');
    expect(lost.map((id) => world.copies(id))).toEqual([0, 0, 0, 0]);
    const found = await reconcile({ sendsMissing: true });
    expect(found).toMatchObject({ missing: 4n, resent: 4n, duplicated: 0n, truncated: 0n, altered: 0n });
    expect(found.findings).toMatchObject([{ kind: 'missing', cause: 'lost', count: 4, resentIn: expect.any(BigInt) }]);
    expect(found.findings[0]?.positions).toHaveLength(4);
    await world.allArrived();
    await world.settled();
    expect([...before, ...lost, ...after].map((id) => world.copies(id))).toEqual(Array.from({ length: 10 }, () => 1));
    expect(world.log(lost[0]!)).toMatchObject({ delivery: { lane: 'catchup' } });
    expect(await reconcile({ sendsMissing: true })).toMatchObject({ missing: 0n, resent: 0n, duplicated: 0n });
    expect(world.troubles).toEqual([]);
  });

  it('is on the record: who asked for what, and what came of it', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    await delivered(2, 'a');
    const { id, checked } = await reconcile();
    await world.record.drainOutbox();
    const events = await readEvents(world.record.pool, { after: -1n, limit: 1_000 });
    const said = events.filter(({ type }) => type.startsWith('reconciliation.')).map(({ body }) => decodeEvent(body));
    expect(said.map(({ type, data }) => ({ type, data }))).toEqual([
      {
        type: 'reconciliation.requested',
        data: expect.objectContaining({ reconciliation: id, by: 'test', sendsMissing: false, from: '0' }),
      },
      {
        type: 'reconciliation.finished',
        data: expect.objectContaining({ reconciliation: id, outcome: 'success', checked: Number(checked), missing: 0 }),
      },
    ]);
  });

  it('finds one event of many, and sends no other', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    world.standIn.faults.add({ kind: 'drop-for-query', query: '@session.id:b7' });
    const ids = await delivered(20, 'b');
    world.standIn.faults.clear();
    expect(await reconcile({ sendsMissing: true })).toMatchObject({ missing: 1n, resent: 1n });
    await world.allArrived();
    expect(ids.map((id) => world.copies(id))).toEqual(ids.map(() => 1));
  });

  it('sends nothing unless asked to', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    await delivered(1, 'a');
    world.standIn.faults.add({ kind: 'drop' });
    const [lost] = await delivered(1, 'b');
    expect(await reconcile()).toMatchObject({ missing: 1n, resent: 0n });
    await world.settled();
    expect(world.copies(lost!)).toBe(0);
  });

  it('sends what is missing at most once ever, also where that is lost as well', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    await delivered(1, 'a');
    world.standIn.faults.add({ kind: 'drop-for-query', query: '@session.id:b0' });
    const [lost] = await delivered(2, 'b');
    expect(await reconcile({ sendsMissing: true })).toMatchObject({ missing: 1n, resent: 1n });
    await world.settled();
    for (let n = 0; n < 2; n++) {
      // In the batch that was accepted first, and in the one that sent it again.
      expect(await reconcile({ sendsMissing: true })).toMatchObject({ missing: 2n, resent: 0n });
    }
    await world.settled();
    expect(world.copies(lost!)).toBe(0);
    const { rows } = await world.record.pool.query('SELECT count(*)::int AS n FROM delivery_batch WHERE is_resend');
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('names an exclusion filter that hides events, sends none of them, and lists none', async () => {
    world.standIn.setIndexes([indexWith('too much', '@session.id:b1*')]);
    await world.forward([world.doubt(), world.reconciling()]);
    const ids = await delivered(20, 'b');
    await delivered(1, 'c');
    const searches = world.standIn.counts.searches;
    const found = await reconcile({ sendsMissing: true });
    // b1 and b10 to b19.
    expect(found).toMatchObject({ missing: 11n, resent: 0n });
    expect(found.findings).toMatchObject([
      { kind: 'missing', cause: 'exclusion-filter', detail: expect.stringContaining('"too much"') },
    ]);
    // One count, the sample, and eleven ids looked for by text.
    expect(world.standIn.counts.searches - searches).toBeLessThanOrEqual(4);
    await world.settled();
    expect(ids.map((id) => world.copies(id))).toEqual(ids.map(() => 1));
  });

  it('that cannot read what an index hides says so, and sends it once ever', async () => {
    world.standIn.setIndexes([indexWith('too much', '@session.id:h*')]);
    world.standIn.faults.add({ kind: 'config-403', count: null });
    await world.forward([world.doubt(), world.reconciling()]);
    await delivered(2, 'a');
    const hidden = await delivered(3, 'h');
    await delivered(2, 'c');
    const first = await reconcile({ sendsMissing: true });
    expect(first).toMatchObject({ missing: 3n, resent: 3n });
    expect(first.findings).toMatchObject([
      { cause: 'unknown', detail: expect.stringContaining('the key cannot read index filters'), count: 3 },
    ]);
    await world.settled();
    expect(hidden.map((id) => world.copies(id))).toEqual([2, 2, 2]);
    for (let n = 0; n < 2; n++) {
      // In the batch that was accepted first, and in the one that sent it again.
      const again = await reconcile({ sendsMissing: true });
      expect(again).toMatchObject({ missing: 6n, resent: 0n });
      expect(again.findings.map(({ cause }) => cause)).toEqual(['unknown', 'unknown']);
    }
    await world.settled();
    expect(hidden.map((id) => world.copies(id))).toEqual([2, 2, 2]);
    // Once the key may, it is told for certain.
    world.standIn.faults.clear();
    expect(await reconcile({ sendsMissing: true })).toMatchObject({
      ...{ missing: 6n, resent: 0n },
      findings: [{ cause: 'exclusion-filter' }, { cause: 'exclusion-filter' }],
    });
  });

  it('says that nothing can be seen rather than that all is lost', async () => {
    world.standIn.view.set({ visibleAfterMs: 3_600_000 });
    await world.forward([world.doubt(), world.reconciling()]);
    const ids = await delivered(3, 'b');
    const found = await reconcile({ sendsMissing: true });
    expect(found.missing).toBe(found.checked);
    expect(found).toMatchObject({
      resent: 0n,
      findings: expect.arrayContaining([expect.objectContaining({ cause: 'permission' })]),
    });
    await world.settled();
    expect(ids.map((id) => world.copies(id))).toEqual([1, 1, 1]);
  });

  it('reports logs that lost attributes and logs that were changed', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    const [cut, textOnly, changed] = await delivered(3, 'b');
    const cutLog = world.log(cut!);
    const changedLog = world.log(changed!);
    const text = JSON.stringify(world.log(textOnly!));
    world.standIn.clear();
    const { usr: _, connection: __, ...attributesGone } = cutLog as Record<string, never>;
    await world.plant(attributesGone);
    await world.plant({ ...changedLog, message: 'somebody wrote this' });
    await world.plant({ message: text.slice(0, 600) });
    const found = await reconcile({ sendsMissing: true });
    expect(found).toMatchObject({ truncated: 2n, altered: 1n });
    const kinds = found.findings.map(({ kind, detail }) => `${kind}: ${detail}`);
    expect(kinds).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^truncated: .*usr\.id, usr\.type, connection\.name gone/),
        expect.stringMatching(/^altered: .*message/),
      ]),
    );
  });

  it('counts copies', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    const [twice] = await delivered(4, 'b');
    await world.plant(world.log(twice!));
    await world.plant(world.log(twice!));
    const found = await reconcile({ sendsMissing: true });
    expect(found).toMatchObject({ missing: 0n, resent: 0n, duplicated: 2n });
    expect(found.findings).toMatchObject([{ kind: 'duplicated', count: 2 }]);
  });

  it('does not judge what was accepted only just now', async () => {
    await world.forward([world.doubt(), world.reconciling(0, { settleMs: 60_000 })]);
    await delivered(3, 'a');
    expect(await reconcile({ sendsMissing: true })).toMatchObject({ checked: 0n, missing: 0n });
  });

  it('waits where the search refuses, says why, and goes on where it stood', async () => {
    await world.forward([world.doubt(), world.reconciling()]);
    await delivered(3, 'a');
    world.standIn.faults.add({ kind: 'search-403' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { id } = await requestReconciliation(world.record.pool, { from: '0', sendsMissing: true, by: 'test' });
    await until('it says what it waits for', async () => {
      const { reconciliation } = await readReconciliation(world.record.pool, id, 1);
      return reconciliation.waitsFor?.includes('403');
    });
    await world.record.pool.query(`UPDATE read_back SET open_at = now()`);
    await world.record.pool.query(`UPDATE duty_turn SET next_at = now()`);
    expect(await ended(id)).toMatchObject({ waitsFor: null, missing: 0n });
  });

  it('refuses what cannot be reconciled, and says what to do', async () => {
    const ask = (request: { destination?: string; from?: string; to?: string }) =>
      requestReconciliation(world.record.pool, { sendsMissing: false, by: 'test', ...request });
    await expect(ask({})).rejects.toMatchObject({ code: 'DELIVERY_NO_READ_BACK' });
    await world.forward([world.doubt()]);
    await delivered(2, 'a');
    await expect(ask({ destination: 'nobody' })).rejects.toMatchObject({ code: 'DELIVERY_DESTINATION_UNKNOWN' });
    await expect(ask({ from: '5', to: '5' })).rejects.toMatchObject({ code: 'DELIVERY_RANGE_EMPTY' });
    await expect(readReconciliation(world.record.pool, 'reconciliation-0000000000', 1)).rejects.toMatchObject({
      code: 'DELIVERY_RECONCILIATION_UNKNOWN',
    });
    expect(await ask({ from: '2000-01-01T00:00:00.000000Z' })).toMatchObject({ from: 0n, state: 'waiting' });
  });

  it('comes by itself on schedule, repairs a loss once, and never sends again what an index hides', async () => {
    world.standIn.setIndexes([indexWith('hidden', '@session.id:h*')]);
    await world.forward([world.doubt(), world.reconciling(1_000)]);
    await delivered(1, 'a');
    world.standIn.faults.add({ kind: 'drop' });
    const [lost] = await delivered(1, 'b');
    const [hidden] = await delivered(1, 'h');
    await delivered(1, 'c');
    await until('the loss is repaired', () => world.copies(lost!) === 1);
    const requests = world.standIn.counts.requests;
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(world.copies(lost!)).toBe(1);
    expect(world.copies(hidden!)).toBe(1);
    // Their own events are delivered as well; nothing that was there before is.
    const before = new Set([lost, hidden]);
    const sentSince = world.arrived().slice(requests);
    expect(sentSince.filter((id) => before.has(id))).toEqual([]);
    const { rows } = await world.record.pool.query(
      `SELECT count(*)::int AS n, sum(resent)::int AS resent FROM reconciliation WHERE created_by = 'schedule'`,
    );
    expect(rows[0]).toMatchObject({ resent: 1 });
  });
});
