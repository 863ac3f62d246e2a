import { type Dispatcher, Pool } from 'undici';
import { describeError } from '#events';
import { type Answer, printable } from './answer.js';
import { type Egress, guardedConnector } from './egress.js';
import { DeliveryError } from './errors.js';
import { serverWaitMs } from './retry.js';

/** An answer is empty or a short list of errors; what is longer comes from something in between. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The status says what became of the request. Its text is waited for no longer than this, however slowly it drips. */
const ANSWER_TEXT_MS = 2_000;

/** Errors before a byte of the request was sent: certainly not stored. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
]);
/** The other side did not prove to be who it should be. Nothing was sent. */
const NOT_GENUINE = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export interface HttpSenderOptions {
  /** Whole URL that is posted to. */
  url: string;
  egress: Egress;
  connections?: number;
}

export interface HttpRequest {
  headers: Record<string, string>;
  body: Uint8Array;
  /** Ends the attempt. */
  signal: AbortSignal;
  /** A secret among the headers: whatever comes back is cleared of it. */
  secret?: string;
}

/** What came back. */
export interface Reply {
  status: number;
  headerOf: (name: string) => string | undefined;
  /** Its beginning, as it came; never decompressed, so that it stays as small as it was sent. */
  text: string;
  /** When the request left, ms since 1970. */
  sentAtMs: number;
}

/**
 * Posts to one address, and to no other: neither redirects nor proxies of the environment are followed, TLS is verified, and
 * each connect is judged (see egress.ts). What is common to all destinations that speak HTTP; what a status means, they say.
 */
export class HttpSender {
  private readonly pool: Pool;
  private readonly path: string;

  constructor(options: HttpSenderOptions) {
    const url = new URL(options.url);
    this.path = `${url.pathname}${url.search}`;
    this.pool = new Pool(url.origin, {
      connections: options.connections ?? 8,
      connect: guardedConnector(options.egress),
      // The signal bounds the whole request; these would only add a second, hidden limit.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    });
  }

  /** One POST. Never throws. */
  async post(request: HttpRequest, judge: (reply: Reply) => Answer): Promise<Answer> {
    const { headers, body, signal, secret } = request;
    try {
      const sentAtMs = Date.now();
      const response = await this.pool.request({
        method: 'POST',
        path: this.path,
        headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'affidavit' },
        body,
        signal,
      });
      const text = cleared(secret, await beginningOf(response.body));
      return judge({
        status: response.statusCode,
        headerOf: (name) => header(response.headers, name),
        text,
        sentAtMs,
      });
    } catch (error) {
      return failure(error, signal, secret);
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

/** An answer that asks for another try, with the wait that it asks for. */
export function retryAnswer(
  reply: Pick<Reply, 'status' | 'headerOf'>,
  reason: string,
  mayBeStored: boolean,
): Extract<Answer, { kind: 'retry' }> {
  const waitMs = serverWaitMs(reply.headerOf, Date.now());
  return { kind: 'retry', status: reply.status, reason, mayBeStored, ...(waitMs === undefined ? {} : { waitMs }) };
}

/** Where a secret to send with could not be had: nothing was sent, and nothing will be until it is there again. */
export function secretMissing(error: unknown): Answer {
  return { kind: 'unauthorized', reason: printable(describeError(error)) };
}

function failure(error: unknown, signal: AbortSignal, secret: string | undefined): Answer {
  if (error instanceof DeliveryError) {
    return { kind: 'refused', reason: printable(`${error.message}. ${error.remedy}`) };
  }
  const reason = printable(signal.aborted ? 'no answer in time' : cleared(secret, describeError(error)));
  if (isAll(error, NOT_GENUINE)) return { kind: 'refused', reason: `its certificate does not hold: ${reason}` };
  return { kind: 'retry', reason, mayBeStored: !isAll(error, NOT_SENT) };
}

function isAll(error: unknown, codes: ReadonlySet<string>): boolean {
  // One error for each address of a name that was tried.
  if (error instanceof AggregateError) return error.errors.every((one) => isAll(one, codes));
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && codes.has(code);
}

function header(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Never throws: what an answer's status says holds, whatever becomes of its text. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), ANSWER_TEXT_MS);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      // Leaving the loop closes the connection.
      if (bytes > MAX_ANSWER_BYTES) break;
    }
  } catch {
    // Cut off or too slow: what came by then has to do.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_ANSWER_BYTES);
}

/** A proxy may echo the request; a key must not come back that way. */
function cleared(secret: string | undefined, text: string): string {
  return secret ? text.replaceAll(secret, '(key)') : text;
}
