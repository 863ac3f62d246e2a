import fc from 'fast-check';
import { textOf } from '../../../../test/support/evidence-maker.js';
import { missingCommands, type SessionEvent, SessionFold, sessionsCsv, sessionsJson } from './sessions.js';

const session = fc.constantFrom('s-1', 's-2', '=1+1');
const event: fc.Arbitrary<SessionEvent> = fc.record({
  type: fc.constantFrom(
    ...['session.opened', 'session.closed', 'session.denied', 'session.abandoned'],
    ...['command.issued', 'command.completed', 'approval.granted'],
  ),
  time: fc.nat(9).map((digit) => `2026-01-01T00:00:00.00000${digit}Z`),
  session,
  identity: fc.option(fc.record({ id: fc.string({ unit: 'grapheme' }), kind: fc.constant('agent') }), {
    nil: undefined,
  }),
  connection: fc.option(fc.constant({ name: 'a "b", c' }), { nil: undefined }),
  data: fc.record({
    command: fc.tuple(session, fc.integer({ min: 1, max: 12 })).map(([id, number]) => `${id}.${number}`),
    outcome: fc.constantFrom('success', 'failure', 7),
    commands: fc.nat(12),
    approval: fc.constantFrom(null, { required: true, state: 'granted' }),
  }),
});

function foldOf(events: readonly SessionEvent[], from = 0): SessionFold {
  const fold = new SessionFold();
  for (const [at, one] of events.entries()) fold.add(one, from + at);
  return fold;
}

describe('sessions', () => {
  it('are the same whether events are folded at once or in stretches that are joined', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.nat(40), fc.nat(40), (events, one, other) => {
        const [first, second] = [Math.min(one, other), Math.max(one, other)];
        const joined = new SessionFold();
        for (const [from, to] of [
          [0, first],
          [first, second],
          [second, events.length],
        ] as const) {
          for (const part of foldOf(events.slice(from, to), from).parts.values()) joined.join(part);
        }
        const whole = foldOf(events);
        expect([...joined.rows()]).toEqual([...whole.rows()]);
        expect([...joined.parts.values()].map(missingCommands)).toEqual([...whole.parts.values()].map(missingCommands));
      }),
    );
  });

  it('miss just the commands that no event names', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 30 })), fc.nat(35), (numbers, commands) => {
        const base = { time: '2026-01-01T00:00:00.000000Z', session: 's' };
        const fold = foldOf([
          { ...base, type: 'session.opened', data: {} },
          ...numbers.map((number) => ({ ...base, type: 'command.issued', data: { command: `s.${number}` } })),
          { ...base, type: 'session.closed', data: { commands } },
        ]);
        const missing = missingCommands(fold.parts.get('s')!).flatMap(([from, to]) =>
          Array.from({ length: to - from + 1 }, (_, at) => from + at),
        );
        const last = Math.max(commands, ...numbers);
        const expected = Array.from({ length: last }, (_, at) => at + 1).filter((number) => !numbers.includes(number));
        expect(missing).toEqual(expected);
      }),
    );
  });

  it('are written as the format says', async () => {
    const fold = foldOf([
      {
        ...{ type: 'session.opened', time: '2026-01-01T00:00:00.000000Z', session: '=1+1' },
        identity: { id: '@evil, "x"', kind: 'agent' },
        connection: { name: 'orders' },
        data: { approval: { required: false, state: 'none' } },
      },
      { type: 'command.issued', time: '2026-01-01T00:00:00.000001Z', session: '=1+1', data: { command: '=1+1.1' } },
    ]);
    expect(await textOf(sessionsCsv(fold.rows()))).toBe(
      'session,identity_id,identity_kind,connection,opened_at,ended_at,end,outcome,approval_required,approval_state,commands,completed,failed,events,first,last\r\n' +
        `'=1+1,"'@evil, ""x""",agent,orders,2026-01-01T00:00:00.000000Z,,,,false,none,1,0,0,2,0,1\r\n`,
    );
    expect(await textOf(sessionsJson(fold.rows()))).toBe(
      '[{"approval":{"required":false,"state":"none"},"commands":1,"completed":0,"connection":{"name":"orders"},"end":null,"endedAt":null,' +
        '"events":2,"failed":0,"first":"0","identity":{"id":"@evil, \\"x\\"","kind":"agent"},"last":"1",' +
        '"openedAt":"2026-01-01T00:00:00.000000Z","outcome":null,"session":"=1+1"}]',
    );
    expect(await textOf(sessionsJson([]))).toBe('[]');
  });
});
