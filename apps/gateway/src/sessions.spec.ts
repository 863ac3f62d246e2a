import { join } from 'node:path';
import { type CanonicalValue, canonicalBytes, type EventDraft } from '#events';
import { testFolder } from '../../../test/support/servers.js';
import { abandoned, type KeptSpool, OpenSessions, sessionsLeftOpen } from './sessions.js';

const event = (type: string, session: string, more = {}): EventDraft =>
  ({
    type,
    session,
    time: '2026-01-01T00:00:00.000000Z',
    class: 'pci',
    identity: { id: 'a', kind: 'agent', verified: true },
    data: {},
    ...more,
  }) as unknown as EventDraft;

/** Kept spools of earlier runs, oldest first, whose numbers begin at `firstSeq`. */
function spoolOf(epochs: Record<string, EventDraft[]>, firstSeq = 1): KeptSpool {
  return {
    epochs: () =>
      Object.entries(epochs).map(([epoch, events]) => ({ epoch, firstSeq, lastSeq: firstSeq + events.length - 1 })),
    read: (epoch, from) => {
      const records = (epochs[epoch] ?? []).map((one, at) => ({
        seq: firstSeq + at,
        bytes: canonicalBytes(one as unknown as CanonicalValue),
      }));
      return Promise.resolve(records.filter((record) => record.seq >= from).slice(0, 2));
    },
  };
}

describe('sessions left open', () => {
  const folder = testFolder();
  const file = join(folder.path, 'open-sessions.json');
  afterAll(() => folder.remove());

  it('are those of earlier runs that nothing ended, wherever the spool begins', async () => {
    const spool = spoolOf(
      {
        old: [event('session.opened', 'one'), event('session.opened', 'two'), event('session.closed', 'one')],
        newer: [event('session.abandoned', 'two'), event('session.opened', 'three'), event('command.issued', 'three')],
        current: [event('session.opened', 'four')],
      },
      7,
    );
    const left = await sessionsLeftOpen(spool, 'current', file);
    expect(left.map((session) => session.id)).toEqual(['three']);
  });

  it('are known also when the spool no longer keeps their opening', async () => {
    const sessions = new OpenSessions();
    sessions.opened('early', event('session.opened', 'early'));
    sessions.opened('ended', event('session.opened', 'ended'));
    await sessions.save(file);
    const left = await sessionsLeftOpen(spoolOf({ old: [event('session.closed', 'ended')] }), 'current', file);
    expect(left.map((session) => session.id)).toEqual(['early']);
    expect(abandoned(left[0] as (typeof left)[number], 0)).toMatchObject({
      type: 'session.abandoned',
      session: 'early',
      class: 'pci',
      identity: { id: 'a' },
      data: { by: 'producer', openedAt: '2026-01-01T00:00:00.000000Z' },
    });
  });
});
