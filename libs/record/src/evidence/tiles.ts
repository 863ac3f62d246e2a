import { encodeTileLine, TILE_WIDTH, tileWidth } from '#ledger';
import { StoredTiles, tilesBetween } from '../merkle-tree.js';
import type { Queryable } from '../pool.js';

/** Indexes of tiles: intervals, both ends inclusive, ascending and apart. */
export class TileSet {
  private readonly intervals: [from: number, to: number][] = [];

  /** Adds the tiles over these positions; calls come in order. */
  addPositions(first: number, last: number): void {
    this.add(Math.floor(first / TILE_WIDTH), Math.floor(last / TILE_WIDTH));
  }

  /** Adds an interval that does not begin before the last one did. */
  add(from: number, to: number): void {
    const last = this.intervals.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else this.intervals.push([from, to]);
  }

  get all(): readonly (readonly [number, number])[] {
    return this.intervals;
  }

  /** Of the level above, those over the full ones here. @param full number of full tiles of this level */
  above(full: number): TileSet {
    const above = new TileSet();
    for (const [from, to] of this.intervals) {
      const last = Math.min(to, full - 1);
      if (last >= from) above.addPositions(from, last);
    }
    return above;
  }
}

const PAGE = 256;

/**
 * Writes every tile on the way from these to the root of a tree of `size`, and the unfinished one of each level.
 * @returns how many
 */
export async function writeTileLines(
  db: Queryable,
  wanted: TileSet,
  size: number,
  write: (line: string) => Promise<void>,
): Promise<number> {
  const stored = new StoredTiles(db);
  let count = 0;
  let tiles = wanted;
  for (let level = 0, atLevel = size; atLevel > 0; level++, atLevel = Math.floor(atLevel / TILE_WIDTH)) {
    const full = Math.floor(atLevel / TILE_WIDTH);
    if (atLevel % TILE_WIDTH > 0) tiles.add(full, full);
    for (const [from, to] of tiles.all) {
      for (let at = from; at <= Math.min(to, full - 1); at += PAGE) {
        const end = Math.min(at + PAGE, to + 1, full);
        for (const { index, hashes } of await tilesBetween(db, level, at, end)) {
          await write(encodeTileLine({ level, index, width: TILE_WIDTH }, hashes));
          count += 1;
        }
      }
      if (to < full) continue;
      const width = tileWidth(level, full, size);
      await write(encodeTileLine({ level, index: full, width }, await stored.tile(level, full, width)));
      count += 1;
    }
    tiles = tiles.above(full);
  }
  return count;
}
