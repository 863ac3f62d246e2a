import { MAX_TAG_LENGTH } from './limits.js';

/** Control characters, line separators and those that change the direction of text: a log line must stay one line. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** One line for people: what could break the line or mislead the eye is written as its escape. */
export function oneLine(text: string, longest: number): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut
    .toWellFormed()
    .replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Tags made so far: there are few, and each event has three. Emptied rather than let grow by names that strangers choose. */
const made = new Map<string, string>();
const MOST_MADE = 1_000;

/** A tag as Datadog keeps it: lower case, without what it would replace itself, at most 200 characters. */
export function tag(name: string, value: string): string {
  const key = `${name}:${value}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const clean = value
    .toLowerCase()
    .toWellFormed()
    .replace(/[^\p{L}\p{N}_\-:./]+/gu, '_');
  const text = `${name}:${clean}`.slice(0, MAX_TAG_LENGTH).toWellFormed();
  if (made.size >= MOST_MADE) made.clear();
  made.set(key, text);
  return text;
}
