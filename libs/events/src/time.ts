import { EventError } from './errors.js';

/** An instant as the record writes it: UTC, RFC 3339, six fractional digits, `Z`. */
export type Instant = string;

export const INSTANT_PATTERN =
  /^(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/;

/**
 * @param micros microseconds since 1970, UTC
 * @throws EVENT_TIME_RANGE outside the years 1970–9999
 */
export function instantOfMicros(micros: bigint): Instant {
  if (micros < 0n || micros > 253402300799999999n) {
    throw new EventError({
      code: 'EVENT_TIME_RANGE',
      message: `${micros} µs lies outside the years 1970–9999`,
      remedy: 'Check the clock of this machine.',
      retry: 'never',
    });
  }
  const millis = new Date(Number(micros / 1000n)).toISOString();
  return `${millis.slice(0, -1)}${String(micros % 1000n).padStart(3, '0')}Z`;
}

/** Microseconds since 1970 of an {@link Instant}. */
export function microsOfInstant(instant: Instant): bigint {
  return BigInt(Date.parse(`${instant.slice(0, 23)}Z`)) * 1000n + BigInt(instant.slice(23, 26));
}

/** @param millis milliseconds since 1970, fractions allowed (kept to the microsecond) */
export function instantOfMillis(millis: number): Instant {
  return instantOfMicros(BigInt(Math.round(millis * 1000)));
}
