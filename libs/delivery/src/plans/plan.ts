import { instantSql, type Queryable } from '#record';
import { DeliveryError } from '../errors.js';
import { type EventSelection, selectionText } from '../selection.js';
import { type Purge, purgesSince } from './purges.js';

// Plans in brief: what is to be sent again, listed first, then run in a lane of its own.
//
//   planning ──all read──▶ planned ──start──▶ running ◀──pause, resume──▶ paused
//       └───────cancel────────┴─────────────────┴──────────────────────────┘ ──▶ cancelled
//                                               └──every batch settled──▶ finished
//
// `delivery_plan_block` has a row for each thousand positions in which a plan lists anything. A batch of a plan lies within one of
// them, so that its end is compared with what was planned row by row. A crash leaves: while planning, what was written up to
// `next_pos`; while running, what the ledger says of any range.

/** Positions of a block; blocks begin at its multiples. */
export const BLOCK_POSITIONS = 1_000n;

export type PlanKind = 'replay' | 'backfill';
export type PlanState = 'planning' | 'planned' | 'running' | 'paused' | 'finished' | 'cancelled' | 'failed';

/** As a person asked for it. */
export interface AskedPlan {
  /** A position, or an instant (RFC 3339). */
  from?: string;
  to?: string;
  session?: string;
  query?: string;
}

/** What is to be sent to one destination, and how far that is. */
export interface Plan {
  id: string;
  kind: PlanKind;
  destination: string;
  state: PlanState;
  reason: string | null;
  asked: AskedPlan;
  selection: EventSelection;
  missingOnly: boolean;
  filterVersion: number;
  /** 0 until a forwarder began to plan. */
  mappingVersion: number;
  generation: number;
  fromPos: bigint;
  /** Exclusive. */
  toPos: bigint;
  /** Planned up to here. */
  nextPos: bigint;
  count: bigint;
  /** As the destination would have got them when they were planned; what differs between attempts may add or take a few. */
  bytes: bigint;
  /** Would have shown at their receipt time then. */
  late: bigint;
  /** Of them, already seen at the destination. */
  observed: bigint;
  createdBy: string;
  createdAt: string;
  plannedAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  report: PlanReport | null;
}

/** What became of a plan. */
export interface PlanReport {
  planned: number;
  sent: number;
  /** Of `sent`, those that show at their receipt time. */
  late: number;
  dead: number;
  purged: number;
  missing: number;
  unsent: number;
  /** Copies that the destination may hold beyond those sent: attempts that ended without an answer. */
  possibleDuplicates: number;
  /** Whether all of it was sent, and it is what was planned. */
  isEqual: boolean;
  blocks: number;
  /** Blocks that differ from the plan; the first hundred of them are listed. */
  differing: number;
  differences: BlockOutcome[];
  /** What retention removed since it was planned, of the time that it covers. */
  purges: Purge[];
}

/** What became of a block; null before the plan has ended. */
interface Outcome<T extends number | null> {
  sent: T;
  late: T;
  dead: T;
  /** Retention removed them before they were sent. */
  purged: T;
  /** Gone from the record although no purge is recorded. */
  missing: T;
  /** Cancelled before. */
  unsent: T;
}

export interface BlockOutcome extends Outcome<number> {
  from: string;
  to: string;
  planned: number;
}

/** A thousand positions of a plan. */
export interface PlanBlock {
  from: bigint;
  /** Exclusive. */
  to: bigint;
  count: number;
  bytes: bigint;
  late: number;
  observed: number;
  /** SHA-256 of the events' ids, a line each; hex. */
  digest: string;
  outcome: (Outcome<number> & { possibleDuplicates: number; isEqual: boolean }) | null;
}

export const PLAN_COLUMNS = `p.id, p.kind, p.destination, p.state, p.reason, p.asked, p.selection, p.missing_only AS "missingOnly",
  p.filter_version AS "filterVersion", p.mapping_version AS "mappingVersion", p.generation, p.from_pos AS "fromPos",
  p.to_pos AS "toPos", p.next_pos AS "nextPos", p.count, p.bytes, p.late, p.observed, p.created_by AS "createdBy",
  ${instantSql('p.created_at')} AS "createdAt", ${instantSql('p.planned_at')} AS "plannedAt",
  ${instantSql('p.started_at')} AS "startedAt", ${instantSql('p.finished_at')} AS "finishedAt", p.report`;

/** @throws DELIVERY_PLAN_UNKNOWN */
export async function readPlan(db: Queryable, kind: PlanKind, id: string, lock: '' | 'FOR UPDATE' = ''): Promise<Plan> {
  const { rows } = await db.query<Plan>(
    `SELECT ${PLAN_COLUMNS} FROM delivery_plan p WHERE p.id = $1 AND p.kind = $2 ${lock}`,
    [id, kind],
  );
  if (rows[0]) return rows[0];
  throw new DeliveryError({
    code: 'DELIVERY_PLAN_UNKNOWN',
    message: `there is no ${kind} ${JSON.stringify(id)}`,
    remedy: `List them with \`affidavit ${kind} list\`.`,
    retry: 'never',
  });
}

export interface PlanFilter {
  destination?: string;
  state?: PlanState;
  limit: number;
}

/** The newest first. */
export async function listPlans(db: Queryable, kind: PlanKind, filter: PlanFilter): Promise<Plan[]> {
  const { rows } = await db.query<Plan>(
    `SELECT ${PLAN_COLUMNS} FROM delivery_plan p
      WHERE p.kind = $1 AND ($2::text IS NULL OR p.destination = $2) AND ($3::text IS NULL OR p.state = $3)
      ORDER BY p.created_at DESC, p.id LIMIT $4`,
    [kind, filter.destination ?? null, filter.state ?? null, filter.limit],
  );
  return rows;
}

/** Blocks of a plan in order of position. */
export async function listBlocks(db: Queryable, plan: string, after: bigint, limit: number): Promise<PlanBlock[]> {
  const { rows } = await db.query<PlanBlock>(
    `SELECT from_pos AS from, to_pos AS to, count, bytes, late, observed, encode(digest, 'hex') AS digest,
            CASE WHEN is_equal IS NOT NULL THEN
              json_build_object('sent', sent, 'late', sent_late, 'dead', dead, 'purged', purged, 'missing', missing, 'unsent', unsent,
                                'possibleDuplicates', uncertain, 'isEqual', is_equal) END AS outcome
       FROM delivery_plan_block WHERE plan = $1 AND from_pos > $2 ORDER BY from_pos LIMIT $3`,
    [plan, after, limit],
  );
  return rows;
}

/** How far a plan that was started is. */
export interface PlanProgress {
  /** Of its events: accepted by the destination. */
  sent: bigint;
  /** In a request that waits, is under way, or whose fate is not known yet. */
  open: bigint;
  dead: bigint;
}

export async function planProgress(db: Queryable, plan: string): Promise<PlanProgress> {
  const { rows } = await db.query<PlanProgress>(
    `SELECT coalesce(sum(b.count - b.purged) FILTER (WHERE b.state IN ('accepted', 'observed')), 0)::bigint AS sent,
            coalesce(sum(b.count) FILTER (WHERE b.state IN ('due', 'sending', 'paused', 'doubt')), 0)::bigint AS open,
            coalesce(sum(b.count) FILTER (WHERE b.state = 'dead'), 0)::bigint AS dead
       FROM delivery_range r JOIN delivery_batch b ON b.range = r.id WHERE r.plan = $1`,
    [plan],
  );
  return rows[0] ?? { sent: 0n, open: 0n, dead: 0n };
}

/** What a person should know before starting a plan. */
export interface PlanJudgement {
  /** How the world differs from what was planned for; a plan with any is not started. */
  stale: string[];
  /** What retention removed since, of the time that it covers: it will not be sent, and the report will say so. */
  purges: Purge[];
}

/** Compares a plan with what is there now. */
export async function judgePlan(db: Queryable, plan: Plan): Promise<PlanJudgement> {
  const { rows } = await db.query<{
    mapping: number | null;
    generation: number;
    size: bigint;
    newest: number;
    then: EventSelection;
    now: EventSelection;
  }>(
    `SELECT d.mapping_version AS mapping, h.generation, h.size, n.version AS newest, f.selection AS then, n.selection AS now
       FROM delivery_destination d CROSS JOIN log_head h
       JOIN delivery_filter f ON f.destination = d.destination AND f.version = $2
       JOIN LATERAL (SELECT version, selection FROM delivery_filter WHERE destination = d.destination ORDER BY version DESC LIMIT 1) n
         ON true
      WHERE d.destination = $1`,
    [plan.destination, plan.filterVersion],
  );
  const [found] = rows;
  if (!found) throw new TypeError(`the delivery ledger has no destination ${plan.destination}`);
  const stale: string[] = [];
  if (selectionText(found.then) !== selectionText(found.now)) {
    stale.push(
      `the filter of ${plan.destination} is another: ${JSON.stringify(found.then)} (version ${plan.filterVersion}) when it was planned, ${JSON.stringify(found.now)} (version ${found.newest}) now`,
    );
  }
  if (found.mapping !== null && found.mapping !== plan.mappingVersion) {
    stale.push(
      `the mapping of ${plan.destination} is another: version ${plan.mappingVersion} when it was planned, ${found.mapping} now`,
    );
  }
  if (found.generation !== plan.generation) {
    stale.push(
      `the log was restored: it is generation ${found.generation}, and the plan counts positions of generation ${plan.generation}`,
    );
  }
  if (found.size < plan.toPos) {
    stale.push(`the log ends at ${found.size}, and the plan lists up to ${plan.toPos}`);
  }
  return { stale, purges: await purgesSince(db, plan) };
}
