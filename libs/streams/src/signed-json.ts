import { type KeyObject, sign, verify } from 'node:crypto';
import { type CanonicalValue, canonicalJson, parseCanonical } from '#events';

/** Far above any real one; a stranger's value is not even parsed. */
const MAX_LENGTH = 2048;

/** What the log says through Redis: canonical JSON, a line break, and the Ed25519 signature over `purpose` | that JSON, in base64. */
export function signJson(purpose: string, value: object, privateKey: KeyObject): string {
  const json = canonicalJson(value as CanonicalValue);
  return `${json}\n${sign(null, signedBytes(purpose, json), privateKey).toString('base64')}`;
}

/**
 * The value of such a text.
 * @returns the value, or why the text is none of this key and purpose
 */
export function openSignedJson(
  purpose: string,
  text: string,
  publicKey: KeyObject,
): { value: unknown } | { refused: string } {
  if (text.length > MAX_LENGTH) return { refused: `${text.length} characters` };
  const cut = text.indexOf('\n');
  const json = text.slice(0, Math.max(cut, 0));
  const base64 = text.slice(cut + 1);
  const signature = Buffer.from(base64, 'base64');
  // Only one spelling of a signature counts.
  if (cut < 0 || signature.length !== 64 || signature.toString('base64') !== base64) return { refused: 'no signature' };
  if (!verify(null, signedBytes(purpose, json), publicKey, signature)) {
    return { refused: 'the signature is not of the pinned key' };
  }
  return { value: parseCanonical(Buffer.from(json)) };
}

function signedBytes(purpose: string, json: string): Buffer {
  return Buffer.concat([Buffer.from(purpose), Buffer.from(json)]);
}
