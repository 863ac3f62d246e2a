import { decodeLeaves } from '#ledger';
import { startedDraft } from '../../../../test/support/producer.js';
import { SessionEvents } from '../../../../test/support/session-events.js';
import { TestRecord } from '../../../../test/support/test-record.js';
import type { Queryable } from '../pool.js';
import { epochsBetween, epochsOf, runsBetween, runsOf, type ShownRun } from './runs.js';

/** Runs as a bundle shows them, of a real record. */
describe('runs', () => {
  let record: TestRecord;
  let size: number;

  beforeAll(async () => {
    record = await TestRecord.open();
    const nodes = [await record.producer('gw-1'), await record.producer('gw-2')];
    for (const producer of nodes) await record.record(producer, [startedDraft()]);
    for (let n = 0; n < 40; n++) {
      const session = new SessionEvents(`s-${n}`);
      const commands = Array.from({ length: n % 5 }, () => session.command('SELECT 1')).flat();
      size = Number(await record.record(nodes[n % 2]!, [session.opened(), ...commands, session.closed()])) + 1;
    }
  }, 30_000);
  afterAll(() => record.close());

  async function all(runs: AsyncIterable<ShownRun>): Promise<ShownRun[]> {
    const found: ShownRun[] = [];
    for await (const run of runs) found.push(run);
    return found;
  }
  const epochs = (runs: readonly ShownRun[]) =>
    new Set(runs.flatMap(({ line }) => decodeLeaves(line.leaves as Buffer).map((leaf) => leaf.epoch)));
  const firsts = (runs: readonly ShownRun[]) => runs.map(({ line }) => line.first);

  it('come once and in order, however little is read at once', async () => {
    const { pool } = record;
    const whole = await all(runsBetween(pool, 0, size));
    expect(whole.reduce((sum, { line, last }) => sum + last - line.first + 1, 0)).toBe(size);
    for (const bytes of [1, 700]) expect(await all(runsBetween(pool, 0, size, bytes))).toEqual(whole);
    const everything = Array.from({ length: size }, (_, position) => position);
    const wanted = everything.filter((position) => position % 7 === 0);
    const holding = whole.filter(({ line, last }) => wanted.some((at) => at >= line.first && at <= last));
    for (const some of [[wanted.slice(0, 1)], [wanted.slice(0, 9), wanted.slice(9)], []]) {
      expect(await epochsOf(pool, some)).toEqual(epochs(await all(runsOf(pool, some))));
    }
    for (const bytes of [1, 700, undefined]) {
      expect(await all(runsOf(pool, [everything], bytes))).toEqual(whole);
      expect(await all(runsOf(pool, [wanted.slice(0, 9), wanted.slice(9)], bytes))).toEqual(holding);
      const within = await all(runsBetween(pool, 20, 60, bytes));
      expect(await epochsBetween(pool, 20, 60)).toEqual(epochs(within));
      expect(firsts(within)).toEqual(firsts(whole.filter(({ line, last }) => line.first < 60 && last >= 20)));
    }
  });

  it('of before the log kept chains get the same ones, each worked out from the one before', async () => {
    const client = await record.pool.connect();
    try {
      const before = await all(runsBetween(client, 0, size));
      // As an upgrade finds them; only an owner may, and only with the triggers off.
      await client.query(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE run SET chain_before = NULL`);
      let rowsRead = 0;
      const counting = {
        query: async (text: string, values: unknown[]) => {
          const answer = await client.query(text, values);
          rowsRead += answer.rows.length;
          return answer;
        },
      } as unknown as Queryable;
      expect(await all(runsBetween(counting, 0, size))).toEqual(before);
      // Each run once to be shown, and once more to go on from.
      expect(rowsRead).toBeLessThanOrEqual(2 * before.length + 1);
      // Where the chain is kept again, a run behind a hole needs none before it.
      const third = before.filter(({ line }) => line.node === 'gw-1')[2]!;
      await client.query('UPDATE run SET chain_before = $2 WHERE first_position = $1', [
        third.line.first,
        Buffer.from(third.line.chainBefore),
      ]);
      const earlier = before.filter(({ line }) => line.node === 'gw-1' && line.first < third.line.first).at(-1)!;
      await client.query('DELETE FROM run WHERE first_position = $1', [earlier.line.first]);
      expect(await all(runsBetween(client, third.line.first, size))).toEqual(
        before.filter(({ line }) => line.first >= third.line.first),
      );
      await client.query('UPDATE run SET chain_before = NULL WHERE first_position = $1', [third.line.first]);
      await expect(all(runsBetween(client, third.line.first, size))).rejects.toMatchObject({
        code: 'RECORD_CHAIN_UNKNOWN',
      });
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });
});
