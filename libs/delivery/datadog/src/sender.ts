import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Dispatcher, Pool } from 'undici';
import { describeError } from '#events';
import { type Answer, printable } from '../../src/answer.js';
import { serverWaitMs } from '../../src/retry.js';
import type { IntakeClock } from './intake-clock.js';

// Runs on zlib's thread pool: the event loop stays free. Level 6 is the size of level 9 within a percent, at half its time.
const compress = promisify(gzip);
const GZIP_LEVEL = 6;

/** An answer is `{}` or a short list of errors; what is longer comes from something in between. */
const MAX_ANSWER_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

/** Errors before a byte of the request was sent: certainly not stored. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export interface SenderOptions {
  /** Whole URL of the intake. */
  url: string;
  /** Asked before each request, so that a key may be replaced without a restart. */
  apiKey: () => string | Promise<string>;
  clock: IntakeClock;
  connections?: number;
}

/** Sends bodies to the logs intake and judges the answers. The key appears in the request's header and nowhere else. */
export class IntakeSender {
  private readonly pool: Pool;
  private readonly path: string;

  constructor(private readonly options: SenderOptions) {
    const url = new URL(options.url);
    this.path = `${url.pathname}${url.search}`;
    this.pool = new Pool(url.origin, {
      connections: options.connections ?? 8,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      // The signal bounds the whole request; these would only add a second, hidden limit.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    });
  }

  /** One POST of a JSON body. Never throws. */
  async post(body: Buffer, signal: AbortSignal): Promise<Answer> {
    let apiKey = '';
    try {
      apiKey = await this.options.apiKey();
      const compressed = await compress(body, { level: GZIP_LEVEL });
      const sentAtMs = Date.now();
      const response = await this.pool.request({
        method: 'POST',
        path: this.path,
        headers: {
          'DD-API-KEY': apiKey,
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'user-agent': 'affidavit',
        },
        body: compressed,
        signal,
      });
      this.options.clock.learn(header(response.headers, 'date'), sentAtMs);
      const text = await readBounded(response.body);
      return judge(response.statusCode, (name) => header(response.headers, name), withoutKey(text, apiKey));
    } catch (error) {
      const reason = signal.aborted ? 'no answer in time' : withoutKey(describeError(error), apiKey);
      return { kind: 'retry', reason: printable(reason), mayBeStored: !isUnsent(error) };
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

/** What a status of the intake means, and what is to be done about it. Documented at docs.datadoghq.com/api/latest/logs. */
export function judge(status: number, headerOf: (name: string) => string | undefined, body: string): Answer {
  const reason = printable(`${status}${detailOf(body)}`);
  if (status >= 200 && status < 300) return { kind: 'accepted', status };
  switch (status) {
    case 400:
      return { kind: 'invalid', status, reason };
    case 401:
    case 403:
      return { kind: 'unauthorized', status, reason: `${reason} (a key of another Datadog site is refused, too)` };
    case 413:
      return { kind: 'too-large', status, reason };
  }
  if (status === 408 || status === 429 || status >= 500) {
    const waitMs = serverWaitMs(headerOf, Date.now());
    return {
      kind: 'retry',
      status,
      reason,
      // A gateway that gave up on its upstream does not know either.
      mayBeStored: status === 502 || status === 504,
      ...(waitMs === undefined ? {} : { waitMs }),
    };
  }
  return { kind: 'refused', status, reason };
}

/** `{"errors":[{"title","detail"}]}` or `{"errors":["…"]}`, else the beginning of whatever it is. */
function detailOf(body: string): string {
  let detail = body;
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown };
    if (Array.isArray(errors)) {
      detail = errors
        .map((error: unknown) => {
          if (typeof error === 'string') return error;
          const { title, detail: text } = (error ?? {}) as { title?: unknown; detail?: unknown };
          return [title, text].filter((part) => typeof part === 'string').join(': ');
        })
        .join('; ');
    }
  } catch {
    // Not Datadog's own answer.
  }
  return detail === '' || detail === '{}' ? '' : ` ${detail}`;
}

function header(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readBounded(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MAX_ANSWER_BYTES);
}

function isUnsent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnsent);
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && NOT_SENT.has(code);
}

/** A proxy may echo the request; the key must not come back that way. */
function withoutKey(text: string, apiKey: string): string {
  return apiKey === '' ? text : text.replaceAll(apiKey, '(key)');
}
