import { latestCheckpoint } from './checkpoints.js';
import { startOfBlock } from './command-index.js';
import { commandHorizonOf } from './command-search.js';
import { instantSql, readHead } from './head.js';
import type { Queryable } from './pool.js';
import { countDifferences, latestPass } from './verification.js';

/** The record at a glance: cheap enough to be asked every few seconds. */
export interface RecordStatus {
  log: string;
  generation: number;
  head: {
    /** Positions 0 … size-1 are taken. */
    size: bigint;
    /** When it last grew; null while it is empty. */
    recordedAt: string | null;
  };
  recorder: {
    /** True while some recorder holds the lease. */
    active: boolean;
    leaseUntil: string | null;
  };
  sessions: {
    /** The last position that answers take into account; -1n before the first event. */
    horizon: bigint;
    behind: bigint;
    open: number;
  };
  /** Text inside commands. */
  search: {
    /** The last position that can be searched. */
    horizon: bigint;
    /** Events of full blocks that are not in the index. */
    behind: bigint;
  };
  /** The Merkle log: the newest checkpoint, and how many events the tree does not cover. */
  checkpoint: { generation: number; size: bigint; signedAt: string } | null;
  treeBehind: bigint;
  /** The pass of verification under way, or the last; null before the first. */
  verification: { next: bigint; to: bigint; startedAt: string; finishedAt: string | null } | null;
  /** What is not as it was recorded. */
  differences: number;
  producers: { nodes: number; open: number; forked: number; lost: number };
  outbox: { waiting: number; oldestAt: string | null };
  quarantined: number;
  foreignEntries: number;
}

export async function readRecordStatus(db: Queryable): Promise<RecordStatus> {
  const head = await readHead(db);
  const { rows } = await db.query<{
    active: boolean;
    leaseUntil: string | null;
    position: bigint;
    searched: bigint;
    openSessions: number;
    nodes: number;
    open: number;
    forked: number;
    lost: number;
    waiting: number;
    oldestAt: string | null;
    quarantined: number;
    foreignEntries: number;
  }>(
    `SELECT coalesce(h.lease_until > clock_timestamp(), false) AS active, ${instantSql('h.lease_until')} AS "leaseUntil",
            p.position, w.position AS searched,
            (SELECT count(*)::float8 FROM session WHERE state = 'open') AS "openSessions",
            (SELECT count(*)::float8 FROM producer_node WHERE node <> 'record' AND revoked_at IS NULL) AS nodes,
            e.open, e.forked, e.lost, o.waiting, ${instantSql('o.oldest')} AS "oldestAt",
            (SELECT count(*)::float8 FROM quarantine) AS quarantined,
            (SELECT count(*)::float8 FROM foreign_entry) AS "foreignEntries"
       FROM log_head h
       CROSS JOIN (SELECT position FROM projection WHERE name = 'sessions') AS p
       CROSS JOIN (SELECT position FROM projection WHERE name = 'commands') AS w
       CROSS JOIN (SELECT count(*) FILTER (WHERE state = 'open')::float8 AS open,
                          count(*) FILTER (WHERE state = 'forked')::float8 AS forked,
                          count(*) FILTER (WHERE state = 'lost')::float8 AS lost
                     FROM producer_epoch WHERE node <> 'record' AND state <> 'closed') AS e
       CROSS JOIN (SELECT count(*)::float8 AS waiting, min(created_at) AS oldest FROM outbox) AS o`,
  );
  const row = rows[0]!;
  const checkpoint = await latestCheckpoint(db);
  const pass = await latestPass(db);
  const full = startOfBlock(head.size);
  return {
    log: head.log,
    generation: head.generation,
    head: { size: head.size, recordedAt: head.size === 0n ? null : head.recordedAt },
    recorder: { active: row.active, leaseUntil: row.leaseUntil },
    sessions: {
      horizon: row.position - 1n,
      behind: head.size > row.position ? head.size - row.position : 0n,
      open: row.openSessions,
    },
    search: {
      horizon: commandHorizonOf(row.searched, head.size),
      behind: full > row.searched ? full - row.searched : 0n,
    },
    checkpoint: checkpoint
      ? { generation: checkpoint.generation, size: checkpoint.size, signedAt: checkpoint.signedAt }
      : null,
    treeBehind: head.size - head.treeSize,
    verification: pass
      ? { next: pass.next, to: pass.to, startedAt: pass.startedAt, finishedAt: pass.finishedAt }
      : null,
    differences: await countDifferences(db),
    producers: { nodes: row.nodes, open: row.open, forked: row.forked, lost: row.lost },
    outbox: { waiting: row.waiting, oldestAt: row.oldestAt },
    quarantined: row.quarantined,
    foreignEntries: row.foreignEntries,
  };
}
