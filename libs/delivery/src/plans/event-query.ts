import { EVENT_TYPES } from '#events';
import { DeliveryError } from '../errors.js';
import type { EventSelection } from '../selection.js';

// The language in brief: terms side by side, all of which must hold; in a term, values with commas, one of which must hold.
//
//   type:session.closed,command.* connection:orders identity:"billing agent" session:0b1c…
//
// A type may end with `.*`. Quotes hold what has blanks, commas or quotes (`\"`, `\\`). Each field at most once.

const FIELDS = {
  type: 'types',
  connection: 'connections',
  identity: 'identities',
  session: 'sessions',
} as const satisfies Record<string, keyof EventSelection>;

type Field = keyof typeof FIELDS;

const TYPES: ReadonlySet<string> = new Set([...EVENT_TYPES, 'quarantined']);
const REMEDY = `Terms are ${Object.keys(FIELDS)
  .map((field) => `${field}:…`)
  .join(' ')}; all of them must hold; several values with commas.`;

/**
 * Reads a query.
 * @throws DELIVERY_SELECTION_INVALID, which names the character (from 1) where it goes wrong
 */
export function parseEventQuery(text: string): EventSelection {
  const selection: { -readonly [K in keyof EventSelection]: EventSelection[K] } = {};
  const reader = new Reader(text);
  for (reader.skipBlanks(); !reader.atEnd; reader.skipBlanks()) {
    const at = reader.at;
    const field = reader.field();
    const member = FIELDS[field];
    if (selection[member]) throw invalid(at, `${field} stands here a second time`);
    const values: string[] = [];
    do {
      const valueAt = reader.at;
      const value = reader.value();
      if (field === 'type') judgeType(value, valueAt);
      values.push(value);
    } while (reader.take(','));
    if (!reader.atEnd && !reader.atBlank) throw invalid(reader.at, `a blank is missing before ${reader.shown}`);
    selection[member] = values;
  }
  if (Object.keys(selection).length === 0) throw invalid(1, 'it is empty');
  return selection;
}

function judgeType(value: string, at: number): void {
  const isKnown = value.endsWith('.*')
    ? [...TYPES].some((type) => type.startsWith(value.slice(0, -1)))
    : TYPES.has(value);
  if (!isKnown) throw invalid(at, `there is no type ${JSON.stringify(value)}`);
}

class Reader {
  private index = 0;

  constructor(private readonly text: string) {}

  /** Of the next character, from 1. */
  get at(): number {
    return this.index + 1;
  }

  get atEnd(): boolean {
    return this.index >= this.text.length;
  }

  get atBlank(): boolean {
    return /\s/.test(this.text.charAt(this.index));
  }

  /** The rest of the word here, for a message. */
  get shown(): string {
    return JSON.stringify(/^\S{0,40}/.exec(this.text.slice(this.index))?.[0] ?? '');
  }

  skipBlanks(): void {
    while (this.atBlank) this.index++;
  }

  take(character: string): boolean {
    if (this.text[this.index] !== character) return false;
    this.index++;
    return true;
  }

  field(): Field {
    const name = /^[^\s:,"]*/.exec(this.text.slice(this.index))?.[0] ?? '';
    if (this.text[this.index + name.length] !== ':') throw invalid(this.at, `${this.shown} is no term`);
    if (!Object.hasOwn(FIELDS, name)) throw invalid(this.at, `there is no field ${JSON.stringify(name)}`);
    this.index += name.length + 1;
    return name as Field;
  }

  value(): string {
    const at = this.at;
    const rest = this.text.slice(this.index);
    const quoted = /^"((?:[^"\\]|\\["\\])*)"/.exec(rest);
    const raw = quoted?.[0] ?? /^[^\s,"]*/.exec(rest)?.[0] ?? '';
    if (!quoted && rest.startsWith('"')) throw invalid(at, 'a quote is not closed');
    this.index += raw.length;
    const value = quoted ? (quoted[1] ?? '').replace(/\\(.)/g, '$1') : raw;
    if (value === '') throw invalid(at, 'a value is missing');
    return value;
  }
}

function invalid(at: number, what: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_SELECTION_INVALID',
    message: `the query goes wrong at character ${at}: ${what}`,
    remedy: REMEDY,
    retry: 'never',
  });
}
