import { type Epoch, type EventDraft, type NodeName, stampEvent } from '#events';
import { recordedEvent } from '#record';
import { type LogContext, MAPPING_VERSIONS, renderLog } from '../log.js';
import type { JsonObject } from '../stand-in/arrived-log.js';
import { type StandIn, startStandIn } from '../stand-in/stand-in.js';
import { connectDatadog } from './client.js';
import { definitions } from './definitions.js';
import type { DatadogSettings } from './monitors.js';

/**
 * What each monitor hears of. Faked: Datadog, by the stand-in, which runs the pipeline and evaluates the monitors as they were made
 * through Datadog's client. Real: the logs, made by the mapping; what no event says yet is written literally, and says so.
 * Every test looks at all monitors: whatever is not expected to alert must not.
 */
const NOON = Date.parse('2026-11-25T12:30:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SETTINGS: DatadogSettings = {
  notify: ['@slack-audit'],
  monitors: {
    sensitiveConnection: { enabled: true, threshold: 0 },
    missingApproval: { enabled: true, threshold: 0 },
    commandSpike: { enabled: true, threshold: 5, withinMs: 10 * MINUTE, latePerHour: 5, anomaly: true },
    silence: { enabled: true, afterMs: 2 * HOUR },
    integrity: { enabled: true },
    deadLetters: { enabled: true, threshold: 0 },
    deliveryLag: { enabled: true, thresholdMs: 6 * HOUR },
  },
};
const CALM = {};

const agent = { id: 'agent-7', kind: 'agent', verified: true } as const;
const human = { id: 'carol', kind: 'human', verified: true } as const;
const sensitive = { name: 'payroll', type: 'postgres', sensitivity: 'sensitive' } as const;
const normal = { name: 'orders', type: 'postgres', sensitivity: 'normal' } as const;
const client = { address: '10.0.0.9', port: 51_000, tls: true };
const target = { host: 'db.internal', port: 5432 };
const open = { required: false, state: 'none' } as const;
const sha256 = 'ab'.repeat(32);
const EPOCH = '00112233445566ff' as Epoch;

type Given = Pick<EventDraft, 'type' | 'data'> & Partial<Pick<EventDraft, 'identity' | 'connection' | 'session'>>;

const opened = (more: object = {}): Given => ({
  type: 'session.opened',
  data: { client, target, approval: open },
  session: 's-1',
  identity: agent,
  connection: sensitive,
  ...more,
});
const issued = (approval: object = open, more: object = {}): Given =>
  ({
    type: 'command.issued',
    data: { command: 's-1.1', kind: 'query', statement: { text: 'SELECT 1', bytes: 8, sha256 }, approval },
    session: 's-1',
    identity: agent,
    connection: normal,
    ...more,
  }) as Given;
const lost: Given = {
  type: 'producer.lost',
  data: { node: 'edge-2', epoch: 'ffeeddccbbaa9988', from: 3, to: 9, by: 'producer' },
};

interface Sending {
  /** How long before now it happened. */
  ageMs?: number;
  /** How long after that it was recorded. */
  recordedAfterMs?: number;
  lane?: LogContext['lane'];
  attempt?: number;
  node?: string;
  /** The number of the event in its epoch; the next one if absent. */
  seq?: number;
  /** Over what the mapping made. */
  literally?: (log: JsonObject) => JsonObject;
}

describe('monitors', () => {
  let standIn: StandIn;
  let nowMs = NOON;
  let ids: Map<string, string>;
  let seq = 0;

  beforeAll(async () => {
    standIn = await startStandIn({ port: 0, now: () => nowMs });
    const datadog = await connectDatadog({ apiUrl: standIn.url, apiKey: 'k', appKey: 'a', env: 'test' });
    ids = new Map();
    for (const object of definitions('test', SETTINGS)) {
      const id = await datadog.create(object);
      if (object.kind === 'monitor') ids.set(object.slug, id);
    }
  }, 120_000);
  afterAll(() => standIn?.close());
  beforeEach(async () => {
    nowMs = NOON;
    standIn.clear();
    // The node lives, or it would be silent.
    await deliver({ type: 'producer.started', data: { version: '1' } });
  });

  /** Delivers an event now, as the forwarder would. */
  async function deliver(given: Given, sending: Sending = {}): Promise<void> {
    const { ageMs = 1_000, recordedAfterMs = 500, lane = 'live', attempt = 1, node = 'edge-1' } = sending;
    const time = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}000Z`;
    const recordedAtMs = nowMs - ageMs + recordedAfterMs;
    const draft = { class: 'standard', time: time(nowMs - ageMs), ...given } as EventDraft;
    const event = stampEvent(draft, node as NodeName, EPOCH, sending.seq ?? ++seq);
    const recorded = recordedEvent(event, { position: BigInt(event.seq), recordedAt: time(recordedAtMs) });
    const context = { batch: 1n, attempt, lane, env: 'test', nowMs, mappingVersion: MAPPING_VERSIONS.at(-1) };
    const log = JSON.parse(renderLog(recorded, context as LogContext)) as JsonObject;
    const answer = await fetch(standIn.logsUrl, {
      method: 'POST',
      headers: { 'dd-api-key': 'k', 'content-type': 'application/json' },
      body: JSON.stringify([sending.literally?.(log) ?? log]),
    });
    expect(answer.status).toBe(202);
  }

  /** The groups that alert, by monitor. */
  function alerts(): Record<string, string[]> {
    const all = [...ids].map(([slug, id]) => {
      const groups = standIn.monitorGroups(id).filter(({ status }) => status === 'Alert');
      return [slug, groups.map(({ name }) => name).sort()] as const;
    });
    return Object.fromEntries(all.filter(([, groups]) => groups.length > 0));
  }

  /** What the record writes of itself and the mapping does not make yet. */
  function literally(name: string, more: JsonObject): (log: JsonObject) => JsonObject {
    const [category = ''] = name.split('.');
    return (log) => ({ ...log, evt: { ...(log.evt as JsonObject), name, category }, ...more });
  }

  const copies = ['replay', 'backfill'] as const;

  it('exist in the number that was asked for', () => {
    expect([...ids.keys()].sort()).toEqual([
      'agent-sensitive',
      'agent-sensitive-late',
      'approval-missing',
      'approval-missing-late',
      'command-anomaly',
      'command-spike',
      'command-spike-late',
      'dead-letter',
      'delivery-lag',
      'integrity',
      'silence',
    ]);
  });

  describe('an agent on a sensitive connection', () => {
    it('is told, by identity and hour', async () => {
      await deliver(opened());
      expect(alerts()).toEqual({ 'agent-sensitive': ['agent-7,2026-11-25T12'] });
    });

    it('is told also if it comes hours later, as of the hour in which it happened', async () => {
      await deliver(opened(), { ageMs: 5 * HOUR });
      expect(alerts()).toEqual({ 'agent-sensitive': ['agent-7,2026-11-25T07'] });
    });

    it('is told also if the gateway could hand it over only hours later', async () => {
      await deliver(opened(), { ageMs: 16 * HOUR, recordedAfterMs: 16 * HOUR - 1_000 });
      expect(alerts()).toEqual({ 'agent-sensitive': ['agent-7,2026-11-24T20'], 'delivery-lag': ['*'] });
    });

    it('is told by the twin once it has lost its date: it happened earlier, and is delivered now', async () => {
      await deliver(opened(), { ageMs: 20 * HOUR });
      await deliver(opened(), { ageMs: 24 * 400 * HOUR });
      expect(alerts()).toEqual({
        'agent-sensitive-late': ['agent-7,2025-10-21', 'agent-7,2026-11-24'],
        'delivery-lag': ['*'],
      });
    });

    it('is told by the twin of a catch-up after an outage', async () => {
      await deliver(opened(), { ageMs: 20 * HOUR, lane: 'catchup' as LogContext['lane'] });
      expect(Object.keys(alerts())).toContain('agent-sensitive-late');
    });

    it.each<[string, Given]>([
      ['a person on it', opened({ identity: human })],
      ['an agent on another one', opened({ connection: normal })],
      [
        'one that was denied',
        { ...opened(), type: 'session.denied', data: { client, error: { code: 'E', message: 'no' } } } as Given,
      ],
      ['a command in the session', issued(open, { connection: sensitive })],
    ])('%s is none', async (_what, given) => {
      await deliver(given);
      expect(alerts()).toEqual(CALM);
    });
  });

  describe('an action without an expected approval', () => {
    it.each(['none', 'requested', 'rejected', 'expired', 'bypassed'])('is told: %s', async (state) => {
      await deliver(issued({ required: true, state }));
      expect(alerts()).toEqual({ 'approval-missing': ['2026-11-25T12'] });
    });

    it('is told of whole sessions, and of a bypass that names nobody', async () => {
      await deliver({ type: 'approval.bypassed', data: { reason: 'break glass' } });
      expect(alerts()).toEqual({ 'approval-missing': ['2026-11-25T12'] });
    });

    it('is told by the twin once it has lost its date', async () => {
      await deliver(issued({ required: true, state: 'rejected' }), { ageMs: 30 * HOUR });
      expect(alerts()).toEqual({ 'approval-missing-late': ['2026-11-24'], 'delivery-lag': ['*'] });
    });

    it.each<[string, Given]>([
      ['one that was granted', issued({ required: true, state: 'granted', by: 'carol' })],
      ['one that needs none', issued()],
      ['the request for one', { type: 'approval.requested', data: { approval: 'a-1' } }],
      ['the refusal of one', { type: 'approval.rejected', data: { approval: 'a-1', by: 'carol' } }],
    ])('%s is none', async (_what, given) => {
      await deliver(given);
      expect(alerts()).toEqual(CALM);
    });
  });

  describe('a spike of commands', () => {
    const same = () => ({});
    const many = async (count: number, sending: (n: number) => Sending, more: (n: number) => object = same) => {
      for (let n = 0; n < count; n++) await deliver(issued(open, more(n)), sending(n));
    };

    it('is told of one identity', async () => {
      await many(6, () => ({}));
      expect(alerts()).toEqual({ 'command-spike': ['agent-7'] });
    });

    it.each<[string, number, (n: number) => Sending, (n: number) => object]>([
      ['as many as are allowed', 5, () => ({}), same],
      ['copies of the same', 12, (n) => ({ seq: 900_000 + (n % 3), attempt: n + 1 }), same],
      ['those of several', 6, () => ({}), (n) => ({ identity: n % 2 ? agent : human })],
      ['those of a longer time', 6, (n) => ({ ageMs: n * 3 * MINUTE, recordedAfterMs: n * 3 * MINUTE }), same],
      ['late ones of several hours', 6, (n) => ({ ageMs: (3 + (n % 2)) * HOUR }), same],
    ])('%s are none', async (_what, count, sending, more) => {
      await many(count, sending, more);
      expect(alerts()).toEqual(CALM);
    });

    it('that happened earlier is told by its hour, with and without its date', async () => {
      await many(6, () => ({ ageMs: 3 * HOUR }));
      expect(alerts()).toEqual({ 'command-spike-late': ['agent-7,2026-11-25T09'] });
      standIn.clear();
      await many(6, () => ({ ageMs: 50 * HOUR }));
      expect(alerts()).toEqual({ 'command-spike-late': ['agent-7,2026-11-23T10'], 'delivery-lag': ['*'] });
    });
  });

  describe('silence', () => {
    it('of a node is told, while others work; not of the record itself', async () => {
      await deliver(issued());
      await deliver(issued(), { node: 'edge-2' });
      await deliver(lost, { node: 'record', literally: (log) => log });
      nowMs += 3 * HOUR;
      await deliver(issued(), { node: 'edge-2' });
      expect(alerts()).toEqual({ silence: ['edge-1'], integrity: [expect.stringContaining(EPOCH)] });
    });

    it.each<[string, Sending]>([
      ['a replay', { lane: 'replay' }],
      ['a backfill', { lane: 'backfill' }],
      ['what comes a day late', { ageMs: 25 * HOUR }],
    ])('is not ended by %s', async (_what, sending) => {
      await deliver(issued());
      nowMs += 3 * HOUR;
      await deliver(issued(), sending);
      expect(alerts()).toMatchObject({ silence: ['edge-1'] });
    });
  });

  describe('a hole, a fork, a foreign entry', () => {
    it('is told, each by itself and once', async () => {
      await deliver(lost, { seq: 800_001 });
      await deliver(lost, { seq: 800_001, attempt: 2 });
      await deliver(
        {
          type: 'producer.forked',
          data: { node: 'edge-2', epoch: EPOCH, seq: 4, recordedChain: sha256, foundChain: sha256 },
        },
        { seq: 800_002 },
      );
      // Literally: the record has no event for foreign entries yet.
      await deliver(lost, { seq: 800_003, literally: literally('producer.foreign', {}) });
      await deliver(lost, { seq: 800_004, literally: literally('quarantined', {}) });
      expect(alerts()).toEqual({ integrity: [1, 2, 3, 4].map((n) => `${EPOCH}.80000${n}`) });
    });

    it('is told also when it comes late', async () => {
      await deliver(lost, { ageMs: 40 * HOUR });
      expect(alerts()).toMatchObject({ integrity: [expect.stringContaining(EPOCH)] });
    });

    it('the start and the end of a producer are none', async () => {
      await deliver({ type: 'producer.started', data: { version: '1' } });
      await deliver({ type: 'producer.stopped', data: { reason: 'SIGTERM' } });
      expect(alerts()).toEqual(CALM);
    });
  });

  describe('a dead letter', () => {
    // Literally: the mapping does not make it yet.
    const deadletter = { destination: 'datadog', event: `${EPOCH}.9`, reason: 'refused: 400' };

    it('is told', async () => {
      await deliver(lost, { literally: literally('deadletter.opened', { deadletter, producer: {} }) });
      expect(alerts()).toEqual({ 'dead-letter': ['2026-11-25T12'] });
    });

    it('its end is none', async () => {
      for (const name of ['deadletter.retried', 'deadletter.discarded'])
        await deliver(lost, { literally: literally(name, { deadletter, producer: {} }) });
      expect(alerts()).toEqual(CALM);
    });
  });

  describe('delivery that falls behind', () => {
    it.each<[number, boolean]>([
      [6 * HOUR - 2_000, false],
      [6 * HOUR + 1_000, true],
      [16 * HOUR, true],
      [18 * HOUR, true],
    ])('%d ms after the event: told is %p', async (ageMs, isTold) => {
      await deliver(issued(), { ageMs });
      expect(alerts()).toEqual(isTold ? { 'delivery-lag': ['*'] } : CALM);
    });
  });

  it.each(copies)('a %s sets off nothing, in time or late', async (lane) => {
    for (const ageMs of [1_000, 7 * HOUR, 30 * HOUR]) {
      await deliver(opened(), { ageMs, lane });
      await deliver(issued({ required: true, state: 'none' }), { ageMs, lane });
      for (let n = 0; n < 7; n++) await deliver(issued(), { ageMs, lane });
      await deliver(lost, { ageMs, lane });
      await deliver(lost, { ageMs, lane, literally: literally('deadletter.opened', {}) });
    }
    expect(standIn.entries()).toHaveLength(34);
    expect(alerts()).toEqual(CALM);
  });

  it('what another environment sends sets off nothing', async () => {
    const elsewhere = (log: JsonObject) => ({ ...log, ddtags: String(log.ddtags).replace('env:test', 'env:prod') });
    await deliver(opened(), { literally: elsewhere });
    await deliver(lost, { literally: elsewhere });
    expect(alerts()).toEqual(CALM);
  });
});
