import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { RETRY_POLICY } from '#delivery';
import { createLogger, listen, Metrics } from '#platform';
import {
  type ApiRole,
  createApiKey,
  ExportFolder,
  openPrisma,
  type PrismaClient,
  ReadSittings,
  readEvents,
} from '#record';
import { TestApi } from '../../../test/support/api.js';
import { testFolder, until } from '../../../test/support/servers.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { ExportAnswer, ExportListAnswer, WholeExportAnswer } from './answers.js';
import { createApi } from './api.js';
import { ExportMaker } from './export-maker.js';
import { ApiParts } from './parts.js';

// Exports over HTTP, made by the API's own maker, on a real PostgreSQL with the rights of the API's login.

interface View {
  id: string;
  state: string;
  count: number;
  file: { name: string; bytes: number; sha256: string } | null;
  manifestSha256: string | null;
  links: { events: string | null; manifest: string } | null;
  code: string;
}

describe('exports over HTTP', () => {
  let record: TestRecord;
  let prisma: PrismaClient;
  let app: NestExpressApplication;
  let maker: ExportMaker;
  let url: string;
  const place = testFolder();
  const keys = {} as Record<ApiRole | 'other' | 'limited', string>;

  beforeAll(async () => {
    record = await TestRecord.open();
    const pool = await record.poolOf('api');
    prisma = await openPrisma(pool);
    for (const role of ['viewer', 'auditor', 'operator', 'admin'] as const) {
      keys[role] = (await createApiKey(record.pool, { role, by: 'test' })).key;
    }
    const limits = { connections: ['orders', 'people'] };
    keys.limited = (await createApiKey(record.pool, { role: 'auditor', limits, by: 'test' })).key;
    keys.other = (await createApiKey(record.pool, { role: 'operator', by: 'test' })).key;
    const gateway = await record.producer('gw-1');
    const session = new SessionEvents('s-1');
    await record.record(gateway, [session.opened(), ...session.command('=1+1'), session.closed()]);
    const logger = createLogger('test', { logLevel: 'silent', logFormat: 'json' });
    const metrics = new Metrics();
    const folder = ExportFolder.open(place.path);
    maker = new ExportMaker({ pool, folder, keepMs: 3_600_000, logger, metrics });
    maker.start();
    app = await createApi(
      new ApiParts({
        ...{ pool, prisma, sittings: new ReadSittings(pool), logger, metrics },
        ...{ publicUrl: 'http://api.test:8470', horizonWaitMs: 300, retryPolicy: RETRY_POLICY, exports: maker },
      }),
    );
    await listen(app.getHttpServer(), '127.0.0.1', 0);
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await maker?.stop();
    await prisma?.$disconnect();
    await record?.close();
    place.remove();
  });

  async function ask(path: string, as: keyof typeof keys = 'operator', body?: unknown, method = body ? 'POST' : 'GET') {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${keys[as]}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as View };
  }

  async function made(body: object, as: keyof typeof keys = 'operator'): Promise<View> {
    const asked = await ask('/v1/exports', as, body);
    expect(asked.status).toBe(202);
    ExportAnswer.parse(asked.body);
    return until('it is finished', async () => {
      const { body: found } = await ask(`/v1/exports/${asked.body.id}`, as);
      return found.state === 'finished' && found;
    });
  }

  it('is asked for, made in the background, and fetched by links that need no key', async () => {
    const one = await made({ format: 'ndjson', session: 's-1' });
    WholeExportAnswer.parse(one);
    expect(one.count).toBe(4);
    const events = await fetch(`${url}${one.links!.events}`);
    expect(events.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(events.headers.get('content-disposition')).toBe(`attachment; filename="${one.id}.ndjson"`);
    expect(events.headers.get('cache-control')).toBe('no-store');
    const bytes = Buffer.from(await events.arrayBuffer());
    expect(bytes.length).toBe(one.file!.bytes);
    expect(sha256(bytes)).toBe(one.file!.sha256);
    const manifest = Buffer.from(await (await fetch(`${url}${one.links!.manifest}`)).arrayBuffer());
    expect(sha256(manifest)).toBe(one.manifestSha256);
    expect(JSON.parse(String(manifest))).toMatchObject({ files: [one.file], count: 4 });
    ExportListAnswer.parse((await ask('/v1/exports')).body);
  });

  it('a part of it can be fetched, so that a download goes on', async () => {
    const one = await made({ format: 'ndjson' });
    const whole = Buffer.from(await (await fetch(`${url}${one.links!.events}`)).arrayBuffer());
    const part = await fetch(`${url}${one.links!.events}`, { headers: { range: 'bytes=10-' } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(10));
  });

  it('what a spreadsheet would calculate is text in CSV', async () => {
    const one = await made({ format: 'csv', types: ['command.issued'] });
    expect(await (await fetch(`${url}${one.links!.events}`)).text()).toContain(`,"'=1+1",`);
  });

  it('what was exported is on the record before it can be fetched, and so is who gets a link', async () => {
    const one = await made({ format: 'json' });
    await record.drainOutbox();
    const events = (await readEvents(record.pool, { after: -1n, limit: 1000 })).map(({ body }) => String(body));
    expect(events.filter((text) => text.includes('record.exported') && text.includes(one.id))).toHaveLength(1);
    expect(events.some((text) => text.includes('record.read') && text.includes('"what":"exports"'))).toBe(true);
  });

  it('a viewer exports nothing, and a key sees only its own; an admin sees all', async () => {
    expect((await ask('/v1/exports', 'viewer', { format: 'csv' })).status).toBe(403);
    const one = await made({ format: 'csv' });
    expect(await ask(`/v1/exports/${one.id}`, 'other')).toMatchObject({
      status: 404,
      body: { code: 'RECORD_EXPORT_UNKNOWN' },
    });
    expect((await ask(`/v1/exports/${one.id}`, 'other', undefined, 'DELETE')).status).toBe(404);
    expect((await ask(`/v1/exports/${one.id}`, 'admin')).status).toBe(200);
    expect((await made({ format: 'csv' }, 'auditor')).state).toBe('finished');
  });

  it('an auditor with limits exports what lies within them, and is told of nothing else', async () => {
    const gateway = await record.producer('gw-1');
    const beyond = new SessionEvents('s-2', { connection: 'payroll' });
    await record.record(gateway, [beyond.opened(), beyond.closed()]);
    const others = await made({ format: 'json' });
    const one = await made({ format: 'json' }, 'limited');
    WholeExportAnswer.parse(one);
    expect(one).toMatchObject({ selection: { limits: { connections: ['orders', 'people'] } } });
    const got = await (await fetch(`${url}${one.links!.events}`)).text();
    expect(JSON.parse(got).map(({ event }: { event: { session: string } }) => event.session)).toEqual(
      Array(4).fill('s-1'),
    );
    expect((await made({ format: 'csv', session: 's-2' }, 'limited')).count).toBe(0);
    const [hidden, none] = await Promise.all(
      ['payroll', 'nowhere'].map((connection) => ask('/v1/exports', 'limited', { format: 'csv', connection })),
    );
    expect(hidden).toMatchObject({ status: 409, body: { code: 'RECORD_EXPORT_EMPTY' } });
    expect(hidden).toEqual(none);
    for (const method of ['GET', 'DELETE']) {
      const [theirs, unknown] = await Promise.all(
        [others.id, 'export-0000000000'].map((id) => ask(`/v1/exports/${id}`, 'limited', undefined, method)),
      );
      expect(theirs!.status).toBe(404);
      expect(JSON.stringify(theirs).replaceAll(others.id, 'export-0000000000')).toBe(JSON.stringify(unknown));
    }
    const { body } = await ask('/v1/exports', 'limited');
    expect(JSON.stringify(body)).toContain(one.id);
    expect(JSON.stringify(body)).not.toContain(others.id);
    await record.drainOutbox();
    const events = (await readEvents(record.pool, { after: -1n, limit: 1000 })).map(({ body }) => String(body));
    expect(events.some((text) => text.includes('API_BEYOND_LIMITS') && text.includes('POST /v1/exports'))).toBe(true);
  });

  it('guessed, changed and old links open nothing, and all are refused alike', async () => {
    const one = await made({ format: 'csv' });
    const link = one.links!.events!;
    const refused = [
      link.replace(/signature=(.)/, (_, first) => `signature=${first === 'A' ? 'B' : 'A'}`),
      link.replace('file=events', 'file=manifest'),
      link.replace(/expires=\d+/, 'expires=9999999999'),
      link.replace(one.id, 'export-0000000000'),
    ];
    const answers = await Promise.all(refused.map(async (path) => (await fetch(`${url}${path}`)).text()));
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(answers[0]!)).toMatchObject({ status: 403, code: 'API_LINK_REFUSED' });
    expect((await fetch(`${url}/v1/exports/${one.id}/download`)).status).toBe(400);
    expect((await fetch(`${url}/v1/exports/..%2f..%2fetc/download?file=events&expires=1&signature=a`)).status).toBe(
      400,
    );
  });

  it('links are not guessed for long, and what they fetch counts as asked by the key; one that opened before still does', async () => {
    const one = await made({ format: 'csv' });
    const [right, fresh] = [one.links!.events!, one.links!.manifest];
    const api = await TestApi.open(record, {
      exports: maker,
      guesses: { burst: 2, perSecond: 0.001 },
      requests: { burst: 3, perSecond: 0.001 },
    });
    try {
      const guess = right.replace(/signature=.*/, `signature=${'A'.repeat(43)}`);
      const answers = [];
      for (const path of [right, guess, guess, guess, fresh, right, right, right]) {
        const { status, text, headers } = await api.ask(path, undefined);
        const code = /"code":"(\w+)"/.exec(text)?.[1] ?? null;
        answers.push([status, code, headers.get('ratelimit-remaining'), Number(headers.get('retry-after')) > 0]);
      }
      expect(answers).toEqual([
        [200, null, '2', false],
        [403, 'API_LINK_REFUSED', null, false],
        [403, 'API_LINK_REFUSED', null, false],
        [429, 'API_TOO_MANY_GUESSES', null, true],
        [429, 'API_TOO_MANY_GUESSES', null, true],
        [200, null, '1', false],
        [200, null, '0', false],
        [429, 'API_RATE_EXCEEDED', '0', true],
      ]);
      expect(await api.onRecord('access.refused')).toContainEqual(
        expect.objectContaining({ code: 'API_LINK_REFUSED', what: 'GET /v1/exports/:id/download', count: 1 }),
      );
    } finally {
      await api.close();
    }
  });

  it('ten at once of a key, and no more: 429 that says when to ask again', async () => {
    // Nobody makes these.
    const api = await TestApi.open(record);
    try {
      const { key } = await api.key({ role: 'operator' });
      const asked = () => api.ask<View>('/v1/exports', key, { body: { format: 'csv' } });
      for (let n = 0; n < 10; n++) expect((await asked()).status).toBe(202);
      const refused = await asked();
      expect(refused).toMatchObject({ status: 429, body: { code: 'RECORD_EXPORT_TOO_MANY' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await api.close();
    }
  });

  it('a deleted export is gone; its manifest and that it was made are not', async () => {
    const one = await made({ format: 'csv' });
    expect((await ask(`/v1/exports/${one.id}`, 'operator', undefined, 'DELETE')).status).toBe(204);
    const gone = await fetch(`${url}${one.links!.events}`);
    expect({ status: gone.status, body: await gone.json() }).toMatchObject({
      status: 410,
      body: { code: 'API_EXPORT_GONE' },
    });
    expect((await fetch(`${url}${one.links!.manifest}`)).status).toBe(200);
    expect((await ask(`/v1/exports/${one.id}`)).body).toMatchObject({ state: 'deleted', links: { events: null } });
  });

  it.each([
    { format: 'xml' },
    { format: 'csv', colour: 'blue' },
    { format: 'csv', from: 'yesterday' },
    { format: 'csv', session: 'a\u0000b' },
    { format: 'csv', types: ['no.such'] },
    { format: 'csv', __proto__: null, kind: 'bundle' },
  ])('refuses %j', async (body) => {
    expect(await ask('/v1/exports', 'operator', body)).toMatchObject({
      status: 400,
      body: { code: 'API_REQUEST_INVALID' },
    });
  });

  it('an export of nothing is refused with a remedy', async () => {
    expect(await ask('/v1/exports', 'operator', { format: 'csv', from: '3', to: '3' })).toMatchObject({
      status: 409,
      body: { code: 'RECORD_EXPORT_EMPTY' },
    });
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
