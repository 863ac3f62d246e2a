import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandLine } from '../../../../test/support/command-line.js';

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
  let line: CommandLine;
  beforeAll(async () => {
    line = await CommandLine.start();
  });
  afterAll(() => line.close());
  beforeEach(() => {
    line.reset();
    line.answers = {
      'POST /v1/exports': [{ ...RUNNING, state: 'waiting', next: '100' }],
      [`GET /v1/exports/${ID}`]: [RUNNING, FINISHED],
      [`GET ${LINKS.events}`]: [EVENTS],
      [`GET ${LINKS.manifest}`]: [MANIFEST],
    };
  });

  const cli = (...args: string[]) => line.run(['export', ...args]);
  const out = () => join(line.folder.path, 'out.ndjson');

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
    expect(line.asked[0]).toMatchObject({
      what: 'POST /v1/exports',
      body: { format: 'ndjson', session: 's-1', types: ['a', 'b'] },
    });
    expect(stdout).toContain(sha256(EVENTS));
    expect(readFileSync(out(), 'utf8')).toBe(EVENTS);
    expect(readFileSync(`${out()}.manifest.json`, 'utf8')).toBe(MANIFEST);
    const downloads = line.asked.filter(({ what }) => what.includes('download'));
    expect(downloads.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
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
    line.answers[`GET ${path}`] = [text];
    const { code, stderr } = await cli('--out', out());
    expect(code).toBe(1);
    expect(stderr).toContain('nothing was kept');
    expect(readdirSync(line.folder.path)).toEqual([]);
  });

  it('a download that breaks off leaves no file, and says how to go on', async () => {
    line.answers[`GET ${LINKS.events}`] = ['cut'];
    const { code, stderr } = await cli('--out', out());
    expect(code).toBe(3);
    expect(stderr).toContain('affidavit export fetch');
    expect(readdirSync(line.folder.path)).toEqual([]);
  });

  it('waits for an api that restarts', async () => {
    line.answers[`GET /v1/exports/${ID}`] = ['cut', FINISHED];
    const { code, stderr } = await cli('fetch', ID, '--out', out());
    expect(stderr).toContain('the api does not answer; it is asked again');
    expect(code).toBe(0);
    expect(existsSync(out())).toBe(true);
  });

  it('an export that failed says why and what to do', async () => {
    const error = { code: 'RECORD_EXPORT_NO_SPACE', message: 'the disk is full\u001b[2J', remedy: 'Free space there.' };
    line.answers[`GET /v1/exports/${ID}`] = [{ ...RUNNING, state: 'failed', error }];
    const { code, stderr } = await cli('--out', out());
    expect(code).toBe(1);
    expect(stderr).toContain('the disk is full');
    expect(stderr).toContain('Free space there.');
  });

  it('overwrites nothing, and asks for nothing then', async () => {
    writeFileSync(out(), 'mine');
    expect((await cli('--out', out())).code).toBe(2);
    expect(line.asked).toEqual([]);
    expect(readFileSync(out(), 'utf8')).toBe('mine');
  });

  it('a file whose api node is another says so', async () => {
    line.answers[`GET /v1/exports/${ID}`] = [{ ...FINISHED, links: { ...LINKS, events: null } }];
    const { code, stderr } = await cli('fetch', ID, '--out', out());
    expect(code).toBe(1);
    expect(stderr).toContain('another api node');
  });
});
