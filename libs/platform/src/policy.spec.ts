import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testFolder, until } from '../../../test/support/servers.js';
import { ConfigError } from './errors.js';
import { type Policy, parsePolicy } from './policy.js';
import { createToken, watchPolicy } from './policy-file.js';
import { makeVerifier, parseVerifier, verifyPassword } from './scram.js';

const VERIFIER = makeVerifier('afd_x', Buffer.alloc(16), 1);
const RIGHT = `# who may do what
version: 1
identities:
  - id: billing-agent # the nightly run
    kind: agent
    email: billing@example.com
    onBehalfOf: finance
    connections: [orders]
    tokens:
      - { id: t1, verifier: "${VERIFIER}", expiresAt: 2027-01-31T00:00:00Z }
  - id: ann
    kind: human
connections:
  - name: orders
    type: postgres
    sensitivity: sensitive
    retention: short
    maxUnconfirmed: { bytes: 64MiB, age: 10m }
    maxStatement: 1MiB
    target:
      host: db.internal
      port: 5433
      database: orders
      user: affidavit
      password: { env: ORDERS_PASSWORD }
      tls: { mode: verify-full, ca: ca.pem }
retention:
  classes: { short: 30d, standard: 400d }
`;

function refusal(text: string): ConfigError {
  try {
    parsePolicy(text, '/etc/affidavit.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the policy was taken');
}

describe('affidavit.yaml', () => {
  it('is read with sizes in bytes, times in milliseconds and absolute file names', () => {
    const policy = parsePolicy(RIGHT, '/etc/affidavit.yaml');
    expect(policy.connections[0]).toMatchObject({
      name: 'orders',
      sensitivity: 'sensitive',
      approval: 'none',
      retention: 'short',
      maxUnconfirmed: { bytes: 64 * 1024 ** 2, ageMs: 600_000 },
      maxStatementBytes: 1024 ** 2,
      target: { port: 5433, tls: { mode: 'verify-full', ca: '/etc/ca.pem' } },
    });
    expect(policy.identities[0]).toMatchObject({ id: 'billing-agent', connections: ['orders'] });
    expect(policy.identities[1]).toEqual({ id: 'ann', kind: 'human', tokens: [] });
    expect(policy.retention.classes).toEqual({ short: 30 * 86_400_000, standard: 400 * 86_400_000 });
  });

  it('has defaults for what is set up at Datadog, and takes what is said there', () => {
    const { datadog, retention } = parsePolicy(RIGHT, '/etc/affidavit.yaml');
    expect(datadog).toMatchObject({
      notify: [],
      monitors: {
        sensitiveConnection: { enabled: true, threshold: 0 },
        commandSpike: { enabled: true, threshold: 300, withinMs: 600_000, latePerHour: 1_000, anomaly: false },
        silence: { afterMs: 1_800_000 },
        deliveryLag: { thresholdMs: 6 * 3_600_000 },
      },
    });
    expect(retention.evidence).toBeUndefined();
    const said = parsePolicy(
      `version: 1
datadog:
  notify: ['@slack-audit']
  monitors:
    silence: { after: 30m, notify: ['@pagerduty-audit', '@oncall@example.com'] }
    integrity: { enabled: false }
retention: { evidence: 365d }
`,
      '/etc/affidavit.yaml',
    );
    expect(said.datadog.monitors).toMatchObject({ silence: { afterMs: 1_800_000 }, integrity: { enabled: false } });
    expect(said.retention.evidence).toEqual({ record: 365 * 86_400_000, datadog: 365 * 86_400_000 });
  });

  it.each([
    ['datadog: { notify: [slack] }', 'datadog.notify[0] must be a handle'],
    ["datadog: { notify: ['@a {{x}}'] }", 'datadog.notify[0] must be a handle'],
    ['datadog: { monitors: { silence: { after: 3d } } }', 'datadog.monitors.silence.after must be'],
    ['datadog: { monitors: { deliveryLag: { threshold: 17h } } }', 'datadog.monitors.deliveryLag.threshold must be'],
    ['datadog: { monitors: { commandSpike: { within: 90s } } }', 'datadog.monitors.commandSpike.within must be'],
    ['datadog: { monitors: { spike: {} } }', 'datadog.monitors.spike is not known here'],
    ['retention: { evidence: 36h }', 'retention.evidence must be whole days'],
  ])('refuses %s', (text, expected) => {
    expect(refusal(`version: 1\n${text}\n`).message).toContain(expected);
  });

  const line = (pattern: string) => RIGHT.split('\n').findIndex((text) => text.includes(pattern)) + 1;
  const swap = (from: string, to: string) => RIGHT.replace(from, to);
  it.each<[string, string, number, string]>([
    ['no version', swap('version: 1\n', ''), 2, 'version is missing'],
    ['another version', swap('version: 1', 'version: 2'), 2, 'version'],
    [
      'an unknown key',
      swap('kind: agent', 'kind: agent\n    colour: red'),
      6,
      'identities[0].colour is not known here',
    ],
    ['an unknown kind', swap('kind: human', 'kind: robot'), line('kind: human'), 'identities[1].kind'],
    ['an identity twice', swap('id: ann', 'id: billing-agent'), line('id: ann'), "'billing-agent' is there twice"],
    ['an unknown connection', swap('[orders]', '[order]'), line('[orders]'), "'order' is not a connection"],
    ['an unknown class', swap('retention: short', 'retention: brief'), line('retention: short'), "class 'brief'"],
    ['a password in clear', swap('{ env: ORDERS_PASSWORD }', 'hunter2'), line('ORDERS_PASSWORD'), '{ env: NAME }'],
    ['a size without sense', swap('64MiB', '64 bananas'), line('64MiB'), 'connections[0].maxUnconfirmed.bytes'],
    ['an age without sense', swap('age: 10m', 'age: soon'), line('age: 10m'), 'connections[0].maxUnconfirmed.age'],
    ['a port out of range', swap('5433', '543300'), line('5433'), 'connections[0].target.port'],
    ['a missing host', swap('      host: db.internal\n', ''), line('target:'), 'connections[0].target.host is missing'],
    ['a broken verifier', swap(VERIFIER, 'md5abc'), line('verifier'), 'identities[0].tokens[0].verifier'],
    [
      'tokens of one identity with two salts',
      swap(
        '  - id: ann',
        `      - { id: t2, verifier: "${makeVerifier('afd_y', Buffer.alloc(16, 1), 1)}" }\n  - id: ann`,
      ),
      line('- { id: t1') + 1,
      'identities[0].tokens[1].verifier has another salt',
    ],
    ['a name too long', swap('id: ann', `id: ${'a'.repeat(65)}`), line('id: ann'), 'identities[1].id'],
    ['purging the system class', swap('short: 30d,', 'short: 30d, system: 1d,'), line('classes:'), 'must be forever'],
    ['a key twice', swap('kind: human', 'kind: human\n    kind: agent'), line('kind: human') + 1, 'unique'],
    ['a tab as indentation', swap('    kind: human', '\tkind: human'), line('kind: human'), 'Tab'],
    ['something else entirely', '- 1\n- 2\n', 1, 'expected object'],
    ['nothing', '', 1, 'expected object'],
  ])('%s is refused with file, line and what is wrong', (_what, text, at, says) => {
    const error = refusal(text);
    expect(error.code).toBe('CONFIG_POLICY_INVALID');
    expect(error.message).toContain('/etc/affidavit.yaml');
    expect(error.message.toLowerCase()).toContain(says.toLowerCase());
    expect(error.message).toContain(`line ${at}:`);
    expect(error.remedy).toContain(`line ${at}`);
    expect(error.message).not.toContain('hunter2');
  });

  it('a bomb of aliases is refused, not expanded', () => {
    const bomb = ['version: 1', 'a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 9; level++) {
      bomb.push(
        `${'abcdefghij'[level]}: &${'abcdefghij'[level]} [${Array(10)
          .fill(`*${'abcdefghij'[level - 1]}`)
          .join(',')}]`,
      );
    }
    expect(refusal(bomb.join('\n')).code).toBe('CONFIG_POLICY_INVALID');
  });
});

describe('the policy file', () => {
  const folder = testFolder();
  const file = join(folder.path, 'affidavit.yaml');
  afterAll(() => folder.remove());
  beforeEach(() => writeFileSync(file, RIGHT, { mode: 0o640 }));

  it('a new token is appended with its comments, order and mode kept, and it proves itself', () => {
    const { token, id } = createToken(file, 'ann', '2030-01-01T00:00:00Z');
    expect(token).toMatch(/^afd_[A-Za-z0-9_-]{43}$/);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# who may do what');
    expect(text).toContain('# the nightly run');
    expect(text).not.toContain(token);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    const [kept] = parsePolicy(text, file).identities[1]?.tokens ?? [];
    expect(kept).toMatchObject({ id, expiresAt: '2030-01-01T00:00:00Z' });
    expect(verifyPassword(token, parseVerifier(kept?.verifier ?? ''))).toBe(true);

    createToken(file, 'ann');
    createToken(file, 'billing-agent');
    const after = parsePolicy(readFileSync(file, 'utf8'), file);
    expect(after.identities.map((identity) => identity.tokens.length)).toEqual([2, 2]);
  });

  it('a token for somebody unknown is refused with the lines to add', () => {
    expect(() => createToken(file, 'bob')).toThrow(
      expect.objectContaining({ code: 'CONFIG_IDENTITY_UNKNOWN', remedy: expect.stringContaining('id: bob') }),
    );
    expect(readFileSync(file, 'utf8')).toBe(RIGHT);
  });

  it('is reloaded when it changes, in place or replaced; a wrong one leaves the running one in force', async () => {
    const seen: Policy[] = [];
    const errors: Error[] = [];
    const watch = watchPolicy(
      file,
      (policy) => seen.push(policy),
      (error) => errors.push(error),
      20,
    );
    try {
      writeFileSync(file, RIGHT.replace('id: ann', 'id: eve'));
      await until('the change in place', () => seen.length === 1);
      expect(watch.current().identities[1]?.id).toBe('eve');

      writeFileSync(file, RIGHT.replace('kind: agent', 'kind: robot'));
      await until('the refusal', () => errors.length === 1);
      expect(watch.current().identities[1]?.id).toBe('eve');
      expect(watch.problem()?.message).toContain('line 5');

      writeFileSync(`${file}.new`, RIGHT.replace('id: ann', 'id: kim'));
      renameSync(`${file}.new`, file);
      await until('the replacement', () => seen.length === 2);
      expect(watch.current().identities[1]?.id).toBe('kim');
      expect(watch.problem()).toBeUndefined();
    } finally {
      watch.close();
    }
  });
});
