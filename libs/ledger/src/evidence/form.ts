import { type CanonicalValue, canonicalJson } from '#events';
import { asciiText, fromBase64 } from '../native-bytes.js';
import { fromHex } from '../text-bytes.js';
import { Fault } from './report.js';

// What a member must look like, as functions that read a value or throw. Strict: what the format does not name is not there.

/** Reads a value. @throws Fault `malformed` */
export type Form<T> = (value: unknown, where: string) => T;
type Read<S> = { [K in keyof S]: S[K] extends Form<infer T> ? T : never };

function malformed(where: string, what: string): never {
  throw new Fault('malformed', `this is not ${what}`, where);
}

export function record<S extends Record<string, Form<unknown>>, O extends Record<string, Form<unknown>>>(
  required: S,
  optional = {} as O,
): Form<Read<S> & Partial<Read<O>>> {
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) malformed(where, 'an object');
    const given = value as Record<string, unknown>;
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(required, key) && !Object.hasOwn(optional, key));
    if (unknown !== undefined) throw new Fault('malformed', `${JSON.stringify(unknown)} means nothing here`, where);
    const read: Record<string, unknown> = {};
    for (const [key, form] of Object.entries(required)) {
      if (!Object.hasOwn(given, key)) throw new Fault('malformed', `${JSON.stringify(key)} is not there`, where);
      read[key] = form(given[key], `${where}, ${key}`);
    }
    for (const [key, form] of Object.entries(optional)) {
      if (Object.hasOwn(given, key)) read[key] = form(given[key], `${where}, ${key}`);
    }
    return read as Read<S> & Partial<Read<O>>;
  };
}

export function list<T>(form: Form<T>): Form<T[]> {
  return (value, where) =>
    Array.isArray(value) ? value.map((one, at) => form(one, `${where}[${at}]`)) : malformed(where, 'an array');
}

export function either<const T>(...values: readonly T[]): Form<T> {
  return (value, where) =>
    values.includes(value as T)
      ? (value as T)
      : malformed(where, values.map((one) => JSON.stringify(one)).join(' or '));
}

export function nullable<T>(form: Form<T>): Form<T | null> {
  return (value, where) => (value === null ? null : form(value, where));
}

export function matching(pattern: RegExp, what: string): Form<string> {
  return (value, where) => (typeof value === 'string' && pattern.test(value) ? value : malformed(where, what));
}

export const text: Form<string> = (value, where) => (typeof value === 'string' ? value : malformed(where, 'text'));

export const count: Form<number> = (value, where) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : malformed(where, 'a count');

/** A position or size: decimal digits without leading zeros, at most 2^53 − 1. */
export const position: Form<number> = (value, where) => {
  const isOne =
    typeof value === 'string' && /^(0|[1-9][0-9]{0,15})$/.test(value) && Number.isSafeInteger(Number(value));
  return isOne ? Number(value) : malformed(where, 'a position');
};

export const anyObject: Form<Record<string, unknown>> = (value, where) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : malformed(where, 'an object');

/** @param bytes exactly so many; undefined: any number */
export function base64(bytes?: number): Form<Uint8Array> {
  return (value, where) => {
    const read = typeof value === 'string' ? fromBase64(value) : undefined;
    if (!read || (bytes !== undefined && read.length !== bytes)) {
      malformed(where, bytes === undefined ? 'base64' : `${bytes} bytes in base64`);
    }
    return read;
  };
}

export function hex(bytes: number): Form<Uint8Array> {
  return (value, where) => {
    const read = typeof value === 'string' ? fromHex(value) : undefined;
    return read?.length === bytes ? read : malformed(where, `${bytes} bytes in hexadecimal`);
  };
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8. @throws Fault `malformed` */
export function textOf(bytes: Uint8Array, where: string): string {
  try {
    return asciiText(bytes) ?? decoder.decode(bytes);
  } catch {
    return malformed(where, 'UTF-8');
  }
}

/** The value of canonical JSON (RFC 8785). @throws Fault `malformed` where the text is not the one spelling of a value */
export function canonicalValue(json: string, where: string): unknown {
  const value = jsonValue(json, where);
  let again: string;
  try {
    again = canonicalJson(value as CanonicalValue);
  } catch {
    return malformed(where, 'canonical JSON');
  }
  return again === json ? value : malformed(where, 'canonical JSON: the same value is written otherwise');
}

/** The value of JSON, however it is written. @throws Fault `malformed` */
export function jsonValue(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return malformed(where, 'canonical JSON');
  }
}
