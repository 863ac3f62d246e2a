/**
 * How a gateway becomes a node of a log: once, with a one-time token; afterwards by what it pinned beside its data.
 *
 * In brief: the token names the api, the log, this node and the fingerprint of the log's mark key. The node's key is made here
 * and never leaves; its public half goes to the api, which answers with the mark key. Key and log are pinned in pinned.json.
 * A gateway that is shown another log refuses: its events would go to a record that knows nothing of what came before.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type AffidavitError, describeError, type NodeName } from '#events';
import { replaceFile } from '#platform';
import { GatewayError } from './errors.js';

/** What a node knows of its log. */
export interface Pinned {
  log: string;
  node: NodeName;
  api: string;
  /** SPKI DER, base64. */
  markPublicKey: string;
}

export interface EnrolmentOptions {
  file: string;
  node: NodeName;
  publicKey: KeyObject;
  /** The one-time token of `affidavit enroll <node>`; needed at the first start only. */
  token?: string | undefined;
  /** Leave the pinned log for the token's. */
  adopt?: boolean;
  post?: typeof fetch;
}

export interface Enrolment extends Pinned {
  markKey: KeyObject;
  /** True where this start left one log for another: what older marks confirmed is not on this log. */
  isAdopted: boolean;
}

interface Token {
  api: string;
  log: string;
  node: string;
  /** SHA-256 of the mark key's SPKI DER, hex. */
  markFingerprint: string;
}

/**
 * The log this node belongs to; enrols it where that is still to do.
 * @throws GATEWAY_NOT_ENROLLED, GATEWAY_OTHER_LOG, GATEWAY_TOKEN_MALFORMED, GATEWAY_ENROLMENT_REFUSED (retry by its cause)
 */
export async function enrol(options: EnrolmentOptions): Promise<Enrolment> {
  const { file, node } = options;
  const pinned = readPinned(file);
  const token = options.token ? decodeToken(options.token) : undefined;
  if (pinned && (!token || token.log === pinned.log)) return withKey(pinned, false);
  if (!token) throw notEnrolled(node);
  if (pinned && !options.adopt) throw otherLog(pinned.log, token.log);
  if (token.node !== node) {
    throw refused(
      `the token is for node '${token.node}', this gateway is '${node}'`,
      'Set AFFIDAVIT_NODE to the name that was enrolled.',
    );
  }
  const answer = await present(options, token);
  const fingerprint = createHash('sha256').update(Buffer.from(answer.markPublicKey, 'base64')).digest('hex');
  if (fingerprint !== token.markFingerprint || answer.log !== token.log) {
    throw refused(
      'the api answered with another log or another mark key than the token names',
      'Something stands between this gateway and the api. Check its address, then make a new token.',
    );
  }
  const made: Pinned = { log: answer.log, node, api: token.api, markPublicKey: answer.markPublicKey };
  replaceFile(file, `${JSON.stringify(made, null, 2)}\n`, 0o600);
  return withKey(made, pinned !== undefined);
}

/**
 * Asks the api which log it serves. An api that is away, or does not say, is no reason not to start: marks are signed.
 * @throws GATEWAY_OTHER_LOG
 */
export async function checkLog(pinned: Pinned, ask: typeof fetch = fetch): Promise<void> {
  let found: unknown;
  try {
    const response = await ask(`${pinned.api}/v1/log`, { signal: AbortSignal.timeout(2000) });
    if (!response.ok) return;
    found = ((await response.json()) as { log?: unknown }).log;
  } catch {
    return;
  }
  if (typeof found === 'string' && found !== pinned.log) throw otherLog(pinned.log, found);
}

function withKey(pinned: Pinned, isAdopted: boolean): Enrolment {
  const markKey = createPublicKey({ key: Buffer.from(pinned.markPublicKey, 'base64'), format: 'der', type: 'spki' });
  return { ...pinned, markKey, isAdopted };
}

function readPinned(file: string): Pinned | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const pinned = JSON.parse(readFileSync(file, 'utf8')) as Pinned;
    for (const part of [pinned.log, pinned.node, pinned.api, pinned.markPublicKey]) {
      if (typeof part !== 'string' || part === '') throw new Error('a part is missing');
    }
    withKey(pinned, false);
    return pinned;
  } catch (cause) {
    throw new GatewayError({
      code: 'GATEWAY_PIN_UNREADABLE',
      sqlstate: '57P03',
      message: `${file} cannot be used: ${describeError(cause)}`,
      remedy: 'Restore the file from a backup, or remove it and enrol this node anew (affidavit enroll).',
      retry: 'never',
      cause,
    });
  }
}

function decodeToken(text: string): Token {
  try {
    const value = JSON.parse(Buffer.from(text.trim(), 'base64url').toString('utf8')) as Record<string, unknown>;
    const { api, log, node, markFingerprint } = value;
    for (const part of [api, log, node, markFingerprint]) {
      if (typeof part !== 'string' || part === '') throw new Error('a part is missing');
    }
    return {
      api: String(api).replace(/\/+$/, ''),
      log: String(log),
      node: String(node),
      markFingerprint: String(markFingerprint),
    };
  } catch (cause) {
    throw new GatewayError({
      code: 'GATEWAY_TOKEN_MALFORMED',
      sqlstate: '57P03',
      message: 'the enrolment token is not one',
      remedy: 'Copy the whole text that `affidavit enroll <node>` printed.',
      retry: 'never',
      cause,
    });
  }
}

async function present(options: EnrolmentOptions, token: Token): Promise<{ log: string; markPublicKey: string }> {
  const post = options.post ?? fetch;
  const publicKey = options.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  let response: Response;
  try {
    response = await post(`${token.api}/v1/nodes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: options.token?.trim(), publicKey }),
      signal: AbortSignal.timeout(10_000),
    });
  } catch (cause) {
    throw refused(
      `the api at ${token.api} does not answer: ${describeError(cause)}`,
      'Start the api, or check its address.',
      'later',
    );
  }
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok) {
    const said = [answer.code, answer.detail].filter((part) => typeof part === 'string').join(': ');
    throw refused(
      `the api refused it with ${response.status}${said ? ` (${said})` : ''}`,
      typeof answer.remedy === 'string' ? answer.remedy : 'Make a new token with `affidavit enroll <node>`.',
      response.status >= 500 ? 'later' : 'never',
    );
  }
  if (typeof answer.log !== 'string' || typeof answer.markPublicKey !== 'string') {
    throw refused('the api answered without a log and a mark key', 'Check that the api is of the same version.');
  }
  return { log: answer.log, markPublicKey: answer.markPublicKey };
}

function refused(why: string, remedy: string, retry: AffidavitError['retry'] = 'never'): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_ENROLMENT_REFUSED',
    sqlstate: '57P03',
    message: `this gateway could not be enrolled: ${why}`,
    remedy,
    retry,
  });
}

function notEnrolled(node: string): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_NOT_ENROLLED',
    sqlstate: '57P03',
    message: `this gateway is not enrolled as '${node}'`,
    remedy: `Run \`affidavit enroll ${node}\` where the api runs, and start the gateway once with --enroll <token>.`,
    retry: 'never',
  });
}

function otherLog(pinned: string, found: string): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_OTHER_LOG',
    sqlstate: '57P03',
    message: `this gateway belongs to log '${pinned}', but found log '${found}'`,
    remedy:
      'Point it at its own log again. If that log is gone for good: enrol with a token of the new log and --adopt; what the spool still keeps is then sent there, the rest becomes a named hole.',
    retry: 'never',
  });
}
