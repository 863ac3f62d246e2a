import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import {
  DATE_ATTRIBUTES,
  FURTHEST_AHEAD_MS,
  MAX_ATTRIBUTES,
  MAX_LOG_BYTES,
  MAX_LOGS,
  MAX_NESTING,
  MAX_REQUEST_BYTES,
  OLDEST_AGE_MS,
} from '../limits.js';
import { isObject, type JsonObject, valueAt } from './arrived-log.js';

const unzip = { gzip: promisify(gunzip), deflate: promisify(inflate) };

/** What the intake makes of a request: an answer, and the logs that it keeps. */
export interface Intake {
  status: number;
  detail?: string;
  kept: { dateMs: number; raw: string }[];
  /** Entries that were answered 202 and thrown away for their date. */
  droppedByDate: number;
  /** Entries that were cut, or lost attributes, without a word. */
  cut: number;
}

/** Everything after the key: size, encoding, form, and what silently happens to each entry. */
export async function takeIn(
  body: Buffer,
  headers: { encoding?: string; type?: string },
  nowMs: number,
): Promise<Intake> {
  let plain: Buffer;
  try {
    plain = await decode(body, headers.encoding ?? 'identity');
  } catch (error) {
    if (isTooLarge(error)) return refusal(413, 'Payload too large');
    return refusal(400, 'Invalid payload encoding');
  }
  if (plain.length > MAX_REQUEST_BYTES) return refusal(413, 'Payload too large');
  const type = (headers.type ?? 'application/json').split(';')[0]?.trim();
  const entries = type === 'text/plain' ? linesOf(plain) : parse(plain);
  if (!entries) return refusal(400, 'Invalid payload');
  if (entries.length > MAX_LOGS) return refusal(413, `More than ${MAX_LOGS} entries`);
  const result: Intake = { status: 202, kept: [], droppedByDate: 0, cut: 0 };
  for (const entry of entries) keep(entry, nowMs, result);
  return result;
}

function keep(entry: JsonObject, nowMs: number, result: Intake): void {
  if (Object.keys(entry).length === 0) return;
  const raw = JSON.stringify(entry);
  if (Buffer.byteLength(raw) > MAX_LOG_BYTES) {
    // Documented: "accepted and truncated". What is behind the cut is gone, and with it the structure.
    result.cut += 1;
    result.kept.push({ dateMs: nowMs, raw: JSON.stringify({ message: raw.slice(0, MAX_LOG_BYTES) }) });
    return;
  }
  const bounded = withinLimits(entry);
  if (bounded.wasCut) result.cut += 1;
  const dateMs = officialDate(bounded.entry, nowMs);
  if (dateMs < nowMs - OLDEST_AGE_MS || dateMs > nowMs + FURTHEST_AHEAD_MS) result.droppedByDate += 1;
  else result.kept.push({ dateMs, raw: bounded.wasCut ? JSON.stringify(bounded.entry) : raw });
}

/**
 * The first reserved date attribute that is there is the date: ISO 8601, RFC 3164, or epoch milliseconds. Seconds are taken for
 * milliseconds, and so lie in 1970. A message that is itself JSON has its attributes count. Otherwise the time of receipt.
 */
export function officialDate(entry: JsonObject, nowMs: number): number {
  const sources = [entry];
  if (typeof entry.message === 'string' && entry.message.trimStart().startsWith('{')) {
    const inner = parseOne(entry.message);
    if (isObject(inner)) sources.unshift(inner);
  }
  for (const source of sources) {
    for (const name of DATE_ATTRIBUTES) {
      const value = valueAt(source, name);
      if (value === undefined || value === null) continue;
      if (typeof value === 'number') return value;
      if (typeof value !== 'string') return nowMs;
      if (/^\d+$/.test(value)) return Number(value);
      const parsed = Date.parse(
        /^[A-Z][a-z]{2} [ \d]\d \d\d:/.test(value) ? `${value} ${new Date(nowMs).getUTCFullYear()} Z` : value,
      );
      return Number.isNaN(parsed) ? nowMs : parsed;
    }
  }
  return nowMs;
}

function withinLimits(entry: JsonObject): { entry: JsonObject; wasCut: boolean } {
  const state = { attributes: 0, wasCut: false };
  const copy = bounded(entry, 1, state);
  return state.wasCut ? { entry: copy, wasCut: true } : { entry, wasCut: false };
}

function bounded(object: JsonObject, depth: number, state: { attributes: number; wasCut: boolean }): JsonObject {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    if (isObject(value)) {
      if (depth >= MAX_NESTING) state.wasCut = true;
      else out[name] = bounded(value, depth + 1, state);
      continue;
    }
    state.attributes += 1;
    if (state.attributes > MAX_ATTRIBUTES) state.wasCut = true;
    else out[name] = value;
  }
  return out;
}

async function decode(body: Buffer, encoding: string): Promise<Buffer> {
  // One byte more than allowed is enough to know, whatever the archive would grow to.
  const limit = { maxOutputLength: MAX_REQUEST_BYTES + 1 };
  switch (encoding) {
    case 'identity':
      return body;
    case 'gzip':
      return unzip.gzip(body, limit);
    case 'deflate':
      return unzip.deflate(body, limit);
    default:
      throw new TypeError(`content-encoding ${encoding}`);
  }
}

function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function parse(plain: Buffer): JsonObject[] | undefined {
  const value = parseOne(plain.toString('utf8'));
  const entries = Array.isArray(value) ? value : [value];
  return entries.every((entry): entry is JsonObject => isObject(entry as JsonObject)) ? entries : undefined;
}

function parseOne(text: string): JsonObject | JsonObject[] | undefined {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}

function linesOf(plain: Buffer): JsonObject[] {
  return plain
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((message) => ({ message }));
}

function refusal(status: number, detail: string): Intake {
  return { status, detail, kept: [], droppedByDate: 0, cut: 0 };
}
