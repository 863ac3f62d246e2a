import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { type ApiKey, apiKeyName } from './api-keys.js';
import { RecordError } from './errors.js';
import { instantSql } from './head.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';
import { retentionRefusal } from './retention.js';

/** A class as somebody wants it. */
export interface WantedClass {
  name: string;
  /** Milliseconds; null: for ever. */
  keepMs: number | null;
  /** Names of requirements that it falls under. */
  requirements: readonly string[];
}

/** A class as the record has it. */
export interface ClassView {
  name: string;
  /** Days, or null: for ever. */
  keepDays: number | null;
  requirements: string[];
}

/** A change that keeps less, from one person, to be confirmed by another. */
export interface RetentionChange {
  id: bigint;
  class: string;
  keepDays: number | null;
  requirements: string[];
  reason: string;
  /** As the record names who asked. */
  proposedBy: string;
  proposedAt: string;
}

/** Whoever proposes or withdraws, as a row and by name. */
type KeyName = Pick<ApiKey, 'id' | 'prefix'>;

const KEEP_DAYS = '(extract(epoch FROM keep) / 86400)::float8';

const intervalOf = (keepMs: number | null) => (keepMs === null ? null : `${keepMs / 86_400_000} days`);

export async function listClasses(db: Queryable): Promise<ClassView[]> {
  const { rows } = await db.query<ClassView>(
    `SELECT name, ${KEEP_DAYS} AS "keepDays", requirements FROM retention_class ORDER BY name`,
  );
  return rows;
}

/**
 * Makes a class, keeps it longer, puts it under more requirements; `retention.changed` goes on the record in the same transaction.
 * @returns `shorter` where it would keep less: nothing was done, it takes a second person ({@link proposeRetention})
 * @throws RECORD_RETENTION_REFUSED below the time that a requirement demands, RECORD_REQUIREMENT_UNKNOWN
 */
export async function raiseRetention(
  db: Queryable,
  wanted: WantedClass,
  by: string,
): Promise<'unchanged' | 'changed' | 'shorter'> {
  const { rows } = await db
    .query<{ outcome: 'unchanged' | 'changed' | 'shorter' }>('SELECT raise_retention($1, $2, $3, $4) AS outcome', [
      wanted.name,
      intervalOf(wanted.keepMs),
      wanted.requirements,
      by,
    ])
    .catch((error) => Promise.reject(retentionRefusal(error)));
  return rows[0]!.outcome;
}

/**
 * Asks for a change that keeps less; `retention.proposed` goes on the record in the same transaction. It counts once another person has
 * confirmed it.
 * @throws RECORD_RETENTION_REFUSED below the time that a requirement demands, RECORD_REQUIREMENT_UNKNOWN
 */
export async function proposeRetention(
  pool: pg.Pool,
  wanted: WantedClass,
  proposal: { key: KeyName; reason: string },
): Promise<bigint> {
  const { rows: short } = await pool
    .query<{ name: string; least: string }>(
      'SELECT r AS name, keep_text(requirement_keep(r)) AS least FROM unnest($1::text[]) AS r WHERE $2::interval < requirement_keep(r)',
      [wanted.requirements, intervalOf(wanted.keepMs)],
    )
    .catch((error) => Promise.reject(retentionRefusal(error)));
  // Said at once, not to the second person.
  if (short[0]) {
    throw new RecordError({
      code: 'RECORD_RETENTION_REFUSED',
      message: `class ${wanted.name} would be kept for less than the ${short[0].least} that ${short[0].name} demands`,
      remedy: 'Keep the class at least so long, or have the requirement taken from it by two people.',
      retry: 'never',
    });
  }
  return inTransaction(pool, async (client) => {
    const { key, reason } = proposal;
    const { rows } = await client.query<{ id: bigint; keep: string }>(
      `INSERT INTO retention_change (class, keep, requirements, reason, proposed_by) VALUES ($1, $2, $3, $4, $5)
       RETURNING id, keep_text(keep) AS keep`,
      [wanted.name, intervalOf(wanted.keepMs), wanted.requirements, reason, key.id],
    );
    const { id, keep } = rows[0]!;
    await enqueueOutbox(client, {
      type: 'retention.proposed',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: {
        change: String(id),
        class: wanted.name,
        keep,
        requirements: [...wanted.requirements],
        by: apiKeyName(key),
        reason,
      },
    });
    return id;
  });
}

/** Changes that wait for a second person, oldest first. */
export async function listOpenChanges(db: Queryable): Promise<RetentionChange[]> {
  const { rows } = await db.query<RetentionChange>(
    `SELECT c.id, c.class, ${KEEP_DAYS} AS "keepDays", c.requirements, c.reason, 'api-key:' || k.prefix AS "proposedBy",
            ${instantSql('c.proposed_at')} AS "proposedAt"
       FROM retention_change c JOIN api_key k ON k.id = c.proposed_by WHERE c.decided_at IS NULL ORDER BY c.id`,
  );
  return rows;
}

/**
 * Carries out a change that another admin key asked for; `retention.changed` names both.
 * @throws RECORD_SECOND_PERSON, RECORD_CHANGE_UNKNOWN, RECORD_RETENTION_REFUSED
 */
export async function confirmRetention(pool: pg.Pool, change: bigint, keyId: string): Promise<void> {
  await pool
    .query('SELECT confirm_retention($1, $2)', [change, keyId])
    .catch((error) => Promise.reject(retentionRefusal(error)));
}

/**
 * Takes a change back that is still open; `retention.withdrawn` goes on the record in the same transaction. Anybody of the two may.
 * @throws RECORD_CHANGE_UNKNOWN
 */
export async function withdrawRetention(pool: pg.Pool, change: bigint, key: KeyName): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ class: string }>(
      `UPDATE retention_change SET decided_by = $2, decided_at = clock_timestamp(), is_confirmed = false
        WHERE id = $1 AND decided_at IS NULL RETURNING class`,
      [change, key.id],
    );
    if (!rows[0]) {
      throw new RecordError({
        code: 'RECORD_CHANGE_UNKNOWN',
        message: `change ${change} is not open`,
        remedy: 'List what is open with `affidavit retention changes`.',
        retry: 'never',
      });
    }
    await enqueueOutbox(client, {
      type: 'retention.withdrawn',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: { change: String(change), class: rows[0].class, by: apiKeyName(key) },
    });
  });
}
