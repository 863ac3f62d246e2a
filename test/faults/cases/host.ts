import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort } from '#platform';
// The form of a segment is the spool's own business; these cases must know where its last record ends, to harm just that.
import { scanSegment } from '../../../libs/spool/src/segment.js';
import { Load } from '../../support/load.js';
import { until } from '../../support/servers.js';
import type { Stack } from '../../support/stack.js';
import type { FaultCase } from '../case.js';
import type { Dice } from '../dice.js';
import type { Allowance, World } from '../world.js';

const SMALL_SPOOL = { AFFIDAVIT_SPOOL_SEGMENT: '256KiB', AFFIDAVIT_SPOOL_MAX: '1MiB' };

interface GatewayStatus {
  epoch: string;
  spool: { unconfirmedCount: number; state: string; bytes: number };
}

const gatewayFolder = (stack: Stack): string => join(stack.folder, 'data', 'gateway', 'test-node');
const spoolFolder = (stack: Stack): string => join(gatewayFolder(stack), 'spool');

async function gatewayStatus(stack: Stack): Promise<GatewayStatus> {
  return (await fetch(`http://127.0.0.1:${stack.ports.gatewayAdmin}/status`).then((a) => a.json())) as GatewayStatus;
}

/** All segments, in the order in which they were written. */
function segments(stack: Stack): string[] {
  const folder = spoolFolder(stack);
  return readdirSync(folder)
    .filter((name) => /^\d{8}-/.test(name))
    .sort()
    .flatMap((name) =>
      readdirSync(join(folder, name))
        .filter((file) => file.endsWith('.seg'))
        .sort()
        .map((file) => join(folder, name, file)),
    );
}

/** What a new client is told: 'ok' or the SQLSTATE. */
async function knock(stack: Stack): Promise<string> {
  const client = new pg.Client({ ...stack.agent, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A client that stays, to see what becomes of a session that is open when the fault comes. */
async function guest(stack: Stack): Promise<pg.Client> {
  const client = new pg.Client(stack.agent);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const sqlstate = (error: unknown): string => (error as { code?: string }).code ?? String(error);

async function expectReady(stack: Stack, isReady: boolean): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${stack.ports.gatewayAdmin}/readyz`);
  expect({ isReady: answer.ok, says: await answer.text() }).toMatchObject({ isReady });
}

/** No process was killed: then each admitted command has its outcome. */
async function expectOutcomes(stack: Stack): Promise<void> {
  await until(
    'every command has its outcome on the record',
    async () => {
      const [counts] = await stack.query<{ issued: number; completed: number }>(
        `SELECT count(*) FILTER (WHERE type = 'command.issued')::int AS issued,
                count(*) FILTER (WHERE type = 'command.completed')::int AS completed FROM event`,
      );
      return counts && counts.issued > 0 && counts.issued === counts.completed;
    },
    30_000,
  );
}

/** Stops the load and waits until the gateway holds nothing that the record does not. */
async function handOver(world: World): Promise<void> {
  await world.load.stop();
  await until(
    'the record has all of the spool',
    async () => (await gatewayStatus(world.stack)).spool.unconfirmedCount === 0,
    30_000,
  );
}

/** Goes on with what the load counted so far. */
function loadAgain(world: World, stack: Pick<Stack, 'agent'> = world.stack): Load {
  const load = new Load(stack as Stack);
  for (const number of world.load.attempted) load.attempted.add(number);
  for (const number of world.load.acknowledged) load.acknowledged.add(number);
  world.load = load;
  return load;
}

/**
 * Allows just the holes that the record itself names, to the number: any other break in an epoch stays a fault. The rest has
 * to have come, so this waits until everything is recorded.
 */
async function declaredHoles(world: World): Promise<{ allowance: Allowance; events: number }> {
  await world.load.stop();
  await until('all is recorded', async () => (await gatewayStatus(world.stack)).spool.unconfirmedCount === 0, 30_000);
  const rows = await world.stack.query<{ node: string; epoch: string; seq: string; body: Buffer }>(
    `SELECT node, epoch, seq, body FROM event WHERE type = 'producer.lost' ORDER BY position`,
  );
  const faults: string[] = [];
  let events = 0;
  for (const row of rows) {
    const { data } = JSON.parse(row.body.toString('utf8')) as {
      data: { node: string; epoch: string; from: number; to: number };
    };
    const epoch = `${data.node}/${data.epoch}`;
    faults.push(`${row.node}/${row.epoch}.${row.seq} is producer.lost`);
    faults.push(`${epoch}: ${data.to + 1} follows ${data.from - 1}`);
    faults.push(`${epoch}: the chain of the stored bytes is not the mark's`);
    events += data.to - data.from + 1;
  }
  return { allowance: { faults, unrecorded: events }, events };
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 0x40;
  writeFileSync(path, bytes);
}

function randomBytes(dice: Dice, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => dice.between(1, 255)));
}

export const HOST_CASES: FaultCase[] = [
  {
    name: 'a full spool refuses new commands clearly, writes the outcomes of admitted ones, and takes up again by itself',
    group: 'host',
    core: true,
    options: { env: SMALL_SPOOL },
    async run(world) {
      const { stack } = world;
      await world.answered(10);
      const pid = stack.processes.get('gateway')?.pid;
      const [open, busy] = [await guest(stack), await guest(stack)];
      await stack.kill('recorder');
      let isFull = false;
      // Commands that are under way when the disk is full: their outcomes come in the middle of it.
      const lasting = (async () => {
        let count = 0;
        while (!isFull) {
          await busy.query('SELECT pg_sleep(0.5)').catch((error) => {
            if (sqlstate(error) !== '53100') throw error;
          });
          count += 1;
        }
        return count;
      })();
      await until('a new client is refused', async () => (await knock(stack)) === '53100', 60_000);
      // A session that is open needs less room for a command than a new one for its opening: it is refused a little later.
      await until('an open session is refused', async () => (await open.query('SELECT 1').catch(sqlstate)) === '53100');
      isFull = true;
      await expectReady(stack, false);
      expect(await lasting).toBeGreaterThan(0);

      await stack.run('recorder');
      await world.answered(20);
      expect(stack.processes.get('gateway')?.pid).toBe(pid);
      await expectReady(stack, true);
      // The session that was open all the time goes on.
      await open.query('SELECT 1');
      await Promise.all([open.end(), busy.end()]);
      await world.load.stop();
      await expectOutcomes(stack);
      return undefined;
    },
  },
  {
    name: 'maxUnconfirmed is where the gateway stops running ahead, and it goes on when the record has caught up',
    group: 'host',
    async run(world) {
      const { stack } = world;
      const file = join(stack.folder, 'affidavit.yaml');
      const policy = readFileSync(file, 'utf8');
      writeFileSync(
        file,
        policy.replace('sensitivity: sensitive', 'sensitivity: sensitive\n    maxUnconfirmed: { bytes: 128KiB }'),
      );
      await until('the policy is in force', () => stack.log('gateway').includes('policy changed'));
      // A session keeps the policy under which it began.
      await world.load.stop();
      loadAgain(world);
      await world.answered(10);
      await stack.kill('recorder');
      await until('a new client is refused', async () => (await knock(stack)) === '53400', 60_000);
      const behind = (await gatewayStatus(stack)).spool.unconfirmedCount;
      // What stands still stands still: nothing is admitted while the record is behind.
      const before = world.load.acknowledged.size;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(world.load.acknowledged.size - before).toBeLessThan(10);
      expect(behind).toBeGreaterThan(50);
      await stack.run('recorder');
      await world.answered(20);
      await world.load.stop();
      await expectOutcomes(stack);
      return undefined;
    },
  },
  {
    name: 'a torn last record is cut, and nothing acknowledged goes with it',
    group: 'host',
    async run(world, dice) {
      const { stack } = world;
      for (let round = 0; round < 3; round++) {
        await world.answered(dice.between(10, 40));
        await stack.kill('recorder');
        await world.answered(dice.between(10, 40));
        await stack.kill('gateway');
        const last = segments(stack).at(-1) as string;
        const { segment } = await scanSegment(last);
        const whole = readFileSync(last);
        const torn =
          round === 0
            ? Buffer.from(whole.subarray(segment.usedBytes - 200, segment.usedBytes - 20))
            : randomBytes(dice, dice.between(1, 3000));
        if (round === 2) truncateSync(last, segment.usedBytes);
        writeFileSync(last, Buffer.concat([whole.subarray(0, segment.usedBytes), torn]));
        await Promise.all([stack.run('gateway'), stack.run('recorder')]);
      }
      await world.answered(20);
      return undefined;
    },
  },
  {
    name: 'a flipped byte in a segment that nobody recorded yet is a hole with a name, and the rest arrives',
    group: 'host',
    options: { env: { AFFIDAVIT_SPOOL_SEGMENT: '64KiB' } },
    async run(world, dice) {
      const { stack } = world;
      await world.answered(20);
      await stack.kill('recorder');
      const known = segments(stack).length;
      await until('segments enough', () => segments(stack).length >= known + 5, 30_000);
      await stack.kill('gateway');
      const path = segments(stack)[known + 1] as string;
      flipByte(path, dice.between(1000, statSync(path).size / 2));
      // Redis still had a good copy: it would have healed the hole.
      await flush(stack);
      await Promise.all([stack.run('gateway'), stack.run('recorder')]);
      await world.answered(20);
      const { allowance, events } = await declaredHoles(world);
      expect(events).toBeGreaterThan(0);
      return allowance;
    },
  },
  {
    name: 'a flipped byte in the last segment of a killed gateway is a hole with a name, too',
    group: 'host',
    async run(world, dice) {
      const { stack } = world;
      await world.answered(20);
      await stack.kill('recorder');
      await world.answered(100);
      await stack.kill('gateway');
      const last = segments(stack).at(-1) as string;
      const { segment } = await scanSegment(last);
      flipByte(last, segment.usedBytes - dice.between(4000, 12_000));
      await flush(stack);
      await Promise.all([stack.run('gateway'), stack.run('recorder')]);
      await world.answered(20);
      const { allowance, events } = await declaredHoles(world);
      expect(events).toBeGreaterThan(0);
      return allowance;
    },
  },
  {
    name: 'a lost spool costs nothing that was handed over: the gateway goes on with a new epoch',
    group: 'host',
    async run(world) {
      const { stack } = world;
      await world.answered(50);
      const { epoch } = await gatewayStatus(stack);
      await handOver(world);
      await stack.kill('gateway');
      rmSync(spoolFolder(stack), { recursive: true });
      await stack.run('gateway');
      expect((await gatewayStatus(stack)).epoch).not.toBe(epoch);
      loadAgain(world);
      await world.answered(50);
      return undefined;
    },
  },
  {
    name: 'a gateway host destroyed under load takes only what was not handed over yet: a few commands',
    group: 'host',
    async run(world, dice) {
      const { stack } = world;
      let unrecorded = 0;
      for (let round = 0; round < 3; round++) {
        await world.answered(dice.between(40, 120));
        await stack.kill('gateway');
        rmSync(spoolFolder(stack), { recursive: true });
        await stack.run('gateway');
        // Not promised, but bounded: no more than the four agents had under way, and what one hand-over gathers behind another.
        unrecorded += 16;
      }
      await world.answered(20);
      return { unrecorded };
    },
  },
  {
    name: 'a spool restored from an older copy neither repeats nor hides what the record holds',
    group: 'host',
    async run(world) {
      const { stack } = world;
      await world.answered(30);
      await stack.kill('gateway');
      const copy = join(stack.folder, 'older-copy');
      cpSync(spoolFolder(stack), copy, { recursive: true });
      await stack.run('gateway');
      await world.answered(60);
      await handOver(world);
      await stack.kill('gateway');
      rmSync(spoolFolder(stack), { recursive: true });
      cpSync(copy, spoolFolder(stack), { recursive: true });
      await stack.run('gateway');
      loadAgain(world);
      await world.answered(50);
      return undefined;
    },
  },
  {
    name: 'ten restarts in a row while Postgres is away',
    group: 'host',
    async run(world, dice) {
      const { stack } = world;
      await world.answered(20);
      stack.cables?.postgres.set('cut');
      for (let round = 0; round < 10; round++) {
        await stack.kill('gateway', dice.pick(['SIGKILL', 'SIGKILL', 'SIGTERM'] as const));
        await stack.run('gateway');
        await world.answered(dice.between(3, 10));
      }
      stack.cables?.postgres.set('pass');
      await world.answered(20);
      await handOver(world);
      return undefined;
    },
  },
  {
    name: 'the clock of the gateway jumps a day ahead and a day back',
    group: 'host',
    async run(world) {
      const { stack } = world;
      const folder = join(stack.folder, 'clock');
      mkdirSync(folder);
      const offset = join(folder, 'offset');
      const shift = join(folder, 'shift.mjs');
      writeFileSync(offset, '0');
      writeFileSync(shift, shiftedClock(offset));
      await stack.kill('gateway');
      await stack.run('gateway', { NODE_OPTIONS: `--import ${shift}` });
      await world.answered(20);
      for (const hours of [24.5, 0, -24.5, 0]) {
        writeFileSync(offset, String(hours * 3_600_000));
        await world.answered(20);
        await new Promise((resolve) => setTimeout(resolve, 300));
        await world.answered(20);
      }
      const [range] = await stack.query<{ hours: number }>(
        `SELECT (extract(epoch FROM max(occurred_at) - min(occurred_at)) / 3600)::int AS hours FROM event WHERE node = 'test-node'`,
      );
      expect(range?.hours).toBeGreaterThan(48);
      return undefined;
    },
  },
  {
    name: 'two machines cloned from one image, both at work: each has its own epoch, and everything is recorded once',
    group: 'host',
    async run(world) {
      const { stack } = world;
      await world.answered(30);
      const twin = join(stack.folder, 'twin-data');
      cpSync(gatewayFolder(stack), join(twin, 'gateway', 'test-node'), { recursive: true });
      // On another machine no process of that number holds it.
      rmSync(join(twin, 'gateway', 'test-node', 'spool', 'lock'), { force: true });
      const first = stack.processes.get('gateway');
      const ports = { gateway: stack.ports.gateway, gatewayAdmin: stack.ports.gatewayAdmin };
      const { epoch } = await gatewayStatus(stack);
      Object.assign(stack.ports, { gateway: await freePort('127.0.0.1'), gatewayAdmin: await freePort('127.0.0.1') });
      await stack.run('gateway', { AFFIDAVIT_DATA: twin });
      const second = stack.processes.get('gateway');
      const other = new Load({ agent: stack.agent } as Stack);
      try {
        expect((await gatewayStatus(stack)).epoch).not.toBe(epoch);
        await until('the twin answers', () => other.acknowledged.size > 100, 30_000);
        await world.answered(100);
        await other.stop();
        await until(
          'all of the twin is recorded',
          async () => {
            return (await gatewayStatus(stack)).spool.unconfirmedCount === 0;
          },
          30_000,
        );
        for (const number of other.attempted) world.load.attempted.add(number);
        for (const number of other.acknowledged) world.load.acknowledged.add(number);
      } finally {
        await other.stop();
        second?.kill('SIGKILL');
        Object.assign(stack.ports, ports);
        if (first) stack.processes.set('gateway', first);
      }
      expect((await gatewayStatus(stack)).epoch).toBe(epoch);
      await world.answered(20);
      return undefined;
    },
  },
];

async function flush(stack: Stack): Promise<void> {
  const redis = new Redis(stack.redis.url);
  await redis.flushall();
  redis.disconnect();
}

/** Loaded before the program: its clock is off by what the file says, as it would be on a machine whose clock was set. */
function shiftedClock(file: string): string {
  return `import { readFileSync } from 'node:fs';
const Real = Date;
const now = () => Real.now() + Number(readFileSync(${JSON.stringify(file)}, 'utf8'));
globalThis.Date = class Date extends Real {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
`;
}
