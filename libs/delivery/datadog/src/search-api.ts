import { type Dispatcher, Pool } from 'undici';
import { describeError } from '#events';
import { printable } from '../../src/answer.js';
import { type Egress, guardedConnector } from '../../src/egress.js';
import type { Look, RequestsLeft } from '../../src/read-back.js';
import { serverWaitMs } from '../../src/retry.js';

/** A page of a thousand logs is some 2 MB; what grows beyond this is asked for in smaller pages. */
const MAX_ANSWER_BYTES = 32 * 1024 ** 2;
/** Where a 429 names no time: its periods are of an hour (docs.datadoghq.com/api/latest/rate-limits, read November 2026). */
const WAIT_AFTER_429_MS = 60_000;

export type Key = () => string | Promise<string>;

export interface SearchApiOptions {
  /** Base URL of the API: `https://api.<site>`. */
  url: string;
  apiKey: Key;
  appKey: Key;
  egress: Egress;
}

/** Asks Datadog's API, one bounded request at a time. The keys appear in headers and nowhere else; redirects are not followed. */
export class SearchApi {
  private readonly pool: Pool;
  private readonly base: string;

  constructor(private readonly options: SearchApiOptions) {
    const url = new URL(options.url);
    this.base = url.pathname.replace(/\/+$/, '');
    this.pool = new Pool(url.origin, {
      connections: 2,
      connect: guardedConnector(options.egress),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Never throws. @param read takes the answer apart; what it throws makes the answer one that nobody can read */
  async ask<T>(
    request: { method: 'GET' | 'POST'; path: string; body?: unknown },
    signal: AbortSignal,
    read: (answer: unknown) => T,
  ): Promise<Look<T>> {
    let secrets: string[] = [];
    try {
      secrets = await Promise.all([this.options.apiKey(), this.options.appKey()]);
      const [apiKey = '', appKey = ''] = secrets;
      const response = await this.pool.request({
        method: request.method,
        path: `${this.base}${request.path}`,
        headers: {
          'DD-API-KEY': apiKey,
          'DD-APPLICATION-KEY': appKey,
          'content-type': 'application/json',
          // Not decompressed, so that an answer is never larger than what was sent.
          'accept-encoding': 'identity',
          'user-agent': 'affidavit',
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        signal,
      });
      const headerOf = (name: string) => header(response.headers, name);
      const text = await readBounded(response.body);
      const left = requestsLeft(headerOf);
      return { ...judge(response.statusCode, headerOf, text, secrets, read), ...(left ? { left } : {}) };
    } catch (error) {
      const reason = signal.aborted ? 'no answer in time' : cleared(describeError(error), secrets);
      return { kind: 'later', reason: printable(reason) };
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

function judge<T>(
  status: number,
  headerOf: (name: string) => string | undefined,
  text: string | undefined,
  secrets: readonly string[],
  read: (answer: unknown) => T,
): Look<T> {
  if (status >= 200 && status < 300) {
    if (text === undefined) return { kind: 'too-large', reason: `an answer above ${MAX_ANSWER_BYTES} bytes` };
    try {
      return { kind: 'seen', found: read(JSON.parse(text)) };
    } catch (error) {
      return { kind: 'later', reason: `an answer that cannot be read: ${printable(describeError(error))}` };
    }
  }
  const reason = printable(`${status} ${cleared((text ?? '').slice(0, 1_000), secrets)}`);
  if (status === 401 || status === 403) {
    return {
      kind: 'refused',
      status,
      reason: `${reason} (searching needs DD_APP_KEY of the same site, with the right logs_read_data)`,
    };
  }
  const waitMs = serverWaitMs(headerOf, Date.now());
  if (status === 429) return { kind: 'later', reason, waitMs: waitMs ?? WAIT_AFTER_429_MS, isLimit: true };
  return { kind: 'later', reason, ...(waitMs === undefined ? {} : { waitMs }) };
}

/** What `X-RateLimit-Remaining` and `-Reset` (seconds) say; undefined where they are not there. */
function requestsLeft(headerOf: (name: string) => string | undefined): RequestsLeft | undefined {
  const requests = headerOf('x-ratelimit-remaining')?.trim();
  const reset = headerOf('x-ratelimit-reset')?.trim();
  if (!requests || !/^\d{1,9}$/.test(requests)) return undefined;
  return { requests: Number(requests), resetMs: reset && /^\d{1,7}(\.\d+)?$/.test(reset) ? Number(reset) * 1_000 : 0 };
}

function header(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Undefined where it is more than is taken. */
async function readBounded(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A proxy may echo the request; the keys must not come back that way. */
function cleared(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '(key)')), text);
}
