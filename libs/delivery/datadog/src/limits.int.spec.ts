import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { EventDraft } from '#events';
import { sessionDraft, type TestProducer } from '../../../../test/support/producer.js';
import { testRedisUrl, until } from '../../../../test/support/servers.js';
import { TestRecord } from '../../../../test/support/test-record.js';
import { Forwarder } from '../../src/forwarder.js';
import type { EventSelection } from '../../src/selection.js';
import { DatadogDestination } from './datadog-destination.js';
import { IntakeClock } from './intake-clock.js';
import { GOAL_REQUEST_BYTES, MAX_LOG_BYTES, MAX_LOGS, MAX_REQUEST_BYTES } from './limits.js';
import { IntakeSender } from './sender.js';
import { type StandIn, startStandIn } from './stand-in/stand-in.js';

// Each documented limit of the intake from both sides, through the real sender over real sockets. Faked: Datadog, by the stand-in,
// which enforces them; and servers that answer what no intake should.

const KEY = 'local-test-key';
const SIGNAL = new AbortController().signal;
const ALL_STATUSES = Array.from({ length: 400 }, (_, n) => 200 + n);

/** Logs that make a body of exactly so many bytes. */
function logsOf(bodyBytes: number, count: number): string[] {
  const frame = '{"m":""}'.length;
  // Brackets and commas are part of the body.
  let left = bodyBytes - 2 - (count - 1) - count * frame;
  return Array.from({ length: count }, (_, n) => {
    const size = n === count - 1 ? left : Math.floor(left / (count - n));
    left -= size;
    return `{"m":"${'x'.repeat(size)}"}`;
  });
}

describe('the limits of the intake', () => {
  let standIn: StandIn;
  let destination: DatadogDestination;

  beforeEach(async () => {
    standIn = await startStandIn({ port: 0, apiKeys: [KEY] });
    destination = new DatadogDestination({ url: standIn.logsUrl, apiKey: KEY, env: 'test', allowPrivate: true });
  });
  afterEach(async () => {
    await destination.close();
    await standIn.close();
  });

  async function answering(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    judge: (sender: IntakeSender) => Promise<void>,
  ): Promise<void> {
    const server = createServer((request, response) => {
      request.resume();
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const egress = { destination: 'test', allowPrivate: true };
    const sender = new IntakeSender({
      ...{ url: `http://127.0.0.1:${port}/`, apiKey: () => KEY, clock: new IntakeClock(), egress },
    });
    try {
      await judge(sender);
    } finally {
      await sender.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it('every status there is has a class, and only 2xx is accepted', async () => {
    let status = 0;
    const seen: Record<string, number[]> = {};
    await answering(
      (_, response) => response.writeHead(status).end(),
      async (sender) => {
        for (status of ALL_STATUSES) {
          const answer = await sender.post(Buffer.from('[]'), SIGNAL);
          const name = answer.kind === 'retry' && answer.mayBeStored ? 'uncertain' : answer.kind;
          seen[name] = [...(seen[name] ?? []), status];
        }
      },
    );
    expect(seen.accepted).toEqual(ALL_STATUSES.filter((one) => one < 300));
    expect(seen.invalid).toEqual([400]);
    expect(seen.unauthorized).toEqual([401, 403]);
    expect(seen['too-large']).toEqual([413]);
    expect(seen.uncertain).toEqual([502, 504]);
    expect(seen.retry).toEqual([408, 429, ...ALL_STATUSES.filter((one) => one >= 500 && one !== 502 && one !== 504)]);
    const others = ALL_STATUSES.filter((one) => one >= 300 && one < 500);
    expect(seen.refused).toEqual(others.filter((one) => ![400, 401, 403, 408, 413, 429].includes(one)));
  });

  it.each([
    ['4.99 MB', 4_990_000, 'accepted'],
    ['5 MB to the byte', MAX_REQUEST_BYTES, 'accepted'],
    ['a byte more', MAX_REQUEST_BYTES + 1, 'too-large'],
    ['5.01 MB', 5_010_000, 'too-large'],
  ])('a request of %s', async (_, bytes, kind) => {
    const rendered = logsOf(bytes, 10);
    expect(Buffer.byteLength(`[${rendered.join(',')}]`)).toBe(bytes);
    expect(await destination.send(rendered, SIGNAL)).toMatchObject({ kind });
    // What is certain to be refused does not cross the line.
    expect(standIn.counts.requests).toBe(kind === 'accepted' ? 1 : 0);
    expect(standIn.entries()).toHaveLength(kind === 'accepted' ? 10 : 0);
    // The intake itself draws the same line.
    const sender = new IntakeSender({
      ...{ url: standIn.logsUrl, apiKey: () => KEY, clock: new IntakeClock() },
      egress: { destination: 'test', allowPrivate: true },
    });
    expect(await sender.post(Buffer.from(`[${rendered.join(',')}]`), SIGNAL)).toMatchObject({ kind });
    await sender.close();
  });

  it.each([
    [999, 'accepted'],
    [MAX_LOGS, 'accepted'],
    [1_001, 'too-large'],
  ])('%d logs in one request', async (count, kind) => {
    expect(await destination.send(logsOf(200_000, count), SIGNAL)).toMatchObject({ kind });
    expect(standIn.entries()).toHaveLength(kind === 'accepted' ? count : 0);
  });

  it.each([
    [202, 'accepted'],
    [400, 'invalid'],
    [503, 'retry'],
  ])('an answer %d that is a gzip bomb is not opened', async (status, kind) => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 ** 2), { level: 9 });
    const before = process.memoryUsage().rss;
    await answering(
      (_, response) => response.writeHead(status, { 'content-encoding': 'gzip' }).end(bomb),
      async (sender) => {
        const answer = await sender.post(Buffer.from('[]'), SIGNAL);
        expect(answer).toMatchObject({ kind, status });
        expect(JSON.stringify(answer).length).toBeLessThan(2_000);
      },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
  });

  describe('met by the forwarder', () => {
    let record: TestRecord;
    let producer: TestProducer;
    let forwarder: Forwarder | undefined;
    /** Of each request: how many logs, and how many bytes. */
    let requests: { logs: number; bytes: number }[];

    beforeEach(async () => {
      record = await TestRecord.open();
      producer = await record.producer('gw-1');
      requests = [];
      const send = destination.send.bind(destination);
      destination.send = (rendered, signal) => {
        requests.push({ logs: rendered.length, bytes: Buffer.byteLength(`[${rendered.join(',')}]`) });
        return send(rendered, signal);
      };
    });
    afterEach(async () => {
      await forwarder?.stop();
      await record.close();
    });

    /** Delivers these, and nothing that the record says of itself. */
    async function deliver(drafts: EventDraft[], selection: EventSelection): Promise<Record<string, unknown>[]> {
      await record.record(producer, drafts);
      forwarder = new Forwarder({
        ...{
          pool: await record.poolOf('forwarder'),
          redisUrl: await testRedisUrl(),
          destination,
          requestTimeoutMs: 20_000,
          leaseMs: 60_000,
        },
        ...{ entry: { selection }, sweepMs: 200 },
      });
      await forwarder.start();
      await until('all arrived', () => standIn.entries().length >= drafts.length, 30_000);
      return standIn.entries();
    }

    it.each([
      [999, [999]],
      [1_000, [1_000]],
      [1_001, [1_000, 1]],
    ])('%d events go in requests of %j', async (count, sizes) => {
      const drafts = Array.from({ length: count }, (_, n) => sessionDraft(`s${n}`));
      await deliver(drafts, { types: ['command.completed'] });
      expect(requests.map(({ logs }) => logs).sort((a, b) => b - a)).toEqual(sizes);
      expect(standIn.counts).toMatchObject({ refused: 0, logs: count });
    });

    it('requests are filled towards 4.25 MB, and none is above 5 MB', async () => {
      const text = 'x'.repeat(20_000);
      const drafts = Array.from({ length: 450 }, (_, n): EventDraft => {
        const data = {
          command: `s${n}.1`,
          kind: 'query',
          statement: { text, bytes: text.length, sha256: '0'.repeat(64) },
          approval: { required: false, state: 'none' },
        };
        return { ...sessionDraft(`s${n}`), type: 'command.issued', data } as EventDraft;
      });
      await deliver(drafts, { types: ['command.issued'] });
      expect(standIn.counts).toMatchObject({ refused: 0, logs: 450 });
      expect(Math.max(...requests.map(({ bytes }) => bytes))).toBeLessThan(MAX_REQUEST_BYTES);
      expect(requests.filter(({ bytes }) => bytes > GOAL_REQUEST_BYTES * 0.97).length).toBeGreaterThanOrEqual(2);
    });

    it('an event of 0.99 MB goes whole, one of 1.01 MB shortened, and the intake cuts neither', async () => {
      const draft = (hold: string, bytes: number): EventDraft => {
        // Mapped, each of these is an attribute of its own, as long as it is here.
        const data: Record<string, string> = { hold, by: 'carol', reason: 'r' };
        for (let n = 100; bytes > 0; n++, bytes -= 1_010) data[`n${n}`] = 'v'.repeat(Math.min(1_000, bytes));
        return { time: sessionDraft('s').time, class: 'system', type: 'hold.placed', data } as unknown as EventDraft;
      };
      const logs = await deliver([draft('below', 988_000), draft('above', 1_010_000)], { types: ['hold.*'] });
      const of = (hold: string) => logs.find((log) => (log.hold as { id: string } | undefined)?.id === hold);
      const short = logs.find((log) => String(log.ddtags).includes('shortened:true'));
      expect(Buffer.byteLength(JSON.stringify(of('below')))).toBeGreaterThan(980_000);
      expect(Buffer.byteLength(JSON.stringify(of('below')))).toBeLessThanOrEqual(MAX_LOG_BYTES);
      expect(of('below')?.ddtags).not.toContain('shortened');
      const { original_bytes: bytes } = (short?.evt ?? {}) as { original_bytes?: number };
      expect(bytes).toBeGreaterThan(MAX_LOG_BYTES);
      expect(standIn.counts).toMatchObject({ cut: 0, refused: 0, logs: 2 });
    });
  });
});
