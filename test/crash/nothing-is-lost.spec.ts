import { Redis } from 'ioredis';
import { deliveredCopies, judgeRecord, recordedCommands } from '../support/invariants.js';
import { effects, Load, numbersIn } from '../support/load.js';
import { until } from '../support/servers.js';
import { Stack } from '../support/stack.js';

/**
 * Real processes under load from real clients; each case ends one of them with SIGKILL, or empties Redis, in mid-stream.
 * Judged from outside: by the target's own rows, by SQL on the record, and by what the Datadog stand-in received.
 */
describe('in mid-stream', () => {
  let stack: Stack;
  let load: Load;

  beforeAll(async () => {
    stack = await Stack.start({ env: { AFFIDAVIT_FORWARDER_LEASE: '5s' } });
    await stack.query('CREATE TABLE effect (id integer PRIMARY KEY)', [], stack.targetUrl);
  }, 60_000);

  afterAll(async () => {
    await stack?.stop();
  });

  beforeEach(() => {
    load = new Load(stack);
  });

  afterEach(async () => {
    await load.stop();
  });

  /** Lets the load go on until so many more commands were answered. */
  async function answered(more: number): Promise<void> {
    const goal = load.acknowledged.size + more;
    await until(`${more} more commands are answered`, () => load.acknowledged.size >= goal, 30_000);
  }

  async function expectNothingLost(): Promise<void> {
    await load.stop();
    await drained(stack);
    const judgement = await judgeRecord(stack);
    expect(judgement.faults).toEqual([]);
    const recorded = numbersIn(await recordedCommands(stack));
    const executed = await effects(stack);
    expect(executed.length).toBeGreaterThanOrEqual(load.acknowledged.size);
    expect(executed.filter((id) => !recorded.has(id))).toEqual([]);
    expect([...recorded].filter(([, times]) => times !== 1)).toEqual([]);
  }

  it('kill -9 of the recorder loses and doubles nothing', async () => {
    for (let round = 0; round < 3; round++) {
      await answered(100);
      await stack.kill('recorder');
      await answered(20);
      await stack.run('recorder');
    }
    await expectNothingLost();
  }, 90_000);

  it('FLUSHALL loses and doubles nothing', async () => {
    const redis = new Redis(stack.redis.url);
    try {
      for (let round = 0; round < 5; round++) {
        await answered(60);
        await redis.flushall();
      }
    } finally {
      redis.disconnect();
    }
    await expectNothingLost();
  }, 90_000);

  it('kill -9 of the gateway loses no command that the target executed, and its sessions end as abandoned', async () => {
    for (let round = 0; round < 3; round++) {
      await answered(100);
      await stack.kill('gateway');
      await stack.run('gateway');
    }
    await expectNothingLost();
    const open = await until(
      'no session of a killed gateway is left open',
      async () => {
        const rows = await stack.query<{ state: string; n: number }>(
          'SELECT state, count(*)::int AS n FROM session GROUP BY state',
        );
        return rows.some((row) => row.state === 'open') ? undefined : rows;
      },
      15_000,
    );
    expect(open.find((row) => row.state === 'abandoned')?.n).toBeGreaterThanOrEqual(3);
  }, 90_000);

  it('kill -9 of the forwarder delivers everything all the same', async () => {
    for (let round = 0; round < 3; round++) {
      await answered(100);
      await stack.kill('forwarder');
      await answered(20);
      await stack.run('forwarder');
    }
    await expectNothingLost();
    const ids = await stack.query<{ epoch: string; seq: string }>('SELECT epoch, seq FROM event');
    const missing = await until(
      'every recorded event is at Datadog',
      async () => {
        const copies = await deliveredCopies(stack);
        return ids.every((row) => copies.has(`${row.epoch}.${row.seq}`)) ? copies : undefined;
      },
      40_000,
    );
    expect(missing.size).toBeGreaterThanOrEqual(ids.length);
  }, 120_000);
});

/** Waits until every epoch of the gateway is recorded to the end that its process reports, and the head rests. */
async function drained(stack: Stack): Promise<void> {
  // A killed recorder's lease ends after five seconds: a head that stands still may only wait for that. What is lost never comes.
  const executed = await effects(stack);
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 250))) {
    const recorded = numbersIn(await recordedCommands(stack));
    if (executed.every((id) => recorded.has(id))) break;
  }
  let last = '';
  let since = Date.now();
  await until(
    'the record rests',
    async () => {
      const [head] = await stack.query<{ size: string }>('SELECT size FROM log_head');
      if (String(head?.size) !== last) {
        last = String(head?.size);
        since = Date.now();
      }
      return Date.now() - since > 2500;
    },
    60_000,
  );
}
