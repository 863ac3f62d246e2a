import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Answer, printable } from '../../src/answer.js';
import type { Egress } from '../../src/egress.js';
import { HttpSender, type Reply, retryAnswer, secretMissing } from '../../src/http-sender.js';
import type { IntakeClock } from './intake-clock.js';

// Runs on zlib's thread pool: the event loop stays free. Level 6 is the size of level 9 within a percent, at half its time.
const compress = promisify(gzip);
const GZIP_LEVEL = 6;

export interface SenderOptions {
  /** Whole URL of the intake. */
  url: string;
  /** Asked before each request, so that a key may be replaced without a restart. */
  apiKey: () => string | Promise<string>;
  clock: IntakeClock;
  egress: Egress;
  connections?: number;
}

/** Sends bodies to the logs intake and judges the answers. The key appears in the request's header and nowhere else. */
export class IntakeSender {
  private readonly http: HttpSender;

  constructor(private readonly options: SenderOptions) {
    this.http = new HttpSender(options);
  }

  /** One POST of a JSON body. Never throws. */
  async post(body: Buffer, signal: AbortSignal): Promise<Answer> {
    let apiKey: string;
    try {
      apiKey = await this.options.apiKey();
    } catch (error) {
      return secretMissing(error);
    }
    const headers = { 'DD-API-KEY': apiKey, 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const compressed = await compress(body, { level: GZIP_LEVEL });
    return this.http.post({ headers, body: compressed, signal, secret: apiKey }, (reply) => {
      this.options.clock.learn(reply.headerOf('date'), reply.sentAtMs);
      return judge(reply);
    });
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

/** What a status of the intake means, and what is to be done about it. Documented at docs.datadoghq.com/api/latest/logs. */
export function judge(reply: Pick<Reply, 'status' | 'headerOf' | 'text'>): Answer {
  const { status, text } = reply;
  const reason = printable(`${status}${detailOf(text)}`);
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
    // A gateway that gave up on its upstream does not know either.
    return retryAnswer(reply, reason, status === 502 || status === 504);
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
