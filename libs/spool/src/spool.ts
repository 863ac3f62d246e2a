import { join } from 'node:path';
import { decodeEvent, type Epoch, type EventDraft, instantOfMillis, type NodeName, SYSTEM_CLASS } from '#events';
import type { Confirmed, EpochLog, SpoolDamage, SpoolEpoch } from './epoch-log.js';
import { closed } from './errors.js';
import { DISK, makeFolder, type SpoolFiles } from './files.js';
import { lockFolder, renewLock } from './lock.js';
import { MarksFile } from './marks-file.js';
import { recoverEpochs } from './recover.js';
import { Retention } from './retention.js';
import { type Reservation, Space } from './space.js';
import { type SpoolRecord, Writer } from './writer.js';

// The spool in brief.
//   append    queue → (number, chain, encode) → write into the current segment → fdatasync → acknowledged. What arrives during a
//             sync goes with the next. Numbers and chain move only when the sync has succeeded, so what failed never was.
//   segments  <n>-<epoch>/<first number>.seg, zero-filled ahead. After a failed write or sync a segment is never written again; the
//             next one begins with the next number, and what the failed one may hold from there on does not count.
//   marks     confirm() says how far the record has it. A segment goes when it is wholly confirmed and not before `keep`.
//   a crash   leaves the last segment torn at worst: what was acknowledged is whole, the rest is cut at the first byte that is no record.
//   deleted   files are noticed at the next sync, which fails: nothing more is acknowledged into them. The folder is made anew, the same
//             run goes on in it, and what memory still has of the old segments is still sent; the rest is a hole like rot.
//   rot       ends what can be read of a segment; reading goes on at the next one, and the hole is named in damage().

export interface SpoolOptions {
  directory: string;
  node: NodeName;
  /** Goes into `producer.started`. */
  version: string;
  /**
   * Name of the log whose marks are meant. What another log confirmed does not count: all that is kept will be sent again.
   */
  log?: string;
  /** Default 16 MiB. */
  segmentBytes?: number;
  /** Confirmed segments are kept this long (default 24 h) … */
  keepMs?: number;
  /** … or until there are more bytes than this (default 2 GiB, and never more than half of `maxBytes`). */
  keepBytes?: number;
  /** Cap over all files; default: the disk decides. */
  maxBytes?: number;
  /** Space of one reservation, the record's head included; default 2 KiB. */
  reserveBytes?: number;
  /** Awaited before segments are deleted; called as well when somebody else deleted them. */
  beforeDelete?: () => Promise<void>;
  /** ms since 1970. */
  now?: () => number;
  /** After a disk that gave no space, or refused a write, it is tried again; default 1 s. */
  retryMs?: number;
  files?: SpoolFiles;
  /** Called for what is found unreadable, at open or while reading. */
  onDamage?: (damage: SpoolDamage) => void;
}

export interface SpoolUsage {
  /** Allocated on disk. */
  bytes: number;
  reservedBytes: number;
  unconfirmedBytes: number;
  unconfirmedCount: number;
  oldestUnconfirmedAtMs: number | null;
  /** full: no new command is admitted · failing: the disk refuses writes. */
  state: 'ok' | 'full' | 'failing';
  reason?: string;
}

const DEFAULTS = {
  segmentBytes: 16 * 1024 * 1024,
  keepMs: 24 * 3_600_000,
  keepBytes: 2 * 1024 ** 3,
  maxBytes: Number.POSITIVE_INFINITY,
  reserveBytes: 2048,
  retryMs: 1000,
};
/** Least and most time between two looks for segments that may go. */
const SWEEP_MS = { least: 1000, most: 60_000 };
const REAPPEND = { count: 256, bytes: 1024 * 1024 };

/**
 * The write-ahead log of one node's events: what {@link append} resolved for survives any crash of the process or the machine.
 * One process at a time.
 */
export class Spool {
  private readonly space: Space;
  private readonly writer: Writer;
  private readonly marks: MarksFile;
  private readonly retention: Retention;
  private readonly now: () => number;
  private readonly listeners = new Set<() => void>();
  private readonly sweepTimer: NodeJS.Timeout;
  private isClosed = false;
  /** For the run's own last event. */
  private goodbye: Reservation | undefined;

  private constructor(
    private readonly options: SpoolOptions,
    private readonly logs: EpochLog[],
    nextNumber: number,
    private readonly found: SpoolDamage[],
    private readonly unlock: () => void,
  ) {
    const { directory, node, version, files = DISK, now = Date.now } = options;
    const { segmentBytes, keepMs, keepBytes, maxBytes, reserveBytes, retryMs } = { ...DEFAULTS, ...definedOf(options) };
    this.now = now;
    const space = new Space(files, directory, segmentBytes, reserveBytes, maxBytes, retryMs);
    for (const log of logs) for (const segment of log.segments) space.allocatedBytes += segment.fileBytes;
    this.space = space;
    this.writer = new Writer(
      {
        directory,
        node,
        version,
        files,
        space,
        now,
        retryMs,
        onDurable: () => {
          // Not in the writer's own turn: what a listener throws is not the writer's to bear.
          for (const listener of this.listeners) queueMicrotask(listener);
        },
        restoreFolder: () => this.restoreFolder(),
        onDamage: (damage) => {
          found.push(damage);
          options.onDamage?.(damage);
        },
      },
      logs,
      nextNumber,
    );
    this.marks = new MarksFile(join(directory, 'marks.json'), options.log ?? '', logs);
    this.retention = new Retention(
      {
        keepMs,
        keepBytes: Math.min(keepBytes, maxBytes / 2),
        files,
        space,
        now,
        beforeDelete: async () => options.beforeDelete?.(),
        currentSegment: () => this.writer.currentSegment,
      },
      logs,
      () => this.marks.write(),
    );
    const sweepMs = Math.min(SWEEP_MS.most, Math.max(SWEEP_MS.least, keepMs / 2));
    this.sweepTimer = setInterval(() => void this.retention.sweep(), sweepMs).unref();
  }

  /** @see openSpool */
  static async open(options: SpoolOptions): Promise<Spool> {
    makeFolder(options.directory);
    const unlock = lockFolder(options.directory);
    try {
      const damage: SpoolDamage[] = [];
      const { epochs, nextNumber } = await recoverEpochs(options.directory, options.files ?? DISK, (one) => {
        damage.push(one);
        options.onDamage?.(one);
      });
      const spool = new Spool(options, epochs, nextNumber, damage, unlock);
      await spool.marks.restore();
      await spool.space.prepare();
      spool.writer.begin();
      // A disk that takes nothing now must not keep us from sending what is on it: only that makes room again.
      await spool.writer.rotate().catch(() => undefined);
      spool.keepGoodbye();
      await spool.retention.sweep();
      return spool;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  get node(): NodeName {
    return this.options.node;
  }

  /** The epoch of the current run. */
  get epoch(): Epoch {
    return this.writer.log.epoch;
  }

  /**
   * Records one event. Durable when it resolves.
   * @param reservation space set aside for it; used up by success, still held after a failure
   * @throws SPOOL_FULL, SPOOL_WRITE_FAILED (retry: later; nothing of it counts), SPOOL_OUTCOME_TOO_LARGE, SPOOL_CLOSED,
   *   EVENT_NOT_CANONICAL, LEDGER_RECORD_TOO_LARGE
   */
  async append(draft: EventDraft, reservation?: Reservation): Promise<SpoolRecord> {
    const [record] = await this.appendAll([draft], reservation);
    return record as SpoolRecord;
  }

  /** Records events at adjoining numbers, all or none; else like {@link append}. The reservation is for the last of them. */
  async appendAll(drafts: EventDraft[], reservation?: Reservation): Promise<SpoolRecord[]> {
    if (this.isClosed) throw closed();
    if (drafts.length === 0) return [];
    return this.writer.append(drafts, reservation);
  }

  /** Sets space aside for one outcome event, never larger. @throws SPOOL_FULL (retry: later) */
  reserve(): Reservation {
    if (this.isClosed) throw closed();
    this.keepGoodbye();
    return this.space.reserve(this.claims);
  }

  /** All epochs of which anything is kept, oldest first; the last is the current one. */
  epochs(): SpoolEpoch[] {
    return this.logs.map((log) => log.describe());
  }

  /** What was found unreadable, at open or while reading. Worth an alarm: acknowledged events may have been lost with it. */
  damage(): readonly SpoolDamage[] {
    return this.found;
  }

  /**
   * Durable records of an epoch from a number on, adjoining each other. Behind a hole they begin with the next number that
   * can be read. At least one if there is one, whatever its size.
   */
  async read(epoch: Epoch, fromSeq: number, limit: { count: number; bytes: number }): Promise<SpoolRecord[]> {
    const records = (await this.find(epoch)?.read(fromSeq, limit)) ?? [];
    return records.map((record) => ({ epoch, ...record }));
  }

  /** The chain at a number; undefined where that is no longer, or not yet, known. */
  async chainAt(epoch: Epoch, seq: number): Promise<Buffer | undefined> {
    return this.find(epoch)?.chainAt(seq);
  }

  /** Calls `listener` whenever more became durable; the result ends it. */
  onDurable(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes a verified mark. @see EpochLog.confirm */
  async confirm(epoch: Epoch, seq: number, chain: Buffer): Promise<Confirmed> {
    const log = this.find(epoch);
    if (!log) return 'known';
    const result = await log.confirm(seq, chain, this.now());
    if (result === 'advanced' || result === 'back') {
      this.marks.touch();
      const isDone = log.state === 'closed' && log.confirmedSeq === log.lastSeq;
      if (isDone || this.space.trouble !== undefined) void this.retention.sweep();
    }
    return result;
  }

  /**
   * Closes the current epoch and begins another with `producer.started{previous}`. What is waiting goes into the old one.
   * @throws SPOOL_FULL, SPOOL_WRITE_FAILED: then the current epoch goes on
   */
  async startEpoch(): Promise<void> {
    if (this.isClosed) throw closed();
    await this.writer.rotate();
  }

  /**
   * Appends an epoch's events behind `afterSeq` again, to the current epoch (after a fork). The old epoch then counts as settled:
   * it has nothing more to be sent or confirmed. Called again after a failure, it goes on where it was.
   * @returns how many
   */
  async reappend(epoch: Epoch, afterSeq: number): Promise<number> {
    const log = this.find(epoch);
    if (!log || log.isMoved || log.epoch === this.epoch) return 0;
    let count = 0;
    for (let from = Math.max(afterSeq, log.movedSeq) + 1; from <= log.lastSeq; from = log.movedSeq + 1) {
      const records = await log.read(from, REAPPEND);
      const last = records.at(-1);
      if (!last) break;
      const drafts = records
        .map((record) => draftOf(record.bytes))
        .filter((draft) => !draft.type.startsWith('producer.'));
      await this.appendAll(drafts);
      log.movedSeq = last.seq;
      await this.marks.write();
      count += drafts.length;
    }
    log.isMoved = true;
    await this.marks.write();
    return count;
  }

  usage(): SpoolUsage {
    let unconfirmedBytes = 0;
    let unconfirmedCount = 0;
    let oldest: number | undefined;
    for (const log of this.logs) {
      unconfirmedBytes += log.bytesUnconfirmed;
      unconfirmedCount += log.countUnconfirmed;
      oldest ??= log.oldestUnconfirmedAtMs;
    }
    const { failure } = this.writer;
    const reason = failure ?? this.space.trouble;
    return {
      bytes: this.space.allocatedBytes,
      reservedBytes: this.space.reservedBytes,
      unconfirmedBytes,
      unconfirmedCount,
      oldestUnconfirmedAtMs: oldest ?? null,
      state: failure !== undefined ? 'failing' : this.space.isFull ? 'full' : 'ok',
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** Says `producer.stopped`, makes everything durable and gives the folder back. Appends that come later are refused. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    clearInterval(this.sweepTimer);
    const { log } = this.writer;
    if (log.lastSeq > 0) {
      const stopped: EventDraft = {
        type: 'producer.stopped',
        time: instantOfMillis(this.now()),
        class: SYSTEM_CLASS,
        data: { reason: 'closed' },
      };
      // Without room for it the run ends as a killed one does.
      await this.writer.append([stopped], this.goodbye).catch(() => undefined);
    }
    await this.writer.close();
    await this.retention.idle();
    await this.space.close();
    await this.marks.write();
    log.state = 'closed';
    this.unlock();
  }

  private keepGoodbye(): void {
    try {
      this.goodbye ??= this.space.reserve(this.claims);
    } catch {
      // No room at all; asked again with the next reservation.
    }
  }

  private restoreFolder(): void {
    const { directory, beforeDelete } = this.options;
    makeFolder(directory);
    if (!renewLock(directory)) return;
    this.space.forgetDeleted();
    // What the lost segments told of sessions is told elsewhere from now on.
    void beforeDelete?.().catch(() => undefined);
    void this.marks.write();
  }

  /** Before the run's first event is written, that one has a claim to space, too. */
  private get claims(): number {
    return this.writer.log.lastSeq === 0 ? 1 : 0;
  }

  private find(epoch: Epoch): EpochLog | undefined {
    return this.logs.find((log) => log.epoch === epoch);
  }
}

/**
 * Opens the spool of one node: recovers what earlier runs left, closes their epochs, and begins a new epoch, whose first
 * event (`producer.started`) names the end of the one before. Where the disk has no room for that event, or refuses it, the
 * spool opens all the same, so that what it holds can be sent: it takes nothing in (`usage().state`) until the event is written,
 * which happens with the first append that succeeds.
 * @throws SPOOL_IN_USE, and SPOOL_WRITE_FAILED where what was found cannot be made durable
 */
export function openSpool(options: SpoolOptions): Promise<Spool> {
  return Spool.open(options);
}

function draftOf(bytes: Buffer): EventDraft {
  const { v: _v, id: _id, node: _node, epoch: _epoch, seq: _seq, ...draft } = decodeEvent(bytes);
  return draft as EventDraft;
}

function definedOf(options: SpoolOptions): Partial<typeof DEFAULTS> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name in DEFAULTS && value !== undefined),
  ) as Partial<typeof DEFAULTS>;
}
