import { CommandLine } from '../../../test/support/command-line.js';

const REPLAY = {
  id: 'replay-0123456789',
  destination: 'datadog',
  state: 'planned',
  reason: null,
  asked: { query: 'type:session.closed' },
  missingOnly: false,
  from: '0',
  to: '3000',
  plannedTo: '3000',
  count: 1234,
  bytes: 567_890,
  late: 7,
  observed: 3,
  createdBy: 'api-key:0a1b2c3d',
  createdAt: '2026-11-29T01:02:03.000000Z',
  startedAt: null,
  report: null,
  progress: { sent: 0, open: 0, dead: 0 },
  stale: [],
  purges: [],
  hindrance: null,
};
const REPORT = {
  planned: 1234,
  sent: 1234,
  late: 7,
  dead: 0,
  purged: 0,
  missing: 0,
  unsent: 0,
  possibleDuplicates: 0,
  isEqual: true,
  blocks: 3,
  differing: 0,
  differences: [],
};
const LETTER = {
  destination: 'datadog',
  position: '77',
  event: '0123456789abcdef.12',
  state: 'open',
  reason: '400: no\u001b[2J',
  batchState: 'dead',
  firstAt: '2026-11-29T01:02:03.000000Z',
  lastAt: '2026-11-29T01:02:03.000000Z',
  decidedBy: null,
  decidedReason: null,
};

/**
 * The built command line as a shell runs it, its output going into pipes. Faked: the audit-log API, whose answers the test chooses, one
 * after the other; what is observed is what is asked of it, what is printed, and the exit code.
 */
describe('the command line of deliveries', () => {
  let line: CommandLine;
  beforeAll(async () => {
    line = await CommandLine.start();
  });
  afterAll(() => line.close());
  beforeEach(() => line.reset());

  const cli = (...args: string[]) => line.run(args);

  it('plans a replay, shows how far it is, and then what it lists', async () => {
    line.answers['POST /v1/replays'] = [{ ...REPLAY, state: 'planning' }];
    line.answers[`GET /v1/replays/${REPLAY.id}`] = [
      { ...REPLAY, state: 'planning', plannedTo: '1000', hindrance: 'no forwarder delivers to datadog' },
      REPLAY,
    ];
    const args = ['--from', '0', '--to', '2026-11-29T00:00:00Z', '--query', 'type:session.closed', '--missing-only'];
    const { code, stdout, stderr } = await cli('replay', 'plan', ...args);
    expect(line.asked[0]).toMatchObject({
      what: 'POST /v1/replays',
      body: { from: '0', to: '2026-11-29T00:00:00Z', query: 'type:session.closed', missingOnly: true },
    });
    expect(code).toBe(0);
    expect(stderr).toBe(
      'planning  33 %  1,000 of 3,000  no forwarder delivers to datadog\nplanning  100 %  3,000 of 3,000\n',
    );
    expect(stdout).toBe(`replay     replay-0123456789
state      planned
to         datadog
asked for  query type:session.closed
positions  0 to 3000
events     1,234, 567,890 bytes before compression
late       7 would show at their receipt time
observed   3 are at the destination already

Run it with: affidavit replay start replay-0123456789
`);
  });

  it('says that a plan lists nothing, how it went stale, and what was purged since', async () => {
    const path = `GET /v1/replays/${REPLAY.id}`;
    line.answers[path] = [{ ...REPLAY, count: 0 }];
    expect((await cli('replay', 'show', REPLAY.id)).stdout).toContain('It lists nothing');
    const purge = { class: 'standard', from: 'a', to: 'b', count: 50 };
    line.answers[path] = [{ ...REPLAY, stale: ['the filter of datadog is another'], purges: [purge] }];
    const { stdout } = await cli('replay', 'show', REPLAY.id);
    expect(stdout).toContain('out of date: the filter of datadog is another');
    expect(stdout).toContain('purged since it was planned: 50 events of class standard');
    expect(stdout).toContain('this one cannot be started');
  });

  it('runs a replay to its end: plain lines in a pipe, the report, exit code 0 only where it equals the plan', async () => {
    const path = `GET /v1/replays/${REPLAY.id}`;
    const running = { ...REPLAY, state: 'running', startedAt: REPLAY.createdAt };
    const half = { ...running, progress: { sent: 600, open: 634, dead: 0 } };
    line.answers[`POST /v1/replays/${REPLAY.id}/start`] = [running];
    line.answers[path] = [running, half, { ...running, state: 'finished', progress: half.progress, report: REPORT }];
    const good = await cli('replay', 'start', REPLAY.id);
    expect(good.code).toBe(0);
    expect(good.stderr).toBe('sending  0 %  0 of 1,234\nsending  48 %  600 of 1,234\n');
    expect(good.stdout).toContain('✓ 1,234 events were sent, exactly those planned');
    expect(good.stdout).toContain('7 of those sent show at their receipt time');

    const worse = { ...REPORT, sent: 1200, dead: 4, purged: 30, isEqual: false, differing: 1 };
    const report = { ...worse, differences: [{ from: '1000', to: '2000' }] };
    line.answers[path] = [{ ...running, state: 'finished', report }];
    const bad = await cli('replay', 'start', REPLAY.id);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('✗ 1,200 of 1,234 events were sent');
    expect(bad.stdout).toContain('30 were purged before they could be sent');
    expect(bad.stdout).toContain('they differ in 1 of 3 blocks: 1000–2000');

    line.answers[path] = [{ ...running, state: 'paused' }];
    const paused = await cli('replay', 'start', REPLAY.id);
    expect(paused.code).toBe(1);
    expect(paused.stdout).toContain(`affidavit replay resume ${REPLAY.id}`);
  });

  it('does not wait where it is told so, and then the exit code is that of the act', async () => {
    const running = { ...REPLAY, state: 'running', startedAt: REPLAY.createdAt };
    line.answers[`POST /v1/replays/${REPLAY.id}/start`] = [running];
    line.answers[`GET /v1/replays/${REPLAY.id}`] = [running];
    const { code, stdout, stderr } = await cli('replay', 'start', REPLAY.id, '--no-wait', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(running);
  });

  it('pauses and cancels', async () => {
    for (const name of ['pause', 'cancel']) {
      line.answers[`POST /v1/replays/${REPLAY.id}/${name}`] = [{ ...REPLAY, state: `${name}d` }];
      expect((await cli('replay', name, REPLAY.id)).stdout).toContain(`state      ${name}d`);
    }
  });

  it('shows each thousand positions with its digest, over all pages', async () => {
    const block = { count: 5, bytes: 50, late: 0, observed: 0, digest: 'd'.repeat(64), outcome: null };
    line.answers[`GET /v1/replays/${REPLAY.id}`] = [REPLAY];
    line.answers[`GET /v1/replays/${REPLAY.id}/blocks?after=-1&limit=1000`] = [
      { blocks: [{ ...block, from: '0', to: '1000' }], next: '0' },
    ];
    line.answers[`GET /v1/replays/${REPLAY.id}/blocks?after=0&limit=1000`] = [
      { blocks: [{ ...block, from: '1000', to: '2000' }], next: null },
    ];
    const { stdout } = await cli('replay', 'show', REPLAY.id, '--blocks', '--json');
    expect(JSON.parse(stdout).blocks.map((one: { from: string }) => one.from)).toEqual(['0', '1000']);
    expect((await cli('replay', 'show', REPLAY.id, '--blocks')).stdout).toContain(block.digest);
  });

  it('lists dead letters on lines of their own, whatever a stranger wrote', async () => {
    line.answers['GET /v1/dead-letters?state=open&limit=100'] = [{ deadLetters: [LETTER], next: 'datadog.77' }];
    const { stdout } = await cli('deadletters', 'list');
    expect(stdout).toContain('400: no\\u001b[2J');
    expect(stdout).toContain('--cursor datadog.77');
    line.answers['GET /v1/dead-letters?state=any&limit=100'] = [
      { deadLetters: [{ ...LETTER, state: 'retried', batchState: 'accepted' }], next: null },
    ];
    expect((await cli('deadletters', 'list', '--state', 'any')).stdout).toContain('retried, delivered');
  });

  it('shows the one destination’s dead letter, and asks whose where there are several', async () => {
    line.answers['GET /v1/delivery'] = [{ destinations: [{ destination: 'datadog', lanes: [] }] }];
    line.answers['GET /v1/dead-letters/datadog/77'] = [{ ...LETTER, body: '{"message":"x"}', attempts: [] }];
    expect((await cli('deadletters', 'show', '77')).stdout).toContain('{"message":"x"}');
    line.answers['GET /v1/delivery'] = [{ destinations: [{ destination: 'datadog' }, { destination: 'siem' }] }];
    const { code, stderr } = await cli('deadletters', 'show', '77');
    expect(code).toBe(2);
    expect(stderr).toContain('--destination is needed: there are datadog, siem');
  });

  it('retries and discards: positions or all, never without a reason', async () => {
    line.answers['POST /v1/dead-letters/retry'] = [{ destination: 'datadog', count: 1, skipped: ['78'] }];
    const retried = await cli('deadletters', 'retry', '77', '78');
    expect(line.asked.at(-1)?.body).toEqual({ positions: ['77', '78'] });
    expect(retried.stdout).toContain('1 will be sent once more');
    expect(retried.stdout).toContain('not open, left as they are: 78');
    line.answers['POST /v1/dead-letters/discard'] = [{ destination: 'siem', count: 3, skipped: [] }];
    await cli('deadletters', 'discard', '--all', '--reason', 'a test', '--destination', 'siem');
    expect(line.asked.at(-1)?.body).toEqual({ destination: 'siem', reason: 'a test', all: true });
  });

  it.each([
    ['nothing chosen', ['deadletters', 'retry']],
    ['positions and all', ['deadletters', 'retry', '7', '--all']],
    ['no reason', ['deadletters', 'discard', '7']],
    ['no position', ['deadletters', 'show', 'x']],
    ['no id of a replay', ['replay', 'show', '../keys']],
  ])('%s is exit code 2, and nothing is asked', async (_what, args) => {
    expect((await cli(...args)).code).toBe(2);
    expect(line.asked).toEqual([]);
  });

  it('shows what is due when and why', async () => {
    const lane = {
      lane: 'live',
      position: '500',
      behind: '12',
      oldestUndeliveredAt: new Date(Date.now() - 90_000).toISOString(),
      due: 1,
      sending: 0,
      paused: 0,
      doubt: 2,
      eventsPerSecond: 3.5,
      next: { batch: '41', attempt: 9, dueAt: new Date(Date.now() + 600_000).toISOString(), why: '503: busy' },
    };
    const destination = {
      destination: 'datadog',
      kind: 'datadog',
      state: 'failing',
      reason: '503: busy',
      since: new Date(Date.now() - 600_000).toISOString(),
      isHeld: false,
      opensAt: null,
      deadLetters: 4,
      lanes: [lane],
    };
    line.answers['GET /v1/delivery'] = [{ destinations: [destination] }];
    const { stdout } = await cli('delivery', 'status');
    expect(stdout).toContain('datadog (datadog), failing for 10 min: 503: busy, 4 dead letters');
    expect(stdout).toMatch(/live +500 +12 +\d+ s +3\.5 +1 +0 +0 +2 +batch 41 in 10 min, attempt 9: 503: busy/);
    line.answers['GET /v1/delivery'] = [{ destinations: [] }];
    expect((await cli('delivery', 'status')).stdout).toContain('there is no destination yet');
  });

  it('lists batches and their attempts, and sweeps', async () => {
    const tried = {
      attempt: 1,
      at: '2026-11-29T01:02:03.000000Z',
      elapsedMs: 12,
      kind: 'retry',
      status: 503,
      reason: 'busy',
    };
    const batch = {
      id: '41',
      destination: 'datadog',
      lane: 'replay',
      plan: REPLAY.id,
      from: '0',
      to: '1000',
      count: 400,
      state: 'due',
      attempt: 1,
      uncertain: 0,
      dueAt: '2026-11-29T01:03:00.000000Z',
      settledAt: null,
      answer: { kind: 'retry', status: 503, reason: 'busy' },
      attempts: [tried],
    };
    line.answers['GET /v1/delivery/batches?limit=50&state=due'] = [{ batches: [batch], next: null }];
    expect((await cli('delivery', 'batches', '--state', 'due')).stdout).toMatch(
      new RegExp(`41 +datadog +${REPLAY.id} +0–1000 +400 +due +1 +0 +2026-11-29T01:03:00 +busy`),
    );
    expect((await cli('delivery', 'batches', '--state', 'due', '--attempts')).stdout).toMatch(
      /41 +1 +\S+ +retry +503 +12 +busy/,
    );
    line.answers['POST /v1/delivery/sweep'] = [
      { destinations: [{ destination: 'datadog', due: 5, later: 1, paused: 0 }] },
    ];
    expect((await cli('delivery', 'sweep')).stdout).toMatch(/datadog +5 +1 +0/);
  });
});
