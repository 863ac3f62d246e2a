import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { type ApiKey, apiKeyName } from './api-keys.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction } from './pool.js';

/** Kinds of evidence that can be read. */
export type ReadKind = 'sessions' | 'session' | 'events' | 'dead-letters' | 'receipt' | 'exports';

/** Reads of one key and kind within this time of the first are one sitting. */
export const SITTING_MS = 15 * 60_000;

/**
 * Puts reads on the record: one `record.read` a sitting, durable before the first byte of its first answer leaves. A sitting has a
 * fixed length, so whoever follows the log all day leaves one event a quarter of an hour, and following does not feed itself.
 */
export class ReadSittings {
  private readonly known = new Map<string, number>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly now: () => number = Date.now,
  ) {}

  /** Resolves once a sitting of this key and kind is on the record, or was before. @throws whatever Postgres says; then nothing may be shown */
  async note(key: Pick<ApiKey, 'id' | 'prefix' | 'label'>, what: ReadKind): Promise<void> {
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
          identity: {
            id: apiKeyName(key),
            kind: 'service',
            ...(key.label === null ? {} : { name: key.label }),
            provider: 'affidavit-api',
            verified: true,
          },
          data: { key: apiKeyName(key), what },
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
}
