import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { testFolder } from '../../../../test/support/servers.js';

const EVENTS = '{"a":1}\n{"a":2}\n';
const ID = 'export-0123456789';
const LINKS = {
  events: `/v1/exports/${ID}/download?file=events`,
  manifest: `/v1/exports/${ID}/download?file=manifest`,
};
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const MANIFEST = JSON.stringify({ files: [{ name: `${ID}.ndjson`, sha256: sha256(EVENTS) }] });
const RUNNING = {
  ...{
    id: ID,
    kind: 'events',
    format: 'ndjson',
    selection: { session: 's-1' },
    state: 'running',
    from: '100',
    to: '300',
  },
  ...{ next: '200', count: 1, bytes: 8, requestedBy: 'api-key:0a1b2c3d', createdAt: '2026-11-29T01:02:03.000000Z' },
  ...{ finishedAt: null, keepUntil: null, error: null, file: null, manifestSha256: null, links: null },
};
const FINISHED = {
  ...RUNNING,
  ...{ state: 'finished', next: '300', count: 2, bytes: EVENTS.length, manifestSha256: sha256(MANIFEST), links: LINKS },
  file: { name: `${ID}.ndjson`, bytes: EVENTS.length, sha256: sha256(EVENTS) },
};

/**
 * The built command line as a shell runs it. Faked: the audit-log API, whose answers the test chooses, one after the other; what is
 * observed is what is asked of it, what is printed, the exit code and the files.
 */
describe('affidavit export', () => {
  let folder: ReturnType<typeof testFolder>;
  let api: Server;
  let asked: { what: string; body: unknown; key: string | undefined }[];
  let answers: Record<string, (string | object)[]>;

  beforeAll(async () => {
    api = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const what = `${request.method} ${request.url}`;
        asked.push({ what, body: body === '' ? undefined : JSON.parse(body), key: request.headers.authorization });
        const left = answers[what] ?? [];
        const answer = left.length > 1 ? left.shift() : left[0];
        if (answer === 'cut') return void request.socket.destroy();
        const text = typeof answer === 'string' ? answer : JSON.stringify(answer ?? { code: 'API_ROUTE_UNKNOWN' });
        response.writeHead(answer === undefined ? 404 : 200).end(text);
      });
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
  });
  beforeEach(() => {
    folder = testFolder();
    asked = [];
    answers = {
      'POST /v1/exports': [{ ...RUNNING, state: 'waiting', next: '100' }],
      [`GET /v1/exports/${ID}`]: [RUNNING, FINISHED],
      [`GET ${LINKS.events}`]: [EVENTS],
      [`GET ${LINKS.manifest}`]: [MANIFEST],
    };
  });
  afterEach(() => folder.remove());

  function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = {
      PATH: process.env.PATH ?? '',
      AFFIDAVIT_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
      AFFIDAVIT_API_KEY: 'afk_test',
      AFFIDAVIT_DATA: folder.path,
    };
    return new Promise((resolve) => {
      execFile(process.execPath, ['bin/affidavit.mjs', 'export', ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  }
  const out = () => join(folder.path, 'out.ndjson');

  it('asks, shows how far it is, downloads without the key, checks the digests', async () => {
    const { code, stdout, stderr } = await cli(
      '--session',
      's-1',
      '--type',
      'a,b',
      '--format',
      'ndjson',
      '--out',
      out(),
    );
    expect(stderr).toContain('exporting  50 %  100 of 200\n');
    expect(stderr).toContain('exporting  100 %  200 of 200  2 events\n');
    expect(code).toBe(0);
    expect(asked[0]).toMatchObject({
      what: 'POST /v1/exports',
      body: { format: 'ndjson', session: 's-1', types: ['a', 'b'] },
    });
    expect(stdout).toContain(sha256(EVENTS));
    expect(readFileSync(out(), 'utf8')).toBe(EVENTS);
    expect(readFileSync(`${out()}.manifest.json`, 'utf8')).toBe(MANIFEST);
    const downloads = asked.filter(({ what }) => what.includes('download'));
    expect(downloads.map(({ key }) => key)).toEqual([undefined, undefined]);
  });

  it('says all of it in JSON, without the links', async () => {
    const { stdout } = await cli('--out', out(), '--json');
    const { links: _, ...facts } = FINISHED;
    expect(JSON.parse(stdout)).toEqual({ ...facts, out: out(), manifest: `${out()}.manifest.json` });
  });

  it.each([
    ['a file that is otherwise', LINKS.events, EVENTS.replace('1', '3')],
    ['a file that is shorter', LINKS.events, '{"a":1}\n'],
    ['a manifest that is otherwise', LINKS.manifest, `${MANIFEST} `],
  ])('%s is refused, and nothing of it stays', async (_, path, text) => {
    answers[`GET ${path}`] = [text];
    const { code, stderr } = await cli('--out', out());
    expect(code).toBe(1);
    expect(stderr).toContain('nothing was kept');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('a download that breaks off leaves no file, and says how to go on', async () => {
    answers[`GET ${LINKS.events}`] = ['cut'];
    const { code, stderr } = await cli('--out', out());
    expect(code).toBe(3);
    expect(stderr).toContain('affidavit export fetch');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('waits for an api that restarts', async () => {
    answers[`GET /v1/exports/${ID}`] = ['cut', FINISHED];
    const { code, stderr } = await cli('fetch', ID, '--out', out());
    expect(stderr).toContain('the api does not answer; it is asked again');
    expect(code).toBe(0);
    expect(existsSync(out())).toBe(true);
  });

  it('an export that failed says why and what to do', async () => {
    const error = { code: 'RECORD_EXPORT_NO_SPACE', message: 'the disk is full\u001b[2J', remedy: 'Free space there.' };
    answers[`GET /v1/exports/${ID}`] = [{ ...RUNNING, state: 'failed', error }];
    const { code, stderr } = await cli('--out', out());
    expect(code).toBe(1);
    expect(stderr).toContain('the disk is full');
    expect(stderr).toContain('Free space there.');
  });

  it('overwrites nothing, and asks for nothing then', async () => {
    writeFileSync(out(), 'mine');
    expect((await cli('--out', out())).code).toBe(2);
    expect(asked).toEqual([]);
    expect(readFileSync(out(), 'utf8')).toBe('mine');
  });

  it('a file whose api node is another says so', async () => {
    answers[`GET /v1/exports/${ID}`] = [{ ...FINISHED, links: { ...LINKS, events: null } }];
    const { code, stderr } = await cli('fetch', ID, '--out', out());
    expect(code).toBe(1);
    expect(stderr).toContain('another api node');
  });
});
