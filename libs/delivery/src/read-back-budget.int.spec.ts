import { TestRecord } from '../../../test/support/test-record.js';
import { announceDestination } from './ledger.js';
import type { Look } from './read-back.js';
import { BudgetedLooks, readBackStates } from './read-back-budget.js';
import { EVERYTHING } from './selection.js';

// Real PostgreSQL. The requests themselves are pretended.

describe('the budget of read-back', () => {
  let record: TestRecord;
  const stop = new AbortController().signal;

  beforeEach(async () => {
    record = await TestRecord.open();
    await announceDestination(record.pool, {
      name: 'datadog',
      kind: 'datadog',
      startAt: 'beginning',
      isHeld: false,
      selection: EVERYTHING,
    });
  });
  afterEach(() => record.close());

  function looks(asker: 'doubt' | 'reconciliation' | 'passing', budget = { perHour: 30, burst: 12 }): BudgetedLooks {
    return new BudgetedLooks(record.pool, 'datadog', asker, budget, stop);
  }

  const seen = (): Promise<Look<number>> => Promise.resolve({ kind: 'seen', found: 1 });

  async function madeBy(
    asker: BudgetedLooks,
    times: number,
    answer: () => Promise<Look<number>> = seen,
  ): Promise<number> {
    let made = 0;
    for (let n = 0; n < times; n++) {
      await asker.ask(() => {
        made += 1;
        return answer();
      });
    }
    return made;
  }

  /** An hour goes by. */
  function later(ms: number): Promise<unknown> {
    return record.pool.query(
      `UPDATE read_back SET tokens_at = tokens_at - $1 * interval '1 millisecond', open_at = open_at - $1 * interval '1 millisecond'`,
      [ms],
    );
  }

  it('never lets more through in an hour than it has, however many processes ask at once', async () => {
    const askers = Array.from({ length: 4 }, () => looks('doubt'));
    const made = await Promise.all(askers.map((asker) => madeBy(asker, 10)));
    expect(made.reduce((sum, one) => sum + one, 0)).toBe(12);
    // What comes in within the hour after a full bucket: the burst, and what flows in.
    let within = 12;
    for (let minutes = 0; minutes < 60; minutes += 5) {
      await later(5 * 60_000);
      within += await madeBy(looks('doubt'), 20);
    }
    expect(within).toBeGreaterThanOrEqual(28);
    expect(within).toBeLessThanOrEqual(30);
  });

  it('keeps a part for what is more urgent', async () => {
    expect(await madeBy(looks('passing'), 20)).toBe(4);
    expect(await madeBy(looks('reconciliation'), 20)).toBe(5);
    expect(await madeBy(looks('doubt'), 20)).toBe(3);
  });

  it('obeys what the answers say: remaining, reset, 429', async () => {
    const nearlyOut = (): Promise<Look<number>> =>
      Promise.resolve({ kind: 'seen', found: 1, left: { requests: 2, resetMs: 60_000 } });
    expect(await madeBy(looks('doubt'), 1, nearlyOut)).toBe(1);
    expect(await madeBy(looks('doubt'), 20)).toBe(2);
    await later(3_600_000);
    const out = (): Promise<Look<number>> =>
      Promise.resolve({
        kind: 'later',
        reason: '429',
        isLimit: true,
        waitMs: 600_000,
        left: { requests: 0, resetMs: 600_000 },
      });
    expect(await madeBy(looks('doubt'), 5, out)).toBe(1);
    await later(590_000);
    expect(await madeBy(looks('doubt'), 5)).toBe(0);
    expect(await looks('doubt').ask(seen)).toMatchObject({ kind: 'later', isLimit: true });
    await later(20_000);
    expect(await madeBy(looks('doubt'), 1)).toBe(1);
    // A limit is no failure.
    expect(await readBackStates(record.pool)).toMatchObject([{ state: 'works', isServed: true }]);
  });

  it('says that it is refused or fails, since when, and asks less often then', async () => {
    const refused = (): Promise<Look<number>> =>
      Promise.resolve({ kind: 'refused', status: 403, reason: '403 Forbidden' });
    expect(await madeBy(looks('doubt'), 5, refused)).toBe(1);
    expect(await readBackStates(record.pool)).toMatchObject([{ state: 'refused', reason: '403 Forbidden' }]);
    await later(61_000);
    const down = (): Promise<Look<number>> => Promise.resolve({ kind: 'later', reason: 'connection refused' });
    expect(await madeBy(looks('doubt'), 5, down)).toBe(1);
    expect(await readBackStates(record.pool)).toMatchObject([{ state: 'failing', reason: 'connection refused' }]);
    await later(61_000);
    expect(await madeBy(looks('doubt'), 1)).toBe(1);
    expect(await readBackStates(record.pool)).toMatchObject([{ state: 'works', reason: null }]);
  });
});
