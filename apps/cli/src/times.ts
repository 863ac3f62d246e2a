import { DURATION_FORM, parseDurationMs } from '#platform';
import { usageError } from './errors.js';

/**
 * A time as people say it: an instant with its zone, a date (midnight UTC), or a duration from now (`2d`, `90m`).
 * @param direction of a duration
 * @returns RFC 3339
 * @throws CLI_USAGE
 */
export function instantOf(text: string, direction: 'ago' | 'ahead', now = Date.now()): string {
  const durationMs = parseDurationMs(text);
  if (durationMs !== undefined) {
    const atMs = direction === 'ago' ? now - durationMs : now + durationMs;
    if (atMs >= 0 && atMs < MOST_MS) return new Date(atMs).toISOString();
  }
  const instant = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (/^\d{4}-\d\d-\d\dT.*([Zz]|[+-]\d\d:\d\d)$/.test(instant) && !Number.isNaN(Date.parse(instant))) return instant;
  throw usageError(
    `${JSON.stringify(text)} is no time`,
    `Write an instant with its zone (2026-01-31T08:00:00Z), a date (2026-01-31, in UTC), or ${DURATION_FORM}.`,
  );
}

/** The end of year 9999. */
const MOST_MS = 253_402_300_800_000;
