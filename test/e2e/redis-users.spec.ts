import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import pg from 'pg';
import { deliveredCopies, recordedCommands } from '../support/invariants.js';
import { until } from '../support/servers.js';
import { Stack } from '../support/stack.js';

const PASSWORD = 'a-password-of-this-test';

/** The whole way with the Redis users of deploy/redis.acl, and what a gateway's user may not do. */
describe('the Redis users in deploy/redis.acl', () => {
  let stack: Stack;
  const clients: Redis[] = [];

  beforeAll(async () => {
    stack = await Stack.start({ apps: ['datadog'] });
    const admin = new Redis(stack.redis.url);
    const hash = createHash('sha256').update(PASSWORD).digest('hex');
    const lines = readFileSync(new URL('../../deploy/redis.acl', import.meta.url), 'utf8')
      .replaceAll('REPLACE_WITH_SHA256_HEX', hash)
      .replaceAll('edge-1', 'test-node')
      .split('\n')
      .filter((line) => line.startsWith('user ') && !line.startsWith('user default'));
    expect(lines).toHaveLength(3);
    for (const line of lines) await admin.call('ACL', 'SETUSER', ...line.split(' ').slice(1));
    await admin.call('ACL', 'SETUSER', 'default', 'off');
    admin.disconnect();
  }, 60_000);

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await stack?.stop();
  });

  function urlOf(user: string): string {
    const url = new URL(stack.redis.url);
    url.username = user;
    url.password = PASSWORD;
    return url.href;
  }

  it('let an event go the whole way', async () => {
    await Promise.all([
      stack.run('recorder', { REDIS_URL: urlOf('recorder') }),
      stack.run('forwarder', { REDIS_URL: urlOf('forwarder') }),
      stack.run('api', { REDIS_URL: urlOf('recorder') }),
    ]);
    await stack.run('gateway', {
      REDIS_URL: urlOf('gateway-test-node'),
      AFFIDAVIT_ENROLL_TOKEN: await stack.enrolmentToken(),
    });
    const client = new pg.Client(stack.agent);
    await client.connect();
    await client.query('SELECT 1 AS least_privilege');
    await client.end();
    await until('it is recorded', async () => (await recordedCommands(stack)).includes('SELECT 1 AS least_privilege'));
    const ids = await stack.query<{ id: string }>(
      `SELECT epoch || '.' || seq AS id FROM event WHERE session_id IS NOT NULL`,
    );
    await until('it is delivered', async () => {
      const copies = await deliveredCopies(stack);
      return ids.every(({ id }) => copies.has(id));
    });
  }, 60_000);

  it.each([
    ['empty Redis', ['FLUSHALL']],
    ['write a mark', ['HSET', 'audit:marks', 'test-node/0011223344556677', 'forged']],
    ["delete another node's stream", ['DEL', 'audit:{other}:0011223344556677']],
    ["write another node's stream", ['XADD', 'audit:{other}:0011223344556677', '*', 'f', 'x']],
    ['read what waits to be delivered', ['KEYS', '{audit-q}:*']],
    ['change the eviction policy', ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru']],
  ])('do not let a gateway %s', async (_what, [command, ...args]) => {
    const gateway = new Redis(urlOf('gateway-test-node'), { maxRetriesPerRequest: 1 });
    clients.push(gateway);
    await expect(gateway.call(command as string, ...args)).rejects.toThrow(/NOPERM/);
  });
});
