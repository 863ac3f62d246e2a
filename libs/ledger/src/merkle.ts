import { sha256, sha256Into } from './chain.js';
import { LedgerError } from './errors.js';
import { fastView } from './native-bytes.js';
import { joinBytes } from './text-bytes.js';

// The Merkle tree of RFC 6962, section 2.1, kept in tiles of height 8 (C2SP tlog-tiles): https://c2sp.org/tlog-tiles (read 2026-11-29).
// Sizes and positions are numbers up to 2^53: no bit operators here, which would cut them to 32 bits.

export const HASH_BYTES = 32;
/** Hashes of a full tile. */
export const TILE_WIDTH = 256;

const INNER = 1;
const scratch = new Uint8Array(1 + 2 * HASH_BYTES).fill(INNER);

/** Root of the tree without leaves: the hash of nothing. */
export const EMPTY_ROOT: Buffer = sha256();

/** RFC 6962 hash of an inner node: SHA-256(0x01 | left | right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return sha256(scratch);
}

/**
 * Root over a power of two of adjoining hashes.
 * @param hashes one behind the other
 * @throws LEDGER_EDGE_MALFORMED
 */
export function perfectRoot(hashes: Uint8Array): Uint8Array {
  if (hashes.length < HASH_BYTES || !Number.isInteger(Math.log2(hashes.length / HASH_BYTES))) throw noHashes(hashes);
  const row = fastView(new Uint8Array(hashes));
  for (let length = row.length; length > HASH_BYTES; length /= 2) {
    // Each pair makes way for its node, which takes half the room.
    for (let at = 0; at < length; at += 2 * HASH_BYTES) {
      scratch.set(row.subarray(at, at + 2 * HASH_BYTES), 1);
      sha256Into(scratch, row, at / 2);
    }
  }
  return new Uint8Array(row.subarray(0, HASH_BYTES));
}

/** Root of a tree from the roots of its perfect subtrees, the largest first. */
export function joinSubtrees(subtrees: readonly Uint8Array[]): Uint8Array {
  if (subtrees.length === 0) return EMPTY_ROOT;
  return subtrees.reduceRight((right, left) => nodeHash(left, right));
}

/** The largest power of two below `size`, which is at least 2. */
export function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** How many hashes the tile has in a tree of `size` leaves: 0 where it is not there, 256 where it is full. */
export function tileWidth(level: number, index: number, size: number): number {
  const atLevel = Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, atLevel - index * TILE_WIDTH));
}

/** A full tile. */
export interface Tile {
  level: number;
  index: number;
  /** 256 hashes, one behind the other. */
  hashes: Buffer;
}

/**
 * The right edge of a tree that grows: the hashes of its unfinished tiles. All that is needed to append leaves, to cut full tiles, and
 * to know the root.
 */
export class TreeEdge {
  private constructor(
    private leaves: number,
    private readonly levels: Uint8Array[][],
  ) {}

  static empty(): TreeEdge {
    return new TreeEdge(0, []);
  }

  /**
   * The edge of a tree of `size` leaves.
   * @param levels for each level from 0, the hashes of its unfinished tile; missing levels are empty
   * @throws LEDGER_EDGE_MALFORMED where their numbers do not fit the size
   */
  static of(size: number, levels: readonly (readonly Uint8Array[])[]): TreeEdge {
    const own: Uint8Array[][] = [];
    for (let level = 0, above = size; above > 0; level++, above = Math.floor(above / TILE_WIDTH)) {
      const hashes = levels[level] ?? [];
      if (hashes.length !== above % TILE_WIDTH) {
        throw new LedgerError({
          code: 'LEDGER_EDGE_MALFORMED',
          message: `the edge of a tree of ${size} has ${hashes.length} hashes at level ${level}, not ${above % TILE_WIDTH}`,
          remedy:
            'The tiles were changed or are incomplete: compare them with a backup, and with the checkpoints at Datadog.',
          retry: 'never',
        });
      }
      own.push([...hashes]);
    }
    return new TreeEdge(size, own);
  }

  get size(): number {
    return this.leaves;
  }

  /** The same edge, to be appended to without changing this one. */
  clone(): TreeEdge {
    return new TreeEdge(
      this.leaves,
      this.levels.map((hashes) => [...hashes]),
    );
  }

  /** Adds a leaf's hash. @param full gets the tiles that it fills */
  append(leaf: Uint8Array, full: Tile[]): void {
    this.leaves += 1;
    let carried: Uint8Array | undefined = leaf;
    for (let level = 0; carried; level++) {
      let hashes = this.levels[level];
      if (!hashes) {
        hashes = [];
        this.levels.push(hashes);
      }
      hashes.push(carried);
      carried = undefined;
      if (hashes.length < TILE_WIDTH) continue;
      const tile = Buffer.concat(hashes);
      full.push({ level, index: Math.floor(this.leaves / TILE_WIDTH ** (level + 1)) - 1, hashes: tile });
      carried = perfectRoot(tile);
      this.levels[level] = [];
    }
  }

  /** Roots of the perfect subtrees that make up the tree, the largest first: one for each bit of its size. */
  subtrees(): Uint8Array[] {
    const roots: Uint8Array[] = [];
    for (const hashes of this.levels.toReversed()) {
      for (let at = 0, width = TILE_WIDTH / 2; width >= 1; width /= 2) {
        if (Math.floor(hashes.length / width) % 2 === 0) continue;
        roots.push(perfectRoot(joinBytes(...hashes.slice(at, at + width))));
        at += width;
      }
    }
    return roots;
  }

  root(): Uint8Array {
    return joinSubtrees(this.subtrees());
  }
}

/** Hashes that lie one behind the other, as views. @throws LEDGER_EDGE_MALFORMED */
export function hashesOf(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length % HASH_BYTES !== 0) throw noHashes(bytes);
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES));
  return hashes;
}

function noHashes(bytes: Uint8Array): LedgerError {
  return new LedgerError({
    code: 'LEDGER_EDGE_MALFORMED',
    message: `${bytes.length} bytes are not the hashes of a tile, nor a half, a quarter and so on of them`,
    remedy: 'Compare the row with a backup: a hash has 32 bytes, and a full tile has 256 of them.',
    retry: 'never',
  });
}
