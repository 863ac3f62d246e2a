import pg from 'pg';

/** A pool or one of its clients: whatever runs a query. Inside a transaction it must be the client. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

export interface PoolOptions {
  /** Most connections at once; default 10. */
  max?: number;
  /** Shown in pg_stat_activity, so that an operator sees which process holds what. */
  applicationName: string;
}

/** No statement outside migrations runs longer than this. */
const STATEMENT_TIMEOUT_MS = 30_000;

const INT8_OID = 20;
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID && format !== 'binary'
      ? BigInt
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/**
 * Opens (lazily) the one pool of a process. `int8` comes as bigint; `timestamptz` as Date, which loses microseconds: where
 * they matter, queries select text. The owner calls `end()`.
 */
export function createPool(url: string, options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.applicationName,
    types,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    // Prisma's adapter drops the offset of a timestamptz and takes it for UTC: a server set to another zone would shift times.
    options: '-c TimeZone=UTC',
  });
  // A connection that breaks rejects what runs on it; without these listeners it would also end the process, be it idle in the
  // pool or between two queries of somebody's transaction.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/**
 * Runs `work` in one READ COMMITTED transaction: committed when it resolves, rolled back when `work` throws.
 * A connection on which the rollback fails is thrown away.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
