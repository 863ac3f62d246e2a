// What Datadog's logs intake takes. Source: docs.datadoghq.com/api/latest/logs (Send logs) and /logs/log_collection, read
// November 2026. MB is taken as 10^6, the smaller reading.

/** Most logs of one request. */
export const MAX_LOGS = 1_000;
/** Most bytes of one request, uncompressed, with brackets and commas. Beyond: 413. */
export const MAX_REQUEST_BYTES = 5_000_000;
/** What we fill a request to: the rest is room for what differs between attempts. */
export const GOAL_REQUEST_BYTES = 4_250_000;
/** An event of so few bytes grows by less than so many in the mapping (370 to 470 for the kinds in log.spec.ts). */
export const SMALL_EVENT_BYTES = 4_096;
export const MAPPED_EXTRA_BYTES = 700;
/** Most bytes of one log. Beyond, it is truncated and answered with 2xx: attributes may be gone. */
export const MAX_LOG_BYTES = 1_000_000;
/** Recommended size of a log, and of a field that is shown in full in grouped queries (25 KiB; we stay below 25 KB). */
export const MAX_STATEMENT_BYTES = 25_000;
/** Most attributes of a log, and levels of nesting. */
export const MAX_ATTRIBUTES = 2_048;
export const MAX_NESTING = 20;
/** Longest tag that is kept whole everywhere in Datadog. */
export const MAX_TAG_LENGTH = 200;

const HOUR_MS = 3_600_000;
/** A log dated further back is answered 202 and dropped; so is one this far ahead. */
export const OLDEST_AGE_MS = 18 * HOUR_MS;
export const FURTHEST_AHEAD_MS = 2 * HOUR_MS;
/** The margins that we keep: an event ages between here and there. */
export const SAFE_AGE_MS = 17 * HOUR_MS;
export const SAFE_AHEAD_MS = 1 * HOUR_MS;

/** Attributes that Datadog takes for the date of a log, in its order; the first one present counts. */
export const DATE_ATTRIBUTES = [
  '@timestamp',
  'timestamp',
  '_timestamp',
  'Timestamp',
  'eventTime',
  'date',
  'published_date',
  'syslog.timestamp',
] as const;
