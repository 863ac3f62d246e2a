import type { Epoch, NodeName } from '#events';
import type { RecordedEvent } from '#record';
import { type EventSelection, selectionText, selects } from './selection.js';

const EVENT: RecordedEvent = {
  position: 7n,
  recordedAt: '2026-11-25T08:00:00.000000Z',
  class: 'standard',
  node: 'gw-1' as NodeName,
  epoch: '0011223344556677' as Epoch,
  seq: 1,
  type: 'command.issued',
  occurredAt: '2026-11-25T08:00:00.000000Z',
  sessionId: 's1',
  identityId: 'ada',
  identityKind: 'agent',
  connection: 'orders',
  outcome: null,
  duplicateOf: null,
  body: Buffer.from('{}'),
};

describe('a selection', () => {
  it.each<[string, EventSelection, boolean]>([
    ['nothing said', {}, true],
    ['its type', { types: ['command.issued'] }, true],
    ['all of its category', { types: ['session.closed', 'command.*'] }, true],
    ['a type that only begins alike', { types: ['command.issue'] }, false],
    ['a category that only begins alike', { types: ['comm.*'] }, false],
    ['its connection', { connections: ['ledger', 'orders'] }, true],
    ['another connection', { connections: ['ledger'] }, false],
    ['its identity and another session', { identities: ['ada'], sessions: ['s2'] }, false],
    [
      'everything of it',
      { types: ['command.*'], connections: ['orders'], identities: ['ada'], sessions: ['s1'] },
      true,
    ],
    ['no type at all', { types: [] }, false],
  ])('decides by %s', (_, selection, expected) => {
    expect(selects(selection, EVENT)).toBe(expected);
  });

  it('never takes a second copy of an external event', () => {
    expect(selects({}, { ...EVENT, duplicateOf: 3n })).toBe(false);
  });

  it('is one text, whatever the order in which it was written', () => {
    expect(selectionText({ connections: ['b', 'a', 'a'], types: ['x'] })).toBe(
      selectionText({ types: ['x'], connections: ['a', 'b'] }),
    );
    expect(selectionText({})).not.toBe(selectionText({ types: [] }));
  });
});
