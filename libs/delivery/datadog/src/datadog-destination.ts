import type { RecordedEvent } from '#record';
import type { Answer } from '../../src/answer.js';
import type { Destination, RenderContext } from '../../src/destination.js';
import { IntakeClock } from './intake-clock.js';
import { GOAL_REQUEST_BYTES, MAPPED_EXTRA_BYTES, MAX_LOGS, MAX_REQUEST_BYTES, SMALL_EVENT_BYTES } from './limits.js';
import { MAPPING_VERSIONS, renderLog, reservedDate } from './log.js';
import { DatadogReadBack } from './read-back.js';
import type { Key } from './search-api.js';
import { IntakeSender } from './sender.js';

export interface DatadogOptions {
  /** Whole URL of the logs intake. */
  url: string;
  apiKey: string | (() => string | Promise<string>);
  /** For reading back, with the base URL of the API (`https://api.<site>`); both or neither. */
  appKey?: string | (() => string | Promise<string>);
  apiUrl?: string;
  /** Value of the tag `env`. */
  env: string;
  /** Name of the destination in the ledger. */
  name?: string;
  clock?: IntakeClock;
  /** Whether `url` may lead to an address that is not public. */
  allowPrivate: boolean;
  /** The same of `apiUrl`. Absent: as of `url`. */
  apiAllowPrivate?: boolean;
}

/** The intake of a Datadog site. */
export function intakeUrl(site: string): string {
  return `https://http-intake.logs.${site}/api/v2/logs`;
}

/** Base URL of a Datadog site's API. */
export function apiUrlOfSite(site: string): string {
  return `https://api.${site}`;
}

/** Datadog's logs intake, and, with an application key, its search. */
export class DatadogDestination implements Destination {
  readonly name: string;
  readonly kind = 'datadog';
  readonly limits = { count: MAX_LOGS, goalBytes: GOAL_REQUEST_BYTES, maxBytes: MAX_REQUEST_BYTES };
  readonly mappingVersions = MAPPING_VERSIONS;
  readonly clock: IntakeClock;
  readonly readBack: DatadogReadBack | undefined;
  private readonly sender: IntakeSender;
  private readonly env: string;

  constructor(options: DatadogOptions) {
    this.name = options.name ?? 'datadog';
    this.env = options.env;
    this.clock = options.clock ?? new IntakeClock();
    const apiKey = keyOf(options.apiKey);
    this.sender = new IntakeSender({
      url: options.url,
      apiKey,
      clock: this.clock,
      egress: { destination: this.name, allowPrivate: options.allowPrivate },
    });
    const { appKey, apiUrl } = options;
    this.readBack =
      appKey !== undefined && apiUrl !== undefined
        ? new DatadogReadBack({
            url: apiUrl,
            apiKey,
            appKey: keyOf(appKey),
            egress: { destination: this.name, allowPrivate: options.apiAllowPrivate ?? options.allowPrivate },
          })
        : undefined;
  }

  isLate(event: RecordedEvent): boolean {
    return reservedDate(event.occurredAt ?? event.recordedAt, this.clock.nowMs()) === undefined;
  }

  /** Rendering every event a second time, only to know its size, took as much as all the rest of a delivery. */
  measure(event: RecordedEvent): number | undefined {
    const { length } = event.body;
    return length <= SMALL_EVENT_BYTES ? length + MAPPED_EXTRA_BYTES : undefined;
  }

  render(event: RecordedEvent, context: RenderContext): string {
    const { batch, attempt, lane, mappingVersion } = context;
    // Not `...context`: once an event, a spread is seen in the profile.
    return renderLog(event, { batch, attempt, lane, mappingVersion, env: this.env, nowMs: this.clock.nowMs() });
  }

  async send(rendered: readonly string[], signal: AbortSignal): Promise<Answer> {
    const body = jsonArray(rendered);
    if (body.length > this.limits.maxBytes) {
      return {
        kind: 'too-large',
        status: 413,
        reason: `${body.length} bytes, not sent: the intake takes ${MAX_REQUEST_BYTES}`,
      };
    }
    return this.sender.post(body, signal);
  }

  /** The Datadog Agent asks the same way: an empty object is accepted and makes no log. */
  check(signal: AbortSignal): Promise<Answer> {
    return this.sender.post(Buffer.from('{}'), signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.sender.close(), this.readBack?.close()]);
  }
}

function keyOf(key: string | Key): Key {
  return typeof key === 'string' ? () => key : key;
}

/** Half the time of `[${rendered.join(',')}]`, which is put together twice before it becomes bytes. */
function jsonArray(rendered: readonly string[]): Buffer {
  const bytes = rendered.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 1);
  const body = Buffer.allocUnsafe(Math.max(bytes, 2));
  let at = body.write('[', 0, 'latin1');
  for (const text of rendered) {
    at += body.write(text, at, 'utf8');
    at += body.write(',', at, 'latin1');
  }
  body.write(']', body.length - 1, 'latin1');
  return body;
}
