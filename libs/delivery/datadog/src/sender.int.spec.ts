import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { IntakeClock } from './intake-clock.js';
import { IntakeSender, judge } from './sender.js';
import { type StandIn, startStandIn } from './stand-in/stand-in.js';

// The sender against the stand-in, with each of its faults, over real sockets.

const KEY = 'k-0123456789abcdef';
const egress = { destination: 'datadog', allowPrivate: true };

describe('the sender', () => {
  let standIn: StandIn;
  let sender: IntakeSender;
  let clock: IntakeClock;
  let standInNow: () => number;

  beforeEach(async () => {
    standInNow = Date.now;
    standIn = await startStandIn({ port: 0, apiKeys: [KEY], now: () => standInNow() });
    clock = new IntakeClock();
    sender = new IntakeSender({ url: standIn.logsUrl, apiKey: () => KEY, clock, egress });
  });
  afterEach(async () => {
    await sender.close();
    await standIn.close();
  });

  const body = { gzipped: gzipSync(JSON.stringify([{ message: 'one', evt: { id: 'a' } }])), bytes: 37 };

  async function post(timeoutMs = 5_000) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      return await sender.post(body, abort.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  it('delivers, compressed, and calls 202 accepted', async () => {
    expect(await post()).toEqual({ kind: 'accepted', status: 202 });
    expect(standIn.entries()).toEqual([{ message: 'one', evt: { id: 'a' } }]);
  });

  it.each([
    ['408', { kind: 'retry', status: 408, mayBeStored: false }],
    ['429', { kind: 'retry', status: 429, mayBeStored: false }],
    ['500', { kind: 'retry', status: 500, mayBeStored: false }],
    ['503', { kind: 'retry', status: 503, mayBeStored: false }],
    ['504', { kind: 'retry', status: 504, mayBeStored: true }],
    ['413', { kind: 'too-large', status: 413 }],
    ['400', { kind: 'invalid', status: 400 }],
    ['401', { kind: 'unauthorized', status: 401 }],
    ['403', { kind: 'unauthorized', status: 403 }],
    ['404', { kind: 'refused', status: 404 }],
    ['reset', { kind: 'retry', mayBeStored: true }],
  ])('judges %s, and nothing is stored', async (kind, expected) => {
    standIn.faults.add({ kind });
    expect(await post()).toMatchObject(expected);
    expect(standIn.entries()).toEqual([]);
    expect(await post()).toMatchObject({ kind: 'accepted' });
  });

  it('takes a lost answer for uncertain: it was stored', async () => {
    standIn.faults.add({ kind: 'lose-answer' });
    expect(await post()).toMatchObject({ kind: 'retry', mayBeStored: true });
    expect(standIn.entries()).toHaveLength(1);
  });

  it('takes no answer in time for uncertain, and does not wait longer', async () => {
    standIn.faults.add({ kind: 'hang' });
    const from = performance.now();
    expect(await post(100)).toEqual({ kind: 'retry', reason: 'no answer in time', mayBeStored: true });
    expect(performance.now() - from).toBeLessThan(1_000);
  });

  it('knows that a refused connection stored nothing', async () => {
    await standIn.close();
    expect(await post()).toMatchObject({ kind: 'retry', mayBeStored: false });
    standIn = await startStandIn({ port: 0 });
  });

  it('passes on how long it is asked to wait', async () => {
    standIn.faults.add({ kind: '429', retryAfter: '7' });
    standIn.faults.add({ kind: '429', rateLimitReset: '3' });
    expect(await post()).toMatchObject({ kind: 'retry', waitMs: 7_000 });
    expect(await post()).toMatchObject({ kind: 'retry', waitMs: 3_000 });
  });

  it('learns the intake’s time from its answers', async () => {
    standInNow = () => Date.now() + 5 * 3_600_000;
    await post();
    expect(Math.abs(clock.skewMs - 5 * 3_600_000)).toBeLessThan(2_000);
  });

  it('says that a key may be one of another site, and never says the key', async () => {
    const echo: Server = createServer((request, response) => {
      response.writeHead(403).end(`you sent ${String(request.headers['dd-api-key'])}`);
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const { port } = echo.address() as { port: number };
    const other = new IntakeSender({ url: `http://127.0.0.1:${port}/x`, apiKey: () => KEY, clock, egress });
    const answer = await other.post(body, new AbortController().signal);
    expect(answer).toMatchObject({ kind: 'unauthorized', reason: expect.stringContaining('another Datadog site') });
    expect(JSON.stringify(answer)).not.toContain(KEY);
    await other.close();
    await new Promise((resolve) => echo.close(resolve));
  });

  it('reads no more of an answer than it needs', async () => {
    const flood: Server = createServer((_, response) => {
      response.writeHead(500);
      const timer = setInterval(() => response.write('x'.repeat(64 * 1024)), 1);
      response.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => flood.listen(0, '127.0.0.1', resolve));
    const { port } = flood.address() as { port: number };
    const other = new IntakeSender({ url: `http://127.0.0.1:${port}/x`, apiKey: () => KEY, clock, egress });
    const answer = await other.post(body, new AbortController().signal);
    expect(answer).toMatchObject({ kind: 'retry', status: 500 });
    expect('reason' in answer && answer.reason.length).toBeLessThan(400);
    await other.close();
    flood.closeAllConnections();
    await new Promise((resolve) => flood.close(resolve));
  });

  it('without a key sends nothing, and says which key it is that it lacks', async () => {
    const apiKey = () => {
      throw new Error('the file /run/secrets/dd is empty or not there');
    };
    const other = new IntakeSender({ url: standIn.logsUrl, apiKey, clock, egress });
    expect(await other.post(body, new AbortController().signal)).toEqual({
      kind: 'unauthorized',
      reason: 'the file /run/secrets/dd is empty or not there',
    });
    expect(standIn.entries()).toEqual([]);
    await other.close();
  });

  it('sends nothing to a private address that nobody allowed', async () => {
    const guarded = { destination: 'datadog', allowPrivate: false };
    const other = new IntakeSender({ url: standIn.logsUrl, apiKey: () => KEY, clock, egress: guarded });
    expect(await other.post(body, new AbortController().signal)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining("'datadog' leads to 127.0.0.1, a loopback address"),
    });
    expect(standIn.entries()).toEqual([]);
    await other.close();
  });

  it('uses the key that holds at the moment', async () => {
    let key = 'old';
    const rotating = new IntakeSender({ url: standIn.logsUrl, apiKey: () => key, clock, egress });
    const signal = new AbortController().signal;
    expect(await rotating.post(body, signal)).toMatchObject({ kind: 'unauthorized' });
    key = KEY;
    expect(await rotating.post(body, signal)).toMatchObject({ kind: 'accepted' });
    await rotating.close();
  });
});

describe('an answer', () => {
  const headerOf = () => undefined;

  it('of Datadog’s own form is quoted by what it says', () => {
    const text = '{"errors":[{"status":"400","title":"Bad Request","detail":"HTTP path is invalid"}]}';
    expect(judge({ status: 400, headerOf, text })).toEqual({
      kind: 'invalid',
      status: 400,
      reason: '400 Bad Request: HTTP path is invalid',
    });
    expect(judge({ status: 403, headerOf, text: '{"errors":["Forbidden"]}' })).toMatchObject({
      reason: expect.stringContaining('403 Forbidden'),
    });
  });

  it('that redirects is not followed', () => {
    expect(judge({ status: 302, headerOf, text: '' })).toMatchObject({ kind: 'refused' });
  });
});
