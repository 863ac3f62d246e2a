import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Epoch, type EventDraft, type NodeName, stampEvent } from '#events';
import { type RecordedEvent, recordedEvent } from '#record';
import { MAPPING_ENTRY } from '../../../../test/support/built.js';
import type { Lane } from '../../src/destination.js';
import { DatadogDestination } from './datadog-destination.js';
import { MAX_REQUEST_BYTES } from './limits.js';
import { isLate, type LogContext, renderLog } from './log.js';
import { MappingThread } from './mapping-thread.js';

// The real thread, as it was built. Bad ones are made of a line of code; nothing else is faked but the intake, which keeps what it gets.

const NOW = Date.parse('2026-11-25T08:00:00.000Z');
const CONTEXT: LogContext = { batch: 7n, attempt: 2, lane: 'catchup', mappingVersion: 2, env: 'test', nowMs: NOW };
const EPOCH = '00112233445566ff' as Epoch;
const HOUR_US = 3_600_000_000;

function entryOf(code: string): URL {
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'; ${code}`)}`,
  );
}

function recorded(position: bigint, time: string, text: string, more: Partial<RecordedEvent> = {}): RecordedEvent {
  const draft: EventDraft = {
    ...{ type: 'command.issued', time, class: 'standard', session: `s-${text.slice(0, 5).toWellFormed()}` },
    identity: { id: text.slice(0, 9).toWellFormed() || 'a', kind: 'agent', provider: 'p', verified: true },
    connection: { name: 'orders', type: 'postgres', sensitivity: 'normal' },
    data: {
      ...{ command: 'c', kind: 'query', approval: { required: false, state: 'none' } },
      statement: { text, bytes: Buffer.byteLength(text), sha256: 'ab'.repeat(32) },
    },
  };
  const event = stampEvent(draft, 'gw-1' as NodeName, EPOCH, Number(position % 1_000n) + 1);
  return { ...recordedEvent(event, { position, recordedAt: time }), ...more };
}

const instants = fc.integer({ min: -20 * HOUR_US, max: 3 * HOUR_US }).map((us) => {
  const ms = NOW + Math.floor(us / 1_000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(Math.abs(us % 1_000)).padStart(3, '0')}Z`;
});
const texts = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 60 }) },
  { weight: 5, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  // Longer than what is shown of a statement.
  { weight: 1, arbitrary: fc.constant('ü€😀'.repeat(3_000)) },
);
const events = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({
        at: fc.bigInt({ min: 0n, max: 2n ** 62n }),
        time: instants,
        text: texts,
        class: fc.constantFrom('standard', 'long'),
      })
      .map((one) => recorded(one.at, one.time, one.text.toWellFormed(), { class: one.class })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ body: fc.uint8Array(), time: instants })
      .map(({ body, time }) =>
        recorded(5n, time, 'x', { type: 'quarantined', occurredAt: null, body: Buffer.from(body) }),
      ),
  },
  // Of a type that this version does not take apart: the bytes are no event.
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('{}', '{"data":null}', '[', '')
      .map((body) => recorded(6n, '2026-11-25T07:00:00.000000Z', 'x', { body: Buffer.from(body), outcome: 'failure' })),
  },
);
const contexts = fc.record({
  ...{ batch: fc.bigInt({ min: 1n, max: 2n ** 62n }), attempt: fc.nat(), env: fc.string(), nowMs: fc.constant(NOW) },
  ...{ lane: fc.constantFrom<Lane>('live', 'catchup', 'replay', 'backfill'), mappingVersion: fc.constantFrom(1, 2) },
});

function many(count: number, text = 'SELECT 1'): RecordedEvent[] {
  return Array.from({ length: count }, (_, n) => recorded(BigInt(n), '2026-11-25T07:59:59.123456Z', `${text} -- ${n}`));
}

const told: [string, unknown][] = [];
const trouble = (what: string, error: unknown) => void told.push([what, error]);
const open: { close(): Promise<void> }[] = [];

beforeEach(() => void told.splice(0));
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

function made<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

describe('the mapping thread', () => {
  it('makes the very bytes that the main thread would, of whatever was recorded', async () => {
    const thread = made(new MappingThread({ entry: MAPPING_ENTRY }));
    await fc.assert(
      fc.asyncProperty(fc.array(events, { minLength: 1, maxLength: 40 }), contexts, async (batch, context) => {
        const before = Buffer.concat(batch.map(({ body }) => body));
        const mapped = await thread.map(batch, context, trouble);
        const json = `[${batch.map((event) => renderLog(event, context)).join(',')}]`;
        expect(gunzipSync(mapped?.gzipped ?? '').toString()).toBe(json);
        expect(mapped).toMatchObject({
          bytes: Buffer.byteLength(json),
          late: batch.filter((event) => isLate(event, NOW)).length,
        });
        // What was handed over was a copy.
        expect(before.equals(Buffer.concat(batch.map(({ body }) => body)))).toBe(true);
      }),
      { numRuns: 100 },
    );
    expect(told).toEqual([]);
  });

  it('takes batches side by side, larger and smaller ones, each for itself', async () => {
    const thread = made(new MappingThread({ entry: MAPPING_ENTRY }));
    for (let round = 0; round < 3; round++) {
      const batches = [1_000, 1, 400, 1_000, 2].map((count, n) => many(count, `SELECT ${round}.${n}`));
      const mapped = await Promise.all(batches.map((batch) => thread.map(batch, CONTEXT, trouble)));
      expect(mapped.map((one) => JSON.parse(gunzipSync(one?.gzipped ?? '').toString()))).toEqual(
        batches.map((batch) => batch.map((event) => JSON.parse(renderLog(event, CONTEXT)))),
      );
    }
  });

  it('compresses nothing that the intake would refuse, and says how much it would have been', async () => {
    const thread = made(new MappingThread({ entry: MAPPING_ENTRY }));
    const batch = many(250, 'ä'.repeat(12_000));
    const bytes = Buffer.byteLength(`[${batch.map((event) => renderLog(event, CONTEXT)).join(',')}]`);
    expect(bytes).toBeGreaterThan(MAX_REQUEST_BYTES);
    expect(await thread.map(batch, CONTEXT, trouble)).toMatchObject({ bytes, gzipped: new Uint8Array(0) });
    expect(gunzipSync((await thread.map(many(1), CONTEXT, trouble))?.gzipped ?? '').length).toBeLessThan(2_000);
  });

  it('that is killed in the middle leaves its batches to whoever asked, says so once, and is made again', async () => {
    const thread = made(new MappingThread({ entry: MAPPING_ENTRY, restMs: 100 }));
    await thread.map(many(1), CONTEXT, trouble);
    const { worker } = thread as unknown as { worker: Worker };
    const batch = many(1_000);
    const waiting = Array.from({ length: 4 }, () => thread.map(batch, CONTEXT, trouble));
    const [mapped] = await Promise.all([Promise.all(waiting), worker.terminate()]);
    // The first may have been done.
    expect(mapped.slice(2)).toEqual([undefined, undefined]);
    expect(told).toEqual([[expect.any(String), expect.objectContaining({ code: 'DELIVERY_MAPPING_THREAD_ENDED' })]]);
    expect(await thread.map(many(1), CONTEXT, trouble)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await thread.map(many(1_000), CONTEXT, trouble)).toMatchObject({ late: 0 });
    expect(told).toHaveLength(1);
  });

  it.each([
    ['throws', 'parentPort.on("message", () => { throw new RangeError("no") })', { name: 'RangeError' }],
    [
      'runs out of its memory',
      'parentPort.on("message", () => { const all = []; for (;;) all.push(new Array(1_000).fill({})) })',
      { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    ],
    ['cannot begin', 'throw new Error("nothing there")', { message: 'nothing there' }],
  ])('that %s ends, and nothing else does', async (_, code, error) => {
    const thread = made(new MappingThread({ entry: entryOf(code) }));
    expect(await thread.map(many(200), CONTEXT, trouble)).toBeUndefined();
    expect(told).toEqual([[expect.any(String), expect.objectContaining(error)]]);
  });

  it.each([
    ['loops for ever', 'parentPort.on("message", () => { for (;;); })'],
    ['never answers', 'parentPort.on("message", () => undefined)'],
  ])('that %s is ended, and what waits for it goes on', async (_, code) => {
    const thread = made(new MappingThread({ entry: entryOf(code), patienceMs: 500 }));
    const batches = [many(200), many(200)].map((batch) => thread.map(batch, CONTEXT, trouble));
    const { worker } = thread as unknown as { worker: Worker };
    const ended = once(worker, 'exit');
    expect(await Promise.all(batches)).toEqual([undefined, undefined]);
    expect(told).toEqual([[expect.any(String), expect.objectContaining({ code: 'DELIVERY_MAPPING_THREAD_HUNG' })]]);
    await ended;
  });

  it('answers who still waits when it is closed, and makes no other', async () => {
    const thread = new MappingThread({ entry: entryOf('parentPort.on("message", () => undefined)') });
    const waiting = thread.map(many(200), CONTEXT, trouble);
    await thread.close();
    expect(await waiting).toBeUndefined();
    expect(await thread.map(many(200), CONTEXT, trouble)).toBeUndefined();
    expect(told).toEqual([]);
  });

  it('keeps a process alive only while a batch is under way', async () => {
    const code = `
      const { MappingThread } = await import(${JSON.stringify(new URL('../libs/delivery/datadog/src/mapping-thread.js', MAPPING_ENTRY))});
      const event = { position: 1n, recordedAt: '', class: 'c', node: 'n', epoch: 'e', seq: 1, type: 'quarantined',
        occurredAt: null, outcome: null, body: Buffer.from('x') };
      const mapped = await new MappingThread().map([event], { batch: 1n, attempt: 1, lane: 'live', mappingVersion: 1, env: 'e', nowMs: 0 });
      console.log(mapped.bytes > 0);`;
    const ran = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 });
    expect(ran.stdout).toBe('true\n');
  });
});

describe('a packet', () => {
  let server: Server;
  let url: string;
  const arrived: string[] = [];

  beforeEach(async () => {
    arrived.splice(0);
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      arrived.push(gunzipSync(Buffer.concat(chunks)).toString());
      response.writeHead(202).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    ['few events', 10, MAPPING_ENTRY, 0],
    ['many events', 500, MAPPING_ENTRY, 0],
    ['many events without a thread', 500, entryOf('process.exit(1)'), 1],
  ])('of %s is what it says', async (_, count, mappingEntry, troubles) => {
    const destination = made(
      new DatadogDestination({ url, apiKey: 'k', env: 'test', allowPrivate: true, mappingEntry }),
    );
    const batch = [...many(count - 1), recorded(1n, '2020-01-01T00:00:00.000000Z', 'old')];
    const context = { batch: 1n, attempt: 1, lane: 'live', mappingVersion: 2 } as const;
    for (const events of [batch, batch]) {
      const packet = await destination.pack(events, context, trouble);
      expect(packet.late).toBe(events.filter((event) => destination.isLate(event)).length);
      expect(await packet.send(AbortSignal.timeout(5_000))).toEqual({ kind: 'accepted', status: 202 });
      expect(arrived.pop()).toBe(`[${events.map((event) => packet.textOf(event)).join(',')}]`);
    }
    expect(told).toHaveLength(troubles);
  });
});
