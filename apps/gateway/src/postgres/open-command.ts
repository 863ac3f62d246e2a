import type { WireText } from '#events';
import type { Reservation } from '../emitter.js';
import { Command } from './attribution.js';
import type { Refusable } from './refusal.js';

/** A prepared statement as its Parse put it. */
export interface Statement {
  wire: WireText;
  /** Its beginning, to recognise and to show. */
  head: string;
  /** Bytes of text held here for it. */
  keptBytes: number;
}

/** A command between its admission and its outcome. */
export class OpenCommand extends Command {
  kind: Refusable = 'query';
  reservation: Reservation | undefined;
  statement: Statement | undefined;
  /** False for refusals that say that there is no room to record anything. */
  isRecorded = true;
}

/** What may stand behind a column named `close`, and never behind the command CLOSE: reserved words and operators. */
const BEHIND_A_COLUMN =
  '(?:[,)=<>+*.;]|::|-(?!-)|$|(?:from|as|and|or|in|not|is|like|desc|asc|limit|order|where|group|then|else|end|when|union)\\b)';

/**
 * SQL that may make, drop or replace names of statements and portals unseen by the wire. It errs on the side of doubt; what is
 * put together at run time inside a function it cannot see, but then the call of that function is on record.
 */
export const NAMES_IN_SQL = new RegExp(
  `\\b(?:deallocate|discard)\\b|\\bprepare\\b[\\s\\S]*\\bas\\b|\\bdeclare\\b[\\s\\S]*\\bcursor\\b|\\bclose\\b(?!\\s*${BEHIND_A_COLUMN})`,
  'i',
);
/** The same for text that is seen in pieces. */
export const NAME_WORDS = /\b(?:prepare|deallocate|discard|declare|close)\b/i;
