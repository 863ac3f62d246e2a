import { instantSql, type Queryable } from '#record';

/** A recorded purge: what retention removed of one class and time. */
export interface Purge {
  class: string;
  from: string;
  to: string;
  /** Events, of all that it removed: not only of what somebody planned. */
  count: number;
  at: string;
}

/** When the event at a position was recorded; SQL. Null before the first. */
export function recordedAtSql(position: string): string {
  return `(SELECT recorded_at FROM run WHERE first_position <= ${position} ORDER BY first_position DESC LIMIT 1)`;
}

/** What was purged since something was planned, of the time that its positions cover. */
export async function purgesSince(
  db: Queryable,
  plan: { fromPos: bigint; toPos: bigint; plannedAt: string | null; createdAt: string },
): Promise<Purge[]> {
  const { rows } = await db.query<Purge>(
    `SELECT class, ${instantSql('from_at')} AS from, ${instantSql('to_at')} AS to, count::float8 AS count, ${instantSql('at')} AS at
       FROM purge WHERE at >= $3 AND from_at <= ${recordedAtSql('$2::bigint - 1')} AND to_at > ${recordedAtSql('$1::bigint')}
      ORDER BY purge.at, class LIMIT 100`,
    [plan.fromPos, plan.toPos, plan.plannedAt ?? plan.createdAt],
  );
  return rows;
}
