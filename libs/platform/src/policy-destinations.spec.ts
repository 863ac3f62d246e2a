import { readFileSync } from 'node:fs';
import { ConfigError } from './errors.js';
import { parsePolicy } from './policy.js';
import { destinationsOf } from './policy-destinations.js';

const RIGHT = `version: 1
destinations:
  - name: eu
    kind: datadog
    site: datadoghq.eu
    apiKey: { file: eu.key }
    startAt: beginning
    filter:
      types: [command.*, session.opened, quarantined]
      connections: [orders]
      identities: [billing-agent]
    rate: { eventsPerSecond: 500, bytesPerSecond: 1MiB }
  - name: siem
    kind: webhook
    url: https://siem.example.com/hooks?from=affidavit
    startAt: now
    state: paused
    secrets: [{ env: SIEM_NEW }, { file: siem.old }]
    batch: many
    timeout: 5s
    ca: ca.pem
`;
const SETTINGS = { ddAppKey: undefined, ddSite: 'datadoghq.com', ddLogsUrl: undefined, ddApiUrl: undefined };

const read = (text: string) => parsePolicy(text, '/etc/affidavit.yaml');
const swap = (from: string, to: string) => {
  if (!RIGHT.includes(from)) throw new Error(`'${from}' does not stand there`);
  return RIGHT.replace(from, to);
};
const entry = (lines: string) =>
  `version: 1\ndestinations:\n  - name: one\n    startAt: now\n${lines.replace(/^/gm, '    ')}`;

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the policy was taken');
}

describe('destinations in affidavit.yaml', () => {
  it('are read with sizes in bytes, times in milliseconds, absolute file names and every default', () => {
    expect(destinationsOf(read(RIGHT), SETTINGS)).toEqual([
      {
        name: 'eu',
        kind: 'datadog',
        site: 'datadoghq.eu',
        url: undefined,
        apiKey: { file: '/etc/eu.key' },
        appKey: undefined,
        apiUrl: undefined,
        startAt: 'beginning',
        state: 'active',
        filter: {
          types: ['command.*', 'session.opened', 'quarantined'],
          connections: ['orders'],
          identities: ['billing-agent'],
        },
        rate: { eventsPerSecond: 500, bytesPerSecond: 1024 ** 2 },
        allowPrivate: false,
        apiAllowPrivate: false,
      },
      {
        name: 'siem',
        kind: 'webhook',
        url: 'https://siem.example.com/hooks?from=affidavit',
        secrets: [{ env: 'SIEM_NEW' }, { file: '/etc/siem.old' }],
        batch: 'many',
        maxEvents: 100,
        timeoutMs: 5_000,
        ca: '/etc/ca.pem',
        startAt: 'now',
        state: 'paused',
        filter: {},
        rate: {},
        allowPrivate: false,
      },
    ]);
  });

  it('are Datadog alone, from the beginning, where none is named', () => {
    const implicit = {
      name: 'datadog',
      kind: 'datadog',
      startAt: 'beginning',
      state: 'active',
      filter: {},
      rate: {},
      site: 'datadoghq.com',
      url: undefined,
      apiUrl: undefined,
      apiKey: { env: 'DD_API_KEY' },
      appKey: undefined,
      allowPrivate: false,
      apiAllowPrivate: false,
    };
    expect(destinationsOf(read('version: 1\n'), SETTINGS)).toEqual([implicit]);
    expect(destinationsOf(read('version: 1\ndestinations: []\n'), SETTINGS)).toEqual([implicit]);
  });

  it('take what the environment says, and private addresses only where it says them', () => {
    const settings = {
      ...SETTINGS,
      ddAppKey: 'secret',
      ddLogsUrl: 'http://10.0.0.5/logs',
      ddApiUrl: 'http://10.0.0.6',
    };
    const environment = {
      url: settings.ddLogsUrl,
      apiUrl: settings.ddApiUrl,
      appKey: { env: 'DD_APP_KEY' },
      allowPrivate: true,
      apiAllowPrivate: true,
    };
    expect(destinationsOf(read('version: 1\n'), settings)).toMatchObject([environment]);
    expect(destinationsOf(read(entry('kind: datadog')), settings)).toMatchObject([{ ...environment, name: 'one' }]);
    expect(JSON.stringify(destinationsOf(read('version: 1\n'), settings))).not.toContain('secret');
    // An address of its own is judged on its own.
    expect(destinationsOf(read(RIGHT), settings)).toMatchObject([
      {
        site: 'datadoghq.eu',
        url: undefined,
        apiUrl: undefined,
        appKey: undefined,
        allowPrivate: false,
        apiAllowPrivate: false,
      },
      { allowPrivate: false },
    ]);
  });

  it('a webhook of one event a request has batches of one', () => {
    const text = entry('kind: webhook\nurl: https://a.example\nsecrets: [{ env: A }]\nbatch: one');
    expect(destinationsOf(read(text), SETTINGS)).toMatchObject([{ batch: 'one', maxEvents: 1, timeoutMs: 15_000 }]);
  });

  it.each<[string, string, string]>([
    ['a name with other characters', swap('name: siem', 'name: Siem'), 'line 13: destinations[1].name must be 1–40'],
    ['a name twice', swap('name: siem', 'name: eu'), "line 13: destinations[1].name 'eu' is there twice"],
    ['no kind', swap('    kind: webhook\n', ''), 'destinations[1].kind must be datadog or webhook'],
    ['another kind', swap('kind: webhook', 'kind: kafka'), 'destinations[1].kind must be datadog or webhook'],
    ['no start', swap('    startAt: now\n', ''), 'destinations[1].startAt is missing'],
    ['a state that only the ledger has', swap('state: paused', 'state: failing'), 'destinations[1].state'],
    ['a secret in the file', swap('{ env: SIEM_NEW }', 'whsec_c2VjcmV0'), 'a secret never stands in this file'],
    ['no secret', swap('[{ env: SIEM_NEW }, { file: siem.old }]', '[]'), 'must name at least one secret'],
    [
      'four secrets',
      swap('[{ env: SIEM_NEW }', '[{ env: A }, { env: B }, { env: SIEM_NEW }'),
      'destinations[1].secrets may name at most 3',
    ],
    ['a type that is none', swap('session.opened', 'session.open'), "'session.open' is no type of event"],
    ['a family that is none', swap('command.*', 'comand.*'), "'comand.*' is no type of event"],
    ['a filter that lets nothing through', swap('[orders]', '[]'), 'must name at least one'],
    [
      'a member of the other kind',
      swap('batch: many', 'batch: many\n    site: datadoghq.eu'),
      'destinations[1].site is not known here',
    ],
    ['a password in the URL', swap('https://siem', 'https://me:pw@siem'), 'destinations[1].url must be a URL'],
    ['a file for a URL', swap('https://siem.example.com', 'file:///etc'), 'destinations[1].url must be a URL'],
    ['http to the public', swap('https://siem', 'http://siem'), 'destinations[1].url must begin with https://'],
    [
      'two addresses',
      swap('site: datadoghq.eu', 'site: datadoghq.eu\n    url: https://relay.example'),
      'url stands beside site',
    ],
    [
      'read-back at an unknown place',
      swap('site: datadoghq.eu', 'url: https://relay.example\n    appKey: { env: APP }'),
      'destinations[0].appKey needs apiUrl',
    ],
    ['no rate at all', swap('eventsPerSecond: 500', 'eventsPerSecond: 0'), 'destinations[0].rate.eventsPerSecond'],
    [
      'a time that is too short',
      swap('timeout: 5s', 'timeout: 5ms'),
      'destinations[1].timeout must be between 1s and 5m',
    ],
    ['a batch size for single events', swap('batch: many', 'batch: one\n    maxEvents: 5'), 'maxEvents has no meaning'],
    [
      'private that is not said plainly',
      swap('state: paused', 'allowPrivate: 10.0.0.0/8'),
      'destinations[1].allowPrivate',
    ],
  ])('are refused with %s', (_, text, problem) => {
    const message = refusal(text);
    expect(message).toContain(problem);
    expect(message).not.toMatch(/me:pw|c2VjcmV0/);
  });

  it('may begin with http:// where a private receiver is meant', () => {
    expect(
      read(swap('state: paused', 'allowPrivate: true').replace('https://siem', 'http://siem')).destinations,
    ).toHaveLength(2);
  });

  it('are as docs/destinations.md shows them', () => {
    const page = readFileSync(new URL('../../../docs/destinations.md', import.meta.url), 'utf8');
    const example = /^```yaml\n(version: 1\n[\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    expect(destinationsOf(read(example), SETTINGS).map(({ name, kind }) => [name, kind])).toEqual([
      ['datadog', 'datadog'],
      ['eu-security', 'datadog'],
      ['siem', 'webhook'],
    ]);
  });
});
