import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { instantOfMillis, microsOfInstant, SYSTEM_CLASS } from '#events';
import { RecordError, sqlStateOf } from './errors.js';
import { instantSql } from './head.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';
import {
  type ClassPolicy,
  dueOf,
  type PartitionFacts,
  type PlannedPartition,
  planRetention,
} from './retention-plan.js';

// Retention in brief. A run is a row that holds its plan; one is under way at a time. Each partition of the plan goes in a
// transaction of its own: prepare_purge() gathers what takes long; purge_partition() in the database judges policy, requirements, holds and deliveries again, then drops it,
// writes its row in `purge` and puts `retention.purged` into the outbox. A crash leaves a partition there or gone, and a run that
// whoever looks next goes on with. Two that carry out the same run at once do no harm: the second finds its partition purged.

/** Who wants a run that is made at its time of day. */
export const BY_SCHEDULE = 'schedule';
/** So many partitions of a plan its event names; the run itself names all. */
const NAMED_PARTITIONS = 100;

/** How long classes and partitions are kept, and which of them go at a time. */
export interface RetentionPlan {
  /** As of when. */
  at: string;
  partitions: PlannedPartition[];
}

export interface RetentionRun {
  id: bigint;
  plannedAt: string;
  /** Partitions to be dropped. */
  planned: string[];
  by: string;
  begunAt: string;
  /** Null while it is under way. */
  finishedAt: string | null;
  /** What became of each partition of the plan; null while it is under way. */
  report: Record<string, string> | null;
}

const RUN_COLUMNS = `id, ${instantSql('planned_at')} AS "plannedAt", planned, by, ${instantSql('begun_at')} AS "begunAt",
  ${instantSql('finished_at')} AS "finishedAt", report`;

/** A purge waits half a second for a lock; so often it is tried before the run rests. */
const LOCK_TRIES = 20;
const LOCK_PAUSE_MS = 250;
/** Preparing reads a whole partition: seconds for millions of events. The one statement outside migrations that may take so long. */
const PREPARE_TIMEOUT_MS = 20 * 60_000;
/** A lock that did not come, a deadlock that was resolved against us. */
const LOCKED = new Set(['55P03', '40P01']);

export async function readClassPolicies(db: Queryable): Promise<ClassPolicy[]> {
  const { rows } = await db.query<{ name: string; keepUs: bigint | null; floors: { name: string; us: string }[] }>(
    `SELECT name, (extract(epoch FROM keep) * 1000000)::bigint AS "keepUs",
            (SELECT coalesce(json_agg(json_build_object('name', r, 'us', (extract(epoch FROM requirement_keep(r)) * 1000000)::bigint::text)
               ORDER BY r), '[]') FROM unnest(requirements) AS r) AS floors
       FROM retention_class ORDER BY name`,
  );
  return rows.map(({ floors, ...row }) => ({
    ...row,
    floors: floors.map(({ name, us }) => ({ requirement: name, keepUs: BigInt(us) })),
  }));
}

/**
 * Simulates a run: what would go, and what keeps the rest. Changes nothing.
 * @param at as of when; default: now, by the database's clock. Holds, deliveries and classes are those of now in any case
 */
export async function planRetentionAt(db: Queryable, at?: string): Promise<RetentionPlan> {
  const asOf = at ?? (await clockOf(db));
  const atUs = microsOfInstant(asOf);
  const classes = await readClassPolicies(db);
  const policies = new Map(classes.map((one) => [one.name, one]));
  const { rows } = await db.query<Omit<PartitionFacts, keyof Keeping>>(
    `SELECT name, class, ${instantSql('from_at')} AS "fromAt", ${instantSql('to_at')} AS "toAt", ${instantSql('keep_until')} AS "keepUntil"
       FROM partition WHERE state = 'open' ORDER BY class, partition.from_at`,
  );
  const partitions: PartitionFacts[] = [];
  for (const row of rows) {
    const due = dueOf(row, policies.get(row.class)).atUs;
    // Rows are looked through only where it matters.
    const found = due === null || due > atUs ? NOT_LOOKED_AT : await whatKeeps(db, row, asOf);
    partitions.push({ ...row, ...found });
  }
  return { at: asOf, partitions: planRetention(atUs, classes, partitions) };
}

type Keeping = Pick<PartitionFacts, 'holds' | 'waits' | 'events'>;

const NOT_LOOKED_AT: Keeping = { holds: [], waits: [], events: null };

async function whatKeeps(
  db: Queryable,
  { name, class: of, fromAt, toAt }: Pick<PartitionFacts, 'name' | 'class' | 'fromAt' | 'toAt'>,
  at: string,
): Promise<Keeping> {
  const { rows } = await db.query<Keeping>(
    `SELECT ARRAY(SELECT * FROM holds_on($1, $2)) AS holds, ARRAY(SELECT * FROM partition_waits($1)) AS waits,
            (SELECT count(*) FROM event WHERE class = $3 AND recorded_at >= $4 AND recorded_at < $5) AS events`,
    [name, at, of, fromAt, toAt],
  );
  return rows[0]!;
}

/**
 * Plans a run and writes it down; `retention.planned` goes on the record in the same transaction, but not of a scheduled one with nothing
 * to purge. While one is under way, that one. The recorder carries it out.
 * @param by who wants it, as the run will say
 * @param at as of when; default: now, by the database's clock. In the future nothing is purged
 */
export async function beginRetentionRun(pool: pg.Pool, by: string, at?: string): Promise<RetentionRun> {
  const unfinished = await findUnfinishedRun(pool);
  if (unfinished) return unfinished;
  const plan = await planRetentionAt(pool, at);
  const planned = plan.partitions.filter((one) => one.verdict === 'purge').map((one) => one.name);
  const begun = await inTransaction(pool, async (client) => {
    const { rows } = await client.query<RetentionRun>(
      `INSERT INTO retention_run (planned_at, planned, by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING ${RUN_COLUMNS}`,
      [plan.at, planned, by],
    );
    const run = rows[0];
    // Nobody asked for it, and nothing comes of it: a day without a purge is no news.
    if (!run || (by === BY_SCHEDULE && planned.length === 0)) return run;
    await enqueueOutbox(client, {
      type: 'retention.planned',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: { run: String(run.id), by, count: planned.length, partitions: planned.slice(0, NAMED_PARTITIONS) },
    });
    return run;
  });
  return begun ?? (await findUnfinishedRun(pool)) ?? beginRetentionRun(pool, by, at);
}

export async function findUnfinishedRun(db: Queryable): Promise<RetentionRun | undefined> {
  const { rows } = await db.query<RetentionRun>(`SELECT ${RUN_COLUMNS} FROM retention_run WHERE finished_at IS NULL`);
  return rows[0];
}

/** Runs, newest first. */
export async function listRetentionRuns(db: Queryable, limit: number): Promise<RetentionRun[]> {
  const { rows } = await db.query<RetentionRun>(`SELECT ${RUN_COLUMNS} FROM retention_run ORDER BY id DESC LIMIT $1`, [
    limit,
  ]);
  return rows;
}

/** @throws RECORD_RUN_UNKNOWN */
export async function getRetentionRun(db: Queryable, id: bigint): Promise<RetentionRun> {
  const { rows } = await db.query<RetentionRun>(`SELECT ${RUN_COLUMNS} FROM retention_run WHERE id = $1`, [id]);
  if (rows[0]) return rows[0];
  throw new RecordError({
    code: 'RECORD_RUN_UNKNOWN',
    message: `there is no retention run ${id}`,
    remedy: 'List them with `affidavit retention runs`.',
    retry: 'never',
  });
}

/** When the last run was planned, by schedule or by a person; undefined before the first. */
export async function lastRunPlannedAt(db: Queryable): Promise<string | undefined> {
  const { rows } = await db.query<{ at: string | null }>(
    `SELECT ${instantSql('max(planned_at)')} AS at FROM retention_run`,
  );
  return rows[0]?.at ?? undefined;
}

/**
 * Carries out a run: drops what its plan names and the database lets go. Repeating it is harmless, also from several processes.
 * @param signal ends it after the partition under way; the run stays unfinished
 * @returns what became of each partition; undefined where the run could not be finished, because it was stopped, or another session
 *   holds a lock for long: then it is to be carried on later
 * @throws what PostgreSQL says of anything else
 */
export async function carryOutRun(
  pool: pg.Pool,
  run: RetentionRun,
  signal?: AbortSignal,
): Promise<Record<string, string> | undefined> {
  const report: Record<string, string> = {};
  let isWhole = true;
  for (const name of run.planned) {
    if (signal?.aborted) return undefined;
    const outcome = await purge(pool, run.id, name, signal);
    if (outcome === undefined) isWhole = false;
    else report[name] = outcome === 'purged before' ? 'purged' : outcome;
  }
  if (!isWhole) return undefined;
  await pool.query(
    'UPDATE retention_run SET finished_at = clock_timestamp(), report = $2 WHERE id = $1 AND finished_at IS NULL',
    [run.id, JSON.stringify(report)],
  );
  return report;
}

async function purge(pool: pg.Pool, run: bigint, name: string, signal?: AbortSignal): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      // In a transaction of its own, so that the one that drops is short.
      await inTransaction(pool, async (client) => {
        await client.query(`SET LOCAL statement_timeout = ${PREPARE_TIMEOUT_MS}`);
        await client.query('SELECT prepare_purge($1)', [name]);
      });
      const { rows } = await pool.query<{ outcome: string }>('SELECT purge_partition($1, $2) AS outcome', [run, name]);
      return rows[0]!.outcome;
    } catch (error) {
      // Another process finished the run meanwhile: there is nothing left to do.
      if (sqlStateOf(error) === 'P0002') return undefined;
      if (!LOCKED.has(sqlStateOf(error) ?? '')) throw error;
      if (tries === LOCK_TRIES || signal?.aborted) return undefined;
      await sleep(LOCK_PAUSE_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }
}

/** A purge as it stands in the database, for whoever looks for what is no longer there. */
export interface PurgeRow {
  class: string;
  /** Recorded in `[from, to)`. */
  from: string;
  to: string;
  count: bigint;
  at: string;
}

const PURGE_COLUMNS = `class, ${instantSql('from_at')} AS "from", ${instantSql('to_at')} AS "to", count, ${instantSql('purge.at')} AS at`;

/** The newest purges. */
export async function listPurges(db: Queryable, limit: number): Promise<PurgeRow[]> {
  const { rows } = await db.query<PurgeRow>(
    `SELECT ${PURGE_COLUMNS} FROM purge ORDER BY purge.at DESC, from_at LIMIT $1`,
    [limit],
  );
  return rows;
}

/**
 * Purges that took rows recorded between two positions, oldest first.
 * @param range.until exclusive
 */
export async function readPurges(db: Queryable, range: { from: bigint; until: bigint }): Promise<PurgeRow[]> {
  if (range.until <= range.from) return [];
  const { rows } = await db.query<PurgeRow>(
    `SELECT ${PURGE_COLUMNS} FROM purge
      WHERE from_at <= (SELECT recorded_at FROM run WHERE first_position < $2 ORDER BY first_position DESC LIMIT 1)
        AND to_at > (SELECT recorded_at FROM run WHERE last_position >= $1 ORDER BY first_position LIMIT 1)
        AND count > 0 ORDER BY from_at, class`,
    [range.from, range.until],
  );
  return rows;
}

async function clockOf(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ now: string }>(`SELECT ${instantSql('clock_timestamp()')} AS now`);
  return rows[0]!.now;
}

/** @returns what to throw in place of a refusal of the database's own checks; anything else as it is */
export function retentionRefusal(error: unknown): unknown {
  const { constraint, message = '' } = (error ?? {}) as { constraint?: string; message?: string };
  switch (sqlStateOf(error)) {
    case '23514':
      if (constraint === 'second_person') {
        return new RecordError({
          code: 'RECORD_SECOND_PERSON',
          message,
          remedy: 'Another person confirms with an admin key of his own: affidavit retention confirm <id>.',
          retry: 'never',
          cause: error,
        });
      }
      return new RecordError({
        code: 'RECORD_RETENTION_REFUSED',
        message,
        remedy:
          constraint === 'retention_floor'
            ? 'Keep the class at least so long, or have the requirement taken from it by two people.'
            : 'Give a number of days (400d) or `forever`; class system stays for ever.',
        retry: 'never',
        cause: error,
      });
    case '42704':
      return new RecordError({
        code: 'RECORD_REQUIREMENT_UNKNOWN',
        message,
        remedy: 'Name one of pci-dss, hipaa, sec-17a-4, eu-ai-act.',
        retry: 'never',
        cause: error,
      });
    case 'P0002':
      return new RecordError({
        code: 'RECORD_CHANGE_UNKNOWN',
        message,
        remedy: 'List what is open with `affidavit retention changes`.',
        retry: 'never',
        cause: error,
      });
    default:
      return error;
  }
}
