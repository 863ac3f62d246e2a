import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { indexWith } from '../../../../test/support/reading-back.js';
import type { LookWindow, SeenLog } from '../../src/read-back.js';
import { DatadogReadBack } from './read-back.js';
import type { JsonObject } from './stand-in/arrived-log.js';
import { type StandIn, startStandIn } from './stand-in/stand-in.js';

// Over HTTP, against the stand-in, and against servers that misbehave.

const KEYS = {
  apiKey: () => 'canary-api',
  appKey: () => 'canary-app',
  egress: { destination: 'datadog', allowPrivate: true },
};
const EPOCH = '0123456789abcdef';
const NEVER = new AbortController().signal;

describe('reading Datadog back', () => {
  let standIn: StandIn;
  let readBack: DatadogReadBack;
  let servers: Server[] = [];
  const window = (): LookWindow => ({
    epochs: [EPOCH],
    fromMs: Date.now() - 3_600_000,
    untilMs: Date.now() + 3_600_000,
  });

  beforeEach(async () => {
    standIn = await startStandIn({ port: 0 });
    readBack = new DatadogReadBack({ url: standIn.url, ...KEYS });
  });
  afterEach(async () => {
    await readBack.close();
    await standIn.close();
    await Promise.all(
      servers.splice(0).map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  });

  function log(batch: number, seq: number, more: JsonObject = {}): JsonObject {
    return {
      message: 'm',
      evt: { id: `${EPOCH}.${seq}`, epoch: EPOCH },
      delivery: { batch: String(batch), attempt: '1' },
      ...more,
    };
  }

  async function post(logs: JsonObject[]): Promise<void> {
    const answer = await fetch(standIn.logsUrl, {
      method: 'POST',
      headers: { 'dd-api-key': 'k', 'content-type': 'application/json' },
      body: JSON.stringify(logs),
    });
    expect(answer.status).toBe(202);
  }

  async function misbehaving(listener: RequestListener): Promise<DatadogReadBack> {
    const server = createServer(listener);
    servers = [...servers, server];
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new DatadogReadBack({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...KEYS });
  }

  it('counts many batches with one request, and none of another database', async () => {
    await post([
      log(1, 1),
      log(1, 2),
      log(1, 2),
      log(2, 3),
      { ...log(1, 9), evt: { id: 'x.9', epoch: 'fedcba9876543210' } },
    ]);
    const look = await readBack.count([1n, 2n, 3n], window(), NEVER);
    expect(look).toEqual({
      kind: 'seen',
      found: new Map([
        [1n, { logs: 3, events: 2 }],
        [2n, { logs: 1, events: 1 }],
      ]),
    });
    expect(standIn.counts.searches).toBe(1);
  });

  it('lists the logs of a batch, page by page', async () => {
    await post(Array.from({ length: 25 }, (_, n) => log(7, n + 1)));
    const ids: (string | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const look = await readBack.list({ batch: 7n }, window(), { limit: 10, ...(cursor ? { cursor } : {}) }, NEVER);
      if (look.kind !== 'seen') throw new Error(look.reason);
      ids.push(...look.found.logs.map((one) => one.eventId));
      expect(look.found.logs.every((one) => one.batch === 7n && one.attempt === 1 && one.id !== '')).toBe(true);
      cursor = look.found.cursor;
    } while (cursor);
    expect(ids).toEqual(Array.from({ length: 25 }, (_, n) => `${EPOCH}.${n + 1}`));
  });

  it('finds events by id, under any batch, and those of which only text is left', async () => {
    await post([log(1, 1), log(2, 2), { message: `{"evt":{"id":"${EPOCH}.3"` }]);
    const ids = [1, 2, 3, 4].map((seq) => `${EPOCH}.${seq}`);
    const look = await readBack.list({ ids }, window(), { limit: 1_000 }, NEVER);
    if (look.kind !== 'seen') throw new Error(look.reason);
    expect(look.found.logs.map((one) => one.eventId)).toEqual([`${EPOCH}.1`, `${EPOCH}.2`, undefined]);
  });

  it('says what is left of the limit, and that it is used up', async () => {
    standIn.view.set({ searchesPerHour: 2 });
    const first = await readBack.count([1n], window(), NEVER);
    expect(first).toMatchObject({ kind: 'seen', left: { requests: 1, resetMs: expect.any(Number) } });
    expect(first.left?.resetMs).toBeLessThanOrEqual(3_600_000);
    await readBack.count([1n], window(), NEVER);
    const third = await readBack.count([1n], window(), NEVER);
    expect(third).toMatchObject({ kind: 'later', isLimit: true, left: { requests: 0 } });
    expect(third).toMatchObject({ waitMs: expect.any(Number) });
  });

  it.each([
    [401, 'refused'],
    [403, 'refused'],
    [400, 'later'],
    [500, 'later'],
    [503, 'later'],
  ])('takes a %i for %s, and never shows a key', async (status, kind) => {
    const echoing = await misbehaving((request, response) => {
      response.writeHead(status).end(`you sent ${JSON.stringify(request.headers)}`);
    });
    const look = await echoing.count([1n], window(), NEVER);
    expect(look.kind).toBe(kind);
    expect(JSON.stringify(look)).not.toContain('canary');
    await echoing.close();
  });

  it('takes nonsense, endless answers, redirects and silence for no answer, within its time', async () => {
    const answers: [RequestListener, string][] = [
      [(_, response) => response.end('<html>'), 'later'],
      [(_, response) => response.end('{"data":{"buckets":[{"by":{"@delivery.batch":"1"},"computes":{}}]}}'), 'later'],
      [(_, response) => response.writeHead(302, { location: standIn.url }).end(), 'later'],
      [(request) => request.socket.destroy(), 'later'],
      [() => undefined, 'later'],
      [
        (_, response) => {
          const chunk = Buffer.alloc(1024 ** 2, ' ');
          const more = () => {
            while (!response.destroyed && response.write(chunk));
          };
          response.on('drain', more);
          more();
        },
        'too-large',
      ],
    ];
    for (const [listener, kind] of answers) {
      const odd = await misbehaving(listener);
      const look = await odd.count([1n], window(), AbortSignal.timeout(3_000));
      expect(look.kind).toBe(kind);
      await odd.close();
    }
  });

  it('sees what a log lacks and what it holds otherwise, and nothing in what Datadog itself makes of it', () => {
    const rendered = JSON.stringify({
      message: 'Session ended',
      status: 'warn',
      ddtags: 'env:test',
      evt: { id: 'a.1', name: 'session.closed', position: '5' },
      usr: { id: 'carol' },
      approval: { required: 'true' },
    });
    const seen = (attributes: object, message = 'Session ended') =>
      readBack.compare(rendered, { id: 'l', content: { message, attributes } } as unknown as SeenLog);
    const whole = {
      evt: { id: 'a.1', name: 'session.closed', position: '5' },
      usr: { id: 'carol' },
      approval: { required: 'true' },
    };
    expect(seen({ ...whole, http: {}, status: 'error' })).toEqual({ gone: [], altered: [] });
    // Datadog shows flags as it read them.
    expect(seen({ ...whole, approval: { required: true } })).toEqual({ gone: [], altered: [] });
    expect(seen({ ...whole, usr: {} })).toEqual({ gone: ['usr.id'], altered: [] });
    expect(seen({ ...whole, usr: { id: 'mallory' } }, 'else')).toEqual({ gone: [], altered: ['message', 'usr.id'] });
  });

  it('reads the indexes to explain absences', async () => {
    standIn.setIndexes([indexWith('loud', '@evt.name:x')]);
    const look = await readBack.explain(NEVER);
    if (look.kind !== 'seen') throw new Error(look.reason);
    const event = {
      rendered: '{"evt":{"name":"x"}}',
      occurredAt: new Date().toISOString(),
      acceptedAtMs: Date.now(),
      oldOnesAreSeen: false,
    };
    expect(look.found(event, Date.now())).toMatchObject({
      cause: 'exclusion-filter',
      detail: expect.stringContaining('loud'),
    });
  });
});
