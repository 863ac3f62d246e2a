import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { Dice } from '../dice.js';
import type { World } from '../world.js';
import { killAt } from './kill.js';

/** Read-back, with the time scaled that Datadog has to show what it stored. Reconciliation only where a case asks for it. */
const READING_BACK = {
  env: {
    DD_APP_KEY: 'canary-datadog-app-key-4d5e6f',
    AFFIDAVIT_READ_BACK_SETTLE: '2s',
    AFFIDAVIT_RECONCILE_EVERY: '0s',
  },
};

const REST_AFTER_BACKOFF_MS = 90_000;

function faultsUrl(world: World): string {
  return `http://127.0.0.1:${world.stack.ports.datadog}/_affidavit/faults`;
}

/** @param asked `count` null: until it is taken away */
async function begin(world: World, asked: { kind: string; count: number | null }): Promise<void> {
  const answer = await fetch(faultsUrl(world), { method: 'POST', body: JSON.stringify(asked) });
  if (answer.status !== 201) throw new Error(`the stand-in refused ${JSON.stringify(asked)}: ${answer.status}`);
}

async function fault(world: World, asked: { kind: string; count: number }): Promise<void> {
  const url = faultsUrl(world);
  await begin(world, asked);
  await until(
    'every fault hit its requests',
    async () => ((await (await fetch(url)).json()) as { faults: unknown[] }).faults.length === 0,
    90_000,
  );
}

async function warm(world: World): Promise<void> {
  await world.answered(30);
  await until('Datadog has something', async () => (await world.stack.delivered()).length > 0);
}

async function count(world: World, sql: string): Promise<number> {
  const [row] = await world.stack.query<{ n: number }>(`SELECT (${sql})::int AS n`);
  return row?.n ?? 0;
}

/** A fault that left nothing in doubt would prove nothing: so many batches lost an answer, and are decided. */
async function untilDoubtWas(world: World, batches: number): Promise<void> {
  await until(
    `${batches} batches that were in doubt are decided`,
    async () =>
      (await count(
        world,
        `SELECT count(*) FROM delivery_batch WHERE attempts @> '[{"kind": "retry"}]' AND state IN ('observed', 'accepted', 'split')`,
      )) >= batches,
    60_000,
  );
}

export const READ_BACK_CASES: FaultCase[] = [
  {
    name: 'Datadog stores requests, the answers are lost, and it can be read back: exactly one copy of each',
    group: 'datadog',
    core: true,
    options: READING_BACK,
    async run(world) {
      await warm(world);
      await fault(world, { kind: 'lose-answer', count: 3 });
      await world.answered(50);
      await untilDoubtWas(world, 3);
      expect(await count(world, 'SELECT coalesce(sum(uncertain), 0) FROM delivery_batch')).toBe(0);
      return { exactlyOnce: true, restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'kill -9 of the forwarder after the POST and before it settles, and Datadog can be read back: exactly one copy of each',
    group: 'kill',
    options: READING_BACK,
    async run(world: World, dice: Dice) {
      for (let round = 0; round < 2; round++) {
        await world.answered(dice.between(10, 40));
        await killAt(world, { app: 'forwarder', line: 'datadog', words: ['POST /api/v2/logs'], mode: 'swallow' });
      }
      await world.answered(10);
      await untilDoubtWas(world, 2);
      return { exactlyOnce: true, restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'kill -9 of the forwarder before the POST arrives, and Datadog can be read back: sent once, when that is certain',
    group: 'kill',
    options: READING_BACK,
    async run(world: World, dice: Dice) {
      await world.answered(dice.between(10, 40));
      await killAt(world, { app: 'forwarder', line: 'datadog', words: ['POST /api/v2/logs'], mode: 'cut' });
      await world.answered(10);
      return { exactlyOnce: true, restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog refuses to be searched: that is said, what is in doubt waits, and is then sent once',
    group: 'datadog',
    options: READING_BACK,
    async run(world) {
      await warm(world);
      const began = Date.now();
      await begin(world, { kind: 'search-403', count: null });
      await begin(world, { kind: 'lose-answer', count: 1 });
      await world.shows({ app: 'forwarder', check: 'read-back', reason: /403/, remedy: /DD_APP_KEY/ }, began);
      expect(await count(world, `SELECT count(*) FROM delivery_batch WHERE state = 'doubt'`)).toBe(1);
      await fetch(faultsUrl(world), { method: 'DELETE' });
      // A refused key is asked for again once a minute, whatever else there is to do.
      await world.load.stop();
      await until(
        'the batch is decided',
        async () => (await count(world, `SELECT count(*) FROM delivery_batch WHERE state = 'doubt'`)) === 0,
        80_000,
      );
      return { exactlyOnce: true, restMs: REST_AFTER_BACKOFF_MS };
    },
  },
  {
    name: 'Datadog says 202 and stores nothing: reconcile finds exactly that, and repairs it once',
    group: 'datadog',
    options: READING_BACK,
    async run(world) {
      await warm(world);
      await fault(world, { kind: 'drop', count: 2 });
      await world.answered(50);
      await world.load.stop();
      // Only what was accepted longer ago than the settle time is judged.
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const reconcile = ['reconcile', '--from', '0', '--send-missing', '--json'];
      const first = await world.stack.affidavit(...reconcile);
      expect(first.stderr).not.toContain('Error');
      const { reconciliation: found } = JSON.parse(first.stdout) as { reconciliation: Record<string, string> };
      expect(Number(found.missing)).toBeGreaterThan(0);
      expect(found).toMatchObject({ state: 'finished', resent: found.missing, duplicated: '0', altered: '0' });
      // Missing is missing, also where it is on its way.
      expect(first.code).toBe(1);
      await until(
        'what was missing is sent',
        async () => (await count(world, `SELECT count(*) FROM delivery_batch WHERE is_resend AND state = 'due'`)) === 0,
        30_000,
      );
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      const second = await world.stack.affidavit(...reconcile);
      expect(JSON.parse(second.stdout)).toMatchObject({ reconciliation: { missing: '0', resent: '0' } });
      expect(second.code).toBe(0);
      return { exactlyOnce: true, restMs: REST_AFTER_BACKOFF_MS };
    },
  },
];
