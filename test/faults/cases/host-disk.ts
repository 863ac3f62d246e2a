import { cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// The form of a segment is the spool's own business; these cases must know where its last record ends, to harm just that.
import { scanSegment } from '../../../libs/spool/src/segment.js';
import { effects } from '../../support/load.js';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { Dice } from '../dice.js';
import {
  declaredHoles,
  expectOutcomes,
  expectReady,
  flush,
  gatewayStatus,
  guest,
  handOver,
  knock,
  loseSpool,
  preloaded,
  segments,
  spoolDiskBytes,
  spoolFolder,
  sqlstate,
} from '../gateway-host.js';
import type { Allowance, World } from '../world.js';

/** Confirmed events go at once, so that what a full spool leaves behind shows. */
const SMALL_SPOOL = { AFFIDAVIT_SPOOL_SEGMENT: '64KiB', AFFIDAVIT_SPOOL_MAX: '1MiB', AFFIDAVIT_SPOOL_KEEP: '0s' };

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 0x40;
  writeFileSync(path, bytes);
}

function randomBytes(dice: Dice, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => dice.between(1, 255)));
}

/** Starts gateway and recorder on a spool that rotted; allows just what the record says is missing, and that must be something. */
async function holesAfterStart(world: World): Promise<Allowance> {
  const { stack } = world;
  // Redis still has a good copy: it would heal the hole.
  await flush(stack);
  await Promise.all([stack.run('gateway'), stack.run('recorder')]);
  await world.answered(20);
  await world.shows({ app: 'gateway', check: 'damage', reason: /cannot be read/, remedy: /disk/ });
  const { allowance, events } = await declaredHoles(world);
  expect(events).toBeGreaterThan(0);
  return allowance;
}

/** What becomes of the disk under the spool, and of what lies on it. */
export const DISK_CASES: FaultCase[] = [
  {
    name: 'a full spool refuses new commands clearly, writes the outcomes of admitted ones, takes up again by itself, and is small again in the end',
    group: 'host',
    core: true,
    options: { env: SMALL_SPOOL },
    async run(world) {
      const { stack } = world;
      await world.answered(10);
      const pid = stack.processes.get('gateway')?.pid;
      const [open, busy] = [await guest(stack), await guest(stack)];
      const began = Date.now();
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
      expect(spoolDiskBytes(stack)).toBeGreaterThan(900 * 1024);
      await expectReady(stack, false);
      await world.shows({ app: 'gateway', check: 'spool', reason: /is full/, remedy: /Free space/ }, began);
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
      // The segment in use and what is prepared behind it; nothing of all the others stays.
      await until('the disk is free again', () => spoolDiskBytes(stack) < 256 * 1024 && segments(stack).length <= 2);
      return undefined;
    },
  },
  {
    name: 'EIO on syncs of the spool: what was not synced is neither acknowledged nor executed, and it goes on by itself',
    group: 'host',
    options: { env: { AFFIDAVIT_SPOOL_SEGMENT: '256KiB' } },
    async run(world) {
      const { stack } = world;
      const flag = join(stack.folder, 'failing-sync');
      const env = { ...preloaded('failing-sync'), TEST_SYNC_FLAG: flag };
      await stack.kill('gateway');
      await stack.run('gateway', env);
      const pid = stack.processes.get('gateway')?.pid;
      await world.answered(20);

      const began = Date.now();
      writeFileSync(flag, '0.2');
      await world.answered(60, 60_000);
      rmSync(flag);
      await until('the gateway is well again', async () => (await knock(stack)) === 'ok');
      const open = await guest(stack);
      writeFileSync(flag, '1');
      await until('a new client is refused', async () => (await knock(stack)) === '53100');
      await expectReady(stack, false);
      // Commands that were durable before are at their end by now; from here on none can become so.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = await effects(stack);
      for (let round = 0; round < 10; round++) {
        expect(await open.query('INSERT INTO effect VALUES (-1)').catch(sqlstate)).toBe('53100');
        expect(await knock(stack)).toBe('53100');
      }
      expect(await effects(stack)).toEqual(before);
      await expectReady(stack, false);
      await world.shows({ app: 'gateway', check: 'spool', reason: /is failing/, remedy: /spool disk/ }, began);

      rmSync(flag);
      await world.answered(20);
      expect(stack.processes.get('gateway')?.pid).toBe(pid);
      await expectReady(stack, true);
      await open.query('SELECT 1');
      await open.end();
      await world.load.stop();
      await expectOutcomes(stack);

      // One that is killed and started on such a disk waits for it, too.
      world.load.start();
      await world.answered(20);
      writeFileSync(flag, '1');
      await stack.kill('gateway');
      const starting = stack.run('gateway', env);
      await world.shows({ app: 'gateway', check: 'start', reason: /EIO/, remedy: /spool disk/ });
      rmSync(flag);
      await starting;
      await world.answered(20);
      const refused = readFileSync(`${flag}.refused`, 'utf8');
      expect(refused).toMatch(/^fdatasync .*seg$/m);
      expect(refused).toMatch(/^fsync /m);
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
      return holesAfterStart(world);
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
      return holesAfterStart(world);
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
      loseSpool(stack);
      await stack.run('gateway');
      expect((await gatewayStatus(stack)).epoch).not.toBe(epoch);
      world.load.start();
      await world.answered(50);
      return undefined;
    },
  },
  {
    name: 'a spool deleted under the running gateway: nothing is acknowledged into the void, and it makes a new one by itself',
    group: 'host',
    options: { env: { AFFIDAVIT_SPOOL_SEGMENT: '256KiB' } },
    async run(world, dice) {
      const { stack } = world;
      await world.answered(dice.between(20, 60));
      const { epoch } = await gatewayStatus(stack);
      const pid = stack.processes.get('gateway')?.pid;
      // Also while nobody takes what the memory still holds of the deleted files.
      for (const isBehind of [false, true]) {
        if (isBehind) await stack.kill('recorder');
        await world.answered(30);
        loseSpool(stack);
        await world.answered(60);
        if (isBehind) await stack.run('recorder');
      }
      expect(await gatewayStatus(stack)).toMatchObject({ epoch });
      expect(stack.processes.get('gateway')?.pid).toBe(pid);
      await expectReady(stack, true);

      // What was acknowledged since stands on the disk again: a kill takes none of it.
      await handOver(world);
      loseSpool(stack);
      world.load.start();
      await world.answered(20);
      await stack.kill('recorder');
      await world.answered(30);
      await stack.kill('gateway');
      await flush(stack);
      await Promise.all([stack.run('gateway'), stack.run('recorder')]);
      await world.answered(20);
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
        const before = world.load.acknowledged.size;
        await new Promise((resolve) => setTimeout(resolve, 150));
        await stack.kill('gateway');
        // Not promised, but bounded: what it did in its last 150 ms, and what the four agents had under way. On a slow machine that is
        // little, and one hand-over gathers behind another.
        unrecorded += Math.max(16, world.load.acknowledged.size - before + 4);
        loseSpool(stack);
        await stack.run('gateway');
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
      loseSpool(stack);
      cpSync(copy, spoolFolder(stack), { recursive: true });
      await stack.run('gateway');
      world.load.start();
      await world.answered(50);
      return undefined;
    },
  },
];
