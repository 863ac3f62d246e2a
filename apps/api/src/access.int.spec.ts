import { API_ROLES, projectSessions, REFUSED_SUM_MS, RefusedAttempts, revokeApiKey } from '#record';
import { TestApi } from '../../../test/support/api.js';
import type { TestProducer } from '../../../test/support/producer.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { OPERATION, type OperationFacts } from './access.guard.js';
import { addressOf } from './access-watch.js';
import { CONTROLLERS } from './api.js';
import { TokenBuckets } from './token-buckets.js';

// Who gets in, how far, and what of it is on the record; over HTTP, on a real PostgreSQL.

interface Problem {
  code: string;
  remedy: string;
}

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 10, 25, 12);

describe('access to the audit-log API', () => {
  let record: TestRecord;
  let api: TestApi;
  let gateway: TestProducer;

  beforeEach(async () => {
    record = await TestRecord.open();
    api = await TestApi.open(record);
    gateway = await record.producer('gw-1');
  });
  afterEach(async () => {
    await api.close();
    await record.close();
  });

  async function recordSessions(): Promise<void> {
    for (const [id, connection, openedAtMs] of [
      ['s-old', 'orders', NOON - 10 * DAY],
      ['s-in', 'orders', NOON],
      ['s-other', 'payroll', NOON],
    ] as const) {
      const session = new SessionEvents(id, { connection, openedAtMs, identity: `of-${id}` });
      await record.record(gateway, [
        session.opened(),
        ...session.command('SELECT 1'),
        session.approval('approval.bypassed'),
        session.closed(),
      ]);
    }
    await projectSessions(record.pool);
  }

  describe('keys', () => {
    it('that were revoked, have expired or are guesses are refused alike, and each attempt is on the record', async () => {
      const revoked = await api.key({ role: 'viewer' });
      await revokeApiKey(record.pool, revoked.id, 'test');
      const expired = await api.key({ role: 'viewer', expiresAt: new Date(Date.now() - 1) });
      const good = await api.key({ role: 'viewer' });
      const guessed = good.key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
      const answers = [];
      for (const key of [revoked.key, expired.key, guessed, `afd_00000000_${'a'.repeat(43)}`, "'OR'1'='1'--"]) {
        const { status, body } = await api.ask<Problem>('/v1/sessions', key);
        answers.push([status, JSON.stringify(body)]);
      }
      expect(new Set(answers.map(String)).size).toBe(1);
      expect(answers[0]![0]).toBe(401);
      expect(await api.onRecord('access.refused')).toEqual(
        [revoked.prefix, expired.prefix, good.prefix, undefined].map((prefix) => ({
          address: '127.0.0.1',
          code: 'API_KEY_REFUSED',
          what: 'GET /v1/sessions',
          count: 1,
          ...(prefix === undefined ? {} : { key: `api-key:${prefix}` }),
        })),
      );
    });

    it('are not guessed for long: 429 with Retry-After, also for the right one, but not for one that was right before', async () => {
      const known = await api.key({ role: 'viewer' });
      expect((await api.ask('/v1/sessions', known.key)).status).toBe(200);
      const fresh = await api.key({ role: 'viewer' });
      const statuses: number[] = [];
      for (let n = 0; n < 40; n++) {
        statuses.push((await api.ask('/v1/events', `afd_00000000_${String(n).padStart(43, 'x')}`)).status);
      }
      expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
      expect(statuses.slice(12)).toEqual(Array(28).fill(429));
      const throttled = await api.ask<Problem>('/v1/sessions', fresh.key);
      expect(throttled).toMatchObject({ status: 429, body: { code: 'API_TOO_MANY_GUESSES' } });
      expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await api.ask('/v1/sessions', known.key)).status).toBe(200);
      // Forty attempts, two events: the rest is counted, and recorded when the API stops at the latest.
      expect((await api.onRecord('access.refused')).map(({ code, count }) => [code, count])).toEqual([
        ['API_KEY_REFUSED', 1],
        ['API_TOO_MANY_GUESSES', 1],
      ]);
      await api.close();
      const summed = (await api.onRecord('access.refused')).slice(2);
      expect(summed.map(({ code }) => code).sort()).toEqual(['API_KEY_REFUSED', 'API_TOO_MANY_GUESSES']);
      expect(summed.reduce((sum, { count }) => sum + Number(count), 0)).toBe(39);
      expect(summed[0]).toMatchObject({ address: '127.0.0.1', since: expect.any(String) });
      api = await TestApi.open(record);
    });

    it('are told the rate at which they may ask, and to wait beyond it', async () => {
      await api.close();
      api = await TestApi.open(record, { requests: { burst: 3, perSecond: 0.001 } });
      const [one, other] = [await api.key({ role: 'viewer' }), await api.key({ role: 'viewer' })];
      const answers = [];
      for (let n = 0; n < 4; n++) answers.push(await api.ask<Problem>('/v1/status', one.key));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
      expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0']);
      expect(answers[3]!.body).toMatchObject({ code: 'API_RATE_EXCEEDED' });
      expect(Number(answers[3]!.headers.get('retry-after'))).toBeGreaterThan(900);
      expect(answers[3]!.headers.get('ratelimit-limit')).toBe('3');
      expect((await api.ask('/v1/status', other.key)).status).toBe(200);
    });

    it('are made with limits, rotated with an overlap, and listed with both; all of it is on the record', async () => {
      const admin = (await api.key({ role: 'admin' })).key;
      const limits = { from: '2026-11-01T00:00:00Z', connections: ['orders'] };
      const made = await api.ask<{ id: string; key: string; prefix: string }>('/v1/keys', admin, {
        body: { role: 'auditor', label: 'auditor of the year', expiresAt: '2100-01-01T00:00:00Z', limits },
      });
      expect(made.status).toBe(201);
      const rotated = await api.ask<{ key: string }>(`/v1/keys/${made.body.id}/rotate`, admin, { body: {} });
      expect(rotated).toMatchObject({ status: 200, body: { prefix: made.body.prefix, role: 'auditor' } });
      for (const { key } of [made.body, rotated.body]) expect((await api.ask('/v1/sessions', key)).status).toBe(200);
      const hard = await api.ask<{ key: string }>(`/v1/keys/${made.body.id}/rotate`, admin, {
        body: { overlapMinutes: 0 },
      });
      expect((await api.ask('/v1/sessions', rotated.body.key)).status).toBe(401);
      const { body, text } = await api.ask<{ keys: object[] }>('/v1/keys', admin);
      expect(body.keys[0]).toMatchObject({
        prefix: made.body.prefix,
        limits: { from: '2026-11-01T00:00:00.000000Z', connections: ['orders'] },
        rotatedAt: expect.any(String),
        previousUntil: null,
        lastUsedAt: expect.any(String),
      });
      for (const { key } of [made.body, rotated.body, hard.body]) {
        // 43 characters, of which some may be underscores.
        expect(text).not.toContain(key.slice(-43));
      }
      expect((await api.onRecord('key.rotated')).length).toBe(2);
      expect((await api.onRecord('key.created')).at(-1)).toMatchObject({
        expiresAt: '2100-01-01T00:00:00.000000Z',
        limits: { connections: ['orders'] },
      });
    });

    it.each([
      ['limits of an admin', { role: 'admin', limits: { connections: ['orders'] } }],
      ['limits that limit nothing', { role: 'auditor', limits: {} }],
      [
        'limits turned round',
        { role: 'auditor', limits: { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } },
      ],
      ['no connection at all', { role: 'auditor', limits: { connections: [] } }],
    ])('are not made with %s', async (_what, body) => {
      const admin = (await api.key({ role: 'admin' })).key;
      expect((await api.ask('/v1/keys', admin, { body })).status).toBe(400);
    });

    it.each([
      ['a prototype', '{"role":"auditor","__proto__":{"role":"admin","label":"polluted"}}'],
      ['a constructor', '{"role":"auditor","constructor":{"prototype":{"role":"admin","label":"polluted"}}}'],
    ])('get nothing from %s that is sent along', async (_what, body) => {
      const admin = (await api.key({ role: 'admin' })).key;
      expect(await api.ask('/v1/keys', admin, { body })).toMatchObject({ status: 201, body: { role: 'auditor' } });
      expect((await api.ask('/v1/keys', admin)).text).not.toContain('polluted');
      expect(({} as { role?: string }).role).toBeUndefined();
    });
  });

  describe('an auditor with limits', () => {
    async function auditor() {
      const limits = { from: new Date(NOON - DAY).toISOString().replace('Z', '000Z'), connections: ['orders'] };
      return (await api.key({ role: 'auditor', limits })).key;
    }

    it('sees what lies within them, whatever he asks for', async () => {
      await recordSessions();
      const key = await auditor();
      const ids = async (query: string) =>
        (await api.ask<{ sessions: { id: string }[] }>(`/v1/sessions${query}`, key)).body.sessions.map(({ id }) => id);
      expect(await ids('')).toEqual(['s-in']);
      expect(await ids('?from=2000-01-01T00:00:00Z')).toEqual(['s-in']);
      expect(await ids('?connection=payroll')).toEqual([]);
      expect((await api.ask(`/v1/sessions`, key, { headers: { accept: 'text/csv' } })).text).not.toContain('s-o');
      const seen = await api.ask<{ events: { event: { session?: string } }[] }>('/v1/events', key);
      expect(new Set(seen.body.events.map(({ event }) => event.session))).toEqual(new Set(['s-old', 's-in']));
      const lines = await api.ask('/v1/events', key, { headers: { accept: 'application/x-ndjson' } });
      expect(lines.text).not.toContain('payroll');
      expect(lines.text).not.toContain('record.read');
      const names = await api.ask('/v1/connections', key);
      expect(names.text).toContain('"orders"');
      expect(names.text).not.toContain('payroll');
      expect((await api.ask('/v1/identities', key)).text).not.toMatch(/of-s-(old|other)/);
      expect((await api.ask('/v1/approvals', key)).text).not.toContain('s-other');
      expect((await api.ask<{ identities: [] }>('/v1/connections/payroll/identities', key)).body.identities).toEqual(
        [],
      );
      expect((await api.ask('/v1/sessions/s-in', key)).status).toBe(200);
    });

    it('is told of nothing beyond them that it is there, and that he reached for it is on the record', async () => {
      await recordSessions();
      const key = await auditor();
      const differing = (text: string) => text.replace(/s-\w+/g, 'ID');
      const beyond = await api.ask<Problem>('/v1/sessions/s-other', key);
      const none = await api.ask<Problem>('/v1/sessions/s-none', key);
      expect(beyond.status).toBe(404);
      expect(differing(beyond.text)).toBe(differing(none.text));
      expect((await api.ask('/v1/sessions/s-old', key)).status).toBe(404);
      for (const path of [
        '/v1/status',
        '/v1/producers',
        '/v1/dead-letters',
        '/v1/holds',
        '/v1/keys',
        '/v1/enrolments',
      ]) {
        expect(await api.ask(path, key)).toMatchObject({ status: 404, body: { code: 'API_ROUTE_UNKNOWN' } });
      }
      expect((await api.ask('/v1/keys', key, { body: { role: 'admin' } })).status).toBe(404);
      const refused = await api.onRecord('access.refused');
      expect(refused.map(({ code, what }) => [code, what])).toEqual([
        ['API_BEYOND_LIMITS', 'GET /v1/sessions/s-other'],
        ['API_ROUTE_UNKNOWN', 'GET /v1/keys'],
      ]);
    });
  });

  it('is what its route says it is: every route has a role, and all that shows evidence is on the record as read', () => {
    const works = new Set([
      ...[
        'ProducersController.list',
        'ProducersController.status',
        'DeliveryController.status',
        'DeliveryController.batches',
      ],
      ...['ReplaysController.list', 'ReplaysController.show', 'ReplaysController.blocks'],
      ...['ReconciliationsController.list', 'ReconciliationsController.one'],
      ...[
        'BackfillsController.list',
        'BackfillsController.show',
        'BackfillsController.one',
        'BackfillsController.missing',
      ],
      ...['RetentionController.plan', 'RetentionController.runs', 'RetentionController.run'],
    ]);
    const unread: string[] = [];
    for (const controller of CONTROLLERS) {
      for (const name of Object.getOwnPropertyNames(controller.prototype).filter((one) => one !== 'constructor')) {
        const handler = (controller.prototype as Record<string, object>)[name]!;
        const facts = Reflect.getMetadata(OPERATION, handler) as OperationFacts | undefined;
        if (facts === undefined) throw new Error(`${controller.name}.${name} has no role`);
        expect([...API_ROLES, 'public']).toContain(facts.role);
        const isGet = Reflect.getMetadata('method', handler) === 0;
        if (isGet && facts.role !== 'public' && !facts.reads) unread.push(`${controller.name}.${name}`);
        if (isGet && facts.keepsLimits) expect(facts.reads).toBeDefined();
      }
    }
    expect(unread.filter((name) => !works.has(name))).toEqual([]);
  });

  it('says on the record what a sitting of reads began with', async () => {
    const { key } = await api.key({ role: 'viewer' });
    await api.ask('/v1/sessions?identity=%27%3B%20DROP%20TABLE%20event%3B--', key);
    await api.ask('/v1/sessions', key);
    expect(await api.onRecord('record.read')).toMatchObject([
      { what: 'sessions', asked: 'GET /v1/sessions?identity=%27%3B%20DROP%20TABLE%20event%3B--' },
    ]);
  });

  it('says on the record what a sitting got, also in streams, once it is over or the API ends', async () => {
    await recordSessions();
    const { key, prefix } = await api.key({ role: 'viewer' });
    await api.ask('/v1/sessions', key);
    await api.ask('/v1/sessions?limit=1', key);
    await api.ask('/v1/sessions', key, { headers: { accept: 'text/csv' } });
    await api.ask('/v1/events?session=s-in&limit=2', key);
    await api.ask('/v1/events?session=s-in', key, { headers: { accept: 'application/x-ndjson' } });
    expect(await api.onRecord('record.answered')).toEqual([]);
    await api.close();
    const of = { key: `api-key:${prefix}`, since: expect.any(String) };
    expect(await api.onRecord('record.answered')).toEqual([
      { ...of, what: 'sessions', reads: 3, count: 3 + 1 + 3 },
      { ...of, what: 'events', reads: 2, count: 2 + 5 },
    ]);
    api = await TestApi.open(record);
  });

  it('bounds what refusals put on the record, however many addresses there are', async () => {
    let now = NOON;
    const attempts = new RefusedAttempts(
      record.pool,
      () => undefined,
      () => now,
    );
    for (let n = 0; n < 1_000; n++) {
      await attempts.note({ address: `10.0.${n >> 8}.${n & 255}`, code: 'API_KEY_REFUSED', what: 'GET /v1/events' });
    }
    expect((await api.onRecord('access.refused')).length).toBe(51);
    now += REFUSED_SUM_MS;
    await attempts.settle();
    const all = await api.onRecord('access.refused');
    expect(all.length).toBe(52);
    expect(all.at(-1)).toMatchObject({ address: 'others', count: 949 });
    expect(all.reduce((sum, { count }) => sum + Number(count), 0)).toBe(1_000);
    await attempts.close();
  });
});

describe('behind a proxy', () => {
  let record: TestRecord;
  beforeAll(async () => {
    record = await TestRecord.open();
  }, 60_000);
  afterAll(() => record?.close());

  const guessed = async (trustedProxies: string[], forwarded: string[]) => {
    const api = await TestApi.open(record, { trustedProxies });
    const statuses: number[] = [];
    for (let n = 0; n < 24; n++) {
      const { status } = await api.ask('/v1/events', `afd_00000000_${'z'.repeat(43)}`, {
        headers: { 'x-forwarded-for': forwarded[n % forwarded.length]! },
      });
      statuses.push(status);
    }
    const addresses = (await api.onRecord('access.refused')).map(({ address }) => address);
    await api.close();
    return { throttled: statuses.filter((status) => status === 429).length, addresses: new Set(addresses) };
  };

  it('that is trusted, clients are told apart by what it says, however much they say themselves', async () => {
    const { throttled, addresses } = await guessed(
      ['127.0.0.0/8', '10.1.0.0/16'],
      ['203.0.113.9, 198.51.100.1, 10.1.2.3', '203.0.113.10, 198.51.100.2'],
    );
    // Twelve each, of which ten are looked at.
    expect(throttled).toBeGreaterThanOrEqual(2);
    expect(throttled).toBeLessThan(6);
    expect(addresses).toEqual(new Set(['198.51.100.1', '198.51.100.2']));
  });

  it('that nobody trusts, or that says no address, they are one', async () => {
    const before = (await guessed([], ['198.51.100.7', '198.51.100.8'])).throttled;
    expect(before).toBeGreaterThanOrEqual(12);
    const { addresses } = await guessed(['127.0.0.1'], ["'; DROP TABLE event; --", 'unknown']);
    expect([...addresses].filter((address) => !/^[\d.]+$/.test(String(address)))).toEqual([]);
    expect(addresses).toContain('127.0.0.1');
  });
});

describe('token buckets', () => {
  it('fill with time, up to their size', () => {
    let now = 0;
    const buckets = new TokenBuckets({ burst: 2, perSecond: 1 }, () => now);
    expect([buckets.take('a'), buckets.take('a'), buckets.take('a'), buckets.take('b')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(buckets.secondsUntil('a', 1)).toBe(1);
    now = 1_000;
    expect([buckets.take('a'), buckets.take('a')]).toEqual([true, false]);
    now = 1e9;
    expect(buckets.left('a')).toBe(2);
    // A clock that is set back fills nothing and takes nothing.
    now = 0;
    expect(buckets.left('a')).toBeLessThanOrEqual(2);
  });
});

describe('the address of a request', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('of %s is %s', (remoteAddress, address) => {
    expect(addressOf({ ip: undefined, socket: { remoteAddress } as never })).toBe(address);
  });
});
