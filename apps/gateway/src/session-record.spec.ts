import fc from 'fast-check';
import {
  type CanonicalValue,
  canonicalBytes,
  decodeEvent,
  type Epoch,
  type EventData,
  encodeEvent,
  type NodeName,
  stampEvent,
} from '#events';
import { SessionRecord } from './session-record.js';

const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength });
const facts = fc.record({
  identity: fc.record({
    id: fc.string({ minLength: 1, maxLength: 64, unit: fc.constantFrom('a', '-', '9') }),
    kind: fc.constantFrom('agent', 'human', 'service'),
    name: text(64),
    email: text(96),
    onBehalfOf: text(64),
    provider: fc.constant('affidavit.yaml'),
    verified: fc.constant(true),
  }),
  connection: fc.record({
    name: fc.string({ minLength: 1, maxLength: 63, unit: fc.constantFrom('c', '.') }),
    type: fc.constant('postgres'),
  }),
  retentionClass: fc.constant('standard'),
  client: fc.record({
    address: fc.constant('2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'),
    port: fc.constant(65535),
    application: text(64),
    tls: fc.boolean(),
  }),
  target: fc.record({
    host: fc.string({ maxLength: 255, unit: fc.constantFrom('h', '.') }),
    port: fc.constant(5432),
    database: text(63),
    user: text(63),
  }),
});

/** The record's frame around the canonical bytes (CONTRACT, Bytes). */
const FRAME = 4 + 4 + 8 + 2 + 32 + 4;
const stamped = (draft: Parameters<typeof stampEvent>[0]) =>
  stampEvent(draft, 'n'.repeat(40) as NodeName, 'f'.repeat(16) as Epoch, Number.MAX_SAFE_INTEGER);

describe('an outcome', () => {
  it('fits the 2 KiB that were reserved for it, whatever the session held, and stays an event', () => {
    fc.assert(
      fc.property(
        facts,
        fc.array(text(300), { maxLength: 14 }),
        text(600),
        fc.array(text(64), { maxLength: 16 }),
        (given, commands, message, tags) => {
          const record = new SessionRecord(given, () => 1_790_000_000_000);
          for (const command of commands) record.remember(command);
          const data: EventData<'command.completed'> = {
            command: `${record.id}.${Number.MAX_SAFE_INTEGER}`,
            outcome: 'failure',
            tags: tags.map((tag) => tag.slice(0, 64).toWellFormed()),
            rows: 1,
            bytesOut: 1,
            durationUs: 1,
            committed: 'unknown',
            error: {
              sqlstate: 'XX000',
              severity: 'ERROR',
              message: message.slice(0, 500).toWellFormed(),
              stage: 'execute',
            },
          };
          const closed = record.closed({
            outcome: 'failure',
            reason: 'r'.repeat(100),
            error: { code: 'C', message: message.toWellFormed() },
          });
          for (const draft of [record.completed(data), closed]) {
            const bytes = encodeEvent(stamped(draft));
            expect(bytes.length + FRAME).toBeLessThanOrEqual(2048);
            decodeEvent(bytes);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('that is small is left as it is', () => {
    const record = new SessionRecord(
      {
        identity: { id: 'a', kind: 'agent', verified: true },
        connection: { name: 'c', type: 'postgres' },
        retentionClass: 'standard',
        client: { address: '::1', port: 1, tls: false },
        target: { host: 'h', port: 1 },
      },
      () => 1_790_000_000_000,
    );
    for (let n = 1; n <= 20; n++) record.remember(`SELECT ${n}`);
    const { data } = record.closed({ outcome: 'success', reason: 'done' }) as { data: EventData<'session.closed'> };
    expect(data.context).toEqual([1, 2, 3, 4, 5, 16, 17, 18, 19, 20].map((n) => `SELECT ${n}`));
    expect(canonicalBytes(data as unknown as CanonicalValue).length).toBeLessThan(800);
  });
});
