import pc from 'picocolors';
import { EVENT_TYPES } from '#events';

/** Every command takes it. */
export interface OutputOptions {
  json?: boolean | undefined;
}

export const colours = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);

/** Where types of events stand in a column of lines that follow each other, so that nobody knows the longest yet. */
export const TYPE_WIDTH = Math.max(...EVENT_TYPES.map((type) => type.length));

export function line(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Machines get one JSON document, people what `human` makes of it. */
export async function present<T>(
  options: OutputOptions,
  value: T,
  human: (value: T) => string | Promise<string>,
): Promise<void> {
  line(options.json ? harmless(JSON.stringify(value, bigintText, 2)) : await human(value));
}

/** One JSON document a line, for streams. */
export function jsonLine(value: unknown): void {
  line(harmless(JSON.stringify(value, bigintText)));
}

/** JSON says the same with its escapes; a terminal would obey some of what it may hold as it is, or show it in another order. */
function harmless(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Text of our own, shown as it is, with its colours. */
export interface Styled {
  styled: string;
}
export type Cell = string | number | bigint | boolean | null | undefined;

/** A table without frames. What came from outside cannot move the cursor or hide text. */
export async function table(head: string[], rows: (Cell | Styled)[][]): Promise<string> {
  if (rows.length === 0) return colours.dim('none');
  const { default: Table } = await import('cli-table3');
  const none = Object.fromEntries(
    [
      'top',
      'top-mid',
      'top-left',
      'top-right',
      'bottom',
      'bottom-mid',
      'bottom-left',
      'bottom-right',
      'left',
      'left-mid',
      'mid',
      'mid-mid',
      'right',
      'right-mid',
    ].map((place) => [place, '']),
  );
  const out = new Table({
    head: head.map((title) => colours.bold(title)),
    chars: { ...none, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  for (const row of rows)
    out.push(row.map((cell) => (typeof cell === 'object' && cell !== null ? cell.styled : plain(cell))));
  return out
    .toString()
    .split('\n')
    .map((text) => text.trimEnd())
    .join('\n');
}

/** One cell or value as a single line without control, bidi or invisible characters. */
export function plain(value: Cell): string {
  if (value === null || value === undefined) return '';
  return String(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '\n') return '⏎';
    if (character === '\t') return ' ';
    return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
  });
}

/** Cut to a width, visibly. */
export function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** `2 s`, `3 min`, `5 h`, `2 d`: how long, to one figure. */
export function ago(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
