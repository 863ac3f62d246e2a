import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type pg from 'pg';
import { z } from 'zod';
import { Forwarder, operatorDuties, RETRY_POLICY } from '#delivery';
import { DatadogDestination } from '#delivery/datadog';
import { createLogger, listen, Metrics } from '#platform';
import { type ApiRole, createApiKey, openPrisma, type PrismaClient, ReadSittings, readEvents } from '#record';
import { startStandIn } from '../../../libs/delivery/datadog/src/stand-in/stand-in.js';
import { IDLE_EXPORTS } from '../../../test/support/idle-exports.js';
import { sessionDraft } from '../../../test/support/producer.js';
import { testRedisUrl, until } from '../../../test/support/servers.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { createApi } from './api.js';
import { ApiParts } from './parts.js';

// What operators do with deliveries, over HTTP, with a real forwarder at work. Faked: Datadog, by the stand-in. Every answer is held
// to the documentation that the server itself gives.

interface Asked {
  as?: ApiRole;
  body?: unknown;
}

interface Operation {
  responses: Record<string, { content: { 'application/json': { schema: z.core.JSONSchema.BaseSchema } } }>;
}

// biome-ignore lint/suspicious/noExplicitAny: the answers of a dozen routes
type Body = any;

describe('acts on deliveries', () => {
  let record: TestRecord;
  let pool: pg.Pool;
  let prisma: PrismaClient;
  let app: NestExpressApplication;
  let url: string;
  let standIn: Awaited<ReturnType<typeof startStandIn>>;
  let forwarder: Forwarder;
  let paths: Record<string, Record<string, Operation>>;
  const keys = {} as Record<ApiRole, { key: string; prefix: string }>;

  beforeAll(async () => {
    record = await TestRecord.open();
    pool = await record.poolOf('api');
    prisma = await openPrisma(pool);
    standIn = await startStandIn({ port: 0 });
    for (const role of ['viewer', 'operator', 'admin'] as const) {
      keys[role] = await createApiKey(record.pool, { role, by: 'test' });
    }
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
    paths = ((await (await fetch(`${url}/docs/openapi.json`)).json()) as { paths: typeof paths }).paths;
    forwarder = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl: await testRedisUrl(),
      destination: new DatadogDestination({ url: standIn.logsUrl, apiKey: 'any', env: 'test', allowPrivate: true }),
      policy: { baseMs: 20, capMs: 100, pausedProbeMs: 100 },
      sweepMs: 200,
      duties: operatorDuties(),
    });
    const producer = await record.producer('gw-1');
    standIn.faults.add({ kind: '400-for-query', query: '@session.id:(s3 OR s8)' });
    await record.record(
      producer,
      Array.from({ length: 20 }, (_, n) => sessionDraft(`s${n}`)),
    );
    await forwarder.start();
  }, 60_000);
  afterAll(async () => {
    await forwarder?.stop();
    await app?.close();
    await prisma?.$disconnect();
    await standIn?.close();
    await record?.close();
  });

  /** Asks as an operator, and holds the answer to the documentation of its route. */
  async function ask(
    operation: string,
    path: string,
    { as = 'operator', body }: Asked = {},
  ): Promise<{ status: number; body: Body }> {
    const [method = '', pattern = ''] = operation.split(' ');
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${keys[as].key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const found: Body = await answer.json();
    const { responses } = paths[pattern]![method.toLowerCase()]!;
    const documented = responses[String(answer.status)] ?? responses.default!;
    const schema = documented.content['application/json'].schema;
    const verdict = z.fromJSONSchema(schema, { defaultTarget: 'openapi-3.0' }).safeParse(found);
    expect([operation, verdict.error?.issues]).toEqual([operation, undefined]);
    return { status: answer.status, body: found };
  }

  const show = (id: string) => ask('GET /v1/replays/{id}', `/v1/replays/${id}`, { as: 'viewer' });
  const act = (name: string, id: string, asked: Asked = {}) =>
    ask(`POST /v1/replays/{id}/${name}`, `/v1/replays/${id}/${name}`, asked);

  function reached(id: string, state: string): Promise<Body> {
    return until(`${id} is ${state}`, async () => {
      const { body } = await show(id);
      return body.state === state && body;
    });
  }

  async function plan(body: object): Promise<Body> {
    const made = await ask('POST /v1/replays', '/v1/replays', { body });
    expect(made).toMatchObject({
      status: 201,
      body: { state: 'planning', createdBy: `api-key:${keys.operator.prefix}` },
    });
    return reached(made.body.id, 'planned');
  }

  function letters(query = ''): Promise<{ body: Body }> {
    return ask('GET /v1/dead-letters', `/v1/dead-letters${query}`, { as: 'viewer' });
  }

  it('a replay is planned, looked at, started and reported on', async () => {
    await until('the rest was delivered', async () => (await letters()).body.deadLetters.length === 2);
    const planned = await plan({ query: 'session:s1,s2,s4', to: '2999-01-01T00:00:00Z' });
    expect(planned).toMatchObject({
      destination: 'datadog',
      count: 3,
      late: 3,
      stale: [],
      purges: [],
      hindrance: null,
      asked: { query: 'session:s1,s2,s4', to: '2999-01-01T00:00:00.000000Z' },
      selection: { sessions: ['s1', 's2', 's4'] },
    });
    const { id } = planned;
    const { body: listed } = await ask('GET /v1/replays/{id}/blocks', `/v1/replays/${id}/blocks`, { as: 'viewer' });
    expect(listed).toMatchObject({
      blocks: [{ count: 3, outcome: null, digest: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      next: null,
    });
    expect((await ask('GET /v1/replays/{id}/blocks', `/v1/replays/${id}/blocks?limit=1`)).body.next).toBe(
      listed.blocks[0].from,
    );
    expect(await act('pause', id)).toMatchObject({ status: 409, body: { code: 'DELIVERY_PLAN_STATE' } });
    expect(await act('start', id, { body: {} })).toMatchObject({ status: 200, body: { state: 'running' } });
    const done = await reached(id, 'finished');
    expect(done).toMatchObject({
      progress: { sent: 3, open: 0, dead: 0 },
      report: { planned: 3, sent: 3, isEqual: true },
    });
    const { body: all } = await ask('GET /v1/replays', '/v1/replays?state=finished', { as: 'viewer' });
    expect(all.replays).toMatchObject([{ id }]);
    const { body: sent } = await ask('GET /v1/delivery/batches', `/v1/delivery/batches?plan=${id}`, { as: 'viewer' });
    expect(sent.batches).toMatchObject([
      { lane: 'replay', plan: id, count: 3, state: 'accepted', attempts: [{ attempt: 1, status: 202 }] },
    ]);
  });

  it('a replay rests, goes on, and is cancelled', async () => {
    const { id } = await plan({});
    await record.pool.query('UPDATE delivery_destination SET is_held = true');
    try {
      expect((await act('start', id)).body.hindrance).toBe('datadog is paused in affidavit.yaml');
      expect((await act('pause', id)).body.state).toBe('paused');
      expect((await act('resume', id)).body.state).toBe('running');
      expect((await act('cancel', id)).body).toMatchObject({ state: 'cancelled' });
      await until('it is reported on', async () => (await show(id)).body.report ?? undefined);
      expect((await show(id)).body.report).toMatchObject({ sent: 0, isEqual: false });
      expect(await act('cancel', id)).toMatchObject({ status: 409 });
    } finally {
      await record.pool.query('UPDATE delivery_destination SET is_held = false');
    }
  });

  it.each([
    [{ query: 'tpye:session.closed' }, 400, 'DELIVERY_SELECTION_INVALID', 'character 1'],
    [{ query: 'session:a', session: 'b' }, 400, 'DELIVERY_SELECTION_INVALID', 'twice'],
    [{ from: '7', to: '3' }, 400, 'DELIVERY_RANGE_INVALID', 'position 7'],
    [{ destination: 'moon' }, 404, 'DELIVERY_DESTINATION_UNKNOWN', 'datadog'],
    [{ from: 'yesterday' }, 400, 'API_REQUEST_INVALID', 'from'],
    [{ colour: 'red' }, 400, 'API_REQUEST_INVALID', 'colour'],
  ])('a plan of %j is refused, clearly', async (body, status, code, detail) => {
    const answer = await ask('POST /v1/replays', '/v1/replays', { body });
    expect(answer).toMatchObject({ status, body: { code, detail: expect.stringContaining(detail) } });
  });

  it('a replay that lists nothing, or went stale, is not started, and says why', async () => {
    const { id: empty, count } = await plan({ query: 'connection:nowhere' });
    expect(count).toBe(0);
    expect(await act('start', empty)).toMatchObject({ status: 409, body: { code: 'DELIVERY_PLAN_EMPTY' } });
    const { id } = await plan({ query: 'session:s1' });
    await record.pool.query('UPDATE delivery_destination SET mapping_version = 99');
    try {
      expect((await show(id)).body.stale).toEqual([expect.stringContaining('the mapping of datadog is another')]);
      expect(await act('start', id)).toMatchObject({ status: 409, body: { code: 'DELIVERY_PLAN_STALE' } });
    } finally {
      await record.pool.query('UPDATE delivery_destination SET mapping_version = 2');
    }
    expect(await show('replay-nothere000')).toMatchObject({ status: 404, body: { code: 'DELIVERY_PLAN_UNKNOWN' } });
  });

  it('dead letters are shown, and reading one is on the record', async () => {
    const { body } = await letters('?limit=1');
    const [first] = body.deadLetters;
    expect(first).toMatchObject({ destination: 'datadog', state: 'open', reason: expect.stringContaining('refused') });
    expect((await letters(`?cursor=${body.next}`)).body.deadLetters).toHaveLength(1);
    const path = `/v1/dead-letters/datadog/${first.position}`;
    const { body: whole } = await ask('GET /v1/dead-letters/{destination}/{position}', path, { as: 'viewer' });
    expect(whole.body).toContain(first.event);
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 1_000 });
    const reads = events.filter((event) => event.type === 'record.read').map((event) => event.body.toString());
    expect(reads).toEqual([expect.stringContaining('dead-letters')]);
    const none = await ask('GET /v1/dead-letters/{destination}/{position}', '/v1/dead-letters/datadog/99999');
    expect(none).toMatchObject({ status: 404, body: { code: 'DELIVERY_DEAD_LETTER_UNKNOWN' } });
  });

  it('dead letters are retried and discarded by an operator, by name or all, with a reason', async () => {
    const { body } = await letters();
    const [one, other] = body.deadLetters.map((letter: Body) => letter.position) as [string, string];
    const discard = 'POST /v1/dead-letters/discard';
    const retry = 'POST /v1/dead-letters/retry';
    for (const bad of [
      { positions: [one] },
      { all: true },
      { reason: 'x' },
      { all: true, positions: [one], reason: 'x' },
    ]) {
      expect((await ask(discard, '/v1/dead-letters/discard', { body: bad })).status).toBe(400);
    }
    expect((await ask(retry, '/v1/dead-letters/retry', { body: { positions: [] } })).status).toBe(400);
    const gone = await ask(discard, '/v1/dead-letters/discard', { body: { positions: [one], reason: 'a test event' } });
    expect(gone).toMatchObject({ status: 200, body: { destination: 'datadog', count: 1, skipped: [] } });
    standIn.faults.clear();
    const again = await ask(retry, '/v1/dead-letters/retry', { body: { all: true } });
    expect(again.body.count).toBe(1);
    await until('it was sent', async () => {
      const { body: found } = await letters('?state=any');
      return found.deadLetters.some((letter: Body) => letter.position === other && letter.batchState === 'accepted');
    });
    expect(await ask(retry, '/v1/dead-letters/retry', { body: { all: true } })).toMatchObject({ status: 404 });
  });

  it('the state of deliveries is shown, and a sweep says what it finds', async () => {
    const { body } = await ask('GET /v1/delivery', '/v1/delivery', { as: 'viewer' });
    expect(body.destinations).toMatchObject([{ destination: 'datadog', state: 'delivering', deadLetters: 0 }]);
    const swept = await ask('POST /v1/delivery/sweep', '/v1/delivery/sweep');
    expect(swept).toMatchObject({
      status: 200,
      body: { destinations: [{ destination: 'datadog', due: 0, paused: 0 }] },
    });
    const moon = await ask('POST /v1/delivery/sweep', '/v1/delivery/sweep', { body: { destination: 'moon' } });
    expect(moon).toMatchObject({ status: 404, body: { code: 'DELIVERY_DESTINATION_UNKNOWN' } });
  });
});
