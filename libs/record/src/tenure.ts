import { randomBytes } from 'node:crypto';
import { type Epoch, RECORD_NODE } from '#events';
import {
  blankMark,
  type EpochMark,
  epochKey,
  findMark,
  type ProducerEnd,
  readAwaitedEnds,
  readOpenMarks,
} from './epochs.js';
import { readHead } from './head.js';
import { type RetentionClasses, readRetentionClasses } from './partitions.js';
import type { Queryable } from './pool.js';

/** What the active writer knows of the record. Void after any failed transaction. */
export interface Tenure {
  log: string;
  generation: number;
  size: bigint;
  ownEpoch: Epoch;
  marks: Map<string, EpochMark>;
  awaitedEnds: ProducerEnd[];
  earlier: { open: EpochMark[]; last: EpochMark | undefined };
  classes: RetentionClasses;
}

/**
 * Reads what a writer must know before its next transaction.
 * @param ownEpoch the epoch of the tenure that goes on after an error; a new one is chosen without it, or where another recorder closed it
 */
export async function readTenure(db: Queryable, ownEpoch: Epoch | undefined): Promise<Tenure> {
  // The size first: marks that are newer than it can only make the head's compare-and-set fail, never let it pass wrongly.
  const head = await readHead(db);
  const open = await readOpenMarks(db);
  const marks = new Map(open.map((mark) => [epochKey(mark.node, mark.epoch), mark]));
  const own = await continuedEpoch(db, ownEpoch);
  const ownKey = epochKey(RECORD_NODE, own);
  if (!marks.has(ownKey)) marks.set(ownKey, blankMark(RECORD_NODE, own));
  const last = await lastOwnMark(db);
  return {
    log: head.log,
    generation: head.generation,
    size: head.size,
    ownEpoch: own,
    marks,
    awaitedEnds: await readAwaitedEnds(db),
    earlier: {
      open: open.filter((mark) => mark.node === RECORD_NODE && mark.epoch !== own),
      last: last?.epoch === own ? undefined : last,
    },
    classes: await readRetentionClasses(db),
  };
}

async function continuedEpoch(db: Queryable, epoch: Epoch | undefined): Promise<Epoch> {
  const known = epoch && (await findMark(db, RECORD_NODE, epoch));
  return epoch && known?.state !== 'closed' ? epoch : (randomBytes(8).toString('hex') as Epoch);
}

async function lastOwnMark(db: Queryable): Promise<EpochMark | undefined> {
  const { rows } = await db.query<{ epoch: Epoch }>(
    'SELECT epoch FROM producer_epoch WHERE node = $1 ORDER BY opened_at DESC LIMIT 1',
    [RECORD_NODE],
  );
  return rows[0] && findMark(db, RECORD_NODE, rows[0].epoch);
}
