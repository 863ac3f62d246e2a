import type pg from 'pg';
import { type EventDraft, instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, instantSql, inTransaction, type Queryable } from '#record';
import { DeliveryError } from '../errors.js';
import type { BatchState, KeptAttempt } from '../ledger.js';

// Dead letters in brief: what a destination refuses for good, one row an event and destination.
//
//   open ──retry──▶ retried ──refused again──▶ open
//     └──discard──▶ discarded
//
// A retry is a new batch of one event (retry-duty.ts), which a forwarder makes where `is_waiting` says that one is wanted; the dead
// batch stays as it was settled. So `batch` is the newest one.

export type DeadLetterState = 'open' | 'retried' | 'discarded';

export interface DeadLetter {
  destination: string;
  position: bigint;
  /** `<epoch>.<seq>`. */
  event: string;
  state: DeadLetterState;
  /** Of the destination's last refusal. */
  reason: string;
  batch: bigint;
  /** Of that batch: `accepted` is a retry that succeeded. */
  batchState: BatchState;
  firstAt: string;
  lastAt: string;
  decidedBy: string | null;
  decidedReason: string | null;
}

/** One with all that is known of it. */
export interface WholeDeadLetter extends DeadLetter {
  /** As it was rendered when it was refused. */
  body: string;
  attempts: KeptAttempt[];
}

const COLUMNS = `l.destination, l.position, l.event_id AS event, l.state, l.reason, l.batch, b.state AS "batchState",
  ${instantSql('l.first_at')} AS "firstAt", ${instantSql('l.last_at')} AS "lastAt", l.decided_by AS "decidedBy",
  l.decided_reason AS "decidedReason"`;

export interface DeadLetterFilter {
  destination?: string;
  state?: DeadLetterState;
  /** The last one of the page before. */
  after?: { destination: string; position: bigint };
  limit: number;
}

/** In order of destination and position. */
export async function listDeadLetters(db: Queryable, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const { rows } = await db.query<DeadLetter>(
    `SELECT ${COLUMNS} FROM dead_letter l JOIN delivery_batch b ON b.id = l.batch
      WHERE ($1::text IS NULL OR l.destination = $1) AND ($2::text IS NULL OR l.state = $2)
        AND (l.destination, l.position) > ($3, $4)
      ORDER BY l.destination, l.position LIMIT $5`,
    [
      filter.destination ?? null,
      filter.state ?? null,
      filter.after?.destination ?? '',
      filter.after?.position ?? -1n,
      filter.limit,
    ],
  );
  return rows;
}

/** @throws DELIVERY_DEAD_LETTER_UNKNOWN */
export async function readDeadLetter(db: Queryable, destination: string, position: bigint): Promise<WholeDeadLetter> {
  const { rows } = await db.query<WholeDeadLetter>(
    `SELECT ${COLUMNS}, l.body, b.attempts FROM dead_letter l JOIN delivery_batch b ON b.id = l.batch
      WHERE l.destination = $1 AND l.position = $2`,
    [destination, position],
  );
  if (rows[0]) return rows[0];
  throw unknown(`${destination} has no dead letter at position ${position}`);
}

/** Which dead letters an act is for. */
export interface ChosenLetters {
  destination: string;
  /** Absent: all that are open. */
  positions?: readonly bigint[];
}

export interface Acted {
  count: number;
  /** Of the positions asked for: no open dead letter stands there. */
  skipped: bigint[];
}

/**
 * Sends dead letters once more, as the newest mapping renders them; what is refused again is open again.
 * @throws DELIVERY_DEAD_LETTER_UNKNOWN where none of them is open
 */
export function retryDeadLetters(pool: pg.Pool, choice: ChosenLetters, by: string): Promise<Acted> {
  return decide(pool, choice, { state: 'retried', by, reason: null }, (count, events) => ({
    type: 'deadletter.retried',
    data: { destination: choice.destination, count, by, events },
  }));
}

/**
 * Gives dead letters up: this destination will never have those events. The record keeps them, and the reason.
 * @throws DELIVERY_DEAD_LETTER_UNKNOWN where none of them is open
 */
export function discardDeadLetters(pool: pg.Pool, choice: ChosenLetters, by: string, reason: string): Promise<Acted> {
  return decide(pool, choice, { state: 'discarded', by, reason }, (count, events) => ({
    type: 'deadletter.discarded',
    data: { destination: choice.destination, count, by, reason, events },
  }));
}

/** Most that one event names; more are several events. */
const NAMED_AT_ONCE = 100;

type Act = Pick<Extract<EventDraft, { type: 'deadletter.retried' | 'deadletter.discarded' }>, 'type' | 'data'>;

async function decide(
  pool: pg.Pool,
  { destination, positions }: ChosenLetters,
  decision: { state: DeadLetterState; by: string; reason: string | null },
  actOf: (count: number, events: string[]) => Act,
): Promise<Acted> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ position: bigint; event_id: string }>(
      `WITH chosen AS (
         SELECT position FROM dead_letter
          WHERE destination = $1 AND state = 'open' AND ($2::bigint[] IS NULL OR position = ANY($2)) ORDER BY position FOR UPDATE)
       UPDATE dead_letter l
          SET state = $3, decided_by = $4, decided_reason = $5, is_waiting = $3 = 'retried', last_at = clock_timestamp()
         FROM chosen WHERE l.destination = $1 AND l.position = chosen.position RETURNING l.position, l.event_id`,
      [destination, positions ?? null, decision.state, decision.by, decision.reason],
    );
    const done = new Set(rows.map((row) => row.position));
    if (done.size === 0) {
      throw unknown(
        positions
          ? `none of these positions is an open dead letter of ${destination}`
          : `${destination} has no open dead letter`,
      );
    }
    for (let at = 0; at < rows.length; at += NAMED_AT_ONCE) {
      const events = rows.slice(at, at + NAMED_AT_ONCE).map((row) => row.event_id);
      const draft = { time: instantOfMillis(Date.now()), class: SYSTEM_CLASS, ...actOf(events.length, events) };
      await enqueueOutbox(client, draft as EventDraft);
    }
    return { count: done.size, skipped: (positions ?? []).filter((position) => !done.has(position)) };
  });
}

function unknown(message: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_DEAD_LETTER_UNKNOWN',
    message,
    remedy: 'List those there are with `affidavit deadletters list`.',
    retry: 'never',
  });
}
