import fc from 'fast-check';
import { type AuditEvent, type Epoch, type NodeName, stampEvent } from '#events';
import { type RecordedEvent, recordedEvent } from '#record';
import { type CloudEventContext, renderCloudEvent, requestIdOf } from './cloud-event.js';
import { MAX_EVENT_BYTES } from './limits.js';

const NOW = Date.parse('2026-11-25T08:00:01.000Z');
const CONTEXT: CloudEventContext = { batch: 42n, attempt: 3, lane: 'live', nowMs: NOW };
const EPOCH = '00112233445566ff' as Epoch;
const NODE = 'edge-1' as NodeName;
const HOUR_MS = 3_600_000;

function event(text = 'SELECT 1', seq = 7): AuditEvent {
  return stampEvent(
    {
      type: 'command.issued',
      time: '2026-11-25T08:00:00.123456Z',
      class: 'standard',
      session: 's-1',
      data: {
        command: 'c-1',
        kind: 'query',
        statement: { text, bytes: Buffer.byteLength(text), sha256: '0'.repeat(64) },
        approval: { required: false, state: 'none' },
      },
    } as never,
    NODE,
    EPOCH,
    seq,
  );
}

function recorded(overrides: Partial<RecordedEvent> = {}, of = event()): RecordedEvent {
  return {
    ...recordedEvent(of, { position: 9_007_199_254_740_993n, recordedAt: '2026-11-25T08:00:00.500000Z' }),
    ...overrides,
  };
}

const read = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('the envelope of an event', () => {
  it('is a CloudEvent whose data is the event, byte for byte', () => {
    const one = recorded();
    const text = renderCloudEvent(one, CONTEXT);
    expect(text.endsWith(`,"data":${one.body.toString('utf8')}}`)).toBe(true);
    const { data, ...attributes } = read(text);
    expect(data).toEqual(JSON.parse(one.body.toString('utf8')));
    expect(attributes).toEqual({
      specversion: '1.0',
      id: `${EPOCH}.7`,
      source: '/affidavit/edge-1',
      type: 'command.issued',
      time: '2026-11-25T08:00:00.123456Z',
      subject: 's-1',
      datacontenttype: 'application/json',
      affidavitposition: '9007199254740993',
      recordedat: '2026-11-25T08:00:00.500000Z',
      late: false,
      replay: false,
      backfill: false,
      deliverybatch: '42',
      deliveryattempt: 3,
    });
    for (const name of Object.keys(attributes)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it.each([
    ['16 h old', -16 * HOUR_MS, false],
    ['19 h old', -19 * HOUR_MS, true],
    ['6 years old', -6 * 365 * 24 * HOUR_MS, true],
    ['from half an hour ahead', HOUR_MS / 2, false],
    ['from 3 h ahead', 3 * HOUR_MS, true],
  ])('says of an event that is %s whether it is late', (_, offsetMs, late) => {
    const occurredAt = new Date(NOW + offsetMs).toISOString();
    expect(read(renderCloudEvent(recorded({ occurredAt }), CONTEXT))).toMatchObject({ late, time: occurredAt });
  });

  it.each(['replay', 'backfill'] as const)('says that it comes by a %s', (lane) => {
    const flags = { replay: false, backfill: false, [lane]: true };
    expect(read(renderCloudEvent(recorded(), { ...CONTEXT, lane }))).toMatchObject(flags);
    expect(read(renderCloudEvent(recorded(), { ...CONTEXT, lane: 'catchup' }))).toMatchObject({
      replay: false,
      backfill: false,
    });
  });

  it('of bytes that could not be taken apart holds them as they are', () => {
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x22]);
    for (const type of ['quarantined', 'command.issued'] as const) {
      const envelope = read(renderCloudEvent(recorded({ type, body, occurredAt: null }), CONTEXT));
      expect(envelope).toMatchObject({
        type,
        datacontenttype: 'application/octet-stream',
        time: '2026-11-25T08:00:00.500000Z',
      });
      expect(Buffer.from(String(envelope.data_base64), 'base64')).toEqual(body);
      expect(envelope).not.toHaveProperty('data');
    }
  });

  it('is valid JSON below the limit, whatever the bytes are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom('quarantined' as const, 'session.closed' as const),
        (bytes, type) => {
          const envelope = read(renderCloudEvent(recorded({ type, body: Buffer.from(bytes) }), CONTEXT));
          expect(envelope.id).toBe(`${EPOCH}.7`);
        },
      ),
    );
  });

  it('holds an event that just fits as it is, and shortens one that does not, visibly', () => {
    const room = MAX_EVENT_BYTES - Buffer.byteLength(renderCloudEvent(recorded({}, event('')), CONTEXT));
    // `bytes` of the statement has six digits where that of the empty one has one.
    const fits = 'x'.repeat(room - 5);
    const whole = renderCloudEvent(recorded({}, event(fits)), CONTEXT);
    expect(Buffer.byteLength(whole)).toBe(MAX_EVENT_BYTES);
    expect(read(whole)).not.toHaveProperty('shortened');

    const one = recorded({}, event(`${fits}x`));
    const cut = renderCloudEvent(one, CONTEXT);
    expect(Buffer.byteLength(cut)).toBeLessThan(10_000);
    expect(read(cut)).toMatchObject({
      id: `${EPOCH}.7`,
      shortened: true,
      originalbytes: one.body.length,
      data: { id: `${EPOCH}.7`, session: 's-1', data: { command: 'c-1', statement: { text: 'x'.repeat(1_000) } } },
    });
  });

  it('of an event with too many members keeps what identifies it', () => {
    const many = Object.fromEntries(Array.from({ length: 80_000 }, (_, at) => [`member-${at}`, 1]));
    const body = Buffer.from(JSON.stringify({ ...event(), data: many }));
    const envelope = read(renderCloudEvent(recorded({ body }), CONTEXT));
    expect(envelope).toMatchObject({
      shortened: true,
      originalbytes: body.length,
      data: { session: 's-1', node: NODE },
    });
    expect(envelope.data).not.toHaveProperty('data');
  });

  it('of too many raw bytes keeps their beginning', () => {
    const body = Buffer.alloc(2_000_000, 0xfe);
    const text = renderCloudEvent(recorded({ type: 'quarantined', body }), CONTEXT);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    const envelope = read(text);
    expect(envelope).toMatchObject({ shortened: true, originalbytes: 2_000_000 });
    expect(Buffer.from(String(envelope.data_base64), 'base64')).toEqual(body.subarray(0, 600_000));
  });
});

describe('the id of a request', () => {
  const at = (attempt: number, seq = 7, batch = 42n) =>
    renderCloudEvent(recorded({}, event('SELECT 1', seq)), { ...CONTEXT, attempt, batch });

  it('is the event’s, whatever the attempt and the batch', () => {
    expect(requestIdOf([at(1)], false)).toBe(`${EPOCH}.7`);
    expect(requestIdOf([at(2, 7, 99n)], false)).toBe(`${EPOCH}.7`);
  });

  it('is the batch’s over its attempts, and another one where the batch is or holds something else', () => {
    const id = requestIdOf([at(1, 7), at(1, 8)], true);
    expect(id).toMatch(/^batch-42-[0-9a-f]{16}$/);
    expect(requestIdOf([at(2, 7), at(2, 8)], true)).toBe(id);
    expect(requestIdOf([at(1, 7), at(1, 9)], true)).not.toBe(id);
    expect(requestIdOf([at(1, 7, 43n), at(1, 8, 43n)], true)).not.toBe(id);
  });
});
