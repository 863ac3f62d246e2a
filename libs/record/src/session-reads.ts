import { decodeCursor, encodeCursor } from './cursors.js';
import type { Prisma, Session } from './generated/client.js';
import type { PrismaClient } from './prisma.js';
import type { SessionRow, SessionState } from './session-fold.js';

/** A session as it is shown: the row without the facts it was made of. */
export type SessionView = Omit<SessionRow, 'facts'>;

/** What is left out does not restrict. */
export interface SessionFilter {
  /** Opened at or after; an instant as the record writes it. */
  from?: string;
  /** Opened before. */
  to?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  /** On any of these. */
  connections?: readonly string[];
  /** Of the connection, such as `postgres`. */
  type?: string;
  state?: SessionState;
  outcome?: string;
  approval?: string;
}

export interface SessionPage {
  sessions: SessionView[];
  /** Where the next page begins; undefined at the end. */
  cursor?: string;
}

/**
 * Sessions by the time they were opened, newest first. Pages stay in step while sessions arrive: each goes on below the last row
 * of the one before, wherever that now stands.
 * @param page.cursor of the page before, with the same filter
 * @throws RECORD_CURSOR_INVALID
 */
export async function listSessions(
  prisma: PrismaClient,
  filter: SessionFilter,
  page: { limit: number; cursor?: string },
): Promise<SessionPage> {
  const asked = ['sessions', filter];
  const where = sessionConditions(filter);
  if (page.cursor !== undefined) {
    const [openedAt = '', id = ''] = decodeCursor(page.cursor, asked, 2);
    // The first condition follows from the second; it lets the index start where the page does.
    where.push({ openedAt: { lte: openedAt } }, { OR: [{ openedAt: { lt: openedAt } }, { id: { lt: id } }] });
  }
  const found = await prisma.session.findMany({
    where: { AND: where },
    orderBy: [{ openedAt: 'desc' }, { id: 'desc' }],
    take: page.limit + 1,
    omit: { facts: true },
  });
  const sessions = found.slice(0, page.limit).map(sessionViewOf);
  const last = sessions.at(-1);
  if (found.length <= page.limit || !last) return { sessions };
  return { sessions, cursor: encodeCursor(asked, [last.openedAt, last.id]) };
}

/** The filter as conditions of a query. */
export function sessionConditions(filter: SessionFilter): Prisma.SessionWhereInput[] {
  const where: Prisma.SessionWhereInput[] = [];
  if (filter.from !== undefined) where.push({ openedAt: { gte: filter.from } });
  if (filter.to !== undefined) where.push({ openedAt: { lt: filter.to } });
  if (filter.identity !== undefined) where.push({ identityId: filter.identity });
  if (filter.kind !== undefined) where.push({ identityKind: filter.kind });
  if (filter.connection !== undefined) where.push({ connection: filter.connection });
  if (filter.connections !== undefined) where.push({ connection: { in: [...filter.connections] } });
  if (filter.type !== undefined) where.push({ connectionType: filter.type });
  if (filter.approval !== undefined) where.push({ approvalState: filter.approval });
  if (filter.state !== undefined) where.push({ state: filter.state });
  if (filter.outcome !== undefined) where.push({ outcome: filter.outcome });
  return where;
}

export async function getSession(prisma: PrismaClient, id: string): Promise<SessionView | undefined> {
  const found = await prisma.session.findUnique({ where: { id }, omit: { facts: true } });
  return found ? sessionViewOf(found) : undefined;
}

/** A row as it is shown. */
export function sessionViewOf(row: Omit<Session, 'facts'>): SessionView {
  const { commands, failed, rows, bytesIn, bytesOut } = row;
  return {
    ...(row as unknown as SessionView),
    commands: Number(commands),
    failed: Number(failed),
    rows: Number(rows),
    bytesIn: Number(bytesIn),
    bytesOut: Number(bytesOut),
  };
}
