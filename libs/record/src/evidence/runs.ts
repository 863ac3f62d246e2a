import { decodeLeaves, GENESIS_CHAIN, nextChain, type RunLine } from '#ledger';
import { RecordError } from '../errors.js';
import type { Queryable } from '../pool.js';

// Runs as a bundle shows them: with the chain that each follows. Runs of before the log kept it are chained anew, from the beginning of
// their epoch.

interface Row {
  first: bigint;
  last: bigint;
  node: string;
  epoch: string;
  firstSeq: bigint;
  leafData: Buffer;
  head: Buffer | null;
  chainBefore: Buffer | null;
}

const COLUMNS = `first_position AS first, last_position AS last, node, epoch, first_seq AS "firstSeq", leaf_data AS "leafData", head,
  chain_before AS "chainBefore"`;
const PAGE = 500;

/** A run, its line, and where it ends. */
export interface ShownRun {
  line: RunLine;
  epoch: string;
  /** Inclusive. */
  last: number;
}

/** Every run that has a position in `[from, to)`, in order. */
export async function* runsBetween(db: Queryable, from: number, to: number): AsyncGenerator<ShownRun> {
  const { rows: starts } = await db.query<{ first: bigint | null }>(
    'SELECT max(first_position) AS first FROM run WHERE first_position <= $1',
    [from],
  );
  let next = starts[0]?.first ?? 0n;
  for (;;) {
    const { rows } = await db.query<Row>(
      `SELECT ${COLUMNS} FROM run WHERE first_position >= $1 AND first_position < $2 ORDER BY first_position LIMIT ${PAGE}`,
      [next, to],
    );
    for (const row of rows) if (Number(row.last) >= from) yield shown(db, row);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    next = last.first + 1n;
  }
}

/** Epochs of the runs that have a position in `[from, to)`. */
export async function epochsBetween(db: Queryable, from: number, to: number): Promise<Set<string>> {
  const { rows } = await db.query<{ epoch: string }>(
    `SELECT DISTINCT epoch FROM run
      WHERE first_position >= (SELECT max(first_position) FROM run WHERE first_position <= $1) AND first_position < $2 AND last_position >= $1`,
    [from, to],
  );
  return new Set(rows.map((row) => row.epoch));
}

/** The runs in which these positions lie, each once. @param positions ascending, in pages */
export async function* runsOf(
  db: Queryable,
  positions: AsyncIterable<readonly number[]> | Iterable<readonly number[]>,
): AsyncGenerator<ShownRun> {
  let covered = -1;
  for await (const page of positions) {
    for (let at = 0; at < page.length; at += PAGE) {
      const { rows } = await db.query<Row>(
        `SELECT DISTINCT ON (r.first) r.* FROM unnest($1::bigint[]) AS p
          CROSS JOIN LATERAL (SELECT ${COLUMNS} FROM run WHERE first_position <= p ORDER BY first_position DESC LIMIT 1) AS r
          ORDER BY r.first`,
        [page.slice(at, at + PAGE)],
      );
      for (const row of rows) {
        if (Number(row.last) <= covered) continue;
        covered = Number(row.last);
        yield shown(db, row);
      }
    }
  }
}

async function shown(db: Queryable, row: Row): Promise<ShownRun> {
  const line: RunLine = {
    first: Number(row.first),
    node: row.node,
    chainBefore: row.chainBefore ?? (await chainedAnew(db, row)),
    leaves: row.leafData,
    head: row.head,
  };
  return { line, epoch: row.epoch, last: Number(row.last) };
}

/** The chain before a run of which nothing keeps it. @throws RECORD_CHAIN_UNKNOWN behind a hole that no run with a chain follows */
async function chainedAnew(db: Queryable, { epoch, firstSeq }: Row): Promise<Buffer> {
  const { rows } = await db.query<{ firstSeq: bigint; leafData: Buffer; chainBefore: Buffer | null }>(
    `SELECT first_seq AS "firstSeq", leaf_data AS "leafData", chain_before AS "chainBefore" FROM run
      WHERE epoch = $1 AND first_seq < $2 ORDER BY first_seq`,
    [epoch, firstSeq],
  );
  let seq = 0;
  let chain: Buffer = GENESIS_CHAIN;
  for (const run of rows) {
    if (run.chainBefore) chain = run.chainBefore;
    else if (Number(run.firstSeq) !== seq + 1) throw chainUnknown(epoch, Number(run.firstSeq));
    for (const leaf of decodeLeaves(run.leafData)) {
      chain = nextChain(chain, leaf.eventHash);
      seq = leaf.seq;
    }
  }
  if (Number(firstSeq) !== seq + 1) throw chainUnknown(epoch, Number(firstSeq));
  return chain;
}

function chainUnknown(epoch: string, seq: number): RecordError {
  return new RecordError({
    code: 'RECORD_CHAIN_UNKNOWN',
    message: `event ${seq} of epoch ${epoch} was recorded behind a hole before the log kept chains: nothing tells what it follows`,
    remedy: 'Choose a range without it; its bytes can be exported as NDJSON.',
    retry: 'never',
  });
}
