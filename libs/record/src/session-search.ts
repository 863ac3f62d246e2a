import { searchCommands } from './command-search.js';
import { COMMAND_TEXT_TYPES, type CommandText } from './command-words.js';
import { cursorInvalid, decodeCursor, encodeCursor } from './cursors.js';
import type { EventFilter } from './event-pages.js';
import { greatest, least } from './least-greatest.js';
import type { Queryable } from './pool.js';
import type { PrismaClient } from './prisma.js';
import {
  type SessionFilter,
  type SessionPage,
  type SessionView,
  sessionConditions,
  sessionViewOf,
} from './session-reads.js';

// Sessions by the text of their commands: the commands are walked, newest first, and each session is shown where its newest command that fits
// stands. A later page leaves out what an earlier one showed by looking whether the session had such a command there.

/**
 * Commands that are found at once, and how often, for one page: at first twice as many as sessions are wanted, since each command of a rare
 * word is a block to read; then, where they were of few sessions, twice as many each time.
 */
const MOST_AT_ONCE = 200;
const MOST_ROUNDS = 6;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

/** Among which commands is searched. */
export interface CommandRange {
  text: CommandText;
  from: bigint;
  /** Exclusive; neither beyond what can be searched, nor beyond what the sessions were made of. */
  until: bigint;
}

/**
 * Sessions in which such a command was issued, the one with the newest such command first. What the filter says of identity and connection
 * holds for the command, too. A page may be short or empty although there is a cursor.
 * @param page.cursor of the page before, with the same filter and text
 * @throws RECORD_CURSOR_INVALID
 */
export async function searchSessions(
  { db, prisma }: { db: Queryable; prisma: PrismaClient },
  filter: SessionFilter,
  { text, ...range }: CommandRange,
  page: { limit: number; cursor?: string },
): Promise<SessionPage> {
  const asked = ['sessions', filter, text];
  const commands = commandFilterOf(filter);
  // Of all pages: a session that has new commands by now is still the one that was shown.
  let top = range.until;
  let { from, until } = range;
  if (page.cursor !== undefined) {
    [top, until] = positionsOf(decodeCursor(page.cursor, asked, 2)).map((one) => least(one, range.until)) as [
      bigint,
      bigint,
    ];
  }
  const begun = until;
  const seen = new Set<string>();
  const sessions: SessionView[] = [];
  for (let round = 0; until > from && round < MOST_ROUNDS; round++) {
    const limit = Math.min(MOST_AT_ONCE, 2 * page.limit * 2 ** round);
    const wanted = { from, until, limit, maxBytes: BYTES_AT_ONCE, newestFirst: true };
    const found = await searchCommands(db, wanted, commands, text);
    ({ from, until } = found.rest);
    const ids = found.events.flatMap(({ sessionId }) => (sessionId === null || seen.has(sessionId) ? [] : [sessionId]));
    const rows = await prisma.session.findMany({
      where: { AND: [...sessionConditions(filter), { id: { in: [...new Set(ids)] } }] },
      omit: { facts: true },
    });
    const fitting = new Map(rows.map((row) => [row.id, row]));
    for (const id of await alreadyShown(db, [...fitting.keys()], commands, {
      text,
      from: greatest(begun, from),
      until: top,
    })) {
      fitting.delete(id);
    }
    for (const { sessionId, position } of found.events) {
      const row = sessionId === null || seen.has(sessionId) ? undefined : fitting.get(sessionId);
      if (sessionId !== null) seen.add(sessionId);
      if (row === undefined) continue;
      sessions.push(sessionViewOf(row));
      if (sessions.length < page.limit) continue;
      until = position;
      break;
    }
    if (sessions.length >= page.limit) break;
  }
  return until > from ? { sessions, cursor: encodeCursor(asked, [String(top), String(until)]) } : { sessions };
}

/** Which of these sessions had a command that fits in a range that earlier pages have gone through. */
async function alreadyShown(
  db: Queryable,
  ids: readonly string[],
  commands: EventFilter,
  { text, from, until }: CommandRange,
): Promise<string[]> {
  if (ids.length === 0 || until <= from) return [];
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM unnest($1::text[]) AS id
      WHERE EXISTS (SELECT FROM event WHERE session_id = id AND position >= $2 AND position < $3 AND type = ANY($4))`,
    [ids, from, until, COMMAND_TEXT_TYPES],
  );
  const shown: string[] = [];
  for (const { id } of rows) {
    for (let rest = { from, until }; rest.from < rest.until; ) {
      const wanted = { ...rest, limit: 1, maxBytes: 1, newestFirst: true };
      const found = await searchCommands(db, wanted, { ...commands, session: id }, text);
      if (found.events.length > 0) {
        shown.push(id);
        break;
      }
      ({ rest } = found);
    }
  }
  return shown;
}

function commandFilterOf({ identity, kind, connection, connections }: SessionFilter): EventFilter {
  const given = { identity, kind, connection, connections };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function positionsOf(key: readonly string[]): [bigint, bigint] {
  if (!key.every((one) => /^\d{1,19}$/.test(one))) throw cursorInvalid();
  return [BigInt(key[0]!), BigInt(key[1]!)];
}
