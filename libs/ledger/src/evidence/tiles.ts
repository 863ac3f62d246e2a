import { HASH_BYTES, hashesOf, joinSubtrees, nodeHash, TILE_WIDTH, TreeEdge, tileWidth } from '../merkle.js';
import { isEqual } from '../proofs.js';
import { toHex } from '../text-bytes.js';
import { tilePath } from '../tile-path.js';
import type { CheckedTile } from './jobs.js';
import { Fault, type Findings } from './report.js';

// The tiles of a bundle in brief: those that hold the leaves that are there, the tiles above them up to the root, and the unfinished tile of
// each level. Every leaf is compared with its tile, every full tile with its hash in the one above, and the root follows from the unfinished
// ones. So a leaf that is another leads to another root, and a tile too few or too many is seen.

/** A full tile of the level below. */
interface Child {
  index: number;
  root: Uint8Array;
}

/** Leads leaves up to the root. Keeps one hash for each full tile of the level that is read. */
export class TileChecker {
  private current: CheckedTile | undefined;
  private children: Child[] = [];
  private tiles = 0;

  /**
   * @param size of the tree
   * @param source tiles in ascending order of level and index
   */
  constructor(
    private readonly size: number,
    private readonly source: AsyncIterator<CheckedTile, void, void>,
    private readonly findings: Findings,
  ) {}

  /** Number of tiles read. */
  get count(): number {
    return this.tiles;
  }

  /**
   * Compares leaves with their tiles.
   * @param first position of the first; it must lie behind all before
   * @param hashes of adjoining leaves
   */
  async leaves(first: number, hashes: Uint8Array): Promise<void> {
    for (let at = 0; at < hashes.length; ) {
      const position = first + at / HASH_BYTES;
      const index = Math.floor(position / TILE_WIDTH);
      if (this.current?.index !== index) await this.enter(index);
      const tile = this.current!;
      const from = (position - index * TILE_WIDTH) * HASH_BYTES;
      const length = Math.min(hashes.length - at, tile.hashes.length - from);
      if (length <= 0) throw new Fault('anchor', `position ${position} lies behind the anchor`, 'runs.ndjson');
      if (!isEqual(hashes.subarray(at, at + length), tile.hashes.subarray(from, from + length))) {
        this.differing(position, hashes.subarray(at, at + length), tile.hashes.subarray(from, from + length));
      }
      at += length;
    }
  }

  private differing(first: number, found: Uint8Array, told: Uint8Array): void {
    for (let at = 0; at < found.length; at += HASH_BYTES) {
      if (isEqual(found.subarray(at, at + HASH_BYTES), told.subarray(at, at + HASH_BYTES))) continue;
      const position = first + at / HASH_BYTES;
      this.findings.problem(
        'tile-leaf',
        `the leaf at position ${position} is not the one in the tree`,
        `position ${position}`,
      );
    }
  }

  private async enter(index: number): Promise<void> {
    if (this.current && index < this.current.index) {
      throw new Fault('run-order', 'runs do not stand in the order of their positions', 'runs.ndjson');
    }
    await this.enterAbove(0, index);
  }

  private async next(level: number, index: number): Promise<CheckedTile> {
    const width = tileWidth(level, index, this.size);
    const wanted = width === 0 ? `${level}/${index}` : tilePath({ level, index, width });
    const { value } = await this.source.next();
    if (!value) throw new Fault('tile-set', `the tile ${wanted} is not there`, 'tiles.ndjson');
    if (value.level !== level || value.index !== index || value.width !== width) {
      throw new Fault('tile-set', `the tile ${tilePath(value)} stands where ${wanted} should`, 'tiles.ndjson');
    }
    this.tiles += 1;
    return value;
  }

  /** Goes up to the root and compares it, after the last leaf. */
  async finish(root: Uint8Array): Promise<void> {
    const edge: Uint8Array[][] = [];
    let atLevel = this.size;
    for (let level = 0; atLevel > 0; level++, atLevel = Math.floor(atLevel / TILE_WIDTH)) {
      const edgeIndex = atLevel % TILE_WIDTH === 0 ? undefined : Math.floor(atLevel / TILE_WIDTH);
      if (level > 0) await this.climb(level, edgeIndex);
      else if (edgeIndex !== undefined && this.current?.index !== edgeIndex) await this.enter(edgeIndex);
      edge.push(edgeIndex === undefined ? [] : hashesOf(this.current!.hashes));
    }
    const rest = await this.source.next();
    if (rest.value) throw new Fault('tile-set', `the tile ${tilePath(rest.value)} has no place here`, 'tiles.ndjson');
    const found = TreeEdge.of(this.size, edge).root();
    if (!isEqual(found, root)) {
      this.findings.problem(
        'tile-root',
        `the tiles lead to the root ${toHex(found)}, the anchor says ${toHex(root)}`,
        'tiles.ndjson',
      );
    }
  }

  /** Reads a level: the tiles above full ones, and the unfinished one, which comes last and stays the current one. */
  private async climb(level: number, edgeIndex: number | undefined): Promise<void> {
    const below = this.children;
    this.children = [];
    let tile: CheckedTile | undefined;
    for (const { index, root } of below) {
      const parent = Math.floor(index / TILE_WIDTH);
      if (tile?.index !== parent) tile = await this.enterAbove(level, parent);
      const at = (index - parent * TILE_WIDTH) * HASH_BYTES;
      if (isEqual(root, tile.hashes.subarray(at, at + HASH_BYTES))) continue;
      const what = `the tile ${tilePath({ level: level - 1, index, width: TILE_WIDTH })} is not the one in the tree`;
      this.findings.problem('tile-parent', what, 'tiles.ndjson');
    }
    if (edgeIndex !== undefined && tile?.index !== edgeIndex) await this.enterAbove(level, edgeIndex);
  }

  private async enterAbove(level: number, index: number): Promise<CheckedTile> {
    const tile = await this.next(level, index);
    if (tile.root) this.children.push({ index, root: tile.root });
    this.current = tile;
    return tile;
  }
}

/** The roots that a tree has while it grows leaf by leaf, at sizes that are asked for. */
export class GrowingRoot {
  /** Roots of the perfect subtrees, the largest first. */
  private readonly subtrees: Uint8Array[] = [];
  private size = 0;
  private readonly wanted: number[];
  /** By size. */
  readonly roots = new Map<number, Uint8Array>();

  constructor(sizes: Iterable<number>) {
    this.wanted = [...new Set(sizes)].filter((size) => size > 0).sort((one, other) => one - other);
  }

  /** @param first position; leaves that do not follow those before are passed over, and so is all behind them */
  leaves(first: number, hashes: Uint8Array): void {
    if (first !== this.size) return;
    for (let at = 0; at < hashes.length && this.wanted.length > 0; at += HASH_BYTES) {
      this.append(hashes.subarray(at, at + HASH_BYTES));
      if (this.size === this.wanted[0]) this.roots.set(this.wanted.shift()!, joinSubtrees(this.subtrees));
    }
  }

  private append(leaf: Uint8Array): void {
    let hash = leaf;
    for (let rest = this.size; rest % 2 === 1; rest = Math.floor(rest / 2)) hash = nodeHash(this.subtrees.pop()!, hash);
    this.subtrees.push(hash);
    this.size += 1;
  }
}
