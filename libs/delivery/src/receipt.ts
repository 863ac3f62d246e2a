import type pg from 'pg';
import { instantSql, type RecordedEvent, readEvents, readInclusion } from '#record';
import { DeliveryError } from './errors.js';
import {
  BATCH_COLUMNS,
  type BatchState,
  type ClaimedBatch,
  type KeptAttempt,
  LONGEST_BATCH_POSITIONS,
} from './ledger.js';
import { Selections } from './selection.js';

/**
 * How far an event is with one destination, the strongest that is known:
 * `unwanted` its filter leaves it out · `uncut` in no batch (yet; or the destination began later) · `waiting`, `sending` · `doubt` sent, answer lost · `accepted` by the
 * destination's own word · `observed` seen there · `dead` refused for good · `cancelled` with the plan that it was part of.
 */
export type ReceiptState =
  | 'unwanted'
  | 'uncut'
  | 'cancelled'
  | 'waiting'
  | 'sending'
  | 'doubt'
  | 'dead'
  | 'accepted'
  | 'observed';

export interface ReceiptBatch {
  batch: bigint;
  /** The batch it is a part of, which was split or misses events. */
  parent: bigint | null;
  lane: string;
  plan: string | null;
  state: BatchState;
  /** Events of it. */
  count: number;
  isResend: boolean;
  cutAt: string;
  attempts: KeptAttempt[];
  /** When it was accepted, or ended otherwise. */
  settledAt: string | null;
  /** When all of it was first seen at the destination. */
  observedAt: string | null;
  /** When it was last looked for, and how many different events of it were there. */
  lookedAt: string | null;
  seen: number | null;
}

export interface ReceiptDestination {
  destination: string;
  state: ReceiptState;
  batches: ReceiptBatch[];
  /** Logs of this very event that were listed. An event that was seen within its whole batch has none. */
  logs: { logId: string; batch: bigint; attempt: number; observedAt: string }[];
  deadLetter: { reason: string; state: string; at: string } | null;
}

/** Binary in base64. */
export interface ReceiptProof {
  leaf: string;
  /** Of the tree that the checkpoint is over. */
  size: bigint;
  /** From the leaf's sibling up. */
  path: string[];
  /** A signed note. */
  checkpoint: string;
}

/** The way of one event, as far as it is known. */
export interface Receipt {
  event: string;
  node: string;
  epoch: string;
  seq: number;
  /** Its place in the log, and the run of positions that were recorded with it. */
  recorded: { position: bigint; at: string; run: { first: bigint; last: bigint } };
  /** That it is part of what the log signed, to be checked without this database; null until a checkpoint is over it. */
  proof: ReceiptProof | null;
  /** Null where retention removed it: what it was is not known here any more. */
  type: string | null;
  /** By its producer's clock. It was durable on the producer's disk after that and before it was recorded. */
  occurredAt: string | null;
  destinations: ReceiptDestination[];
}

/**
 * The receipt of an event. Reads only.
 * @param id `<epoch>.<seq>`
 * @throws DELIVERY_EVENT_UNKNOWN for an id that is none, or of an epoch that was never seen or has not come so far
 */
export async function readReceipt(pool: pg.Pool, id: string): Promise<Receipt> {
  const [, epoch = '', digits = ''] = /^([0-9a-f]{16})\.([1-9]\d{0,15})$/.exec(id) ?? [];
  const seq = Number(digits);
  const { rows } = await pool.query<{ node: string; first: bigint; last: bigint; first_seq: bigint; at: string }>(
    `SELECT node, first_position AS first, last_position AS last, first_seq, ${instantSql('recorded_at')} AS at
       FROM run WHERE epoch = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1`,
    [epoch, digits === '' ? 0 : digits],
  );
  const run = rows[0];
  const position = run && run.first + BigInt(seq) - run.first_seq;
  if (!run || position === undefined || position > run.last) throw eventUnknown(id);
  const [event] = await readEvents(pool, { after: position - 1n, until: position + 1n, limit: 1 });
  return {
    event: id,
    node: run.node,
    epoch,
    seq,
    recorded: { position, at: run.at, run: { first: run.first, last: run.last } },
    proof: await proofOf(pool, position),
    type: event?.type ?? null,
    occurredAt: event?.occurredAt ?? null,
    destinations: await destinationsOf(pool, position, event),
  };
}

async function proofOf(pool: pg.Pool, position: bigint): Promise<ReceiptProof | null> {
  const inclusion = await readInclusion(pool, position);
  if (!inclusion) return null;
  const { leaf, size, path, checkpoint } = inclusion;
  return { leaf: leaf.toString('base64'), size, path: path.map((hash) => hash.toString('base64')), checkpoint };
}

async function destinationsOf(
  pool: pg.Pool,
  position: bigint,
  event: RecordedEvent | undefined,
): Promise<ReceiptDestination[]> {
  const { rows } = await pool.query<{ destination: string; filterVersion: number }>(
    `SELECT destination, max(version) AS "filterVersion" FROM delivery_filter GROUP BY destination ORDER BY destination`,
  );
  const selections = new Selections();
  return Promise.all(
    rows.map(async ({ destination, filterVersion }) => {
      const batches = await batchesOf(pool, selections, destination, position, event);
      const logs = await logsOf(pool, destination, position);
      const deadLetter = await deadLetterOf(pool, destination, position);
      const wants = await selections.of(pool, { destination, filterVersion, plan: null, fromPos: position });
      const none = event !== undefined && !wants(event) ? 'unwanted' : 'uncut';
      const state = logs.length > 0 ? 'observed' : strongest(batches, none);
      return { destination, state, batches, logs, deadLetter };
    }),
  );
}

async function batchesOf(
  pool: pg.Pool,
  selections: Selections,
  destination: string,
  position: bigint,
  event: RecordedEvent | undefined,
): Promise<ReceiptBatch[]> {
  type Row = Omit<ReceiptBatch, 'batch'> &
    Pick<ClaimedBatch, 'id' | 'destination' | 'filterVersion' | 'plan' | 'fromPos'>;
  const { rows } = await pool.query<Row>(
    `SELECT ${BATCH_COLUMNS}, b.state, b.attempts, ${instantSql('b.created_at')} AS "cutAt", ${instantSql('b.settled_at')} AS "settledAt",
            ${instantSql('b.observed_at')} AS "observedAt", ${instantSql('b.looked_at')} AS "lookedAt", b.seen
       FROM delivery_batch b
      WHERE b.destination = $1 AND b.from_pos > $2::bigint - ${LONGEST_BATCH_POSITIONS} AND b.from_pos <= $2::bigint AND b.to_pos > $2::bigint
        AND (b.only_positions IS NULL OR $2::bigint = ANY(b.only_positions))
      ORDER BY b.id`,
    [destination, position],
  );
  const batches: ReceiptBatch[] = [];
  for (const row of rows) {
    // What retention removed cannot be held against the filter any more: a batch over its position is all that is known.
    if (event && !(await selections.of(pool, row))(event)) continue;
    const { id, parent, lane, plan, state, count, isResend, cutAt, attempts, settledAt, observedAt, lookedAt, seen } =
      row;
    const shown = {
      parent,
      lane,
      plan,
      state,
      count,
      isResend,
      cutAt,
      attempts,
      settledAt,
      observedAt,
      lookedAt,
      seen,
    };
    batches.push({ batch: id, ...shown });
  }
  return batches;
}

/** From the weakest to the strongest claim. A split batch claims nothing: its parts do. */
const CLAIMS: Partial<Record<BatchState, ReceiptState>>[] = [
  { cancelled: 'cancelled' },
  { due: 'waiting', paused: 'waiting' },
  { sending: 'sending' },
  { doubt: 'doubt' },
  { dead: 'dead' },
  { accepted: 'accepted' },
  { observed: 'observed' },
];

function strongest(batches: readonly ReceiptBatch[], none: ReceiptState): ReceiptState {
  for (const claim of [...CLAIMS].reverse()) {
    const found = batches.map(({ state }) => claim[state]).find((state) => state !== undefined);
    if (found) return found;
  }
  return none;
}

async function logsOf(pool: pg.Pool, destination: string, position: bigint): Promise<ReceiptDestination['logs']> {
  const { rows } = await pool.query<ReceiptDestination['logs'][number]>(
    `SELECT log_id AS "logId", batch, attempt, ${instantSql('observed_at')} AS "observedAt"
       FROM delivery_observation WHERE destination = $1 AND position = $2 ORDER BY observed_at, log_id LIMIT 100`,
    [destination, position],
  );
  return rows;
}

async function deadLetterOf(
  pool: pg.Pool,
  destination: string,
  position: bigint,
): Promise<ReceiptDestination['deadLetter']> {
  const { rows } = await pool.query<{ reason: string; state: string; at: string }>(
    `SELECT reason, state, ${instantSql('first_at')} AS at FROM dead_letter WHERE destination = $1 AND position = $2`,
    [destination, position],
  );
  return rows[0] ?? null;
}

function eventUnknown(id: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_EVENT_UNKNOWN',
    message: `the record has no event ${JSON.stringify(id.slice(0, 60))}`,
    remedy:
      'An id is <epoch>.<seq>, as in evt.id at Datadog. A gateway may hold it in its spool still: see `affidavit producer list` for how far its run is recorded.',
    retry: 'never',
  });
}
