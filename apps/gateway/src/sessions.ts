import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type ConnectionRef, type EventDraft, type Identity, instantOfMillis } from '#events';

/** What is kept of an open session, so that its end can be told even by a later run. */
export interface OpenSession {
  id: string;
  openedAt: string;
  class: string;
  identity?: Identity;
  connection?: ConnectionRef;
}

/**
 * The sessions that are open now. The spool tells a later run which ones were left open, but only as long as it keeps their
 * `session.opened`: before a segment goes, {@link save} writes the open ones beside the spool.
 */
export class OpenSessions {
  #open = new Map<string, OpenSession>();

  get size(): number {
    return this.#open.size;
  }

  opened(id: string, draft: EventDraft): void {
    this.#open.set(id, openSession(id, draft));
  }

  closed(id: string): void {
    this.#open.delete(id);
  }

  /** Durable when it resolves. */
  async save(file: string): Promise<void> {
    const draft = `${file}.tmp`;
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify({ sessions: [...this.#open.values()] }));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    const folder = await open(dirname(file), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function openSession(id: string, event: Pick<EventDraft, 'time' | 'class' | 'identity' | 'connection'>): OpenSession {
  return {
    id,
    openedAt: event.time,
    class: event.class,
    ...(event.identity ? { identity: event.identity } : {}),
    ...(event.connection ? { connection: event.connection } : {}),
  };
}

/** What the search for sessions left open needs of a spool. */
export interface KeptSpool {
  epochs(): { epoch: string; firstSeq: number; lastSeq: number }[];
  read(
    epoch: string,
    fromSeq: number,
    limit: { count: number; bytes: number },
  ): Promise<{ seq: number; bytes: Buffer }[]>;
}

/** Bytes that every event about a session's life has in its canonical form; most events need no parsing. */
const SESSION_MARK = Buffer.from('"type":"session.');

/**
 * The sessions that runs before this one left open: those of the file and of the kept spool that no later event ended.
 * @param current the epoch of this run, which is left out
 */
export async function sessionsLeftOpen(spool: KeptSpool, current: string, file: string): Promise<OpenSession[]> {
  const left = new Map<string, OpenSession>(savedSessions(file).map((session) => [session.id, session]));
  for (const { epoch, firstSeq, lastSeq } of spool.epochs()) {
    if (epoch === current) continue;
    for (let seq = firstSeq; seq > 0 && seq <= lastSeq; ) {
      const records = await spool.read(epoch, seq, { count: 4096, bytes: 4 * 1024 * 1024 });
      if (records.length === 0) break;
      for (const record of records) fold(left, record.bytes);
      seq = (records.at(-1) as { seq: number }).seq + 1;
    }
  }
  return [...left.values()];
}

function fold(left: Map<string, OpenSession>, bytes: Buffer): void {
  if (!bytes.includes(SESSION_MARK)) return;
  const event = JSON.parse(bytes.toString('utf8')) as EventDraft;
  if (!event.session) return;
  if (event.type === 'session.opened') left.set(event.session, openSession(event.session, event));
  else if (event.type === 'session.closed' || event.type === 'session.abandoned') left.delete(event.session);
}

function savedSessions(file: string): OpenSession[] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { sessions: OpenSession[] }).sessions;
  } catch {
    // Never written, or not whole: then it was not renamed into its place, and no segment went.
    return [];
  }
}

/** Says of a session that its end was not seen. It repeats the session's class, identity and connection. */
export function abandoned(session: OpenSession, nowMs: number): EventDraft {
  return {
    type: 'session.abandoned',
    time: instantOfMillis(nowMs),
    class: session.class,
    session: session.id,
    identity: session.identity,
    connection: session.connection,
    data: {
      openedAt: session.openedAt,
      by: 'producer',
      reason: 'the gateway ended without closing it',
    },
  };
}
