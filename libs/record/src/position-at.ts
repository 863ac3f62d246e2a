import { readHead } from './head.js';
import type { Queryable } from './pool.js';

/**
 * The first position that was recorded at this instant or later; the size of the log where there is none yet.
 * @param instant RFC 3339
 */
export async function positionRecordedAt(db: Queryable, instant: string): Promise<bigint> {
  // recorded_at rises with position.
  const { rows } = await db.query<{ first: bigint }>(
    'SELECT first_position AS first FROM run WHERE recorded_at >= $1 ORDER BY recorded_at, first_position LIMIT 1',
    [instant],
  );
  return rows[0]?.first ?? (await readHead(db)).size;
}

/**
 * Where a range begins or ends that somebody named.
 * @param given a position (digits), or an instant (RFC 3339)
 * @param size of the log as the caller knows it: nothing begins or ends beyond
 */
export async function positionAt(db: Queryable, given: string, size: bigint): Promise<bigint> {
  const found = /^\d+$/.test(given) ? BigInt(given) : await positionRecordedAt(db, given);
  return found < size ? found : size;
}
