import { inclusionProof } from '#ledger';
import { checkpointOver } from './checkpoints.js';
import { readLeaves, StoredTiles } from './merkle-tree.js';
import type { Queryable } from './pool.js';

/** That a position is part of what was signed. */
export interface Inclusion {
  /** What is kept of the event for ever, and hashed. */
  leaf: Buffer;
  /** Of the tree that the checkpoint is over. */
  size: bigint;
  /** The hashes that lead from the leaf to the root, the leaf's sibling first (RFC 6962, section 2.1.1). */
  path: Buffer[];
  /** The signed note. */
  checkpoint: string;
}

/**
 * The proof for one position, in the first checkpoint over it; undefined while none is.
 * @throws RECORD_TILE_MISSING, RECORD_LEAVES_MISSING
 */
export async function readInclusion(db: Queryable, position: bigint): Promise<Inclusion | undefined> {
  const checkpoint = await checkpointOver(db, position);
  if (!checkpoint) return undefined;
  const index = Number(position);
  const [leaf] = await readLeaves(db, index, index + 1);
  const path = await inclusionProof(new StoredTiles(db), index, Number(checkpoint.size));
  return {
    leaf: leaf!,
    size: checkpoint.size,
    path: path.map((hash) => Buffer.from(hash)),
    checkpoint: checkpoint.note,
  };
}
