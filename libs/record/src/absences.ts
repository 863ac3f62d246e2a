import { decodeLeaves } from '#ledger';
import { instantSql } from './head.js';
import type { Queryable } from './pool.js';

/** Positions without a row, told apart. */
export interface Absences {
  /** Their leaf data lies in a recorded purge. */
  purged: number;
  /** No purge accounts for them: the record was damaged. */
  missing: bigint[];
}

/**
 * Why positions have no row: every position below the head has its leaf data for ever, and a purge names class and time.
 * @param present positions of `[from, until)` that have one; default: as the database has them now
 */
export async function explainAbsences(
  db: Queryable,
  from: bigint,
  until: bigint,
  present?: ReadonlySet<bigint>,
): Promise<Absences> {
  const { rows: runs } = await db.query<{ first: bigint; leafData: Buffer; at: string }>(
    `SELECT first_position AS first, leaf_data AS "leafData", ${instantSql('recorded_at')} AS at FROM run
      WHERE first_position < $2 AND first_position >= coalesce(
        (SELECT first_position FROM run WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1), 0)
      ORDER BY first_position`,
    [from, until],
  );
  // Before the purges: what goes in between is then a row still, and never taken for missing.
  const there = present ?? (await positionsWithRows(db, from, until, runs[0]?.at, runs.at(-1)?.at));
  const { rows: purges } = await db.query<{ class: string; from: string; to: string }>(
    `SELECT class, ${instantSql('from_at')} AS "from", ${instantSql('to_at')} AS "to" FROM purge WHERE to_at > $1 AND from_at <= $2`,
    [runs[0]?.at ?? null, runs.at(-1)?.at ?? null],
  );
  const absences: Absences = { purged: 0, missing: [] };
  for (const { first, leafData, at } of runs) {
    for (const [index, leaf] of decodeLeaves(leafData).entries()) {
      const position = first + BigInt(index);
      if (position < from || position >= until || there.has(position)) continue;
      const isPurged = purges.some((one) => one.class === leaf.class && one.from <= at && at < one.to);
      if (isPurged) absences.purged += 1;
      else absences.missing.push(position);
    }
  }
  return absences;
}

async function positionsWithRows(
  db: Queryable,
  from: bigint,
  until: bigint,
  fromAt: string | undefined,
  toAt: string | undefined,
): Promise<Set<bigint>> {
  const { rows } = await db.query<{ position: bigint }>(
    'SELECT position FROM event WHERE position >= $1 AND position < $2 AND recorded_at BETWEEN $3 AND $4',
    [from, until, fromAt ?? null, toAt ?? null],
  );
  return new Set(rows.map((row) => row.position));
}
