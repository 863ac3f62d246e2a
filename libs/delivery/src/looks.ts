import type { Queryable } from '#record';
import { BATCH_COLUMNS, type ClaimedBatch } from './ledger.js';
import type { BatchCount, ListQuery, Look, LookWindow, ReadBack, SeenLog } from './read-back.js';
import type { BudgetedLooks } from './read-back-budget.js';

/** A batch whose logs are looked for. */
export interface Sought extends Omit<ClaimedBatch, 'failures' | 'probe'> {
  state: 'doubt' | 'accepted' | 'observed';
  /** Before its first attempt. */
  createdAtMs: number;
  settledAtMs: number | null;
  /** Events of its last attempt that show at their receipt time. */
  late: number;
}

/** Columns of a batch `b` under the names of {@link Sought}'s members. */
export const SOUGHT_COLUMNS = `${BATCH_COLUMNS}, b.state, (extract(epoch FROM b.created_at) * 1000)::float8 AS "createdAtMs",
  (extract(epoch FROM b.settled_at) * 1000)::float8 AS "settledAtMs", b.late`;

const HOUR_MS = 3_600_000;
/** A log is shown between 18 h before and 2 h after it was taken in; one hour more for clocks that differ. */
const SHOWN_BEFORE_MS = 19 * HOUR_MS;
const SHOWN_AFTER_MS = 3 * HOUR_MS;
/** Epochs that one query names. Beyond, fewer batches are looked for at once. */
const MOST_EPOCHS = 200;
const PAGE_LIMITS = [1_000, 100, 10] as const;
/** Pages of one listing: a batch holds a thousand events, so that this is forty copies of it. */
const MOST_PAGES = 40;

/** Where logs of these batches are shown. */
export async function windowOf(db: Queryable, batches: readonly Sought[], nowMs = Date.now()): Promise<LookWindow> {
  const { rows } = await db.query<{ epoch: string }>(
    `SELECT DISTINCT r.epoch FROM unnest($1::bigint[], $2::bigint[]) AS b (from_pos, to_pos)
      CROSS JOIN LATERAL (
        SELECT epoch FROM run WHERE first_position < b.to_pos
           AND first_position >= coalesce((SELECT max(first_position) FROM run WHERE first_position <= b.from_pos), 0)) AS r`,
    [batches.map((batch) => batch.fromPos), batches.map((batch) => batch.toPos)],
  );
  return {
    epochs: rows.map(({ epoch }) => epoch).sort(),
    fromMs: Math.floor(Math.min(...batches.map((batch) => batch.createdAtMs)) - SHOWN_BEFORE_MS),
    untilMs: nowMs + SHOWN_AFTER_MS,
  };
}

/** What one count found, and of which batches. */
export interface Counted {
  batches: Sought[];
  window: LookWindow;
  counts: Map<bigint, BatchCount>;
}

/** Counts as many of these batches as one request can name, from the first. */
export async function countBatches(
  db: Queryable,
  looks: BudgetedLooks,
  readBack: ReadBack,
  batches: readonly Sought[],
): Promise<Look<Counted>> {
  let asked = batches.slice(0, readBack.mostBatches);
  let window = await windowOf(db, asked);
  while (window.epochs.length > MOST_EPOCHS && asked.length > 1) {
    asked = asked.slice(0, Math.ceil(asked.length / 2));
    window = await windowOf(db, asked);
  }
  const ids = asked.map((batch) => batch.id);
  const look = await looks.ask((signal) => readBack.count(ids, window, signal));
  if (look.kind !== 'seen') return look;
  return { ...look, found: { batches: asked, window, counts: look.found } };
}

/** Whether a count shows each event of a batch. What retention removed before it was sent cannot be there. */
export function isWhole(batch: Pick<Sought, 'count' | 'purged'>, count: BatchCount | undefined): boolean {
  const expected = batch.count - batch.purged;
  return count !== undefined && expected > 0 && count.events === expected && count.logs >= expected;
}

/** All logs of a query. */
export async function listLogs(
  looks: BudgetedLooks,
  readBack: ReadBack,
  query: ListQuery,
  window: LookWindow,
): Promise<Look<SeenLog[]>> {
  const logs: SeenLog[] = [];
  let cursor: string | undefined;
  let size = 0;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = { limit: PAGE_LIMITS[size] ?? 10, ...(cursor === undefined ? {} : { cursor }) };
    const look = await looks.ask((signal) => readBack.list(query, window, page, signal));
    if (look.kind === 'too-large' && size < PAGE_LIMITS.length - 1) {
      size += 1;
      continue;
    }
    if (look.kind !== 'seen') return look;
    logs.push(...look.found.logs);
    cursor = look.found.cursor;
    // A page that is not full is the last one: the look behind it would cost a request and find nothing.
    if (cursor === undefined || look.found.logs.length < page.limit) break;
  }
  return { kind: 'seen', found: logs };
}

/** Keeps which logs were seen of which events. */
export async function keepObservations(
  db: Queryable,
  destination: string,
  batch: bigint,
  seen: readonly { position: bigint; log: SeenLog }[],
): Promise<void> {
  if (seen.length === 0) return;
  await db.query(
    `INSERT INTO delivery_observation (destination, position, log_id, batch, attempt)
     SELECT $1, position, log_id, $2, attempt FROM unnest($3::bigint[], $4::text[], $5::int[]) AS seen (position, log_id, attempt)
     ON CONFLICT DO NOTHING`,
    [
      destination,
      batch,
      seen.map(({ position }) => position),
      seen.map(({ log }) => log.id.slice(0, 200)),
      seen.map(({ log }) => log.attempt ?? 0),
    ],
  );
}
