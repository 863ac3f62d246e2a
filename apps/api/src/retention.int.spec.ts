import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type pg from 'pg';
import { RETRY_POLICY } from '#delivery';
import { createLogger, listen, Metrics, REQUIREMENTS } from '#platform';
import {
  beginRetentionRun,
  carryOutRun,
  createApiKey,
  openPrisma,
  type PrismaClient,
  projectSessions,
  ReadSittings,
} from '#record';
import { recordBackdated } from '../../../test/support/backdated.js';
import { IDLE_EXPORTS } from '../../../test/support/idle-exports.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import {
  ChangeAnswer,
  EventListAnswer,
  HoldAnswer,
  HoldListAnswer,
  PlanAnswer,
  RetentionAnswer,
  RunAnswer,
  RunListAnswer,
  SessionAnswer,
} from './answers.js';
import { createApi } from './api.js';
import { ApiParts } from './parts.js';

// The API over HTTP on a real PostgreSQL, with the rights of the API's own login.

describe('holds and retention over the API', () => {
  let record: TestRecord;
  let prisma: PrismaClient;
  let app: NestExpressApplication;
  let pool: pg.Pool;
  let url: string;
  const keys: Record<string, string> = {};

  beforeAll(async () => {
    record = await TestRecord.open();
    for (const [name, role] of [
      ['viewer', 'viewer'],
      ['anna', 'admin'],
      ['ben', 'admin'],
    ] as const) {
      keys[name] = (await createApiKey(record.pool, { role, by: 'test' })).key;
    }
    const gateway = await record.producer('gw-1');
    const session = new SessionEvents('s-1', { identity: 'agent-1' });
    await record.record(gateway, [session.opened(), ...session.command('SELECT 1'), session.closed()]);
    await projectSessions(record.pool);
    pool = await record.poolOf('api');
    prisma = await openPrisma(pool);
    app = await createApi(
      new ApiParts({
        pool,
        prisma,
        sittings: new ReadSittings(pool),
        logger: createLogger('test', { logLevel: 'silent', logFormat: 'json' }),
        metrics: new Metrics(),
        publicUrl: 'http://api.test:8470',
        retryPolicy: RETRY_POLICY,
        exports: IDLE_EXPORTS,
        horizonWaitMs: 300,
      }),
    );
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
    as = 'anna',
    body?: unknown,
    method = body === undefined ? 'GET' : 'POST',
    // biome-ignore lint/suspicious/noExplicitAny: answers are judged by their schemas
  ): Promise<any> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${keys[as]}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, ...(text === '' ? {} : JSON.parse(text)) };
  }

  function shaped(schema: { parse(value: unknown): unknown }, { status: _, ...body }: { status: number }): void {
    schema.parse(body);
  }

  it('a hold is placed, shown on the session that it keeps, and released once', async () => {
    const body = { identity: 'agent-1', from: '2026-11-01T00:00:00Z', matter: 'M-7', reason: 'a claim' };
    expect(await ask('/v1/holds', 'viewer', body)).toMatchObject({ status: 403, code: 'API_ROLE_TOO_LOW' });
    const placed = await ask('/v1/holds', 'anna', body);
    expect(placed).toMatchObject({ status: 201, matter: 'M-7', selection: { identity: 'agent-1' }, releasedAt: null });
    shaped(HoldAnswer, placed);
    const session = await ask('/v1/sessions/s-1', 'viewer');
    shaped(SessionAnswer, session);
    expect(session.holds).toMatchObject([{ id: placed.id }]);
    shaped(HoldListAnswer, await ask('/v1/holds?all=true', 'viewer'));
    expect(await ask(`/v1/holds/${placed.id}`, 'viewer')).toMatchObject({ id: placed.id, status: 200 });
    const release = (as = 'anna') => ask(`/v1/holds/${placed.id}/release`, as, { reason: 'settled' });
    expect(await release('viewer')).toMatchObject({ status: 403 });
    expect(await release()).toMatchObject({ status: 200, releaseReason: 'settled' });
    expect(await release()).toMatchObject({ status: 409, code: 'RECORD_HOLD_RELEASED' });
    expect((await ask('/v1/sessions/s-1', 'viewer')).holds).toEqual([]);
    await record.drainOutbox();
    const { events } = await ask('/v1/events?type=hold.placed,hold.released', 'viewer');
    expect(events.map((one: { event: { data: object } }) => one.event.data)).toMatchObject([
      { hold: placed.id, reason: 'a claim', matter: 'M-7' },
      { hold: placed.id, reason: 'settled' },
    ]);
  });

  it.each([
    [{ matter: 'M', reason: 'r' }, 'select at least one'],
    [{ session: 's', reason: 'r' }, 'matter'],
    [{ session: 's', matter: 'M', reason: 'r', types: ['drop table'] }, 'types'],
    [{ from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z', matter: 'M', reason: 'r' }, 'from must be before to'],
    [{ session: "'; DROP TABLE hold; --", matter: 'M', reason: '\u0000' }, 'holds what is no text'],
    [{ session: 's', matter: 'M', reason: 'r', placedBy: 'me' }, 'placedBy'],
  ])('refuses the hold %j', async (body, detail) => {
    expect(await ask('/v1/holds', 'anna', body)).toMatchObject({
      status: 400,
      detail: expect.stringContaining(detail),
    });
  });

  it('an unknown hold, run or change is not there', async () => {
    expect(await ask('/v1/holds/hold-0000000000')).toMatchObject({ status: 404, code: 'RECORD_HOLD_UNKNOWN' });
    expect(await ask('/v1/retention/runs/99')).toMatchObject({ status: 404, code: 'RECORD_RUN_UNKNOWN' });
    expect(await ask('/v1/retention/changes/99/confirm', 'anna', {})).toMatchObject({
      status: 404,
      code: 'RECORD_CHANGE_UNKNOWN',
    });
    expect(await ask('/v1/retention/changes/99', 'anna', undefined, 'DELETE')).toMatchObject({ status: 404 });
    expect(await ask('/v1/retention/plan?at=yesterday')).toMatchObject({ status: 400 });
  });

  it('a class is kept longer at once, less long only when another admin key says so, never below a requirement', async () => {
    const change = (as: string, keep: string, more: object = {}) =>
      ask('/v1/retention/changes', as, { class: 'standard', keep, reason: 'cost', ...more });
    shaped(ChangeAnswer, await change('anna', '2y'));
    expect(await change('anna', '2y')).toMatchObject({ outcome: 'unchanged', id: null });
    expect(await change('viewer', '10d')).toMatchObject({ status: 403 });
    const proposed = await change('anna', '400d');
    expect(proposed).toMatchObject({ outcome: 'proposed', id: expect.stringMatching(/^\d+$/) });
    const before = await ask('/v1/retention', 'viewer');
    shaped(RetentionAnswer, before);
    expect(before.classes).toContainEqual({ name: 'standard', keepDays: 732, requirements: [] });
    expect(before.changes).toMatchObject([{ id: proposed.id, class: 'standard', keepDays: 400 }]);
    const confirm = (as: string) => ask(`/v1/retention/changes/${proposed.id}/confirm`, as, {});
    expect(await confirm('anna')).toMatchObject({ status: 403, code: 'RECORD_SECOND_PERSON' });
    expect((await confirm('ben')).classes).toContainEqual({ name: 'standard', keepDays: 400, requirements: [] });
    expect(await change('anna', '400d', { requirements: ['pci-dss'] })).toMatchObject({ outcome: 'changed' });
    expect(await change('anna', '365d')).toMatchObject({
      status: 409,
      code: 'RECORD_RETENTION_REFUSED',
      detail: expect.stringContaining('pci-dss'),
    });
    expect(await change('anna', 'forever', { requirements: ['gdpr'] })).toMatchObject({
      status: 400,
      code: 'RECORD_REQUIREMENT_UNKNOWN',
    });
    expect(await change('anna', 'soon')).toMatchObject({ status: 400 });
    expect(await ask('/v1/retention/changes', 'anna', { class: 'system', keep: '10d', reason: 'r' })).toMatchObject({
      status: 409,
      code: 'RECORD_RETENTION_REFUSED',
    });
    const without = await change('ben', '400d', { requirements: [] });
    expect(without).toMatchObject({ outcome: 'proposed' });
    expect(await ask(`/v1/retention/changes/${without.id}`, 'anna', undefined, 'DELETE')).toMatchObject({
      status: 204,
    });
  });

  it('the database knows the requirements of the policy file, with the same times', async () => {
    const { rows } = await pool.query<{ name: string; ms: number }>(
      `SELECT name, (extract(epoch FROM requirement_keep(name)) * 1000)::float8 AS ms FROM unnest($1::text[]) AS name`,
      [Object.keys(REQUIREMENTS)],
    );
    expect(rows).toEqual(Object.entries(REQUIREMENTS).map(([name, { keepMs: ms }]) => ({ name, ms })));
  });

  it('a run is planned here and carried out elsewhere; readers are told what was purged', async () => {
    const before = await record.pool.query('SELECT size FROM log_head');
    await ask('/v1/retention/changes', 'anna', { class: 'brief', keep: '30d', reason: 'sandbox' });
    await recordBackdated(record.pool, [{ class: 'brief', atMs: Date.parse('2026-01-05T00:00:00Z'), session: 's-9' }]);
    const plan = await ask('/v1/retention/plan', 'viewer');
    shaped(PlanAnswer, plan);
    expect(plan.partitions.filter((one: { verdict: string }) => one.verdict === 'purge')).toMatchObject([
      { name: 'event_brief_20260105', events: '1', dueAt: '2026-02-05T00:00:00.000000Z' },
    ]);
    expect((await ask('/v1/retention/plan?at=2026-02-04T00:00:00Z', 'viewer')).partitions).toContainEqual(
      expect.objectContaining({ name: 'event_brief_20260105', verdict: 'kept' }),
    );
    expect(await ask('/v1/retention/runs', 'viewer', {})).toMatchObject({ status: 403 });
    const run = await ask('/v1/retention/runs', 'anna', {});
    shaped(RunAnswer, run);
    expect(run).toMatchObject({ status: 201, planned: ['event_brief_20260105'], finishedAt: null });
    await carryOutRun(record.pool, await beginRetentionRun(record.pool, 'recorder'));
    expect(await ask(`/v1/retention/runs/${run.id}`, 'viewer')).toMatchObject({
      report: { event_brief_20260105: 'purged' },
    });
    shaped(RunListAnswer, await ask('/v1/retention/runs', 'viewer'));
    const page = await ask(`/v1/events?after=${BigInt(before.rows[0].size) - 1n}`, 'viewer');
    shaped(EventListAnswer, page);
    expect(page.purged).toMatchObject([{ class: 'brief', count: '1' }]);
    expect(await ask('/v1/events?after=-1&limit=2', 'viewer')).toMatchObject({ purged: [] });
  });
});
