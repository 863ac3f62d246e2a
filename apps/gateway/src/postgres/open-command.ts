import type { WireText } from '#events';
import type { Reservation } from '../emitter.js';
import { Command } from './attribution.js';
import type { Refusable } from './refusal.js';

/** A prepared statement as its Parse put it. */
export interface Statement {
  wire: WireText;
  /** Its beginning, to recognise and to show. */
  head: string;
}

/** A command between its admission and its outcome. */
export class OpenCommand extends Command {
  kind: Refusable = 'query';
  reservation: Reservation | undefined;
  statement: Statement | undefined;
  /** False for refusals that say that there is no room to record anything. */
  isRecorded = true;
}

/** Words with which SQL itself makes, drops or replaces names of statements and portals, unseen by the wire. */
export const NAMES_IN_SQL = /\b(prepare|deallocate|discard|declare|close)\b/i;
