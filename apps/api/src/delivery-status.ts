import type pg from 'pg';
import { deliveryStatus, OPEN_STATES } from '#delivery';

/** One destination, as `GET /v1/status` shows it. */
export interface DestinationStatus {
  destination: string;
  state: string;
  /** Of the last answer, where it was a failure. */
  reason: string | null;
  since: string;
  /** `behind`: positions that the destination has not accepted yet. */
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
  const destinations = new Map<string, DestinationStatus>();
  for (const row of await deliveryStatus(pool)) {
    const { destination, state, reason, since, deadLetters } = row;
    const known = destinations.get(destination) ?? {
      destination,
      state,
      reason,
      since,
      lanes: [],
      batches: {},
      oldestUndeliveredAt: null,
      deadLetters,
    };
    destinations.set(destination, known);
    known.lanes.push({ lane: row.lane, position: row.cursor, behind: row.lagPositions });
    for (const batchState of OPEN_STATES) {
      if (row[batchState] > 0) known.batches[batchState] = (known.batches[batchState] ?? 0) + row[batchState];
    }
    const oldest = row.oldestUndeliveredAt;
    // RFC 3339 in one zone and one precision: the order of the texts is that of the instants.
    if (oldest && (!known.oldestUndeliveredAt || oldest < known.oldestUndeliveredAt))
      known.oldestUndeliveredAt = oldest;
  }
  return [...destinations.values()];
}
