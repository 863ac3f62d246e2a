import type { KeyObject } from 'node:crypto';
import { sha256 } from './chain.js';
import { rawPublicKey, signEd25519, verifyEd25519 } from './ed25519.js';
import { LedgerError } from './errors.js';
import { fromBase64, toBase64 } from './native-bytes.js';
import { toHex, utf8 } from './text-bytes.js';

// Signed notes, C2SP: https://c2sp.org/signed-note (read 2026-11-29).
// A text that ends in a newline, an empty line, then one line a signature: `— <key name> base64(key id[4] | signature)`.

/** Ed25519 over the text. */
const ED25519 = 1;
const KEY_NAME = /^[^\s+]+$/u;
const MAX_SIGNATURES = 64;
const MAX_NOTE_LENGTH = 64 * 1024;

/** A key that signs notes: its name, and the first four bytes of SHA-256(name | newline | type | public key). */
export interface NoteKey {
  name: string;
  /** Eight hex digits. */
  id: string;
  /** 32 bytes. */
  publicKey: Uint8Array;
}

export interface NoteSignature {
  name: string;
  /** Eight hex digits. */
  id: string;
  signature: Uint8Array;
}

export interface Note {
  /** With its last newline. */
  text: string;
  signatures: NoteSignature[];
}

/** @param publicKey 32 bytes */
export function noteKey(name: string, publicKey: Uint8Array): NoteKey {
  if (!KEY_NAME.test(name)) throw malformed(`${JSON.stringify(name)} is no name of a key`);
  return { name, id: toHex(sha256(utf8(`${name}\n`), Uint8Array.of(ED25519), publicKey).subarray(0, 4)), publicKey };
}

/** A key as people pass it on: `<name>+<id>+<base64 of type and key>`. */
export function formatNoteKey(key: NoteKey): string {
  return `${key.name}+${key.id}+${toBase64(Uint8Array.of(ED25519, ...key.publicKey))}`;
}

/** @throws LEDGER_NOTE_MALFORMED where the text is no such key, or its id is not of it */
export function parseNoteKey(text: string): NoteKey {
  const [, name = '', id, base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
  const bytes = fromBase64(base64);
  if (bytes?.length !== 33 || bytes[0] !== ED25519)
    throw malformed('the key is not of the form name+id+base64, Ed25519');
  const key = noteKey(name, bytes.subarray(1));
  if (key.id !== id) throw malformed(`the id ${id} is not that of the key, ${key.id}`);
  return key;
}

/**
 * Signs a text.
 * @param text ends in a newline, without control characters but newlines
 * @throws LEDGER_NOTE_MALFORMED
 */
export function signNote(text: string, name: string, privateKey: KeyObject): string {
  assertText(text);
  const { id } = noteKey(name, rawPublicKey(privateKey));
  const signature = signEd25519(privateKey, utf8(text));
  const bytes = new Uint8Array(4 + signature.length);
  bytes.set([0, 2, 4, 6].map((at) => Number.parseInt(id.slice(at, at + 2), 16)));
  bytes.set(signature, 4);
  return `${text}\n— ${name} ${toBase64(bytes)}\n`;
}

/**
 * Takes a note apart; proves nothing yet: see {@link signersOf}.
 * @throws LEDGER_NOTE_MALFORMED
 */
export function parseNote(note: string): Note {
  if (note.length > MAX_NOTE_LENGTH) throw malformed(`${note.length} characters`);
  assertText(note);
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0) throw malformed('no empty line before its signatures');
  const lines = note.slice(cut + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw malformed(`${lines.length} signatures`);
  return { text: note.slice(0, cut + 1), signatures: lines.map(parseSignature) };
}

/**
 * Which of these keys signed the note. Signatures of other keys are passed over.
 * @throws LEDGER_NOTE_FORGED where one that bears the name and id of such a key is not its own
 */
export function signersOf(note: Note, keys: readonly NoteKey[]): NoteKey[] {
  const signers: NoteKey[] = [];
  for (const { name, id, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.id === id);
    if (!key || signers.includes(key)) continue;
    if (!verifyEd25519(key.publicKey, utf8(note.text), signature)) {
      throw new LedgerError({
        code: 'LEDGER_NOTE_FORGED',
        message: `the signature of ${name}+${id} is not its own`,
        remedy: 'The note was altered after it was signed, or is a forgery: compare it with the copy at Datadog.',
        retry: 'never',
      });
    }
    signers.push(key);
  }
  return signers;
}

function parseSignature(line: string): NoteSignature {
  const [, name, base64 = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = fromBase64(base64);
  if (!name || !bytes || bytes.length < 5) throw malformed('a line below the empty one is no signature');
  return { name, id: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}

function assertText(text: string): void {
  if (!text.endsWith('\n')) throw malformed('it does not end in a newline');
  if (/[\0-\x09\x0b-\x1f]/.test(text)) throw malformed('it holds control characters');
  if (!text.isWellFormed()) throw malformed('it is not valid Unicode');
}

function malformed(why: string): LedgerError {
  return new LedgerError({
    code: 'LEDGER_NOTE_MALFORMED',
    message: `not a signed note or a key of one: ${why}`,
    remedy: 'Fetch it again as it was published; not a byte of it may change on the way.',
    retry: 'never',
  });
}
