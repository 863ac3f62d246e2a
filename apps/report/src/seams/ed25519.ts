import { ed25519 } from '@noble/curves/ed25519.js';

// In a browser, in the place of libs/ledger/src/ed25519.ts.

/** DER of SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key (RFC 8410, section 4). */
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

export function rawOfSpki(der: Uint8Array): Uint8Array | undefined {
  const isEd25519 = der.length === SPKI_PREFIX.length + 32 && SPKI_PREFIX.every((byte, at) => der[at] === byte);
  return isEd25519 ? der.subarray(SPKI_PREFIX.length) : undefined;
}

export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    // By RFC 8032 to the letter, as OpenSSL does: the default here would let more pass.
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    // Of another length, or no point of the curve.
    return false;
  }
}

/** A page that checks has no key: whoever calls this is in the wrong place. */
function signsNothing(): never {
  throw new Error('a page that verifies signs nothing');
}

export const signEd25519: () => never = signsNothing;
export const rawPublicKey: () => never = signsNothing;
