import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** PKCS#8 around an Ed25519 seed. */
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The same key pair each time, from one byte. */
export function keyPair(seed: number): { privateKey: KeyObject; publicKey: KeyObject } {
  const der = Buffer.concat([PREFIX, Buffer.alloc(32, seed)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
