import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort, startLocalPostgres } from '#platform';
import { Cable } from '../../support/cable.js';
import { command } from '../../support/load.js';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import { remedies } from '../signs.js';
import type { World } from '../world.js';

const run = promisify(execFile);
const RECORDER = 'affidavit-recorder';

/** After an outage the recorder's wait between two tries has grown. */
const REST_AFTER_OUTAGE_MS = 90_000;

async function number(world: World, sql: string, values: unknown[] = []): Promise<number> {
  const [row] = await world.stack.query<{ n: number }>(`SELECT (${sql})::int AS n`, values);
  return row?.n ?? 0;
}

const headOf = (world: World) => number(world, 'SELECT size FROM log_head');

/** Until the record grew by so much: for faults that hold up the record, not the clients. */
async function recorded(world: World, more: number, withinMs = 30_000): Promise<void> {
  const from = await headOf(world);
  await until(`${more} more events are recorded`, async () => (await headOf(world)) >= from + more, withinMs);
}

/** Connected as a stranger whom no fault of the record's own sessions touches. */
async function asStranger<T>(world: World, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: world.stack.recordUrl, application_name: 'stranger' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Raising {
  table: string;
  /** INSERT, UPDATE or both. */
  on: string;
  sqlState: string;
  /** Statement by statement, or row by row where `when` looks at the row. */
  each?: 'STATEMENT' | 'ROW';
  /** Condition in PL/pgSQL; default: always. */
  when?: string;
}

/**
 * Lets statements on tables fail with an error of Postgres' own while `work` goes on.
 * @returns how often they did: none would prove nothing
 */
async function raising(world: World, faults: Raising[], work: () => Promise<void>): Promise<number> {
  // A sequence counts what is rolled back, too.
  await world.stack.query('CREATE SEQUENCE IF NOT EXISTS fault_hits MINVALUE 0 START 0');
  const names = faults.map(({ table }, index) => `fault_${index}_${table}`);
  for (const [index, { table, on, sqlState, each = 'STATEMENT', when = 'true' }] of faults.entries()) {
    const name = names[index];
    // The trigger locks all partitions, against a recorder that writes into several: one of the two gives way.
    await insisting(() =>
      world.stack.query(
        `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$
       BEGIN
         IF ${when} THEN
           PERFORM nextval('fault_hits');
           RAISE EXCEPTION 'a fault of the test' USING ERRCODE = '${sqlState}';
         END IF;
         RETURN NEW;
       END $f$;
       CREATE TRIGGER ${name} BEFORE ${on} ON ${table} FOR EACH ${each} EXECUTE FUNCTION ${name}()`,
      ),
    );
  }
  try {
    await work();
  } finally {
    for (const [index, { table }] of faults.entries()) {
      await insisting(() =>
        world.stack.query(`DROP TRIGGER ${names[index]} ON ${table}; DROP FUNCTION ${names[index]}()`),
      );
    }
  }
  return number(world, 'SELECT CASE WHEN is_called THEN last_value + 1 ELSE 0 END FROM fault_hits');
}

/** Again where Postgres chose it as the victim of a deadlock. */
async function insisting<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 10 || (error as { code?: string }).code !== '40P01') throw error;
    }
  }
}

/** A copy of a cluster that is not running, owners and modes included. */
async function copyCluster(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]);
}

/**
 * A standby of the record's server is made, follows, and takes its place on the same port after the primary is gone.
 * @param kind synchronous: no commit is answered before the standby has it · asynchronous: the line to it is cut before the end,
 *   so that commits are lost with the primary
 */
async function failOver(world: World, kind: 'synchronous' | 'asynchronous'): Promise<{ lost: number }> {
  const { stack } = world;
  const primary = stack.postgres;
  const standbyFolder = `${primary.directory}-standby`;
  await stack.restartPostgres(() => copyCluster(primary.directory, standbyFolder));
  const line = await Cable.to(primary.port);
  const url = new URL(stack.postgres.url());
  // The file is the server's own (copied with its owner), so nothing is chowned here.
  appendFileSync(
    `${standbyFolder}/postgresql.auto.conf`,
    `primary_conninfo = 'host=127.0.0.1 port=${line.port} user=postgres password=${decodeURIComponent(url.password)} application_name=standby'\n`,
  );
  await run('cp', ['-a', `${standbyFolder}/PG_VERSION`, `${standbyFolder}/standby.signal`]);
  const standby = await startLocalPostgres({ directory: standbyFolder, port: await freePort('127.0.0.1') });
  try {
    await until(
      'the standby follows',
      async () => (await number(world, `SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'`)) === 1,
      30_000,
    );
    if (kind === 'synchronous') {
      await stack.query(`ALTER SYSTEM SET synchronous_standby_names = 'standby'`);
      await stack.query('SELECT pg_reload_conf()');
    }
    await recorded(world, 100);
    const atStandby = () =>
      stack
        .query<{ size: string }>('SELECT size FROM log_head', [], standby.url('affidavit'))
        .then((rows) => Number(rows[0]?.size));
    if (kind === 'asynchronous') {
      line.set('cut');
      await actOnTheRecord(world);
      await recorded(world, 100);
    }
    const before = await headOf(world);
    process.kill(stack.postgres.pid, 'SIGKILL');
    await stack.postgres.exited;
    line.set('cut');
    await stack.query('SELECT pg_promote(true, 30)', [], standby.url());
    const after = await atStandby();
    if (kind === 'synchronous') await stack.query('ALTER SYSTEM RESET synchronous_standby_names', [], standby.url());
    await standby.stop();
    await stack.restartPostgres(undefined, standbyFolder);
    return { lost: before - after };
  } finally {
    await standby.stop();
    await line.close();
  }
}

/** One event that no spool holds: the api puts it into the outbox, the recorder gives it a number of node `record`. */
async function actOnTheRecord(world: World): Promise<void> {
  const before = await number(world, `SELECT count(*) FROM event WHERE node = 'record'`);
  await world.stack.query(
    `INSERT INTO outbox (body) VALUES ('{"type":"record.read","time":"2026-11-25T12:00:00.000000Z","class":"system","data":{"key":"k1","what":"a fault"}}')`,
  );
  await until(
    'the act is recorded',
    async () => (await number(world, `SELECT count(*) FROM event WHERE node = 'record'`)) > before,
  );
}

/** All that may be lost for good is what no spool holds: numbers of node `record`, and the record says which. */
async function expectOnlyOwnNumbersLost(world: World): Promise<void> {
  const lost = await world.stack.query<{ body: Buffer }>(`SELECT body FROM event WHERE type = 'producer.lost'`);
  expect(lost.map(({ body }) => (JSON.parse(body.toString()) as { data: object }).data)).toEqual([
    expect.objectContaining({ node: 'record', by: 'producer' }),
  ]);
}

/** The log goes on as the next generation, once, and says from where to where. */
async function expectRestorationNamed(world: World): Promise<void> {
  const rows = await world.stack.query<{ body: Buffer }>(`SELECT body FROM event WHERE type = 'log.restored'`);
  const said = rows.map(({ body }) => (JSON.parse(body.toString()) as { data: { from: string; to: string } }).data);
  expect(said).toEqual([expect.objectContaining({ generation: 2, previous: 1 })]);
  expect(Number(said[0]?.from)).toBeGreaterThan(Number(said[0]?.to));
}

/** Ids of events of node `record` that a restore took away, and that Datadog had already: each must stay the only one of its name. */
async function expectNoIdGivenTwice(world: World): Promise<void> {
  const bodies = new Map<string, Set<string>>();
  const logs = (await world.stack.delivered()) as { evt: { id: string; name: string; time?: string } }[];
  for (const { evt } of logs) {
    const seen = bodies.get(evt.id) ?? new Set();
    bodies.set(evt.id, seen.add(`${evt.name} ${evt.time}`));
  }
  expect([...bodies].filter(([, seen]) => seen.size > 1)).toEqual([]);
}

export const POSTGRES_CASES: FaultCase[] = [
  {
    name: 'Postgres restarts, again and again',
    group: 'postgres',
    async run(world, dice) {
      for (let round = 0; round < 3; round++) {
        await world.answered(dice.between(20, 80));
        await world.stack.restartPostgres(() => sleep(dice.between(0, 1500)));
        await recorded(world, 20);
      }
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: "Postgres kills the backend inside the recorder's transaction",
    group: 'postgres',
    core: true,
    async run(world, dice) {
      await world.answered(20);
      let killed = 0;
      await asStranger(world, async (client) => {
        const end = Date.now() + 20_000;
        while (killed < 8 && Date.now() < end) {
          const { rowCount } = await client.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE application_name = $1 AND backend_xid IS NOT NULL`,
            [RECORDER],
          );
          killed += rowCount ?? 0;
          if (rowCount) await sleep(dice.between(50, 500));
        }
      });
      expect(killed).toBeGreaterThanOrEqual(8);
      return undefined;
    },
  },
  {
    name: 'Postgres loses the answers to what it commits',
    group: 'postgres',
    async run(world, dice) {
      const line = world.stack.cables?.postgres;
      for (let round = 0; round < 4; round++) {
        await world.answered(dice.between(20, 60));
        line?.set('swallow');
        await sleep(dice.between(50, 600));
        line?.reset();
        line?.set('pass');
        await recorded(world, 20);
      }
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres is away for long while clients go on',
    group: 'postgres',
    async run(world) {
      await world.answered(20);
      const began = Date.now();
      world.stack.cables?.postgres.set('cut');
      // A COMMIT that was on its way may still be carried out.
      await sleep(3000);
      const head = await headOf(world);
      await world.keepsAnswering(20_000);
      expect(await headOf(world)).toBe(head);
      const remedy = /PostgreSQL runs/;
      await world.shows(
        [
          { app: 'recorder', check: 'postgres', reason: /PostgreSQL/, remedy },
          { app: 'forwarder', check: 'postgres', reason: /PostgreSQL/, remedy },
          { app: 'api', check: 'postgres', reason: /PostgreSQL/, remedy },
          { app: 'gateway', check: 'record', reason: /recorder has not confirmed/, remedy: /recorder runs/ },
        ],
        began,
      );
      world.stack.cables?.postgres.set('pass');
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres stands still with its connections open',
    group: 'postgres',
    async run(world) {
      await world.answered(20);
      world.stack.cables?.postgres.set('stall');
      const began = Date.now();
      await world.keepsAnswering(12_000);
      await world.shows({ app: 'recorder', check: 'postgres', reason: /no answer|PostgreSQL/, remedy: /runs/ }, began);
      world.stack.cables?.postgres.set('pass');
      await recorded(world, 20, 60_000);
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres finds its disk full',
    group: 'postgres',
    async run(world) {
      await world.answered(20);
      const began = Date.now();
      const full = { on: 'INSERT', sqlState: '53100' };
      const tables = ['run', 'delivery_batch', 'producer_epoch', 'session'];
      const hits = await raising(
        world,
        [{ table: 'event', each: 'ROW' as const, ...full }, ...tables.map((table) => ({ table, ...full }))],
        async () => {
          const head = await headOf(world);
          await world.keepsAnswering(6000);
          expect(await headOf(world)).toBe(head);
          await world.shows(
            { app: 'recorder', check: 'recording', reason: /fault of the test/, remedy: /Free space/ },
            began,
          );
        },
      );
      expect(hits).toBeGreaterThan(1);
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres has no connection left for anybody',
    group: 'postgres',
    options: { postgresSettings: { max_connections: '40' } },
    async run(world) {
      await world.answered(20);
      const held: pg.Client[] = [];
      const grab = async (): Promise<boolean> => {
        const client = new pg.Client({ connectionString: world.stack.recordUrl, application_name: 'stranger' });
        client.on('error', () => undefined);
        try {
          await client.connect();
          held.push(client);
          return true;
        } catch {
          await client.end().catch(() => undefined);
          return false;
        }
      };
      try {
        while (await grab());
        // What the processes held is taken from them, and the places with it.
        const end = Date.now() + 8000;
        while (Date.now() < end) {
          await held[0]?.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'affidavit-%'`,
          );
          while (await grab());
          await world.answered(5);
        }
        const { rows } = (await held[0]?.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'stranger'`,
        )) ?? { rows: [] };
        expect(rows[0]?.n).toBeGreaterThan(30);
      } finally {
        await Promise.all(held.map((client) => client.end()));
      }
      // A backend goes a moment after its client; until then a test is refused like anybody.
      const hasRoom = () =>
        headOf(world).then(
          () => true,
          () => false,
        );
      await until('there is room again', hasRoom);
      await sleep(1000);
      await recorded(world, 20, 60_000);
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres breaks transactions off with 40001 and 40P01',
    group: 'postgres',
    async run(world) {
      await world.answered(20);
      const often = { when: 'random() < 0.5' };
      const hits = await raising(
        world,
        [
          { table: 'run', on: 'INSERT', sqlState: '40001', ...often },
          { table: 'log_head', on: 'UPDATE', sqlState: '40P01', ...often },
          { table: 'delivery_batch', on: 'INSERT OR UPDATE', sqlState: '40P01', ...often },
          { table: 'delivery_range', on: 'UPDATE', sqlState: '40001', ...often },
          { table: 'session', on: 'INSERT', sqlState: '40001', ...often },
        ],
        () => world.keepsAnswering(8000),
      );
      expect(hits).toBeGreaterThan(5);
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: "Postgres makes all wait for a stranger's long lock",
    group: 'postgres',
    async run(world, dice) {
      // Shorter and longer than the 10 s after which the product gives up waiting for a lock.
      for (const [table, ms] of [
        ['event', dice.between(3000, 6000)],
        ['log_head', 12_000],
        ['delivery_batch', 5000],
      ] as const) {
        await world.answered(20);
        await asStranger(world, async (client) => {
          await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
          const began = Date.now();
          await world.keepsAnswering(ms);
          if (table === 'log_head') {
            // `doctor` names the session that holds the lock, too.
            const sign = { app: 'recorder', check: 'recording', reason: /under way for|lock timeout/ } as const;
            await world.shows({ ...sign, remedy: /doctor|lock/ }, began);
            expect(await remedies(world.stack)).toContainEqual(expect.stringMatching(/pg_terminate_backend/));
          }
          await client.query('ROLLBACK');
        });
        await recorded(world, 20, 60_000);
      }
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres lost the partitions of now and of next month: they are made again',
    group: 'postgres',
    async run(world) {
      await recorded(world, 50);
      const made = () => number(world, `SELECT count(*) FROM partition WHERE class = 'standard'`);
      await asStranger(world, async (client) => {
        // The partition of now ends in a moment (with the rows it holds, which must not go), and none follows.
        await client.query('BEGIN; LOCK TABLE event IN ACCESS EXCLUSIVE MODE');
        const { rows } = await client.query<{ name: string; from_at: string; cut: string; now: boolean }>(
          `SELECT name, from_at::text, (clock_timestamp() + interval '1 second')::text AS cut, from_at <= now() AS now
             FROM partition WHERE class = 'standard' AND to_at > now()`,
        );
        for (const { name, from_at, cut, now } of rows) {
          await client.query(`ALTER TABLE event_standard DETACH PARTITION ${name}`);
          if (now) {
            // Its name is that of a month's first day, which the one to come may need.
            await client.query(`ALTER TABLE ${name} RENAME TO ${name}_early`);
            await client.query(
              `ALTER TABLE event_standard ATTACH PARTITION ${name}_early FOR VALUES FROM ('${from_at}') TO ('${cut}')`,
            );
            await client.query(`UPDATE partition SET name = name || '_early', to_at = $2 WHERE name = $1`, [name, cut]);
          } else {
            await client.query(`DROP TABLE ${name}`);
            await client.query('DELETE FROM partition WHERE name = $1', [name]);
          }
        }
        await client.query('COMMIT');
      });
      expect(await made()).toBe(1);
      await until('partitions are made again', async () => (await made()) > 1, 20_000);
      await recorded(world, 50);
      return undefined;
    },
  },
  {
    name: 'Postgres refuses one row: it stands in quarantine at its place, all others as they came',
    group: 'postgres',
    core: true,
    async run(world) {
      await world.answered(20);
      const isPoison = `NEW.type = 'command.issued' AND position(convert_to('poison-row', 'UTF8') IN NEW.body) > 0`;
      const hits = await raising(
        world,
        [{ table: 'event', on: 'INSERT', sqlState: '22P05', each: 'ROW', when: isPoison }],
        async () => {
          await command(world.stack, "SELECT 'poison-row'");
          await until('the row is set aside', async () => (await number(world, 'SELECT count(*) FROM quarantine')) > 0);
          await recorded(world, 50);
        },
      );
      expect(hits).toBeGreaterThan(0);
      const rows = await world.stack.query<{ type: string; body: Buffer; reason: string }>(
        'SELECT type, body, reason FROM quarantine JOIN event USING (position)',
      );
      expect(rows.map(({ type, reason }) => ({ type, reason }))).toEqual([
        { type: 'quarantined', reason: 'PostgreSQL refused it: a fault of the test' },
      ]);
      expect(rows[0]?.body.toString()).toContain('poison-row');
      return { faults: ['is quarantined'] };
    },
  },
  {
    name: 'Postgres comes back as an older backup: spools bring back what it lacks',
    group: 'postgres',
    async run(world) {
      const { stack } = world;
      await recorded(world, 200);
      const current = stack.postgres.directory;
      await stack.restartPostgres(() => copyCluster(current, `${current}-backup`));
      await recorded(world, 400);
      await actOnTheRecord(world);
      await until('Datadog has the act', async () => {
        const logs = (await stack.delivered()) as { evt: { name: string } }[];
        return logs.some(({ evt }) => evt.name === 'record.read');
      });
      const before = await headOf(world);
      await stack.restartPostgres(undefined, `${current}-backup`);
      expect(await headOf(world)).toBeLessThan(before);
      await recorded(world, 400, 60_000);
      await actOnTheRecord(world);
      await expectOnlyOwnNumbersLost(world);
      await expectRestorationNamed(world);
      await sleep(2000);
      await expectNoIdGivenTwice(world);
      return { restMs: REST_AFTER_OUTAGE_MS, restored: true, faults: ['is producer.lost'] };
    },
  },
  {
    name: 'Postgres comes back from an older backup while no recorder runs: copies elsewhere tell, and the log goes on as another generation',
    group: 'postgres',
    async run(world) {
      const { stack } = world;
      await recorded(world, 200);
      const current = stack.postgres.directory;
      await stack.restartPostgres(() => copyCluster(current, `${current}-backup`));
      await recorded(world, 400);
      await stack.kill('recorder');
      await stack.restartPostgres(undefined, `${current}-backup`);
      await stack.run('recorder');
      await recorded(world, 400, 60_000);
      await expectRestorationNamed(world);
      await expectNoIdGivenTwice(world);
      return { restMs: REST_AFTER_OUTAGE_MS, restored: true };
    },
  },
  {
    name: 'somebody with every right in Postgres changes an event: verification names its position, until it is as it was',
    group: 'postgres',
    options: { env: { AFFIDAVIT_VERIFY_RATE: '100000', AFFIDAVIT_VERIFY_EVERY: '2s' } },
    async run(world) {
      await recorded(world, 600);
      const position = 100;
      const change = (sql: string) =>
        asStranger(world, async (client) => {
          await client.query(`SET session_replication_role = replica`);
          await client.query(sql);
        });
      await change(`UPDATE event SET identity_id = 'somebody else' WHERE position = ${position}`);
      await world.shows({
        app: 'recorder',
        check: 'verification',
        reason: /position 100 .*identityId/,
        remedy: /evidence/,
      });
      await until('Datadog is told', async () =>
        ((await world.stack.delivered()) as { evt: { name: string } }[]).some(
          ({ evt }) => evt.name === 'record.differs',
        ),
      );
      await change(
        `UPDATE event SET identity_id = convert_from(body, 'UTF8')::json->'identity'->>'id' WHERE position = ${position}`,
      );
      await until(
        'it is in order again',
        async () => (await number(world, 'SELECT count(*) FROM difference WHERE resolved_at IS NULL')) === 0,
        30_000,
      );
      // Else each pass would be an event, and nothing come to rest.
      await world.stack.kill('recorder', 'SIGTERM');
      await world.stack.run('recorder', { AFFIDAVIT_VERIFY_EVERY: '24h' });
      return undefined;
    },
  },
  {
    name: 'Postgres fails over to a synchronous standby: nothing goes back',
    group: 'postgres',
    async run(world) {
      expect((await failOver(world, 'synchronous')).lost).toBeLessThanOrEqual(0);
      await recorded(world, 100, 60_000);
      await expectNoIdGivenTwice(world);
      return { restMs: REST_AFTER_OUTAGE_MS };
    },
  },
  {
    name: 'Postgres fails over to an asynchronous standby that lost commits: spools bring them back',
    group: 'postgres',
    async run(world) {
      expect((await failOver(world, 'asynchronous')).lost).toBeGreaterThan(0);
      await recorded(world, 100, 60_000);
      await actOnTheRecord(world);
      await expectOnlyOwnNumbersLost(world);
      await expectRestorationNamed(world);
      await expectNoIdGivenTwice(world);
      return { restMs: REST_AFTER_OUTAGE_MS, restored: true, faults: ['is producer.lost'] };
    },
  },
];
