import { DATE_ATTRIBUTES } from '../limits.js';

/** Attributes of an entry that Datadog keeps apart from the rest. */
const RESERVED = new Set(['message', 'ddsource', 'ddtags', 'hostname', 'service', 'status']);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** One log as the stand-in holds it, and as a search sees it. */
export class ArrivedLog {
  private parsed: JsonObject | undefined;

  constructor(
    readonly id: string,
    /** The official date, milliseconds. */
    readonly dateMs: number,
    readonly receivedAtMs: number,
    /** The entry as it came, JSON. */
    readonly raw: string,
  ) {}

  get entry(): JsonObject {
    // Parsed when first asked for: most logs never are, and text takes a tenth of the memory.
    this.parsed ??= JSON.parse(this.raw) as JsonObject;
    return this.parsed;
  }

  get message(): string {
    return text(this.entry.message);
  }

  get tags(): string[] {
    const tags = text(this.entry.ddtags)
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '');
    return this.entry.ddsource === undefined ? tags : [...tags, `source:${text(this.entry.ddsource)}`];
  }

  /** What is neither reserved nor the date. */
  get attributes(): JsonObject {
    return Object.fromEntries(
      Object.entries(this.entry).filter(([name]) => !RESERVED.has(name) && !isDateAttribute(name)),
    );
  }

  /** All values under `@path`, a reserved name or a tag, as text. */
  valuesOf(key: string): string[] {
    if (key.startsWith('@')) return texts(valueAt(this.entry, key.slice(1)));
    switch (key) {
      case 'source':
        return texts(this.entry.ddsource);
      case 'host':
        return texts(this.entry.hostname);
      case 'service':
      case 'status':
      case 'message':
        return texts(this.entry[key]);
      default:
        return this.tags.filter((tag) => tag.startsWith(`${key}:`)).map((tag) => tag.slice(key.length + 1));
    }
  }

  /** Every value, for `*:text`. */
  values(): string[] {
    return [...leaves(this.entry)];
  }
}

/** The value under a dotted path, whether it came nested or under the dotted name itself. */
export function valueAt(entry: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(entry, path)) return entry[path];
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const inner = entry[path.slice(0, dot)];
    if (isObject(inner)) {
      const found = valueAt(inner, path.slice(dot + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isDateAttribute(name: string): boolean {
  return (DATE_ATTRIBUTES as readonly string[]).includes(name);
}

function texts(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(texts);
  return isObject(value) ? [] : [String(value)];
}

function* leaves(value: Json): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* leaves(one);
  else if (isObject(value)) for (const one of Object.values(value)) yield* leaves(one);
  else if (value !== null) yield String(value);
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
