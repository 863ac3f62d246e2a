import type { Hold } from '../holds.js';

/** A hold in force when the export began, and how many of its events it keeps. */
export interface HeldEvents extends Pick<Hold, 'id' | 'matter' | 'reason' | 'selection' | 'placedBy' | 'placedAt'> {
  events: number;
}

/** What of an export is on disk for certain, and all that is known by then. Positions are digits: JSON has no 64 bits. */
export interface ExportSavepoint {
  /** Whose file it is. */
  attempt: number;
  /** Everything before it is done. */
  next: string;
  bytes: number;
  /** Of so many bytes of the file, in hex: a file that is otherwise was not written by this attempt, or rotted. */
  sha256: string;
  count: number;
  first: string | null;
  last: string | null;
  /** Positions of the range that have no row: those in a recorded purge, and those that nothing accounts for. */
  purged: number;
  missing: number;
  /** The first of the missing ones. */
  missingFirst: string[];
  holds: HeldEvents[];
  /** When `holds` was read. */
  holdsAt: string;
}
