import type pg from 'pg';
import { type Epoch, instantOfMillis, microsOfInstant } from '#events';
import { encodeLeaf, eventHash } from '#ledger';

/** An event of the past, as its row in the record would be. */
export interface Backdated {
  class: string;
  /** When it was recorded, ms since 1970; rising. */
  atMs: number;
  /** By the producer's clock; default: when it was recorded. */
  occurredMs?: number;
  type?: string;
  session?: string;
  identity?: string;
  kind?: string;
  connection?: string;
  outcome?: string;
  /** The statement of a command. */
  text?: string;
}

const EPOCH = '00000000000000aa' as Epoch;

/**
 * Writes events of the past into a migrated record that no recorder uses: rows, leaf data, partitions, head. A recorder gives every
 * event the time of its clock, so a test that needs years has to write them itself, as the owner.
 * @returns their positions
 */
export async function recordBackdated(pool: pg.Pool, events: readonly Backdated[]): Promise<bigint[]> {
  const { rows: heads } = await pool.query<{ size: bigint }>('SELECT size FROM log_head');
  const first = heads[0]!.size;
  const rows = events.map((event, index) => {
    const position = first + BigInt(index);
    const at = instantOfMillis(event.atMs);
    const { text, ...facts } = event;
    const command = text === undefined ? {} : { type: 'command.issued', data: { statement: { text } } };
    const body = Buffer.from(JSON.stringify({ position: String(position), ...facts, ...command }));
    const leaf = encodeLeaf({
      recordedAtUs: microsOfInstant(at),
      class: event.class,
      epoch: EPOCH,
      seq: Number(position) + 1,
      eventHash: eventHash(body),
    });
    return { ...event, position, at, occurred: instantOfMillis(event.occurredMs ?? event.atMs), body, leaf };
  });
  for (const row of rows) {
    await pool.query(`SELECT ensure_partitions($1, $2, $2::timestamptz + interval '1 microsecond')`, [
      row.class,
      row.at,
    ]);
    await pool.query(
      `WITH stored AS (
         INSERT INTO event (class, recorded_at, position, node, epoch, seq, type, occurred_at, session_id, identity_id, identity_kind,
                            connection, outcome, body)
         VALUES ($1, $2, $3, 'past', $4, $14, $5, $6, $7, $8, $9, $10, $11, $12))
       INSERT INTO run (first_position, last_position, recorded_at, node, epoch, first_seq, leaf_data)
       VALUES ($3, $3, $2, 'past', $4, $14, $13)`,
      [
        row.class,
        row.at,
        row.position,
        EPOCH,
        row.type ?? 'command.issued',
        row.occurred,
        row.session ?? null,
        row.identity ?? null,
        row.kind ?? null,
        row.connection ?? null,
        row.outcome ?? null,
        row.body,
        row.leaf,
        row.position + 1n,
      ],
    );
  }
  const last = rows.at(-1);
  if (last) {
    await pool.query('UPDATE log_head SET size = $1, recorded_at = greatest(recorded_at, $2)', [
      last.position + 1n,
      last.at,
    ]);
  }
  return rows.map((row) => row.position);
}
