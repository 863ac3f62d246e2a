import { generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type pg from 'pg';
import { z } from 'zod';
import { RETRY_POLICY } from '#delivery';
import { createLogger, listen, Metrics } from '#platform';
import {
  type ApiRole,
  createApiKey,
  decodeEnrolmentToken,
  openPrisma,
  type PrismaClient,
  pinMarkKey,
  projectSessions,
  ReadSittings,
  readEvents,
} from '#record';
import { IDLE_EXPORTS } from '../../../test/support/idle-exports.js';
import type { TestProducer } from '../../../test/support/producer.js';
import { until } from '../../../test/support/servers.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { ReceiptAnswer, ReconciliationAnswer, ReconciliationResultAnswer } from './answers.js';
import { createApi } from './api.js';
import { ApiParts } from './parts.js';

// The API over HTTP as it runs, on a real PostgreSQL. The log is written as the recorder writes it; the recorder itself, and the
// projection that it drives, are moved by hand.

/** Members of the answers that these tests look at. */
interface Body {
  sessions: { id: string; facts?: unknown }[];
  events: { position: string; event: { type: string; session?: string; data: object }; quarantined: string }[];
  producers: object[];
  destinations: object[];
  enrolments: object[];
  keys: { id: string }[];
  head: { size: string };
  horizon: string;
  next: string;
  more: boolean;
  token: string;
  key: string;
  id: string;
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  parameters: { name: string }[];
  responses: Record<string, { content: { 'application/json': { schema: z.core.JSONSchema.BaseSchema } } }>;
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Body;
}

const MARK_KEY = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });

describe('the audit-log API', () => {
  let record: TestRecord;
  let pool: pg.Pool;
  let prisma: PrismaClient;
  let app: NestExpressApplication;
  let url: string;
  let gateway: TestProducer;
  let last: bigint;
  const keys = {} as Record<ApiRole, { key: string; prefix: string; id: string }>;

  beforeAll(async () => {
    record = await TestRecord.open();
    await pinMarkKey(record.pool, MARK_KEY);
    pool = await record.poolOf('api');
    prisma = await openPrisma(pool);
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      keys[role] = await createApiKey(record.pool, { role, by: 'test' });
    }
    gateway = await record.producer('gw-1');
    for (let n = 0; n < 5; n++) {
      const session = new SessionEvents(`s-${n}`, { openedAtMs: Date.UTC(2026, 10, 25, 12, n) });
      last = await record.record(gateway, [session.opened(), ...session.command(`SELECT ${n}`), session.closed()]);
    }
    await projectSessions(record.pool);
    const parts = {
      pool,
      prisma,
      sittings: new ReadSittings(pool),
      logger: createLogger('test', { logLevel: 'silent', logFormat: 'json' }),
      metrics: new Metrics(),
      publicUrl: 'http://api.test:8470',
      horizonWaitMs: 300,
      retryPolicy: RETRY_POLICY,
      exports: IDLE_EXPORTS,
    };
    app = await createApi(new ApiParts(parts));
    await listen(app.getHttpServer(), '127.0.0.1', 0);
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await prisma?.$disconnect();
    await record?.close();
  });

  async function ask(
    path: string,
    options: { as?: ApiRole | 'nobody'; body?: unknown; method?: string } = {},
  ): Promise<Answer> {
    const { as = 'viewer', body, method = body === undefined ? 'GET' : 'POST' } = options;
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(as === 'nobody' ? {} : { authorization: `Bearer ${keys[as].key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: isJson ? (JSON.parse(text) as Body) : ({} as Body),
    };
  }

  async function readsOnRecord(): Promise<string[]> {
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 1000 });
    return events
      .filter((event) => event.type === 'record.read')
      .map((event) => {
        const { key, what } = JSON.parse(event.body.toString()).data;
        return `${key} ${what}`;
      });
  }

  describe('who may', () => {
    it.each([
      ['/v1/sessions', 'GET', 'viewer'],
      ['/v1/sessions/s-1', 'GET', 'viewer'],
      ['/v1/events', 'GET', 'viewer'],
      ['/v1/producers', 'GET', 'viewer'],
      ['/v1/status', 'GET', 'viewer'],
      ['/v1/receipts/0123456789abcdef.1', 'GET', 'viewer'],
      ['/v1/reconciliations', 'GET', 'viewer'],
      ['/v1/reconciliations/reconciliation-0000000000', 'GET', 'viewer'],
      ['/v1/reconciliations', 'POST', 'operator'],
      ['/v1/backfills', 'GET', 'operator'],
      ['/v1/backfills', 'POST', 'operator'],
      ['/v1/backfills/backfill-0123456789', 'GET', 'operator'],
      ['/v1/backfills/backfill-0123456789/lease', 'POST', 'operator'],
      ['/v1/backfills/backfill-0123456789/release', 'POST', 'operator'],
      ['/v1/backfills/backfill-0123456789/batches/7/result', 'POST', 'operator'],
      ['/v1/backfills/backfill-0123456789/pause', 'POST', 'operator'],
      ['/v1/backfills/backfill-0123456789/resume', 'POST', 'operator'],
      ['/v1/backfills/backfill-0123456789/cancel', 'POST', 'operator'],
      ['/v1/keys', 'GET', 'admin'],
      ['/v1/keys', 'POST', 'admin'],
      ['/v1/keys/7f0b7f9e-7e1e-4f0e-9a5e-4a9f0a4f6a11', 'DELETE', 'admin'],
      ['/v1/enrolments', 'GET', 'admin'],
      ['/v1/enrolments', 'POST', 'admin'],
      ['/v1/producers/gw-1/0123456789abcdef/declare-lost', 'POST', 'admin'],
      ['/v1/replays', 'GET', 'viewer'],
      ['/v1/replays', 'POST', 'operator'],
      ['/v1/replays/replay-0123456789', 'GET', 'viewer'],
      ['/v1/replays/replay-0123456789/blocks', 'GET', 'viewer'],
      ['/v1/replays/replay-0123456789/start', 'POST', 'operator'],
      ['/v1/replays/replay-0123456789/pause', 'POST', 'operator'],
      ['/v1/replays/replay-0123456789/resume', 'POST', 'operator'],
      ['/v1/replays/replay-0123456789/cancel', 'POST', 'operator'],
      ['/v1/dead-letters', 'GET', 'viewer'],
      ['/v1/dead-letters/datadog/5', 'GET', 'viewer'],
      ['/v1/dead-letters/retry', 'POST', 'operator'],
      ['/v1/dead-letters/discard', 'POST', 'operator'],
      ['/v1/delivery', 'GET', 'viewer'],
      ['/v1/delivery/batches', 'GET', 'viewer'],
      ['/v1/delivery/sweep', 'POST', 'operator'],
    ] as const)('%s by %s needs a key with the role %s', async (path, method, role) => {
      const body = method === 'POST' ? {} : undefined;
      const none = await ask(path, { as: 'nobody', method, body });
      expect(none).toMatchObject({ status: 401, body: { code: 'API_KEY_MISSING' } });
      expect(none.headers.get('www-authenticate')).toBe('Bearer');
      if (role !== 'viewer') {
        expect(await ask(path, { as: role === 'admin' ? 'operator' : 'viewer', method, body })).toMatchObject({
          status: 403,
          body: { code: 'API_ROLE_TOO_LOW' },
        });
      }
      expect([401, 403]).not.toContain((await ask(path, { as: role, method, body })).status);
    });

    it('refuses a key that is not one, without saying why', async () => {
      const answer = await fetch(`${url}/v1/sessions`, { headers: { authorization: `Bearer ${keys.admin.key}x` } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(await answer.json()).toMatchObject({ code: 'API_KEY_REFUSED', status: 401, title: 'API_KEY_REFUSED' });
    });
  });

  describe('sessions', () => {
    it('come in pages, newest first, with their horizon', async () => {
      const first = await ask('/v1/sessions?limit=3');
      expect(first.body.sessions.map((session) => session.id)).toEqual(['s-4', 's-3', 's-2']);
      const second = await ask(`/v1/sessions?limit=3&cursor=${first.body.next}`);
      expect(second.body.sessions.map((session) => session.id)).toEqual(['s-1', 's-0']);
      expect(second.body.next).toBeNull();
      expect(first.body.horizon).toMatch(/^\d+$/);
      expect(first.headers.get('affidavit-horizon')).toBe(first.body.horizon);
      expect(first.body.sessions[0]!.facts).toBeUndefined();
    });

    it('take times in any zone and to the microsecond', async () => {
      const ids = async (query: string) =>
        (await ask(`/v1/sessions?${query}`)).body.sessions.map((session) => session.id);
      expect(await ids(`from=${encodeURIComponent('2026-11-25T13:03:00.001+01:00')}`)).toEqual(['s-4', 's-3']);
      expect(await ids('from=2026-11-25T12:03:00.001001Z')).toEqual(['s-4']);
    });

    it('come one by one with their events, which are the recorded bytes', async () => {
      const first = await ask('/v1/sessions/s-1?limit=3');
      expect(first.body).toMatchObject({ session: { id: 's-1', commands: 1 }, more: true });
      const rest = await ask(`/v1/sessions/s-1?limit=3&after=${first.body.next}`);
      const events = [...first.body.events, ...rest.body.events];
      expect(events.map((one) => one.event.type)).toEqual([
        'session.opened',
        'command.issued',
        'command.completed',
        'session.closed',
      ]);
      expect(rest.body.more).toBe(false);
      for (const { bytes } of gateway.made.slice(4, 7)) expect(first.text).toContain(bytes.toString('utf8'));
      expect(await ask('/v1/sessions/none')).toMatchObject({ status: 404, body: { code: 'API_SESSION_UNKNOWN' } });
    });

    it('wait for a position that is still to come, and say so when it does not', async () => {
      const position = await record.record(gateway, [
        new SessionEvents('s-late', { openedAtMs: Date.UTC(2026, 0) }).opened(),
      ]);
      const behind = await ask(`/v1/sessions/s-late?atLeast=${position}`);
      expect(behind).toMatchObject({ status: 503, body: { code: 'API_HORIZON_BEHIND' } });
      expect(behind.headers.get('retry-after')).toBe('1');
      const waiting = ask(`/v1/sessions/s-late?atLeast=${position}`);
      await projectSessions(record.pool);
      expect(await waiting).toMatchObject({ status: 200, body: { session: { id: 's-late', state: 'open' } } });
    });
  });

  describe('events', () => {
    it('can be followed from the start to the head and on', async () => {
      let after = '-1';
      const types: string[] = [];
      for (;;) {
        const { body } = await ask(`/v1/events?after=${after}&limit=7`);
        types.push(...body.events.map((one) => one.event.type));
        after = body.next;
        if (!body.more) break;
      }
      expect(types[0]).toBe('producer.started');
      expect(types.filter((type) => type === 'session.closed').length).toBe(5);
      await record.record(gateway, [new SessionEvents('s-next', { openedAtMs: Date.UTC(2026, 0) }).opened()]);
      const { body } = await ask(`/v1/events?after=${after}`);
      expect(body.events.map((one) => one.event.session ?? one.event.type)).toContain('s-next');
    });

    it('can be read backwards from the head', async () => {
      const { body } = await ask('/v1/events?before=head&limit=4&session=s-4');
      const positions = body.events.map((one) => Number(one.position));
      expect(positions).toEqual([...positions].sort((a, b) => b - a));
      expect(body.events[0]!.event.type).toBe('session.closed');
      expect(BigInt(body.events[0]!.position)).toBe(last);
    });

    it('are found by type', async () => {
      const { body } = await ask('/v1/events?type=session.opened,session.closed&session=s-2');
      expect(body.events.map((one) => one.event.type)).toEqual(['session.opened', 'session.closed']);
      expect(body.more).toBe(false);
    });

    it('that could not be taken apart are shown as bytes', async () => {
      const made = gateway.emitBytes(Buffer.from('no event'));
      await record.record(gateway, []);
      const { body } = await ask('/v1/events?type=quarantined');
      expect(Buffer.from(body.events[0]!.quarantined, 'base64')).toEqual(made.bytes);
      expect(body.events[0]!.event).toBeUndefined();
    });
  });

  it('puts reading on the record: once a sitting and kind, before the answer, and a follower does not feed itself', async () => {
    const reader = await createApiKey(record.pool, { role: 'viewer', by: 'test' });
    const read = async (path: string) => {
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${reader.key}` } });
      expect(answer.status).toBe(200);
      return (await answer.json()) as Body;
    };
    let after = String(last);
    for (let round = 0; round < 5; round++) {
      after = (await read(`/v1/events?after=${after}`)).next;
      await record.drainOutbox();
    }
    await read('/v1/sessions');
    await read('/v1/sessions/s-1');
    await read('/v1/sessions/s-2');
    await read('/v1/status');
    const name = `api-key:${reader.prefix}`;
    const noted = (await readsOnRecord()).filter((read) => read.startsWith(name));
    expect(noted).toEqual([`${name} events`, `${name} sessions`, `${name} session`]);
  });

  it('shows nothing when the read cannot be put on the record', async () => {
    const reader = await createApiKey(record.pool, { role: 'viewer', by: 'test' });
    await record.pool.query('ALTER TABLE outbox RENAME TO outbox_away');
    try {
      const answer = await fetch(`${url}/v1/events`, { headers: { authorization: `Bearer ${reader.key}` } });
      expect(answer.status).toBe(500);
      expect(await answer.text()).not.toContain('session.opened');
    } finally {
      await record.pool.query('ALTER TABLE outbox_away RENAME TO outbox');
    }
    expect((await readsOnRecord()).join()).not.toContain(reader.prefix);
  });

  describe('receipts', () => {
    it('say where an event stands, and are on the record as reads', async () => {
      const id = `${gateway.epoch}.3`;
      const { status, body } = await ask(`/v1/receipts/${id}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ event: id, node: 'gw-1', seq: 3, recorded: { position: expect.any(String) } });
      expect(ReceiptAnswer.safeParse(body).error).toBeUndefined();
      expect(await readsOnRecord()).toContain(`api-key:${keys.viewer.prefix} receipt`);
      expect(await ask('/v1/receipts/0123456789abcdef.9')).toMatchObject({
        status: 404,
        body: { code: 'DELIVERY_EVENT_UNKNOWN' },
      });
      expect(await ask('/v1/receipts/nonsense')).toMatchObject({ status: 400, body: { code: 'API_REQUEST_INVALID' } });
    });
  });

  describe('reconciliations', () => {
    it('can be asked for where a forwarder reads back, are shown, and are on the record', async () => {
      const asked = { destination: 'elsewhere', from: '0', sendMissing: true };
      const as = 'operator';
      expect(await ask('/v1/reconciliations', { as, body: asked })).toMatchObject({
        status: 404,
        body: { code: 'DELIVERY_DESTINATION_UNKNOWN' },
      });
      await record.pool.query(`INSERT INTO delivery_destination (destination) VALUES ('elsewhere')`);
      expect(await ask('/v1/reconciliations', { as, body: asked })).toMatchObject({
        status: 409,
        body: { code: 'DELIVERY_NO_READ_BACK' },
      });
      await record.pool.query(`INSERT INTO read_back (destination, tokens) VALUES ('elsewhere', 1)`);
      const made = await ask('/v1/reconciliations', { as, body: asked });
      expect(made).toMatchObject({ status: 202, body: { state: 'waiting', from: '0', sendsMissing: true } });
      expect(ReconciliationAnswer.safeParse(made.body).error).toBeUndefined();
      const shown = await ask(`/v1/reconciliations/${made.body.id}`);
      expect(ReconciliationResultAnswer.safeParse(shown.body).error).toBeUndefined();
      expect(shown.body).toMatchObject({ reconciliation: { id: made.body.id }, findings: [] });
      const all = await ask('/v1/reconciliations');
      expect(all.body).toMatchObject({ reconciliations: [{ id: made.body.id }] });
      expect(await ask('/v1/reconciliations/reconciliation-0000000000')).toMatchObject({ status: 404 });
      for (const body of [{ from: 'yesterday' }, { from: '-1' }, { sendMissing: 'yes' }, { more: 1 }]) {
        expect(await ask('/v1/reconciliations', { as, body })).toMatchObject({ status: 400 });
      }
      expect(await ask('/v1/reconciliations', { as, body: { from: '3', to: '3' } })).toMatchObject({
        status: 400,
        body: { code: 'DELIVERY_RANGE_EMPTY' },
      });
      await record.drainOutbox();
      const { body } = await ask('/v1/events?type=reconciliation.requested');
      expect(body.events.map((one) => one.event.data)).toMatchObject([
        { reconciliation: made.body.id, by: `api-key:${keys.operator.prefix}` },
      ]);
    });
  });

  describe('producers', () => {
    it('are listed with their marks', async () => {
      const { body } = await ask('/v1/producers?node=gw-1');
      expect(body.producers).toMatchObject([{ node: 'gw-1', epoch: gateway.epoch, state: 'open' }]);
    });

    it('can be declared to have lost events, by name and reason', async () => {
      const path = `/v1/producers/gw-1/${gateway.epoch}/declare-lost`;
      const known = gateway.made.length;
      expect(await ask(path, { as: 'admin', body: { to: known } })).toMatchObject({
        status: 409,
        body: { code: 'RECORD_NOTHING_LOST' },
      });
      const unknown = path.replace(gateway.epoch, '0123456789abcdef');
      expect(await ask(unknown, { as: 'admin', body: { to: 5 } })).toMatchObject({ status: 404 });
      const other = await record.producer('gw-2');
      await record.record(other, [new SessionEvents('s-x', { openedAtMs: Date.UTC(2026, 0) }).opened()]);
      const answer = await ask(`/v1/producers/gw-2/${other.epoch}/declare-lost`, {
        as: 'admin',
        body: { to: 9, reason: 'disk gone' },
      });
      expect(answer).toMatchObject({ status: 202, body: { to: 9 } });
      await record.drainOutbox();
      const { body } = await ask('/v1/events?type=producer.lost');
      expect(body.events[0]!.event.data).toMatchObject({ node: 'gw-2', from: 2, to: 9, by: 'person' });
    });
  });

  describe('enrolment', () => {
    it('gives out a token, takes one key for it, and puts that on the record', async () => {
      const made = await ask('/v1/enrolments', { as: 'admin', body: { node: 'gw-new' } });
      expect(made.status).toBe(201);
      expect(decodeEnrolmentToken(made.body.token)).toMatchObject({ api: 'http://api.test:8470', node: 'gw-new' });
      const publicKey = generateKeyPairSync('ed25519').publicKey;
      const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const enrolled = await ask('/v1/nodes', { as: 'nobody', body: { token: made.body.token, publicKey: der } });
      expect(enrolled).toMatchObject({
        status: 201,
        body: { node: 'gw-new', markPublicKey: MARK_KEY.toString('base64') },
      });
      const again = await ask('/v1/nodes', { as: 'nobody', body: { token: made.body.token, publicKey: pem } });
      expect(again.body).toEqual(enrolled.body);
      const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
      expect(
        await ask('/v1/nodes', { as: 'nobody', body: { token: made.body.token, publicKey: other } }),
      ).toMatchObject({
        status: 403,
        body: { code: 'RECORD_ENROLMENT_REFUSED' },
      });
      await record.drainOutbox();
      const { body } = await ask('/v1/events?type=node.enrolled');
      expect(body.events[0]!.event.data).toMatchObject({ node: 'gw-new', by: `api-key:${keys.admin.prefix}` });
      const list = await ask('/v1/enrolments', { as: 'admin' });
      expect(list.body.enrolments).toMatchObject([{ node: 'gw-new', usedAt: expect.any(String) }]);
      expect(list.text).not.toContain(decodeEnrolmentToken(made.body.token).secret);
    });

    it.each([['record'], ['Not A Name'], ['']])('refuses the node name %p', async (node) => {
      expect(await ask('/v1/enrolments', { as: 'admin', body: { node } })).toMatchObject({
        status: 400,
        body: { code: 'RECORD_NODE_NAME' },
      });
    });
  });

  describe('keys', () => {
    it('are made, listed without their secret, and revoked', async () => {
      const made = await ask('/v1/keys', { as: 'admin', body: { role: 'operator', label: 'night shift' } });
      expect(made).toMatchObject({ status: 201, body: { role: 'operator' } });
      const use = () => fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${made.body.key}` } });
      expect((await use()).status).toBe(200);
      const list = await ask('/v1/keys', { as: 'admin' });
      expect(list.text).not.toContain(made.body.key);
      expect(list.body.keys[0]).toMatchObject({
        id: made.body.id,
        label: 'night shift',
        createdBy: `api-key:${keys.admin.prefix}`,
      });
      expect((await ask(`/v1/keys/${made.body.id}`, { as: 'admin', method: 'DELETE' })).status).toBe(204);
      expect((await use()).status).toBe(401);
      expect(await ask(`/v1/keys/${keys.admin.id}`, { as: 'admin', method: 'DELETE' })).toMatchObject({
        status: 409,
        body: { code: 'RECORD_LAST_ADMIN_KEY' },
      });
      await record.drainOutbox();
      const { body } = await ask('/v1/events?type=key.created,key.revoked');
      expect(body.events.slice(-2).map((one) => one.event.type)).toEqual(['key.created', 'key.revoked']);
    });
  });

  describe('bad input', () => {
    it.each([
      ['an unknown query parameter', '/v1/sessions?identitty=a'],
      ['one given twice', '/v1/sessions?limit=1&limit=2'],
      ['a nested one', '/v1/sessions?limit[gt]=1'],
      ['a limit of 0', '/v1/events?limit=0'],
      ['a limit over 1000', '/v1/events?limit=1001'],
      ['a position that is none', '/v1/events?after=abc'],
      ['a position beyond all', '/v1/events?after=9999999999999999999'],
      ['after and before', '/v1/events?after=1&before=2'],
      ['an unknown type', '/v1/events?type=session.exploded'],
      ['a state that is none', '/v1/sessions?state=asleep'],
      ['a date without a time', '/v1/sessions?from=2026-11-25'],
      ['an impossible date', '/v1/sessions?from=2026-02-31T00:00:00Z'],
      ['a NUL', '/v1/events?session=%00'],
      ['a session id that is too long', `/v1/sessions/${'x'.repeat(65)}`],
      ['a foreign cursor', '/v1/sessions?cursor=nonsense'],
      ['an unknown parameter where none are taken', '/v1/status?verbose=1'],
    ])('is answered with a problem: %s', async (_what, path) => {
      const answer = await ask(path);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toMatchObject({ status: 400, detail: expect.any(String), remedy: expect.any(String) });
    });

    it.each([
      ['no JSON', '{"role":', 400],
      ['an unknown member', { role: 'viewer', color: 'red' }, 400],
      ['a role that is none', { role: 'god' }, 400],
      ['a list', [1], 400],
      ['more than 64 KiB', { role: 'viewer', label: 'x'.repeat(70_000) }, 413],
      ['an end that has passed', { role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' }, 400],
    ])('in a body is answered with a problem: %s', async (_what, body, status) => {
      const answer = await ask('/v1/keys', { as: 'admin', body });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });

    it('leads nowhere at unknown addresses', async () => {
      expect(await ask('/v1/nothing')).toMatchObject({ status: 404, body: { code: 'API_ROUTE_UNKNOWN' } });
      expect(await ask('/docs/../v1/nothing', { as: 'nobody' })).toMatchObject({ status: 404 });
    });
  });

  it('gives every answer an id, the caller’s where it is a sensible one', async () => {
    const own = await fetch(`${url}/healthz`, { headers: { 'x-request-id': 'abc-1' } });
    expect(own.headers.get('x-request-id')).toBe('abc-1');
    const odd = await fetch(`${url}/healthz`, { headers: { 'x-request-id': 'x'.repeat(300) } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says whether it lives and is ready, and measures requests without naming sessions', async () => {
    expect(await ask('/healthz', { as: 'nobody' })).toMatchObject({ status: 200, body: { alive: true } });
    expect(await ask('/readyz', { as: 'nobody' })).toMatchObject({ status: 200, body: { ready: true } });
    await ask('/v1/sessions/s-1');
    const { text } = await ask('/metrics', { as: 'nobody' });
    expect(text).toContain('route="/v1/sessions/:id"');
    expect(text).not.toContain('s-1"');
  });

  describe('its documentation', () => {
    it('is a page that needs nothing from elsewhere', async () => {
      const page = await fetch(`${url}/docs`);
      expect(page.headers.get('content-type')).toContain('text/html');
      const html = await page.text();
      for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
        expect((await fetch(`${url}${path}`)).status).toBe(200);
      }
    });

    it('describes every route, and the running server answers as it says', async () => {
      const { body: document } = await ask('/docs/openapi.json', { as: 'nobody' });
      const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(operations.sort()).toEqual(
        [
          'DELETE /v1/exports/{id}',
          'DELETE /v1/keys/{id}',
          'DELETE /v1/retention/changes/{id}',
          'GET /v1/exports',
          'GET /v1/exports/{id}',
          'GET /v1/exports/{id}/download',
          'GET /v1/holds',
          'GET /v1/holds/{id}',
          'GET /v1/retention',
          'GET /v1/retention/plan',
          'GET /v1/retention/runs',
          'GET /v1/retention/runs/{id}',
          'POST /v1/exports',
          'POST /v1/holds',
          'POST /v1/holds/{id}/release',
          'POST /v1/retention/changes',
          'POST /v1/retention/changes/{id}/confirm',
          'POST /v1/retention/runs',
          'GET /healthz',
          'GET /metrics',
          'GET /readyz',
          'GET /v1/enrolments',
          'GET /v1/events',
          'GET /v1/keys',
          'GET /v1/log',
          'GET /v1/producers',
          'GET /v1/receipts/{eventId}',
          'GET /v1/reconciliations',
          'GET /v1/reconciliations/{id}',
          'POST /v1/reconciliations',
          'GET /v1/sessions',
          'GET /v1/sessions/{id}',
          'GET /v1/status',
          'GET /v1/backfills',
          'GET /v1/backfills/{id}',
          'GET /v1/backfills/{id}/batches/{batch}/missing',
          'POST /v1/backfills',
          'POST /v1/backfills/{id}/batches/{batch}/result',
          'POST /v1/backfills/{id}/cancel',
          'POST /v1/backfills/{id}/lease',
          'POST /v1/backfills/{id}/pause',
          'POST /v1/backfills/{id}/release',
          'POST /v1/backfills/{id}/resume',
          'POST /v1/enrolments',
          'POST /v1/keys',
          'POST /v1/nodes',
          'POST /v1/producers/{node}/{epoch}/declare-lost',
          'GET /v1/dead-letters',
          'GET /v1/dead-letters/{destination}/{position}',
          'GET /v1/delivery',
          'GET /v1/delivery/batches',
          'GET /v1/replays',
          'GET /v1/replays/{id}',
          'GET /v1/replays/{id}/blocks',
          'POST /v1/dead-letters/discard',
          'POST /v1/dead-letters/retry',
          'POST /v1/delivery/sweep',
          'POST /v1/replays',
          'POST /v1/replays/{id}/cancel',
          'POST /v1/replays/{id}/pause',
          'POST /v1/replays/{id}/resume',
          'POST /v1/replays/{id}/start',
        ].sort(),
      );
      const names = (path: string) => document.paths[path]!.get!.parameters.map((parameter) => parameter.name).sort();
      expect(names('/v1/events')).toEqual([
        ...['after', 'before', 'connection', 'identity', 'limit', 'session', 'type', 'until'],
      ]);
      expect(names('/v1/sessions/{id}')).toEqual(['after', 'atLeast', 'id', 'limit']);

      const publicKey = generateKeyPairSync('ed25519')
        .publicKey.export({ type: 'spki', format: 'der' })
        .toString('base64');
      const token = (await ask('/v1/enrolments', { as: 'admin', body: { node: 'gw-docs' } })).body.token;
      const backfill = { destination: 'of-the-docs', kind: 'datadog', mappingVersion: 1 };
      const { id } = (await ask('/v1/backfills', { as: 'operator', body: backfill })).body;
      const lease = { sender: 'docs', leaseMs: 60_000, maxEvents: 5, maxBytes: 1_000_000, mappingVersions: [1] };
      const lent = await ask(`/v1/backfills/${id}/lease`, { as: 'operator', body: lease });
      const { batch } = lent.body as unknown as { batch: { id: string } };
      const asked: [string, string, string, unknown?][] = [
        ['POST /v1/backfills', '/v1/backfills', '201', backfill],
        ['GET /v1/backfills', '/v1/backfills', '200'],
        ['GET /v1/backfills/{id}', `/v1/backfills/${id}`, '200'],
        ['POST /v1/backfills/{id}/lease', `/v1/backfills/${id}/lease`, '200', lease],
        ['POST /v1/backfills/{id}/lease', `/v1/backfills/${id}/lease`, 'default', { ...lease, sender: 'another' }],
        [
          'POST /v1/backfills/{id}/batches/{batch}/result',
          `/v1/backfills/${id}/batches/${batch.id}/result`,
          '200',
          { outcome: 'later', attempt: 1, answer: { kind: 'unauthorized', status: 403, reason: '403' }, elapsedMs: 5 },
        ],
        ['POST /v1/backfills/{id}/pause', `/v1/backfills/${id}/pause`, '200', {}],
        ['POST /v1/backfills/{id}/resume', `/v1/backfills/${id}/resume`, '200', {}],
        ['POST /v1/backfills/{id}/cancel', `/v1/backfills/${id}/cancel`, '200', {}],
        ['POST /v1/backfills/{id}/cancel', `/v1/backfills/${id}/cancel`, 'default', {}],
        ['GET /healthz', '/healthz', '200'],
        ['GET /readyz', '/readyz', '200'],
        ['GET /v1/sessions', '/v1/sessions', '200'],
        ['GET /v1/sessions', '/v1/sessions?nonsense=1', 'default'],
        ['GET /v1/sessions/{id}', '/v1/sessions/s-1', '200'],
        ['GET /v1/sessions/{id}', '/v1/sessions/none', 'default'],
        ['GET /v1/events', '/v1/events', '200'],
        ['GET /v1/log', '/v1/log', '200'],
        ['GET /v1/producers', '/v1/producers', '200'],
        ['GET /v1/status', '/v1/status', '200'],
        ['GET /v1/receipts/{eventId}', `/v1/receipts/${gateway.epoch}.1`, '200'],
        ['GET /v1/receipts/{eventId}', '/v1/receipts/0123456789abcdef.1', 'default'],
        ['GET /v1/reconciliations', '/v1/reconciliations', '200'],
        ['GET /v1/keys', '/v1/keys', '200'],
        ['GET /v1/enrolments', '/v1/enrolments', '200'],
        ['POST /v1/enrolments', '/v1/enrolments', '201', { node: 'gw-docs' }],
        ['POST /v1/nodes', '/v1/nodes', '201', { token, publicKey }],
        ['POST /v1/keys', '/v1/keys', '201', { role: 'viewer' }],
        [
          'POST /v1/producers/{node}/{epoch}/declare-lost',
          `/v1/producers/gw-1/${gateway.epoch}/declare-lost`,
          '202',
          { to: 999 },
        ],
      ];
      for (const [operation, path, status, body] of asked) {
        const [method, pattern] = operation.split(' ') as [string, string];
        const answer = await ask(path, { as: 'admin', ...(body === undefined ? {} : { body }) });
        if (status !== 'default') expect([operation, answer.status]).toEqual([operation, Number(status)]);
        const schema =
          document.paths[pattern]![method.toLowerCase()]!.responses[status]!.content['application/json'].schema;
        const verdict = z.fromJSONSchema(schema, { defaultTarget: 'openapi-3.0' }).safeParse(answer.body);
        expect([operation, verdict.error?.issues]).toEqual([operation, undefined]);
      }
    });
  });

  it('shows how far deliveries are, once there are destinations', async () => {
    await record.pool.query(`INSERT INTO delivery_destination (destination) VALUES ('datadog')`);
    await record.pool.query(
      `WITH range AS (
         INSERT INTO delivery_range (destination, lane, from_pos, next_pos) VALUES ('datadog', 'live', 0, 3) RETURNING id)
       INSERT INTO delivery_batch (range, destination, lane, from_pos, to_pos, count, ids_digest, mapping_version, filter_version, state, doubt_since)
       SELECT id, 'datadog', 'live', 0, 3, 3, sha256(''), 1, 1, 'doubt', clock_timestamp() FROM range`,
    );
    const { body } = await ask('/v1/status');
    expect(body.destinations).toContainEqual(
      expect.objectContaining({
        destination: 'datadog',
        state: 'delivering',
        // What is in doubt is not known to be there.
        lanes: [{ lane: 'live', position: '3', behind: body.head.size }],
        batches: { doubt: 1 },
        oldestUndeliveredAt: expect.any(String),
        deadLetters: 0,
      }),
    );
  });

  it('answers 503 while PostgreSQL is away', async () => {
    await record.pool.query(`ALTER DATABASE ${record.database.name} ALLOW_CONNECTIONS false`).catch(() => {});
    await record.database.drop();
    const answer = await until('the API notices', async () => {
      const found = await ask('/v1/status');
      return found.status === 503 && found;
    });
    expect(answer.body).toMatchObject({ code: 'RECORD_UNAVAILABLE' });
    expect(await ask('/readyz', { as: 'nobody' })).toMatchObject({ status: 503, body: { ready: false } });
    expect((await ask('/healthz', { as: 'nobody' })).status).toBe(200);
  });
});
