import type pg from 'pg';
import { inTransaction, type RecordedEvent, readHead, scanEvents } from '#record';
import { type Destination, type Lane, newestMapping } from './destination.js';
import { type BatchDraft, digestIds, insertBatch } from './ledger.js';
import { newestFilterVersion, type Selections } from './selection.js';

// Cutting in brief: one transaction locks a range, takes the events behind its cursor that fit one request, writes them down as
// a batch and moves the cursor. So each position goes into exactly one batch, however many forwarders cut; a crash leaves the
// cursor where it was, or a due batch.

/** Bodies read for one batch: a statement of 256 KiB is mapped to 25 KB, so mapped bytes alone would not bound memory. */
export const RAW_BYTES_PER_BATCH = 16 * 1024 ** 2;

/** What cutting has to know of a destination. */
export type Cutter = Pick<Destination, 'name' | 'limits' | 'mappingVersions' | 'measure' | 'render'>;

/** Where a filter lets little through, a batch takes it out of this many times as many positions as it may hold events. */
const WINDOWS_PER_BATCH = 16;

export interface CutOptions {
  /** Due or sending batches of a lane, at most; beyond them the cursor waits. */
  maxOpen: number;
  /**
   * Batches that a worker could take now, at most: what is read long before it is sent only takes memory. Those that are put off do not
   * count: others should not wait with them. Default: no bound of its own.
   */
  maxAhead?: number;
  /** A batch that is not full is cut only while fewer than this wait for a worker; else the events gather. */
  maxWaiting: number;
  /** Positions behind the head at which live jumps to it and leaves the rest to the catch-up lane. */
  jumpPositions: bigint;
  /** Most events of a batch, where that is less than the destination takes: one that is slow or throttles gets smaller ones. */
  maxCount?: number;
  /** Only what belongs to this replay or backfill. */
  plan?: string;
}

export const CUT_OPTIONS: CutOptions = { maxOpen: 64, maxWaiting: 4, jumpPositions: 100_000n };

export type Cut =
  /** `more`: positions lie behind the cursor still. */
  | { kind: 'cut'; batch: bigint; count: number; more: boolean; events: RecordedEvent[] }
  /** The cursor moved over positions that this destination does not want, or that retention removed. */
  | { kind: 'passed'; more: boolean }
  /** Live now stands at the head; what lay between is a range of the catch-up lane. */
  | { kind: 'jumped' }
  /** Enough waits to be sent. The next claim makes room. */
  | { kind: 'full' }
  /** Nothing to cut now. */
  | { kind: 'idle' };

interface RangeRow {
  id: bigint;
  next_pos: bigint;
  to_pos: bigint | null;
  plan: string | null;
  /** Of the plan. A replay lists what it would send, block by block; a backfill takes whatever its range holds. */
  kind: 'replay' | 'backfill' | null;
  /** Of the plan; null: the newest. */
  filter_version: number | null;
  mapping_version: number | null;
}

/** Cuts at most one batch of a lane. Durable when it resolves. */
export async function cutBatch(
  pool: pg.Pool,
  destination: Cutter,
  lane: Lane,
  selections: Selections,
  options: CutOptions = CUT_OPTIONS,
): Promise<Cut> {
  return inTransaction(pool, async (client) => {
    const range = await lockRange(client, destination.name, lane, options.plan);
    if (!range) return { kind: 'idle' };
    const room = await roomFor(client, destination.name, lane, options);
    if (room === 'none') return { kind: 'full' };
    // Read after the lock: another forwarder may have cut up to a head that we had not seen yet.
    const { size } = await readHead(client);
    const end = range.to_pos !== null && range.to_pos < size ? range.to_pos : size;
    if (range.next_pos >= end) return { kind: 'idle' };
    if (lane === 'live' && end - range.next_pos > options.jumpPositions) {
      await jump(client, destination.name, range, size);
      return { kind: 'jumped' };
    }
    const maxCount = Math.min(options.maxCount ?? destination.limits.count, destination.limits.count);
    // What a plan lists does not grow: nothing is gained by letting it gather.
    const gathers = room === 'full-only' && range.plan === null;
    // Not worth reading: so few cannot fill a batch by number. Where their bytes would, the next free worker takes them.
    if (gathers && end - range.next_pos < BigInt(maxCount)) return { kind: 'idle' };
    const filterVersion = range.filter_version ?? (await newestFilterVersion(client, destination.name));
    const mappingVersion = range.mapping_version ?? newestMapping(destination);
    if (!destination.mappingVersions.includes(mappingVersion)) return { kind: 'idle' };
    const listed = await nextListed(client, range, end);
    const from = listed.from;
    const choice = { destination: destination.name, filterVersion, plan: range.plan, fromPos: from };
    const wants = await selections.of(client, choice);
    const { wanted, next, full, bytes } = await fill(client, destination, {
      from,
      end: listed.until,
      maxCount,
      lane,
      mappingVersion,
      wants,
    });
    if (gathers && !full && wanted.length > 0) return { kind: 'idle' };
    await client.query('UPDATE delivery_range SET next_pos = $2 WHERE id = $1', [range.id, next]);
    const more = next < end;
    const first = wanted[0];
    if (!first) return { kind: 'passed', more };
    const draft: BatchDraft = {
      fromPos: from,
      toPos: next,
      count: wanted.length,
      bytes,
      idsDigest: digestIds(wanted),
    };
    const batch = await insertBatch(client, {
      ...draft,
      range: range.id,
      destination: destination.name,
      lane,
      parent: null,
      uncertain: 0,
      mappingVersion,
      filterVersion,
    });
    return { kind: 'cut', batch, count: wanted.length, more, events: wanted };
  });
}

async function lockRange(
  client: pg.PoolClient,
  destination: string,
  lane: Lane,
  plan: string | undefined,
): Promise<RangeRow | undefined> {
  const { rows } = await client.query<RangeRow>(
    `SELECT r.id, r.next_pos, r.to_pos, r.plan, p.kind, p.filter_version, p.mapping_version
       FROM delivery_range r JOIN delivery_destination d USING (destination) LEFT JOIN delivery_plan p ON p.id = r.plan
      WHERE r.destination = $1 AND r.lane = $2 AND (r.to_pos IS NULL OR r.next_pos < r.to_pos)
        AND NOT d.is_held AND (p.id IS NULL OR p.state = 'running') AND ($3::text IS NULL OR r.plan = $3)
      ORDER BY r.id LIMIT 1 FOR UPDATE OF r`,
    [destination, lane, plan ?? null],
  );
  return rows[0];
}

async function roomFor(
  client: pg.PoolClient,
  destination: string,
  lane: Lane,
  options: CutOptions,
): Promise<'any' | 'full-only' | 'none'> {
  const { rows } = await client.query<{ open: number; waiting: number; ready: number }>(
    `SELECT count(*)::int AS open, (count(*) FILTER (WHERE state <> 'sending'))::int AS waiting,
            (count(*) FILTER (WHERE state = 'due' AND due_at <= clock_timestamp()))::int AS ready FROM delivery_batch
      WHERE destination = $1 AND lane = $2 AND state IN ('due', 'sending', 'paused')`,
    [destination, lane],
  );
  const { open, waiting, ready } = rows[0] ?? { open: 0, waiting: 0, ready: 0 };
  if (open >= options.maxOpen || ready >= (options.maxAhead ?? options.maxOpen)) return 'none';
  return waiting < options.maxWaiting ? 'any' : 'full-only';
}

/** The old range ends at the head and changes lanes; a new one follows the head from there. */
async function jump(client: pg.PoolClient, destination: string, range: RangeRow, head: bigint): Promise<void> {
  await client.query(`UPDATE delivery_range SET lane = 'catchup', to_pos = $2, is_jump = true WHERE id = $1`, [
    range.id,
    head,
  ]);
  await client.query(`INSERT INTO delivery_range (destination, lane, from_pos, next_pos) VALUES ($1, 'live', $2, $2)`, [
    destination,
    head,
  ]);
}

/**
 * What may go into the next batch: of a plan the rest of its next block, so that a batch never holds events of two, and the end of
 * the plan can be compared with it block by block. What a plan lists nothing of is not read again.
 */
async function nextListed(
  client: pg.PoolClient,
  range: Pick<RangeRow, 'plan' | 'kind' | 'next_pos'>,
  end: bigint,
): Promise<{ from: bigint; until: bigint }> {
  if (range.kind !== 'replay') return { from: range.next_pos, until: end };
  const { rows } = await client.query<{ from: bigint; until: bigint }>(
    `SELECT greatest(from_pos, $2) AS from, least(to_pos, $3) AS until FROM delivery_plan_block
      WHERE plan = $1 AND to_pos > $2 AND from_pos < $3 ORDER BY from_pos LIMIT 1`,
    [range.plan, range.next_pos, end],
  );
  return rows[0] ?? { from: end, until: end };
}

interface Filling {
  from: bigint;
  end: bigint;
  maxCount: number;
  lane: Lane;
  mappingVersion: number;
  wants: (event: RecordedEvent) => boolean;
}

interface Filled {
  wanted: RecordedEvent[];
  /** Where the cursor stands behind this batch. */
  next: bigint;
  /** Whether a bound ended it, not the end of the range. */
  full: boolean;
  /** Of what is wanted, as the destination gets it. */
  bytes: number;
}

async function fill(client: pg.PoolClient, destination: Cutter, filling: Filling): Promise<Filled> {
  const { from, end, maxCount, lane, mappingVersion, wants } = filling;
  const { goalBytes } = destination.limits;
  // Batch and attempt are not known yet; the bound leaves far more room than their digits take.
  const context = { batch: 0n, attempt: 1, lane, mappingVersion };
  const wanted: RecordedEvent[] = [];
  let bytes = 0;
  let rawBytes = 0;
  let at = from;
  for (let windows = 0; windows < WINDOWS_PER_BATCH && at < end; windows++) {
    // As many positions as a batch holds events, not "the next 1000 up to the head": on a table without statistics PostgreSQL would
    // sort the whole backlog for each batch (seen: 100 ms instead of 4 ms at 30,000 events).
    const until = at + BigInt(maxCount) < end ? at + BigInt(maxCount) : end;
    const events = await scanEvents(client, {
      after: at - 1n,
      until,
      limit: maxCount,
      bytes: RAW_BYTES_PER_BATCH - rawBytes,
    });
    for (const event of events) {
      rawBytes += event.body.length;
      if (!wants(event)) continue;
      const more = (destination.measure?.(event) ?? Buffer.byteLength(destination.render(event, context))) + 1;
      const isFull = wanted.length === maxCount || (wanted.length > 0 && bytes + more > goalBytes);
      if (isFull) return { wanted, next: event.position, full: true, bytes };
      bytes += more;
      wanted.push(event);
    }
    const last = events.at(-1);
    // The bytes ended the reading, so more may lie between the last event and the end of the window.
    if (last && rawBytes >= RAW_BYTES_PER_BATCH) return { wanted, next: last.position + 1n, full: true, bytes };
    at = until;
    if (wanted.length === maxCount) return { wanted, next: at, full: true, bytes };
  }
  return { wanted, next: at, full: at < end, bytes };
}
