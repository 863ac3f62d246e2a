import { EMPTY_ROOT, HASH_BYTES, largestPowerBelow, nodeHash, perfectRoot, TILE_WIDTH, tileWidth } from './merkle.js';

// Proofs of RFC 6962, sections 2.1.1 and 2.1.2; verified as RFC 9162, sections 2.1.3.2 and 2.1.4.2, say.

/** Where tiles are read from. */
export interface TileSource {
  /** The first `width` hashes of a tile, one behind the other. */
  tile(level: number, index: number, width: number): Promise<Uint8Array>;
}

/** Root over the leaves `[0, size)`. */
export async function treeRoot(tiles: TileSource, size: number): Promise<Uint8Array> {
  return size === 0 ? EMPTY_ROOT : rangeHash(tiles, size, 0, size);
}

/**
 * The hashes that lead from a leaf to the root: the leaf's sibling first.
 * @param index position of the leaf, below `size`
 */
export async function inclusionProof(tiles: TileSource, index: number, size: number): Promise<Uint8Array[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} does not lie in a tree of ${size}`);
  const path: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    if (index < middle) {
      path.push(await rangeHash(tiles, size, middle, to));
      to = middle;
    } else {
      path.push(await rangeHash(tiles, size, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** The hashes that show a tree of `second` leaves to continue the one of `first`; none where they are equal or `first` is 0. */
export async function consistencyProof(tiles: TileSource, first: number, second: number): Promise<Uint8Array[]> {
  if (!(first >= 0 && first <= second)) throw new RangeError(`a tree of ${second} does not continue one of ${first}`);
  if (first === 0 || first === second) return [];
  const path: Uint8Array[] = [];
  let from = 0;
  let to = second;
  // True while the subtree looked at is one that whoever knows the first root can name himself.
  let isOwn = true;
  while (first !== to) {
    const middle = from + largestPowerBelow(to - from);
    if (first <= middle) {
      path.push(await rangeHash(tiles, second, middle, to));
      to = middle;
    } else {
      path.push(await rangeHash(tiles, second, from, middle));
      from = middle;
      isOwn = false;
    }
  }
  if (!isOwn) path.push(await rangeHash(tiles, second, from, to));
  return path.reverse();
}

/** Root over the leaves `[from, to)` of a tree of `size`, a range that its recursion comes upon. */
async function rangeHash(tiles: TileSource, size: number, from: number, to: number): Promise<Uint8Array> {
  const count = to - from;
  const power = count === 1 ? 1 : 2 * largestPowerBelow(count);
  if (power === count) return perfectHash(tiles, size, from, count);
  const middle = from + power / 2;
  return nodeHash(await rangeHash(tiles, size, from, middle), await rangeHash(tiles, size, middle, to));
}

async function perfectHash(tiles: TileSource, size: number, from: number, count: number): Promise<Uint8Array> {
  let level = 0;
  let width = count;
  // A full tile is one hash of the level above; there it may stand in an unfinished tile.
  while (width >= TILE_WIDTH) {
    width /= TILE_WIDTH;
    level += 1;
  }
  const first = from / TILE_WIDTH ** level;
  const index = Math.floor(first / TILE_WIDTH);
  const at = first - index * TILE_WIDTH;
  const bytes = await tiles.tile(level, index, tileWidth(level, index, size));
  return perfectRoot(bytes.subarray(at * HASH_BYTES, (at + width) * HASH_BYTES));
}

/**
 * The root that this proof leads to from this leaf; undefined where the proof has the wrong length for such a tree.
 * @param leaf hash of the leaf
 */
export function rootFromInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!(index >= 0 && index < size)) return undefined;
  const sides = sidesOf(index, size - 1, path.length);
  if (!sides) return undefined;
  return path.reduce(
    (hash, sibling, at) => (sides[at] === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling)),
    leaf,
  );
}

/**
 * On which side each hash of a path stands, from the bottom; undefined where such a path has another length.
 * @param index of the node where the path begins, in its row
 * @param lastIndex of the last node in that row
 */
function sidesOf(index: number, lastIndex: number, length: number): ('left' | 'right')[] | undefined {
  const sides: ('left' | 'right')[] = [];
  let at = index;
  let last = lastIndex;
  while (sides.length < length) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      sides.push('left');
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      sides.push('right');
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? sides : undefined;
}

/** True where the proof shows that the tree of `second` leaves continues the one of `first`. */
export function isConsistent(
  first: { size: number; root: Uint8Array },
  second: { size: number; root: Uint8Array },
  path: readonly Uint8Array[],
): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return path.length === 0 && isEqual(first.root, second.root);
  if (first.size === 0) return path.length === 0 && isEqual(first.root, EMPTY_ROOT);
  const power = largestPowerBelow(first.size + 1);
  const [start, ...rest] = power === first.size ? [first.root, ...path] : path;
  if (!start) return false;
  let at = first.size - 1;
  let last = second.size - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  const sides = sidesOf(at, last, rest.length);
  if (!sides) return false;
  let one = start;
  let other = start;
  for (const [step, hash] of rest.entries()) {
    if (sides[step] === 'left') {
      one = nodeHash(hash, one);
      other = nodeHash(hash, other);
    } else {
      other = nodeHash(other, hash);
    }
  }
  return isEqual(one, first.root) && isEqual(other, second.root);
}

export function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && isEqualAt(one, 0, other, 0, one.length);
}

/** Whether `length` bytes are the same, from a place in one and a place in the other. */
export function isEqualAt(one: Uint8Array, oneAt: number, other: Uint8Array, otherAt: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (one[oneAt + at] !== other[otherAt + at]) return false;
  return true;
}
