import type { Epoch } from '#events';
import { decodeLeaves } from '#ledger';
import type { Queryable } from './pool.js';

/**
 * Event hashes of the numbers `from … to` (both inclusive) of an epoch, from leaf data, so also of what a purge removed.
 * Numbers that the record does not hold are left out.
 */
export async function readRecordedHashes(
  db: Queryable,
  epoch: Epoch,
  from: number,
  to: number,
): Promise<Map<number, Buffer>> {
  const { rows } = await db.query<{ leaf_data: Buffer }>(
    `SELECT leaf_data FROM run WHERE epoch = $1 AND first_seq <= $3
        AND first_seq >= coalesce((SELECT max(first_seq) FROM run WHERE epoch = $1 AND first_seq <= $2), 0)`,
    [epoch, from, to],
  );
  const hashes = new Map<number, Buffer>();
  for (const leaf of rows.flatMap((row) => decodeLeaves(row.leaf_data))) {
    if (leaf.seq >= from && leaf.seq <= to) hashes.set(leaf.seq, leaf.eventHash);
  }
  return hashes;
}
