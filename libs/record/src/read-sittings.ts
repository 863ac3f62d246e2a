import type pg from 'pg';
import { type EventDraft, type Identity, instantOfMillis, SYSTEM_CLASS } from '#events';
import { type ApiKey, apiKeyName } from './api-keys.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction } from './pool.js';

/** Kinds of evidence that can be read. */
export const READ_KINDS = [
  'sessions',
  'session',
  'events',
  'identities',
  'connections',
  'approvals',
  'dead-letters',
  'receipt',
  'holds',
  'retention',
  'exports',
  'keys',
  'enrolments',
] as const;
export type ReadKind = (typeof READ_KINDS)[number];

/** Who reads, and what he asked with. */
export interface Reader extends Pick<ApiKey, 'id' | 'prefix' | 'label'> {
  asked?: string;
}

/** Reads of one key and kind within this time of the first are one sitting. */
export const SITTING_MS = 15 * 60_000;

const SETTLE_EVERY_MS = 60_000;

const ASKED_LENGTH = 1024;

/** What a sitting has got so far, from this process. */
interface Tally {
  reader: Reader;
  what: ReadKind;
  sinceMs: number;
  untilMs: number;
  reads: number;
  count: number;
}

/**
 * Puts reads on the record: one `record.read` a sitting, durable before the first byte of its first answer leaves. A sitting has a
 * fixed length, so whoever follows the log all day leaves two events a quarter of an hour, and following does not feed itself: the
 * second, `record.answered`, says what was given out. A crash loses that one at most.
 */
export class ReadSittings {
  private readonly known = new Map<string, number>();
  private readonly tallies = new Map<string, Tally>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pool: pg.Pool,
    private readonly now: () => number = Date.now,
  ) {}

  /** Resolves once a sitting of this key and kind is on the record, or was before. @throws whatever Postgres says; then nothing may be shown */
  async note(key: Reader, what: ReadKind): Promise<void> {
    const name = `${key.id} ${what}`;
    const now = this.now();
    if ((this.known.get(name) ?? 0) > now) return;
    const until = await inTransaction(this.pool, async (client) => {
      // Another process of the API may have begun the sitting: the row decides, by this clock, which began it too.
      const { rows } = await client.query(
        `INSERT INTO read_sitting (key_id, what, until_at) VALUES ($1, $2, to_timestamp($3 / 1000.0))
         ON CONFLICT (key_id, what) DO UPDATE SET until_at = excluded.until_at
           WHERE read_sitting.until_at <= to_timestamp($4 / 1000.0) RETURNING 1`,
        [key.id, what, now + SITTING_MS, now],
      );
      if (rows.length > 0) {
        await enqueueOutbox(client, {
          type: 'record.read',
          time: instantOfMillis(now),
          class: SYSTEM_CLASS,
          identity: identityOf(key),
          data: {
            key: apiKeyName(key),
            what,
            ...(key.asked === undefined ? {} : { asked: key.asked.slice(0, ASKED_LENGTH) }),
          },
        });
        return now + SITTING_MS;
      }
      const { rows: current } = await client.query<{ until: number }>(
        `SELECT (extract(epoch FROM until_at) * 1000)::float8 AS until FROM read_sitting WHERE key_id = $1 AND what = $2`,
        [key.id, what],
      );
      return current[0]?.until ?? now;
    });
    if (this.known.size > 10_000) this.known.clear();
    this.known.set(name, until);
  }

  /**
   * Counts what was given out.
   * @param count rows or events
   * @param reads answers; 0 for more of one that was counted
   */
  tally(reader: Reader, what: ReadKind, count: number, reads = 1): void {
    const name = `${reader.id} ${what}`;
    const now = this.now();
    let found = this.tallies.get(name);
    if (found === undefined || found.untilMs <= now) {
      if (found) this.tallies.set(`${name} ${found.sinceMs}`, found);
      found = { reader, what, sinceMs: now, untilMs: this.known.get(name) ?? now + SITTING_MS, reads: 0, count: 0 };
      this.tallies.set(name, found);
    }
    found.reads += reads;
    found.count += count;
    this.schedule();
  }

  /** Puts the totals of sittings that are over on the record, or of all. What cannot be written stays for the next time. */
  async settle(options: { all?: boolean } = {}): Promise<void> {
    for (const [name, tally] of this.tallies) {
      if (!options.all && tally.untilMs > this.now()) continue;
      this.tallies.delete(name);
      try {
        await inTransaction(this.pool, (client) => enqueueOutbox(client, this.answered(tally)));
      } catch (error) {
        this.tallies.set(`${name} ${tally.sinceMs}`, tally);
        throw error;
      }
    }
  }

  /** Settles what is open; nothing may be read after it. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.settle({ all: true });
  }

  private answered({ reader, what, sinceMs, reads, count }: Tally): EventDraft {
    return {
      type: 'record.answered',
      time: instantOfMillis(this.now()),
      class: SYSTEM_CLASS,
      identity: identityOf(reader),
      data: { key: apiKeyName(reader), what, since: instantOfMillis(sinceMs), reads, count },
    };
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      // PostgreSQL is away: it is tried again, and whoever reads meanwhile is told so.
      this.settle()
        .catch(() => undefined)
        .then(() => this.tallies.size > 0 && this.schedule());
    }, SETTLE_EVERY_MS).unref();
  }
}

function identityOf(reader: Reader): Identity {
  return {
    id: apiKeyName(reader),
    kind: 'service',
    ...(reader.label === null ? {} : { name: reader.label }),
    provider: 'affidavit-api',
    verified: true,
  };
}
