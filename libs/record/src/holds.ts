import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { RecordError } from './errors.js';
import { instantSql } from './head.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';

/** What a hold keeps: events that everything given fits. At least one is given. */
export interface HoldSelection {
  session?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  types?: readonly string[];
  outcome?: string;
  /** Of what happened or was recorded in `[from, to)`; RFC 3339. */
  from?: string;
  to?: string;
}

export interface Hold {
  id: string;
  /** The number under which lawyers know it. */
  matter: string;
  reason: string;
  selection: HoldSelection;
  placedBy: string;
  placedAt: string;
  /** Null while it is in force. */
  releasedBy: string | null;
  releasedAt: string | null;
  releaseReason: string | null;
}

const HOLD_COLUMNS = `id, matter, reason, json_strip_nulls(json_build_object('session', session_id, 'identity', identity_id,
  'kind', identity_kind, 'connection', connection, 'types', types, 'outcome', outcome, 'from', ${instantSql('from_at')},
  'to', ${instantSql('to_at')})) AS selection, placed_by AS "placedBy", ${instantSql('placed_at')} AS "placedAt",
  released_by AS "releasedBy", ${instantSql('released_at')} AS "releasedAt", release_reason AS "releaseReason"`;

/**
 * Places a hold: from its commit on no purge drops a partition with an event that it fits, also one that arrives later. A purge under way
 * ends first. `hold.placed` goes on the record in the same transaction.
 */
export function placeHold(
  pool: pg.Pool,
  request: { selection: HoldSelection; matter: string; reason: string; by: string; now?: number },
): Promise<Hold> {
  const { selection, matter, reason, by, now = Date.now() } = request;
  const id = `hold-${[...randomBytes(10)].map((byte) => (byte % 36).toString(36)).join('')}`;
  return inTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO hold (id, matter, reason, session_id, identity_id, identity_kind, connection, types, outcome, from_at, to_at, placed_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        id,
        matter,
        reason,
        selection.session ?? null,
        selection.identity ?? null,
        selection.kind ?? null,
        selection.connection ?? null,
        selection.types ?? null,
        selection.outcome ?? null,
        selection.from ?? null,
        selection.to ?? null,
        by,
      ],
    );
    await enqueueOutbox(client, {
      type: 'hold.placed',
      time: instantOfMillis(now),
      class: SYSTEM_CLASS,
      data: { hold: id, by, reason, matter, selection: JSON.stringify(selection) },
    });
    return (await findHold(client, id))!;
  });
}

/**
 * Releases a hold, for ever. What it alone kept goes with the next run that is planned after this; a run under way keeps it.
 * `hold.released` goes on the record in the same transaction.
 * @throws RECORD_HOLD_UNKNOWN, RECORD_HOLD_RELEASED
 */
export function releaseHold(
  pool: pg.Pool,
  id: string,
  release: { by: string; reason: string; now?: number },
): Promise<Hold> {
  const { by, reason, now = Date.now() } = release;
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE hold SET released_by = $2, released_at = clock_timestamp(), release_reason = $3 WHERE id = $1 AND released_at IS NULL`,
      [id, by, reason],
    );
    const hold = await findHold(client, id);
    if (!hold) throw holdUnknown(id);
    if (rowCount !== 1) {
      throw new RecordError({
        code: 'RECORD_HOLD_RELEASED',
        message: `hold ${id} was released already, by ${hold.releasedBy} at ${hold.releasedAt}`,
        remedy: 'Nothing to do. To keep the events on, place a new hold.',
        retry: 'never',
      });
    }
    await enqueueOutbox(client, {
      type: 'hold.released',
      time: instantOfMillis(now),
      class: SYSTEM_CLASS,
      data: { hold: id, by, reason, matter: hold.matter },
    });
    return hold;
  });
}

/** @throws RECORD_HOLD_UNKNOWN */
export async function getHold(db: Queryable, id: string): Promise<Hold> {
  const hold = await findHold(db, id);
  if (!hold) throw holdUnknown(id);
  return hold;
}

/** Holds, newest first; those in force, or all that ever were. */
export async function listHolds(db: Queryable, options: { all: boolean }): Promise<Hold[]> {
  const { rows } = await db.query<Hold>(
    `SELECT ${HOLD_COLUMNS} FROM hold ${options.all ? '' : 'WHERE released_at IS NULL'} ORDER BY hold.placed_at DESC, id`,
  );
  return rows;
}

/** Holds in force that fit an event of this session. */
export async function listHoldsOnSession(db: Queryable, session: string): Promise<Hold[]> {
  const { rows } = await db.query<Hold>(
    `SELECT ${HOLD_COLUMNS} FROM hold WHERE id IN (SELECT * FROM holds_on('event', clock_timestamp(), $1)) ORDER BY hold.placed_at, id`,
    [session],
  );
  return rows;
}

async function findHold(db: Queryable, id: string): Promise<Hold | undefined> {
  const { rows } = await db.query<Hold>(`SELECT ${HOLD_COLUMNS} FROM hold WHERE id = $1`, [id]);
  return rows[0];
}

function holdUnknown(id: string): RecordError {
  return new RecordError({
    code: 'RECORD_HOLD_UNKNOWN',
    message: `there is no hold ${id}`,
    remedy: 'List them with `affidavit holds list --all`.',
    retry: 'never',
  });
}
