import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import { preloaded } from '../gateway-host.js';
import type { World } from '../world.js';
import { briefPartitions } from './retention.js';

// What people take out of the record, while the api that makes it is killed and its disk is full.

interface ExportView {
  id: string;
  state: string;
  to: string;
  next: string;
  count: number;
  error: { code: string; remedy: string } | null;
  file: { sha256: string } | null;
}

interface PlannedView {
  name: string;
  verdict: string;
  because: string;
}

async function cli<T>(world: World, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await world.stack.affidavit(...args, '--json');
  if (code !== 0) throw new Error(`affidavit ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}

/** Until the record has so many positions: an export of a moment has no middle. */
async function filled(world: World, positions: number): Promise<void> {
  await until(
    `${positions} positions are taken`,
    async () => {
      const [head] = await world.stack.query<{ size: string }>('SELECT size FROM log_head');
      return Number(head?.size) > positions;
    },
    60_000,
  );
}

/** What an export notes takes longer, so that it can be killed between any two steps. */
async function slowExports(world: World, finishSeconds = 3): Promise<void> {
  await world.stack.query(`
    CREATE FUNCTION fault_slow_export() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(CASE WHEN NEW.state = 'finished' THEN ${finishSeconds} ELSE 1 END); RETURN NEW; END $$;
    CREATE TRIGGER fault_slow_export BEFORE UPDATE OF savepoint ON export FOR EACH ROW WHEN (NEW.savepoint IS NOT NULL)
      EXECUTE FUNCTION fault_slow_export()`);
}

/** Until its file grows on the disk of the api. */
async function writing(world: World, id: string): Promise<void> {
  const folder = join(world.stack.folder, 'data', 'exports', id);
  await until('its file is begun', () => existsSync(folder) && readdirSync(folder).length > 0, 30_000);
}

/** What came is the recorded bytes, line by line, and the record says that it was exported, once, with this digest. */
async function expectWhole(world: World, one: ExportView, file: string): Promise<void> {
  const rows = await world.stack.query<{ body: Buffer }>(
    'SELECT body FROM event WHERE position < $1 ORDER BY position',
    [one.to],
  );
  const bytes = readFileSync(file);
  expect(bytes.equals(Buffer.concat(rows.flatMap(({ body }) => [body, Buffer.from('\n')])))).toBe(true);
  const digest = createHash('sha256').update(bytes).digest('hex');
  expect(one.file?.sha256).toBe(digest);
  expect(one.count).toBe(rows.length);
  const said = await until('it is on the record', async () => {
    const found = await world.stack.query<{ body: Buffer }>(`SELECT body FROM event WHERE type = 'record.exported'`);
    return found.length > 0 && found.map(({ body }) => (JSON.parse(String(body)) as { data: object }).data);
  });
  expect(said).toMatchObject([{ export: one.id, count: rows.length, digest }]);
}

export const EXPORT_CASES: readonly FaultCase[] = [
  {
    name: 'the api killed again and again in mid-export: it goes on, and no line is doubled or missing',
    group: 'kill',
    alone: true,
    async run(world) {
      const { stack } = world;
      await filled(world, 1500);
      await slowExports(world);
      const asked = await cli<ExportView>(world, 'export', '--no-wait');
      // While it notes what is on disk, and while it says that it is finished.
      for (const attempt of [1, 2]) {
        await until(
          `attempt ${attempt} says something`,
          async () => {
            const [row] = await stack.query<{ attempt: number; says: boolean }>(
              `SELECT attempt, EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'affidavit-api' AND wait_event = 'PgSleep') AS says
                 FROM export`,
            );
            return row?.attempt === attempt && row.says;
          },
          // A transaction that nobody ends holds its row for half a minute where a proxy keeps the line.
          90_000,
        );
        await world.crash('api');
      }
      expect(await stack.query('SELECT state FROM export')).toEqual([{ state: 'running' }]);
      await until(
        'it is finished',
        async () => (await cli<ExportView>(world, 'export', 'show', asked.id)).state === 'finished',
        90_000,
      );
      const file = join(stack.folder, 'out.ndjson');
      const one = await cli<ExportView>(world, 'export', 'fetch', asked.id, '--out', file);
      await expectWhole(world, one, file);
      expect(await stack.query('SELECT FROM reading_claim')).toEqual([]);
      expect(readdirSync(join(stack.folder, 'data', 'exports', asked.id))).toHaveLength(1);
      return undefined;
    },
  },
  {
    name: 'the api killed again and again while it makes a bundle of evidence: it is made, and proves itself without the product',
    group: 'kill',
    alone: true,
    async run(world, dice) {
      const { stack } = world;
      await filled(world, 1500);
      const asked = await cli<ExportView>(world, 'evidence', 'export', '--no-wait');
      for (let round = 0; round < 3; round++) {
        await writing(world, asked.id);
        await sleep(dice.between(0, 600));
        await world.crash('api');
      }
      const file = join(stack.folder, 'evidence.zip');
      const one = await cli<ExportView>(world, 'export', 'fetch', asked.id, '--out', file);
      const key = (await cli<{ key: string }>(world, 'log', 'checkpoint')).key;
      const report = await cli<{ verdict: string; problems: object[]; summary: { events: number } }>(
        world,
        ...['verify', file, '--key', key],
      );
      expect(report).toMatchObject({ verdict: 'valid', problems: [], summary: { events: one.count } });
      expect(readdirSync(join(stack.folder, 'data', 'exports', asked.id))).toHaveLength(1);
      return undefined;
    },
  },
  {
    name: 'the disk under the exports is full: the export fails and says so, nothing of it stays, and the next one succeeds',
    group: 'host',
    alone: true,
    async run(world) {
      const { stack } = world;
      const flag = join(stack.folder, 'full-disk');
      await stack.kill('api');
      await stack.run('api', { ...preloaded('full-disk'), TEST_DISK_FLAG: flag });
      writeFileSync(flag, '');
      const refused = await stack.affidavit('export', '--out', join(stack.folder, 'none.ndjson'));
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('the disk under the folder of exports is full');
      expect(refused.stderr).toContain('Free space there');
      expect(existsSync(join(stack.folder, 'none.ndjson'))).toBe(false);
      expect(readdirSync(join(stack.folder, 'data', 'exports'))).toEqual(['folder-name']);
      expect(await stack.query('SELECT FROM reading_claim')).toEqual([]);
      await world.answered(10);
      rmSync(flag);
      const file = join(stack.folder, 'out.ndjson');
      const one = await cli<ExportView>(world, 'export', '--out', file);
      await expectWhole(world, one, file);
      return undefined;
    },
  },
  {
    name: 'a retention run beside a running export purges nothing that it is still to hand out; afterwards it does',
    group: 'retention',
    alone: true,
    async run(world) {
      const { stack } = world;
      const names = await briefPartitions(world, 2);
      await slowExports(world, 12);
      const asked = await cli<ExportView>(world, 'export', '--no-wait', '--connection', 'sandbox');
      await writing(world, asked.id);
      const { partitions } = await cli<{ partitions: PlannedView[] }>(world, 'retention', 'plan');
      for (const name of names) {
        const found = partitions.find((one) => one.name === name);
        expect(found).toMatchObject({
          verdict: 'waits',
          because: expect.stringContaining(`export ${asked.id} reads it`),
        });
      }
      expect(await stack.affidavit('retention', 'run')).toMatchObject({ code: 0 });
      expect(await stack.query('SELECT FROM purge')).toEqual([]);
      const file = join(stack.folder, 'out.ndjson');
      const one = await cli<ExportView>(world, 'export', 'fetch', asked.id, '--out', file);
      const rows = await stack.query<{ body: Buffer }>(
        `SELECT body FROM event WHERE connection = 'sandbox' AND position < $1 ORDER BY position`,
        [one.to],
      );
      expect(readFileSync(file, 'utf8')).toBe(rows.map(({ body }) => `${body}\n`).join(''));
      // What it had is no longer waited for.
      await until(
        'both are purged',
        async () => {
          await stack.affidavit('retention', 'run');
          const [purged] = await stack.query<{ n: number }>('SELECT count(*)::int AS n FROM purge WHERE count > 0');
          return purged?.n === names.length;
        },
        60_000,
      );
      return undefined;
    },
  },
];
