import type { EpochState } from './epochs.js';
import { instantSql } from './head.js';
import type { Queryable } from './pool.js';

/** One run of one producer, as far as the record knows it. */
export interface ProducerView {
  node: string;
  epoch: string;
  state: EpochState;
  /** Recorded up to this number; 0 before the first event. */
  seq: number;
  /** `<epoch>.<seq>`: where the node's run before this one ended. */
  previous: string | null;
  openedAt: string;
  /** When its mark last moved. */
  updatedAt: string;
  nodeRevokedAt: string | null;
  /** Its newest recorded event; null where none is left. */
  last: {
    position: bigint;
    recordedAt: string;
    /** By the producer's clock. */
    occurredAt: string | null;
    /** From happening to being recorded, in ms; wrong by as much as the producer's clock is. */
    lagMs: number | null;
  } | null;
}

export interface ProducerFilter {
  node?: string;
  state?: EpochState;
  limit: number;
}

/** Runs, newest first. What a producer still holds back is not known here: its own metrics and the age of `last` show it. */
export async function listProducers(db: Queryable, filter: ProducerFilter): Promise<ProducerView[]> {
  const { rows } = await db.query<ProducerView & { position: bigint | null; recordedAt: string } & ProducerLast>(
    `SELECT e.node, e.epoch, e.state, e.mark_seq::float8 AS seq, e.previous,
            ${instantSql('e.opened_at')} AS "openedAt", ${instantSql('e.updated_at')} AS "updatedAt",
            ${instantSql('n.revoked_at')} AS "nodeRevokedAt",
            r.last_position AS position, ${instantSql('r.recorded_at')} AS "recordedAt",
            ${instantSql('v.occurred_at')} AS "occurredAt",
            (extract(epoch FROM r.recorded_at - v.occurred_at) * 1000)::float8 AS "lagMs"
       FROM (SELECT * FROM producer_epoch
              WHERE ($1::text IS NULL OR node = $1) AND ($2::text IS NULL OR state = $2)
              ORDER BY opened_at DESC, node, epoch LIMIT $3) AS e
       JOIN producer_node n USING (node)
       LEFT JOIN LATERAL (SELECT last_position, recorded_at FROM run
                           WHERE run.epoch = e.epoch AND run.node = e.node ORDER BY first_seq DESC LIMIT 1) AS r ON true
       LEFT JOIN LATERAL (SELECT occurred_at FROM event
                           WHERE event.recorded_at = r.recorded_at AND event.position = r.last_position) AS v ON true
      ORDER BY e.opened_at DESC, e.node, e.epoch`,
    [filter.node ?? null, filter.state ?? null, filter.limit],
  );
  return rows.map(({ position, recordedAt, occurredAt, lagMs, ...epoch }) => ({
    ...epoch,
    last:
      position === null ? null : { position, recordedAt, occurredAt, lagMs: lagMs === null ? null : Math.round(lagMs) },
  }));
}

interface ProducerLast {
  occurredAt: string | null;
  lagMs: number | null;
}
