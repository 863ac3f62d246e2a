import { gzipSync } from 'node:zlib';
import type { RecordedEvent } from '#record';
import type { Answer } from '../../src/answer.js';
import type { Destination, Packet, RenderContext, Trouble } from '../../src/destination.js';
import { renderEvents } from '../../src/render-events.js';
import { IntakeClock } from './intake-clock.js';
import {
  GOAL_REQUEST_BYTES,
  MAPPED_EXTRA_BYTES,
  MAX_LOGS,
  MAX_REQUEST_BYTES,
  SAFE_AGE_MS,
  SMALL_EVENT_BYTES,
} from './limits.js';
import { isLate, type LogContext, MAPPING_VERSIONS, renderLog } from './log.js';
import { MappingThread } from './mapping-thread.js';
import { DatadogReadBack } from './read-back.js';
import { requestBody } from './request-body.js';
import type { Key } from './search-api.js';
import { IntakeSender } from './sender.js';

/** What asking for the intake's time may take. */
const CLOCK_CHECK_MS = 3_000;
/** By how much a clock may be wrong without anybody noticing. */
const WRONG_CLOCK_MS = 24 * 3_600_000;
/** Batches of so many events are mapped by the thread. */
const THREAD_FROM = 100;

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
  /** See {@link MappingThread}. */
  mappingEntry?: URL;
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
  private readonly thread: MappingThread;
  private readonly env: string;
  private comparing: Promise<unknown> | undefined;

  constructor(options: DatadogOptions) {
    this.name = options.name ?? 'datadog';
    this.env = options.env;
    this.clock = options.clock ?? new IntakeClock();
    this.thread = new MappingThread({ entry: options.mappingEntry });
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
    return isLate(event, this.clock.nowMs());
  }

  /** Late, and not by so much that it would be late by any clock that somebody may have set. */
  private isLateByItsClock(event: RecordedEvent): boolean {
    const ageMs = this.clock.nowMs() - Date.parse(event.occurredAt ?? event.recordedAt);
    return ageMs < SAFE_AGE_MS + WRONG_CLOCK_MS && this.isLate(event);
  }

  /** Rendering every event a second time, only to know its size, took as much as all the rest of a delivery. */
  measure(event: RecordedEvent): number | undefined {
    const { length } = event.body;
    return length <= SMALL_EVENT_BYTES ? length + MAPPED_EXTRA_BYTES : undefined;
  }

  render(event: RecordedEvent, context: RenderContext): string {
    return renderLog(event, this.logContext(context));
  }

  /** Small batches here: they are done before a thread would have been told of them. */
  async pack(events: readonly RecordedEvent[], context: RenderContext, trouble: Trouble): Promise<Packet> {
    // A clock that nothing was compared with yet must not be what dates a whole batch out of its window.
    if (!this.clock.isCompared && events.some((event) => this.isLateByItsClock(event))) {
      this.comparing ??= this.check(AbortSignal.timeout(CLOCK_CHECK_MS)).finally(() => {
        this.comparing = undefined;
      });
      await this.comparing;
    }
    const fixed = this.logContext(context);
    const mapped = events.length < THREAD_FROM ? undefined : await this.thread.map(events, fixed, trouble);
    const { gzipped, bytes, late } = mapped ?? (await mapHere(events, fixed));
    return {
      late,
      textOf: (event) => renderLog(event, fixed),
      send: (signal) => this.sender.post({ gzipped, bytes }, signal),
    };
  }

  /** The Datadog Agent asks the same way: an empty object is accepted and makes no log. */
  check(signal: AbortSignal): Promise<Answer> {
    return this.sender.post({ gzipped: gzipSync('{}'), bytes: 2 }, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.thread.close(), this.sender.close(), this.readBack?.close()]);
  }

  private logContext({ batch, attempt, lane, mappingVersion }: RenderContext): LogContext {
    // Not `...context`: once an event, a spread is seen in the profile.
    return { batch, attempt, lane, mappingVersion, env: this.env, nowMs: this.clock.nowMs() };
  }
}

function keyOf(key: string | Key): Key {
  return typeof key === 'string' ? () => key : key;
}

async function mapHere(events: readonly RecordedEvent[], context: LogContext) {
  const rendered = await renderEvents(events, (event) => renderLog(event, context));
  const late = events.filter((event) => isLate(event, context.nowMs)).length;
  return { ...(await requestBody(rendered)), late };
}
