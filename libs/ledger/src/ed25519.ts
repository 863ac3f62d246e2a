import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** DER of SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The 32 bytes of an Ed25519 key's public half, RFC 8032. Takes either half. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length);
}

/** The 32 bytes in a SubjectPublicKeyInfo (DER); undefined where it is no Ed25519 key. */
export function rawOfSpki(der: Uint8Array): Uint8Array | undefined {
  const isEd25519 = der.length === SPKI_PREFIX.length + 32 && SPKI_PREFIX.every((byte, at) => der[at] === byte);
  return isEd25519 ? der.subarray(SPKI_PREFIX.length) : undefined;
}

export function signEd25519(privateKey: KeyObject, message: Uint8Array): Uint8Array {
  return sign(null, message, privateKey);
}

/** Keys that were taken apart before; taking one apart costs as much as a signature. */
const known = new WeakMap<Uint8Array, KeyObject>();

/** @param publicKey 32 bytes, which must not change any more */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  let key = known.get(publicKey);
  if (!key) {
    key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), type: 'spki', format: 'der' });
    known.set(publicKey, key);
  }
  return verify(null, message, key, signature);
}
