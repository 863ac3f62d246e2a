import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type AuditEvent, type Epoch, EVENT_TYPES, type EventDraft, type NodeName, stampEvent } from '#events';
import { type RecordedEvent, recordedEvent } from '#record';
import { cutToBytes } from '../../src/text.js';
import { DatadogDestination } from './datadog-destination.js';
import { DATE_ATTRIBUTES, MAX_LOG_BYTES, MAX_STATEMENT_BYTES } from './limits.js';
import { type LogContext, renderLog, reservedDate } from './log.js';
import { isObject, type JsonObject } from './stand-in/arrived-log.js';

const NOW = Date.parse('2026-11-25T08:00:01.000Z');
const CONTEXT: LogContext = { batch: 42n, attempt: 1, lane: 'live', mappingVersion: 1, env: 'test', nowMs: NOW };
const EPOCH = '00112233445566ff' as Epoch;
const NODE = 'edge-1' as NodeName;

function recordedOf(draft: EventDraft, overrides: Partial<RecordedEvent> = {}): RecordedEvent {
  return ofEvent(stampEvent(draft, NODE, EPOCH, 7), overrides);
}

function ofEvent(event: AuditEvent, overrides: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    ...recordedEvent(event, { position: 9_007_199_254_740_993n, recordedAt: '2026-11-25T08:00:00.500000Z' }),
    ...overrides,
  };
}

function render(recorded: RecordedEvent, context: Partial<LogContext> = {}): JsonObject {
  return JSON.parse(renderLog(recorded, { ...CONTEXT, ...context })) as JsonObject;
}

const common = {
  time: '2026-11-25T08:00:00.123456Z',
  class: 'standard',
  session: '5b1c1c3e-0000-4000-8000-000000000001',
  identity: {
    id: 'agent-7',
    kind: 'agent',
    email: 'agent-7@example.com',
    name: 'Agent seven',
    provider: 'affidavit.yaml',
    onBehalfOf: 'carol',
    verified: true,
  },
  connection: { name: 'orders', type: 'postgres', sensitivity: 'sensitive' },
} as const;
const client = { address: '10.0.0.9', port: 51_000, application: 'psql', tls: true };
const target = { host: 'db.internal', port: 5432, database: 'orders', user: 'app' };
const approval = { required: true, state: 'granted', by: 'carol', id: 'a-1' } as const;
const sha256 = 'ab'.repeat(32);

/** One of each kind that has attributes of its own. */
const SAMPLES: Record<string, EventDraft> = {
  'session.opened': {
    ...common,
    type: 'session.opened',
    data: { client, target, settings: { DateStyle: 'ISO' }, approval },
  },
  'session.denied': {
    time: common.time,
    class: 'system',
    type: 'session.denied',
    data: {
      client: { address: '::1', port: 1, tls: false },
      error: { code: 'GATEWAY_LOGIN_REFUSED', message: 'the token is wrong' },
      claimedUser: '{"status":"ok"}',
      claimedConnection: 'orders',
    },
  },
  'session.closed': {
    ...common,
    type: 'session.closed',
    data: {
      outcome: 'success',
      reason: 'the client left',
      openedAt: '2026-11-25T07:59:00.000000Z',
      durationUs: 60_123_456,
      commands: 2,
      failed: 1,
      rows: 41,
      bytesIn: 120,
      bytesOut: 4_096,
      client,
      target,
      approval,
      context: ['SELECT 1', 'DROP TABLE x'],
    },
  },
  'command.issued': {
    ...common,
    type: 'command.issued',
    data: {
      command: '5b1c1c3e-0000-4000-8000-000000000001.1',
      kind: 'bind',
      statement: { text: 'SELECT * FROM t WHERE a = $1\n-- \u001b[31mred', bytes: 45, sha256 },
      parameters: [{ text: 'secret', bytes: 6, sha256 }, null],
      statementName: 's1',
      approval,
    },
  },
  'command.completed': {
    ...common,
    type: 'command.completed',
    data: {
      command: '5b1c1c3e-0000-4000-8000-000000000001.1',
      outcome: 'failure',
      tags: ['INSERT 0 5'],
      rows: 5,
      bytesOut: 10,
      durationUs: 1_234,
      committed: 'no',
      error: { sqlstate: '23505', severity: 'ERROR', message: 'duplicate key', stage: 'execute' },
    },
  },
  'command.chunk': {
    ...common,
    type: 'command.chunk',
    data: { command: 'c.1', part: 'statement', index: 3, text: 'x'.repeat(1_000), bytes: 1_000, sha256 },
  },
  'approval.granted': {
    ...common,
    type: 'approval.granted',
    data: { approval: 'a-1', command: 'c.1', digest: sha256, by: 'carol', reason: 'as asked' },
  },
  'hold.placed': {
    time: common.time,
    class: 'system',
    type: 'hold.placed',
    data: { hold: 'h-1', by: 'carol', reason: 'litigation', matter: 'M-7' },
  },
  'producer.lost': {
    time: common.time,
    class: 'system',
    type: 'producer.lost',
    data: { node: 'edge-2', epoch: 'ffeeddccbbaa9988', from: 3, to: 9, by: 'producer' },
  },
};

describe('the mapping to Datadog', () => {
  const file = fileURLToPath(new URL('./log.golden.json', import.meta.url));

  it('is what it was: golden logs of each kind of event', () => {
    const made = Object.fromEntries(Object.entries(SAMPLES).map(([name, draft]) => [name, render(recordedOf(draft))]));
    // A change here changes what dashboards and monitors ask for: it needs a new mapping version.
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`);
    expect(made).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  it('names the event, its delivery, and who did it where', () => {
    const draft = SAMPLES['session.closed']!;
    expect(render(recordedOf(draft), { attempt: 3 })).toMatchObject({
      evt: { id: `${EPOCH}.7`, name: 'session.closed', category: 'session', position: '9007199254740993' },
      delivery: { batch: '42', attempt: '3', lane: 'live' },
      usr: { id: 'agent-7', type: 'agent', verified: 'true' },
      network: { client: { ip: '10.0.0.9' } },
      connection: { name: 'orders', sensitivity: 'sensitive' },
      ddsource: 'affidavit',
      ddtags: 'env:test,retention:standard,connection:orders',
      duration: 60_123_456_000,
    });
  });

  it('leaves the text of a chunk and the values of parameters to the record', () => {
    expect(JSON.stringify(render(recordedOf(SAMPLES['command.chunk']!)))).not.toContain('xxxx');
    expect(JSON.stringify(render(recordedOf(SAMPLES['command.issued']!)))).not.toContain('secret');
  });

  it('shows 25 KB of a statement, and says how long it is', () => {
    const text = 'é'.repeat(20_000);
    const log = render(
      recordedOf({
        ...common,
        type: 'command.issued',
        data: { command: 'c.1', kind: 'query', statement: { text, bytes: 40_000, sha256 }, approval },
      }),
    );
    const db = log.db as JsonObject;
    expect(Buffer.byteLength(String(db.statement))).toBe(MAX_STATEMENT_BYTES);
    expect(db).toMatchObject({ statement_bytes: 40_000, statement_sha256: sha256, statement_truncated: 'true' });
  });

  it('delivers what could not be taken apart as just that, without its bytes', () => {
    const body = Buffer.from('{"not":"an event","n":1.5}');
    const log = render({ ...recordedOf(SAMPLES['hold.placed']!), type: 'quarantined', occurredAt: null, body });
    expect(log).toMatchObject({ evt: { name: 'quarantined', category: 'quarantine' }, error: { kind: 'quarantined' } });
    expect(JSON.stringify(log)).not.toContain('an event');
  });

  it('delivers an event that it cannot map rather than nothing', () => {
    const recorded = recordedOf(SAMPLES['session.closed']!);
    const body = Buffer.from(JSON.stringify({ type: 'session.closed', time: common.time, data: null }));
    expect(render({ ...recorded, body })).toMatchObject({ evt: { id: `${EPOCH}.7` }, error: { kind: 'unmapped' } });
  });

  describe('dates a log', () => {
    const hours = (n: number) => reservedDate(common.time, Date.parse('2026-11-25T08:00:00.123Z') + n * 3_600_000);

    it.each([
      [0, '2026-11-25T08:00:00.123Z'],
      [17, '2026-11-25T08:00:00.123Z'],
      [17.001, undefined],
      [20, undefined],
      [-1, '2026-11-25T08:00:00.123Z'],
      [-1.001, undefined],
    ])('%p hours after the event with %p', (age, date) => {
      expect(hours(age)).toBe(date);
    });

    it('by no reserved attribute at all once it is late, and says so', () => {
      const log = render(recordedOf(SAMPLES['session.closed']!), { nowMs: NOW + 20 * 3_600_000 });
      expect(Object.keys(log).filter((name) => (DATE_ATTRIBUTES as readonly string[]).includes(name))).toEqual([]);
      expect(log.ddtags).toContain('late:true');
      expect(log.evt).toMatchObject({ time: common.time, day: '2026-11-25', hour: '2026-11-25T08' });
    });
  });

  it('marks what is replayed or backfilled', () => {
    const draft = SAMPLES['session.closed']!;
    expect(render(recordedOf(draft), { lane: 'replay' }).ddtags).toContain('replay:true');
    expect(render(recordedOf(draft), { lane: 'backfill' }).ddtags).toContain('backfill:true');
  });

  it('is measured without being made: rather too large than too small, and not by much', () => {
    const destination = new DatadogDestination({
      url: 'http://127.0.0.1:9/',
      apiKey: 'unused',
      env: 'test',
      allowPrivate: true,
    });
    for (const draft of Object.values(SAMPLES)) {
      const recorded = recordedOf(draft);
      const bytes = Buffer.byteLength(renderLog(recorded, CONTEXT));
      const measured = destination.measure(recorded) ?? 0;
      expect(measured).toBeGreaterThanOrEqual(bytes);
      if (draft.type !== 'command.chunk') expect(measured).toBeLessThan(bytes + 400);
    }
    expect(destination.measure({ ...recordedOf(SAMPLES['session.closed']!), body: Buffer.alloc(5_000) })).toBe(
      undefined,
    );
  });

  it('shortens a log above 1 MB, and says so', () => {
    const settings = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`s${n}`, 'v'.repeat(1_000)]));
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`n${n}`, 'v'.repeat(900)]));
    const long = recordedOf({ ...common, type: 'session.opened', data: { client, target, settings, approval } });
    const wide = recordedOf({
      time: common.time,
      class: 'system',
      type: 'hold.placed',
      data: { hold: 'h', by: 'carol', reason: 'r', ...many },
    });
    for (const recorded of [long, wide]) {
      const text = renderLog(recorded, CONTEXT);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LOG_BYTES);
    }
    const log = render(wide);
    expect(log.ddtags).toContain('shortened:true');
    expect(log).toMatchObject({ evt: { id: `${EPOCH}.7` }, delivery: { batch: '42' } });
    expect((log.evt as JsonObject).original_bytes).toBeGreaterThan(MAX_LOG_BYTES);
  });

  it('keeps its promises for any text that an event may hold', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.constantFrom('{"status":"emergency"}', '[1]', '\u0000\r\n\u001b[2J', '\u202eevil', 'a,env:prod', ' {', ''),
    );
    const types: Map<string, string> = new Map();
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(SAMPLES)),
        nasty,
        fc.integer({ min: -30, max: 30 }),
        (name, text, hours) => {
          const draft = SAMPLES[name]!;
          const changed = withText(draft as unknown as JsonObject, text) as unknown as EventDraft;
          const log = render(
            recordedOf({ ...changed, type: draft.type, time: draft.time, class: draft.class } as EventDraft),
            {
              nowMs: NOW + hours * 3_600_000,
            },
          );
          const message = String(log.message);
          expect(message).not.toMatch(/^\s*[{[]/);
          expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
          expect(message.length).toBeLessThan(2_000);
          const tags = String(log.ddtags).split(',');
          expect(tags.filter((tag) => tag.startsWith('env:'))).toEqual(['env:test']);
          expect(Math.max(...tags.map((tag) => tag.length))).toBeLessThanOrEqual(200);
          expect(['info', 'warn', 'error']).toContain(log.status);
          const faults: string[] = [];
          for (const [path, value] of pathsOf(log)) {
            const type = value === null ? 'null' : typeof value;
            const known = types.get(path) ?? type;
            if (type === 'null' || type !== known) faults.push(`${path} is ${type}, was ${known}`);
            if ((path.split('.').at(-1)?.length ?? 0) >= 50) faults.push(`${path} is too long`);
            types.set(path, known);
          }
          expect(faults).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has a sentence for every type', () => {
    for (const type of EVENT_TYPES) {
      const event = {
        ...stampEvent(SAMPLES['hold.placed']!, NODE, EPOCH, 7),
        type,
        data: {},
      } as unknown as AuditEvent;
      expect(render({ ...ofEvent(event), body: Buffer.from(JSON.stringify(event)) }).message).toMatch(/^[A-Z]/);
    }
  });
});

describe('cutting text to bytes', () => {
  it('gives the longest beginning that fits, and never half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 0, max: 80 }), (text, bytes) => {
        const cut = cutToBytes(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
        expect(text.startsWith(cut)).toBe(true);
        const next = [...text.slice(cut.length)][0];
        if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(bytes);
      }),
    );
  });
});

/** The same, with every free text replaced. */
function withText(value: JsonObject, text: string): JsonObject {
  const fixed = new Set([
    'kind',
    'state',
    'sensitivity',
    'sha256',
    'digest',
    'openedAt',
    'outcome',
    'committed',
    'part',
    'epoch',
  ]);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (typeof inner === 'string' && !fixed.has(name)) return [name, text];
      if (isObject(inner)) return [name, withText(inner, text)];
      return [name, inner];
    }),
  );
}

function* pathsOf(object: JsonObject, prefix = ''): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(object)) {
    if (isObject(value)) yield* pathsOf(value, `${prefix}${name}.`);
    else yield [`${prefix}${name}`, value];
  }
}
