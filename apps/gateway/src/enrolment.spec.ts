import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeName } from '#events';
import { testFolder } from '../../../test/support/servers.js';
import { checkLog, enrol } from './enrolment.js';

const node = 'edge-1' as NodeName;
const { publicKey } = generateKeyPairSync('ed25519');
const markKeys = { main: spki(), other: spki() };
let folder: ReturnType<typeof testFolder>;
let asked: { url: string; body: Record<string, string> }[] = [];

function spki(): Buffer {
  return generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });
}
const fingerprint = (key: Buffer) => createHash('sha256').update(key).digest('hex');
const token = (log: 'main' | 'other', changes: Record<string, string> = {}) =>
  Buffer.from(
    JSON.stringify({
      api: 'http://api/',
      log,
      node,
      markFingerprint: fingerprint(markKeys[log]),
      secret: 's',
      ...changes,
    }),
  ).toString('base64url');

/** An api that serves one log. */
const api = (log: 'main' | 'other', status = 201) =>
  (async (url: string, init?: RequestInit) => {
    asked.push({ url, body: JSON.parse(String(init?.body ?? '{}')) as Record<string, string> });
    const body =
      status < 300
        ? { node, log, keyId: '00', markPublicKey: markKeys[log].toString('base64') }
        : { code: 'RECORD_ENROLMENT_REFUSED', detail: 'the token has expired', remedy: 'Make a new one.' };
    return new Response(JSON.stringify(body), { status });
  }) as typeof fetch;

beforeEach(() => {
  folder = testFolder();
  asked = [];
});
afterEach(() => folder.remove());
const at = () => ({ file: join(folder.path, 'pinned.json'), node, publicKey });
const failing = (code: string) => expect.objectContaining({ code, remedy: expect.stringMatching(/./) });

describe('enrolment', () => {
  it('sends the public key once, and pins log and mark key for later starts', async () => {
    const first = await enrol({ ...at(), token: token('main'), post: api('main') });
    expect(first).toMatchObject({ log: 'main', node, api: 'http://api', isAdopted: false });
    expect(asked).toEqual([
      {
        url: 'http://api/v1/nodes',
        body: { token: token('main'), publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') },
      },
    ]);
    expect(statSync(at().file).mode & 0o777).toBe(0o600);
    const again = await enrol({ ...at(), post: api('main', 500) });
    expect(again.markKey.export({ format: 'der', type: 'spki' })).toEqual(markKeys.main);
    expect((await enrol({ ...at(), token: token('main'), post: api('main', 500) })).log).toBe('main');
    expect(asked).toHaveLength(1);
  });

  it('without a token names the two commands', async () => {
    await expect(enrol(at())).rejects.toEqual(
      expect.objectContaining({
        code: 'GATEWAY_NOT_ENROLLED',
        remedy: expect.stringContaining('affidavit enroll edge-1'),
      }),
    );
  });

  it('refuses an api whose mark key is not the one of the token', async () => {
    await expect(
      enrol({ ...at(), token: token('main', { markFingerprint: fingerprint(markKeys.other) }), post: api('main') }),
    ).rejects.toEqual(failing('GATEWAY_ENROLMENT_REFUSED'));
  });

  it('refuses another log than the pinned one, unless told to adopt it', async () => {
    await enrol({ ...at(), token: token('main'), post: api('main') });
    const before = readFileSync(at().file, 'utf8');
    await expect(enrol({ ...at(), token: token('other'), post: api('other') })).rejects.toEqual(
      failing('GATEWAY_OTHER_LOG'),
    );
    expect(readFileSync(at().file, 'utf8')).toBe(before);
    const adopted = await enrol({ ...at(), token: token('other'), adopt: true, post: api('other') });
    expect(adopted).toMatchObject({ log: 'other', isAdopted: true });
  });

  it('says what the api said, and what is wrong with a token', async () => {
    await expect(enrol({ ...at(), token: token('main'), post: api('main', 409) })).rejects.toMatchObject({
      message: expect.stringContaining('the token has expired'),
      remedy: 'Make a new one.',
    });
    await expect(enrol({ ...at(), token: 'rubbish' })).rejects.toEqual(failing('GATEWAY_TOKEN_MALFORMED'));
    await expect(enrol({ ...at(), token: token('main', { node: 'edge-2' }), post: api('main') })).rejects.toEqual(
      failing('GATEWAY_ENROLMENT_REFUSED'),
    );
    const away = (() => Promise.reject(new Error('ECONNREFUSED'))) as unknown as typeof fetch;
    await expect(enrol({ ...at(), token: token('main'), post: away })).rejects.toMatchObject({ retry: 'later' });
  });

  it('asks a reachable api for its log, and starts without one', async () => {
    const pinned = await enrol({ ...at(), token: token('main'), post: api('main') });
    await checkLog(pinned, api('main', 200));
    await checkLog(pinned, api('main', 404));
    await checkLog(pinned, (() => Promise.reject(new Error('down'))) as unknown as typeof fetch);
    await expect(checkLog(pinned, api('other', 200))).rejects.toEqual(failing('GATEWAY_OTHER_LOG'));
  });
});
