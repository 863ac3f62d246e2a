import { instantOfMillis } from '#events';
import { sessionDraft } from '../../../test/support/producer.js';
import { ReadingBack } from '../../../test/support/reading-back.js';
import { until } from '../../../test/support/servers.js';
import { IntakeClock } from '../datadog/src/intake-clock.js';

// Real PostgreSQL and Redis, the whole forwarder. Faked: Datadog, by the stand-in, which drops what is dated more than 18 h back or 2 h
// ahead and answers 202 all the same; and time, which passes for both of them.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('late events', () => {
  let world: ReadingBack;

  beforeEach(async () => {
    world = await ReadingBack.open();
  });
  afterEach(() => world.close());

  it.each([
    ['16 h old', -16 * HOUR, true],
    ['17.9 h old', -17.9 * HOUR, false],
    ['19 h old', -19 * HOUR, false],
    ['40 days old', -40 * DAY, false],
    ['6 years old', -6 * 365 * DAY, false],
    ['half an hour ahead', 0.5 * HOUR, true],
    ['3 h ahead', 3 * HOUR, false],
  ])('%s: it arrives, and shows at its own time where Datadog takes that', async (_what, ageMs, showsOwnTime) => {
    const time = instantOfMillis(Date.now() + ageMs);
    const [id] = await world.emit([{ ...sessionDraft('s'), time }]);
    await world.forward([]);
    await until('it arrived', () => world.copies(id!) === 1);
    const log = world.log(id!);
    expect(world.standIn.counts.droppedByDate).toBe(0);
    expect(log.evt).toMatchObject({ time });
    expect(log.timestamp).toBe(showsOwnTime ? `${time.slice(0, 23)}Z` : undefined);
    expect(String(log.ddtags).includes('late:true')).toBe(!showsOwnTime);
    await world.settled();
    const { rows } = await world.record.pool.query('SELECT late FROM delivery_batch ORDER BY id DESC LIMIT 1');
    expect(rows[0].late).toBeGreaterThanOrEqual(showsOwnTime ? 0 : 1);
  });

  it('a clock that is wrong dates nothing out of its window, not even in the first request', async () => {
    world.pass(1.5 * HOUR);
    const time = instantOfMillis(Date.now() + 1.5 * HOUR);
    const [id] = await world.emit([{ ...sessionDraft('s'), time }]);
    await world.forward([], { destination: world.destination(new IntakeClock()) });
    await until('it arrived', () => world.copies(id!) === 1);
    expect(world.log(id!)).toMatchObject({ timestamp: `${time.slice(0, 23)}Z` });
    expect(String(world.log(id!).ddtags)).not.toContain('late:true');
  });

  it('a batch that grows old while Datadog is away is judged anew at each attempt', async () => {
    const time = instantOfMillis(Date.now());
    world.standIn.faults.add({ kind: '503', count: null });
    const [id] = await world.emit([{ ...sessionDraft('s'), time }]);
    await world.forward([]);
    await until('it was tried', () => world.standIn.counts.refused > 0);
    world.pass(20 * HOUR);
    world.standIn.faults.clear();
    await until('it arrived', () => world.copies(id!) === 1);
    expect(world.standIn.counts.droppedByDate).toBe(0);
    expect(world.log(id!)).toMatchObject({ evt: { time }, ddtags: expect.stringContaining('late:true') });
    expect(world.log(id!).timestamp).toBeUndefined();
  });

  it('a doubtful batch that grew old meanwhile is sent without a date, and not dropped', async () => {
    world.standIn.view.set({ visibleAfterMs: 100 * HOUR });
    await world.forward([world.doubt({ giveUpMs: 1_500 })]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'reset' });
    const [id] = await world.emit([{ ...sessionDraft('s'), time: instantOfMillis(Date.now()) }]);
    await world.inDoubt();
    world.pass(20 * HOUR);
    await until('it arrived', () => world.copies(id!) === 1);
    expect(world.standIn.counts.droppedByDate).toBe(0);
    expect(world.log(id!)).toMatchObject({ ddtags: expect.stringContaining('late:true') });
  });
});
