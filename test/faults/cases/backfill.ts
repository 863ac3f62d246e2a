import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '../../support/servers.js';
import type { FaultCase } from '../case.js';
import type { World } from '../world.js';

// History sent once more to Datadog, by `affidavit backfill`, while live goes on. Whoever is killed, each event of the range is there
// once more and marked, and copies beyond that are counted in the report.

interface Report {
  id: string;
  state: string;
  fromPos: string;
  toPos: string;
  report: { sent: number; dead: number; possibleDuplicates: number; open: number };
}

interface SeenLog {
  evt: { id: string };
  ddtags?: string;
}

interface Running {
  child: ChildProcess;
  /** To its terminal, so far. */
  said(): string;
  /** What it said at its end. @throws where it failed */
  ended: Promise<Report>;
}

/** The command as an operator starts it: a key of the API and the destination's own, and no address of a database. */
function start(world: World, to: bigint, ...more: string[]): Running {
  const { stack } = world;
  const child = spawn(
    process.execPath,
    ['bin/affidavit.mjs', 'backfill', '--from', '0', '--to', String(to), '--json', ...more],
    { cwd: stack.root, env: { ...stack.commandEnvironment, DATABASE_URL: '', REDIS_URL: '' } },
  );
  let said = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const ended = new Promise<Report>((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said) as Report);
      else reject(new Error(`affidavit backfill ended with ${signal ?? code}: ${complaints.slice(-1_500)}`));
    });
  });
  ended.catch(() => undefined);
  return { child, said: () => complaints, ended };
}

/** Where the record ends, once there is enough for a backfill that lasts some seconds. */
async function head(world: World): Promise<bigint> {
  return until('there is some history', async () => {
    const [row] = await world.stack.query<{ size: string }>('SELECT size FROM log_head');
    const size = BigInt(row?.size ?? 0);
    return size >= 400n && size;
  });
}

async function sentSoFar(world: World): Promise<number> {
  const [row] = await world.stack.query<{ n: number }>(
    `SELECT coalesce(sum(count), 0)::int AS n FROM delivery_batch WHERE lane = 'backfill' AND state = 'accepted'`,
  );
  return row?.n ?? 0;
}

/** Until so many events are sent. @throws where that takes too long, or the command ends before */
async function sends(world: World, { child, ended, said }: Running, goal: number): Promise<void> {
  const reached = until(`${goal} events are sent`, async () => (await sentSoFar(world)) >= goal, 40_000);
  const early = ended.then(({ report }) => {
    throw new Error(`it ended with ${report.sent} events`);
  });
  await Promise.race([reached, early]).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${error}; it said: ${said()}`);
  });
}

async function expectBackfilled(world: World, { fromPos, toPos, report }: Report): Promise<void> {
  const rows = await world.stack.query<{ id: string }>(
    `SELECT epoch || '.' || seq AS id FROM event WHERE position >= $1 AND position < $2`,
    [fromPos, toPos],
  );
  const logs = (await world.stack.delivered()) as unknown as SeenLog[];
  const copies = new Map<string, number>();
  for (const { evt, ddtags } of logs) {
    if (String(ddtags).includes('backfill:true')) copies.set(evt.id, (copies.get(evt.id) ?? 0) + 1);
  }
  expect([...copies.keys()].sort()).toEqual(rows.map((row) => row.id).sort());
  const extra = [...copies.values()].reduce((sum, count) => sum + count - 1, 0);
  expect(extra).toBeLessThanOrEqual(report.possibleDuplicates);
  expect(report).toMatchObject({ sent: rows.length, dead: 0, open: 0 });
}

/** Slow enough that whoever is to be killed is in its middle. */
const RATE = ['--rate', '100'];

export const BACKFILL_CASES: FaultCase[] = [
  {
    name: 'the process that sends a backfill is killed, twice, and the same command goes on',
    group: 'kill',
    async run(world) {
      const to = await head(world);
      for (const goal of [50, 150]) {
        const running = start(world, to, ...RATE);
        await sends(world, running, goal);
        running.child.kill('SIGKILL');
      }
      const ended = await start(world, to).ended;
      expect(ended.state).toBe('finished');
      await expectBackfilled(world, ended);
      const plans = await world.stack.query('SELECT FROM delivery_plan');
      expect(plans).toHaveLength(1);
      return undefined;
    },
  },
  {
    name: 'the API is killed while batches of a backfill are lent, again and again',
    group: 'kill',
    async run(world, dice) {
      const to = await head(world);
      const running = start(world, to, ...RATE);
      for (const goal of [30, 120, 200]) {
        await sends(world, running, goal);
        await new Promise((resolve) => setTimeout(resolve, dice.between(0, 200)));
        await world.crash('api');
      }
      await expectBackfilled(world, await running.ended);
      return undefined;
    },
  },
];
