import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { parseCheckpoint, parseNote, signersOf, TILE_WIDTH, toHex, treeRoot } from '#ledger';
import { noteKeysOf, readCheckpointKeys } from './checkpoints.js';
import { isForGood } from './errors.js';
import { instantSql, readHead } from './head.js';
import { rootOfHead, StoredTiles } from './merkle-tree.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';
import { type Difference, verifyPositions } from './verify-positions.js';
import { verifyRuns } from './verify-runs.js';

// A pass goes over all positions of the tree, a step at a time, and ends with the root and the newest checkpoints. It is a row: whoever is the
// active recorder goes on with it. What it finds stays in `difference` until a later pass finds it in order.

/** A pass over the record, and how far it is. */
export interface VerificationPass {
  id: bigint;
  /** Exclusive. */
  to: bigint;
  next: bigint;
  differences: bigint;
  startedAt: string;
  /** Null while it is under way. */
  finishedAt: string | null;
}

/** A difference that stands. */
export interface KnownDifference extends Difference {
  foundAt: string;
}

/** Checkpoints that the end of a pass looks at again: the newest. */
const CHECKPOINTS_COMPARED = 100;
/** Between some hundred runs, so that everybody else in this process has his turn. */
const RUNS_REST_MS = 20;
/** So many differences of one pass get an event each; the last event of the pass has their number. */
const MOST_TOLD = 100;

const PASS_COLUMNS = `id, to_pos AS "to", next_pos AS next, differences, ${instantSql('started_at')} AS "startedAt",
  ${instantSql('finished_at')} AS "finishedAt"`;

/** The newest pass; undefined before the first. */
export async function latestPass(db: Queryable): Promise<VerificationPass | undefined> {
  const { rows } = await db.query<VerificationPass>(
    `SELECT ${PASS_COLUMNS} FROM verification_pass ORDER BY id DESC LIMIT 1`,
  );
  return rows[0];
}

/** Differences that stand in `[from, to)`, the first `limit`. */
export async function openDifferences(
  db: Queryable,
  { from = 0n, to, limit }: { from?: bigint; to?: bigint; limit: number },
): Promise<KnownDifference[]> {
  const { rows } = await db.query<KnownDifference>(
    `SELECT position, code, message, ${instantSql('found_at')} AS "foundAt" FROM difference
      WHERE resolved_at IS NULL AND position >= $1 AND ($2::bigint IS NULL OR position < $2) ORDER BY position, code LIMIT $3`,
    [from, to ?? null, limit],
  );
  return rows;
}

/** How many differences stand. */
export async function countDifferences(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'SELECT count(*)::float8 AS n FROM difference WHERE resolved_at IS NULL',
  );
  return rows[0]?.n ?? 0;
}

/** Begins a pass over all that the tree covers, or goes on with the one under way. */
export async function beginPass(pool: pg.Pool): Promise<VerificationPass> {
  const latest = await latestPass(pool);
  if (latest?.finishedAt === null) return latest;
  const { treeSize } = await readHead(pool);
  await pool.query('INSERT INTO verification_pass (to_pos) VALUES ($1) ON CONFLICT DO NOTHING', [treeSize]);
  return (await latestPass(pool))!;
}

/**
 * The next step of a pass: so many positions, or, behind the last of them, its end.
 * @param count a multiple of 256
 * @returns the pass afterwards
 */
export async function verifyStep(pool: pg.Pool, pass: VerificationPass, count: number): Promise<VerificationPass> {
  const from = Number(pass.next);
  const end = Number(pass.to);
  if (from >= end) return finishPass(pool, pass);
  if (count % TILE_WIDTH !== 0) throw new RangeError(`a step of ${count} positions does not end with a tile`);
  const to = Math.min(from + count, end);
  const found = await verifyPositions(pool, from, to);
  await keep(pool, pass, found, { from: BigInt(from), to: BigInt(to) });
  return (await latestPass(pool))!;
}

/** What the tree itself, and what was signed over it, is found to be. */
async function judgeTree(db: Queryable): Promise<Difference[]> {
  const head = await readHead(db);
  const keys = await readCheckpointKeys(db);
  const { rows } = await db.query<{ generation: number; size: bigint; root: Buffer; note: string }>(
    `SELECT generation, size, root, note FROM checkpoint WHERE generation = $1 ORDER BY size DESC LIMIT ${CHECKPOINTS_COMPARED}`,
    [head.generation],
  );
  const tiles = new StoredTiles(db);
  const found: Difference[] = [];
  const differs = (size: bigint, message: string) =>
    found.push({ position: size - 1n, code: 'checkpoint-differs', message });
  try {
    const root = toHex(await treeRoot(tiles, Number(head.treeSize)));
    if (root !== toHex(rootOfHead(head))) differs(head.treeSize, 'the head names another root than the tiles have');
    for (const { generation, size, root: signed, note } of rows) {
      const parsed = parseNote(note);
      const checkpoint = parseCheckpoint(parsed.text);
      if (signersOf(parsed, noteKeysOf(keys, head.log, generation)).length === 0) {
        differs(size, `the checkpoint over ${size} bears no signature of this log`);
      }
      const isSame = checkpoint.size === Number(size) && toHex(checkpoint.root) === toHex(signed);
      if (!isSame || toHex(await treeRoot(tiles, Number(size))) !== toHex(checkpoint.root)) {
        differs(size, `the checkpoint over ${size} is of another tree`);
      }
    }
  } catch (error) {
    if (!isForGood(error)) throw error;
    differs(head.treeSize, error.message);
  }
  return found;
}

async function finishPass(pool: pg.Pool, pass: VerificationPass): Promise<VerificationPass> {
  const found = [...(await judgeTree(pool)), ...(await verifyRuns(pool, Number(pass.to), () => sleep(RUNS_REST_MS)))];
  await keep(pool, pass, found, undefined);
  return (await latestPass(pool))!;
}

/** Keeps what a step found, and that what it did not find is in order again. @param range of the step; absent: the end of the pass */
async function keep(
  pool: pg.Pool,
  pass: VerificationPass,
  found: readonly Difference[],
  range: { from: bigint; to: bigint } | undefined,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rows: fresh } = await client.query<Difference>(
      `INSERT INTO difference AS d (position, code, message, seen_in)
       SELECT f.position, f.code, f.message, $4 FROM unnest($1::bigint[], $2::text[], $3::text[]) AS f (position, code, message)
       ON CONFLICT (position, code) DO UPDATE SET message = excluded.message, seen_in = excluded.seen_in,
         found_at = CASE WHEN d.resolved_at IS NULL THEN d.found_at ELSE clock_timestamp() END, resolved_at = NULL
       RETURNING position, code, message, (found_at >= transaction_timestamp()) AS "isNew"`,
      [found.map((one) => one.position), found.map((one) => one.code), found.map((one) => one.message), pass.id],
    );
    const isTree = range === undefined;
    await client.query(
      `UPDATE difference SET resolved_at = clock_timestamp() WHERE resolved_at IS NULL AND seen_in <> $1
          AND (code IN ('checkpoint-differs', 'run-differs')) = $2 AND ($2 OR position >= $3 AND position < $4)`,
      [pass.id, isTree, range?.from ?? 0n, range?.to ?? 0n],
    );
    const told = fresh.filter((one) => (one as Difference & { isNew: boolean }).isNew);
    for (const { position, code, message } of told.slice(0, Math.max(0, MOST_TOLD - Number(pass.differences)))) {
      await enqueueOutbox(client, {
        type: 'record.differs',
        time: instantOfMillis(Date.now()),
        class: SYSTEM_CLASS,
        data: { position: String(position), code, message },
      });
    }
    const { rows } = await client.query<{ differences: number; seconds: number }>(
      `UPDATE verification_pass SET next_pos = $2, differences = differences + $3, moved_at = clock_timestamp(),
              finished_at = CASE WHEN $4 THEN clock_timestamp() END
        WHERE id = $1 AND finished_at IS NULL
        RETURNING differences::float8 AS differences, extract(epoch FROM clock_timestamp() - started_at)::float8 AS seconds`,
      [pass.id, range?.to ?? pass.to, found.length, isTree],
    );
    if (!isTree || !rows[0]) return;
    await enqueueOutbox(client, {
      type: 'record.verified',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: { size: String(pass.to), differences: rows[0].differences, seconds: Math.round(rows[0].seconds) },
    });
  });
}
