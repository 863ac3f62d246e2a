import { randomInt } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, instantSql, inTransaction, positionAt, type Queryable, readHead } from '#record';
import { DeliveryError } from './errors.js';
import { LONGEST_BATCH_POSITIONS } from './ledger.js';
import type { AbsenceCause } from './read-back.js';
import { readBackStates } from './read-back-budget.js';

/** A comparison of what the ledger says was accepted with what the destination shows. */
export interface Reconciliation {
  id: string;
  destination: string;
  /** Positions. */
  from: bigint;
  /** Exclusive. */
  to: bigint;
  /** Everything before is done. It begins before `from` where that lies within a batch. */
  next: bigint;
  sendsMissing: boolean;
  state: 'waiting' | 'running' | 'finished';
  /** What it waits for, in words: a free request, a key. */
  waitsFor: string | null;
  batches: bigint;
  /** Events. Only what was accepted is judged, and only after the settle time. */
  checked: bigint;
  /** Of them, those whose log was listed and compared one by one. */
  compared: bigint;
  missing: bigint;
  resent: bigint;
  /** Copies beyond one of each event. */
  duplicated: bigint;
  /** Logs that lost attributes. */
  truncated: bigint;
  /** Logs that hold something else than was sent. */
  altered: bigint;
  createdBy: string;
  createdAt: string;
  finishedAt: string | null;
}

/** What was found of one batch. */
export interface Finding {
  batch: bigint;
  kind: 'missing' | 'duplicated' | 'truncated' | 'altered';
  /** Of an absence; else empty. */
  cause: AbsenceCause | '';
  detail: string;
  count: number;
  /** Digits. */
  positions: string[];
  /** The batch that sends them again. */
  resentIn: bigint | null;
}

const COLUMNS = `id, destination, from_pos AS "from", to_pos AS "to", next_pos AS next, sends_missing AS "sendsMissing",
  state, waits_for AS "waitsFor", batches, checked, compared, missing, resent, duplicated, truncated, altered,
  created_by AS "createdBy", ${instantSql('created_at')} AS "createdAt", ${instantSql('finished_at')} AS "finishedAt"`;

export interface ReconciliationRequest {
  /** Absent: the only one that can be read back. */
  destination?: string;
  /** A position, or an instant of recording (RFC 3339, UTC). Absent: a day ago. */
  from?: string;
  /** Exclusive. Absent: the head. */
  to?: string;
  sendsMissing: boolean;
  by: string;
}

const DAY_MS = 86_400_000;

/**
 * Asks for a reconciliation; a forwarder carries it out. The request is on the record with it.
 * @param settledUntil what was accepted later is not judged. Postgres' clock decides where it is absent: now
 * @throws DELIVERY_DESTINATION_UNKNOWN, DELIVERY_NO_READ_BACK, DELIVERY_RANGE_EMPTY
 */
export async function requestReconciliation(pool: pg.Pool, request: ReconciliationRequest): Promise<Reconciliation> {
  return inTransaction(pool, async (client) => {
    const destination = await servedDestination(client, request.destination);
    const { size } = await readHead(client);
    const fromPos = await positionAt(client, request.from ?? instantOfMillis(Date.now() - DAY_MS), size);
    const toPos = request.to === undefined ? size : await positionAt(client, request.to, size);
    if (fromPos >= toPos) {
      throw new DeliveryError({
        code: 'DELIVERY_RANGE_EMPTY',
        message: `there is nothing from ${request.from ?? 'a day ago'} to ${request.to ?? 'the head'}: positions ${fromPos} to ${toPos}`,
        remedy: 'Name positions or instants of recording, the earlier one first; the end is not part of it.',
        retry: 'never',
      });
    }
    return insertReconciliation(client, {
      destination,
      fromPos,
      toPos,
      settledFrom: null,
      sendsMissing: request.sendsMissing,
      by: request.by,
    });
  });
}

/** Writes a waiting reconciliation and puts its request on the record, in the caller's transaction. */
export async function insertReconciliation(
  client: Queryable,
  wanted: {
    destination: string;
    fromPos: bigint;
    toPos: bigint;
    /** Only what was accepted since then and not seen. */
    settledFrom: Date | null;
    sendsMissing: boolean;
    by: string;
  },
): Promise<Reconciliation> {
  const id = `reconciliation-${Array.from({ length: 10 }, () => randomInt(36).toString(36)).join('')}`;
  const { rows } = await client.query<Reconciliation>(
    `INSERT INTO reconciliation (id, destination, from_pos, to_pos, next_pos, settled_from, settled_until, sends_missing, created_by, created_at)
     SELECT $1, $2, $3::bigint, $4::bigint, coalesce((
              SELECT min(from_pos) FROM delivery_batch
               WHERE destination = $2 AND from_pos > $3::bigint - ${LONGEST_BATCH_POSITIONS} AND from_pos < $3::bigint AND to_pos > $3::bigint), $3::bigint),
            $5, t, $6, $7, t FROM clock_timestamp() AS t RETURNING ${COLUMNS}`,
    [id, wanted.destination, wanted.fromPos, wanted.toPos, wanted.settledFrom, wanted.sendsMissing, wanted.by],
  );
  const made = rows[0];
  if (!made) throw new TypeError('an INSERT returned no row');
  await enqueueOutbox(client, {
    type: 'reconciliation.requested',
    time: instantOfMillis(Date.now()),
    class: SYSTEM_CLASS,
    data: {
      reconciliation: id,
      destination: wanted.destination,
      from: String(wanted.fromPos),
      to: String(wanted.toPos),
      sendsMissing: wanted.sendsMissing,
      by: wanted.by,
    },
  });
  return made;
}

/** The newest first. */
export async function listReconciliations(db: Queryable, limit: number): Promise<Reconciliation[]> {
  const { rows } = await db.query<Reconciliation>(
    `SELECT ${COLUMNS} FROM reconciliation ORDER BY created_at DESC, id LIMIT $1`,
    [limit],
  );
  return rows;
}

/** @throws DELIVERY_RECONCILIATION_UNKNOWN */
export async function readReconciliation(
  db: Queryable,
  id: string,
  limit: number,
): Promise<{ reconciliation: Reconciliation; findings: Finding[] }> {
  const { rows } = await db.query<Reconciliation>(`SELECT ${COLUMNS} FROM reconciliation WHERE id = $1`, [id]);
  const reconciliation = rows[0];
  if (!reconciliation) {
    throw new DeliveryError({
      code: 'DELIVERY_RECONCILIATION_UNKNOWN',
      message: `there is no ${id}`,
      remedy: '`affidavit reconcile list` shows those there were.',
      retry: 'never',
    });
  }
  const { rows: findings } = await db.query<Finding>(
    `SELECT batch, kind, cause, detail, count, positions::text[] AS positions, resent_in AS "resentIn"
       FROM reconciliation_finding WHERE reconciliation = $1 ORDER BY batch, kind, cause LIMIT $2`,
    [id, limit],
  );
  return { reconciliation, findings };
}

async function servedDestination(db: Queryable, asked: string | undefined): Promise<string> {
  const { rows } = await db.query<{ destination: string }>('SELECT destination FROM delivery_destination');
  if (asked !== undefined && !rows.some(({ destination }) => destination === asked)) {
    throw new DeliveryError({
      code: 'DELIVERY_DESTINATION_UNKNOWN',
      message: `there is no destination ${asked}`,
      remedy: `Name one of: ${rows.map(({ destination }) => destination).join(', ') || 'none, as no forwarder ever ran'}.`,
      retry: 'never',
    });
  }
  const served = (await readBackStates(db)).filter((one) => one.isServed).map(({ destination }) => destination);
  if (asked !== undefined ? !served.includes(asked) : served.length === 0) {
    throw new DeliveryError({
      code: 'DELIVERY_NO_READ_BACK',
      message: `no forwarder that runs can read ${asked ?? 'any destination'} back`,
      remedy: 'Give the forwarder an application key of Datadog (DD_APP_KEY) with the right logs_read_data.',
      retry: 'later',
    });
  }
  const [only, ...more] = served;
  const found = asked ?? (more.length === 0 ? only : undefined);
  if (found !== undefined) return found;
  throw new DeliveryError({
    code: 'DELIVERY_DESTINATION_UNKNOWN',
    message: 'several destinations can be read back',
    remedy: `Name one of: ${served.join(', ')}.`,
    retry: 'never',
  });
}
