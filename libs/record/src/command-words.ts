import type { AuditEvent, EventType, WireText } from '#events';
import { RecordError } from './errors.js';

// What a word is. One way to take text apart, for what is written into the index and for what is asked of it: nothing that was indexed
// can be asked for in a way that misses it.

/** Types that hold text of commands: a long statement stands in its chunks, of which `command.issued` repeats the first. */
export const COMMAND_TEXT_TYPES = ['command.issued', 'command.chunk'] as const satisfies EventType[];

/** Of a longer word the beginning is what counts, in the index as in a question. Characters. */
export const LONGEST_WORD = 64;
const MOST_WORDS = 16;
/** A shorter beginning would fit too much of the index. */
const SHORTEST_PREFIX = 3;

/** Letters with their marks, digits and underscores, of any script; all else parts words. */
const WORD = /[\p{L}\p{M}\p{N}_]+/gu;

/** The words of a text, in its order: small letters, NFC, and of each the first {@link LONGEST_WORD} characters. */
export function* wordsOf(text: string): Generator<string> {
  // Each by itself: what stands around a word must not change it (a sigma at its end).
  for (const [word] of text.matchAll(WORD)) yield cutWord(word.normalize('NFC').toLowerCase());
}

/** By characters, not by code units: half a character could not be stored. */
export function cutWord(word: string): string {
  return word.length <= LONGEST_WORD
    ? word
    : Array.from(word.slice(0, 2 * LONGEST_WORD))
        .slice(0, LONGEST_WORD)
        .join('');
}

/** What an event holds of a command's text: statement and parameters, as far as they are text. */
export function* commandTexts(event: AuditEvent): Generator<string> {
  if (event.type === 'command.issued') {
    const { statement, parameters = [] } = (event as AuditEvent<'command.issued'>).data;
    yield* textOf(statement);
    for (const parameter of parameters) yield* textOf(parameter);
  } else if (event.type === 'command.chunk') {
    yield* textOf((event as AuditEvent<'command.chunk'>).data);
  }
}

function* textOf(wire: Pick<WireText, 'text'> | null | undefined): Generator<string> {
  if (wire?.text !== undefined) yield wire.text;
}

/** What to look for: each of these words, and one that begins so. */
export interface CommandText {
  words: readonly string[];
  prefix?: string;
}

/**
 * Takes a question apart, as the index was made: `DROP table public.orders_20*` asks for `drop`, `table`, `public` and what begins with `orders_20`.
 * @throws RECORD_TEXT_INVALID where there is no word in it, more than sixteen, or a beginning that is too short
 */
export function commandTextOf(text: string): CommandText {
  const words = [...wordsOf(text)];
  const prefix = /[\p{L}\p{M}\p{N}_]\*\s*$/u.test(text) ? words.pop() : undefined;
  if (prefix !== undefined && Array.from(prefix).length < SHORTEST_PREFIX) {
    throw textInvalid(`'${prefix}*' would fit too much: a beginning has at least ${SHORTEST_PREFIX} characters`);
  }
  const distinct = [...new Set(words)];
  const count = distinct.length + (prefix === undefined ? 0 : 1);
  if (count === 0) throw textInvalid('the text holds no word: no letter, no digit, no underscore');
  if (count > MOST_WORDS) throw textInvalid(`the text holds ${count} words, of which ${MOST_WORDS} can be looked for`);
  return prefix === undefined ? { words: distinct } : { words: distinct, prefix };
}

/** Whether an event holds all that is looked for. */
export function holdsText(event: AuditEvent, { words, prefix }: CommandText): boolean {
  const missing = new Set(words);
  let isBegun = prefix === undefined;
  for (const text of commandTexts(event)) {
    for (const word of wordsOf(text)) {
      missing.delete(word);
      if (prefix !== undefined) isBegun ||= word.startsWith(prefix);
      if (isBegun && missing.size === 0) return true;
    }
  }
  return isBegun && missing.size === 0;
}

/** As {@link holdsText}, of an event's canonical bytes. */
export function bodyHoldsText(body: Buffer, text: CommandText): boolean {
  const json = body.toString('utf8');
  // Nothing but ASCII: its words stand in JSON as they are, so that most events are told apart without taking them apart.
  if (json.length === body.length) {
    const small = json.toLowerCase();
    if (![...text.words, text.prefix ?? ''].every((word) => small.includes(word))) return false;
  }
  return holdsText(JSON.parse(json) as AuditEvent, text);
}

function textInvalid(message: string): RecordError {
  return new RecordError({
    code: 'RECORD_TEXT_INVALID',
    message,
    remedy: 'Ask for whole words of a command, all of which it must hold; the last may end with * (docs/search.md).',
    retry: 'never',
  });
}
