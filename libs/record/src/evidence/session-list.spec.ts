import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { type SessionEvent, SessionFold, type SessionRow } from '#ledger';
import { testFolder } from '../../../../test/support/servers.js';
import { ExternalSort } from './external-sort.js';
import { SessionList } from './session-list.js';

let place: ReturnType<typeof testFolder>;

beforeEach(() => {
  place = testFolder();
});
afterEach(() => place.remove());

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const event: fc.Arbitrary<SessionEvent> = fc.record({
  type: fc.constantFrom('session.opened', 'session.closed', 'session.abandoned', 'command.issued', 'command.completed'),
  time: fc.nat(9).map((digit) => `2026-01-01T00:00:00.00000${digit}Z`),
  session: fc.nat(12).map((number) => `s-\u2028-${number}`),
  identity: fc.option(fc.record({ id: fc.string() }), { nil: undefined }),
  data: fc.record({
    command: fc.tuple(fc.nat(12), fc.nat(5)).map(([session, number]) => `s-\u2028-${session}.${number + 1}`),
    outcome: fc.constantFrom('success', 'failure'),
    commands: fc.nat(5),
  }),
});

describe('the sessions of a bundle', () => {
  it('are the same however few of them are held in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 80 }), fc.integer({ min: 1, max: 20 }), async (events, most) => {
        const fold = new SessionFold();
        const list = new SessionList(place.path, most);
        for (const [position, one] of events.entries()) {
          fold.add(one, position);
          await list.add(one, position);
        }
        await list.finish();
        const expected: SessionRow[] = [...fold.rows()];
        expect(await all(list.sorted())).toEqual(expected);
        expect(await all(list.sorted())).toEqual(expected);
        expect(list.count).toBe(expected.length);
      }),
    );
  });

  it('lie in files where there are more', async () => {
    const sort = new ExternalSort<number[]>({
      ...{ folder: place.path, name: 'numbers', most: 10 },
      compare: ([one = 0], [other = 0]) => one - other,
    });
    const items = Array.from({ length: 95 }, (_, at) => [(at * 37) % 20, at]);
    for (const item of items) await sort.add(item);
    expect(readdirSync(place.path)).toHaveLength(9);
    expect(await all(sort.sorted())).toEqual([...items].sort(([one = 0], [other = 0]) => one - other));
  });
});
