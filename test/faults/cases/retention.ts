import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { beginRetentionRun, carryOutRun, createPool } from '#record';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { World } from '../world.js';

/** A partition of a real record lasts a day at least. These last so long, so that their time is over within the test. */
const PARTITION_SECONDS = 4;
/** The first one lasts longer: until gateway and recorder know of the class, its sessions are recorded under the longest. */
const WARM_UP_SECONDS = 10;

interface Outcome {
  report: Record<string, string> | null;
}

/**
 * Sessions of the class `brief`, kept for a second, on a connection of their own: they fill partitions of a few seconds each. Resolves
 * when all of it is recorded and delivered and the partitions' time is over: then a run would purge them.
 * @returns their names
 */
export async function briefPartitions(world: World, count: number): Promise<string[]> {
  const { stack } = world;
  const file = join(stack.folder, 'affidavit.yaml');
  const policy = readFileSync(file, 'utf8');
  const connection = policy.slice(policy.indexOf('  - name: sample')).replace('name: sample', 'name: sandbox');
  writeFileSync(file, `${policy}${connection}    retention: brief\n`);
  appendFileSync(file, 'retention:\n  classes: { brief: 1s }\n');
  await until(
    'the recorder carries the class into the record',
    async () => (await stack.query(`SELECT FROM retention_class WHERE name = 'brief'`)).length > 0,
    30_000,
  );
  const names = Array.from({ length: count }, (_, index) => `event_brief_${index}`);
  // Made ahead, as ensure_partitions() makes them, only shorter; the last goes on to the end of the day.
  await stack.query(`
    DO $$
    DECLARE v_at timestamptz := clock_timestamp() + interval '${WARM_UP_SECONDS} seconds';
    BEGIN
      CREATE TABLE event_brief PARTITION OF event FOR VALUES IN ('brief') PARTITION BY RANGE (recorded_at);
      FOR n IN 0..${count} LOOP
        EXECUTE format('CREATE TABLE event_brief_%s PARTITION OF event_brief FOR VALUES FROM (%L) TO (%L)', n,
          CASE WHEN n = 0 THEN '-infinity' ELSE v_at END, CASE WHEN n = ${count} THEN date_trunc('day', v_at, 'UTC') + interval '2 days'
          ELSE v_at + interval '${PARTITION_SECONDS} seconds' END);
        INSERT INTO partition (name, class, from_at, to_at, keep_until) VALUES ('event_brief_' || n, 'brief', CASE WHEN n = 0 THEN '2020-01-01' ELSE v_at END,
          CASE WHEN n = ${count} THEN date_trunc('day', v_at, 'UTC') + interval '2 days' ELSE v_at + interval '${PARTITION_SECONDS} seconds' END,
          v_at + interval '${PARTITION_SECONDS + 1} seconds');
        v_at := v_at + interval '${PARTITION_SECONDS} seconds';
      END LOOP;
    END $$`);
  const end = Date.now() + (count * PARTITION_SECONDS + WARM_UP_SECONDS) * 1000;
  while (Date.now() < end) {
    const client = new pg.Client({ ...stack.agent, database: 'sandbox' });
    try {
      await client.connect();
      await client.query('SELECT 1');
      await client.end();
    } catch (error) {
      // The gateway does not know the connection yet.
      if (!String(error).includes('there is no connection')) throw error;
    }
    await sleep(100);
  }
  for (const name of names) {
    const [filled] = await stack.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${name}`);
    if (!filled || filled.n < 5) throw new Error(`${name} holds ${filled?.n} events: nothing would be proved`);
  }
  await until(
    'all of it may go',
    async () => {
      const planned = await stack.affidavit('retention', 'plan', '--json');
      const { partitions } = JSON.parse(planned.stdout) as { partitions: { name: string; verdict: string }[] };
      return names.every((name) => partitions.some((one) => one.name === name && one.verdict === 'purge'));
    },
    60_000,
  );
  return names;
}

/** Every purge takes two seconds longer, after it took the holds' lock and before the partition is dropped. */
async function slowPurges(world: World): Promise<void> {
  await world.stack.query(`
    CREATE FUNCTION fault_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
    CREATE TRIGGER fault_slow BEFORE INSERT ON purge FOR EACH ROW EXECUTE FUNCTION fault_slow()`);
}

/** The backend that purges, once there is one. */
function purging(world: World): Promise<number> {
  return until(
    'a purge is under way',
    async () => {
      const [backend] = await world.stack.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'affidavit-recorder' AND wait_event = 'PgSleep'`,
      );
      return backend?.pid;
    },
    30_000,
  );
}

async function finished(world: World): Promise<Record<string, string>> {
  const run = await until(
    'the run is over',
    async () => {
      const [last] = await world.stack.query<Outcome>('SELECT report FROM retention_run ORDER BY id DESC LIMIT 1');
      return last?.report ?? undefined;
    },
    60_000,
  );
  return run;
}

/** What is gone is gone once, whole, and on the record: as often as partitions were purged, and with their counts. */
async function expectPurged(world: World, names: string[], counts: Map<string, number>): Promise<void> {
  const { stack } = world;
  for (const name of names) {
    const [table] = await stack.query<{ there: boolean }>(`SELECT to_regclass('${name}') IS NOT NULL AS there`);
    expect({ name, there: table?.there }).toEqual({ name, there: false });
  }
  const purges = await stack.query<{ count: number }>('SELECT count::int AS count FROM purge ORDER BY from_at');
  expect(purges.map((one) => one.count)).toEqual(names.map((name) => counts.get(name)));
  await until('each purge is on the record', async () => {
    const said = await stack.query<{ body: Buffer }>(
      `SELECT body FROM event WHERE type = 'retention.purged' ORDER BY position`,
    );
    const found = said.map(({ body }) => (JSON.parse(body.toString()) as { data: { count: number } }).data.count);
    if (found.length < names.length) return false;
    expect(found).toEqual(names.map((name) => counts.get(name)));
    return true;
  });
}

async function countsOf(world: World, names: string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) {
    const [row] = await world.stack.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${name}`);
    counts.set(name, row?.n ?? 0);
  }
  return counts;
}

export const RETENTION_CASES: readonly FaultCase[] = [
  {
    name: 'kill -9 inside a purge, of the backend and of the recorder: a partition is there whole or gone once, and the run is carried on',
    group: 'retention',
    alone: true,
    core: true,
    run: async (world) => {
      const { stack } = world;
      const names = await briefPartitions(world, 2);
      const counts = await countsOf(world, names);
      await slowPurges(world);
      expect(await stack.affidavit('retention', 'run', '--no-wait')).toMatchObject({ code: 0 });
      await stack.query('SELECT pg_terminate_backend($1)', [await purging(world)]);
      // Rolled back with everything that belongs to it.
      expect(await countsOf(world, names)).toEqual(counts);
      expect(await stack.query('SELECT FROM purge')).toEqual([]);
      await purging(world);
      await stack.kill('recorder');
      await world.answered(5);
      await stack.run('recorder');
      expect(await finished(world)).toEqual(Object.fromEntries(names.map((name) => [name, 'purged'])));
      await expectPurged(world, names, counts);
      return undefined;
    },
  },
  {
    name: 'a hold that is placed while a purge runs keeps what is not gone yet, and is kept by no run that was planned before its release',
    group: 'retention',
    alone: true,
    run: async (world) => {
      const { stack } = world;
      const names = await briefPartitions(world, 2);
      const counts = await countsOf(world, names);
      const [first = '', second = ''] = names;
      await slowPurges(world);
      expect(await stack.affidavit('retention', 'run', '--no-wait')).toMatchObject({ code: 0 });
      await purging(world);
      // It waits for the end of the purge under way, and the next one waits for it.
      // Not by the command line, which may take longer to start than a purge lasts.
      const placed = await fetch(`${stack.apiUrl}/v1/holds`, {
        method: 'POST',
        headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ connection: 'sandbox', matter: 'M-1', reason: 'a claim' }),
      });
      const { id } = (await placed.json()) as { id: string };
      expect(await finished(world)).toEqual({ [first]: 'purged', [second]: `held: ${id}` });
      expect(await countsOf(world, [second])).toEqual(new Map([[second, counts.get(second)]]));
      await expectPurged(world, [first], counts);
      expect((await stack.affidavit('retention', 'plan')).stdout).toContain(id);
      expect(await stack.affidavit('holds', 'release', id, '--reason', 'settled')).toMatchObject({ code: 0 });
      const run = await stack.affidavit('retention', 'run');
      expect(run.stdout).toContain(`${second}: purged`);
      await expectPurged(world, names, counts);
      return undefined;
    },
  },
  {
    name: 'two that carry out one run at once purge each partition once',
    group: 'retention',
    alone: true,
    run: async (world) => {
      const { stack } = world;
      const names = await briefPartitions(world, 3);
      const counts = await countsOf(world, names);
      const pool = createPool(stack.recordUrl, { applicationName: 'second runner' });
      try {
        const run = await beginRetentionRun(pool, 'test');
        await Promise.all([carryOutRun(pool, run), carryOutRun(pool, run)]);
      } finally {
        await pool.end();
      }
      expect(await finished(world)).toEqual(Object.fromEntries(names.map((name) => [name, 'purged'])));
      await expectPurged(world, names, counts);
      return undefined;
    },
  },
];
