import { RecordError } from './errors.js';
import type { Queryable } from './pool.js';

/** The end of the log. Positions `0 … size-1` are taken. */
export interface Head {
  /** Name of the log; a fresh database has another. */
  log: string;
  /** 1 until the log was restored from a copy. */
  generation: number;
  size: bigint;
  /** The Merkle tree is over so many of them: fewer than `size` only while it is built over events of before. */
  treeSize: bigint;
  /** Roots of the tree's perfect subtrees, the largest first. */
  rootEdge: Buffer;
  /** When it last grew, Postgres' clock: RFC 3339, UTC, microseconds. */
  recordedAt: string;
  /** SPKI DER of the Ed25519 key that signs marks; null until a recorder first ran. */
  markPublicKey: Buffer | null;
}

/** SQL text of an instant in the record's own form. `column` is never user input. */
export function instantSql(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/**
 * Reads the head.
 * @throws RECORD_HEAD_MISSING where migrations ran but the row is gone
 */
export async function readHead(db: Queryable): Promise<Head> {
  const { rows } = await db.query<{
    log: string;
    generation: number;
    size: bigint;
    tree_size: bigint;
    root_edge: Buffer;
    recorded_at: string;
    mark_public_key: Buffer | null;
  }>(
    `SELECT log, generation, size, tree_size, root_edge, ${instantSql('recorded_at')} AS recorded_at, mark_public_key
       FROM log_head`,
  );
  const row = rows[0];
  if (!row) {
    throw new RecordError({
      code: 'RECORD_HEAD_MISSING',
      message: 'the table log_head holds no row',
      remedy: 'Restore the database from a backup; the head is written by the first migration and never deleted.',
      retry: 'never',
    });
  }
  return {
    log: row.log,
    generation: row.generation,
    size: row.size,
    treeSize: row.tree_size,
    rootEdge: row.root_edge,
    recordedAt: row.recorded_at,
    markPublicKey: row.mark_public_key,
  };
}

/**
 * Makes `publicKey` the log's mark key, for ever, at the first start of a recorder; later starts must bring the same one.
 * @param publicKey SPKI DER
 * @throws RECORD_MARK_KEY_DIFFERS
 */
export async function pinMarkKey(db: Queryable, publicKey: Buffer): Promise<void> {
  const { rowCount } = await db.query(
    'UPDATE log_head SET mark_public_key = $1 WHERE mark_public_key IS NULL OR mark_public_key = $1',
    [publicKey],
  );
  if (rowCount === 1) return;
  const { log } = await readHead(db);
  throw new RecordError({
    code: 'RECORD_MARK_KEY_DIFFERS',
    message: `log ${log} has another mark key than this recorder's`,
    remedy:
      'Put the recorder/mark.key that this database began with into the data folder (AFFIDAVIT_DATA), or point DATABASE_URL to the database that belongs to this folder.',
    retry: 'never',
  });
}
