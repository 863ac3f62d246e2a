import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testFolder } from '../../../test/support/servers.js';
import { ago, cut, plain } from './output.js';
import { metric } from './status.js';

const run = promisify(execFile);

/**
 * The built command line as a shell runs it. Faked: the audit-log API, whose answers and refusals the test chooses; what is
 * observed is what is asked of it, what is printed, and the exit code.
 */
describe('the command line', () => {
  const folder = testFolder();
  let api: Server;
  let asked: { method: string; url: string; authorization: string | undefined; body: string }[] = [];
  let answers: Record<string, { status: number; body: unknown }> = {};

  beforeAll(async () => {
    api = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        asked.push({ method, url, authorization: headers.authorization, body });
        const answer = answers[`${method} ${url.split('?')[0]}`] ?? {
          status: 404,
          body: { code: 'API_ROUTE_UNKNOWN', detail: 'nothing here', remedy: 'See /docs.' },
        };
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
    folder.remove();
  });
  beforeEach(() => {
    asked = [];
    answers = {};
  });

  async function cli(args: string[], env: Record<string, string> = {}) {
    const options = {
      env: {
        PATH: process.env.PATH ?? '',
        AFFIDAVIT_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
        AFFIDAVIT_API_KEY: 'afk_test',
        AFFIDAVIT_CONFIG: join(folder.path, 'affidavit.yaml'),
        AFFIDAVIT_DATA: join(folder.path, 'data'),
        ...env,
      },
    };
    try {
      const { stdout, stderr } = await run(process.execPath, ['bin/affidavit.mjs', ...args], options);
      return { code: 0, stdout, stderr };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }

  it('sends the key, and prints the answer as it came with --json', async () => {
    const keys = { keys: [] };
    answers['GET /v1/keys'] = { status: 200, body: keys };
    const { code, stdout } = await cli(['keys', 'list', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([]);
    expect(asked[0]).toMatchObject({ method: 'GET', url: '/v1/keys', authorization: 'Bearer afk_test' });
  });

  it('sends only what the API takes', async () => {
    answers['POST /v1/keys'] = { status: 201, body: { key: 'k', id: 'i', prefix: 'p', role: 'viewer' } };
    const { stdout } = await cli(['keys', 'create', '--role', 'viewer', '--label', 'auditor', '--json']);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ role: 'viewer', label: 'auditor' });
    expect(JSON.parse(stdout)).toMatchObject({ key: 'k' });
  });

  it('asks for sessions as people do, and for who touched a connection', async () => {
    answers['GET /v1/sessions'] = { status: 200, body: { sessions: [], next: null, horizon: '1' } };
    const sessions = ['sessions', 'list', '--identity', "o'neil", '--since', '2d', '--bypassed-approval'];
    expect((await cli(sessions)).code).toBe(0);
    const { searchParams } = new URL(asked[0]!.url, 'http://x');
    expect(Object.fromEntries(searchParams)).toEqual({
      identity: "o'neil",
      approval: 'bypassed',
      from: expect.stringMatching(/^\d{4}-/),
      limit: '50',
    });
    expect(Date.now() - Date.parse(searchParams.get('from')!)).toBeGreaterThanOrEqual(2 * 86_400_000);

    answers['GET /v1/connections/a%2Fb/identities'] = {
      status: 200,
      body: {
        identities: [
          {
            ...{ identity: 'robin\u001b[2J', kind: 'agent', onBehalfOf: null, isVerified: false },
            ...{ sessions: 3, denied: 1, bypassed: 0, commands: 7, failed: 0, rows: 1 },
            ...{ firstSessionAt: '2026-01-01T00:00:00.000000Z', lastSessionAt: '2026-01-01T00:00:00.000000Z' },
            lastSession: 's-1',
          },
        ],
        horizon: '1',
      },
    };
    const { stdout, code } = await cli(['who', 'touched', 'a/b', '--since', '2026-01-01']);
    expect(code).toBe(0);
    expect(asked[1]!.url).toContain('from=2026-01-01T00%3A00%3A00Z');
    expect(stdout).toContain('robin\\u001b[2J (claimed)');
    expect(stdout).not.toContain('\u001b[2J');
    expect((await cli(['who', 'touched', 'x', '--since', 'lately'])).code).toBe(2);
  });

  it('shows a whole session, page by page, and JSON that a terminal does not obey', async () => {
    const evil = '\u001b[2J\u009b31m\u202e';
    const event = (position: string, type: string, data: object) => ({
      position,
      recordedAt: '2026-01-01T00:00:00.000000Z',
      class: 'standard',
      event: { type, time: '2026-01-01T00:00:00.000000Z', data },
    });
    const session = { id: 's-1', identityId: evil, openedAt: '2026-01-01', commands: 1, failed: 0, state: 'closed' };
    const events = [event('3', 'command.issued', { statement: { text: evil } })];
    answers['GET /v1/sessions/s-1'] = { status: 200, body: { session, holds: [], events, next: '3', more: false } };
    const shown = (await cli(['sessions', 'show', 's-1'])).stdout;
    expect(shown).toContain('▸ \\u001b[2J\\u009b31m\\u202e');
    const json = (await cli(['sessions', 'show', 's-1', '--json'])).stdout;
    for (const text of [shown, json]) expect(text).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(JSON.parse(json).session.identityId).toBe(evil);
  });

  it('searches on until it has enough, and shows what was found as text that a terminal does not obey', async () => {
    const evil = 'DROP \u001b[2J\u009b31m\u202e';
    const event = {
      position: '7',
      recordedAt: '2026-01-01T00:00:00.000000Z',
      class: 'standard',
      event: { type: 'command.issued', time: '', session: evil, data: { statement: { text: evil } } },
    };
    const page = { events: [event], next: '7', more: true, head: '9', horizon: '8', purged: [] };
    answers['GET /v1/events'] = { status: 200, body: page };
    const { code, stdout } = await cli(['search', 'drop', 'x*', '--connection', 'a&b', '--limit', '3']);
    expect(code).toBe(0);
    expect(asked.map(({ url }) => Object.fromEntries(new URL(url, 'http://x').searchParams))).toEqual([
      { text: 'drop x*', connection: 'a&b', before: 'head', limit: '3' },
      { text: 'drop x*', connection: 'a&b', before: '7', limit: '2' },
      { text: 'drop x*', connection: 'a&b', before: '7', limit: '1' },
    ]);
    expect(stdout).toContain('DROP \\u001b[2J\\u009b31m\\u202e');
    expect(stdout).toContain('--before 7');
    expect(stdout).toContain('up to position 8');
    const json = (await cli(['search', 'drop', '--limit', '2', '--json'])).stdout;
    expect(JSON.parse(json).events).toHaveLength(2);
    for (const text of [stdout, json]) expect(text).not.toMatch(/[\u001b\u009b\u202e]/);

    answers['GET /v1/sessions'] = { status: 200, body: { sessions: [], next: 'more', horizon: '8' } };
    asked = [];
    const listing = cli(['sessions', 'list', '--text', 'drop', '--limit', '2']);
    while (asked.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    answers['GET /v1/sessions'] = { status: 200, body: { sessions: [], next: null, horizon: '8' } };
    expect((await listing).stdout).toContain('none');
    expect(asked[1]!.url).toContain('cursor=more');
  });

  it('makes keys with limits, and rotates them', async () => {
    const body = { key: 'k', id: 'i', prefix: 'p', role: 'auditor' };
    answers['POST /v1/keys'] = { status: 201, body };
    answers['POST /v1/keys/i/rotate'] = { status: 200, body };
    const limits = ['--from', '2026-01-01', '--connection', 'orders', 'payroll', '--expires', '90d'];
    expect((await cli(['keys', 'create', '--role', 'auditor', ...limits])).stdout).toContain('Shown once');
    expect(JSON.parse(asked[0]!.body)).toEqual({
      role: 'auditor',
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      limits: { from: '2026-01-01T00:00:00Z', connections: ['orders', 'payroll'] },
    });
    expect((await cli(['keys', 'rotate', 'i', '--overlap', '0'])).code).toBe(0);
    expect(JSON.parse(asked[1]!.body)).toEqual({ overlapMinutes: 0 });
  });

  it("shows the API's own code and remedy, and exits with 1", async () => {
    answers['POST /v1/enrolments'] = {
      status: 409,
      body: { code: 'RECORD_MARK_KEY_MISSING', detail: 'no mark key', remedy: 'Start a recorder once.' },
    };
    const { code, stderr } = await cli(['enroll', 'gw-1']);
    expect(code).toBe(1);
    expect(stderr).toBe('RECORD_MARK_KEY_MISSING: no mark key\n  → Start a recorder once.\n');
  });

  it('an API that does not answer is exit code 3', async () => {
    const { code, stderr } = await cli(['sessions', 'list'], { AFFIDAVIT_API_URL: 'http://127.0.0.1:1' });
    expect(code).toBe(3);
    expect(stderr).toContain('CLI_API_UNREACHABLE');
  });

  it.each([
    ['an unknown command', ['sesions']],
    ['an unknown option', ['sessions', 'list', '--al']],
    ['a missing argument', ['sessions', 'show']],
    ['a missing required option', ['token', 'create']],
  ])('%s is exit code 2', async (_what, args) => {
    expect((await cli(args)).code).toBe(2);
  });

  it('a token is printed once and taken by the policy; an unknown identity is refused', async () => {
    const file = join(folder.path, 'affidavit.yaml');
    writeFileSync(file, 'version: 1\nidentities:\n  - id: ann\n    kind: human\n');
    const { stdout } = await cli(['token', 'create', '--identity', 'ann', '--expires', '30d', '--json']);
    const made = JSON.parse(stdout) as { token: string; id: string; expiresAt: string };
    expect(made.token).toMatch(/^afd_/);
    const listed = JSON.parse((await cli(['token', 'list', '--json'])).stdout) as object[];
    expect(listed).toEqual([
      { identity: 'ann', kind: 'human', id: made.id, expiresAt: made.expiresAt, expired: false },
    ]);
    expect((await cli(['token', 'create', '--identity', 'bob'])).stderr).toContain('CONFIG_IDENTITY_UNKNOWN');
    expect((await cli(['token', 'create', '--identity', 'ann', '--expires', 'soon'])).code).toBe(2);
  });

  it('the settings are shown masked although one of them is wrong', async () => {
    const { code, stdout } = await cli(['config', 'show', '--json'], {
      AFFIDAVIT_API_PORT: 'x',
      DD_API_KEY: 'hunter2',
    });
    expect(code).toBe(1);
    expect(stdout).toContain('must be a port');
    expect(stdout).not.toContain('hunter2');
  });

  it('help loads none of the heavy rooms', async () => {
    const { stdout } = await run(process.execPath, [
      '--input-type=module',
      '-e',
      `const { buildProgram } = await import('./dist/apps/cli/src/program.js');
       buildProgram();
       console.log(process.memoryUsage().rss);`,
    ]);
    // About 50 MB; with the libraries for PostgreSQL, Redis or zod loaded it is far more.
    expect(Number(stdout)).toBeLessThan(65 * 1024 * 1024);
  });
});

describe('what is printed', () => {
  it.each([
    ['\u001b[2J\u001b[1;31mroot', '\\u001b[2J\\u001b[1;31mroot'],
    ['a\nb\tc', 'a⏎b c'],
    ['a\u202eb\u200bc', 'a\\u202eb\\u200bc'],
  ])('%j can neither move the cursor nor hide text', (from, to) => {
    expect(plain(from)).toBe(to);
  });

  it('is cut visibly', () => {
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('abc', 4)).toBe('abc');
  });

  it.each([
    [12, '12 ms'],
    [4200, '4.2 s'],
    [65_000, '65 s'],
    [300_000, '5 min'],
    [10_800_000, '3 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(ago(ms)).toBe(text);
  });
});

describe('a metric', () => {
  it('is found by its whole name and summed over its labels', () => {
    const text = '# HELP a_total x\na_total{x="1"} 2\na_total{x="2"} 3\na_totals 9\n';
    expect(metric(text, 'a_total')).toBe(5);
    expect(metric(text, 'b_total')).toBeUndefined();
  });
});
