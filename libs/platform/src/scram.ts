import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { ConfigError } from './errors.js';

/** What a server keeps instead of a password (RFC 5802, RFC 7677). */
export interface Verifier {
  iterations: number;
  salt: Buffer;
  storedKey: Buffer;
  serverKey: Buffer;
}

const FORM = /^SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/**
 * The SCRAM-SHA-256 verifier of a password, written as PostgreSQL writes it in pg_authid:
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. Tokens are ASCII, for which SASLprep changes nothing; other
 * passwords are normalised with NFKC.
 */
export function makeVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  const { storedKey, serverKey } = keysOf(password, salt, iterations);
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey.toString('base64')}:${serverKey.toString('base64')}`;
}

/** @throws CONFIG_VERIFIER_MALFORMED (the verifier's text is not repeated) */
export function parseVerifier(text: string): Verifier {
  const match = FORM.exec(text);
  const [salt, storedKey, serverKey] = [2, 3, 4].map((group) => Buffer.from(match?.[group] ?? '', 'base64'));
  const iterations = Number(match?.[1]);
  if (!salt?.length || storedKey?.length !== 32 || serverKey?.length !== 32 || !(iterations >= 1)) {
    throw new ConfigError({
      code: 'CONFIG_VERIFIER_MALFORMED',
      message: 'not a SCRAM-SHA-256 verifier',
      remedy: 'Make the token with `affidavit token create`, which writes the verifier.',
      retry: 'never',
    });
  }
  return { iterations, salt, storedKey, serverKey };
}

/** Whether the password is the one the verifier was made of; compares in constant time. */
export function verifyPassword(password: string, verifier: Verifier): boolean {
  return timingSafeEqual(keysOf(password, verifier.salt, verifier.iterations).storedKey, verifier.storedKey);
}

function keysOf(password: string, salt: Buffer, iterations: number): { storedKey: Buffer; serverKey: Buffer } {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
  };
}
