import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlatformError } from './errors.js';

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/**
 * The Ed25519 key pair in `file` (PKCS #8 PEM, mode 0600), made and fsynced at first use. Two processes that start at once
 * get the same key.
 * @throws PLATFORM_KEY_UNREADABLE
 */
export function loadOrCreateKeyPair(file: string): KeyPair {
  return loadKeyPair(file) ?? createKeyPair(file);
}

/** The key pair in `file`, or undefined where there is no such file. @throws PLATFORM_KEY_UNREADABLE */
export function loadKeyPair(file: string): KeyPair | undefined {
  try {
    const privateKey = createPrivateKey(readFileSync(file));
    if (privateKey.asymmetricKeyType !== 'ed25519')
      throw new Error(`it holds a key of type ${privateKey.asymmetricKeyType}`);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PlatformError({
      code: 'PLATFORM_KEY_UNREADABLE',
      message: `${file} is not a readable Ed25519 private key: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy:
        'Restore the file from a backup, or give this user the right to read it. A new key needs a new enrolment.',
      retry: 'never',
      cause,
    });
  }
}

function createKeyPair(file: string): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  writeSync(handle, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  fsyncSync(handle);
  closeSync(handle);
  try {
    // A link never replaces: whoever comes second takes the first one's key.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
  const pair = loadKeyPair(file);
  if (!pair) throw new Error(`${file} vanished while it was made`);
  return pair;
}
