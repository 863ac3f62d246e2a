import { Redis } from 'ioredis';
import pg from 'pg';
import { judgeRecord, recordedCommands } from '../support/invariants.js';
import { until } from '../support/servers.js';
import { Stack } from '../support/stack.js';

/** A record that was lost for good and begun anew, under a gateway that still holds its spool. */
describe('a gateway that finds another log than its own', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ apps: ['recorder', 'api', 'gateway'] });
  }, 60_000);

  afterAll(async () => {
    await stack?.stop();
  });

  async function work(statement: string): Promise<void> {
    const client = new pg.Client(stack.agent);
    await client.connect();
    await client.query(statement);
    await client.end();
  }

  it('refuses to start, and with --adopt sends the new log all that its spool still keeps', async () => {
    await work('SELECT 1 AS before');
    await until('the session is recorded', async () => (await recordedCommands(stack)).includes('SELECT 1 AS before'));
    const [{ log: first }] = (await stack.query('SELECT log FROM log_head')) as [{ log: string }];

    for (const app of ['gateway', 'api', 'recorder'] as const) await stack.kill(app);
    await stack.query('DROP DATABASE affidavit WITH (FORCE)', [], stack.postgres.url());
    await stack.makeRecord();
    await Promise.all([stack.run('recorder'), stack.run('api')]);
    const [{ log: second }] = (await stack.query('SELECT log FROM log_head')) as [{ log: string }];
    expect(second).not.toBe(first);

    await expect(stack.run('gateway')).rejects.toThrow(/GATEWAY_OTHER_LOG[\s\S]*--adopt/);

    const token = await stack.enrolmentToken();
    await stack.run('gateway', { AFFIDAVIT_ENROLL_TOKEN: token }, ['--adopt']);
    await work('SELECT 2 AS after');
    await until('both sessions are on the new log', async () => {
      const commands = await recordedCommands(stack);
      return commands.includes('SELECT 1 AS before') && commands.includes('SELECT 2 AS after');
    });
    const redis = new Redis(stack.redis.url);
    const open = await until('nothing of it waits in Redis', async () => {
      const lengths = await Promise.all(
        (await redis.keys('audit:{test-node}:*')).map((key) => redis.xlen(key).catch(() => 0)),
      );
      return lengths.every((length) => length === 0) && lengths.length;
    });
    redis.disconnect();
    expect(open).toBeGreaterThan(0);
    expect((await judgeRecord(stack)).faults.filter((fault) => !fault.includes('foreign'))).toEqual([]);
  }, 60_000);
});
