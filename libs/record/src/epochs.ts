import { type Epoch, instantOfMillis, type NodeName, RECORD_NODE, SYSTEM_CLASS } from '#events';
import { GENESIS_CHAIN } from '#ledger';
import { OUTBOX_CHANNEL } from './commit-listener.js';
import { RecordError } from './errors.js';
import { instantSql } from './head.js';
import { enqueueOutbox } from './outbox.js';
import type { Queryable } from './pool.js';

/**
 * open: more may come · closed: ended, wholly recorded · forked: two different events under one number were seen; nothing
 * more is taken · lost: a person declared a hole at its end; it goes on only with the number after that.
 */
export type EpochState = 'open' | 'closed' | 'forked' | 'lost';

/** How far the record holds an epoch. */
export interface EpochMark {
  node: NodeName;
  epoch: Epoch;
  state: EpochState;
  /** 0 before the first event. */
  seq: number;
  /** Running hash up to `seq`; 32 zero bytes before the first event, and where a declared hole made it unknown (`lost`). */
  chain: Buffer;
}

/** Where an earlier run of the same node ended, as its successor says. */
export interface ProducerEnd {
  node: NodeName;
  epoch: Epoch;
  seq: number;
}

const MARK_COLUMNS = 'node, epoch, state, mark_seq::float8 AS seq, mark_chain AS chain';

export function epochKey(node: string, epoch: string): string {
  return `${node}/${epoch}`;
}

/** The mark of an epoch of which nothing is recorded. */
export function blankMark(node: NodeName, epoch: Epoch): EpochMark {
  return { node, epoch, state: 'open', seq: 0, chain: GENESIS_CHAIN };
}

export async function findMark(db: Queryable, node: NodeName, epoch: Epoch): Promise<EpochMark | undefined> {
  const { rows } = await db.query<EpochMark>(
    `SELECT ${MARK_COLUMNS} FROM producer_epoch WHERE node = $1 AND epoch = $2`,
    [node, epoch],
  );
  return rows[0];
}

/** Epochs that may still grow. Closed ones are looked up when something of theirs turns up. */
export async function readOpenMarks(db: Queryable): Promise<EpochMark[]> {
  const { rows } = await db.query<EpochMark>(`SELECT ${MARK_COLUMNS} FROM producer_epoch WHERE state <> 'closed'`);
  return rows;
}

/** Ends that were announced by a successor before everything up to them was recorded. */
export async function readAwaitedEnds(db: Queryable): Promise<ProducerEnd[]> {
  const { rows } = await db.query<ProducerEnd>(
    `SELECT e.node, split_part(e.previous, '.', 1) AS epoch, split_part(e.previous, '.', 2)::float8 AS seq
       FROM producer_epoch e LEFT JOIN producer_epoch p ON p.node = e.node AND p.epoch = split_part(e.previous, '.', 1)
      WHERE e.previous IS NOT NULL AND (p.epoch IS NULL OR p.state = 'open')`,
  );
  return rows;
}

/**
 * Marks that producers should see: of all open epochs, of closed ones until 7 days after, and of those in `also`, be they ever so
 * old. `at` is Postgres' clock in this statement, never behind the head's.
 */
export async function readPublishedMarks(
  db: Queryable,
  also: readonly { node: NodeName; epoch: Epoch }[] = [],
): Promise<{ marks: EpochMark[]; at: string }> {
  const { rows } = await db.query<EpochMark & { at: string }>(
    `SELECT ${MARK_COLUMNS}, ${instantSql('(SELECT greatest(recorded_at, clock_timestamp()) FROM log_head)')} AS at
       FROM producer_epoch
      WHERE node <> $1 AND (state <> 'closed' OR updated_at > now() - interval '7 days'
            OR (node, epoch) IN (SELECT * FROM unnest($2::text[], $3::text[])))`,
    [RECORD_NODE, also.map((of) => of.node), also.map((of) => of.epoch)],
  );
  return { marks: rows.map(({ at: _, ...mark }) => mark), at: rows[0]?.at ?? '' };
}

/**
 * A person's word that the numbers after the mark up to `to` will never come. The recorder carries it out, usually within
 * milliseconds: `producer.lost` goes on the record, and the epoch goes on (if ever) with number `to` + 1. `loss.declared` says whose word
 * it is; both are of the caller's transaction.
 * @throws RECORD_EPOCH_UNKNOWN, RECORD_NOTHING_LOST
 */
export async function declareLost(
  db: Queryable,
  loss: { node: NodeName; epoch: Epoch; to: number; by: string; reason?: string; now?: number },
): Promise<void> {
  const mark = await findMark(db, loss.node, loss.epoch);
  if (!mark) {
    throw new RecordError({
      code: 'RECORD_EPOCH_UNKNOWN',
      message: `the record knows no epoch ${loss.epoch} of node ${loss.node}`,
      remedy: 'List the producers with `affidavit producer list`.',
      retry: 'never',
    });
  }
  if (!Number.isSafeInteger(loss.to) || loss.to <= mark.seq || mark.state === 'closed' || mark.state === 'forked') {
    throw new RecordError({
      code: 'RECORD_NOTHING_LOST',
      message: `epoch ${loss.epoch} of node ${loss.node} is ${mark.state} and recorded up to ${mark.seq}`,
      remedy: 'Only numbers above the mark of an epoch that may still grow can be declared lost.',
      retry: 'never',
    });
  }
  await db.query(
    `WITH added AS (INSERT INTO declared_loss (node, epoch, to_seq, by, reason) VALUES ($1, $2, $3, $4, $5))
     SELECT pg_notify('${OUTBOX_CHANNEL}', '')`,
    [loss.node, loss.epoch, loss.to, loss.by, loss.reason ?? null],
  );
  const { now = Date.now(), ...declared } = loss;
  await enqueueOutbox(db, {
    type: 'loss.declared',
    time: instantOfMillis(now),
    class: SYSTEM_CLASS,
    data: declared,
  });
}
