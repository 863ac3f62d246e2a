import {
  HASH_BYTES,
  hashesOf,
  joinSubtrees,
  leafHash,
  perfectRoot,
  sha256,
  splitLeaves,
  TILE_WIDTH,
  type Tile,
  type TileSource,
  TreeEdge,
  toHex,
} from '#ledger';
import { RecordError } from './errors.js';
import type { Head } from './head.js';
import type { Queryable } from './pool.js';

// Where the Merkle tree lies: full tiles in merkle_tile, leaves in `run`; an unfinished tile follows from the level below it. log_head
// holds the roots of the perfect subtrees, which give the root at the head without reading any of it.

/** Root of the tree over the first `treeSize` positions. */
export function rootOfHead(head: Pick<Head, 'rootEdge'>): Uint8Array {
  return joinSubtrees(hashesOf(head.rootEdge));
}

/** What is kept of an edge in log_head. */
export function encodeEdge(edge: TreeEdge): Buffer {
  return Buffer.concat(edge.subtrees());
}

/** Writes full tiles, in the caller's transaction. */
export async function writeTiles(db: Queryable, tiles: readonly Tile[]): Promise<void> {
  await db.query(
    'INSERT INTO merkle_tile (level, index, hashes) SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])',
    [tiles.map((tile) => tile.level), tiles.map((tile) => tile.index), tiles.map((tile) => tile.hashes)],
  );
}

/**
 * Leaf data of the positions `[from, to)`, which all lie below the head: also of what a purge removed.
 * @throws RECORD_LEAVES_MISSING
 */
export async function readLeaves(db: Queryable, from: number, to: number): Promise<Buffer[]> {
  if (to <= from) return [];
  const { rows } = await db.query<{ first: bigint; leaf_data: Buffer }>(
    `SELECT first_position AS first, leaf_data FROM run
      WHERE first_position >= coalesce((SELECT max(first_position) FROM run WHERE first_position <= $1), 0) AND first_position < $2
      ORDER BY first_position`,
    [from, to],
  );
  const leaves: Buffer[] = [];
  for (const row of rows) {
    const first = Number(row.first);
    const own = splitLeaves(row.leaf_data);
    const wanted = own.slice(Math.max(0, from - first), to - first);
    if (wanted.length > 0 && Math.max(first, from) !== from + leaves.length) break;
    leaves.push(...wanted);
  }
  if (leaves.length === to - from) return leaves;
  throw new RecordError({
    code: 'RECORD_LEAVES_MISSING',
    message: `leaf data of position ${from + leaves.length} is missing, or lies where another's should`,
    remedy:
      'Somebody changed the table run, or a disk did: restore it from a backup, and compare the record with the checkpoints at Datadog.',
    retry: 'never',
  });
}

/** A proof asks for the same few tiles again and again. */
const REMEMBERED_TILES = 16;

/**
 * Tiles as this database holds them. For one operation each: what it read it remembers.
 * @throws RECORD_TILE_MISSING, RECORD_LEAVES_MISSING
 */
export class StoredTiles implements TileSource {
  private readonly remembered = new Map<string, Promise<Uint8Array>>();

  constructor(private readonly db: Queryable) {}

  tile(level: number, index: number, width: number): Promise<Uint8Array> {
    const name = `${level}/${index}/${width}`;
    const known = this.remembered.get(name);
    if (known) return known;
    const [oldest] = this.remembered.keys();
    if (oldest !== undefined && this.remembered.size >= REMEMBERED_TILES) this.remembered.delete(oldest);
    const read = this.read(level, index, width);
    this.remembered.set(name, read);
    read.catch(() => this.remembered.delete(name));
    return read;
  }

  private async read(level: number, index: number, width: number): Promise<Uint8Array> {
    // What is unfinished in the tree of a checkpoint may be full by now: it begins with the same hashes.
    const { rows } = await this.db.query<{ hashes: Buffer }>(
      'SELECT hashes FROM merkle_tile WHERE level = $1 AND index = $2',
      [level, index],
    );
    if (rows[0]) return rows[0].hashes.subarray(0, width * HASH_BYTES);
    if (width === TILE_WIDTH) throw tileMissing(level, index);
    const first = index * TILE_WIDTH;
    if (level > 0) return Buffer.concat(await rootsOf(this.db, level - 1, first, first + width));
    const leaves = await readLeaves(this.db, first, first + width);
    return Buffer.concat(leaves.map(leafHash));
  }
}

/** Of tiles, by the SHA-256 of what they hold: that and nothing else decides which root a tile has. */
const knownRoots = new Map<string, Uint8Array>();
const MOST_KNOWN_ROOTS = 20_000;

/** Roots of the full tiles `[from, to)` of a level. A tile takes 255 hashes, so each is worked out once in the life of a process. */
async function rootsOf(db: Queryable, level: number, from: number, to: number): Promise<Uint8Array[]> {
  const { rows } = await db.query<{ index: bigint; digest: string }>(
    `SELECT index, encode(sha256(hashes), 'hex') AS digest FROM merkle_tile
      WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index`,
    [level, from, to],
  );
  const known = rows.map(({ digest }) => knownRoots.get(digest));
  const isGapless = rows.length === to - from && rows.every(({ index }, at) => index === BigInt(from + at));
  if (isGapless && known.every((root) => root !== undefined)) return known;
  const tiles = await tilesBetween(db, level, from, to);
  return tiles.map(({ hashes }) => {
    const digest = toHex(sha256(hashes));
    const root = knownRoots.get(digest) ?? perfectRoot(hashes);
    if (knownRoots.size >= MOST_KNOWN_ROOTS) knownRoots.clear();
    knownRoots.set(digest, root);
    return root;
  });
}

/** The full tiles `[from, to)` of a level. @throws RECORD_TILE_MISSING */
export async function tilesBetween(
  db: Queryable,
  level: number,
  from: number,
  to: number,
): Promise<{ index: number; hashes: Buffer }[]> {
  const { rows } = await db.query<{ index: bigint; hashes: Buffer }>(
    'SELECT index, hashes FROM merkle_tile WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index',
    [level, from, to],
  );
  return Array.from({ length: to - from }, (_, at) => {
    const row = rows[at];
    if (row?.index !== BigInt(from + at)) throw tileMissing(level, from + at);
    return { index: from + at, hashes: row.hashes };
  });
}

/**
 * The right edge of the tree, read from its tiles and held against what the head says of it.
 * @throws RECORD_TREE_DIFFERS, RECORD_TILE_MISSING, RECORD_LEAVES_MISSING
 */
export async function readEdge(db: Queryable, head: Pick<Head, 'treeSize' | 'rootEdge'>): Promise<TreeEdge> {
  const size = Number(head.treeSize);
  const tiles = new StoredTiles(db);
  const levels: Uint8Array[][] = [];
  for (let level = 0, above = size; above > 0; level++, above = Math.floor(above / TILE_WIDTH)) {
    const width = above % TILE_WIDTH;
    const index = Math.floor(above / TILE_WIDTH);
    levels.push(width === 0 ? [] : hashesOf(await tiles.tile(level, index, width)));
  }
  const edge = TreeEdge.of(size, levels);
  if (isEdgeOf(edge, head)) return edge;
  throw new RecordError({
    code: 'RECORD_TREE_DIFFERS',
    message: `the tiles of the first ${size} positions do not make up the tree that the head names`,
    remedy:
      'Somebody changed run, merkle_tile or log_head, or a disk did: restore them from a backup, and compare with the checkpoints at Datadog.',
    retry: 'never',
  });
}

/** True where the edge is the one that the head names. */
export function isEdgeOf(edge: TreeEdge, head: Pick<Head, 'treeSize' | 'rootEdge'>): boolean {
  return BigInt(edge.size) === head.treeSize && encodeEdge(edge).equals(head.rootEdge);
}

/** Most leaves that one step adds: some 50 ms. */
const STEP_LEAVES = 20_000;

/**
 * Brings the tree nearer to the head, where it is behind: over events that were recorded before there was a tree. Each step is a
 * transaction of its own, so it goes on where it stopped.
 * @param edge of the tree as it is; it is appended to
 * @param holder of the lease
 * @returns false where another writer moved the tree: nothing was done
 */
export async function extendTree(db: Queryable, edge: TreeEdge, size: bigint, holder: string): Promise<boolean> {
  const from = edge.size;
  const to = Math.min(from + STEP_LEAVES, Number(size));
  const tiles: Tile[] = [];
  for (const leaf of await readLeaves(db, from, to)) edge.append(leafHash(leaf), tiles);
  // One statement, so one transaction: the tiles are written if and only if the tree moves.
  const { rowCount } = await db.query(
    `WITH moved AS (
       UPDATE log_head SET tree_size = $1, root_edge = $2 WHERE tree_size = $3 AND lease_holder = $4 RETURNING 1
     ), added AS (
       INSERT INTO merkle_tile (level, index, hashes)
       SELECT t.* FROM unnest($5::smallint[], $6::bigint[], $7::bytea[]) AS t, moved)
     SELECT FROM moved`,
    [
      to,
      encodeEdge(edge),
      from,
      holder,
      tiles.map((tile) => tile.level),
      tiles.map((tile) => tile.index),
      tiles.map((tile) => tile.hashes),
    ],
  );
  return rowCount === 1;
}

function tileMissing(level: number, index: number): RecordError {
  return new RecordError({
    code: 'RECORD_TILE_MISSING',
    message: `tile ${index} of level ${level} is not there`,
    remedy: 'Restore the table merkle_tile from a backup; it follows from run, and is never purged.',
    retry: 'never',
  });
}
