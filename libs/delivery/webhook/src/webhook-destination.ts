import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '#record';
import { type Answer, printable } from '../../src/answer.js';
import type { Destination, DestinationLimits, RenderContext } from '../../src/destination.js';
import type { Resolve } from '../../src/egress.js';
import { HttpSender, type Reply, retryAnswer, secretMissing } from '../../src/http-sender.js';
import { MAPPING_VERSIONS, renderCheck, renderCloudEvent, requestIdOf } from './cloud-event.js';
import { GOAL_BATCH_BYTES, MAX_BATCH_BYTES, MAX_EVENT_BYTES } from './limits.js';
import { parseWebhookSecret, signatureOf } from './signature.js';

export interface WebhookOptions {
  /** Name of the destination in the ledger. */
  name: string;
  /** Whole URL of the receiver. */
  url: string;
  /** The secrets `whsec_…`, the newest first. Asked before each request, so that they may be replaced without a restart. */
  secrets: () => readonly string[] | Promise<readonly string[]>;
  /** One event a request, or a batch. */
  batch: 'one' | 'many';
  /** Most events of a batch. */
  maxEvents: number;
  /** How long an answer may take, beside the signal of the attempt. */
  timeoutMs: number;
  /** Whether `url` may lead to an address that is not public. */
  allowPrivate: boolean;
  /** PEM of authorities to trust instead of the public ones. */
  ca?: string | undefined;
  /** For tests: how names are resolved. */
  resolve?: Resolve;
}

/** A receiver of signed HTTP requests, after Standard Webhooks; events come in envelopes of CloudEvents. */
export class WebhookDestination implements Destination {
  readonly name: string;
  readonly kind = 'webhook';
  readonly limits: DestinationLimits;
  readonly timeoutMs: number;
  readonly mappingVersions = MAPPING_VERSIONS;
  private readonly http: HttpSender;

  constructor(private readonly options: WebhookOptions) {
    const { name, url, batch, maxEvents, timeoutMs, allowPrivate, ca, resolve } = options;
    this.name = name;
    this.timeoutMs = timeoutMs;
    this.limits =
      batch === 'one'
        ? { count: 1, goalBytes: MAX_EVENT_BYTES, maxBytes: MAX_EVENT_BYTES }
        : { count: maxEvents, goalBytes: GOAL_BATCH_BYTES, maxBytes: MAX_BATCH_BYTES };
    this.http = new HttpSender({
      url,
      egress: { destination: name, allowPrivate, ca, ...(resolve === undefined ? {} : { resolve }) },
    });
  }

  render(event: RecordedEvent, context: RenderContext): string {
    return renderCloudEvent(event, { ...context, nowMs: Date.now() });
  }

  async send(rendered: readonly string[], signal: AbortSignal): Promise<Answer> {
    if (rendered.length > this.limits.count) {
      // Cut while the destination took more at once. The receiver expects another form now: in parts each fits.
      return unsent(`${rendered.length} events, not sent: this destination takes ${this.limits.count} a request`);
    }
    const body = this.bodyOf(rendered);
    if (body.length > this.limits.maxBytes) {
      return unsent(`${body.length} bytes, not sent: this destination takes ${this.limits.maxBytes}`);
    }
    return this.post(requestIdOf(rendered, this.options.batch === 'many'), body, signal);
  }

  /** Signed like any other request, with an envelope of type `delivery.check` that holds no event. */
  check(signal: AbortSignal): Promise<Answer> {
    const id = `check-${randomUUID()}`;
    return this.post(id, this.bodyOf([renderCheck(id, Date.now())]), signal);
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private bodyOf(rendered: readonly string[]): Buffer {
    const text = rendered.join(',');
    return Buffer.from(this.options.batch === 'one' ? text : `[${text}]`, 'utf8');
  }

  private async post(id: string, body: Buffer, signal: AbortSignal): Promise<Answer> {
    let keys: Buffer[];
    try {
      keys = (await this.options.secrets()).map(parseWebhookSecret);
    } catch (error) {
      return secretMissing(error);
    }
    // Of this attempt: receivers refuse what is minutes old, so that a request that was overheard cannot be played again.
    const timestamp = Math.floor(Date.now() / 1_000);
    const headers = {
      'content-type':
        this.options.batch === 'one' ? 'application/cloudevents+json' : 'application/cloudevents-batch+json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf(keys, id, timestamp, body),
    };
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.timeoutMs)]);
    return this.http.post({ headers, body, signal: limited }, judge);
  }
}

function unsent(reason: string): Answer {
  return { kind: 'too-large', status: 413, reason };
}

/** What a status of a receiver means, and what is to be done about it. */
function judge(reply: Reply): Answer {
  const { status, text } = reply;
  const reason = printable(`${status} ${text}`);
  if (status >= 200 && status < 300) return { kind: 'accepted', status };
  switch (status) {
    case 400:
    case 422:
      return { kind: 'invalid', status, reason };
    case 401:
    case 403:
      return { kind: 'unauthorized', status, reason };
    case 410:
      // Standard Webhooks: the receiver is gone and wants no more. Whether that is so, a person decides.
      return { kind: 'unauthorized', status, reason: printable(`${reason} (the receiver says that it is gone)`) };
    case 413:
      return { kind: 'too-large', status, reason };
  }
  if (status === 408 || status === 429 || status >= 500) {
    // We do not know who wrote the receiver: it may have failed after it kept the events. Only these statuses say that it did not.
    return retryAnswer(reply, reason, status !== 408 && status !== 429 && status !== 503);
  }
  return { kind: 'refused', status, reason };
}
