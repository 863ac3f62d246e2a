import { randomBytes } from 'node:crypto';
import { type AffidavitError, type Epoch, RECORD_NODE } from '#events';
import type { TreeEdge } from '#ledger';
import {
  blankMark,
  type EpochMark,
  epochKey,
  findMark,
  type ProducerEnd,
  readAwaitedEnds,
  readOpenMarks,
} from './epochs.js';
import { isForGood } from './errors.js';
import { type Head, readHead } from './head.js';
import { isEdgeOf, readEdge } from './merkle-tree.js';
import { type RetentionClasses, readRetentionClasses } from './partitions.js';
import type { Queryable } from './pool.js';

/** What the active writer knows of the record. Void after any failed transaction. */
export interface Tenure {
  log: string;
  generation: number;
  size: bigint;
  /** Right edge of the tree over all that is recorded; undefined while the tree is behind, or cannot be trusted. */
  edge: TreeEdge | undefined;
  /** Why the tree cannot be continued; recording goes on without it, and nothing is signed. */
  treeError: AffidavitError | undefined;
  ownEpoch: Epoch;
  marks: Map<string, EpochMark>;
  awaitedEnds: ProducerEnd[];
  earlier: { open: EpochMark[]; last: EpochMark | undefined; gone: GoneNumbers | undefined };
  classes: RetentionClasses;
}

/** Numbers of an own epoch that were committed, and that a restored or failed-over Postgres no longer holds. */
export interface GoneNumbers {
  epoch: Epoch;
  from: number;
  to: number;
}

/** How far this process came in its own epoch. */
export interface OwnProgress {
  epoch: Epoch;
  /** Last number whose commit was answered. */
  committed: number;
  /** Last number whose commit was asked for: it may have been seen, whatever became of it. */
  tried: number;
}

/**
 * Reads what a writer must know before its next transaction.
 * @param progress of the tenure that goes on after an error. A new epoch is chosen without it, where another recorder closed it, or
 *   where Postgres went back behind it: its numbers may stand at a destination already, and are not given to other events
 * @param edge as this process left it: it is read from the tiles only where the head names another
 */
export async function readTenure(
  db: Queryable,
  progress: OwnProgress | undefined,
  edge: TreeEdge | undefined,
): Promise<Tenure> {
  // The size first: marks that are newer than it can only make the head's compare-and-set fail, never let it pass wrongly.
  const head = await readHead(db);
  const open = await readOpenMarks(db);
  const marks = new Map(open.map((mark) => [epochKey(mark.node, mark.epoch), mark]));
  const known = progress && (await findMark(db, RECORD_NODE, progress.epoch));
  const reached = known?.seq ?? 0;
  const goesOn = progress && known?.state !== 'closed' && reached >= progress.tried;
  const own = goesOn ? progress.epoch : (randomBytes(8).toString('hex') as Epoch);
  const ownKey = epochKey(RECORD_NODE, own);
  if (!marks.has(ownKey)) marks.set(ownKey, blankMark(RECORD_NODE, own));
  const last = await lastOwnMark(db);
  return {
    log: head.log,
    generation: head.generation,
    size: head.size,
    ...(await edgeOf(db, head, edge)),
    ownEpoch: own,
    marks,
    awaitedEnds: await readAwaitedEnds(db),
    earlier: {
      open: open.filter((mark) => mark.node === RECORD_NODE && mark.epoch !== own),
      last: last?.epoch === own ? undefined : last,
      gone:
        progress && reached < progress.committed
          ? { epoch: progress.epoch, from: reached + 1, to: progress.committed }
          : undefined,
    },
    classes: await readRetentionClasses(db),
  };
}

async function edgeOf(
  db: Queryable,
  head: Head,
  known: TreeEdge | undefined,
): Promise<Pick<Tenure, 'edge' | 'treeError'>> {
  if (head.treeSize < head.size) return { edge: undefined, treeError: undefined };
  if (known && isEdgeOf(known, head)) return { edge: known, treeError: undefined };
  try {
    return { edge: await readEdge(db, head), treeError: undefined };
  } catch (error) {
    // A tree that somebody touched must not keep events out of the record: they are what shows it.
    if (isForGood(error)) return { edge: undefined, treeError: error };
    throw error;
  }
}

async function lastOwnMark(db: Queryable): Promise<EpochMark | undefined> {
  const { rows } = await db.query<{ epoch: Epoch }>(
    'SELECT epoch FROM producer_epoch WHERE node = $1 ORDER BY opened_at DESC LIMIT 1',
    [RECORD_NODE],
  );
  return rows[0] && findMark(db, RECORD_NODE, rows[0].epoch);
}
