import type { LogsIndex } from '../provisioning/client.js';
import { compareRetention, type RetentionRules } from './compare-retention.js';
import { sampleLogs } from './sample-logs.js';

const DAY = 86_400_000;
const RULES: RetentionRules = {
  classes: { standard: 400 * DAY, system: null, short: 7 * DAY },
  evidence: { record: 365 * DAY, datadog: 15 * DAY },
};
const CONNECTIONS = [
  { name: 'orders', type: 'postgres', sensitivity: 'sensitive', retention: 'standard' } as const,
  { name: 'scratch', type: 'postgres', sensitivity: 'normal', retention: 'short' } as const,
];
const SAMPLES = sampleLogs('prod', Object.keys(RULES.classes), CONNECTIONS, Date.parse('2026-11-25T12:00:00Z'));

const index = (more: Partial<LogsIndex> = {}): LogsIndex => ({
  name: 'main',
  query: '*',
  retentionDays: 15,
  isRateLimited: false,
  exclusions: [],
  ...more,
});
const excluding = (query: string, more: object = {}) => [
  { name: 'noise', query, sampleRate: 1, isEnabled: true, ...more },
];

function compare(indexes: LogsIndex[], rules: Partial<RetentionRules> = {}, samples = SAMPLES) {
  const found = compareRetention({ ...RULES, classes: { standard: 400 * DAY }, ...rules }, indexes, samples);
  return found.flatMap(({ disagreements }) => disagreements.map(({ problem }) => problem));
}

describe('retention on both ends', () => {
  it('agrees where both keep what evidence needs', () => {
    expect(compare([index()])).toEqual([]);
    expect(compare([index({ retentionDays: 3, flexRetentionDays: 30 })])).toEqual([]);
    expect(compare([index()], { classes: { system: null } })).toEqual([]);
  });

  it.each<[string, LogsIndex[], Partial<RetentionRules>, RegExp]>([
    [
      'Datadog keeps too little',
      [index({ retentionDays: 7 })],
      {},
      /main keeps logs for 7 days, evidence needs 15 days/,
    ],
    ['it says nothing of days', [index({ retentionDays: undefined as never })], {}, /keeps logs for 0 days/],
    [
      'nobody said what Datadog must keep',
      [index()],
      { evidence: {} },
      /15 days, the record keeps class standard for 400/,
    ],
    [
      'nobody said, and the record keeps for ever',
      [index()],
      { evidence: {}, classes: { system: null } },
      /keeps class system for ever/,
    ],
    [
      'the record keeps too little',
      [index()],
      { classes: { standard: 30 * DAY } },
      /the record keeps class standard for 30 days, evidence needs 365/,
    ],
    [
      'Datadog shows what the record has purged',
      [index()],
      { classes: { short: 7 * DAY }, evidence: {} },
      /purges class short after 7 days, index main shows it for 15 days/,
    ],
    [
      'no index takes them',
      [index({ query: 'source:nginx' })],
      {},
      /no index takes session\.opened on orders, .* and 2 more/,
    ],
    ['there is no index', [], {}, /no index takes/],
    [
      'an index takes a part of them',
      [index({ query: '@evt.name:session.*' })],
      {},
      /no index takes command\.issued on orders, command\.completed on orders$/,
    ],
    [
      'an exclusion filter hides some',
      [index({ exclusions: excluding('@evt.name:command.*', { sampleRate: 0.9 }) })],
      {},
      /'noise' of index main hides 90 % of command\.issued on orders, command\.completed on orders/,
    ],
    ['a daily quota hides the rest of a day', [index({ dailyLimit: 1_000 })], {}, /at most 1000 logs a day;/],
    [
      'it is reached',
      [index({ dailyLimit: 1_000, isRateLimited: true })],
      {},
      /at most 1000 logs a day, and has reached it today/,
    ],
    [
      'a filter is beyond us',
      [index({ query: '@a:[1 TO' }), index()],
      {},
      /filter of index main cannot be judged here/,
    ],
    [
      'an exclusion filter is beyond us',
      [index({ exclusions: excluding('(a') })],
      {},
      /exclusion filter 'noise' of index main cannot be judged/,
    ],
  ])('disagrees where %s', (_what, indexes, rules, expected) => {
    expect(compare(indexes, rules)).toEqual([expect.stringMatching(expected)]);
  });

  it.each<[string, LogsIndex[]]>([
    ['an exclusion filter that is off', [index({ exclusions: excluding('*', { isEnabled: false }) })]],
    ['one for others', [index({ exclusions: excluding('source:nginx') })]],
    [
      'one behind another that keeps them',
      [index({ exclusions: [...excluding('source:affidavit', { sampleRate: 0 }), ...excluding('*')] })],
    ],
    ['an index behind the one that takes them', [index(), index({ name: 'last', retentionDays: 3, dailyLimit: 1 })]],
    [
      'an index before it that takes others',
      [index({ name: 'web', query: 'source:nginx', retentionDays: 3 }), index()],
    ],
    ['an index of our own', [index({ query: 'source:affidavit env:prod' }), index({ name: 'rest', retentionDays: 3 })]],
  ])('%s is no disagreement', (_what, indexes) => {
    expect(compare(indexes)).toEqual([]);
  });

  it('says of each class where it goes', () => {
    const indexes = [index({ name: 'short', query: 'retention:short', retentionDays: 7 }), index()];
    const found = compareRetention({ ...RULES, evidence: {} }, indexes, SAMPLES);
    expect(found.map((one) => [one.class, one.recordDays, one.indexes])).toEqual([
      ['standard', 400, [{ name: 'main', days: 15 }]],
      ['system', null, [{ name: 'main', days: 15 }]],
      ['short', 7, [{ name: 'short', days: 7 }]],
    ]);
  });

  it('a class without a connection has logs to judge by, too', () => {
    const samples = sampleLogs('prod', ['standard', 'long'], CONNECTIONS, Date.now());
    expect(compare([index({ query: 'source:nginx' })], { classes: { long: 400 * DAY } }, samples)).toHaveLength(1);
  });
});
