import { type Answer, printable } from '../../src/answer.js';
import type { Egress } from '../../src/egress.js';
import { HttpSender, type Reply, retryAnswer, secretMissing } from '../../src/http-sender.js';
import type { IntakeClock } from './intake-clock.js';
import { MAX_REQUEST_BYTES } from './limits.js';
import type { RequestBody } from './request-body.js';

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

  /** One POST, unless it is certain to be refused. Never throws. */
  async post({ gzipped, bytes }: RequestBody, signal: AbortSignal): Promise<Answer> {
    if (bytes > MAX_REQUEST_BYTES) {
      const reason = `${bytes} bytes, not sent: the intake takes ${MAX_REQUEST_BYTES}`;
      return { kind: 'too-large', status: 413, reason };
    }
    let apiKey: string;
    try {
      apiKey = await this.options.apiKey();
    } catch (error) {
      return secretMissing(error);
    }
    const headers = { 'DD-API-KEY': apiKey, 'content-type': 'application/json', 'content-encoding': 'gzip' };
    return this.http.post({ headers, body: gzipped, signal, secret: apiKey }, (reply) => {
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
