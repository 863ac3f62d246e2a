import { instantSql, type Queryable } from '#record';

const PAGE = 1_000;

/** What a destination was told in one request, as the ledger has it; plain JSON, positions as digits. */
export interface BatchReceipt {
  destination: string;
  lane: string;
  batch: string;
  from: string;
  /** Exclusive. */
  to: string;
  count: number;
  /** SHA-256 over the ids of its events, a line each; hexadecimal. */
  idsDigest: string;
  state: string;
  attempts: unknown;
  settledAt: string | null;
  observedAt: string | null;
}

/** The batches that overlap the positions `[from, to)`, in the order in which they were cut. */
export async function* batchReceipts(db: Queryable, from: bigint, to: bigint): AsyncGenerator<BatchReceipt> {
  let after = 0n;
  for (;;) {
    const { rows } = await db.query<BatchReceipt & { id: bigint }>(
      `SELECT b.id, b.destination, b.lane, b.id::text AS batch, b.from_pos::text AS "from", b.to_pos::text AS "to", b.count,
              encode(b.ids_digest, 'hex') AS "idsDigest", b.state, b.attempts, ${instantSql('b.settled_at')} AS "settledAt",
              ${instantSql('b.observed_at')} AS "observedAt"
         FROM delivery_batch b
        WHERE b.id > $1 AND int8range(b.from_pos, b.to_pos) && int8range($2, $3) ORDER BY b.id LIMIT ${PAGE}`,
      [after, from, to],
    );
    for (const { id: _, ...receipt } of rows) yield receipt;
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.id;
  }
}
