import { createHash } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { enqueueOutbox, instantSql, inTransaction, type Queryable, type RecordedEvent } from '#record';
import { type Answer, type KeptAnswer, keptAnswer } from './answer.js';
import type { Lane } from './destination.js';
import { probeDelayMs, type RetryPolicy, retryDelayMs } from './retry.js';
import { type EventSelection, selectionText } from './selection.js';

// The ledger in brief. `delivery_range` says which positions a destination is to have, `delivery_batch` which of them go in one
// request and what became of it:
//
//   due ──claim──▶ sending ──202──▶ accepted            claim: one statement, gives the attempt its number and a lease
//    ▲                │  ├──413, 400──▶ split ──▶ children: due
//    │                │  ├──400, one event──▶ dead, and a dead letter
//    │                │  └──401, 403──▶ paused ──key works──▶ due
//    └──429, 5xx, no answer: due_at later◀─┘
//
// Where the destination can be read back, what may be stored is not sent again blindly (doubt.ts decides):
//
//   sending ──no answer, or its forwarder vanished──▶ doubt ──seen whole──▶ observed      accepted ──seen whole──▶ observed
//                                                       ├──absent, or nobody can tell──▶ due
//                                                       └──seen in part──▶ split ──▶ a child with what is missing: due
//
// A claim and a settlement name the attempt; a settlement that comes after somebody else took the batch over changes nothing.
// A crash leaves: before the claim, a due batch; after it, a lease that runs out, whereupon the next attempt takes over and
// counts the lost one as uncertain (or, with read-back, doubt). `delivery_destination` is the gate: while it is not `delivering`, one probe at a time passes.

export type BatchState =
  | 'due'
  | 'sending'
  | 'accepted'
  | 'observed'
  | 'doubt'
  | 'split'
  | 'dead'
  | 'paused'
  | 'cancelled';
export type DestinationState = 'delivering' | 'failing' | 'paused';

/** A claimed batch: ours until its lease ends, under this attempt. */
export interface ClaimedBatch {
  id: bigint;
  range: bigint;
  destination: string;
  lane: Lane;
  /** Null where it is no part of another batch. */
  parent: bigint | null;
  fromPos: bigint;
  /** Exclusive. */
  toPos: bigint;
  count: number;
  /** Mapped bytes when it was cut. */
  bytes: number;
  idsDigest: Buffer;
  mappingVersion: number;
  filterVersion: number;
  attempt: number;
  /** Earlier attempts that may have been stored. */
  uncertain: number;
  /** Events of it that retention had removed when it was last sent. */
  purged: number;
  /** Failures in a row of the destination when it was claimed. */
  failures: number;
  /** The replay or backfill that it belongs to. */
  plan: string | null;
  /** Of its range, only these positions; null: all that its filter lets through. Digits. */
  only: string[] | null;
  /** It sends what its accepted parent is missing at the destination: never once more. */
  isResend: boolean;
  /** Whether it was let through alone, to see if the destination works again. */
  probe: boolean;
}

/** A part of a range, ready to become a batch. */
export interface BatchDraft {
  fromPos: bigint;
  toPos: bigint;
  count: number;
  /** As the destination gets them, without what differs between attempts. */
  bytes: number;
  idsDigest: Buffer;
  /** See {@link ClaimedBatch}; absent: as in the batch it is a part of. */
  only?: string[] | null;
}

/** Positions that one batch spans, at most (cutting stops far earlier): bounds the search for the batches over a position. */
export const LONGEST_BATCH_POSITIONS = 100_000;

/** Columns of a batch `b` under the names of {@link ClaimedBatch}'s members. */
export const BATCH_COLUMNS = `b.id, b.range, b.destination, b.lane, b.parent, b.from_pos AS "fromPos", b.to_pos AS "toPos", b.count,
  b.ids_digest AS "idsDigest", b.mapping_version AS "mappingVersion", b.filter_version AS "filterVersion", b.attempt,
  b.bytes, b.uncertain, b.purged, b.only_positions::text[] AS only,
  b.is_resend AS "isResend",
  (SELECT plan FROM delivery_range r WHERE r.id = b.range) AS plan`;

/** `<epoch>.<seq>`: under this name an event is found in the record and at the destination. */
export function eventIdOf(event: Pick<RecordedEvent, 'epoch' | 'seq'>): string {
  return `${event.epoch}.${event.seq}`;
}

/** What a batch holds, in one number: SHA-256 over its events' ids, a line each. */
export function digestIds(events: readonly Pick<RecordedEvent, 'epoch' | 'seq'>[]): Buffer {
  const hash = createHash('sha256');
  for (const event of events) hash.update(`${eventIdOf(event)}\n`);
  return hash.digest();
}

/** What the configuration says of a destination, as far as the ledger needs it. No secrets. */
export interface DestinationEntry {
  name: string;
  kind: string;
  /** Where a destination that was never there begins: at the events to come, or at the first one of the record. */
  startAt: 'now' | 'beginning';
  /** Paused by a person: nothing is cut or sent until that is taken back. */
  isHeld: boolean;
  selection: EventSelection;
}

/**
 * Enters a destination, or what changed about it. One that was there keeps its cursor; another filter than its newest one is a
 * new version, for batches yet to be cut. Any number of forwarders may say the same.
 */
export async function announceDestination(pool: pg.Pool, entry: DestinationEntry): Promise<void> {
  const { name, kind, startAt, isHeld, selection } = entry;
  await inTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO delivery_destination (destination, kind, is_held) VALUES ($1, $2, $3)
         ON CONFLICT (destination) DO UPDATE SET kind = $2, is_held = $3, announced_at = clock_timestamp()`,
      [name, kind, isHeld],
    );
    await client.query(
      `INSERT INTO delivery_range (destination, lane, from_pos, next_pos)
         SELECT $1, 'live', start, start FROM (SELECT CASE WHEN $2 THEN size ELSE 0 END AS start FROM log_head) AS head
         ON CONFLICT (destination) WHERE to_pos IS NULL DO NOTHING`,
      [name, startAt === 'now'],
    );
    const { rows } = await client.query<{ version: number; selection: EventSelection }>(
      'SELECT version, selection FROM delivery_filter WHERE destination = $1 ORDER BY version DESC LIMIT 1',
      [name],
    );
    const newest = rows[0];
    if (newest && selectionText(newest.selection) === selectionText(selection)) return;
    await client.query('INSERT INTO delivery_filter (destination, version, selection) VALUES ($1, $2, $3)', [
      name,
      (newest?.version ?? 0) + 1,
      selectionText(selection),
    ]);
  });
}

/** Says that a forwarder still has it in its configuration. */
export async function keepAnnounced(db: Queryable, destination: string): Promise<void> {
  await db.query('UPDATE delivery_destination SET announced_at = clock_timestamp() WHERE destination = $1', [
    destination,
  ]);
}

export interface ClaimOptions {
  destination: string;
  batch: bigint;
  /** Number that the claim will have: a job for an attempt that was made already claims nothing. */
  attempt: number;
  leaseMs: number;
  mappingVersions: readonly number[];
  rate?: Rate | undefined;
  /** Whether the destination can be read back: what a vanished forwarder claimed is in doubt then, and not taken over. */
  readsBack?: boolean;
}

/** Bounds of what a destination gets, over all its lanes and all forwarders. */
export interface Rate {
  eventsPerSecond?: number | undefined;
  bytesPerSecond?: number | undefined;
}

/** How much a rate lets through at once after a rest. */
const BURST_MS = 1_000;

/** The rate lets nothing through now. */
export interface RateWait {
  waitMs: number;
}

/**
 * Takes a batch for one attempt, if it is due (or its holder's lease ran out) and the destination's gate lets it through.
 * @returns undefined where it is not to be sent now, by us; a wait where only the rate is in the way. Nothing is changed then
 */
export async function claimBatch(pool: pg.Pool, options: ClaimOptions): Promise<ClaimedBatch | RateWait | undefined> {
  const { rate } = options;
  if (rate?.eventsPerSecond === undefined && rate?.bytesPerSecond === undefined) return claimNow(pool, options);
  // The row is held until the claim is made, so that two forwarders do not both take what one may.
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ wait: number }>(
      `SELECT (extract(epoch FROM send_at - clock_timestamp()) * 1000)::float8 AS wait
         FROM delivery_destination WHERE destination = $1 FOR UPDATE`,
      [options.destination],
    );
    const waitMs = rows[0]?.wait ?? 0;
    if (waitMs > 0) return { waitMs: Math.ceil(waitMs) };
    const claimed = await claimIn(client, options);
    if (!claimed) return undefined;
    await client.query(
      `UPDATE delivery_destination d
          SET send_at = greatest(d.send_at, clock_timestamp() - $3 * interval '1 millisecond') + $4 * interval '1 millisecond'
         FROM delivery_batch b WHERE d.destination = $1 AND b.id = $2`,
      [options.destination, claimed.id, BURST_MS, costMs(claimed, rate)],
    );
    return claimed;
  });
}

/** How long a batch takes of the destination's rate. */
function costMs(batch: ClaimedBatch, { eventsPerSecond, bytesPerSecond }: Rate): number {
  const events = eventsPerSecond === undefined ? 0 : batch.count / eventsPerSecond;
  const bytes = bytesPerSecond === undefined ? 0 : batch.bytes / bytesPerSecond;
  return Math.max(events, bytes) * 1_000;
}

async function claimNow(pool: pg.Pool, options: ClaimOptions): Promise<ClaimedBatch | undefined> {
  const claimed = await take(pool, options, OPEN_GATE, `b.state = 'due'`);
  if (claimed) return { ...claimed, probe: false };
  return inTransaction(pool, (client) => probe(client, options)).catch(nothingToProbe);
}

async function claimIn(client: pg.PoolClient, options: ClaimOptions): Promise<ClaimedBatch | undefined> {
  const claimed = await take(client, options, OPEN_GATE, `b.state = 'due'`);
  if (claimed) return { ...claimed, probe: false };
  await client.query('SAVEPOINT before_probe');
  return probe(client, options).catch(async (error: unknown) => {
    await client.query('ROLLBACK TO SAVEPOINT before_probe');
    return nothingToProbe(error);
  });
}

async function probe(client: pg.PoolClient, options: ClaimOptions): Promise<ClaimedBatch | undefined> {
  const { rows } = await client.query<{ failures: number }>(
    `UPDATE delivery_destination SET open_at = clock_timestamp() + $2 * interval '1 millisecond'
      WHERE destination = $1 AND state <> 'delivering' AND open_at <= clock_timestamp() RETURNING failures`,
    [options.destination, options.leaseMs],
  );
  if (!rows[0]) return undefined;
  const taken = await take(client, options, ANY_GATE, `b.state IN ('due', 'paused')`);
  // Not this batch: the gate stays as it was, for one that is due.
  if (!taken) throw new NothingToProbe();
  return { ...taken, probe: true };
}

function nothingToProbe(error: unknown): undefined {
  if (error instanceof NothingToProbe) return undefined;
  throw error;
}

class NothingToProbe extends Error {}

const ANY_GATE = 'true';
const OPEN_GATE = `d.state = 'delivering' AND d.open_at <= clock_timestamp()`;

/** A replay or backfill that somebody paused: its batches wait. */
const NOT_RESTING = `NOT EXISTS (SELECT FROM delivery_range r JOIN delivery_plan p ON p.id = r.plan
                      WHERE r.id = b.range AND p.state <> 'running')`;

async function take(
  db: Queryable,
  options: ClaimOptions,
  gate: string,
  state: string,
): Promise<Omit<ClaimedBatch, 'probe'> | undefined> {
  const { rows } = await db.query<Omit<ClaimedBatch, 'probe'>>(
    `UPDATE delivery_batch b
        SET state = 'sending', attempt = b.attempt + 1, uncertain = b.uncertain + (b.state = 'sending')::int,
            lease_until = clock_timestamp() + $4 * interval '1 millisecond'
       FROM delivery_destination d
      WHERE b.id = $1 AND b.destination = $2 AND b.attempt = $3 - 1 AND b.mapping_version = ANY($5)
        AND (${state} OR (NOT $6 AND b.state = 'sending' AND b.lease_until < clock_timestamp()))
        AND d.destination = b.destination AND NOT d.is_held AND ${gate} AND ${NOT_RESTING}
      RETURNING ${BATCH_COLUMNS}, d.failures`,
    [
      options.batch,
      options.destination,
      options.attempt,
      options.leaseMs,
      [...options.mappingVersions],
      options.readsBack ?? false,
    ],
  );
  return rows[0];
}

/** What a settlement changed. */
export interface Settled {
  /** False where the batch was no longer ours: nothing of it was changed. */
  held: boolean;
  /** Set where the destination's state changed. */
  turned?: { from: DestinationState; to: DestinationState };
}

/** How an attempt is kept with its batch; `at` is when it was settled. */
export interface KeptAttempt extends KeptAnswer {
  attempt: number;
  at: string;
  /** Absent where nobody was there to measure it: its forwarder vanished. */
  elapsedMs?: number;
}

/** Adds one to a batch's attempts: the first ten stay, of the others the newest twenty. */
const WITH_ATTEMPT = (parameter: string) =>
  `(CASE WHEN jsonb_array_length(attempts) < 30 THEN attempts ELSE attempts - 10 END) ||
     (${parameter}::jsonb || jsonb_build_object('at', ${instantSql('clock_timestamp()')}))`;

function attemptJson(batch: ClaimedBatch, answer: Answer, elapsedMs: number): string {
  return JSON.stringify({ attempt: batch.attempt, elapsedMs: Math.round(elapsedMs), ...keptAnswer(answer) });
}

/**
 * Settles an attempt as accepted, also where it was in doubt meanwhile. The first one after failures opens the gate again for all
 * that waits.
 */
export async function settleAccepted(
  pool: pg.Pool,
  batch: ClaimedBatch,
  answer: Answer,
  sent: { purged: number; late: number; elapsedMs: number },
): Promise<Settled> {
  const { rows } = await pool.query<{ held: boolean; state: DestinationState; failures: number }>(
    `WITH settled AS (
       UPDATE delivery_batch SET state = 'accepted', settled_at = clock_timestamp(), lease_until = NULL, answer = $3, purged = $4,
              late = $6, attempts = ${WITH_ATTEMPT('$7')}
        WHERE id = $1 AND attempt = $2 AND state IN ('sending', 'doubt') RETURNING 1)
     SELECT EXISTS (SELECT FROM settled) AS held, state, failures FROM delivery_destination WHERE destination = $5`,
    [
      batch.id,
      batch.attempt,
      JSON.stringify(keptAnswer(answer)),
      sent.purged,
      batch.destination,
      sent.late,
      attemptJson(batch, answer, sent.elapsedMs),
    ],
  );
  const row = rows[0];
  if (!row) return { held: false };
  if (row.state === 'delivering' && row.failures === 0) return { held: row.held };
  const turned = await reopenDestination(pool, batch.destination);
  return { held: row.held, ...(turned ? { turned } : {}) };
}

/**
 * Opens the gate of a destination that works again: what was paused or put off is due now.
 * @returns undefined where it was open already
 */
export async function reopenDestination(pool: pg.Pool, destination: string): Promise<Settled['turned']> {
  return inTransaction(pool, async (client) => {
    const from = (await lockDestination(client, destination))?.state;
    await client.query(
      `UPDATE delivery_destination SET state = 'delivering', failures = 0, reason = NULL,
              since = CASE WHEN state = 'delivering' THEN since ELSE clock_timestamp() END,
              open_at = CASE WHEN state = 'delivering' THEN open_at ELSE clock_timestamp() END
        WHERE destination = $1`,
      [destination],
    );
    if (from === undefined || from === 'delivering') return undefined;
    await client.query(
      `UPDATE delivery_batch SET state = 'due', due_at = clock_timestamp()
        WHERE destination = $1 AND (state = 'paused' OR (state = 'due' AND due_at > clock_timestamp()))`,
      [destination],
    );
    return { from, to: 'delivering' };
  });
}

/**
 * Settles an attempt that is to be made again: by itself later, or, for a key that was refused, once a probe is accepted.
 * @returns the delay of the next attempt; undefined while it is paused
 */
export async function settleLater(
  pool: pg.Pool,
  batch: ClaimedBatch,
  answer: Extract<Answer, { kind: 'retry' | 'refused' | 'unauthorized' | 'invalid' }>,
  policy: RetryPolicy,
  elapsedMs = 0,
  random: () => number = Math.random,
): Promise<Settled & { delayMs?: number }> {
  const waitMs = answer.kind === 'retry' ? answer.waitMs : undefined;
  const pauses = answer.kind === 'unauthorized' || answer.kind === 'invalid';
  // An answer that a destination never gives to events wants a person: it is not worth trying often.
  const attempts = answer.kind === 'refused' ? 31 : batch.attempt;
  const delayMs = retryDelayMs(policy, attempts, random(), waitMs);
  return inTransaction(pool, async (client) => {
    // First, as a claim does it: two that lock in different orders may wait for each other.
    const before = await lockDestination(client, batch.destination);
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = $3, due_at = clock_timestamp() + $4 * interval '1 millisecond', lease_until = NULL,
              uncertain = uncertain + $5, answer = $6, attempts = ${WITH_ATTEMPT('$7')}
        WHERE id = $1 AND attempt = $2 AND state = 'sending'`,
      [
        batch.id,
        batch.attempt,
        pauses ? 'paused' : 'due',
        delayMs,
        answer.kind === 'retry' && answer.mayBeStored ? 1 : 0,
        JSON.stringify(keptAnswer(answer)),
        attemptJson(batch, answer, elapsedMs),
      ],
    );
    const turned =
      before && (await countFailure(client, batch.destination, before, { answer, pauses, waitMs, policy, random }));
    return { held: rowCount === 1, ...(turned ? { turned } : {}), ...(pauses ? {} : { delayMs }) };
  });
}

/**
 * Settles an attempt that may have been stored: it is in doubt until somebody looked. The failure counts like any other.
 * @returns what changed about the destination
 */
export async function settleDoubt(
  pool: pg.Pool,
  batch: ClaimedBatch,
  answer: Extract<Answer, { kind: 'retry' }>,
  policy: RetryPolicy,
  elapsedMs: number,
): Promise<Settled> {
  return inTransaction(pool, async (client) => {
    const before = await lockDestination(client, batch.destination);
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = 'doubt', doubt_since = clock_timestamp(), looked_at = NULL, lease_until = NULL, answer = $3,
              attempts = ${WITH_ATTEMPT('$4')}
        WHERE id = $1 AND attempt = $2 AND state = 'sending'`,
      [batch.id, batch.attempt, JSON.stringify(keptAnswer(answer)), attemptJson(batch, answer, elapsedMs)],
    );
    const { waitMs } = answer;
    const failure = { answer, pauses: false, waitMs, policy, random: Math.random };
    const turned = before && (await countFailure(client, batch.destination, before, failure));
    return { held: rowCount === 1, ...(turned ? { turned } : {}) };
  });
}

interface Failure {
  answer: Answer & { reason: string };
  pauses: boolean;
  waitMs: number | undefined;
  policy: RetryPolicy;
  random: () => number;
}

interface Gate {
  state: DestinationState;
  failures: number;
}

async function lockDestination(client: pg.PoolClient, destination: string): Promise<Gate | undefined> {
  const { rows } = await client.query<Gate>(
    'SELECT state, failures FROM delivery_destination WHERE destination = $1 FOR UPDATE',
    [destination],
  );
  return rows[0];
}

async function countFailure(
  client: pg.PoolClient,
  destination: string,
  before: Gate,
  { answer, pauses, waitMs, policy, random }: Failure,
): Promise<Settled['turned']> {
  const failures = before.failures + 1;
  // A server error says nothing about the key: paused stays paused.
  const paused = pauses || before.state === 'paused';
  const to: DestinationState = paused
    ? 'paused'
    : before.state === 'failing' || failures >= policy.failuresBeforeProbing
      ? 'failing'
      : 'delivering';
  const waits = to === 'delivering' ? (waitMs ?? 0) : 0;
  const delay =
    to === 'delivering'
      ? waits > 0
        ? retryDelayMs(policy, 1, random(), waits)
        : undefined
      : probeDelayMs(policy, to, failures, random(), waitMs);
  await client.query(
    `UPDATE delivery_destination SET state = $2, failures = $3, reason = $4,
            since = CASE WHEN state = $2 THEN since ELSE clock_timestamp() END,
            open_at = CASE WHEN $5::bigint IS NULL THEN open_at ELSE clock_timestamp() + $5 * interval '1 millisecond' END
      WHERE destination = $1`,
    [destination, to, failures, keptAnswer(answer).reason ?? answer.kind, delay ?? null],
  );
  return to === before.state ? undefined : { from: before.state, to };
}

/**
 * Replaces a batch that the destination does not take whole by its parts, which together hold the same events. Where it is split because it
 * fails as a whole (no answer in time, 5xx), the failure counts like any other: a probe leaves the gate shut until the next one, and
 * not until its lease ends.
 * @returns ids of the parts; none where the batch was no longer ours
 */
export async function settleSplit(
  pool: pg.Pool,
  batch: ClaimedBatch,
  parts: readonly BatchDraft[],
  answer: Answer,
  policy: RetryPolicy,
  elapsedMs = 0,
): Promise<Settled & { parts: bigint[] }> {
  return inTransaction(pool, async (client) => {
    const before = answer.kind === 'retry' ? await lockDestination(client, batch.destination) : undefined;
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = 'split', settled_at = clock_timestamp(), lease_until = NULL, answer = $3,
              attempts = ${WITH_ATTEMPT('$4')}
        WHERE id = $1 AND attempt = $2 AND state = 'sending'`,
      [batch.id, batch.attempt, JSON.stringify(keptAnswer(answer)), attemptJson(batch, answer, elapsedMs)],
    );
    const ids: bigint[] = [];
    if (rowCount === 1) {
      for (const part of parts) ids.push(await insertBatch(client, { ...batch, ...part, parent: batch.id }));
    }
    if (!before || answer.kind !== 'retry') return { held: rowCount === 1, parts: ids };
    const failure = { answer, pauses: false, waitMs: answer.waitMs, policy, random: Math.random };
    const turned = await countFailure(client, batch.destination, before, failure);
    return { held: rowCount === 1, parts: ids, ...(turned ? { turned } : {}) };
  });
}

/** Gives up on a batch of one event that the destination refuses for good: it becomes a dead letter, with the reason. */
export async function settleDead(
  pool: pg.Pool,
  batch: ClaimedBatch,
  event: RecordedEvent,
  rendered: string,
  answer: Answer & { reason: string },
  elapsedMs = 0,
): Promise<Settled> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = 'dead', settled_at = clock_timestamp(), lease_until = NULL, answer = $3,
              attempts = ${WITH_ATTEMPT('$4')}
        WHERE id = $1 AND attempt = $2 AND state = 'sending'`,
      [batch.id, batch.attempt, JSON.stringify(keptAnswer(answer)), attemptJson(batch, answer, elapsedMs)],
    );
    if (rowCount !== 1) return { held: false };
    await client.query(
      `INSERT INTO dead_letter (destination, position, event_id, batch, body, reason) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (destination, position) DO UPDATE
         SET batch = excluded.batch, body = excluded.body, reason = excluded.reason, state = 'open', last_at = clock_timestamp()`,
      [
        batch.destination,
        event.position,
        eventIdOf(event),
        batch.id,
        rendered,
        keptAnswer(answer).reason ?? answer.kind,
      ],
    );
    await enqueueOutbox(client, {
      type: 'deadletter.opened',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      data: {
        destination: batch.destination,
        event: eventIdOf(event),
        position: String(event.position),
        reason: keptAnswer(answer).reason ?? answer.kind,
      },
    });
    return { held: true };
  });
}

/** Lays an attempt down unsent, without judging it: the process stops. It is due at once; where it was a probe, so is the next one. */
export async function settleUnsent(pool: pg.Pool, batch: ClaimedBatch): Promise<void> {
  await inTransaction(pool, async (client) => {
    if (batch.probe) await lockDestination(client, batch.destination);
    const { rowCount } = await client.query(
      `UPDATE delivery_batch SET state = 'due', due_at = clock_timestamp(), lease_until = NULL
        WHERE id = $1 AND attempt = $2 AND state = 'sending'`,
      [batch.id, batch.attempt],
    );
    if (rowCount !== 1 || !batch.probe) return;
    await client.query(
      `UPDATE delivery_destination SET open_at = clock_timestamp() WHERE destination = $1 AND state <> 'delivering'`,
      [batch.destination],
    );
  });
}

/** Writes one due batch, inside the transaction that cuts or splits. */
export async function insertBatch(
  client: pg.PoolClient,
  batch: BatchDraft &
    Pick<ClaimedBatch, 'range' | 'destination' | 'lane' | 'parent' | 'mappingVersion' | 'filterVersion' | 'uncertain'> &
    Partial<Pick<ClaimedBatch, 'isResend'>>,
): Promise<bigint> {
  const { rows } = await client.query<{ id: bigint }>(
    `INSERT INTO delivery_batch (range, destination, lane, parent, from_pos, to_pos, count, ids_digest, mapping_version, filter_version,
                                 uncertain, bytes, only_positions, is_resend, due_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::text[]::bigint[], $14, clock_timestamp()) RETURNING id`,
    [
      batch.range,
      batch.destination,
      batch.lane,
      batch.parent,
      batch.fromPos,
      batch.toPos,
      batch.count,
      batch.idsDigest,
      batch.mappingVersion,
      batch.filterVersion,
      batch.uncertain,
      batch.bytes,
      batch.only ?? null,
      batch.isResend ?? false,
    ],
  );
  const row = rows[0];
  if (!row) throw new TypeError('an INSERT returned no row');
  return row.id;
}

/** A batch that waits for a worker, and the number of its next attempt. */
export interface Waiting {
  batch: bigint;
  attempt: number;
}

/**
 * Batches of a lane that should be under way: due ones, and those whose holder vanished. While the destination is not
 * delivering, at most one, and that only when its next probe is due.
 * @param readsBack what a vanished holder claimed is left to whoever looks what became of it
 * @param plan only those of this replay or backfill
 */
export async function waitingBatches(
  db: Queryable,
  destination: string,
  lane: Lane,
  limit: number,
  readsBack = false,
  plan?: string,
): Promise<Waiting[]> {
  const { rows } = await db.query<Waiting>(
    `SELECT b.id AS batch, b.attempt + 1 AS attempt
       FROM delivery_batch b JOIN delivery_destination d ON d.destination = b.destination
      WHERE b.destination = $1 AND b.lane = $2 AND d.open_at <= clock_timestamp()
        AND NOT d.is_held AND ${NOT_RESTING}
        AND ($5::text IS NULL OR EXISTS (SELECT FROM delivery_range r WHERE r.id = b.range AND r.plan = $5))
        AND ((b.state = 'due' AND (b.due_at <= clock_timestamp() OR d.state <> 'delivering'))
          OR (NOT $4 AND b.state = 'sending' AND b.lease_until < clock_timestamp())
          OR (b.state = 'paused' AND d.state <> 'delivering'))
      -- Probes take turns: an event that makes the destination fail must not be the only one it is ever asked with.
      ORDER BY CASE WHEN d.state = 'delivering' THEN 0 ELSE b.attempt END, b.from_pos, b.id
      LIMIT (SELECT CASE WHEN state = 'delivering' THEN $3::int ELSE 1 END FROM delivery_destination WHERE destination = $1)`,
    [destination, lane, limit, readsBack, plan ?? null],
  );
  return rows;
}
