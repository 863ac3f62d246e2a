import type { RecordedEventView } from './api-types.js';
import { timelineOf } from './timeline.js';

function event(atMs: number, type: string, data: Record<string, unknown>): RecordedEventView {
  const time = new Date(Date.UTC(2026, 0, 1) + atMs).toISOString().replace('Z', '000Z');
  const event = { id: '0123456789abcdef.1', type, time, node: 'gw-1', epoch: '0123456789abcdef', seq: 1, data };
  return { position: '7', recordedAt: time, class: 'standard', event };
}

describe('the timeline of a session', () => {
  it('says what happened when, and what came of it', () => {
    const shown = timelineOf([
      event(0, 'session.opened', {}),
      event(1_204, 'command.issued', { statement: { text: 'SELECT *\n  FROM invoice' } }),
      event(1_210, 'command.completed', { outcome: 'success', tags: ['SELECT 3'], durationUs: 5_500 }),
      event(1_300, 'approval.bypassed', { reason: 'break glass' }),
    ]);
    expect(shown.split('\n')).toEqual([
      '    +0.000 s  · session.opened',
      '    +1.204 s  ▸ SELECT *',
      '                  FROM invoice',
      '    +1.210 s  ✓ SELECT 3, 5.5 ms',
      '    +1.300 s  ! approval.bypassed: reason break glass',
    ]);
  });

  it('shows what agents and databases wrote as text: it cannot colour, move, hide or go on for ever', () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202etxt.exe\u2028\rDROP';
    const shown = timelineOf([
      event(0, 'command.issued', { statement: { text: `${evil}\n`.repeat(1_000) } }),
      event(1, 'command.completed', { outcome: 'failure', error: { sqlstate: '42601', message: evil } }),
      event(2, 'session.denied', { error: { message: evil } }),
      event(3, evil, { reason: evil }),
      { position: '9', recordedAt: '', class: 'standard', quarantined: 'AA==' },
    ]);
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029]/);
    expect(shown).toContain('\\u001b[2J');
    expect(shown).toContain('… 989 more lines');
    expect(shown.split('\n').length).toBeLessThan(20);
  });
});
