import { createPublicKey } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { MARKS_KEY, verifyMark } from '#streams';
import type { Cable } from '../../support/cable.js';
import { recordedCommands } from '../../support/invariants.js';
import { effects, numbersIn } from '../../support/load.js';
import { until } from '../../support/servers.js';
import type { AppName } from '../../support/stack.js';
import type { FaultCase } from '../case.js';
import type { Dice } from '../dice.js';
import { handOver, preloaded } from '../gateway-host.js';
import type { World } from '../world.js';

type Line = 'redis' | 'postgres' | 'datadog';

/** One step of a process, told by what it says on a line: what was said still arrives (`swallow`) or does not (`cut`). */
interface Step {
  claim: string;
  app: AppName;
  line: Line;
  words: string[];
  /** What the same connection has to say before. */
  after?: string[];
  mode: 'swallow' | 'cut';
}

const STEPS: Step[] = [
  {
    claim: 'the recorder, before its transaction writes anything',
    app: 'recorder',
    line: 'postgres',
    words: ['COPY event'],
    mode: 'cut',
  },
  {
    claim: 'the recorder, inside its transaction, before the head moves',
    app: 'recorder',
    line: 'postgres',
    words: ['UPDATE log_head', 'recorded_at'],
    mode: 'cut',
  },
  {
    claim: 'the recorder, after its transaction wrote and before it committed',
    app: 'recorder',
    line: 'postgres',
    words: ['UPDATE log_head', 'recorded_at'],
    mode: 'swallow',
  },
  {
    claim: 'the recorder, inside the commit: asked for, and not done',
    app: 'recorder',
    line: 'postgres',
    after: ['UPDATE log_head', 'recorded_at'],
    words: ['COMMIT'],
    mode: 'cut',
  },
  {
    claim: 'the recorder, inside the commit: done, and never told so',
    app: 'recorder',
    line: 'postgres',
    after: ['UPDATE log_head', 'recorded_at'],
    words: ['COMMIT'],
    mode: 'swallow',
  },
  {
    claim: 'the recorder, after the commit and before the mark',
    app: 'recorder',
    line: 'redis',
    words: ['audit:marks', 'hset'],
    mode: 'cut',
  },
  { claim: 'the recorder, during the trim', app: 'recorder', line: 'redis', words: ['xtrim'], mode: 'swallow' },
  {
    claim: 'the gateway, before its append arrives',
    app: 'gateway',
    line: 'redis',
    // With an event in it: the gateway also asks where a stream ends.
    words: ['EVALSHA', 'audit:{', '"seq":'],
    mode: 'cut',
  },
  {
    claim: 'the gateway, after its append and before the answer',
    app: 'gateway',
    line: 'redis',
    // With an event in it: the gateway also asks where a stream ends.
    words: ['EVALSHA', 'audit:{', '"seq":'],
    mode: 'swallow',
  },
  {
    claim: 'the forwarder, after a batch was cut and before its wake-up is in the queue',
    app: 'forwarder',
    line: 'redis',
    words: ['{audit-q}', 'deliver'],
    mode: 'cut',
  },
  {
    claim: 'the forwarder, before the POST arrives',
    app: 'forwarder',
    line: 'datadog',
    words: ['POST /api/v2/logs'],
    mode: 'cut',
  },
  {
    claim: 'the forwarder, after the POST and before it settles',
    app: 'forwarder',
    line: 'datadog',
    words: ['POST /api/v2/logs'],
    mode: 'swallow',
  },
];

/** The line in the hands of the case. */
export function lineOf(world: World, line: Line): Cable {
  const cable = world.stack.cables?.[line];
  if (!cable) throw new Error(`no cable to ${line}`);
  return cable;
}

/** Ends what is out of step after a swallowed answer, and lets everything through again. */
export function mend(cable: Cable): void {
  cable.set('cut');
  cable.set('pass');
}

/** The gateway's own steps, at which it dies in the middle of a command (test/support/dying-at-step.mjs). */
const SPOOL_STEPS = [
  { step: 'before-write', claim: 'the gateway, before a command is in its spool' },
  { step: 'before-sync', claim: 'the gateway, after a command was written to its spool and before the sync' },
  { step: 'after-sync', claim: 'the gateway, after a command became durable and before the target has it' },
  { step: 'before-outcome', claim: 'the gateway, after the target answered and before the outcome is in its spool' },
] as const;

async function dieAt(world: World, step: (typeof SPOOL_STEPS)[number]['step'], dice: Dice): Promise<void> {
  const { stack } = world;
  const flag = join(stack.folder, 'die-at');
  const env = { ...preloaded('dying-at-step'), TEST_STEP_FLAG: flag };
  await stack.kill('gateway');
  await stack.run('gateway', env);
  for (let round = 0; round < 2; round++) {
    await world.answered(dice.between(10, 40));
    const gateway = stack.processes.get('gateway');
    writeFileSync(flag, step);
    await until('the gateway died', () => gateway?.signalCode === 'SIGKILL', 20_000);
    // Nobody else killed it: it was at that step.
    expect(existsSync(flag)).toBe(false);
    await stack.run('gateway', env);
  }
  await world.answered(10);
}

/** Commands on the record that were never done, and such that were done without an outcome on the record. */
async function halves(world: World): Promise<{ undone: number; withoutOutcome: number }> {
  const { stack } = world;
  await handOver(world);
  const done = new Set(await effects(stack));
  const undone = [...numbersIn(await recordedCommands(stack)).keys()].filter((number) => !done.has(number));
  const [row] = await stack.query<{ n: number }>(
    `SELECT (count(*) FILTER (WHERE type = 'command.issued') - count(*) FILTER (WHERE type = 'command.completed'))::int AS n FROM event`,
  );
  return { undone: undone.length, withoutOutcome: (row?.n ?? 0) - undone.length };
}

/** Waits for the moment, kills, mends the line, starts again. */
export async function killAt(world: World, step: Omit<Step, 'claim'>): Promise<void> {
  const cable = lineOf(world, step.line);
  let sprung = false;
  void cable.trapOn(step.words, step.mode, step.after).then(() => {
    sprung = true;
  });
  await until(`a process says ${step.words.join(' ')}`, () => sprung, 20_000);
  const process = world.stack.processes.get(step.app);
  await world.stack.kill(step.app, 'SIGKILL');
  // It was alive until then, and did not end by itself.
  expect(process?.signalCode).toBe('SIGKILL');
  mend(cable);
  await world.stack.run(step.app);
}

async function randomKills(world: World, dice: Dice, app: AppName, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await world.answered(dice.between(5, 40));
    await sleep(dice.between(0, 120));
    await world.crash(app);
  }
}

const SERVICES = ['gateway', 'recorder', 'forwarder', 'api'] as const;

/** Everything at once, by SIGKILL; then all of it is started on what the disks hold. */
async function powerCut(world: World): Promise<void> {
  const { stack } = world;
  await Promise.all([
    ...SERVICES.map((app) => stack.kill(app, 'SIGKILL')),
    stack.restartRedis(),
    stack.crashPostgres(),
  ]);
  await Promise.all(SERVICES.map((app) => stack.run(app)));
}

/** Makes keys by HTTP until told to stop; whether an answer comes is the fault's business. */
function makeKeys(world: World): { answered: () => number; stop(): Promise<void> } {
  const { stack } = world;
  let running = true;
  let answered = 0;
  const work = async () => {
    while (running) {
      try {
        const answer = await fetch(`${stack.apiUrl}/v1/keys`, {
          method: 'POST',
          headers: { authorization: `Bearer ${stack.adminKey}`, 'content-type': 'application/json' },
          body: JSON.stringify({ role: 'viewer' }),
          signal: AbortSignal.timeout(3000),
        });
        if (answer.status === 201) answered++;
        await answer.arrayBuffer();
      } catch {
        await sleep(20);
      }
    }
  };
  const workers = [work(), work(), work()];
  return {
    answered: () => answered,
    stop: async () => {
      running = false;
      await Promise.all(workers);
    },
  };
}

/** Clients whose every command fills half a segment of 64 KiB. */
function talkAtLength(world: World): { stop(): Promise<void> } {
  const comment = 'x'.repeat(30_000);
  let running = true;
  const work = async () => {
    while (running) {
      const client = new pg.Client({ ...world.stack.agent, connectionTimeoutMillis: 5000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (running) await client.query(`SELECT 1 /* ${comment} */`);
      } catch {
        await sleep(50);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  };
  const workers = [work(), work()];
  return {
    stop: async () => {
      running = false;
      await Promise.all(workers);
    },
  };
}

/** No mark in Redis is ahead of what PostgreSQL committed: a gateway deletes by it. */
async function expectMarksCovered(world: World): Promise<void> {
  const { stack } = world;
  const redis = new Redis(stack.redis.url);
  try {
    const texts = Object.values(await redis.hgetall(MARKS_KEY));
    const [head] = await stack.query<{ key: Buffer }>('SELECT mark_public_key AS key FROM log_head');
    const key = createPublicKey({ key: head?.key ?? Buffer.alloc(0), format: 'der', type: 'spki' });
    const rows = await stack.query<{ epoch: string; mark_seq: string }>('SELECT epoch, mark_seq FROM producer_epoch');
    const committed = new Map(rows.map((row) => [row.epoch, Number(row.mark_seq)]));
    const marks = texts.map((text) => verifyMark(text, key));
    expect(marks.filter((mark) => mark.seq > (committed.get(mark.epoch) ?? 0))).toEqual([]);
  } finally {
    redis.disconnect();
  }
}

/** The act and its event committed together: neither stands alone. */
async function expectKeysOnRecord(world: World, atLeast: number): Promise<void> {
  const { stack } = world;
  await until(
    'the outbox is empty',
    async () => {
      const [row] = await stack.query<{ n: number }>('SELECT count(*)::int AS n FROM outbox');
      return row?.n === 0;
    },
    20_000,
  );
  const keys = await stack.query<{ prefix: string }>('SELECT prefix FROM api_key ORDER BY prefix');
  const events = await stack.query<{ body: Buffer }>(`SELECT body FROM event WHERE type = 'key.created'`);
  const recorded = events.map(({ body }) => (JSON.parse(body.toString('utf8')) as { data: { key: string } }).data.key);
  expect(recorded.sort()).toEqual(keys.map((row) => `api-key:${row.prefix}`));
  expect(keys.length).toBeGreaterThan(atLeast);
}

export const KILL_CASES: FaultCase[] = [
  ...SERVICES.map(
    (app): FaultCase => ({
      name: `kill -9 of the ${app} at random instants`,
      group: 'kill',
      async run(world, dice) {
        await randomKills(world, dice, app, 4);
        return app === 'forwarder' ? undefined : { exactlyOnce: true };
      },
    }),
  ),
  ...STEPS.map(
    (step): FaultCase => ({
      name: `kill -9 of ${step.claim}`,
      group: 'kill',
      async run(world, dice) {
        for (let round = 0; round < 2; round++) {
          await world.answered(dice.between(10, 40));
          await killAt(world, step);
        }
        await world.answered(10);
        return undefined;
      },
    }),
  ),
  ...SPOOL_STEPS.map(
    ({ step, claim }): FaultCase => ({
      name: `kill -9 of ${claim}`,
      group: 'kill',
      async run(world, dice) {
        await dieAt(world, step, dice);
        const { undone, withoutOutcome } = await halves(world);
        // What such a death leaves on the record, twice.
        if (step === 'before-sync' || step === 'after-sync') expect(undone).toBeGreaterThanOrEqual(2);
        else if (step === 'before-outcome') expect(withoutOutcome).toBeGreaterThanOrEqual(2);
        return { exactlyOnce: true };
      },
    }),
  ),
  {
    name: 'kill -9 of the recorder while it signs a checkpoint every second: never two roots, none over what is not committed',
    group: 'kill',
    options: { env: { AFFIDAVIT_CHECKPOINT_EVERY: '1s' } },
    async run(world, dice) {
      const signed = async () => {
        const [row] = await world.stack.query<{ n: number }>('SELECT count(*)::int AS n FROM checkpoint');
        return row?.n ?? 0;
      };
      for (let round = 0; round < 3; round++) {
        const before = await signed();
        await until('a checkpoint is signed', async () => (await signed()) > before, 20_000);
        await sleep(dice.between(900, 1100));
        await world.crash('recorder');
      }
      // That they agree with the leaf data, and with what Datadog was told, is judged after every case.
      expect(await signed()).toBeGreaterThanOrEqual(3);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'a power cut: all processes, Redis and PostgreSQL at once',
    group: 'kill',
    core: true,
    async run(world, dice) {
      for (let round = 0; round < 2; round++) {
        await world.answered(dice.between(20, 80));
        await sleep(dice.between(0, 100));
        await powerCut(world);
      }
      await world.answered(20);
      return undefined;
    },
  },
  {
    name: 'SIGTERM of every process in turn, with clients connected',
    group: 'kill',
    async run(world, dice) {
      for (const app of SERVICES) {
        await world.answered(dice.between(10, 40));
        await world.stack.kill(app, 'SIGTERM');
        expect({ app, code: world.stack.processes.get(app)?.exitCode }).toEqual({ app, code: 0 });
        await world.stack.run(app);
      }
      await world.answered(20);
      return { exactlyOnce: true };
    },
  },
  {
    name: 'kill -9 of the api in the middle of acts: no key without its event, no event without its key',
    group: 'kill',
    async run(world, dice) {
      const keys = makeKeys(world);
      try {
        for (let round = 0; round < 4; round++) {
          const before = keys.answered();
          await until('more keys are made', () => keys.answered() > before + 3, 20_000);
          await sleep(dice.between(0, 60));
          await world.crash('api');
        }
        await killAt(world, { app: 'api', line: 'postgres', words: ['INSERT INTO outbox'], mode: 'swallow' });
      } finally {
        await keys.stop();
      }
      await expectKeysOnRecord(world, keys.answered());
      return undefined;
    },
  },
  {
    name: 'the recorder is killed while Postgres stands still, and Redis loses all: the spool still holds what no commit covers',
    group: 'kill',
    // Segments go as soon as a mark covers them: a mark without a commit would take the only copy along.
    options: { env: { AFFIDAVIT_SPOOL_SEGMENT: '64KiB', AFFIDAVIT_SPOOL_KEEP: '0s' } },
    async run(world, dice) {
      const postgres = lineOf(world, 'postgres');
      const talk = talkAtLength(world);
      try {
        for (let round = 0; round < 3; round++) {
          await world.answered(dice.between(20, 60));
          postgres.set('stall');
          await Promise.all([world.answered(30), sleep(1500)]);
          await expectMarksCovered(world);
          await world.stack.kill('recorder', 'SIGKILL');
          await world.stack.restartRedis({ empty: true });
          mend(postgres);
          await world.stack.run('recorder');
        }
      } finally {
        await talk.stop();
      }
      return undefined;
    },
  },
];
