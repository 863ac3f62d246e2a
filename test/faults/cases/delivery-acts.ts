import pg from 'pg';
import { command } from '../../support/load.js';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { World } from '../world.js';

// What operators do with deliveries, while the forwarder that does it is killed.

interface PlanView {
  id: string;
  state: string;
  count: number;
  to: string;
  report: { planned: number; sent: number; possibleDuplicates: number; isEqual: boolean } | null;
}

interface SeenLog {
  evt: { id: string };
  delivery: { lane: string };
}

async function cli<T>(world: World, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await world.stack.affidavit(...args, '--json');
  if (code !== 0) throw new Error(`affidavit ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}

function standIn(world: World, method: string, body?: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${world.stack.ports.datadog}/_affidavit/faults`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

/** Until the record has more than so many thousands of positions: a plan of one block has no middle. */
async function filled(world: World, thousands: number): Promise<void> {
  await until(
    `${thousands} thousand positions are taken`,
    async () => {
      const [head] = await world.stack.query<{ size: string }>('SELECT size FROM log_head');
      return Number(head?.size) > thousands * 1000;
    },
    60_000,
  );
}

function reached(world: World, id: string, state: string): Promise<PlanView> {
  return until(
    `${id} is ${state}`,
    async () => {
      const found = await cli<PlanView>(world, 'replay', 'show', id);
      return found.state === state && found;
    },
    60_000,
  );
}

/** How often each event came in the lane of replays. */
async function replayed(world: World): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  for (const { evt, delivery } of (await world.stack.delivered()) as unknown as SeenLog[]) {
    if (delivery.lane === 'replay') copies.set(evt.id, (copies.get(evt.id) ?? 0) + 1);
  }
  return copies;
}

async function expectReplayed(world: World, { id, count, to }: PlanView): Promise<void> {
  const { report } = await reached(world, id, 'finished');
  expect(report).toMatchObject({ planned: count, sent: count, isEqual: true });
  const copies = await replayed(world);
  const rows = await world.stack.query<{ id: string }>(
    `SELECT epoch || '.' || seq AS id FROM event WHERE position < $1`,
    [to],
  );
  expect([...copies.keys()].sort()).toEqual(rows.map((row) => row.id).sort());
  // A second copy only where an attempt ended without an answer, and those are counted.
  const copied = [...copies.values()].reduce((sum, one) => sum + one, 0);
  expect(copied - count).toBeLessThanOrEqual(report?.possibleDuplicates ?? 0);
}

export const DELIVERY_ACT_CASES: FaultCase[] = [
  {
    name: 'the forwarder killed in mid-replay: all that was planned arrives, second copies only where they are counted',
    group: 'kill',
    alone: true,
    async run(world) {
      await filled(world, 3);
      const plan = await cli<PlanView>(world, 'replay', 'plan');
      expect(plan.count).toBe(Number(plan.to));
      await standIn(world, 'POST', { kind: 'slow', delayMs: 500, count: null });
      await cli(world, 'replay', 'start', plan.id, '--no-wait');
      for (const part of [0, 1]) {
        // The leases of whoever was killed end first.
        await until('a part of it is there', async () => (await replayed(world)).size > part * 1000, 40_000);
        await world.stack.kill('forwarder');
        // Asked while nobody can go on with it.
        expect((await cli<PlanView>(world, 'replay', 'show', plan.id)).state).toBe('running');
        await world.stack.run('forwarder');
      }
      await standIn(world, 'DELETE');
      await expectReplayed(world, plan);
      return undefined;
    },
  },
  {
    name: 'Redis emptied in mid-replay: all that was planned arrives',
    group: 'redis',
    alone: true,
    async run(world) {
      await filled(world, 2);
      const plan = await cli<PlanView>(world, 'replay', 'plan');
      await standIn(world, 'POST', { kind: 'slow', delayMs: 500, count: null });
      await cli(world, 'replay', 'start', plan.id, '--no-wait');
      await until('a part of it is there', async () => (await replayed(world)).size > 0);
      await world.stack.restartRedis({ empty: true });
      await standIn(world, 'DELETE');
      await expectReplayed(world, plan);
      return undefined;
    },
  },
  {
    name: 'the forwarder killed while it plans a replay goes on, and lists each event once',
    group: 'kill',
    alone: true,
    async run(world) {
      await filled(world, 2);
      // Held up inside the transaction that writes a block down, as by a slow disk, and killed there.
      const holder = new pg.Client({ connectionString: world.stack.recordUrl });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE delivery_plan_block IN EXCLUSIVE MODE');
      const { id } = await cli<PlanView>(world, 'replay', 'plan', '--no-wait');
      await until('it waits in the middle of its work', async () => {
        const rows = await world.stack.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO delivery_plan_block%'`,
        );
        return rows.length > 0;
      });
      await world.stack.kill('forwarder');
      await holder.end();
      await world.stack.run('forwarder');
      const plan = await reached(world, id, 'planned');
      const [listed] = await world.stack.query<{ events: number; blocks: number }>(
        `SELECT (SELECT sum(count) FROM delivery_plan_block WHERE plan = $1)::int AS blocks,
                (SELECT count(*) FROM event WHERE position < $2)::int AS events`,
        [id, plan.to],
      );
      expect(listed).toMatchObject({ events: plan.count, blocks: plan.count });
      await until('it is on the record once', async () => {
        const rows = await world.stack.query(
          `SELECT FROM event WHERE type = 'replay.planned' AND convert_from(body, 'UTF8') LIKE '%' || $1 || '%'`,
          [id],
        );
        return rows.length === 1;
      });
      return undefined;
    },
  },
  {
    name: 'dead letters that an operator retries while the forwarder is killed arrive once',
    group: 'kill',
    alone: true,
    async run(world) {
      await world.answered(30);
      await standIn(world, 'POST', { kind: '400-for-query', query: '@evt.name:command.issued @db.statement:*poison*' });
      for (let n = 0; n < 3; n++) await command(world.stack, `SELECT 'poison ${n}'`);
      const ids = await until('three dead letters', async () => {
        const rows = await world.stack.query<{ event_id: string }>('SELECT event_id FROM dead_letter');
        return rows.length === 3 && rows.map((row) => row.event_id);
      });
      await world.shows(
        { app: 'forwarder', check: 'dead-letters', reason: /refuses 3 events/, remedy: /affidavit deadletters retry/ },
        0,
      );
      await standIn(world, 'DELETE');
      await world.stack.kill('forwarder');
      expect(await cli(world, 'deadletters', 'retry', '--all')).toMatchObject({ count: 3, skipped: [] });
      await world.stack.run('forwarder');
      await world.crash('forwarder');
      await until('they were accepted', async () => {
        const rows = await world.stack.query(
          `SELECT FROM dead_letter l JOIN delivery_batch b ON b.id = l.batch WHERE l.state = 'retried' AND b.state = 'accepted'`,
        );
        return rows.length === 3;
      });
      const logs = (await world.stack.delivered()) as unknown as SeenLog[];
      expect(logs.filter((log) => ids.includes(log.evt.id)).map((log) => log.delivery.lane)).toEqual([
        'catchup',
        'catchup',
        'catchup',
      ]);
      return { deadLetters: 3 };
    },
  },
];
