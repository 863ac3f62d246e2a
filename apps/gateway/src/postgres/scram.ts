/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), both sides, without channel binding. No I/O.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { GatewayError, protocolViolation } from '../errors.js';

export const MECHANISM = 'SCRAM-SHA-256';

const hmac = (key: Buffer, text: string | Buffer): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

function xor(a: Buffer, b: Buffer): Buffer {
  const out = Buffer.allocUnsafe(a.length);
  for (let at = 0; at < a.length; at++) out[at] = (a[at] as number) ^ (b[at] as number);
  return out;
}

function attribute(part: string | undefined, letter: string): string {
  if (!part?.startsWith(`${letter}=`)) throw protocolViolation(`malformed SCRAM message: '${letter}=' is missing`);
  return part.slice(2);
}

/** What the server side knows of one identity. All candidates share salt and iterations. */
export interface ScramKeys {
  salt: Buffer;
  iterations: number;
  candidates: { storedKey: Buffer; serverKey: Buffer }[];
}

/** Compared against at least this many keys, so that time does not tell how many tokens an identity has. */
const LEAST_COMPARISONS = 4;

/** The server's side of one exchange. */
export class ScramServer {
  #keys: ScramKeys;
  #nonce: string;
  #gs2 = '';
  #clientFirstBare = '';
  #serverFirst = '';

  constructor(keys: ScramKeys, nonce: string = randomBytes(18).toString('base64')) {
    this.#keys = keys;
    this.#nonce = nonce;
  }

  /** @throws GATEWAY_PROTOCOL_VIOLATION */
  first(clientFirst: string): string {
    // 'y': the client could bind to the channel and believes that we cannot, which is so.
    const match = /^([ny],(?:a=[^,]*)?,)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/.exec(clientFirst);
    if (!match) throw protocolViolation('malformed SCRAM client-first message, or one that demands channel binding');
    this.#gs2 = match[1] as string;
    this.#clientFirstBare = match[2] as string;
    this.#nonce = `${match[3]}${this.#nonce}`;
    this.#serverFirst = `r=${this.#nonce},s=${this.#keys.salt.toString('base64')},i=${this.#keys.iterations}`;
    return this.#serverFirst;
  }

  /**
   * @returns the number of the candidate whose token the client has, and what to answer; undefined: none of them
   * @throws GATEWAY_PROTOCOL_VIOLATION
   */
  final(clientFinal: string): { candidate: number; serverFinal: string } | undefined {
    const cut = clientFinal.lastIndexOf(',p=');
    if (cut < 0) throw protocolViolation('malformed SCRAM client-final message');
    const [binding, nonce] = clientFinal.slice(0, cut).split(',');
    if (Buffer.from(attribute(binding, 'c'), 'base64').toString('utf8') !== this.#gs2) {
      throw protocolViolation('SCRAM channel binding does not match');
    }
    if (attribute(nonce, 'r') !== this.#nonce) throw protocolViolation('SCRAM nonce does not match');
    const proof = Buffer.from(clientFinal.slice(cut + 3), 'base64');
    if (proof.length !== 32) throw protocolViolation('malformed SCRAM proof');
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${clientFinal.slice(0, cut)}`;
    const { candidates } = this.#keys;
    const decoy = { storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32) };
    let found = -1;
    // No early end: the time must not tell which one it was, or that there was none.
    for (let at = 0; at < Math.max(candidates.length, LEAST_COMPARISONS); at++) {
      const { storedKey } = candidates[at] ?? decoy;
      const isEqual = timingSafeEqual(sha256(xor(proof, hmac(storedKey, authMessage))), storedKey);
      if (isEqual && at < candidates.length && found < 0) found = at;
    }
    const serverSignature = hmac((candidates[found] ?? decoy).serverKey, authMessage).toString('base64');
    return found < 0 ? undefined : { candidate: found, serverFinal: `v=${serverSignature}` };
  }
}

const derive = promisify(pbkdf2);
const SALTED_KEPT = 256;
/** Salted passwords by password digest, salt and iterations: saves PBKDF2 at each connect. */
const salted = new Map<string, Promise<Buffer>>();

function saltedPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  const normal = password.normalize('NFKC');
  const key = `${sha256(Buffer.from(normal)).toString('hex')}.${salt.toString('hex')}.${iterations}`;
  const known = salted.get(key);
  if (known) return known;
  if (salted.size >= SALTED_KEPT) salted.delete(salted.keys().next().value as string);
  const made = derive(normal, salt, iterations, 32, 'sha256');
  salted.set(key, made);
  return made;
}

/** PostgreSQL's own is 4096; a hostile target must not make us count for minutes. */
const MOST_ITERATIONS = 1_000_000;

/** The client's side of one exchange. */
export class ScramClient {
  readonly first: string;
  #password: string;
  #nonce: string;
  #serverSignature = '';

  constructor(password: string, nonce: string = randomBytes(18).toString('base64')) {
    this.#password = password;
    this.#nonce = nonce;
    this.first = `n,,n=,r=${nonce}`;
  }

  /** @throws GATEWAY_TARGET_UNAVAILABLE where the server's message is not what it must be */
  async final(serverFirst: string): Promise<string> {
    const [nonce, salt, count] = serverFirst.split(',');
    const fullNonce = attribute(nonce, 'r');
    const iterations = Number(attribute(count, 'i'));
    if (!fullNonce.startsWith(this.#nonce) || fullNonce.length === this.#nonce.length) {
      throw notTheServer('its SCRAM nonce does not continue ours');
    }
    if (!(iterations >= 1 && iterations <= MOST_ITERATIONS)) throw notTheServer(`it asks for ${iterations} iterations`);
    const key = await saltedPassword(this.#password, Buffer.from(attribute(salt, 's'), 'base64'), iterations);
    const clientKey = hmac(key, 'Client Key');
    const withoutProof = `c=biws,r=${fullNonce}`;
    const authMessage = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(hmac(key, 'Server Key'), authMessage).toString('base64');
    return `${withoutProof},p=${xor(clientKey, hmac(sha256(clientKey), authMessage)).toString('base64')}`;
  }

  /** @throws GATEWAY_TARGET_UNAVAILABLE where the server does not know the password either */
  verify(serverFinal: string): void {
    if (this.#serverSignature === '' || serverFinal.split(',')[0] !== `v=${this.#serverSignature}`) {
      throw notTheServer('its SCRAM signature is wrong');
    }
  }
}

function notTheServer(why: string): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_TARGET_NOT_GENUINE',
    sqlstate: '08001',
    message: `the target did not prove that it knows the password: ${why}`,
    remedy: 'Check host, port and TLS settings of the target: something else may be answering there.',
    retry: 'never',
  });
}
