import type { SentEvent } from '../../src/read-back.js';
import { absenceJudge, type LogIndex, readIndexes } from './absence.js';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const HOUR = 3_600_000;

function sent(changes: Partial<SentEvent> = {}): SentEvent {
  return {
    rendered: JSON.stringify({ ddsource: 'affidavit', evt: { name: 'session.closed' }, usr: { type: 'agent' } }),
    occurredAt: '2026-11-25T11:00:00.000000Z',
    acceptedAtMs: NOW - HOUR / 2,
    oldOnesAreSeen: false,
    ...changes,
  };
}

function index(changes: Partial<LogIndex> = {}): LogIndex {
  return { name: 'main', query: '*', exclusions: [], retentionDays: 15, isLimited: false, ...changes };
}

describe('why a log is not to be seen', () => {
  it.each([
    ['nothing hides it: lost', [index()], {}, 'lost'],
    [
      'an exclusion filter that matches it',
      [index({ exclusions: [{ name: 'x', query: '@usr.type:agent' }] })],
      {},
      'exclusion-filter',
    ],
    ['an exclusion filter of others', [index({ exclusions: [{ name: 'x', query: '@usr.type:human' }] })], {}, 'lost'],
    [
      'an exclusion filter that cannot be judged',
      [index({ exclusions: [{ name: 'x', query: '@duration:>5' }] })],
      {},
      'exclusion-filter',
    ],
    [
      'an exclusion filter of an index behind the one it enters',
      [index(), index({ exclusions: [{ name: 'x', query: '*' }] })],
      {},
      'lost',
    ],
    ['no index', [index({ query: 'source:other' })], {}, 'no-index'],
    ['an index whose filter cannot be judged', [index({ query: '@n:>1' })], {}, 'lost'],
    [
      'kept no longer',
      [index({ retentionDays: 3 })],
      { acceptedAtMs: NOW - 73 * HOUR, occurredAt: '2026-11-22T11:00:00.000000Z' },
      'retention',
    ],
    ['the quota', [index({ isLimited: true })], {}, 'quota'],
    [
      'the quota of today, and a log of last week',
      [index({ isLimited: true })],
      { acceptedAtMs: NOW - 90 * HOUR, occurredAt: '2026-11-21T18:00:00.000000Z' },
      'lost',
    ],
    ['too old when it was sent', [index()], { occurredAt: '2026-11-24T11:00:00.000000Z' }, 'window'],
    [
      'too old when it was sent, and others as old are there',
      [index()],
      { occurredAt: '2026-11-24T11:00:00.000000Z', oldOnesAreSeen: true },
      'lost',
    ],
    ['too far ahead', [index()], { occurredAt: '2026-11-25T14:00:00.000000Z' }, 'window'],
  ] as [string, LogIndex[], Partial<SentEvent>, string][])('%s', (_what, indexes, changes, cause) => {
    const found = absenceJudge(indexes)(sent(changes), NOW);
    expect(found.cause).toBe(cause);
    expect(found.detail).not.toBe('');
  });

  it('is judged as far as possible where the indexes may not be read', () => {
    const judge = absenceJudge(undefined);
    const unknown = { cause: 'unknown', detail: expect.stringContaining('the key cannot read index filters') };
    const old = sent({ occurredAt: '2026-11-24T11:00:00.000000Z' });
    expect(judge(sent(), NOW)).toEqual(unknown);
    expect(judge(old, NOW)).toMatchObject({ cause: 'window' });
    expect(judge({ ...old, oldOnesAreSeen: true }, NOW)).toEqual(unknown);
  });

  it('is told from what Datadog answers, leaving out filters that are switched off', () => {
    const filter = (name: string, is_enabled: boolean, sample_rate = 1) => ({
      name,
      is_enabled,
      filter: { query: 'q', sample_rate },
    });
    const answer = {
      indexes: [
        {
          name: 'main',
          filter: { query: 'source:x' },
          exclusion_filters: [filter('on', true), filter('off', false), filter('nothing', true, 0)],
          num_retention_days: 7,
          is_rate_limited: true,
        },
        { name: 'bare' },
      ],
    };
    expect(readIndexes(answer)).toEqual([
      { name: 'main', query: 'source:x', exclusions: [{ name: 'on', query: 'q' }], retentionDays: 7, isLimited: true },
      { name: 'bare', query: '', exclusions: [], retentionDays: undefined, isLimited: false },
    ]);
    for (const nonsense of [null, [], 'x', { indexes: 1 }]) expect(() => readIndexes(nonsense)).toThrow(TypeError);
  });
});
