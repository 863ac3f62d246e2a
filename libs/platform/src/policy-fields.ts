import { z } from 'zod';
import { DURATION_FORM, parseDurationMs, parseSizeBytes, SIZE_FORM } from './quantities.js';

// What the sections of affidavit.yaml are made of.

/** Text of at most `longest` characters. */
export const name = (longest: number) => z.string().min(1).max(longest);

/** A name that can stand in a command line, a URL or a tag without quotes. */
export const plainName = (longest: number) =>
  name(longest).regex(/^[A-Za-z0-9][A-Za-z0-9._@:-]*$/, 'may hold letters, digits and . _ @ : - only');

/** `10m`; milliseconds. */
export const durationMs = z
  .string()
  .transform((text, context) => {
    const value = parseDurationMs(text);
    if (value !== undefined && value > 0) return value;
    context.issues.push({ code: 'custom', message: `must be ${DURATION_FORM}`, input: text });
    return z.NEVER;
  })
  .meta({ kind: 'duration (10m)' });

/** `16MiB`, or a bare number of bytes; bytes. */
export const sizeBytes = z
  .union([z.string().meta({ kind: 'size (16MiB)' }), z.number().meta({ kind: 'bytes' })])
  .transform((given, context) => {
    const value = parseSizeBytes(String(given));
    if (value !== undefined && value > 0) return value;
    context.issues.push({ code: 'custom', message: `must be ${SIZE_FORM}`, input: given });
    return z.NEVER;
  });
