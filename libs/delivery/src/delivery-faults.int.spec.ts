import fc from 'fast-check';
import { readEvents } from '#record';
import { sessionDraft } from '../../../test/support/producer.js';
import { testRedisUrl, until } from '../../../test/support/servers.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { DatadogDestination } from '../datadog/src/datadog-destination.js';
import { type StandIn, startStandIn } from '../datadog/src/stand-in/stand-in.js';
import { Forwarder } from './forwarder.js';

// Whatever the destination answers, in whatever order. Real PostgreSQL, real Redis, the whole lane; faked: Datadog, by the stand-in.

const KEY = 'local-test-key';
const EVENTS = 150;

/** What a request may meet; `lose-answer` alone may leave a second copy, since it was stored. */
const FAULTS = ['429', '408', '500', '503', '413', '400', '403', 'reset', 'lose-answer', 'slow'] as const;

interface Seen {
  evt: { id: string };
  delivery: { batch: string; attempt: string };
}

describe('delivery, whatever the destination answers', () => {
  let record: TestRecord;
  let standIn: StandIn;
  let redisUrl: string;
  let ids: string[];

  beforeAll(async () => {
    [record, standIn, redisUrl] = await Promise.all([
      TestRecord.open(),
      startStandIn({ port: 0, apiKeys: [KEY] }),
      testRedisUrl(),
    ]);
    const producer = await record.producer('gw-1');
    await record.record(
      producer,
      Array.from({ length: EVENTS }, (_, n) => sessionDraft(`s${n}`)),
    );
    const events = await readEvents(record.pool, { after: -1n, limit: 10_000 });
    ids = events.filter(({ type }) => type === 'command.completed').map(({ epoch, seq }) => `${epoch}.${seq}`);
  });
  afterAll(async () => {
    await standIn.close();
    await record.close();
  });

  let runs = 0;

  it('ends with each recorded event there or a dead letter, and second copies only where they are counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kind: fc.constantFrom(...FAULTS), count: fc.integer({ min: 1, max: 3 }) }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.uniqueArray(fc.nat({ max: EVENTS - 1 }), { maxLength: 2 }),
        async (faults, poison) => {
          standIn.clear();
          standIn.faults.clear();
          for (const fault of faults) standIn.faults.add({ ...fault, delayMs: 30 });
          for (const at of poison) standIn.faults.add({ kind: '400-for-query', query: `@evt.id:"${ids[at]}"` });
          // Another destination each time: it begins at the first event, with a ledger of its own.
          const name = `dd-${runs++}`;
          const destination = new DatadogDestination({
            name,
            url: standIn.logsUrl,
            apiKey: KEY,
            env: 'test',
            allowPrivate: true,
          });
          const forwarder = new Forwarder({
            ...{ pool: await record.poolOf('forwarder'), redisUrl, sweepMs: 50, leaseMs: 20_000 },
            destination: Object.assign(destination, { limits: { ...destination.limits, count: 30 } }),
            entry: { selection: { types: ['command.completed'] } },
            policy: { baseMs: 5, capMs: 20, pausedProbeMs: 20, failuresBeforeProbing: 4 },
          });
          await forwarder.start();
          try {
            const leaves = await until(
              'everything is settled',
              async () => {
                const { rows } = await record.pool.query<{ open: number; cut: number; uncertain: number }>(
                  `SELECT (count(*) FILTER (WHERE state NOT IN ('accepted', 'dead')))::int AS open, coalesce(sum(count), 0)::int AS cut,
                        coalesce(sum(count * uncertain), 0)::int AS uncertain
                   FROM delivery_batch WHERE destination = $1 AND state <> 'split'`,
                  [name],
                );
                return rows[0]?.open === 0 && rows[0].cut === EVENTS && rows[0];
              },
              30_000,
            );
            const { rows } = await record.pool.query<{ id: string }>(
              'SELECT event_id AS id FROM dead_letter WHERE destination = $1',
              [name],
            );
            const dead = rows.map((row) => row.id);
            const seen = standIn.entries() as unknown as Seen[];
            const there = seen.map(({ evt }) => evt.id);
            expect([...new Set([...there, ...dead])].sort()).toEqual([...ids].sort());
            expect(dead.sort()).toEqual(expect.arrayContaining(poison.map((at) => ids[at]).sort()));
            expect(there.filter((id) => dead.includes(id))).toEqual([]);
            const copies = there.length - new Set(there).size;
            expect(copies).toBeLessThanOrEqual(leaves.uncertain);
            if (!faults.some(({ kind }) => kind === 'lose-answer')) expect(copies).toBe(0);
            // A second copy says that it is one: no two under one attempt.
            const attempts = seen.map(({ evt, delivery }) => `${evt.id} ${delivery.batch} ${delivery.attempt}`);
            expect(new Set(attempts).size).toBe(attempts.length);
          } finally {
            await forwarder.stop();
          }
        },
      ),
      { numRuns: 10, endOnFailure: true },
    );
  }, 120_000);
});
