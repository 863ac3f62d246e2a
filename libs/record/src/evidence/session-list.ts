import { type SessionEvent, SessionFold, type SessionPart, type SessionRow } from '#ledger';
import { ExternalSort } from './external-sort.js';

/** Sessions that are held in memory, of half a kilobyte each. */
const MOST_HELD = 10_000;

/**
 * The sessions of a bundle in memory that stays flat: what stretches of events say of each session is put in order by session and joined,
 * and that by first position.
 */
export class SessionList {
  private fold = new SessionFold();
  private readonly parts: ExternalSort<SessionPart>;
  private readonly rows: ExternalSort<SessionRow>;
  private sessions = 0;

  /** @param folder where files lie meanwhile; whoever made it empties it */
  constructor(
    folder: string,
    private readonly most = MOST_HELD,
  ) {
    this.parts = new ExternalSort({ folder, name: 'session-parts', most, compare: bySession });
    this.rows = new ExternalSort({ folder, name: 'session-rows', most, compare: byPosition });
  }

  /** How many there are, once {@link finish} is over. */
  get count(): number {
    return this.sessions;
  }

  /** @param position of the event; ascending @returns undefined unless it has to be waited for */
  add(event: SessionEvent, position: number): Promise<void> | undefined {
    this.fold.add(event, position);
    return this.fold.parts.size >= this.most ? this.putAside() : undefined;
  }

  /** Call it behind the last event. */
  async finish(): Promise<void> {
    await this.putAside();
    let joined = new SessionFold();
    for await (const part of this.parts.sorted()) {
      if (joined.parts.size >= this.most && !joined.parts.has(part.session)) {
        await this.write(joined);
        joined = new SessionFold();
      }
      joined.join(part);
    }
    await this.write(joined);
  }

  /** By first position. */
  sorted(): AsyncIterable<SessionRow> {
    return this.rows.sorted();
  }

  private async putAside(): Promise<void> {
    const { parts } = this.fold;
    this.fold = new SessionFold();
    for (const part of parts.values()) await this.parts.add(part);
  }

  private async write(joined: SessionFold): Promise<void> {
    this.sessions += joined.parts.size;
    for (const row of joined.rows()) await this.rows.add(row);
  }
}

function bySession(one: SessionPart, other: SessionPart): number {
  if (one.session !== other.session) return one.session < other.session ? -1 : 1;
  return one.first - other.first;
}

function byPosition(one: SessionRow, other: SessionRow): number {
  return Number(one.first) - Number(other.first);
}
