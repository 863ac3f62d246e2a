import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Redis } from 'ioredis';
import type { Epoch, NodeName } from '#events';
import { freePort, loadKeyPair } from '#platform';
import { appendToStream, encodeFrame, epochsKey, streamKey } from '#streams';
// The form of a segment is the spool's own business; a machine that goes on from a snapshot must know its last record.
import { scanSegment } from '../../../libs/spool/src/segment.js';
import { Load } from '../../support/load.js';
import { sessionDraft, TestProducer } from '../../support/producer.js';
import { until } from '../../support/servers.js';
import type { Stack } from '../../support/stack.js';
import type { FaultCase } from '../case.js';
import {
  declaredHoles,
  expectOutcomes,
  gatewayFolder,
  gatewayStatus,
  handOver,
  knock,
  preloaded,
  segments,
} from '../gateway-host.js';
import type { World } from '../world.js';

const OF_THE_OTHER = `convert_from(body, 'UTF8') LIKE '%"other-time-line-%'`;

interface Frozen {
  epoch: Epoch;
  seq: number;
  chain: Buffer;
}

/** Oldest number that lies on the disk, of a gateway that has run once. */
const firstKept = (stack: Stack): number => Number(basename(segments(stack)[0] as string, '.seg'));

const signal = (stack: Stack, name: NodeJS.Signals) => stack.processes.get('gateway')?.kill(name);

/** Stops the gateway in its tracks, at rest: everything of its epoch is recorded, and it knows that. */
async function freeze(world: World): Promise<Frozen> {
  const { stack } = world;
  await handOver(world);
  const { epoch } = await gatewayStatus(stack);
  let found: Frozen | undefined;
  await until('gateway and record agree at rest', async () => {
    signal(stack, 'SIGSTOP');
    const { segment, lastChain } = await scanSegment(segments(stack).at(-1) as string);
    const [mark] = await stack.query<{ seq: string }>('SELECT mark_seq AS seq FROM producer_epoch WHERE epoch = $1', [
      epoch,
    ]);
    if (Number(mark?.seq) === segment.lastSeq && lastChain) {
      found = { epoch, seq: segment.lastSeq, chain: lastChain };
      return true;
    }
    signal(stack, 'SIGCONT');
    await handOver(world);
    return false;
  });
  return found as Frozen;
}

/** The machine that went on from the snapshot: the same key, epoch and numbers, other events. They are on the record when this resolves. */
async function goOn(stack: Stack, { epoch, seq, chain }: Frozen, count: number): Promise<void> {
  const node = 'test-node' as NodeName;
  const other = new TestProducer(node, epoch, { seq, chain });
  for (let at = 0; at < count; at++) other.emit(sessionDraft(`other-time-line-${at}`));
  const keys = loadKeyPair(join(gatewayFolder(stack), 'node.key'));
  const { log } = JSON.parse(readFileSync(join(gatewayFolder(stack), 'pinned.json'), 'utf8')) as { log: string };
  if (!keys) throw new Error('the gateway has no key');
  const header = { log, node, epoch, prevChain: chain };
  const bytes = encodeFrame({ header, records: other.made, privateKey: keys.privateKey });
  const redis = new Redis(stack.redis.url);
  try {
    await redis.sadd(epochsKey(node), epoch);
    expect(await appendToStream(redis, streamKey(node, epoch), seq, { lastSeq: seq + count, bytes })).toBe('appended');
  } finally {
    redis.disconnect();
  }
  await until('the other time line is recorded', async () => {
    const [row] = await stack.query<{ n: number }>(`SELECT count(*)::int AS n FROM event WHERE ${OF_THE_OTHER}`);
    return row?.n === count;
  });
}

/** What becomes of the gateway's machine: restarts, clocks, copies, and a record that is another. */
export const MACHINE_CASES: FaultCase[] = [
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
      world.load.start();
      await world.answered(10);
      await stack.kill('recorder');
      await until('a new client is refused', async () => (await knock(stack)) === '53400', 60_000);
      const behind = (await gatewayStatus(stack)).spool.unconfirmedCount;
      // The last marks may be read behind the refusal, and make room once more.
      await until('it stands still', async () => {
        const seen = world.load.acknowledged.size;
        await new Promise((resolve) => setTimeout(resolve, 600));
        return world.load.acknowledged.size === seen;
      });
      // What stands still stands still: nothing is admitted while the record is behind.
      const before = world.load.acknowledged.size;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(world.load.acknowledged.size - before).toBeLessThan(10);
      expect(behind).toBeGreaterThan(50);
      const remedy = /maxUnconfirmed/;
      await world.shows({ app: 'gateway', check: 'ahead', reason: /refused on sample/, remedy });
      await stack.run('recorder');
      await world.answered(20);
      await world.load.stop();
      await expectOutcomes(stack);
      return undefined;
    },
  },
  {
    name: 'a hundred restarts in a row while Postgres is away, or as many as fit into 100 seconds',
    group: 'host',
    async run(world, dice) {
      const { stack } = world;
      await world.answered(20);
      stack.cables?.postgres.set('cut');
      const { epoch: first } = await gatewayStatus(stack);
      const end = Date.now() + 100_000;
      let restarts = 0;
      for (; restarts < 100 && Date.now() < end; restarts++) {
        // A gateway that is asked to end gives the record a second and a half to catch up: now and then is enough of that.
        await stack.kill('gateway', restarts % 25 === 24 ? 'SIGTERM' : 'SIGKILL');
        await stack.run('gateway');
        await world.answered(dice.between(1, 3));
      }
      expect(restarts).toBeGreaterThanOrEqual(10);
      const { sender } = await gatewayStatus(stack);
      // The first run and each one after it still wait, in order, with nothing confirmed in between.
      expect(sender.epochs[0]?.epoch).toBe(first);
      expect(sender.epochs).toHaveLength(restarts + 1);
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
      const offset = join(stack.folder, 'clock-offset');
      writeFileSync(offset, '0');
      await stack.kill('gateway');
      await stack.run('gateway', { ...preloaded('shifted-clock'), TEST_CLOCK_OFFSET: offset });
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
    name: 'a fresh Postgres under an old spool: refused, then adopted; what the spool keeps is on the new log, the rest has a name',
    group: 'host',
    // What is recorded leaves the spool at once, so that there is a rest.
    options: { env: { AFFIDAVIT_SPOOL_SEGMENT: '64KiB', AFFIDAVIT_SPOOL_KEEP: '0s' } },
    async run(world) {
      const { stack } = world;
      await world.answered(50);
      await until('the spool has let go of what is recorded', () => firstKept(stack) > 1);
      const [before] = (await stack.query('SELECT log FROM log_head')) as [{ log: string }];
      for (const app of ['recorder', 'forwarder', 'api'] as const) await stack.kill(app);
      await world.answered(30);
      await stack.query('DROP DATABASE affidavit WITH (FORCE)', [], stack.postgres.url());
      await stack.makeRecord();
      await Promise.all((['recorder', 'forwarder', 'api'] as const).map((app) => stack.run(app)));
      // The gateway runs on, and nothing that the other log says moves it: what it owes stays.
      await world.answered(30);
      const [{ n }] = (await stack.query(`SELECT count(*)::int AS n FROM event WHERE node = 'test-node'`)) as [
        { n: number },
      ];
      expect(n).toBe(0);
      const { epoch, spool } = await gatewayStatus(stack);
      expect(spool.unconfirmedCount).toBeGreaterThan(60);

      await stack.kill('gateway');
      await expect(stack.run('gateway')).rejects.toThrow(/GATEWAY_OTHER_LOG[\s\S]*--adopt/);
      const kept = firstKept(stack);
      await stack.run('gateway', { AFFIDAVIT_ENROLL_TOKEN: await stack.enrolmentToken() }, ['--adopt']);
      await world.answered(30);
      const { allowance, holes } = await declaredHoles(world);
      expect(holes).toEqual([{ node: 'test-node', epoch, from: 1, to: kept - 1, by: 'producer' }]);
      // Frames that were in Redis for the other log are kept aside, and only those.
      const foreign = await stack.query<{ reason: string }>('SELECT DISTINCT reason FROM foreign_entry');
      for (const { reason } of foreign) expect(reason).toBe(`it is of log ${before.log}`);
      // The new log numbers its batches from 1 again, as a restored one would.
      return { ...allowance, faults: [...(allowance.faults ?? []), 'foreign entries'], restored: true };
    },
  },
  ...[true, false].map(
    (isBusy): FaultCase => ({
      name: `a virtual machine resumed from a memory snapshot ${isBusy ? 'under load' : 'that then does less than the other did'}: the fork is named, and both time lines are on the record`,
      group: 'host',
      async run(world) {
        const { stack } = world;
        await world.answered(30);
        const snapshot = await freeze(world);
        await goOn(stack, snapshot, 40);
        signal(stack, 'SIGCONT');
        if (isBusy) {
          world.load.start();
          await world.answered(60);
        } else expect(await knock(stack)).toBe('ok');

        await until(
          'the fork is named',
          async () => {
            const rows = await stack.query<{ body: Buffer }>(`SELECT body FROM event WHERE type = 'producer.forked'`);
            const forks = rows.map(({ body }) => (JSON.parse(body.toString('utf8')) as { data: object }).data);
            return forks.length === 1 && (forks[0] as { epoch: string }).epoch === snapshot.epoch;
          },
          30_000,
        );
        await until('a new epoch goes on', async () => (await gatewayStatus(stack)).epoch !== snapshot.epoch);
        await handOver(world);
        // What was acknowledged after the resumption is recorded behind the other time line, in the new epoch.
        const rows = await stack.query<{ epoch: string; n: number }>(
          `SELECT epoch, count(*)::int AS n FROM event WHERE node = 'test-node' AND position >
             (SELECT max(position) FROM event WHERE ${OF_THE_OTHER}) GROUP BY epoch`,
        );
        expect(rows.map((row) => row.epoch)).toEqual([(await gatewayStatus(stack)).epoch]);
        expect(rows[0]?.n).toBeGreaterThan(isBusy ? 120 : 4);
        return { faults: ['is producer.forked'] };
      },
    }),
  ),
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
