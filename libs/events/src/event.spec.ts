import { decodeEvent, type EventDraft, encodeEvent, stampEvent } from './event.js';
import type { Epoch, NodeName } from './ids.js';
import { instantOfMicros, instantOfMillis, microsOfInstant } from './time.js';

const node = 'edge-1' as NodeName;
const epoch = '00112233445566ff' as Epoch;
const draft: EventDraft<'session.abandoned'> = {
  type: 'session.abandoned',
  time: '2026-11-25T08:00:00.123456Z',
  class: 'standard',
  session: 's1',
  identity: { id: 'agent-7', kind: 'agent', verified: true },
  connection: { name: 'orders', type: 'postgres' },
  data: { by: 'producer', reason: 'the gateway ended without closing it' },
};

describe('an event', () => {
  it('is read back from its canonical bytes', () => {
    const event = stampEvent(draft, node, epoch, 3);
    expect(event.id).toBe('00112233445566ff.3');
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
  });

  it('keeps members of data that a later minor version added', () => {
    const event = stampEvent(draft, node, epoch, 3);
    const newer = { ...event, data: { ...event.data, addedLater: 'kept' } } as unknown as typeof event;
    expect(decodeEvent(encodeEvent(newer)).data).toHaveProperty('addedLater', 'kept');
  });

  it.each([
    ['another version of the envelope', { v: 2 }],
    ['an unknown type', { type: 'session.imagined' }],
    ['an id that is not its epoch and number', { id: '00112233445566ff.4' }],
    ['number 0', { seq: 0, id: '00112233445566ff.0' }],
    ['a time without microseconds', { time: '2026-11-25T08:00:00.123Z' }],
    ['a time in another zone', { time: '2026-11-25T08:00:00.123456+01:00' }],
    ['a node name with capitals', { node: 'Edge' }],
    ['an unknown member of the envelope', { extra: true }],
    ['data that lacks a member', { data: { by: 'producer' } }],
  ])('with %s is refused', (_what, change) => {
    const event = { ...stampEvent(draft, node, epoch, 3), ...change } as unknown as ReturnType<typeof stampEvent>;
    expect(() => decodeEvent(encodeEvent(event))).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });
});

describe('an instant', () => {
  it('keeps microseconds both ways', () => {
    expect(instantOfMicros(1_700_000_000_000_001n)).toBe('2023-11-14T22:13:20.000001Z');
    expect(microsOfInstant('2023-11-14T22:13:20.000001Z')).toBe(1_700_000_000_000_001n);
    expect(instantOfMillis(1_700_000_000_000.25)).toBe('2023-11-14T22:13:20.000250Z');
  });

  it('outside 1970–9999 is refused', () => {
    expect(() => instantOfMicros(-1n)).toThrow(expect.objectContaining({ code: 'EVENT_TIME_RANGE' }));
    expect(() => instantOfMicros(253402300800000000n)).toThrow(expect.objectContaining({ code: 'EVENT_TIME_RANGE' }));
  });
});
