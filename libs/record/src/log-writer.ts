import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { type AffidavitError, type Epoch, instantOfMicros, type NodeName, RECORD_NODE } from '#events';
import { type TreeEdge, toHex } from '#ledger';
import { blamesRow } from './copy-events.js';
import { blankMark, type EpochMark, epochKey, findMark, readPublishedMarks } from './epochs.js';
import { isForGood, RecordError, unavailable } from './errors.js';
import {
  aheadOf,
  askDestinations,
  contradicted,
  contradictionOf,
  type KnownHead,
  openGeneration,
  readToldHeads,
  recordContradiction,
} from './generations.js';
import { readHead } from './head.js';
import { releaseLease, takeLease } from './lease.js';
import { type DeclaredLoss, type OwnHead, type Plan, planRecording } from './log-plan.js';
import { extendTree, isEdgeOf, readEdge, rootOfHead } from './merkle-tree.js';
import { Partitions, readRetentionClasses } from './partitions.js';
import { EMPTY_BATCH, type RecordBatch } from './record-batch.js';
import { type GoneNumbers, type OwnProgress, readTenure, type Tenure } from './tenure.js';
import { commitWithoutWarning, writePlan } from './write-plan.js';

// The log writer in brief.
//   begin   take the lease (log_head.lease_holder, lease_until; Postgres' clock), read head and marks, open an own epoch
//   commit  BEGIN, head, outbox → COPY event → run, producer_epoch, merkle_tile, quarantine, foreign_entry, NOTIFY → UPDATE log_head → COMMIT
//   end     producer.stopped, lease given back
// A crash before COMMIT leaves nothing. A crash, a broken line or a warning at COMMIT leaves it open whether it happened: the
// writer forgets what it knew, and reads head and marks again before the next transaction. Whoever fed it does the same.
// The lock on the head lasts one statement and the commit; a second writer's statement then finds another size and gives up.

export interface LogWriterOptions {
  pool: pg.Pool;
  /** Written into `producer.started` of each tenure. */
  version: string;
  /** Signs the head of node `record`'s epoch, with the log's key. */
  signHead(head: OwnHead): Buffer;
  /** The log's end as copies elsewhere tell it, asked before each tenure begins; see generations.ts. */
  knownHeads?(): Promise<KnownHead[]>;
  /** How long the lease stands without renewal; default 5 s. */
  leaseMs?: number;
  /** Most outbox rows in one transaction; default 500. */
  outboxLimit?: number;
  /** Gives up on a transaction that hangs without an answer (a dead line); default 60 s. */
  commitDeadlineMs?: number;
}

/** What a commit did. */
export interface Commit {
  /** Of the log: it rises where PostgreSQL went back. */
  generation: number;
  /** Positions `[from, to)`. */
  from: bigint;
  to: bigint;
  /** Postgres' clock in that transaction: RFC 3339. */
  recordedAt: string;
  /** New state of every epoch that moved, without node `record`. */
  marks: EpochMark[];
  /** Epochs that a person's declaration moved: what was read ahead for them no longer fits. */
  declared: EpochMark[];
  quarantined: number;
  /** Events that came through the outbox. */
  outbox: number;
}

const CLASSES_MAX_AGE_MS = 10_000;
/** A writer that begins anew after each of many errors asks no more often. */
const ASK_DESTINATIONS_MS = 60_000;

/**
 * The one writer of the log. Not for concurrent use: one commit after the other. Two of them in two processes do no harm:
 * the slower one's transaction is rolled back.
 */
export class LogWriter {
  /** This process' name in the lease. */
  readonly holder = `${process.pid}-${randomUUID().slice(0, 8)}`;
  private readonly partitions = new Partitions();
  private tenure: Tenure | undefined;
  private own: OwnProgress | undefined;
  /** What was found gone of an own epoch, until it stands on the record. */
  private gone: GoneNumbers | undefined;
  /** The tree as this process left it, and, where it is built over older events, how far it came. */
  private edge: TreeEdge | undefined;
  /** The log's end as this process itself last committed it. */
  private seen: (KnownHead & { at: string }) | undefined;
  private saidContradiction: string | undefined;
  private classesReadAt = 0;
  private askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: LogWriterOptions) {}

  /** True between a successful {@link begin} and the next error or {@link end}. */
  get isReady(): boolean {
    return this.tenure !== undefined;
  }

  /**
   * Takes the lease if it is free, reads head and marks, and opens this tenure's own epoch on the record.
   * @returns false while another recorder is active
   * @throws RECORD_UNAVAILABLE, RECORD_SUPERSEDED (retry: later)
   */
  async begin(): Promise<boolean> {
    this.tenure = undefined;
    try {
      if (!(await takeLease(this.options.pool, this.holder, this.leaseMs))) {
        this.own = undefined;
        return false;
      }
      await this.askDestinations();
      const contradiction = await this.compareElsewhere();
      const tenure = await readTenure(this.options.pool, this.own, this.edge);
      if (contradiction) {
        tenure.edge = undefined;
        tenure.treeError = contradiction;
      }
      this.continueOwn(tenure);
      this.tenure = tenure;
      this.classesReadAt = Date.now();
    } catch (cause) {
      throw unavailable(cause);
    }
    if (this.markOf(RECORD_NODE, this.tenure.ownEpoch)?.seq === 0) await this.commit(EMPTY_BATCH);
    return true;
  }

  /** The log's end as this process last committed it, and Postgres' clock of then; undefined before it committed anything. */
  get lastHead(): (KnownHead & { at: string }) | undefined {
    return this.seen;
  }

  /** How many recorded events the Merkle tree does not cover yet. */
  get treeBehind(): number {
    if (!this.tenure || this.tenure.edge) return 0;
    return Number(this.tenure.size) - (this.edge?.size ?? 0);
  }

  /** Why the tree is not continued, and nothing is signed. */
  get treeError(): AffidavitError | undefined {
    return this.tenure?.treeError;
  }

  /**
   * Brings the tree a step nearer to the head, where it is behind: over events recorded before there was one. Call between commits.
   * @returns true while there is more to do
   * @throws RECORD_UNAVAILABLE, RECORD_SUPERSEDED; RECORD_LEAVES_MISSING, RECORD_TREE_DIFFERS are kept as {@link treeError}
   */
  async extendTree(): Promise<boolean> {
    const tenure = this.requireTenure();
    if (tenure.edge || tenure.treeError) return false;
    try {
      const head = await readHead(this.options.pool);
      const edge = this.edge && isEdgeOf(this.edge, head) ? this.edge.clone() : await readEdge(this.options.pool, head);
      if (!(await extendTree(this.options.pool, edge, tenure.size, this.holder))) throw superseded();
      this.edge = edge;
      if (BigInt(edge.size) === tenure.size) tenure.edge = edge;
    } catch (cause) {
      this.edge = undefined;
      if (!isForGood(cause)) throw unavailable(cause);
      tenure.treeError = cause;
    }
    return !tenure.edge && !tenure.treeError;
  }

  /** True where somebody tells by now that this database went back: the tenure must begin anew. @throws RECORD_UNAVAILABLE */
  async mustBeginAnew(): Promise<boolean> {
    const { generation, size } = this.requireTenure();
    const told = await readToldHeads(this.options.pool).catch((cause) => {
      throw unavailable(cause);
    });
    return aheadOf({ generation, size }, told) !== undefined;
  }

  /** @returns false when the lease went to another: this writer is no longer the active one */
  async keepLease(): Promise<boolean> {
    const kept = await takeLease(this.options.pool, this.holder, this.leaseMs).catch((cause) => {
      throw unavailable(cause);
    });
    if (!kept) this.tenure = undefined;
    return kept;
  }

  /** The mark of an epoch, from what this writer knows; undefined where it must be looked up (see {@link lookUpMark}). */
  markOf(node: NodeName, epoch: Epoch): EpochMark | undefined {
    return this.tenure?.marks.get(epochKey(node, epoch));
  }

  /** The mark of any epoch: blank where the record holds nothing of it. @throws RECORD_UNAVAILABLE */
  async lookUpMark(node: NodeName, epoch: Epoch): Promise<EpochMark> {
    const tenure = this.requireTenure();
    const known = tenure.marks.get(epochKey(node, epoch));
    if (known) return known;
    const found = await findMark(this.options.pool, node, epoch).catch((cause) => {
      throw unavailable(cause);
    });
    const mark = found ?? blankMark(node, epoch);
    tenure.marks.set(epochKey(node, epoch), mark);
    return mark;
  }

  /**
   * Marks to publish again (see {@link readPublishedMarks}). Call between commits, never during one: an older mark could
   * otherwise carry a later time than a newer one.
   * @throws RECORD_UNAVAILABLE
   */
  async readMarks(
    also: readonly { node: NodeName; epoch: Epoch }[] = [],
  ): Promise<{ marks: EpochMark[]; at: string; generation: number }> {
    const { generation } = this.requireTenure();
    const read = await readPublishedMarks(this.options.pool, also).catch((cause) => {
      throw unavailable(cause);
    });
    return { ...read, generation };
  }

  /**
   * Records a batch, together with whatever waits in the outbox and among declared losses: all or nothing, at gapless positions.
   * Durable when it resolves. @returns undefined where there was nothing to record
   * @throws RECORD_OUT_OF_ORDER, RECORD_SUPERSEDED, RECORD_UNAVAILABLE (outcome unknown). After any of them call {@link begin}
   *   again and read from its marks on: nothing, or all, was recorded
   */
  async commit(batch: RecordBatch, stopReason?: string): Promise<Commit | undefined> {
    const tenure = this.requireTenure();
    try {
      await this.refreshClasses(tenure);
      for (const { node, epoch } of epochsNamedIn(batch)) await this.lookUpMark(node, epoch);
      let outcome = await this.attempt(tenure, batch, stopReason, false);
      if (outcome === 'refused-row') outcome = await this.attempt(tenure, batch, stopReason, true);
      if (outcome === 'refused-row') throw new Error('a row was refused although it was set aside');
      return outcome;
    } catch (cause) {
      this.tenure = undefined;
      this.partitions.forget();
      throw unavailable(cause);
    }
  }

  /** Ends the tenure: says so on the record and gives the lease back, so that the next recorder begins at once. */
  async end(reason: string): Promise<void> {
    if (this.tenure) await this.commit(EMPTY_BATCH, reason);
    this.tenure = undefined;
    this.own = undefined;
    await releaseLease(this.options.pool, this.holder);
  }

  /** What they answer is looked at while recording goes on (see {@link mustBeginAnew}): a destination may be away for days. */
  private async askDestinations(): Promise<void> {
    if (performance.now() - this.askedAtMs < ASK_DESTINATIONS_MS) return;
    await askDestinations(this.options.pool);
    this.askedAtMs = performance.now();
  }

  /**
   * Holds this database against what is kept of the log elsewhere, before anything is written to it.
   * @returns why the tree may not be continued
   */
  private async compareElsewhere(): Promise<AffidavitError | undefined> {
    const { pool } = this.options;
    const head = await readHead(pool);
    const known = [
      ...((await this.options.knownHeads?.()) ?? []),
      ...(await readToldHeads(pool)),
      ...(this.seen ? [this.seen] : []),
    ];
    const ahead = aheadOf(head, known);
    if (ahead) {
      if (!(await openGeneration(pool, head, ahead, this.holder))) throw superseded();
      this.seen = undefined;
      return undefined;
    }
    if (known.length === 0) return undefined;
    try {
      const contradiction = await contradictionOf(pool, head, known);
      if (!contradiction) return undefined;
      const { copy } = contradiction;
      const key = `${copy.generation}/${copy.size}/${copy.root}`;
      if (this.saidContradiction !== key) await recordContradiction(pool, contradiction);
      this.saidContradiction = key;
      return contradicted(contradiction);
    } catch (error) {
      // Tiles or leaves that are gone are said of the tree itself, which then is not continued either.
      if (isForGood(error)) return error;
      throw error;
    }
  }

  private get leaseMs(): number {
    return this.options.leaseMs ?? 5_000;
  }

  private continueOwn(tenure: Tenure): void {
    const seq = tenure.marks.get(epochKey(RECORD_NODE, tenure.ownEpoch))?.seq ?? 0;
    this.own = { epoch: tenure.ownEpoch, committed: seq, tried: seq };
    // An epoch that is begun has said it already.
    this.gone = seq > 0 ? undefined : (tenure.earlier.gone ?? this.gone);
    tenure.earlier.gone = this.gone;
  }

  private requireTenure(): Tenure {
    if (this.tenure) return this.tenure;
    throw new RecordError({
      code: 'RECORD_NOT_ACTIVE',
      message: 'this log writer holds no tenure',
      remedy: 'Call begin() first; the recorder does so by itself, also after an error.',
      retry: 'later',
    });
  }

  private async refreshClasses(tenure: Tenure): Promise<void> {
    if (Date.now() - this.classesReadAt < CLASSES_MAX_AGE_MS) return;
    tenure.classes = await readRetentionClasses(this.options.pool);
    this.classesReadAt = Date.now();
  }

  private async attempt(
    tenure: Tenure,
    batch: RecordBatch,
    stopReason: string | undefined,
    settingAside: boolean,
  ): Promise<Commit | undefined | 'refused-row'> {
    const client = await this.options.pool.connect();
    const deadline = setTimeout(() => {
      // Nothing answers: cut the line, which rejects what waits on it. The outcome is then unknown like any other.
      (client as pg.PoolClient & { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    }, this.options.commitDeadlineMs ?? 60_000);
    let usable = false;
    try {
      const outcome = await this.transact(client, tenure, batch, stopReason, settingAside);
      usable = true;
      return outcome;
    } catch (error) {
      if (settingAside || !blamesRow(error)) throw error;
      await client.query('ROLLBACK');
      usable = true;
      return 'refused-row';
    } finally {
      clearTimeout(deadline);
      // A connection on which anything went wrong is thrown away: its server side rolls back.
      client.release(!usable);
    }
  }

  private async transact(
    client: pg.PoolClient,
    tenure: Tenure,
    batch: RecordBatch,
    stopReason: string | undefined,
    settingAside: boolean,
  ): Promise<Commit | undefined> {
    const opened = await this.open(client, tenure);
    const plan = planRecording({
      ...tenure,
      recordedAtUs: opened.recordedAtUs,
      markOf: (node, epoch) => tenure.marks.get(epochKey(node, epoch)) ?? blankMark(node, epoch),
      version: this.options.version,
      batch,
      outbox: opened.outbox,
      losses: opened.losses,
      signHead: this.options.signHead,
      ...(stopReason === undefined ? {} : { stopReason }),
    });
    if (plan.rows.length === 0 && batch.foreign.length === 0 && opened.losses.length === 0) {
      await client.query('ROLLBACK');
      return undefined;
    }
    await this.coverWithPartitions(plan, opened.recordedAtUs);
    const recordedAt = instantOfMicros(opened.recordedAtUs);
    const quarantined = await writePlan(client, plan, recordedAt, batch.foreign, settingAside);
    await this.advanceHead(client, tenure, plan, recordedAt);
    this.own = { epoch: tenure.ownEpoch, committed: 0, ...this.own, tried: ownSeqOf(plan, tenure) };
    await commitWithoutWarning(client);

    const from = tenure.size;
    this.learn(tenure, plan, recordedAt);
    return {
      generation: tenure.generation,
      from,
      to: plan.size,
      recordedAt,
      marks: plan.marks.filter((mark) => mark.node !== RECORD_NODE),
      declared: plan.declared,
      quarantined,
      outbox: opened.outbox.length,
    };
  }

  /** Opens the transaction, and takes what waits in Postgres itself: one round trip. */
  private async open(
    client: pg.PoolClient,
    tenure: Tenure,
  ): Promise<{ recordedAtUs: bigint; outbox: unknown[]; losses: DeclaredLoss[] }> {
    const limit = this.options.outboxLimit ?? 500;
    const results = (await client.query(`
      BEGIN ISOLATION LEVEL READ COMMITTED;
      SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
      SELECT size, generation, lease_holder,
             (extract(epoch FROM greatest(recorded_at, clock_timestamp())) * 1000000)::bigint AS recorded_at_us FROM log_head;
      WITH taken AS (DELETE FROM outbox WHERE id IN
             (SELECT id FROM outbox ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED) RETURNING id, body)
      SELECT body FROM taken ORDER BY id;
      WITH taken AS (DELETE FROM declared_loss WHERE id IN
             (SELECT id FROM declared_loss ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED) RETURNING *)
      SELECT node, epoch, to_seq::float8 AS "to", by, reason FROM taken ORDER BY id`)) as unknown as pg.QueryResult[];
    const head = results[2]?.rows[0] as
      | { size: bigint; generation: number; lease_holder: string | null; recorded_at_us: bigint }
      | undefined;
    if (head?.size !== tenure.size || head.generation !== tenure.generation || head.lease_holder !== this.holder) {
      throw superseded();
    }
    const losses = results[4]!.rows as DeclaredLoss[];
    for (const loss of losses) await this.lookUpMark(loss.node, loss.epoch);
    return {
      recordedAtUs: head.recorded_at_us,
      outbox: (results[3]!.rows as { body: unknown }[]).map((row) => row.body),
      losses,
    };
  }

  private async coverWithPartitions(plan: Plan, recordedAtUs: bigint): Promise<void> {
    const classes = new Set(plan.rows.map((row) => row.class));
    // On another connection, so that what creating one locks is not held until this transaction ends.
    if (!this.partitions.covers(classes, recordedAtUs)) {
      await this.partitions.ensure(this.options.pool, classes, recordedAtUs);
    }
  }

  private async advanceHead(client: pg.PoolClient, tenure: Tenure, plan: Plan, recordedAt: string): Promise<void> {
    const { size, rootEdge } = plan;
    // A tree that is behind stays where it is.
    const { rowCount } = await client.query(
      `UPDATE log_head SET size = $1, recorded_at = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond',
              tree_size = coalesce($8, tree_size), root_edge = coalesce($9, root_edge)
        WHERE log = $4 AND size = $5 AND generation = $6 AND lease_holder = $7 AND ($8::bigint IS NULL OR tree_size = $5)`,
      [
        size,
        recordedAt,
        this.leaseMs,
        tenure.log,
        tenure.size,
        tenure.generation,
        this.holder,
        rootEdge ? size : null,
        rootEdge ?? null,
      ],
    );
    if (rowCount !== 1) throw superseded();
  }

  private learn(tenure: Tenure, plan: Plan, at: string): void {
    tenure.size = plan.size;
    tenure.edge = plan.edge;
    if (plan.edge) this.edge = plan.edge;
    this.seen = {
      generation: tenure.generation,
      size: Number(plan.size),
      root: plan.rootEdge && toHex(rootOfHead({ rootEdge: plan.rootEdge })),
      source: 'the memory of this recorder',
      at,
    };
    tenure.awaitedEnds = plan.awaitedEnds;
    tenure.earlier.open = [];
    const own = ownSeqOf(plan, tenure);
    this.own = { epoch: tenure.ownEpoch, committed: own, tried: own };
    if (own > 0) this.gone = undefined;
    for (const { node, epoch, state, seq, chain } of plan.marks) {
      tenure.marks.set(epochKey(node, epoch), { node, epoch, state, seq, chain });
    }
  }
}

/** Number up to which node `record`'s own epoch goes with this plan. */
function ownSeqOf(plan: Plan, tenure: Tenure): number {
  const planned = plan.marks.find((mark) => mark.node === RECORD_NODE && mark.epoch === tenure.ownEpoch);
  return (planned ?? tenure.marks.get(epochKey(RECORD_NODE, tenure.ownEpoch)))?.seq ?? 0;
}

/** All epochs whose marks the plan may look at. */
function* epochsNamedIn(batch: RecordBatch): Generator<{ node: NodeName; epoch: Epoch }> {
  yield* batch.forks;
  for (const advance of batch.advances) {
    yield advance;
    for (const { event } of advance.events) {
      if (event?.type !== 'producer.started' || !event.data.previous) continue;
      yield { node: advance.node, epoch: event.data.previous.epoch as Epoch };
    }
  }
}

function superseded(): RecordError {
  return new RecordError({
    code: 'RECORD_SUPERSEDED',
    message: 'another recorder moved the head or took the lease; nothing was written',
    remedy: 'Nothing to do: the other one is active, and this one waits its turn.',
    retry: 'later',
  });
}
