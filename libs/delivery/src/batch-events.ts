import type pg from 'pg';
import { type RecordedEvent, scanEvents } from '#record';
import type { ClaimedBatch } from './ledger.js';
import type { Selections } from './selection.js';

/** What decides which events a batch holds. */
export type BatchContent = Pick<
  ClaimedBatch,
  'destination' | 'filterVersion' | 'plan' | 'fromPos' | 'toPos' | 'count' | 'only'
>;

/** The events that a batch was cut from, as far as retention left them. */
export async function batchEvents(
  pool: pg.Pool,
  selections: Selections,
  batch: BatchContent,
): Promise<RecordedEvent[]> {
  const wants = await selections.of(pool, batch);
  const limit = Number(batch.toPos - batch.fromPos);
  const client = await pool.connect();
  try {
    const read = await scanEvents(client, { after: batch.fromPos - 1n, until: batch.toPos, limit });
    const only = batch.only && new Set(batch.only);
    return read.filter((event) => wants(event) && (!only || only.has(String(event.position))));
  } finally {
    client.release();
  }
}
