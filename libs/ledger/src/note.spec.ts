import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { checkpointText, originOf, parseCheckpoint, parseOrigin } from './checkpoint.js';
import { rawPublicKey } from './ed25519.js';
import { fromBase64, toBase64 } from './native-bytes.js';
import { formatNoteKey, noteKey, parseNote, parseNoteKey, signersOf, signNote } from './note.js';

// The key and the note in the documentation of golang.org/x/mod/sumdb/note.
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SEED = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const peter = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(SEED, 'base64').subarray(1)]),
  format: 'der',
  type: 'pkcs8',
});

describe('signed notes', () => {
  it('are, byte for byte, the published one', () => {
    expect(signNote(TEXT, 'PeterNeumann', peter)).toBe(NOTE);
    expect(formatNoteKey(noteKey('PeterNeumann', rawPublicKey(peter)))).toBe(KEY);
    expect(parseNote(NOTE).text).toBe(TEXT);
    expect(signersOf(parseNote(NOTE), [parseNoteKey(KEY)])).toEqual([parseNoteKey(KEY)]);
  });

  it('pass over signatures of keys that are not known, and refuse one that a known key did not make', () => {
    const key = parseNoteKey(KEY);
    const other = noteKey('PeterNeumann', rawPublicKey(generateKeyPairSync('ed25519').privateKey));
    expect(signersOf(parseNote(NOTE), [other])).toEqual([]);
    expect(signersOf(parseNote(NOTE), [{ ...key, name: 'Somebody' }])).toEqual([]);
    const altered = parseNote(NOTE.replace('answer', 'ANSWER'));
    expect(() => signersOf(altered, [key])).toThrow(expect.objectContaining({ code: 'LEDGER_NOTE_FORGED' }));
  });

  it('carry several signatures', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const second = signNote(TEXT, 'example.com/second', privateKey);
    const both = parseNote(NOTE + second.slice(second.indexOf('— ')));
    const keys = [noteKey('example.com/second', rawPublicKey(privateKey)), parseNoteKey(KEY)];
    expect(signersOf(both, keys).map((key) => key.name)).toEqual(['PeterNeumann', 'example.com/second']);
  });

  it('never change their meaning by a changed byte', () => {
    const key = parseNoteKey(KEY);
    const bytes = Buffer.from(NOTE);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(bytes);
        altered[at]! ^= change;
        let signers: unknown[] = [];
        try {
          signers = signersOf(parseNote(altered.toString('utf8')), [key]);
        } catch {
          // Refused aloud is as well.
        }
        expect(signers).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['without a signature', `${TEXT}\n`],
    ['without the empty line', NOTE.replace('\n\n', '\n')],
    ['without its last newline', NOTE.slice(0, -1)],
    ['with a carriage return', NOTE.replace('\n', '\r\n')],
    ['with a signature that is too short', `${TEXT}\n— PeterNeumann AAAA\n`],
    ['with a signature in another spelling', NOTE.replace('JnAM=', 'JnAN=')],
    ['with a hyphen for the dash', NOTE.replace('—', '-')],
    ['with more signatures than anybody needs', NOTE + NOTE.slice(NOTE.indexOf('— ')).repeat(64)],
    ['of a size that nobody needs', `${'a'.repeat(70_000)}\n${NOTE}`],
  ])('are none %s', (_, note) => {
    expect(() => parseNote(note)).toThrow(expect.objectContaining({ code: 'LEDGER_NOTE_MALFORMED' }));
  });

  it('refuse keys that are mangled, and names that a line could not hold', () => {
    for (let from = 0; from < KEY.length; from += 3) {
      for (let to = from + 1; to <= KEY.length; to += 5) {
        if (from > 0 || to < KEY.length) expect(() => parseNoteKey(KEY.slice(from, to))).toThrow();
      }
    }
    for (const name of ['', 'two words', 'a+b', 'a\u2003b']) {
      expect(() => noteKey(name, new Uint8Array(32))).toThrow(
        expect.objectContaining({ code: 'LEDGER_NOTE_MALFORMED' }),
      );
    }
  });
});

describe('checkpoints', () => {
  const root = Uint8Array.from({ length: 32 }, (_, at) => at);
  const checkpoint = { origin: originOf('log-1a2b3c4d', 2), size: 20_852_163, root };

  it('are three lines', () => {
    const text = checkpointText(checkpoint);
    expect(text).toBe('affidavit/log-1a2b3c4d/2\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n');
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    expect(parseCheckpoint(`${text}an extension\n`)).toEqual(checkpoint);
  });

  it('read the one that the specification shows', () => {
    const { origin, size } = parseCheckpoint(
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
    );
    expect([origin, size, parseOrigin(origin)]).toEqual(['example.com/behind-the-sofa', 20_852_163, undefined]);
    expect(parseOrigin(checkpoint.origin)).toEqual({ log: 'log-1a2b3c4d', generation: 2 });
  });

  it.each([
    '',
    'a\n1\n',
    'a\n01\nAAAA\n',
    `a\n-1\n${toBase64(root)}\n`,
    `a\n1e3\n${toBase64(root)}\n`,
    `\n1\n${toBase64(root)}\n`,
  ])('are none of %j', (text) => {
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: 'LEDGER_CHECKPOINT_MALFORMED' }));
  });
});

describe('base64', () => {
  it('has one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
    for (const text of ['AB==', 'AAA', 'AA=', 'AA==\n', '_-AA', ' AAAA']) expect(fromBase64(text)).toBeUndefined();
  });
});
