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
/** Runs read at once, and their leaf data: what is more comes with the next page, and the first one whatever its size. */
const PAGE = 500;
const PAGE_BYTES = 4 * 1024 * 1024;

/** A run, its line, and where it ends. */
export interface ShownRun {
  line: RunLine;
  /** Inclusive. */
  last: number;
}

/** Every run that has a position in `[from, to)`, in order. @param pageBytes leaf data read at once */
export async function* runsBetween(
  db: Queryable,
  from: number,
  to: number,
  pageBytes = PAGE_BYTES,
): AsyncGenerator<ShownRun> {
  const { rows: starts } = await db.query<{ first: bigint | null }>(
    'SELECT max(first_position) AS first FROM run WHERE first_position <= $1',
    [from],
  );
  const chains = new Chains(db);
  let next = starts[0]?.first ?? 0n;
  for (;;) {
    const { rows, isCut } = await readPage(
      db,
      `SELECT ${COLUMNS} FROM run WHERE first_position >= $1 AND first_position < $2 ORDER BY first_position LIMIT ${PAGE}`,
      [next, to],
      pageBytes,
    );
    for (const row of rows) if (Number(row.last) >= from) yield shown(row, chains);
    if (!isCut && rows.length < PAGE) return;
    next = rows.at(-1)!.first + 1n;
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

/** Epochs of the runs in which these positions lie. */
export async function epochsOf(
  db: Queryable,
  positions: AsyncIterable<readonly number[]> | Iterable<readonly number[]>,
): Promise<Set<string>> {
  const epochs = new Set<string>();
  for await (const page of positions) {
    const { rows } = await db.query<{ epoch: string }>(
      `SELECT DISTINCT r.epoch FROM unnest($1::bigint[]) AS p
        CROSS JOIN LATERAL (SELECT epoch FROM run WHERE first_position <= p ORDER BY first_position DESC LIMIT 1) AS r`,
      [page],
    );
    for (const { epoch } of rows) epochs.add(epoch);
  }
  return epochs;
}

/**
 * The runs in which these positions lie, each once.
 * @param positions ascending, in pages
 * @param pageBytes leaf data read at once
 */
export async function* runsOf(
  db: Queryable,
  positions: AsyncIterable<readonly number[]> | Iterable<readonly number[]>,
  pageBytes = PAGE_BYTES,
): AsyncGenerator<ShownRun> {
  const chains = new Chains(db);
  let covered = -1;
  for await (const page of positions) {
    for (let at = 0; at < page.length; ) {
      const wanted = page.slice(at, at + PAGE);
      const { rows, isCut } = await readPage(
        db,
        `SELECT DISTINCT ON (r.first) r.* FROM unnest($1::bigint[]) AS p
          CROSS JOIN LATERAL (SELECT ${COLUMNS} FROM run WHERE first_position <= p ORDER BY first_position DESC LIMIT 1) AS r
          WHERE r.last > $2 ORDER BY r.first`,
        [wanted, covered],
        pageBytes,
      );
      for (const row of rows) {
        covered = Number(row.last);
        yield shown(row, chains);
      }
      if (!isCut) at += wanted.length;
      else while (at < page.length && page[at]! <= covered) at++;
    }
  }
}

/** @param runs a query for {@link COLUMNS} @returns `isCut` where the last of its rows did not fit */
async function readPage(
  db: Queryable,
  runs: string,
  values: unknown[],
  pageBytes = PAGE_BYTES,
): Promise<{ rows: Row[]; isCut: boolean }> {
  const { rows } = await db.query<Row & { found: bigint }>(
    `SELECT * FROM (
       SELECT *, sum(octet_length("leafData")) OVER (ORDER BY first) - octet_length("leafData") AS before, count(*) OVER () AS found
         FROM (${runs}) AS runs) AS sized
      WHERE before < ${Math.floor(pageBytes)} ORDER BY first`,
    values,
  );
  return { rows, isCut: rows.length > 0 && rows.length < Number(rows[0]!.found) };
}

async function shown(row: Row, chains: Chains): Promise<ShownRun> {
  const line: RunLine = {
    first: Number(row.first),
    node: row.node,
    chainBefore: row.chainBefore ?? (await chains.before(row)),
    leaves: row.leafData,
    head: row.head,
  };
  return { line, last: Number(row.last) };
}

/** Chains before runs of which nothing keeps it, each from the one that was asked for before. */
class Chains {
  /** By epoch: after event `seq`. */
  private readonly known = new Map<string, { seq: number; chain: Buffer }>();

  constructor(private readonly db: Queryable) {}

  /** @throws RECORD_CHAIN_UNKNOWN behind a hole that no run with a chain follows */
  async before({ epoch, firstSeq }: Pick<Row, 'epoch' | 'firstSeq'>): Promise<Buffer> {
    const known = this.known.get(epoch);
    let { seq, chain } = known && known.seq < Number(firstSeq) ? known : { seq: 0, chain: GENESIS_CHAIN };
    for (let isCut = true; isCut; ) {
      const page = await readPage(
        this.db,
        `SELECT ${COLUMNS} FROM run WHERE epoch = $1 AND first_seq > $2 AND first_seq < $3`,
        [epoch, seq, firstSeq],
      );
      for (const run of page.rows) {
        if (run.chainBefore) chain = run.chainBefore;
        else if (Number(run.firstSeq) !== seq + 1) throw chainUnknown(epoch, Number(run.firstSeq));
        for (const leaf of decodeLeaves(run.leafData)) {
          chain = nextChain(chain, leaf.eventHash);
          seq = leaf.seq;
        }
      }
      isCut = page.isCut;
    }
    if (Number(firstSeq) !== seq + 1) throw chainUnknown(epoch, Number(firstSeq));
    this.known.set(epoch, { seq, chain });
    return chain;
  }
}

function chainUnknown(epoch: string, seq: number): RecordError {
  return new RecordError({
    code: 'RECORD_CHAIN_UNKNOWN',
    message: `event ${seq} of epoch ${epoch} was recorded behind a hole before the log kept chains: nothing tells what it follows`,
    remedy: 'Choose a range without it; its bytes can be exported as NDJSON.',
    retry: 'never',
  });
}
