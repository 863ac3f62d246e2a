import { execFile, execFileSync } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { RecordedEvent } from '#record';
import { testFolder } from '../../../../test/support/servers.js';
import type { Packet } from '../../src/destination.js';
import { WebhookDestination, type WebhookOptions } from './webhook-destination.js';

// A real receiver over real sockets. It verifies as Standard Webhooks tells a receiver to, by code of its own.

const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const [OLD, NEW, WRONG] = [secretOf(1), secretOf(2), secretOf(3)] as const;
const TOLERANCE_S = 300;

interface Received {
  headers: IncomingMessage['headers'];
  body: string;
  path: string | undefined;
}

/** The receiver's side of the specification: any one right signature of a fresh time stamp is enough. */
function isGenuine({ headers, body }: Received, secret: string): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || !/^\d+$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1_000 - Number(timestamp)) > TOLERANCE_S) return false;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`, 'utf8').digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((versioned) => {
      const [version, signature] = versioned.split(',');
      const given = Buffer.from(signature ?? '', 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
}

function recorded(seq: number, more = ''): RecordedEvent {
  const epoch = '00112233445566ff';
  const body = { v: 1, id: `${epoch}.${seq}`, type: 'session.opened', data: { note: `ä€😀${more}` } };
  return {
    position: BigInt(seq),
    recordedAt: '2026-11-25T08:00:00.500000Z',
    class: 'standard',
    node: 'edge-1',
    epoch,
    seq,
    type: 'session.opened',
    occurredAt: '2026-11-25T08:00:00.000000Z',
    sessionId: null,
    identityId: null,
    identityKind: null,
    connection: null,
    outcome: null,
    duplicateOf: null,
    body: Buffer.from(JSON.stringify(body)),
  } as RecordedEvent;
}

let answer: (response: ServerResponse, received: Received) => void;
let received: Received[];
let server: Server & { closeAllConnections(): void };
let url: string;
const open: WebhookDestination[] = [];

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const one = { headers: request.headers, body: Buffer.concat(chunks).toString('utf8'), path: request.url };
    received.push(one);
    answer(response, one);
  });
};

async function listen(made: typeof server, scheme = 'http'): Promise<string> {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `${scheme}://127.0.0.1:${(made.address() as AddressInfo).port}/hooks?of=affidavit`;
}

async function close(made: typeof server): Promise<void> {
  made.closeAllConnections();
  await new Promise((resolve) => made.close(resolve));
}

beforeEach(async () => {
  received = [];
  answer = (response) => response.writeHead(204).end();
  server = createServer(listener);
  url = await listen(server);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((destination) => destination.close()));
  await close(server);
});

function webhook(options: Partial<WebhookOptions> = {}): WebhookDestination {
  const made = new WebhookDestination({
    name: 'siem',
    url,
    secrets: () => [NEW],
    batch: 'one',
    maxEvents: 100,
    timeoutMs: 5_000,
    allowPrivate: true,
    ...options,
  });
  open.push(made);
  return made;
}

function pack(destination: WebhookDestination, events: RecordedEvent[], attempt = 1): Promise<Packet> {
  return destination.pack(events, { batch: 5n, attempt, lane: 'live', mappingVersion: 1 });
}

const signal = () => new AbortController().signal;
const send = async (destination: WebhookDestination, seqs = [1], attempt = 1) =>
  (
    await pack(
      destination,
      seqs.map((seq) => recorded(seq)),
      attempt,
    )
  ).send(signal());

describe('a webhook', () => {
  it('gets one event a request, signed, under the same id at each attempt', async () => {
    const destination = webhook();
    expect(destination.limits).toMatchObject({ count: 1, maxBytes: 1_000_000 });
    answer = (response) => response.writeHead(received.length === 1 ? 500 : 200).end();
    expect(await send(destination)).toMatchObject({ kind: 'retry' });
    expect(await send(destination, [1], 2)).toEqual({ kind: 'accepted', status: 200 });

    const [first, second] = received;
    if (!first || !second) throw new Error('two requests were expected');
    for (const one of [first, second]) {
      expect(isGenuine(one, NEW)).toBe(true);
      expect(isGenuine(one, WRONG)).toBe(false);
      expect(isGenuine({ ...one, body: one.body.replace('edge-1', 'edge-2') }, NEW)).toBe(false);
      expect(one.headers['content-type']).toBe('application/cloudevents+json');
      expect(one.path).toBe('/hooks?of=affidavit');
    }
    expect(first.headers['webhook-id']).toBe('00112233445566ff.1');
    expect(second.headers['webhook-id']).toBe('00112233445566ff.1');
    expect(JSON.parse(second.body)).toMatchObject({
      id: '00112233445566ff.1',
      deliveryattempt: 2,
      data: { data: { note: 'ä€😀' } },
    });
  });

  it('gets a batch as one array, signed, under the same id at each attempt', async () => {
    const destination = webhook({ batch: 'many' });
    expect(destination.limits).toMatchObject({ count: 100, maxBytes: 5_000_000 });
    expect(await send(destination, [1, 2, 3])).toEqual({ kind: 'accepted', status: 204 });
    expect(await send(destination, [1, 2, 3], 2)).toEqual({ kind: 'accepted', status: 204 });
    expect(await send(destination, [4])).toEqual({ kind: 'accepted', status: 204 });
    const [first, second, third] = received;
    if (!first || !second || !third) throw new Error('three requests were expected');
    expect([first, second, third].every((one) => isGenuine(one, NEW))).toBe(true);
    expect(first.headers['content-type']).toBe('application/cloudevents-batch+json');
    expect((JSON.parse(first.body) as { id: string }[]).map(({ id }) => id)).toEqual([
      '00112233445566ff.1',
      '00112233445566ff.2',
      '00112233445566ff.3',
    ]);
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    // A batch of one is a batch, too.
    expect(JSON.parse(third.body)).toHaveLength(1);
    expect(third.headers['webhook-id']).not.toBe(first.headers['webhook-id']);
  });

  it('verifies as the example in docs/destinations.md does', async () => {
    const page = readFileSync(new URL('../../../../docs/destinations.md', import.meta.url), 'utf8');
    const folder = testFolder();
    try {
      const file = join(folder.path, 'verify.mjs');
      writeFileSync(file, /^```js\n([^`]*?`[^`]*`[^`]*?)```$/m.exec(page)?.[1] ?? '');
      const example = (await import(file)) as {
        isGenuine(secret: string, headers: IncomingMessage['headers'], body: Buffer): boolean;
      };
      await send(webhook({ secrets: () => [NEW, OLD] }));
      const [one] = received;
      if (!one) throw new Error('a request was expected');
      const body = Buffer.from(one.body);
      for (const secret of [NEW, OLD]) expect(example.isGenuine(secret, one.headers, body)).toBe(true);
      expect(example.isGenuine(WRONG, one.headers, body)).toBe(false);
      expect(example.isGenuine(NEW, one.headers, Buffer.concat([body, Buffer.from(' ')]))).toBe(false);
      const stale = { ...one.headers, 'webhook-timestamp': String(Number(one.headers['webhook-timestamp']) - 301) };
      expect(example.isGenuine(NEW, stale, body)).toBe(false);
    } finally {
      folder.remove();
    }
  });

  it('has its batch split where it takes single events by now, or fewer', async () => {
    expect(await send(webhook(), [1, 2])).toMatchObject({ kind: 'too-large' });
    expect(await send(webhook({ batch: 'many', maxEvents: 1 }), [1, 2])).toMatchObject({ kind: 'too-large' });
    expect(received).toEqual([]);
  });

  it('is not sent more bytes than its limit', async () => {
    const destination = webhook({ batch: 'many' });
    const one = (await pack(destination, [recorded(1)])).textOf(recorded(1));
    const padded = (bytes: number) => recorded(1, 'x'.repeat(bytes - Buffer.byteLength(one)));
    // Five events of a MB each with brackets and commas are six bytes too many.
    const five = async (last: number) => {
      const events = [...Array.from({ length: 4 }, () => padded(1_000_000)), padded(last)];
      const packet = await pack(destination, events);
      expect(events.map((event) => Buffer.byteLength(packet.textOf(event))).at(-1)).toBe(last);
      return packet.send(signal());
    };
    expect(await five(1_000_000)).toMatchObject({ kind: 'too-large' });
    expect(received).toEqual([]);
    expect(await five(999_994)).toMatchObject({ kind: 'accepted' });
    expect(received[0]?.headers['content-length']).toBe('5000000');
  });

  it('keeps working while its secret is replaced: both sign, the newest first, read at each request', async () => {
    let secrets = [OLD];
    const destination = webhook({ secrets: () => secrets });
    await send(destination);
    secrets = [NEW, OLD];
    await send(destination);
    secrets = [NEW];
    await send(destination);
    expect(received.map((one) => [isGenuine(one, OLD), isGenuine(one, NEW)])).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
    expect(String(received[1]?.headers['webhook-signature']).split(' ')[0]).toBe(
      // The first of both is the newest's.
      `v1,${createHmac('sha256', Buffer.alloc(32, 2))
        .update(
          `${received[1]?.headers['webhook-id']}.${received[1]?.headers['webhook-timestamp']}.${received[1]?.body}`,
        )
        .digest('base64')}`,
    );
  });

  it('is sent nothing without a secret, which is named and never said, and goes on when it is there again', async () => {
    let secrets = () => [NEW];
    const destination = webhook({ secrets: () => secrets() });
    secrets = () => {
      throw new Error('the file /run/secrets/siem is not there');
    };
    expect(await send(destination)).toEqual({
      kind: 'unauthorized',
      reason: 'the file /run/secrets/siem is not there',
    });
    secrets = () => ['whsec_hunter2'];
    const bad = await send(destination);
    expect(bad).toEqual({ kind: 'unauthorized', reason: expect.stringContaining('DELIVERY_WEBHOOK_SECRET_INVALID') });
    expect(JSON.stringify(bad)).not.toContain('hunter2');
    expect(received).toEqual([]);
    secrets = () => [NEW];
    expect(await send(destination)).toMatchObject({ kind: 'accepted' });
  });

  it.each([
    [200, { kind: 'accepted', status: 200 }],
    [202, { kind: 'accepted', status: 202 }],
    [400, { kind: 'invalid', status: 400 }],
    [422, { kind: 'invalid', status: 422 }],
    [401, { kind: 'unauthorized', status: 401 }],
    [403, { kind: 'unauthorized', status: 403 }],
    [410, { kind: 'unauthorized', status: 410 }],
    [413, { kind: 'too-large', status: 413 }],
    [408, { kind: 'retry', status: 408, mayBeStored: false }],
    [429, { kind: 'retry', status: 429, mayBeStored: false }],
    [500, { kind: 'retry', status: 500, mayBeStored: true }],
    [502, { kind: 'retry', status: 502, mayBeStored: true }],
    [503, { kind: 'retry', status: 503, mayBeStored: false }],
    [504, { kind: 'retry', status: 504, mayBeStored: true }],
    [304, { kind: 'refused', status: 304 }],
    [404, { kind: 'refused', status: 404 }],
    [405, { kind: 'refused', status: 405 }],
  ])('that answers %i is judged', async (status, expected) => {
    answer = (response) => response.writeHead(status).end();
    expect(await send(webhook())).toMatchObject(expected);
  });

  it('is left in peace for as long as it asks', async () => {
    answer = (response) => response.writeHead(429, { 'retry-after': '7' }).end();
    expect(await send(webhook())).toMatchObject({ kind: 'retry', waitMs: 7_000 });
    answer = (response) =>
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }).end();
    const later = await send(webhook());
    expect('waitMs' in later && later.waitMs).toBeGreaterThan(55_000);
  });

  it.each([301, 302, 303, 307, 308])('that redirects with %i is not followed', async (status) => {
    let elsewhere = 0;
    const other = createServer((_, response) => {
      elsewhere += 1;
      response.end();
    });
    const target = await listen(other);
    answer = (response) => response.writeHead(status, { location: target }).end();
    expect(await send(webhook())).toMatchObject({ kind: 'refused', status });
    expect(elsewhere).toBe(0);
    await close(other);
  });

  it('that answers with a gzip bomb or without end costs no memory', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    expect(bomb.length).toBeGreaterThan(64 * 1024);
    answer = (response) => response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb);
    const before = process.memoryUsage().rss;
    const bombed = await send(webhook());
    expect(bombed).toMatchObject({ kind: 'retry', status: 500 });
    expect('reason' in bombed && bombed.reason.length).toBeLessThan(400);

    answer = (response) => {
      response.writeHead(400);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 'x')));
      };
      response.on('drain', more);
      more();
    };
    expect(await send(webhook())).toMatchObject({ kind: 'invalid', status: 400 });
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
  });

  it('is asked not to compress its answers', async () => {
    await send(webhook());
    expect(received[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('that never answers has done it perhaps, after its time or that of the attempt', async () => {
    answer = () => undefined;
    const from = performance.now();
    const uncertain = { kind: 'retry', reason: 'no answer in time', mayBeStored: true };
    expect(await send(webhook({ timeoutMs: 100 }))).toEqual(uncertain);
    const destination = webhook();
    const packet = await pack(destination, [recorded(1)]);
    expect(await packet.send(AbortSignal.timeout(100))).toEqual(uncertain);
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it('is believed by its status, however slowly the rest drips', async () => {
    for (const [status, expected] of [
      [200, { kind: 'accepted', status: 200 }],
      [400, { kind: 'invalid', status: 400, reason: expect.stringMatching(/^400 drip/) }],
    ] as const) {
      answer = (response) => {
        response.writeHead(status);
        const timer = setInterval(() => response.write('drip '), 50);
        response.on('close', () => clearInterval(timer));
      };
      const from = performance.now();
      expect(await send(webhook({ timeoutMs: 20_000 }))).toEqual(expected);
      expect(performance.now() - from).toBeLessThan(5_000);
    }
    answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('cut off');
      setTimeout(() => response.destroy(), 50);
    };
    expect(await send(webhook())).toEqual({ kind: 'accepted', status: 200 });
  });

  it('that resets the connection has done it perhaps; one that is not there has not', async () => {
    answer = (response) => response.socket?.resetAndDestroy();
    expect(await send(webhook())).toMatchObject({ kind: 'retry', mayBeStored: true });
    await close(server);
    expect(await send(webhook())).toMatchObject({ kind: 'retry', mayBeStored: false });
    server = createServer(listener);
    url = await listen(server);
  });

  it('that is on this machine without leave is refused, by the name of the destination and of the setting', async () => {
    const answered = await send(webhook({ allowPrivate: false }));
    expect(answered).toEqual({ kind: 'refused', reason: expect.stringMatching(/'siem'.*loopback.*allowPrivate/) });
    expect(received).toEqual([]);
  });

  it('is asked without an event whether it takes anything, signed like the rest', async () => {
    for (const batch of ['one', 'many'] as const) {
      expect(await webhook({ batch }).check(signal())).toMatchObject({ kind: 'accepted' });
      const one = received.at(-1);
      expect(one && isGenuine(one, NEW)).toBe(true);
      const envelope: unknown = JSON.parse(one?.body ?? '');
      const check = { specversion: '1.0', type: 'delivery.check', id: one?.headers['webhook-id'] };
      expect(envelope).toMatchObject(batch === 'one' ? check : [check]);
    }
    answer = (response) => response.writeHead(400).end();
    expect(await webhook().check(signal())).toMatchObject({ kind: 'invalid' });
  });
});

describe('a webhook over TLS', () => {
  const folder = testFolder();
  let tls: { cert: Buffer; key: Buffer };
  let secure: typeof server;
  let secureUrl: string;

  beforeAll(() => {
    const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const named = ['-subj', '/CN=receiver', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:right.example'];
    execFileSync('openssl', [...made, '-keyout', key, '-out', cert, ...named], { stdio: 'ignore' });
    tls = { cert: readFileSync(cert), key: readFileSync(key) };
  });
  afterAll(() => folder.remove());
  beforeEach(async () => {
    secure = createTlsServer(tls, listener);
    secureUrl = await listen(secure, 'https');
  });
  afterEach(() => close(secure));

  it('that signed its own certificate is refused, and nothing is sent', async () => {
    const answered = await send(webhook({ url: secureUrl }));
    expect(answered).toEqual({ kind: 'refused', reason: expect.stringContaining('certificate') });
    expect(received).toEqual([]);
  });

  it('is verified and reached directly, whatever the environment says', async () => {
    // Node reads these from the real environment, which a test cannot change for itself: a process of its own, from dist/.
    const script = `
      import { WebhookDestination } from '#delivery/webhook';
      for (const url of ['${secureUrl}', '${url}']) {
        const webhook = new WebhookDestination({ name: 'siem', url, secrets: () => ['${NEW}'], batch: 'one', maxEvents: 1,
          timeoutMs: 5000, allowPrivate: true });
        console.log((await webhook.check(new AbortController().signal)).kind);
        await webhook.close();
      }`;
    const proxy = 'http://127.0.0.1:9';
    const environment = {
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      ALL_PROXY: proxy,
      http_proxy: proxy,
      https_proxy: proxy,
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
      env: { ...environment, PATH: process.env.PATH, NODE_USE_ENV_PROXY: '1', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    });
    expect(stdout.trim().split('\n')).toEqual(['refused', 'accepted']);
    expect(received).toHaveLength(1);
  });

  it('is reached where its authority is named, and refused under a name that its certificate does not hold', async () => {
    const ca = tls.cert.toString();
    expect(await send(webhook({ url: secureUrl, ca }))).toEqual({ kind: 'accepted', status: 204 });
    expect(received).toHaveLength(1);
    const resolve: WebhookOptions['resolve'] = (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    const right = secureUrl.replace('127.0.0.1', 'right.example');
    expect(await send(webhook({ url: right, ca, resolve }))).toMatchObject({ kind: 'accepted' });
    const wrong = secureUrl.replace('127.0.0.1', 'wrong.example');
    expect(await send(webhook({ url: wrong, ca, resolve }))).toMatchObject({ kind: 'refused' });
    expect(received).toHaveLength(2);
  });
});
