import type pg from 'pg';

/** One destination, as `GET /v1/status` shows it. */
export interface DestinationStatus {
  destination: string;
  state: string;
  /** Of the last answer, where it was a failure. */
  reason: string | null;
  since: string;
  lanes: { lane: string; position: bigint; behind: bigint }[];
  /** Unsettled batches by state. */
  batches: Record<string, number>;
  /** When the oldest event was recorded that is not known to be delivered; null: nothing is behind. */
  oldestUndeliveredAt: string | null;
  deadLetters: number;
}

/** Every destination in the delivery ledger; none where no forwarder ever ran. Reads open ranges and batches only. */
export async function readDeliveryStatus(pool: pg.Pool): Promise<DestinationStatus[]> {
  const { rows: tables } = await pool.query<{ present: boolean }>(
    `SELECT to_regclass('delivery_destination') IS NOT NULL AS present`,
  );
  if (!tables[0]?.present) return [];
  const { rows } = await pool.query<
    Omit<DestinationStatus, 'lanes'> & { lanes: { lane: string; position: string; behind: string }[] }
  >(`
    WITH head AS (SELECT size FROM log_head),
    lane AS (
      SELECT destination, lane, min(next_pos) AS position,
             sum(greatest(coalesce(to_pos, size) - next_pos, 0))::bigint AS behind
        FROM delivery_range, head WHERE to_pos IS NULL OR next_pos < to_pos GROUP BY destination, lane),
    batch AS (
      SELECT destination, state, count(*)::int AS count, min(from_pos) AS from_pos
        FROM delivery_batch WHERE state IN ('due', 'sending', 'paused', 'doubt') GROUP BY destination, state),
    oldest AS (
      SELECT destination, min(position) AS position FROM (
        SELECT destination, from_pos AS position FROM batch
        UNION ALL SELECT destination, position FROM lane WHERE behind > 0) AS waiting GROUP BY destination)
    SELECT d.destination, d.state, d.reason, to_char(d.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since,
           coalesce((SELECT json_agg(json_build_object('lane', lane, 'position', position::text, 'behind', behind::text)
                                     ORDER BY lane) FROM lane WHERE lane.destination = d.destination), '[]') AS lanes,
           coalesce((SELECT json_object_agg(batch.state, count) FROM batch WHERE batch.destination = d.destination),
                    '{}') AS batches,
           to_char((SELECT recorded_at FROM run WHERE first_position <= o.position ORDER BY first_position DESC LIMIT 1)
                     AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "oldestUndeliveredAt",
           (SELECT count(*)::int FROM dead_letter WHERE dead_letter.destination = d.destination
               AND dead_letter.state = 'open') AS "deadLetters"
      FROM delivery_destination d LEFT JOIN oldest o USING (destination) ORDER BY d.destination`);
  return rows.map(({ lanes, ...destination }) => ({
    ...destination,
    lanes: lanes.map(({ lane, position, behind }) => ({ lane, position: BigInt(position), behind: BigInt(behind) })),
  }));
}
