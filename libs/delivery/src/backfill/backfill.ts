import { randomInt } from 'node:crypto';
import type pg from 'pg';
import { type EventData, instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, instantSql, inTransaction, positionAt, type Queryable, readHead } from '#record';
import { DeliveryError } from '../errors.js';
import { announceDestination } from '../ledger.js';
import { parseEventQuery } from '../plans/event-query.js';
import { EVERYTHING, type EventSelection, newestFilterVersion } from '../selection.js';

// Backfills in brief: history for a destination that never had it, sent by a process that has the destination's secrets and a key of
// the audit-log API, and no database. A backfill is a plan and one range of the lane `backfill`; the API cuts its batches and lends
// them under leases (lend.ts), the process sends them and says what became of each:
//
//   planned ──first lease──▶ running ◀──pause, resume──▶ paused
//      └────────cancel─────────┴───────────────────────────┘ ──▶ cancelled
//                              └──all cut, every batch settled──▶ finished
//
// A crash leaves: of the sender, leases that run out, and a hold that does; of the API, nothing: all of it is in the ledger.

export type BackfillState = 'planned' | 'running' | 'paused' | 'finished' | 'cancelled';

/** What was asked for, as text: it is compared when the same is asked for again. */
export interface AskedBackfill {
  /** A position, or an instant (RFC 3339): the first position recorded then or later. Default: the first of the log. */
  from?: string | undefined;
  /** Exclusive. Default: where the destination's own deliveries begin, so that both together are the whole log, once. */
  to?: string | undefined;
  /** See {@link parseEventQuery}. Default: every event that the destination's filter lets through. */
  query?: string | undefined;
}

export interface BackfillRequest extends AskedBackfill {
  destination: string;
  /** Of the destination, where the ledger does not know it yet. */
  kind: string;
  selection?: EventSelection | undefined;
  /** The newest that the sender can render. */
  mappingVersion: number;
}

export interface Backfill {
  id: string;
  destination: string;
  state: BackfillState;
  asked: AskedBackfill;
  /** What goes into its batches: both let it through. */
  filter: EventSelection;
  selection: EventSelection;
  mappingVersion: number;
  fromPos: bigint;
  /** Exclusive. */
  toPos: bigint;
  /** Positions below are in batches. */
  nextPos: bigint;
  createdBy: string;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  /** Until when a process has it to itself; null where none does. */
  heldUntil: string | null;
  /** What became of it so far; of one that is over, for good. */
  report: BackfillReport;
}

/** Numbers of events. */
export interface BackfillReport {
  /** Accepted by the destination. */
  sent: number;
  /** Of them, those that show at the time of their receipt: too old (or too far ahead) for a date of their own. */
  late: number;
  /** Refused for good: dead letters. */
  dead: number;
  /** Copies that the destination may hold beyond those sent: attempts that ended without an answer. */
  possibleDuplicates: number;
  /** Removed by retention after they were cut into a batch. */
  purged: number;
  /** In batches that are not settled. */
  open: number;
  /** In batches that were given up when it was cancelled. Of those under way then, the destination may have some. */
  cancelled: number;
}

const OVER: ReadonlySet<BackfillState> = new Set(['finished', 'cancelled']);

/** True where nothing more will be sent. */
export function isOver({ state }: Pick<Backfill, 'state'>): boolean {
  return OVER.has(state);
}

/**
 * Enters a backfill, or finds the one that was asked for in the same words and is not over. A destination that the ledger does not
 * know is entered, its live lane beginning where the log ends now. Durable, and on the record (`backfill.planned`), when it resolves.
 * @param by who asks, as the record will say
 * @throws DELIVERY_DESTINATION_DIFFERS, DELIVERY_SELECTION_INVALID, DELIVERY_RANGE_INVALID, DELIVERY_NOTHING_IN_RANGE
 */
export async function planBackfill(pool: pg.Pool, request: BackfillRequest, by: string): Promise<Backfill> {
  const { destination, query } = request;
  const selection = query === undefined ? EVERYTHING : parseEventQuery(query);
  await enterDestination(pool, request);
  return inTransaction(pool, async (client) => {
    // One at a time: the same asked for twice at once is one backfill.
    await client.query('SELECT FROM delivery_destination WHERE destination = $1 FOR UPDATE', [destination]);
    const asked = askedOf(request);
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM delivery_plan WHERE kind = 'backfill' AND destination = $1 AND asked = $2
          AND state IN ('planned', 'running', 'paused') ORDER BY created_at DESC LIMIT 1`,
      [destination, asked],
    );
    if (rows[0]) return readBackfill(client, rows[0].id);
    const { from, to } = await positionsOf(client, request);
    const filterVersion = await newestFilterVersion(client, destination);
    await expectSomething(client, { from, to, selection });
    const id = `backfill-${randomName()}`;
    await client.query(
      `INSERT INTO delivery_plan (id, kind, destination, asked, selection, filter_version, mapping_version, from_pos, to_pos, next_pos,
                                  state, created_by, planned_at)
       VALUES ($1, 'backfill', $2, $3, $4, $5, $6, $7, $8, $8, 'planned', $9, clock_timestamp())`,
      [id, destination, asked, JSON.stringify(selection), filterVersion, request.mappingVersion, from, to, by],
    );
    await client.query(
      `INSERT INTO delivery_range (destination, lane, from_pos, next_pos, to_pos, plan) VALUES ($1, 'backfill', $2, $2, $3, $4)`,
      [destination, from, to, id],
    );
    await enqueueOutbox(client, {
      type: 'backfill.planned',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: {
        backfill: id,
        what: `positions ${from} to ${to}${query === undefined ? '' : `, ${query}`}`.slice(0, 1024),
        count: Number(to - from),
        destination,
        by,
      },
    });
    return readBackfill(client, id);
  });
}

const COLUMNS = `p.id, p.destination, p.state, p.asked, f.selection AS filter, p.selection, p.mapping_version AS "mappingVersion",
  p.from_pos AS "fromPos", p.to_pos AS "toPos", r.next_pos AS "nextPos", p.created_by AS "createdBy",
  ${instantSql('p.created_at')} AS "createdAt", ${instantSql('p.started_at')} AS "startedAt",
  ${instantSql('p.finished_at')} AS "finishedAt",
  CASE WHEN p.held_until > clock_timestamp() THEN ${instantSql('p.held_until')} END AS "heldUntil"`;
const TABLES = `delivery_plan p JOIN delivery_range r ON r.plan = p.id
  JOIN delivery_filter f ON f.destination = p.destination AND f.version = p.filter_version`;

/** @throws DELIVERY_BACKFILL_UNKNOWN */
export async function readBackfill(db: Queryable, id: string): Promise<Backfill> {
  const { rows } = await db.query<Omit<Backfill, 'report'> & { kept: BackfillReport | null }>(
    `SELECT ${COLUMNS}, p.report AS kept FROM ${TABLES} WHERE p.id = $1 AND p.kind = 'backfill'`,
    [id],
  );
  if (!rows[0]) throw backfillUnknown(id);
  const { kept, ...backfill } = rows[0];
  return { ...backfill, report: kept ?? (await reportOf(db, id)) };
}

/** The newest first. */
export async function listBackfills(db: Queryable, limit: number): Promise<Backfill[]> {
  const { rows } = await db.query<Omit<Backfill, 'report'> & { kept: BackfillReport | null }>(
    `SELECT ${COLUMNS}, p.report AS kept FROM ${TABLES} WHERE p.kind = 'backfill' ORDER BY p.created_at DESC, p.id LIMIT $1`,
    [limit],
  );
  return Promise.all(
    rows.map(async ({ kept, ...backfill }) => ({ ...backfill, report: kept ?? (await reportOf(db, backfill.id)) })),
  );
}

/** Lets it rest: nothing more is lent until it is resumed. On the record. */
export function pauseBackfill(pool: pg.Pool, id: string, by: string): Promise<Backfill> {
  return turn(pool, id, async (client, state) => {
    if (state === 'paused') return;
    await client.query(`UPDATE delivery_plan SET state = 'paused' WHERE id = $1`, [id]);
    await say(client, 'backfill.paused', { backfill: id, by });
  });
}

/** Lets it go on. On the record. */
export function resumeBackfill(pool: pg.Pool, id: string, by: string): Promise<Backfill> {
  return turn(pool, id, async (client, state) => {
    if (state !== 'paused') return;
    await client.query(
      `UPDATE delivery_plan SET state = CASE WHEN started_at IS NULL THEN 'planned' ELSE 'running' END WHERE id = $1`,
      [id],
    );
    await say(client, 'backfill.resumed', { backfill: id, by });
  });
}

/**
 * Ends it. What is under way may still arrive, but changes nothing any more: its events count as cancelled.
 * On the record.
 */
export function cancelBackfill(pool: pg.Pool, id: string, by: string): Promise<Backfill> {
  return turn(pool, id, async (client) => {
    // The range first, as whoever cuts does: afterwards there is nothing to cut.
    await client.query('SELECT FROM delivery_range WHERE plan = $1 FOR UPDATE', [id]);
    await client.query('UPDATE delivery_range SET to_pos = next_pos WHERE plan = $1', [id]);
    await client.query(
      `UPDATE delivery_batch SET state = 'cancelled', settled_at = clock_timestamp(), lease_until = NULL
        WHERE range IN (SELECT id FROM delivery_range WHERE plan = $1) AND state IN ('due', 'sending', 'paused')`,
      [id],
    );
    await end(client, id, 'cancelled', by);
  });
}

/**
 * Ends a backfill of which everything is cut and settled; `backfill.finished` says what became of it.
 * @returns false where something is still to be done
 */
export async function finishIfDone(pool: pg.Pool, id: string): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const state = await lock(client, id);
    if (state !== 'running') return OVER.has(state);
    const { rows } = await client.query<{ done: boolean }>(
      `SELECT NOT EXISTS (SELECT FROM delivery_range WHERE plan = $1 AND next_pos < to_pos)
          AND NOT EXISTS (SELECT FROM delivery_range r JOIN delivery_batch b ON b.range = r.id
                           WHERE r.plan = $1 AND b.state IN ('due', 'sending', 'paused', 'doubt')) AS done`,
      [id],
    );
    if (!rows[0]?.done) return false;
    await end(client, id, 'finished');
    return true;
  });
}

async function end(client: pg.PoolClient, id: string, state: 'finished' | 'cancelled', by?: string): Promise<void> {
  const report = await reportOf(client, id);
  await client.query(
    `UPDATE delivery_plan SET state = $2, report = $3, count = $4, late = $5, finished_at = clock_timestamp(), holder = NULL,
            held_until = NULL WHERE id = $1`,
    [id, state, JSON.stringify(report), report.sent + report.dead + report.purged, report.late],
  );
  const { sent, late, dead, purged, possibleDuplicates } = report;
  await say(client, 'backfill.finished', {
    backfill: id,
    outcome: state === 'cancelled' ? 'cancelled' : dead > 0 ? 'failure' : 'success',
    sent,
    late,
    dead,
    purged,
    possibleDuplicates,
    ...(by === undefined ? {} : { by }),
  });
}

/** What the ledger says became of its events. */
async function reportOf(db: Queryable, id: string): Promise<BackfillReport> {
  const { rows } = await db.query<BackfillReport>(
    `SELECT coalesce(sum(b.count - b.purged) FILTER (WHERE b.state IN ('accepted', 'observed')), 0)::float8 AS sent,
            coalesce(sum(b.late) FILTER (WHERE b.state IN ('accepted', 'observed')), 0)::float8 AS late,
            count(*) FILTER (WHERE b.state = 'dead')::float8 AS dead,
            coalesce(sum((b.count - b.purged) * b.uncertain) FILTER (WHERE b.state IN ('accepted', 'observed', 'dead')), 0)::float8
              AS "possibleDuplicates",
            (coalesce(sum(b.purged) FILTER (WHERE b.state <> 'dead'), 0)
              + coalesce(sum(b.count - 1) FILTER (WHERE b.state = 'dead'), 0))::float8 AS purged,
            coalesce(sum(b.count) FILTER (WHERE b.state IN ('due', 'sending', 'paused', 'doubt')), 0)::float8 AS open,
            coalesce(sum(b.count) FILTER (WHERE b.state = 'cancelled'), 0)::float8 AS cancelled
       FROM delivery_range r JOIN delivery_batch b ON b.range = r.id WHERE r.plan = $1 AND b.state <> 'split'`,
    [id],
  );
  if (!rows[0]) throw new TypeError('an aggregate returned no row');
  return rows[0];
}

async function turn(
  pool: pg.Pool,
  id: string,
  change: (client: pg.PoolClient, state: BackfillState) => Promise<void>,
): Promise<Backfill> {
  return inTransaction(pool, async (client) => {
    const state = await lock(client, id);
    if (OVER.has(state)) {
      throw new DeliveryError({
        code: 'DELIVERY_BACKFILL_OVER',
        message: `backfill ${id} is ${state}`,
        remedy: 'Plan another one; what was delivered already may then arrive a second time.',
        retry: 'never',
      });
    }
    await change(client, state);
    return readBackfill(client, id);
  });
}

async function lock(client: pg.PoolClient, id: string): Promise<BackfillState> {
  const { rows } = await client.query<{ state: BackfillState }>(
    `SELECT state FROM delivery_plan WHERE id = $1 AND kind = 'backfill' FOR UPDATE`,
    [id],
  );
  if (!rows[0]) throw backfillUnknown(id);
  return rows[0].state;
}

export async function say<T extends 'backfill.started' | 'backfill.paused' | 'backfill.resumed' | 'backfill.finished'>(
  client: pg.PoolClient,
  type: T,
  data: EventData<T>,
): Promise<void> {
  await enqueueOutbox(client, { type, time: instantOfMillis(Date.now()), class: SYSTEM_CLASS, data } as never);
}

export function backfillUnknown(id: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_BACKFILL_UNKNOWN',
    message: `there is no backfill ${JSON.stringify(id)}`,
    remedy: 'List them with `affidavit backfill list`.',
    retry: 'never',
  });
}

/** A destination that is there keeps all that a forwarder said of it. */
async function enterDestination(pool: pg.Pool, { destination, kind, selection }: BackfillRequest): Promise<void> {
  const { rows } = await pool.query<{ kind: string }>('SELECT kind FROM delivery_destination WHERE destination = $1', [
    destination,
  ]);
  if (!rows[0]) {
    const entry = {
      name: destination,
      kind,
      startAt: 'now',
      isHeld: false,
      selection: selection ?? EVERYTHING,
    } as const;
    return announceDestination(pool, entry);
  }
  if (rows[0].kind === kind) return;
  throw new DeliveryError({
    code: 'DELIVERY_DESTINATION_DIFFERS',
    message: `the ledger knows ${destination} as a destination of kind ${rows[0].kind}, not ${kind}`,
    remedy: 'Use the same configuration as the forwarders of this log, or another name.',
    retry: 'never',
  });
}

function askedOf({ from, to, query }: AskedBackfill): string {
  return JSON.stringify({ from, to, query });
}

async function positionsOf(client: pg.PoolClient, request: BackfillRequest): Promise<{ from: bigint; to: bigint }> {
  const { size } = await readHead(client);
  const from = request.from === undefined ? 0n : await positionAt(client, request.from, size);
  if (request.to !== undefined) {
    const to = await positionAt(client, request.to, size);
    if (from < to) return { from, to };
    if (from > to) {
      throw new DeliveryError({
        code: 'DELIVERY_RANGE_INVALID',
        message: `it would begin at position ${from} and end before it, at ${to}`,
        remedy: '`from` is the first position or instant, `to` the first one that no longer belongs to it.',
        retry: 'never',
      });
    }
    throw nothing(`no position from ${request.from ?? 'the first'} up to ${request.to} is recorded`);
  }
  const { rows } = await client.query<{ begins: bigint | null }>(
    `SELECT min(from_pos) AS begins FROM delivery_range WHERE destination = $1 AND plan IS NULL`,
    [request.destination],
  );
  const to = rows[0]?.begins ?? size;
  if (from < to) return { from, to };
  throw nothing(
    `${request.destination} gets everything from position ${to} on by itself`,
    'Name `to` as well, to send once more what it was sent already.',
  );
}

/** How long it is searched for a first event. Where no index helps and the log is large, the end will tell. */
const SEARCH_MS = 5_000;
const QUERY_CANCELED = '57014';

/** @throws DELIVERY_NOTHING_IN_RANGE where no event of the range is selected */
async function expectSomething(
  client: pg.PoolClient,
  { from, to, selection }: { from: bigint; to: bigint; selection: EventSelection },
): Promise<void> {
  const { types, connections, identities, sessions } = selection;
  const exact = types?.filter((type) => !type.endsWith('.*')) ?? [];
  const families = types?.filter((type) => type.endsWith('.*')).map((type) => `${type.slice(0, -1)}%`) ?? [];
  await client.query(`SAVEPOINT searching; SET LOCAL statement_timeout = ${SEARCH_MS}`);
  try {
    const { rows } = await client.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM event WHERE position >= $1 AND position < $2 AND duplicate_of IS NULL
          AND ($3 OR type = ANY($4) OR type LIKE ANY($5)) AND ($6::text[] IS NULL OR connection = ANY($6))
          AND ($7::text[] IS NULL OR identity_id = ANY($7)) AND ($8::text[] IS NULL OR session_id = ANY($8))) AS found`,
      [from, to, types === undefined, exact, families, connections ?? null, identities ?? null, sessions ?? null],
    );
    await client.query('SET LOCAL statement_timeout TO DEFAULT; RELEASE SAVEPOINT searching');
    if (rows[0]?.found) return;
  } catch (error) {
    if ((error as { code?: string }).code !== QUERY_CANCELED) throw error;
    await client.query('ROLLBACK TO SAVEPOINT searching');
    return;
  }
  throw nothing(`no recorded event from position ${from} up to ${to} is what was asked for`);
}

function nothing(message: string, remedy = 'Look with `affidavit events tail`, and ask for more.'): DeliveryError {
  return new DeliveryError({ code: 'DELIVERY_NOTHING_IN_RANGE', message, remedy, retry: 'never' });
}

function randomName(): string {
  return Array.from({ length: 10 }, () => randomInt(36).toString(36)).join('');
}
