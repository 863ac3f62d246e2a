import { EventError } from './errors.js';

/** What an event may hold: JSON without floats. Integers are safe integers; larger ones travel as strings. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

/** Deeper nesting is refused, so that neither a writer nor a verifier can be made to overflow its stack. */
export const MAX_DEPTH = 32;

function notCanonical(what: string): EventError {
  return new EventError({
    code: 'EVENT_NOT_CANONICAL',
    message: `not canonical JSON: ${what}`,
    remedy: 'Use safe integers, strings of valid Unicode, booleans, arrays and plain objects no deeper than 32 levels.',
    retry: 'never',
  });
}

/** In the order of RFC 8785 §3.2.3: by UTF-16 code units, which is what comparison and the default sort do. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  for (let at = 1; at < keys.length; at++) if (keys[at - 1]! > keys[at]!) return keys.sort();
  return keys;
}

/** Keys as they are written: few different ones, of which each event has dozens. */
const quotedKeys = new Map<string, string>();
const MOST_QUOTED_KEYS = 1_024;
/** Longer ones are nobody's but the one object's that has them. */
const QUOTED_KEY_LETTERS = 64;

function quotedKey(key: string): string {
  const known = quotedKeys.get(key);
  if (known !== undefined) return known;
  const quoted = write(key, 0);
  if (key.length > QUOTED_KEY_LETTERS) return quoted;
  if (quotedKeys.size >= MOST_QUOTED_KEYS) quotedKeys.clear();
  quotedKeys.set(key, quoted);
  return quoted;
}

function write(value: CanonicalValue | undefined, depth: number): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw notCanonical('a string holds a lone surrogate');
      return JSON.stringify(value);
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw notCanonical(`${value} is not a safe integer`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      break;
    default:
      throw notCanonical(`a value of type ${typeof value}`);
  }
  if (depth >= MAX_DEPTH) throw notCanonical(`nesting beyond ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    return `[${value.map((element) => write(element, depth + 1)).join(',')}]`;
  }
  const object = value as { readonly [key: string]: CanonicalValue | undefined };
  let out = '';
  for (const key of sortedKeys(object)) {
    const member = object[key];
    if (member === undefined) continue;
    out += `${out === '' ? '' : ','}${quotedKey(key)}:${write(member, depth + 1)}`;
  }
  return `{${out}}`;
}

/**
 * The canonical JSON text of a value after RFC 8785 (JCS), restricted to integers: sorted keys, no white space,
 * shortest escapes. Members whose value is `undefined` are left out.
 * @throws EVENT_NOT_CANONICAL for floats, unsafe integers, lone surrogates, functions, or nesting beyond {@link MAX_DEPTH}
 */
export function canonicalJson(value: CanonicalValue): string {
  return write(value, 0);
}

/** {@link canonicalJson} as UTF-8: the bytes that are stored, hashed and exported. */
export function canonicalBytes(value: CanonicalValue): Buffer {
  return Buffer.from(canonicalJson(value), 'utf8');
}

/**
 * Reads bytes that must already be canonical. Parsing and writing again must give the same bytes, which also
 * refuses duplicate keys, invalid UTF-8, floats, white space and every second way of writing the same value.
 * @throws EVENT_NOT_CANONICAL
 */
export function parseCanonical(bytes: Buffer): CanonicalValue {
  let value: CanonicalValue;
  try {
    value = JSON.parse(bytes.toString('utf8')) as CanonicalValue;
  } catch (cause) {
    throw notCanonical(`not JSON (${cause instanceof Error ? cause.message.slice(0, 80) : 'unreadable'})`);
  }
  if (!canonicalBytes(value).equals(bytes))
    throw notCanonical('the bytes differ from the canonical form of their value');
  return value;
}
