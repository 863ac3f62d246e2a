import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
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
    return keyPairOf(readFileSync(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, cause);
  }
}

/**
 * The key pair in a setting.
 * @param text PKCS #8 PEM
 * @param name of the setting, for the error: the text itself is never shown
 * @throws PLATFORM_KEY_UNREADABLE
 */
export function parseKeyPair(text: string, name: string): KeyPair {
  try {
    return keyPairOf(text);
  } catch {
    throw unreadable(name, new Error('it is no PKCS #8 PEM text of one'));
  }
}

function keyPairOf(pem: string | Buffer): KeyPair {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519')
    throw new Error(`it holds a key of type ${privateKey.asymmetricKeyType}`);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function unreadable(where: string, cause: unknown): PlatformError {
  return new PlatformError({
    code: 'PLATFORM_KEY_UNREADABLE',
    message: `${where} is not a readable Ed25519 private key: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'Restore the file from a backup, or give this user the right to read it. A new key needs a new enrolment.',
    retry: 'never',
    cause,
  });
}

/**
 * Makes a new key pair in `file`; the one that was there goes to `previous`, over whatever lay there. After a crash the old one is in one of
 * both, or in both.
 * @throws PLATFORM_KEY_UNREADABLE where `file` holds no key to replace
 */
export function replaceKeyPair(file: string, previous: string): KeyPair {
  const old = loadKeyPair(file);
  if (!old) throw unreadable(file, new Error('there is no such file'));
  renameSync(draftKey(previous, old.privateKey), previous);
  syncFolder(previous);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  renameSync(draftKey(file, privateKey), file);
  syncFolder(file);
  return { privateKey, publicKey };
}

function createKeyPair(file: string): KeyPair {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = draftKey(file, generateKeyPairSync('ed25519').privateKey);
  try {
    // A link never replaces: whoever comes second takes the first one's key.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(file);
  const pair = loadKeyPair(file);
  if (!pair) throw new Error(`${file} vanished while it was made`);
  return pair;
}

/** A key in a file beside the one that it is for, durable. @returns its name */
function draftKey(file: string, privateKey: KeyObject): string {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  writeSync(handle, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  fsyncSync(handle);
  closeSync(handle);
  return draft;
}

function syncFolder(file: string): void {
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
