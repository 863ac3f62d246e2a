import { until } from '../../support/servers.js';
import type { AppName } from '../../support/stack.js';
import type { FaultCase } from '../case.js';
import { remedies, status } from '../signs.js';
import type { World } from '../world.js';

/** Until `affidavit status` names what stands still because this process is gone, and `doctor` says to start it. */
async function expectMissed(world: World, app: AppName, of: string, hop: string): Promise<void> {
  const { stack } = world;
  await stack.kill(app);
  const missed = await until(
    `status says that the ${app} is gone`,
    async () => {
      const { troubles } = await status(stack);
      return troubles.find((one) => one.of === of);
    },
    30_000,
  );
  expect(missed.hop).toBe(hop);
  expect(missed.reason).toMatch(new RegExp(`no ${app}`));
  expect(await remedies(stack)).toContainEqual(expect.stringMatching(/^Start it/));
  await stack.run(app);
}

const APPS = ['recorder', 'forwarder', 'api', 'gateway'] as const;

export const AWAY_CASES: FaultCase[] = [
  {
    name: 'processes started before their servers wait, say for what, and begin by themselves',
    group: 'kill',
    async run(world) {
      const { stack } = world;
      await world.answered(20);
      await Promise.all(APPS.map((app) => stack.kill(app)));
      for (const line of [stack.cables?.postgres, stack.cables?.redis]) line?.set('cut');
      const began = Date.now();
      for (const app of APPS) stack.begin(app);
      // No outage of access: the gateway begins with its spool alone.
      await stack.ready('gateway');
      await world.answered(20);
      const remedy = /PostgreSQL runs/;
      await world.shows(
        [
          { app: 'recorder', check: 'redis', reason: /Redis/, remedy: /Redis runs|reachable/ },
          { app: 'recorder', check: 'start', reason: /Redis/, remedy: /Redis runs/ },
          { app: 'forwarder', check: 'postgres', reason: /PostgreSQL/, remedy },
          { app: 'api', check: 'postgres', reason: /PostgreSQL/, remedy },
        ],
        began,
      );
      // None gave up meanwhile.
      for (const app of APPS) expect(stack.processes.get(app)?.exitCode).toBeNull();
      stack.cables?.redis.set('pass');
      await world.shows({ app: 'recorder', check: 'start', reason: /PostgreSQL/, remedy }, began);
      stack.cables?.postgres.set('pass');
      await Promise.all(APPS.map((app) => stack.ready(app)));
      await world.answered(20);
      return { restMs: 90_000 };
    },
  },
  {
    name: 'each process that is gone is missed by name, and taken up again without help',
    group: 'kill',
    async run(world) {
      await world.answered(20);
      await expectMissed(world, 'recorder', 'api: recorder', 'Redis → record');
      await world.answered(20);
      await expectMissed(world, 'forwarder', 'forwarder', 'record → destinations');
      await world.answered(20);
      await expectMissed(world, 'api', 'api', 'record → reader');
      await world.stack.kill('gateway');
      const { hops } = await status(world.stack);
      expect(hops).toContainEqual(expect.objectContaining({ hop: 'spool → Redis', state: 'unknown' }));
      await world.stack.run('gateway');
      await world.answered(20);
      return { restMs: 90_000 };
    },
  },
];
