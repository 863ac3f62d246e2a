import { decodeEvent, instantOfMicros } from '#events';
import {
  decodeLeaves,
  eventHash,
  HASH_BYTES,
  hashesOf,
  type Leaf,
  leafHash,
  perfectRoot,
  splitLeaves,
  TILE_WIDTH,
  toHex,
} from '#ledger';
import { RecordError } from './errors.js';
import { instantSql } from './head.js';
import type { Queryable } from './pool.js';
import { type RecordedEvent, readEvents } from './read-events.js';
import { derivedColumns, QUARANTINED } from './recorded-row.js';

// A stretch of the record, read again and held against itself: rows against leaf data (hash of the bytes, and every column), leaf data
// against the hash tiles, tiles against the level above. What a purge removed has no row, and its purge says so; anything else that is
// not there is missing.

export type DifferenceCode =
  /** Leaf data of a position is not there, or cannot be read. */
  | 'leaf-missing'
  /** Leaf data, or the run around it, contradicts itself. */
  | 'leaf-altered'
  /** The hash of leaf data is not the one in the tree. */
  | 'tree-differs'
  /** A row's bytes are not those that were hashed. */
  | 'bytes-altered'
  /** A row's column says something else than its bytes and leaf data. */
  | 'column-altered'
  /** No row, and no purge that took it. */
  | 'row-missing'
  /** Numbers or chains of a producer do not lead to what it signed: something was left out, put in, or changed. */
  | 'run-differs'
  /** A checkpoint is of another tree, or nobody's. */
  | 'checkpoint-differs';

/** Something that is not as it was recorded. */
export interface Difference {
  position: bigint;
  code: DifferenceCode;
  /** For people: what differs. Nothing of an event's content. */
  message: string;
}

interface Run {
  first: bigint;
  recordedAt: string;
  node: string;
  epoch: string;
  firstSeq: bigint;
  leafData: Buffer;
}

/** A leaf, and the run that it lies in. */
interface Placed {
  leaf: Leaf;
  data: Buffer;
  node: string;
}

/**
 * Reads the positions `[from, to)` again.
 * @param from a multiple of 256
 * @param to likewise, or the size of the tree
 * @returns what differs, in order; nothing where all is as it was recorded
 */
export async function verifyPositions(db: Queryable, from: number, to: number): Promise<Difference[]> {
  const differences: Difference[] = [];
  const places = await readPlaces(db, from, to, differences);
  await judgeTiles(db, from, to, places, differences);
  await judgeRows(db, from, to, places, differences);
  return differences.sort((one, other) => Number(one.position - other.position));
}

async function readPlaces(db: Queryable, from: number, to: number, found: Difference[]): Promise<Map<number, Placed>> {
  const { rows } = await db.query<Run>(
    `SELECT first_position AS first, ${instantSql('recorded_at')} AS "recordedAt", node, epoch, first_seq AS "firstSeq", leaf_data AS "leafData"
       FROM run WHERE first_position >= coalesce((SELECT max(first_position) FROM run WHERE first_position <= $1), 0)
                  AND first_position < $2 ORDER BY first_position`,
    [from, to],
  );
  const places = new Map<number, Placed>();
  for (const run of rows) placeRun(run, from, to, places, found);
  for (let position = from; position < to; position++) {
    if (!places.has(position)) found.push(difference(position, 'leaf-missing', 'there is no leaf data of it'));
  }
  return places;
}

function placeRun(run: Run, from: number, to: number, places: Map<number, Placed>, found: Difference[]): void {
  let data: Buffer[];
  let leaves: Leaf[];
  try {
    data = splitLeaves(run.leafData);
    leaves = decodeLeaves(run.leafData);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Which of them it is nobody can tell: the first that belongs here stands for the run.
    const position = Math.max(from, Number(run.first));
    found.push(difference(position, 'leaf-altered', `the run from ${run.first} cannot be read: ${error.message}`));
    return;
  }
  for (const [at, leaf] of leaves.entries()) {
    const position = Number(run.first) + at;
    if (position < from || position >= to) continue;
    const place = places.get(position);
    const says =
      leaf.epoch !== run.epoch || leaf.seq !== Number(run.firstSeq) + at
        ? 'its run'
        : instantOfMicros(leaf.recordedAtUs) !== run.recordedAt
          ? 'the time of its run'
          : undefined;
    if (place) found.push(difference(position, 'leaf-altered', 'two runs claim it'));
    if (says) found.push(difference(position, 'leaf-altered', `its leaf data and ${says} disagree`));
    places.set(position, { leaf, data: data[at]!, node: run.node });
  }
}

/** Leaf hashes against full tiles of level 0, and those against the level above. What no full tile is over yet, the root covers. */
async function judgeTiles(
  db: Queryable,
  from: number,
  to: number,
  places: ReadonlyMap<number, Placed>,
  found: Difference[],
): Promise<void> {
  const first = from / TILE_WIDTH;
  const last = Math.floor(to / TILE_WIDTH);
  if (last <= first) return;
  const { rows } = await db.query<{ index: bigint; hashes: Buffer; above: Buffer | null }>(
    `SELECT t.index, t.hashes, u.hashes AS above FROM merkle_tile t
       LEFT JOIN merkle_tile u ON u.level = 1 AND u.index = t.index / ${TILE_WIDTH}
      WHERE t.level = 0 AND t.index >= $1 AND t.index < $2`,
    [first, last],
  );
  const tiles = new Map(rows.map((row) => [Number(row.index), row]));
  for (let index = first; index < last; index++) {
    const start = index * TILE_WIDTH;
    const tile = tiles.get(index);
    if (!tile) {
      found.push(
        difference(start, 'tree-differs', `the tile over it and the ${TILE_WIDTH - 1} behind it is not there`),
      );
      continue;
    }
    for (const [at, hash] of hashesOf(tile.hashes).entries()) {
      const place = places.get(start + at);
      if (place && !leafHash(place.data).equals(hash)) {
        found.push(difference(start + at, 'tree-differs', 'the hash of its leaf data is not the one in the tree'));
      }
    }
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    if (tile.above && !Buffer.from(perfectRoot(tile.hashes)).equals(tile.above.subarray(at, at + HASH_BYTES))) {
      found.push(difference(start, 'tree-differs', 'the tile over it is not the one that the level above names'));
    }
  }
}

async function judgeRows(
  db: Queryable,
  from: number,
  to: number,
  places: ReadonlyMap<number, Placed>,
  found: Difference[],
): Promise<void> {
  const rows = new Map<number, RecordedEvent>();
  for (let next = from; next < to; ) {
    const limit = 256;
    const page = await readEvents(db, { after: BigInt(next - 1), until: BigInt(to), limit, bytes: 16 * 1024 ** 2 });
    for (const row of page) {
      const position = Number(row.position);
      if (rows.has(position)) found.push(difference(position, 'column-altered', 'two rows claim it'));
      rows.set(position, row);
    }
    const last = page.at(-1);
    if (!last) break;
    next = Number(last.position) + 1;
  }
  const purges = await readPurges(db);
  for (const [position, place] of places) {
    const row = rows.get(position);
    if (row) judgeRow(row, place, found);
    else if (!purges.some((purge) => isPurged(place.leaf, purge))) {
      found.push(difference(position, 'row-missing', 'the event is not there, and no purge took it'));
    }
  }
}

function judgeRow(row: RecordedEvent, { leaf, node }: Placed, found: Difference[]): void {
  if (!eventHash(row.body).equals(leaf.eventHash)) {
    found.push(
      difference(
        row.position,
        'bytes-altered',
        `the bytes hash to ${toHex(eventHash(row.body)).slice(0, 16)}…, recorded were others`,
      ),
    );
    return;
  }
  const expected = {
    recordedAt: instantOfMicros(leaf.recordedAtUs),
    class: leaf.class,
    node,
    epoch: leaf.epoch,
    seq: leaf.seq,
    // A row that PostgreSQL refused keeps its bytes and nothing derived from them.
    ...(row.type === QUARANTINED ? derivedColumns(undefined) : derivedColumns(eventOf(row.body))),
  };
  const altered = Object.entries(expected)
    .filter(([name, value]) => row[name as keyof typeof expected] !== value)
    .map(([name]) => name);
  if (altered.length > 0)
    found.push(difference(row.position, 'column-altered', `its ${altered.join(', ')} disagree with its bytes`));
}

function eventOf(body: Buffer) {
  try {
    return decodeEvent(body);
  } catch {
    return undefined;
  }
}

interface Purge {
  class: string;
  fromUs: bigint;
  toUs: bigint;
}

async function readPurges(db: Queryable): Promise<Purge[]> {
  const micros = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint`;
  const { rows } = await db.query<Purge>(
    `SELECT class, ${micros('from_at')} AS "fromUs", ${micros('to_at')} AS "toUs" FROM purge`,
  );
  return rows;
}

function isPurged(leaf: Leaf, purge: Purge): boolean {
  return leaf.class === purge.class && leaf.recordedAtUs >= purge.fromUs && leaf.recordedAtUs < purge.toUs;
}

function difference(position: number | bigint, code: DifferenceCode, message: string): Difference {
  return { position: BigInt(position), code, message };
}

/** Where a range is not as it was recorded. */
export function rangeDiffers(differences: readonly Difference[]): RecordError {
  const first = differences[0]!;
  const more = differences.length > 1 ? `, and ${differences.length - 1} more` : '';
  return new RecordError({
    code: 'RECORD_DIFFERS',
    message: `position ${first.position} is not as it was recorded (${first.code}: ${first.message})${more}`,
    remedy:
      'See `affidavit status` and docs/evidence.md. To take it out all the same, ask for it with force: the manifest then names what differs.',
    retry: 'never',
  });
}
