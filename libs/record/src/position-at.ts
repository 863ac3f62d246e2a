import type { Queryable } from './pool.js';

/**
 * Where a range begins or ends that somebody named.
 * @param given a position (digits), or an instant (RFC 3339): the first position that was recorded then or later
 * @param size of the log: what lies beyond it is not there yet
 */
export async function positionAt(db: Queryable, given: string, size: bigint): Promise<bigint> {
  const found = /^\d+$/.test(given) ? BigInt(given) : await firstRecordedSince(db, given);
  return found !== undefined && found < size ? found : size;
}

async function firstRecordedSince(db: Queryable, instant: string): Promise<bigint | undefined> {
  // recorded_at rises with position.
  const { rows } = await db.query<{ first: bigint }>(
    'SELECT first_position AS first FROM run WHERE recorded_at >= $1 ORDER BY recorded_at, first_position LIMIT 1',
    [instant],
  );
  return rows[0]?.first;
}
