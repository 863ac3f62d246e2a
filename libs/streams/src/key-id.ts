import { createPublicKey, type KeyObject } from 'node:crypto';
import { sha256 } from '#ledger';

export const KEY_ID_BYTES = 8;

const known = new WeakMap<KeyObject, Buffer>();

/** Id of an Ed25519 key: the first 8 bytes of SHA-256 over its SubjectPublicKeyInfo (DER). Takes either half of the pair. */
export function keyIdOf(key: KeyObject): Buffer {
  let id = known.get(key);
  if (!id) {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key;
    id = sha256(publicKey.export({ type: 'spki', format: 'der' })).subarray(0, KEY_ID_BYTES);
    known.set(key, id);
  }
  return id;
}
