import { createHash } from 'node:crypto';
import { RecordError } from './errors.js';

// A cursor is the sort key of the last row of a page, with a digest of what was asked for, so that it leads nowhere but on. It holds
// no rights: limits are applied anew to every page. Whoever forges one gets what he could have asked for anyway.

const DIGEST_LENGTH = 8;

/**
 * The text from which the next page begins.
 * @param asked the list and its filter; the cursor is good for nothing else
 * @param key sort key of the last row shown
 */
export function encodeCursor(asked: unknown, key: readonly string[]): string {
  return Buffer.from(JSON.stringify([digestOf(asked), ...key])).toString('base64url');
}

/**
 * The sort key that {@link encodeCursor} was given.
 * @throws RECORD_CURSOR_INVALID for any text that it did not make for the same question
 */
export function decodeCursor(cursor: string, asked: unknown, length: number): string[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // Answered below, like every other text that is no cursor.
  }
  if (Array.isArray(parts) && parts.length === length + 1 && parts.every(isText)) {
    const [digest, ...key] = parts as string[];
    if (digest === digestOf(asked)) return key;
  }
  throw cursorInvalid();
}

/** Also for a sort key that is none of its list. */
export function cursorInvalid(): RecordError {
  return new RecordError({
    code: 'RECORD_CURSOR_INVALID',
    message: 'the cursor is not one that this log gave out for these filters',
    remedy: 'Take the cursor from the answer before, unchanged and with the same filters, or begin without one.',
    retry: 'never',
  });
}

function digestOf(asked: unknown): string {
  const sorted = JSON.stringify(asked, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('base64url').slice(0, DIGEST_LENGTH);
}

/** PostgreSQL takes no NUL. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\u0000');
}
