import fc from 'fast-check';
import { instantOfMicros, microsOfInstant } from '#events';
import { type ClassPolicy, dueOf, type PartitionFacts, planRetention } from './retention-plan.js';

const DAY = 86_400_000_000n;
const START = microsOfInstant('2016-01-01T00:00:00.000000Z');
const day = (n: number) => instantOfMicros(START + BigInt(n) * DAY);

const NAMES = ['brief', 'standard', 'long', 'ever', 'system'] as const;

const policies = fc.tuple(
  ...NAMES.map((name) =>
    fc.record({
      name: fc.constant(name as string),
      keepUs: fc.option(
        fc.integer({ min: 1, max: 3000 }).map((days) => BigInt(days) * DAY),
        { nil: null, freq: 6 },
      ),
      floors: fc.array(
        fc.record({
          requirement: fc.constantFrom('pci-dss', 'hipaa', 'eu-ai-act'),
          keepUs: fc.integer({ min: 1, max: 2500 }).map((days) => BigInt(days) * DAY),
        }),
        { maxLength: 2 },
      ),
    }),
  ),
);

const partition = fc
  .record({
    class: fc.constantFrom<string>(...NAMES, 'unknown'),
    from: fc.integer({ min: 0, max: 3600 }),
    length: fc.integer({ min: 1, max: 31 }),
    keepUntil: fc.option(fc.integer({ min: 0, max: 6000 }), { nil: null, freq: 8 }),
    holds: fc.array(fc.constantFrom('hold-a', 'hold-b'), { maxLength: 2 }),
    events: fc.constant(null),
    waits: fc.array(fc.constantFrom('a destination', 'an export'), { maxLength: 1 }),
  })
  .map(
    ({ from, length, keepUntil, ...rest }, index = 0): PartitionFacts => ({
      ...rest,
      name: `event_${rest.class}_${from}_${index}`,
      fromAt: day(from),
      toAt: day(from + length),
      keepUntil: keepUntil === null ? null : day(keepUntil),
    }),
  );

const cases = fc.record({
  at: fc.integer({ min: 0, max: 8000 }).map((n) => START + BigInt(n) * DAY),
  classes: policies,
  partitions: fc.array(partition, { maxLength: 30 }),
});

/** The rule said once more, the other way round: every reason to stay, each by itself. */
function mayGo(at: bigint, classes: readonly ClassPolicy[], one: PartitionFacts): boolean {
  const policy = classes.find((each) => each.name === one.class);
  const end = microsOfInstant(one.toAt);
  const reasons = [
    one.class === 'system',
    policy === undefined,
    policy?.keepUs === null,
    one.keepUntil === null,
    one.keepUntil !== null && microsOfInstant(one.keepUntil) > at,
    typeof policy?.keepUs === 'bigint' && end + policy.keepUs > at,
    (policy?.floors ?? []).some((floor) => end + floor.keepUs > at),
    one.holds.length > 0,
    one.waits.length > 0,
  ];
  return !reasons.includes(true);
}

describe('the retention planner', () => {
  it('drops exactly what no rule, requirement, hold or need keeps', () => {
    let purged = 0;
    fc.assert(
      fc.property(cases, ({ at, classes, partitions }) => {
        const plan = planRetention(at, classes, partitions);
        expect(plan.map((one) => one.verdict === 'purge')).toEqual(partitions.map((one) => mayGo(at, classes, one)));
        purged += plan.filter((one) => one.verdict === 'purge').length;
      }),
      { numRuns: 5_000 },
    );
    expect(purged).toBeGreaterThan(500);
  });

  it('never takes back, as time goes on, that something may go; a hold or a requirement more keeps no less', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 4000 }), ({ at, classes, partitions }, later) => {
        const names = (atUs: bigint, by = classes, of = partitions) =>
          new Set(planRetention(atUs, by, of).flatMap((one, index) => (one.verdict === 'purge' ? [index] : [])));
        const now = names(at);
        const then = names(at + BigInt(later) * DAY);
        for (const index of now) expect(then.has(index)).toBe(true);
        const stricter = classes.map((one) => ({
          ...one,
          floors: [...one.floors, { requirement: 'another', keepUs: 800n * DAY }],
        }));
        for (const index of names(at, stricter as typeof classes)) expect(now.has(index)).toBe(true);
        const held = partitions.map((one, index) => (index % 2 ? { ...one, holds: [...one.holds, 'hold-c'] } : one));
        for (const index of names(at, classes, held)) expect(now.has(index) && index % 2 === 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('says which rule, hold or need keeps a partition', () => {
    const policy = { name: 'a', keepUs: 30n * DAY, floors: [{ requirement: 'hipaa', keepUs: 2192n * DAY }] };
    const one = {
      name: 'event_a_1',
      class: 'a',
      fromAt: day(0),
      toAt: day(1),
      keepUntil: day(31),
      holds: ['hold-a'],
      waits: ['an export'],
      events: null,
    };
    const said = (atDay: number, facts = one) => planRetention(START + BigInt(atDay) * DAY, [policy], [facts])[0];
    expect(said(40)).toMatchObject({ verdict: 'kept', because: 'requirement hipaa demands it', dueAt: day(2193) });
    expect(said(2193)).toMatchObject({ verdict: 'held', because: 'hold-a' });
    expect(said(2193, { ...one, holds: [] })).toMatchObject({ verdict: 'waits', because: 'an export' });
    expect(said(2193, { ...one, holds: [], waits: [] })).toMatchObject({ verdict: 'purge' });
    expect(dueOf({ ...one, keepUntil: null }, policy)).toMatchObject({ atUs: null });
  });
});
