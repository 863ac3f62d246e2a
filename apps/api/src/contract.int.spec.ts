import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Forwarder, operatorDuties } from '#delivery';
import { DatadogDestination } from '#delivery/datadog';
import { rawPublicKey, signNote } from '#ledger';
import { createLogger, Metrics } from '#platform';
import {
  type ApiRole,
  adoptCheckpointKey,
  ExportFolder,
  pinMarkKey,
  projectCommands,
  projectSessions,
  signCheckpoint,
} from '#record';
import { startStandIn } from '../../../libs/delivery/datadog/src/stand-in/stand-in.js';
import { TestApi } from '../../../test/support/api.js';
import { type ApiDocument, documentedAnswer, judgeOf } from '../../../test/support/api-document.js';
import { testFolder, testRedisUrl, until } from '../../../test/support/servers.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { CONTROLLERS } from './api.js';
import { ExportMaker } from './export-maker.js';
import { EXAMPLES } from './generated/examples.js';
import { describeApi, type Example } from './openapi.js';

// The document against the running server: every operation is called, every answer judged by what the document says of it. The examples
// in it are such calls: `UPDATE_EXAMPLES=1` writes them anew. Faked: Datadog, by the stand-in.

const EXAMPLES_FILE = new URL('./generated/examples.ts', import.meta.url);

const { privateKey: checkpointKey } = generateKeyPairSync('ed25519');
const checkpointSigner = {
  publicKey: rawPublicKey(checkpointKey),
  sign: (text: string, name: string) => signNote(text, name, checkpointKey),
};

/** In place of one that opened something. */
const SIGNATURE = '_'.repeat(43);

// biome-ignore lint/suspicious/noExplicitAny: the answers of sixty routes
type Body = any;

interface Asked {
  path?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  as?: ApiRole | 'nobody';
}

describe('the document of the audit-log API', () => {
  let record: TestRecord;
  let api: TestApi;
  let document: ApiDocument;
  let standIn: Awaited<ReturnType<typeof startStandIn>>;
  let forwarder: Forwarder;
  let maker: ExportMaker;
  const place = testFolder();
  const keys = {} as Record<ApiRole, string>;
  const made: Record<string, Example> = {};
  const called = new Set<string>();

  beforeAll(async () => {
    record = await TestRecord.open();
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
    await pinMarkKey(record.pool, publicKey);
    await adoptCheckpointKey(record.pool, checkpointSigner.publicKey, undefined);
    maker = new ExportMaker({
      pool: await record.poolOf('api'),
      folder: ExportFolder.open(place.path),
      keepMs: 3_600_000,
      logger: createLogger('test', { logLevel: 'silent', logFormat: 'json' }),
      metrics: new Metrics(),
    });
    maker.start();
    api = await TestApi.open(record, { exports: maker });
    for (const role of ['viewer', 'auditor', 'operator', 'admin'] as const) keys[role] = (await api.key({ role })).key;
    document = (await api.ask<ApiDocument>('/docs/openapi.json', undefined)).body;
    standIn = await startStandIn({ port: 0 });
    standIn.faults.add({ kind: '400-for-query', query: '@session.id:(s-1 OR s-2)' });
    const gateway = await record.producer('gw-1');
    for (let n = 0; n < 4; n++) {
      const session = new SessionEvents(`s-${n}`, { identity: 'billing-agent' });
      await record.record(gateway, [
        session.opened(),
        session.approval('approval.requested'),
        session.approval('approval.granted'),
        ...session.command('UPDATE invoice SET paid = true WHERE id = 7'),
        session.closed(),
      ]);
    }
    await projectSessions(record.pool);
    await projectCommands(record.pool);
    forwarder = new Forwarder({
      pool: await record.poolOf('forwarder'),
      redisUrl: await testRedisUrl(),
      destination: new DatadogDestination({ url: standIn.logsUrl, apiKey: 'any', env: 'test', allowPrivate: true }),
      policy: { baseMs: 20, capMs: 100, pausedProbeMs: 100 },
      sweepMs: 200,
      duties: operatorDuties(),
    });
    await forwarder.start();
  }, 60_000);
  afterAll(async () => {
    await forwarder?.stop();
    await api?.close();
    await maker?.stop();
    await standIn?.close();
    await record?.close();
    place.remove();
  });

  /** Calls an operation, judges the answer by the document, and keeps a call that succeeded as its example. */
  async function call(operation: string, asked: Asked = {}): Promise<Body> {
    const [method = '', pattern = ''] = operation.split(' ');
    const { path = {}, query = {}, body, as = 'admin' } = asked;
    const address = pattern.replace(/\{(\w+)\}/g, (_, name: string) =>
      // The path of a tile is a path.
      path[name]!.split('/').map(encodeURIComponent).join('/'),
    );
    const search = Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : '';
    const key = as === 'nobody' ? undefined : keys[as];
    const answer = await api.ask<Body>(`${address}${search}`, key, {
      method,
      ...(body === undefined ? {} : { body }),
    });
    const judge = documentedAnswer(document, operation, answer.status);
    if (judge) expect([operation, judge.safeParse(answer.body).error?.issues]).toEqual([operation, undefined]);
    else if (method !== 'GET') expect([operation, answer.text]).toEqual([operation, '']);
    if (answer.status >= 300) throw new Error(`${operation}: ${answer.status} ${answer.text}`);
    called.add(operation);
    const { operationId } = document.paths[pattern]![method.toLowerCase()]!;
    made[operationId] ??= exampleOf(path, query, body, answer.body);
    return answer.body;
  }

  it('is kept by the server, operation by operation', async () => {
    for (const operation of ['GET /healthz', 'GET /readyz', 'GET /metrics', 'GET /v1/log']) {
      await call(operation, { as: 'nobody' });
    }
    await call('GET /v1/sessions', { query: { identity: 'billing-agent', limit: '2' } });
    await call('GET /v1/sessions/{id}', { path: { id: 's-3' }, query: { limit: '1' } });
    await call('GET /v1/events', { query: { after: '1', limit: '1', session: 's-0' } });
    const text = 'update invoice';
    await call('GET /v1/events', { query: { text, before: 'head', limit: '1' } });
    await call('GET /v1/sessions', { query: { text, limit: '1' } });
    await call('GET /v1/identities', { query: { kind: 'agent' } });
    await call('GET /v1/connections', { query: { type: 'postgres' } });
    await call('GET /v1/connections/{name}/identities', { path: { name: 'orders' } });
    await call('GET /v1/approvals', { query: { state: 'granted', limit: '1' } });
    await call('GET /v1/status');
    await signCheckpoint(record.pool, {
      signer: checkpointSigner,
      holder: record.writer.holder,
      keepElsewhere: async () => {},
    });
    await call('GET /log/checkpoint', { as: 'nobody' });
    await call('GET /log/tile/{path}', { as: 'nobody', path: { path: '0/000.p/1' } });
    const { producers } = await call('GET /v1/producers', { query: { node: 'gw-1' } });
    const { node, epoch, seq } = producers[0];
    const event = { eventId: `${epoch}.1` };
    await call('GET /v1/receipts/{eventId}', { path: event });

    const { token } = await call('POST /v1/enrolments', { body: { node: 'gw-2' } });
    const publicKey = generateKeyPairSync('ed25519')
      .publicKey.export({ type: 'spki', format: 'der' })
      .toString('base64');
    await call('POST /v1/nodes', { as: 'nobody', body: { token, publicKey } });
    await call('GET /v1/enrolments');
    await call('POST /v1/producers/{node}/{epoch}/declare-lost', {
      path: { node, epoch },
      body: { to: seq + 1, reason: 'its disk is gone' },
    });

    const limits = { from: '2026-01-01T00:00:00Z', connections: ['orders'] };
    const { id: key } = await call('POST /v1/keys', { body: { role: 'auditor', label: 'audit of the year', limits } });
    await call('POST /v1/keys/{id}/rotate', { path: { id: key }, body: { overlapMinutes: 60 } });
    await call('GET /v1/keys');
    await call('DELETE /v1/keys/{id}', { path: { id: key } });

    const hold = { session: 's-1', matter: '2026-17', reason: 'asked for by counsel' };
    const { id: placed } = await call('POST /v1/holds', { body: hold });
    await call('GET /v1/holds', { query: { all: 'true' } });
    await call('GET /v1/holds/{id}', { path: { id: placed } });
    await call('POST /v1/holds/{id}/release', { path: { id: placed }, body: { reason: 'the matter is closed' } });

    await call('GET /v1/retention');
    await call('GET /v1/retention/plan');
    const longer = { class: 'standard', keep: '500d', reason: 'the auditors ask for it' };
    await call('POST /v1/retention/changes', { body: longer });
    const shorter = { ...longer, keep: '450d', reason: 'they no longer do' };
    const { id: change } = await call('POST /v1/retention/changes', { body: shorter });
    const second = (await api.key({ role: 'admin' })).key;
    const first = keys.admin;
    keys.admin = second;
    await call('POST /v1/retention/changes/{id}/confirm', { path: { id: change }, body: {} });
    keys.admin = first;
    const { id: other } = await call('POST /v1/retention/changes', { body: { ...shorter, keep: '420d' } });
    await call('DELETE /v1/retention/changes/{id}', { path: { id: other } });
    const { id: run } = await call('POST /v1/retention/runs', { body: {} });
    await call('GET /v1/retention/runs');
    await call('GET /v1/retention/runs/{id}', { path: { id: run } });

    await until('two dead letters', async () => {
      const { deadLetters } = await call('GET /v1/dead-letters', { query: { state: 'open' } });
      return deadLetters.length > 1 && deadLetters;
    });
    delete made['deadLetters.list'];
    const { deadLetters } = await call('GET /v1/dead-letters', { query: { state: 'open' } });
    const [one, more] = deadLetters;
    const letter = { destination: 'datadog', position: one.position };
    await call('GET /v1/dead-letters/{destination}/{position}', { path: letter });
    await call('POST /v1/dead-letters/discard', { body: { positions: [one.position], reason: 'a test event' } });
    standIn.faults.clear();
    await call('POST /v1/dead-letters/retry', { body: { positions: [more.position] } });
    await call('GET /v1/delivery');
    await call('GET /v1/delivery/batches', { query: { destination: 'datadog', limit: '1' } });
    await call('POST /v1/delivery/sweep', { body: {} });

    const planned = async () => {
      const { id } = await call('POST /v1/replays', { body: { query: 'session:s-3' } });
      const path = { id };
      await until('it is planned', async () => {
        delete made['replays.show'];
        return (await call('GET /v1/replays/{id}', { path })).state === 'planned';
      });
      return path;
    };
    const replay = await planned();
    await call('GET /v1/replays/{id}/blocks', { path: replay });
    await record.pool.query('UPDATE delivery_destination SET is_held = true');
    for (const act of ['start', 'pause', 'resume', 'cancel']) {
      await call(`POST /v1/replays/{id}/${act}`, { path: replay, body: {} });
    }
    await record.pool.query('UPDATE delivery_destination SET is_held = false');
    await call('GET /v1/replays');

    await record.pool.query(`INSERT INTO read_back (destination, tokens) VALUES ('datadog', 1) ON CONFLICT DO NOTHING`);
    const wanted = { destination: 'datadog', from: '0' };
    const { id: reconciliation } = await call('POST /v1/reconciliations', { body: wanted });
    await call('GET /v1/reconciliations');
    await call('GET /v1/reconciliations/{id}', { path: { id: reconciliation } });

    const backfill = { destination: 'archive', kind: 'datadog', mappingVersion: 1 };
    const { id } = await call('POST /v1/backfills', { body: backfill });
    const path = { id };
    await call('GET /v1/backfills');
    await call('GET /v1/backfills/{id}', { path });
    const lease = { sender: 'a-laptop', leaseMs: 60_000, maxEvents: 5, maxBytes: 1_000_000, mappingVersions: [1] };
    const { batch } = await call('POST /v1/backfills/{id}/lease', { path, body: lease });
    await call('GET /v1/backfills/{id}/batches/{batch}/missing', { path: { id, batch: batch.id } });
    const answer = { kind: 'unauthorized', status: 403, reason: '403' };
    await call('POST /v1/backfills/{id}/batches/{batch}/result', {
      path: { id, batch: batch.id },
      body: { outcome: 'later', attempt: 1, answer, elapsedMs: 5 },
    });
    await call('POST /v1/backfills/{id}/release', { path, body: { sender: 'a-laptop' } });
    for (const act of ['pause', 'resume', 'cancel']) await call(`POST /v1/backfills/{id}/${act}`, { path, body: {} });

    const { id: exported } = await call('POST /v1/exports', { body: { format: 'ndjson', session: 's-3' } });
    const { links } = await until('it is finished', async () => {
      delete made['exports.show'];
      const one = await call('GET /v1/exports/{id}', { path: { id: exported } });
      return one.state === 'finished' && one;
    });
    await call('GET /v1/exports', { query: { limit: '1' } });
    await call('GET /v1/exports/{id}/download', {
      path: { id: exported },
      query: Object.fromEntries(new URL(links.events, api.url).searchParams),
      as: 'nobody',
    });
    await call('DELETE /v1/exports/{id}', { path: { id: exported } });

    const all = Object.entries(document.paths).flatMap(([pattern, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${pattern}`),
    );
    expect([...called].sort()).toEqual(all.sort());
    if (process.env.UPDATE_EXAMPLES) writeFileSync(EXAMPLES_FILE, sourceOf(made));
  }, 120_000);

  it('refuses as it says', async () => {
    for (const [operation, path, key] of [
      ['GET /v1/sessions', '/v1/sessions?nonsense=1', keys.viewer],
      ['GET /v1/sessions/{id}', '/v1/sessions/none', keys.viewer],
      ['GET /v1/keys', '/v1/keys', keys.viewer],
      ['GET /v1/events', '/v1/events', 'afd_00000000_nothing'],
    ] as const) {
      const answer = await api.ask(path, key);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const verdict = documentedAnswer(document, operation, answer.status)?.safeParse(answer.body);
      expect([operation, verdict?.error?.issues]).toEqual([operation, undefined]);
    }
  });

  it('is OpenAPI 3.1, and has for every operation an example that is one', () => {
    expect(document).toMatchObject({ openapi: '3.1.0' });
    expect(document).toEqual(JSON.parse(JSON.stringify(describeApi(CONTROLLERS))));
    const ids = new Set<string>();
    for (const [pattern, methods] of Object.entries(document.paths)) {
      for (const [method, { operationId, parameters, requestBody, responses }] of Object.entries(methods)) {
        const operation = `${method.toUpperCase()} ${pattern}`;
        expect([operation, ids.has(operationId)]).toEqual([operation, false]);
        ids.add(operationId);
        expect([operation, EXAMPLES[operationId]]).toEqual([operation, expect.anything()]);
        const judged: [unknown, object][] = [];
        for (const { name, in: place, required, example, schema } of parameters) {
          if (place === 'path') expect([operation, name, required]).toEqual([operation, name, true]);
          if (required) expect([operation, name, example]).toEqual([operation, name, expect.anything()]);
          if (example !== undefined) judged.push([/^(limit|expires)$/.test(name) ? Number(example) : example, schema]);
        }
        for (const { content = {} } of Object.values(responses)) {
          const json = content['application/json'];
          if (json) judged.push([json.example, json.schema]);
        }
        const body = requestBody?.content['application/json'];
        if (body?.example !== undefined) judged.push([body.example, body.schema]);
        for (const [example, schema] of judged) {
          const { error } = judgeOf(document, schema).safeParse(example);
          expect([operation, error?.issues]).toEqual([operation, undefined]);
        }
      }
    }
    expect(Object.keys(EXAMPLES).filter((id) => !ids.has(id))).toEqual([]);
  });
});

function exampleOf(
  path: Record<string, string>,
  query: Record<string, string>,
  body: unknown,
  answer: unknown,
): Example {
  return {
    ...(Object.keys(path).length > 0 ? { parameters: path } : {}),
    ...(Object.keys(query).length > 0 ? { query: masked(query) } : {}),
    ...(body === undefined ? {} : { body: shown(body) }),
    ...(answer === undefined ? {} : { answer: shown(answer) }),
  };
}

function masked(query: Record<string, string>): Record<string, string> {
  return 'signature' in query ? { ...query, signature: SIGNATURE } : query;
}

/** Lists with one entry, and no secret, not even of a test. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shown);
  if (typeof value === 'string') {
    if (value.includes('signature=')) return value.replace(/signature=[\w-]+/, `signature=${SIGNATURE}`);
    if (value.startsWith('afd_')) return `${value.slice(0, 13)}${'…'.repeat(3)}`;
    return value.length > 200 ? `${value.slice(0, 200)}…` : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]));
}

function sourceOf(examples: Record<string, Example>): string {
  const sorted = Object.fromEntries(Object.entries(examples).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `// Made by contract.int.spec.ts with UPDATE_EXAMPLES=1: calls of the running server. Do not change by hand.
import type { Example } from '../openapi.js';

export const EXAMPLES: Record<string, Example> = ${JSON.stringify(sorted, null, 2)};
`;
}
