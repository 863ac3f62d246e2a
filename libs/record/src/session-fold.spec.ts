import fc from 'fast-check';
import { type AuditEvent, type Epoch, type EventDraft, type NodeName, RECORD_NODE, stampEvent } from '#events';
import { SessionEvents } from '../../../test/support/session-events.js';
import { mergeSessionFacts, type SessionFacts, type SessionRow, sessionFactsOf, sessionRowOf } from './session-fold.js';

interface Told {
  event: AuditEvent;
  class: string;
}

const GATEWAY = 'gw-1' as NodeName;
const RUN = 'aaaaaaaaaaaaaaaa' as Epoch;
const NEXT_RUN = 'bbbbbbbbbbbbbbbb' as Epoch;
const RECORD_RUN = 'cccccccccccccccc' as Epoch;

function stamped(drafts: EventDraft[], node: NodeName, epoch: Epoch): Told[] {
  return drafts.map((draft, index) => ({ event: stampEvent(draft, node, epoch, index + 1), class: draft.class }));
}

function fold(told: readonly Told[]): SessionRow {
  const facts = told.flatMap((one) => sessionFactsOf(one.event, one.class) ?? []);
  return sessionRowOf('s', facts.reduce(mergeSessionFacts));
}

/** A life of session `s`, as its run, its gateway's next run and the record may tell it. Never empty. */
const life: fc.Arbitrary<Told[]> = fc
  .record({
    begin: fc.constantFrom('opened', 'denied', 'nothing' as const),
    commands: fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), failed: fc.boolean() }), { maxLength: 8 }),
    approvals: fc.subarray(['approval.requested', 'approval.rejected', 'approval.bypassed'] as const),
    decisions: fc.subarray(['approval.granted', 'approval.rejected'] as const),
    closes: fc.integer({ min: 0, max: 2 }),
    abandonedBy: fc.constantFrom('nobody', 'producer', 'person'),
    late: fc.boolean(),
    reappended: fc.boolean(),
    otherClass: fc.boolean(),
  })
  .map((plan) => {
    const session = new SessionEvents('s');
    const own: EventDraft[] = [];
    if (plan.begin === 'opened') own.push(session.opened());
    if (plan.begin === 'denied') own.push(session.denied());
    for (const { text, failed } of plan.commands) own.push(...session.command(text, failed ? 'failure' : 'success'));
    for (const type of plan.approvals) own.push(session.approval(type));
    for (let n = 0; n < plan.closes; n++) own.push(session.closed());
    if (plan.late) own.push(...session.command('after the end'));
    const next: EventDraft[] = plan.abandonedBy === 'producer' ? [session.abandoned()] : [];
    // After a fork a producer gives the same events new numbers in its next epoch.
    if (plan.reappended) next.push(...own.slice(-2));
    const byRecord: EventDraft[] = plan.decisions.map((type) => ({
      ...session.approval(type),
      identity: { id: 'reviewer', kind: 'human', verified: true },
    }));
    if (plan.abandonedBy === 'person') byRecord.push({ ...session.abandoned(), connection: undefined });
    const told = [
      ...stamped(own, GATEWAY, RUN),
      ...stamped(next, GATEWAY, NEXT_RUN),
      ...stamped(byRecord, RECORD_NODE, RECORD_RUN),
    ];
    if (plan.otherClass) for (const one of told.slice(1)) one.class = 'system';
    return told;
  })
  .filter((told) => told.length > 0);

describe('the fold of a session', () => {
  it('gives the same row in whatever order its events are heard, and however they are cut into pages', () => {
    const shuffled = life.chain((told) =>
      fc.record({
        told: fc.constant(told),
        order: fc.shuffledSubarray(told, { minLength: told.length, maxLength: told.length }),
        cuts: fc.array(fc.nat({ max: told.length })),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ told, order, cuts }) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), order.length];
        const pages = edges.slice(1).map((to, index) => order.slice(edges[index], to));
        const factsOfPages = pages
          .map((page) => page.flatMap((one) => sessionFactsOf(one.event, one.class) ?? []))
          .filter((facts) => facts.length > 0)
          .map((facts) => facts.reduce(mergeSessionFacts))
          // Facts lie in a table between pages.
          .map((facts) => JSON.parse(JSON.stringify(facts)) as SessionFacts);
        expect(sessionRowOf('s', factsOfPages.reduce(mergeSessionFacts))).toEqual(fold(told));
      }),
      { numRuns: 500 },
    );
  });

  it('believes the session itself about its end, also where its gateway had given it up', () => {
    const session = new SessionEvents('s');
    const run = stamped([session.opened(), ...session.command('SELECT 1'), session.closed()], GATEWAY, RUN);
    const next = stamped([session.abandoned()], GATEWAY, NEXT_RUN);
    expect(fold([...run.slice(0, -1), ...next])).toMatchObject({ state: 'abandoned', closedAt: null, commands: 1 });
    expect(fold([...next, ...run])).toMatchObject({ state: 'closed', outcome: 'success', epoch: RUN });
  });

  it('counts commands as they go by, and takes the totals of the session once it has said them', () => {
    const session = new SessionEvents('s');
    const told = stamped(
      [session.opened(), ...session.command('SELECT 1'), ...session.command('SELEC', 'failure', 0)],
      GATEWAY,
      RUN,
    );
    expect(fold(told)).toMatchObject({
      state: 'open',
      commands: 2,
      failed: 1,
      rows: 1,
      bytesOut: 200,
      bytesIn: 14,
      context: ['SELECT 1', 'SELEC'],
    });
    const closed = stamped([session.closed()], GATEWAY, NEXT_RUN);
    expect(fold([...told, ...closed])).toMatchObject({ commands: 2, failed: 0, bytesOut: 0, context: ['SELECT 1'] });
  });

  it('shows the first commands of an open session, whichever were heard first', () => {
    const session = new SessionEvents('s');
    const told = stamped(
      [1, 2, 3, 4, 5, 6, 7].flatMap((n) => session.command(`SELECT ${n}`)),
      GATEWAY,
      RUN,
    );
    expect(fold(told.reverse()).context).toEqual([1, 2, 3, 4, 5].map((n) => `SELECT ${n}`));
  });

  it('never takes a reviewer for the one whose session it is', () => {
    const session = new SessionEvents('s');
    const granted: EventDraft = {
      ...session.approval('approval.granted'),
      identity: { id: 'reviewer', kind: 'human', verified: true },
    };
    expect(fold(stamped([granted], RECORD_NODE, RECORD_RUN))).toMatchObject({ identityId: null, node: null });
    expect(
      fold([...stamped([granted], RECORD_NODE, RECORD_RUN), ...stamped([session.opened()], GATEWAY, RUN)]),
    ).toMatchObject({ identityId: 'agent-1', node: 'gw-1', approvalState: 'granted', approvalRequired: true });
  });

  it('lets one refused approval outweigh those that were granted', () => {
    const session = new SessionEvents('s');
    const types = ['approval.granted', 'approval.rejected', 'approval.requested'] as const;
    const told = stamped(
      types.map((type) => session.approval(type)),
      GATEWAY,
      RUN,
    );
    expect(fold(told).approvalState).toBe('rejected');
  });

  it('shows what a refused client said of itself as claimed', () => {
    expect(fold(stamped([new SessionEvents('s').denied()], GATEWAY, RUN))).toMatchObject({
      state: 'denied',
      outcome: 'denied',
      claimed: { user: 'mallory' },
      error: { code: 'GATEWAY_TOKEN_REFUSED' },
    });
  });

  it('says nothing of events without a session', () => {
    const draft: EventDraft = {
      type: 'producer.stopped',
      time: '2026-11-25T12:00:00.000000Z',
      class: 'system',
      data: { reason: 'test' },
    };
    expect(sessionFactsOf(stampEvent(draft, GATEWAY, RUN, 1), 'system')).toBeUndefined();
  });
});
