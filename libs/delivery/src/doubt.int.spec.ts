import { instantOfMillis } from '#events';
import { readHead } from '#record';
import { sessionDraft } from '../../../test/support/producer.js';
import { ReadingBack } from '../../../test/support/reading-back.js';
import { until } from '../../../test/support/servers.js';
import { planBackfill } from './backfill/backfill.js';
import { lendBatch } from './backfill/lend.js';
import { SILENT_OBSERVER } from './observer.js';
import { readBackStates } from './read-back-budget.js';
import { Selections } from './selection.js';

// Real PostgreSQL and Redis, the whole forwarder. Faked: Datadog, by the stand-in, whose search sees what it is told to.

describe('a batch whose answer was lost', () => {
  let world: ReadingBack;

  beforeEach(async () => {
    world = await ReadingBack.open();
  });
  afterEach(() => world.close());

  it('that Datadog stored is observed, and not sent again', async () => {
    await world.forward([world.doubt()]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'lose-answer' });
    const ids = await world.emit(world.drafts(3));
    await world.settled();
    expect(world.verdicts).toEqual(['observed']);
    expect(ids.map((id) => world.copies(id))).toEqual([1, 1, 1]);
    expect(world.possibleDuplicates).toBe(0);
    const { rows } = await world.record.pool.query(
      `SELECT state, uncertain, observed_at IS NOT NULL AS at, seen FROM delivery_batch ORDER BY id DESC LIMIT 1`,
    );
    expect(rows).toEqual([{ state: 'observed', uncertain: 0, at: true, seen: 3 }]);
    expect(world.troubles).toEqual([]);
  });

  it('that Datadog never got is sent again, uncounted, once a witness of the same minute is seen', async () => {
    await world.forward([world.doubt()]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'reset' });
    const ids = await world.emit(world.drafts(3));
    await world.settled();
    expect(world.verdicts).toEqual(['absent']);
    expect(ids.map((id) => world.copies(id))).toEqual([1, 1, 1]);
    expect(world.possibleDuplicates).toBe(0);
  });

  it('is not taken for lost while nothing of that minute can be seen: late it is sent again, and counted', async () => {
    world.standIn.view.set({ visibleAfterMs: 3_600_000 });
    await world.forward([world.doubt({ giveUpMs: 1_500 })]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'lose-answer' });
    const ids = await world.emit(world.drafts(2));
    await world.inDoubt();
    await until('it was looked for', () => world.standIn.counts.searches > 1);
    expect(world.verdicts).toEqual([]);
    await world.settled();
    expect(world.verdicts).toEqual(['given-up']);
    expect(ids.map((id) => world.copies(id))).toEqual([2, 2]);
    await until('the copies are counted', () => world.possibleDuplicates === 2);
  });

  it('waits for what becomes visible later, and later than what was sent before it', async () => {
    world.standIn.view.set({ visibleAfterMs: 1_500 });
    await world.forward([world.doubt({ settleMs: 1_000 })]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'lose-answer' });
    const ids = await world.emit(world.drafts(2));
    await world.settled();
    expect(world.verdicts).toEqual(['observed']);
    expect(ids.map((id) => world.copies(id))).toEqual([1, 1]);
  });

  it('is not meant where it was lent to the sender of a backfill: the next lease takes it over, whole and counted', async () => {
    await world.forward([world.doubt()]);
    await world.allArrived();
    const { size } = await readHead(world.record.pool);
    const asked = { destination: 'datadog', kind: 'datadog', mappingVersion: 1, from: '0', to: String(size) };
    const { id } = await planBackfill(world.record.pool, asked, 'test');
    const lend = () =>
      lendBatch(world.record.pool, new Selections(), id, {
        ...{ sender: 's', leaseMs: 200, maxEvents: 1_000, maxBytes: 4_000_000, mappingVersions: [1] },
      });
    const first = (await lend()).batch;
    // Longer than the duty rests.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await lend()).batch).toMatchObject({ id: first?.id, attempt: 2, uncertain: 1, count: first?.count });
  });

  it('that is there in part sends only what is missing', async () => {
    await world.forward([world.doubt({ settleMs: 1_000 })]);
    await world.allArrived();
    await world.emit(world.drafts(1, 'witness'));
    await world.allArrived();
    world.standIn.faults.add({ kind: 'drop-for-query', query: '@session.id:(s1 OR s3)' });
    world.standIn.faults.add({ kind: 'lose-answer' });
    const ids = await world.emit(world.drafts(5));
    await world.inDoubt();
    world.standIn.faults.clear();
    expect(ids.map((id) => world.copies(id))).toEqual([1, 0, 1, 0, 1]);
    await world.settled();
    expect(world.verdicts).toEqual(['partial']);
    expect(ids.map((id) => world.copies(id))).toEqual([1, 1, 1, 1, 1]);
    const { rows } = await world.record.pool.query(
      `SELECT p.state AS parent, b.state, b.count, b.only_positions::text[] AS only,
              (SELECT count(*)::int FROM delivery_observation o WHERE o.batch = p.id) AS seen
         FROM delivery_batch b JOIN delivery_batch p ON p.id = b.parent`,
    );
    expect(rows).toMatchObject([{ parent: 'split', state: 'accepted', count: 2, seen: 3 }]);
    expect(rows[0].only).toHaveLength(2);
  });

  it('does not hold up what comes after it', async () => {
    await world.forward([world.doubt({ settleMs: 60_000 })]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'reset', count: 3 });
    const first = await world.emit(world.drafts(1, 'a'));
    await world.inDoubt();
    world.standIn.faults.clear();
    const from = performance.now();
    const [later] = await world.emit(world.drafts(1, 'b'));
    await until('the later event arrived', () => world.copies(later!) === 1);
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(world.copies(first[0]!)).toBe(0);
  });

  it('whose forwarder vanished after sending is looked for, not taken over', async () => {
    await world.forward([world.doubt()]);
    await world.emit(world.drafts(4));
    const ids = await world.allArrived();
    await world.settled();
    await world.stop();
    // What a killed process leaves behind: a batch that is `sending`, its events at Datadog, and no job.
    await world.record.pool.query(
      `UPDATE delivery_batch SET state = 'sending', settled_at = NULL, lease_until = now() - interval '1 second'
        WHERE id = (SELECT max(id) FROM delivery_batch)`,
    );
    await world.forward([world.doubt()]);
    await until('it is decided', () => world.verdicts.length > 0);
    expect(world.verdicts).toEqual(['observed']);
    expect(world.arrived().sort()).toEqual([...ids].sort());
    const { rows } = await world.record.pool.query(
      `SELECT attempt, uncertain, attempts -> -1 ->> 'reason' AS reason FROM delivery_batch ORDER BY id DESC LIMIT 1`,
    );
    expect(rows).toEqual([{ attempt: 1, uncertain: 0, reason: 'the forwarder that sent it vanished' }]);
  });

  it('is decided before its events grow too old to be shown at their own time', async () => {
    world.standIn.view.set({ visibleAfterMs: 3_600_000 });
    await world.forward([world.doubt({ settleMs: 60_000 })]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'reset' });
    const time = instantOfMillis(Date.now() - 17 * 3_600_000 + 4 * 60_000);
    const [id] = await world.emit([{ ...sessionDraft('old'), time }]);
    await until('it arrived', () => world.copies(id!) === 1);
    expect(world.verdicts).toEqual(['given-up']);
    expect(world.log(id!)).toMatchObject({ timestamp: `${time.slice(0, 23)}Z` });
  });

  it('of a receiver that never gets through a whole batch is sent in halves', async () => {
    await world.forward([world.doubt()]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'reset', count: 2 });
    const ids = await world.emit(world.drafts(4));
    await world.settled(20_000);
    expect(world.verdicts.filter((verdict) => verdict === 'absent')).toHaveLength(2);
    expect(ids.map((id) => world.copies(id))).toEqual([1, 1, 1, 1]);
    const { rows } = await world.record.pool.query(
      'SELECT count(*)::int AS n FROM delivery_batch WHERE parent IS NOT NULL',
    );
    expect(rows).toEqual([{ n: 2 }]);
  });

  it('waits while the search refuses the key or has no request left, and says so', async () => {
    await world.forward([world.doubt()]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'search-403' });
    world.standIn.faults.add({ kind: 'lose-answer' });
    const [id] = await world.emit(world.drafts(1));
    const refused = await until('it is said', async () => {
      const [state] = await readBackStates(world.record.pool);
      return state?.state === 'refused' && state;
    });
    expect(refused).toMatchObject({ destination: 'datadog', isServed: true, reason: expect.stringContaining('403') });
    expect(refused.reason).not.toContain(world.keys.appKey);
    await world.record.pool.query('UPDATE read_back SET open_at = now()');
    await world.settled();
    expect(world.verdicts).toEqual(['observed']);
    expect(world.copies(id!)).toBe(1);
    expect(await readBackStates(world.record.pool)).toMatchObject([{ state: 'works', reason: null }]);
  });

  it('is sent again and counted, as ever, where nothing can be read back', async () => {
    const destination = Object.assign(world.destination(), { readBack: undefined });
    await world.forward([world.doubt()], { destination });
    await world.allArrived();
    world.standIn.faults.add({ kind: 'lose-answer' });
    const [id] = await world.emit(world.drafts(1));
    await until('the second copy arrived', () => world.copies(id!) === 2);
    expect(world.verdicts).toEqual([]);
    await until('it is counted', () => world.possibleDuplicates === 1);
  });

  it('is decided once where two forwarders look', async () => {
    await Promise.all([world.forward([world.doubt()]), world.forward([world.doubt()])]);
    await world.allArrived();
    for (let n = 0; n < 3; n++) world.standIn.faults.add({ kind: n === 1 ? 'reset' : 'lose-answer' });
    for (let n = 0; n < 3; n++) {
      await world.emit(world.drafts(2, `x${n}-`));
      await world.inDoubt();
    }
    const ids = await world.allArrived();
    await world.settled();
    expect(world.arrived().sort()).toEqual([...ids].sort());
  });
});

describe('an accepted batch', () => {
  let world: ReadingBack;

  beforeEach(async () => {
    world = await ReadingBack.open();
  });
  afterEach(() => world.close());

  it('is observed in passing, many with one request', async () => {
    await world.forward([world.passing({ settleMs: 1_500 })], { observer: SILENT_OBSERVER });
    for (let n = 0; n < 5; n++) {
      await world.emit(world.drafts(2, `p${n}-`));
      await world.allArrived();
    }
    await until('all are observed', async () => (await world.settled()).accepted === undefined);
    expect(world.standIn.counts.searches).toBeLessThanOrEqual(2);
  });

  it('that is not seen whole stays accepted, with what was seen, and is not sent again', async () => {
    world.standIn.faults.add({ kind: 'drop-for-query', query: '@session.id:s1' });
    await world.emit(world.drafts(3));
    await world.forward([world.passing()]);
    const looked = await until('it was looked for', async () => {
      const { rows } = await world.record.pool.query(
        'SELECT state, seen, count FROM delivery_batch WHERE looked_at IS NOT NULL',
      );
      return rows[0];
    });
    expect(looked).toMatchObject({ state: 'accepted', seen: looked.count - 1 });
    const requests = world.standIn.counts.requests;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(world.standIn.counts.requests).toBe(requests);
    // Looked for once: the rest is reconciliation's.
    expect(world.standIn.counts.searches).toBe(1);
  });
});
