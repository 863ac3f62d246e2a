import { consistencyProof, encodeCheckpointLine } from '#ledger';
import { StoredTiles } from '../merkle-tree.js';
import type { Queryable } from '../pool.js';

/** More are thinned out: the first and the last of each generation stay. */
const MOST_LINES = 1_000;

/** Where a generation began: the event that says so, and the size from which it goes its own way. */
export interface Restoration {
  generation: number;
  event: string;
  to: number;
}

interface Signed {
  generation: number;
  size: bigint;
  note: string;
}

/**
 * Writes the checkpoints up to the anchor, each with the proof that it continues the one before.
 * @returns how many
 */
export async function writeCheckpointLines(
  db: Queryable,
  anchor: { generation: number; size: bigint },
  restorations: readonly Restoration[],
  write: (line: string) => Promise<void>,
): Promise<number> {
  const { rows } = await db.query<Signed>(
    `SELECT generation, size, note FROM checkpoint WHERE (generation, size) <= ($1, $2) ORDER BY generation, size`,
    [anchor.generation, anchor.size],
  );
  const tiles = new StoredTiles(db);
  let continued: Signed[] = [];
  const chosen = thinned(rows);
  for (const signed of chosen) {
    const before = continued.at(-1);
    const begins = before !== undefined && signed.generation > before.generation;
    const restoration = begins ? restorations.find((one) => one.generation === signed.generation) : undefined;
    if (restoration) continued = continued.filter((one) => Number(one.size) <= restoration.to);
    const base = continued.at(-1);
    const proof = base ? await consistencyProof(tiles, Number(base.size), Number(signed.size)) : [];
    await write(
      encodeCheckpointLine({ note: signed.note, proof, ...(restoration ? { restored: restoration.event } : {}) }),
    );
    continued.push(signed);
  }
  return chosen.length;
}

function thinned(all: readonly Signed[]): Signed[] {
  if (all.length <= MOST_LINES) return [...all];
  const step = Math.ceil(all.length / MOST_LINES);
  return all.filter(
    (one, at) =>
      at % step === 0 || all[at - 1]?.generation !== one.generation || all[at + 1]?.generation !== one.generation,
  );
}
