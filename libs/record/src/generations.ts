import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { toHex, treeRoot } from '#ledger';
import { RecordError } from './errors.js';
import type { Head } from './head.js';
import { rootOfHead, StoredTiles } from './merkle-tree.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';

// A Postgres that went back (a failover to a replica that lagged, a restored backup) does not know it. Copies of the log's end that lie
// elsewhere do. Where one is further than this database, the log goes on as the next generation, and says so; where one names another root
// for a size that this database has, somebody changed what is recorded.

/** The log's end as a copy elsewhere tells it. */
export interface KnownHead {
  generation: number;
  size: number;
  /** Hex; absent where the copy has none. */
  root?: string | undefined;
  /** For people: where the copy lies. */
  source: string;
}

/** The copy that shows this database to have gone back: the furthest; undefined where none does. */
export function aheadOf(head: Pick<Head, 'generation' | 'size'>, known: readonly KnownHead[]): KnownHead | undefined {
  return known
    .filter(
      (copy) =>
        copy.generation > head.generation || (copy.generation === head.generation && BigInt(copy.size) > head.size),
    )
    .toSorted((one, other) => other.generation - one.generation || other.size - one.size)[0];
}

/**
 * The first copy of this generation that names another root than the tree here has at that size.
 * @throws RECORD_TILE_MISSING, RECORD_LEAVES_MISSING
 */
export async function contradictionOf(
  db: Queryable,
  head: Pick<Head, 'generation' | 'treeSize' | 'rootEdge'>,
  known: readonly KnownHead[],
): Promise<{ copy: KnownHead; root: string } | undefined> {
  const tiles = new StoredTiles(db);
  for (const copy of known) {
    const isHere = copy.generation === head.generation && BigInt(copy.size) <= head.treeSize;
    if (!isHere || copy.root === undefined) continue;
    const isWhole = BigInt(copy.size) === head.treeSize;
    const root = toHex(isWhole ? rootOfHead(head) : await treeRoot(tiles, copy.size));
    if (root !== copy.root) return { copy, root };
  }
  return undefined;
}

/**
 * Opens the next generation, where this database lies behind what a copy tells.
 * @param holder of the lease
 * @returns false where another recorder was faster
 */
export async function openGeneration(
  pool: pg.Pool,
  head: Pick<Head, 'generation' | 'size'>,
  ahead: KnownHead,
  holder: string,
  now: () => number = Date.now,
): Promise<boolean> {
  const generation = Math.max(head.generation, ahead.generation) + 1;
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      'UPDATE log_head SET generation = $1 WHERE generation = $2 AND size = $3 AND lease_holder = $4',
      [generation, head.generation, head.size, holder],
    );
    if (rowCount !== 1) return false;
    await enqueueOutbox(client, {
      type: 'log.restored',
      time: instantOfMillis(now()),
      class: SYSTEM_CLASS,
      data: {
        generation,
        previous: ahead.generation,
        from: String(ahead.size),
        to: String(head.size),
        ...(ahead.root === undefined ? {} : { lastKnownRoot: ahead.root }),
        source: ahead.source,
      },
    });
    return true;
  });
}

/** Says on the record that the tree here is not what was told elsewhere. */
export async function recordContradiction(
  pool: pg.Pool,
  contradiction: { copy: KnownHead; root: string },
): Promise<void> {
  await inTransaction(pool, (client) => sayContradiction(client, contradiction));
}

async function sayContradiction(db: Queryable, { copy, root }: { copy: KnownHead; root: string }): Promise<void> {
  const { generation, size, source, root: knownRoot = '' } = copy;
  await enqueueOutbox(db, {
    type: 'checkpoint.contradicted',
    time: instantOfMillis(Date.now()),
    class: SYSTEM_CLASS,
    data: { generation, size: String(size), root, knownRoot, source },
  });
}

/** What destinations tell of the log's end. */
export async function readToldHeads(db: Queryable): Promise<KnownHead[]> {
  const { rows } = await db.query<{ source: string; generation: number; size: bigint; root: Buffer }>(
    'SELECT source, generation, size, root FROM told_head',
  );
  return rows.map(({ source, generation, size, root }) => ({
    source,
    generation,
    size: Number(size),
    root: toHex(root),
  }));
}

/** Has forwarders ask destinations for the log's end at once, and not when their hour is over: this database may have gone back. */
export async function askDestinations(db: Queryable): Promise<void> {
  await db.query(
    `UPDATE duty_turn SET next_at = clock_timestamp() WHERE duty = 'checkpoints' AND next_at > clock_timestamp()`,
  );
}

/**
 * Keeps what a destination tells: the furthest, and what contradicts the tree here, which is put on the record once.
 * @param told of this log, their signatures checked
 * @returns the first contradiction
 */
export async function keepToldHeads(
  pool: pg.Pool,
  head: Pick<Head, 'generation' | 'treeSize' | 'rootEdge'>,
  source: string,
  told: readonly Omit<KnownHead, 'source'>[],
): Promise<{ copy: KnownHead; root: string } | undefined> {
  const heads = told.map((one) => ({ ...one, source }));
  const [furthest] = heads.toSorted((one, other) => other.generation - one.generation || other.size - one.size);
  if (!furthest?.root) return undefined;
  const contradiction = await contradictionOf(pool, head, heads);
  await inTransaction(pool, async (client) => {
    await client.query('DELETE FROM told_head WHERE source = $1 AND contradicted_at IS NULL', [source]);
    await keepTold(client, furthest, false);
    if (contradiction && (await keepTold(client, contradiction.copy, true)))
      await sayContradiction(client, contradiction);
  });
  return contradiction;
}

/** @returns whether it is new */
async function keepTold(db: Queryable, { source, generation, size, root = '' }: KnownHead, isContradiction: boolean) {
  const { rowCount } = await db.query(
    `INSERT INTO told_head (source, generation, size, root, contradicted_at)
     VALUES ($1, $2, $3, decode($4, 'hex'), CASE WHEN $5 THEN clock_timestamp() END)
     ON CONFLICT (source, generation, size) DO UPDATE SET contradicted_at = excluded.contradicted_at
       WHERE told_head.contradicted_at IS NULL AND excluded.contradicted_at IS NOT NULL`,
    [source, generation, size, root, isContradiction],
  );
  return rowCount === 1;
}

/** For health and people: why nothing is signed any more. */
export function contradicted({ copy, root }: { copy: KnownHead; root: string }): RecordError {
  return new RecordError({
    code: 'RECORD_CONTRADICTED',
    message: `the first ${copy.size} positions have the root ${root} here, and ${copy.root} in ${copy.source}`,
    remedy:
      'What is recorded was changed. Keep this database as it is, compare it with a backup and with the checkpoints at Datadog; nothing is signed until it agrees again.',
    retry: 'never',
  });
}
