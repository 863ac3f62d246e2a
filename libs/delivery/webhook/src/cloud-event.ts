import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { RecordedEvent } from '#record';
import { SAFE_AGE_MS, SAFE_AHEAD_MS } from '../../datadog/src/limits.js';
import type { RenderContext } from '../../src/destination.js';
import { eventIdOf } from '../../src/event-id.js';
import { cutToBytes } from '../../src/text.js';
import { MAX_EVENT_BYTES } from './limits.js';

// CloudEvents 1.0 (github.com/cloudevents/spec, cloudevents/formats/json-format.md, read November 2026) in brief: one JSON object a
// event, its attributes beside `data`. Names of attributes are lower case and digits. What a JSON value is stands in `data`; what
// is none, as base64 in `data_base64`. A batch is an array of such objects.

/** Envelopes that this code can make. Another name or meaning of an attribute is a new number. */
export const MAPPING_VERSIONS = [1] as const;

export interface CloudEventContext extends Pick<RenderContext, 'batch' | 'attempt' | 'lane'> {
  /** Milliseconds since 1970. */
  nowMs: number;
}

type Attributes = Record<string, string | number | boolean | undefined>;
type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Text members of an event that is too large are cut to this, and its bytes, where it is none, to three quarters of the limit. */
const SHORT_BYTES = 1_000;
const KEPT_RAW_BYTES = Math.floor(MAX_EVENT_BYTES * 0.6);

/** Type of the request that asks whether a receiver takes anything at all. */
export const CHECK_TYPE = 'delivery.check';

/**
 * One recorded event in its envelope. `data` is the event byte for byte as it was recorded. Never throws, never above
 * {@link MAX_EVENT_BYTES}: what does not fit is shortened and says so (`shortened`); the record keeps the whole.
 */
export function renderCloudEvent(recorded: RecordedEvent, context: CloudEventContext): string {
  const event = eventOf(recorded);
  const attributes = attributesOf(
    recorded,
    context,
    event === undefined ? 'application/octet-stream' : 'application/json',
  );
  const text =
    event === undefined
      ? withMember(attributes, 'data_base64', `"${recorded.body.toString('base64')}"`)
      : withMember(attributes, 'data', recorded.body.toString('utf8'));
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= MAX_EVENT_BYTES || Buffer.byteLength(text) <= MAX_EVENT_BYTES) return text;
  return shortened({ ...attributes, shortened: true, originalbytes: recorded.body.length }, recorded, event);
}

/** An envelope without an event. A receiver answers 2xx and does nothing. */
export function renderCheck(id: string, nowMs: number): string {
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: '/affidavit',
    type: CHECK_TYPE,
    time: new Date(nowMs).toISOString(),
  });
}

function attributesOf(
  recorded: RecordedEvent,
  { batch, attempt, lane, nowMs }: CloudEventContext,
  datacontenttype: string,
): Attributes {
  const occurredAt = recorded.occurredAt ?? recorded.recordedAt;
  return {
    // These three come first, and in this order: requestIdOf reads them.
    specversion: '1.0',
    id: eventIdOf(recorded),
    deliverybatch: String(batch),
    deliveryattempt: attempt,
    source: `/affidavit/${recorded.node}`,
    type: recorded.type,
    time: occurredAt,
    subject: recorded.sessionId ?? undefined,
    datacontenttype,
    // As text: a position may be larger than an integer of CloudEvents, and than a number of JavaScript.
    affidavitposition: String(recorded.position),
    recordedat: recorded.recordedAt,
    late: isLate(occurredAt, nowMs),
    replay: lane === 'replay',
    backfill: lane === 'backfill',
  };
}

/** As Datadog's tag `late`, so that the word means one thing: too old, or too far ahead, to be dated there. */
function isLate(occurredAt: string, nowMs: number): boolean {
  const ageMs = nowMs - Date.parse(occurredAt);
  return !(ageMs <= SAFE_AGE_MS && ageMs >= -SAFE_AHEAD_MS);
}

function withMember(attributes: Attributes, name: string, json: string): string {
  return `${JSON.stringify(attributes).slice(0, -1)},"${name}":${json}}`;
}

/** Undefined for bytes that are no JSON: they must not break the request they travel in. */
function eventOf(recorded: RecordedEvent): Record<string, Json> | undefined {
  if (recorded.type === 'quarantined' || !isUtf8(recorded.body)) return undefined;
  try {
    const event: unknown = JSON.parse(recorded.body.toString('utf8'));
    return typeof event === 'object' && event !== null ? (event as Record<string, Json>) : undefined;
  } catch {
    return undefined;
  }
}

function shortened(attributes: Attributes, recorded: RecordedEvent, event: Record<string, Json> | undefined): string {
  if (event === undefined) {
    const kept = recorded.body.subarray(0, KEPT_RAW_BYTES).toString('base64');
    return withMember(attributes, 'data_base64', `"${kept}"`);
  }
  const text = withMember(attributes, 'data', JSON.stringify(cutTexts(event)));
  if (Buffer.byteLength(text) <= MAX_EVENT_BYTES) return text;
  // Many members rather than long ones: what identifies the event and its session always fits.
  const { data: _, ...envelope } = event;
  return withMember(attributes, 'data', JSON.stringify(cutTexts(envelope)));
}

function cutTexts(value: Json): Json {
  if (typeof value === 'string') return cutToBytes(value, SHORT_BYTES);
  if (Array.isArray(value)) return value.map(cutTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cutTexts(inner)]));
}

const HEAD = /^\{"specversion":"1\.0","id":"([^"\\]+)","deliverybatch":"(\d+)"/;

/**
 * The same for each attempt at the same events: by it a receiver knows a second copy. One event has its own id. A batch has its
 * number and what it holds: after Postgres was restored to an earlier point numbers come again, with other events.
 */
export function requestIdOf(rendered: readonly string[], asBatch: boolean): string {
  const ids: string[] = [];
  let batch = '';
  for (const text of rendered) {
    const head = HEAD.exec(text);
    if (!head?.[1] || !head[2]) throw new TypeError('not an envelope that renderCloudEvent made');
    ids.push(head[1]);
    batch = head[2];
  }
  if (!asBatch) return ids.join();
  const hash = createHash('sha256');
  for (const id of ids) hash.update(`${id}\n`);
  return `batch-${batch}-${hash.digest('hex').slice(0, 16)}`;
}
