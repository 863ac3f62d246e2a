import { AffidavitError, type Epoch, type NodeName } from '#events';
import { Hindrance, type Logger, type Trouble } from '#platform';
import {
  type Commit,
  EMPTY_BATCH,
  type EpochMark,
  epochKey,
  type ForeignEntry,
  type LogWriter,
  type RecordBatch,
  unavailable,
} from '#record';
import { type StreamEntry, type StreamReader, streamKey } from '#streams';
import type { BatchQueue } from './batch-queue.js';
import type { Board } from './board.js';
import type { FrameIntake } from './frame-intake.js';
import type { VerifiedFrame } from './judge-frame.js';
import type { RecorderMetrics } from './recorder-metrics.js';
import type { StreamTidying } from './stream-tidying.js';
import { backoffMs, pause, Wakeup } from './wakeup.js';

// Recording in brief. A tenure begins when this recorder gets the lease and ends with the first failed transaction.
//   gather   Redis → verify → judge → queue; goes on reading while a transaction is under way; trouble with Redis stays here
//   record   queue, outbox → one transaction after the other; then marks are published and streams trimmed
// What a crash leaves: entries in Redis whose events are recorded (trimmed at the next start), or not (read again from the marks).
// After a failed transaction everything read ahead is forgotten; the next tenure reads again from the marks of Postgres.

const REPUBLISH_MS = 10_000;
const STANDBY_LOOK_MS = 500;
/** Least time between two transactions while events trickle in. The first after a rest is not held up. */
const COMMIT_INTERVAL_MS = 50;
/** So many waiting events are worth a transaction at once. */
const WORTHWHILE_EVENTS = 500;
/** A transaction that takes longer is worth a word. It takes milliseconds. */
const LONG_COMMIT_MS = 5_000;
/** So long after a failure an idle recorder counts as recovered. */
const CALM_MS = 10_000;
/** So long a foreign entry stays worth a look. */
const STRANGERS_MS = 10 * 60_000;

/** A mark on its way to its producer, with Postgres' clock of the statement that wrote or read it, and the generation it is of. */
export interface PublishedMark extends EpochMark {
  at: string;
  generation: number;
}

/** The end of the log after a commit. */
export interface PublishedHead {
  generation: number;
  size: number;
  root?: string | undefined;
  at: string;
}

export interface RecordingParts {
  writer: LogWriter;
  source: StreamReader;
  intake: FrameIntake;
  queue: BatchQueue;
  /** The frame in an entry, verified; or why it is none. */
  verify(entry: StreamEntry): Promise<VerifiedFrame | { foreign: string }>;
  marks: Board<PublishedMark>;
  /** Where the end of the log is told to those who keep a copy. */
  heads: Board<PublishedHead>;
  tidying: StreamTidying;
  metrics: RecorderMetrics;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Rung by whoever fills the queue, by the outbox' notification, and once a second. */
  wakeup: Wakeup;
  leaseMs: number;
  /** Called after each commit of this recorder. */
  onCommit?(commit: Commit): void;
}

/** The recorder's life: waits for the lease, records while it holds it, and never gives up. */
export class Recording {
  private readonly stopping = new AbortController();
  private life: Promise<void> = Promise.resolve();
  private active = false;
  private failures = 0;
  private failedAtMs = 0;
  private readonly hindrance = new Hindrance();
  private readonly streamsHindrance = new Hindrance();
  private commitSinceMs: number | undefined;
  private foreign: { count: number; firstAtMs: number; lastAtMs: number } | undefined;
  private leaseKeptAt = 0;
  /** Epochs in whose streams a number was not found, and which. */
  private readonly missing = new Map<string, number>();
  private republishedAt = 0;
  private readAt: number | undefined;

  constructor(private readonly parts: RecordingParts) {}

  start(): void {
    this.life = this.live();
  }

  /** Finishes the transaction under way, ends the tenure on the record, and gives the lease back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.parts.wakeup.ring();
    this.parts.queue.clear();
    await this.life;
    await this.parts.tidying.settled();
    for (const board of [this.parts.marks, this.parts.heads]) {
      await board.settled();
      board.stop();
    }
  }

  get isActive(): boolean {
    return this.active;
  }

  /** Why nothing is recorded just now; undefined while all is well, also on standby. */
  get trouble(): Trouble | undefined {
    const busyMs = this.commitSinceMs === undefined ? 0 : Date.now() - this.commitSinceMs;
    if (busyMs < LONG_COMMIT_MS) return this.hindrance.trouble;
    return {
      reason: `a transaction of the recorder has been under way for ${Math.round(busyMs / 1000)} s`,
      remedy: 'See what holds it up: `affidavit doctor` names locks; else PostgreSQL itself or its disk stands still.',
      ...(this.commitSinceMs === undefined ? {} : { sinceMs: this.commitSinceMs }),
    };
  }

  /** Why streams are not read just now. */
  get streamsTrouble(): Trouble | undefined {
    return this.streamsHindrance.trouble;
  }

  /** Foreign entries of the last minutes. */
  get strangers(): Trouble | undefined {
    if (!this.foreign || Date.now() - this.foreign.lastAtMs > STRANGERS_MS) return undefined;
    const { count, firstAtMs, lastAtMs } = this.foreign;
    return {
      reason: `${count} stream entries that no enrolled producer signed, the last at ${new Date(lastAtMs).toISOString()}`,
      remedy:
        'Somebody else writes to this Redis: give it users (deploy/redis.acl) and change its passwords. They are kept in the table foreign_entry.',
      sinceMs: firstAtMs,
    };
  }

  /** Number up to which an epoch is recorded or on its way; undefined where that is not known without looking it up. */
  takenUpTo(node: NodeName, epoch: Epoch): number | undefined {
    return this.parts.intake.takenUpTo(node, epoch) ?? this.parts.writer.markOf(node, epoch)?.seq;
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (await this.parts.writer.begin()) await this.tenure();
        else {
          this.hindrance.over();
          await pause(STANDBY_LOOK_MS, signal);
        }
      } catch (error) {
        this.failedAtMs = Date.now();
        this.hindrance.failed(error instanceof AffidavitError ? error : unavailable(error));
        this.parts.metrics.failed(error instanceof AffidavitError ? error.code : 'UNKNOWN');
        // The first of a row is often one cut line; from then on a person may want to look.
        const level = this.failures === 0 ? 'info' : 'warn';
        this.parts.logger[level](
          { err: error, failures: this.failures + 1 },
          'recording was broken off; it begins again',
        );
        await pause(backoffMs(this.failures++), signal);
      }
    }
    await this.parts.writer
      .end('stopped')
      .then(() => this.postHead())
      .catch((error: unknown) => this.parts.logger.warn({ err: error }, 'the tenure could not be ended in order'));
  }

  /** One tenure: both loops, until one ends. */
  private async tenure(): Promise<void> {
    const { intake, queue, source, logger, wakeup } = this.parts;
    const ending = new AbortController();
    const end = () => {
      ending.abort();
      queue.clear();
      wakeup.ring();
    };
    this.stopping.signal.addEventListener('abort', end, { once: true });
    intake.reset();
    queue.clear();
    source.restart();
    this.missing.clear();
    this.republishedAt = 0;
    this.leaseKeptAt = Date.now();
    this.active = true;
    // The stop may have come while the lease was taken.
    if (this.stopping.signal.aborted) end();
    logger.info({ holder: this.parts.writer.holder }, 'recording');
    try {
      await Promise.all([this.gather(ending.signal).finally(end), this.record(ending.signal).finally(end)]);
    } finally {
      end();
      this.active = false;
      this.stopping.signal.removeEventListener('abort', end);
    }
  }

  private async gather(signal: AbortSignal): Promise<void> {
    const { source, queue, logger } = this.parts;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await queue.whenRoomy();
        const entries = await source.read();
        this.readAt ??= entries.length > 0 ? performance.now() : undefined;
        const leftOut = new Set<string>();
        for (const entry of entries) {
          if (signal.aborted) return;
          const key = epochKey(entry.node, entry.epoch);
          if (!leftOut.has(key) && (await this.takeEntry(entry)) === 'read-again') leftOut.add(key);
        }
        failures = 0;
        this.streamsHindrance.over();
      } catch (error) {
        if (signal.aborted) return;
        this.streamsHindrance.failed(error);
        if (failures === 0) logger.warn({ err: error }, 'streams could not be read; reading begins again at the marks');
        source.restart();
        await pause(backoffMs(failures++), signal);
      }
    }
  }

  /** @returns `read-again` where what else was read of that epoch is to be left out: it will be read again */
  private async takeEntry(entry: StreamEntry): Promise<'taken' | 'read-again'> {
    const { source, intake, queue, logger } = this.parts;
    const { node, epoch, entryId, bytes } = entry;
    const where = { node, epoch, entryId };
    const frame = await this.parts.verify(entry);
    const verdict = 'foreign' in frame ? { kind: 'foreign' as const, reason: frame.foreign } : await intake.take(frame);
    switch (verdict.kind) {
      case 'take':
        this.missing.delete(epochKey(node, epoch));
        return 'taken';
      case 'known':
      case 'compare':
        return 'taken';
      case 'foreign':
        logger.error(
          { ...where, reason: verdict.reason },
          'a stream holds what no enrolled producer signed; it is kept aside',
        );
        this.sawForeign();
        queue.addForeign({ stream: streamKey(node, epoch), entryId, bytes, reason: verdict.reason });
        return 'taken';
      case 'missing':
        await this.refill(node, epoch, verdict.from);
        return 'read-again';
      case 'fork':
        logger.error(
          { ...where, seq: verdict.fork.seq },
          'two different events carry one number; the epoch is refused',
        );
        return 'read-again';
      case 'refused':
        await source.deleteStream(node, epoch);
        await source.removeEpoch(node, epoch);
        return 'read-again';
    }
  }

  private sawForeign(): void {
    const now = Date.now();
    const known = this.strangers && this.foreign;
    this.foreign = { count: (known?.count ?? 0) + 1, firstAtMs: known?.firstAtMs ?? now, lastAtMs: now };
  }

  /**
   * Numbers from `from` on are missing. A stream that was refilled behind the reader's back looks the same, so it is read once more
   * from there; only then is it deleted, which makes its producer send again.
   */
  private async refill(node: NodeName, epoch: Epoch, from: number): Promise<void> {
    const { source, metrics, logger } = this.parts;
    const key = epochKey(node, epoch);
    if (this.missing.get(key) === from) {
      this.missing.delete(key);
      metrics.refilled();
      logger.warn({ node, epoch, from }, 'numbers are missing in a stream; its producer sends again');
      await source.deleteStream(node, epoch);
    } else this.missing.set(key, from);
    source.rewind(node, epoch, from - 1);
  }

  private async record(signal: AbortSignal): Promise<void> {
    const { queue, wakeup, writer } = this.parts;
    while (!signal.aborted) {
      if (!(await this.upkeep())) return;
      // Older events get their tree a step at a time, between transactions.
      if (await writer.extendTree()) wakeup.ring();
      if (queue.isEmpty) await wakeup.wait();
      if (signal.aborted) return;
      const startedAt = performance.now();
      const again = await this.commit(queue.isEmpty ? EMPTY_BATCH : queue.next());
      if (again === 'restart') return;
      if (again === 'more') wakeup.ring();
      const restMs = startedAt + COMMIT_INTERVAL_MS - performance.now();
      if (restMs > 0 && queue.eventCount < WORTHWHILE_EVENTS) await pause(restMs, signal);
    }
  }

  private async commit(batch: RecordBatch): Promise<'restart' | 'more' | 'done'> {
    const { writer, marks, metrics } = this.parts;
    const readAt = this.readAt;
    this.readAt = undefined;
    const startedAt = performance.now();
    this.commitSinceMs = Date.now();
    const commit = await writer.commit(batch).finally(() => {
      this.commitSinceMs = undefined;
    });
    // A transaction that had nothing to record proves nothing, unless nothing failed for a while.
    if (commit || Date.now() - this.failedAtMs > CALM_MS) {
      this.failures = 0;
      this.hindrance.over();
    }
    if (!commit) return 'done';
    const now = performance.now();
    this.leaseKeptAt = Date.now();
    metrics.committed(commit, batch, {
      seconds: (now - startedAt) / 1000,
      oldestReadSeconds: readAt === undefined ? undefined : (now - readAt) / 1000,
    });
    const of = { at: commit.recordedAt, generation: commit.generation };
    marks.post(commit.marks.map((mark) => ({ ...mark, ...of })));
    this.postHead();
    this.parts.tidying.post(commit.marks, batch.foreign.map(entryOf));
    this.parts.onCommit?.(commit);
    // What was read ahead of a declared hole does not follow it.
    if (commit.declared.length > 0) return 'restart';
    return commit.outbox > 0 ? 'more' : 'done';
  }

  private postHead(): void {
    const head = this.parts.writer.lastHead;
    if (head) this.parts.heads.post([head]);
  }

  /**
   * Keeps the lease where no commit does, and publishes all marks again from time to time.
   * @returns false when another recorder took over
   */
  private async upkeep(): Promise<boolean> {
    const { writer } = this.parts;
    const now = Date.now();
    if (now - this.leaseKeptAt > this.parts.leaseMs / 3) {
      if (!(await writer.keepLease())) return false;
      this.leaseKeptAt = now;
    }
    if (now - this.republishedAt < REPUBLISH_MS) return true;
    this.republishedAt = now;
    if (await writer.mustBeginAnew()) return false;
    this.postHead();
    // Whoever has a stream waits for a mark, however long ago its epoch was closed.
    const read = this.parts.source.epochs();
    const { marks, ...of } = await writer.readMarks(read);
    this.parts.marks.post(marks.map((mark) => ({ ...mark, ...of })));
    // A producer puts its closed epoch back into the set while it waits for the mark, so once is not enough.
    const keys = new Set(read.map(({ node, epoch }) => epochKey(node, epoch)));
    this.parts.tidying.post(marks.filter(({ node, epoch }) => keys.has(epochKey(node, epoch))));
    return true;
  }
}

function entryOf({ stream, entryId }: ForeignEntry): { node: NodeName; epoch: Epoch; entryId: string } {
  const [, node, epoch] = /^audit:\{(.*)\}:(.*)$/.exec(stream) ?? [];
  return { node: node as NodeName, epoch: epoch as Epoch, entryId };
}
