import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeEvent,
  type Epoch,
  type EventDraft,
  encodeEvent,
  instantOfMillis,
  type NodeName,
  SYSTEM_CLASS,
  stampEvent,
} from '#events';
import { type ChainedRecord, encodeRecord, eventHash, nextChain, RECORD_OVERHEAD_BYTES } from '#ledger';
import { type Confirmed, EpochLog, type SpoolEpoch } from './epoch-log.js';
import { closed, SpoolError, writeFailed } from './errors.js';
import { DISK, type SpoolFiles } from './files.js';
import { lockFolder } from './lock.js';
import { epochFolder, recoverEpochs } from './recover.js';
import { encodeSegmentHead, indexRecord, SEGMENT_HEAD_BYTES, type Segment, segmentName } from './segment.js';
import { type Reservation, Space } from './space.js';

// The spool in brief.
//   append    queue → (number, chain, encode) → write into the current segment → fdatasync → acknowledged. What arrives during a
//             sync goes with the next. Numbers and chain move only when the sync has succeeded, so what failed never was.
//   segments  <n>-<epoch>/<first number>.seg, zero-filled ahead. After a failed write or sync a segment is never written again; the
//             next one begins with the next number, and what the failed one may hold from there on does not count.
//   marks     confirm() says how far the record has it. A segment goes when it is wholly confirmed and not before `keep`.
//   a crash   leaves the last segment torn at worst: what was acknowledged is whole, the rest is cut at the first byte that is no record.

export interface SpoolOptions {
  directory: string;
  node: NodeName;
  /** Goes into `producer.started`. */
  version: string;
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
  /** Awaited before segments are deleted. */
  beforeDelete?: () => Promise<void>;
  /** ms since 1970. */
  now?: () => number;
  files?: SpoolFiles;
}

export interface SpoolRecord extends ChainedRecord {
  epoch: Epoch;
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

interface Request {
  drafts: EventDraft[];
  reservation: Reservation | undefined;
  resolve(records: SpoolRecord[]): void;
  reject(error: unknown): void;
}

interface Rotation {
  rotate: string;
  resolve(): void;
  reject(error: unknown): void;
}

/** A request whose events have their numbers and bytes, not yet durable. */
interface Encoded {
  request: Request;
  records: ChainedRecord[];
  bytes: Buffer;
}

const DEFAULTS = {
  segmentBytes: 16 * 1024 * 1024,
  keepMs: 24 * 3_600_000,
  keepBytes: 2 * 1024 ** 3,
  reserveBytes: 2048,
};
/** One sync covers at most this much, so that nobody waits long for the company. */
const GROUP_BYTES = 4 * 1024 * 1024;
const SWEEP_MS = 60_000;
const MARKS_DELAY_MS = 1_000;

/**
 * The write-ahead log of one node's events: what {@link append} resolved for survives any crash of the process or the machine.
 * One process at a time.
 */
export class Spool {
  private readonly files: SpoolFiles;
  private readonly space: Space;
  private readonly now: () => number;
  private readonly listeners = new Set<() => void>();
  private queue: (Request | Rotation)[] = [];
  private isWorking = false;
  private running: Promise<void> | undefined;
  private current: { segment: Segment; fd: number } | undefined;
  private failure: string | undefined;
  private isClosed = false;
  private sweeping: Promise<void> | undefined;
  private marksTimer: NodeJS.Timeout | undefined;
  private readonly sweepTimer: NodeJS.Timeout;
  private goodbye: Reservation | undefined;

  private constructor(
    private readonly options: SpoolOptions,
    private readonly logs: EpochLog[],
    private nextNumber: number,
    private readonly unlock: () => void,
  ) {
    this.files = options.files ?? DISK;
    this.now = options.now ?? Date.now;
    const { segmentBytes, reserveBytes } = { ...DEFAULTS, ...definedOf(options) };
    this.space = new Space(
      this.files,
      options.directory,
      segmentBytes,
      reserveBytes,
      options.maxBytes ?? Number.POSITIVE_INFINITY,
    );
    for (const log of logs) for (const segment of log.segments) this.space.allocatedBytes += segment.fileBytes;
    this.sweepTimer = setInterval(() => void this.sweep(), SWEEP_MS);
    this.sweepTimer.unref();
  }

  /** @see openSpool */
  static async open(options: SpoolOptions): Promise<Spool> {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const unlock = lockFolder(options.directory);
    try {
      const { epochs, nextNumber } = await recoverEpochs(options.directory);
      const spool = new Spool(options, epochs, nextNumber, unlock);
      spool.readMarks();
      await spool.space.prepare();
      await spool.startEpoch('started');
      spool.goodbye = spool.space.reserve();
      await spool.sweep();
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
    return this.log.epoch;
  }

  private get log(): EpochLog {
    return this.logs.at(-1) as EpochLog;
  }

  /**
   * Records one event. Durable when it resolves.
   * @param reservation space set aside for it; used up by success, still held after a failure
   * @throws SPOOL_FULL, SPOOL_WRITE_FAILED (retry: later; nothing of it counts), SPOOL_OUTCOME_TOO_LARGE, EVENT_NOT_CANONICAL
   */
  async append(draft: EventDraft, reservation?: Reservation): Promise<SpoolRecord> {
    const [record] = await this.appendAll([draft], reservation);
    return record as SpoolRecord;
  }

  /** Records events at adjoining numbers, all or none; else like {@link append}. The reservation is for the last of them. */
  appendAll(drafts: EventDraft[], reservation?: Reservation): Promise<SpoolRecord[]> {
    return new Promise((resolve, reject) => this.enqueue({ drafts, reservation, resolve, reject }));
  }

  /** Sets space aside for one outcome event, never larger. @throws SPOOL_FULL (retry: later) */
  reserve(): Reservation {
    if (this.isClosed) throw closed();
    return this.space.reserve();
  }

  /** All epochs of which anything is kept, oldest first; the last is the current one. */
  epochs(): SpoolEpoch[] {
    return this.logs.map((log) => log.describe());
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
    const result = await log.confirm(seq, chain);
    if (result === 'advanced' || result === 'back') {
      this.marksTimer ??= setTimeout(() => void this.writeMarks(), MARKS_DELAY_MS).unref();
      const isDone = log.state === 'closed' && log.confirmedSeq === log.lastSeq;
      if (isDone || this.space.trouble !== undefined) void this.sweep();
    }
    return result;
  }

  /** Closes the current epoch and begins another with `producer.started{previous}`. What is waiting goes into the old one. */
  startEpoch(reason: string): Promise<void> {
    return new Promise((resolve, reject) => this.enqueue({ rotate: reason, resolve, reject }));
  }

  /**
   * Appends an epoch's events behind `afterSeq` again, to the current epoch (after a fork). The old epoch then counts as settled:
   * it has nothing more to be sent or confirmed.
   * @returns how many
   */
  async reappend(epoch: Epoch, afterSeq: number): Promise<number> {
    const log = this.find(epoch);
    let count = 0;
    for (let from = afterSeq + 1; log && from <= log.lastSeq; ) {
      const records = await log.read(from, { count: 256, bytes: 1024 * 1024 });
      const last = records.at(-1);
      if (!last) break;
      const drafts = records
        .map((record) => draftOf(record.bytes))
        .filter((draft) => !draft.type.startsWith('producer.'));
      if (drafts.length > 0) await this.appendAll(drafts);
      count += drafts.length;
      from = last.seq + 1;
    }
    if (log) log.isMoved = true;
    await this.writeMarks();
    return count;
  }

  /** Forgets what was confirmed: all that is kept will be sent again (another log was adopted). */
  async forgetMarks(): Promise<void> {
    for (const log of this.logs) log.forgetMark();
    await this.writeMarks();
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
    const reason = this.failure ?? this.space.trouble;
    return {
      bytes: this.space.allocatedBytes,
      reservedBytes: this.space.reservedBytes,
      unconfirmedBytes,
      unconfirmedCount,
      oldestUnconfirmedAtMs: oldest ?? null,
      state: this.failure !== undefined ? 'failing' : this.space.trouble !== undefined ? 'full' : 'ok',
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** Says `producer.stopped`, makes everything durable and gives the folder back. Appends that come later are refused. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    const stopped = this.append(this.own('producer.stopped', { reason: 'closed' }), this.goodbye).catch(
      () => undefined,
    );
    this.isClosed = true;
    await stopped;
    await this.running;
    await this.sweeping;
    clearInterval(this.sweepTimer);
    clearTimeout(this.marksTimer);
    await this.writeMarks();
    this.closeSegment();
    this.log.state = 'closed';
    this.unlock();
  }

  private find(epoch: Epoch): EpochLog | undefined {
    return this.logs.find((log) => log.epoch === epoch);
  }

  private enqueue(next: Request | Rotation): void {
    if (this.isClosed) {
      next.reject(closed());
      return;
    }
    this.queue.push(next);
    if (!this.isWorking) this.running = this.work();
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    // What is asked for in the same turn is written together.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const next = this.queue[0] as Request | Rotation;
      if ('rotate' in next) {
        this.queue.shift();
        await this.rotate(next.rotate).then(next.resolve, next.reject);
        continue;
      }
      await this.writeGroup();
    }
    // In the same turn as the last look at the queue: what comes later starts the work again.
    this.isWorking = false;
  }

  /** Numbers, encodes, writes and syncs as many waiting requests as fit into the current segment. */
  private async writeGroup(): Promise<void> {
    const group: Encoded[] = [];
    let seq = this.log.lastSeq;
    let chain = this.log.lastChain;
    let bytes = 0;
    while (this.queue.length > 0 && bytes < GROUP_BYTES) {
      const request = this.queue[0] as Request | Rotation;
      if ('rotate' in request) break;
      let encoded: Encoded;
      try {
        encoded = this.encode(request, seq, chain);
      } catch (error) {
        this.queue.shift();
        request.reject(error);
        continue;
      }
      const isPromised = request.reservation !== undefined;
      if (!this.current || !this.space.fitsCurrent(bytes + encoded.bytes.length, isPromised)) {
        // It goes into the next segment, after what was gathered for this one.
        if (group.length > 0) break;
        this.queue.shift();
        try {
          await this.openSegment(encoded.bytes.length, isPromised);
        } catch (error) {
          request.reject(error);
          return;
        }
      } else this.queue.shift();
      group.push(encoded);
      bytes += encoded.bytes.length;
      const last = encoded.records.at(-1);
      if (last) {
        seq = last.seq;
        chain = last.chain;
      }
    }
    if (group.length > 0) await this.commit(group, bytes);
  }

  private encode(request: Request, afterSeq: number, afterChain: Buffer): Encoded {
    let chain = afterChain;
    const records = request.drafts.map((draft, at): ChainedRecord => {
      const seq = afterSeq + 1 + at;
      const bytes = encodeEvent(stampEvent(draft, this.node, this.epoch, seq));
      chain = nextChain(chain, eventHash(bytes));
      return { seq, chain, bytes };
    });
    const encoded = records.map(encodeRecord);
    const last = encoded.at(-1)?.length ?? 0;
    if (request.reservation && last > request.reservation.bytes) {
      throw new SpoolError({
        code: 'SPOOL_OUTCOME_TOO_LARGE',
        message: `an outcome of ${last} bytes does not fit the ${request.reservation.bytes} bytes reserved for it`,
        remedy: 'Shorten the event; its full text belongs into the events before it.',
        retry: 'never',
      });
    }
    return { request, records, bytes: encoded.length === 1 ? (encoded[0] as Buffer) : Buffer.concat(encoded) };
  }

  private async commit(group: Encoded[], bytes: number): Promise<void> {
    const { segment, fd } = this.current as { segment: Segment; fd: number };
    try {
      this.files.write(
        fd,
        group.length === 1 ? (group[0] as Encoded).bytes : Buffer.concat(group.map((one) => one.bytes)),
        segment.usedBytes,
      );
      await this.files.sync(fd);
    } catch (cause) {
      this.failure = cause instanceof Error ? cause.message : String(cause);
      this.closeSegment();
      const error = writeFailed(segment.path, cause);
      for (const { request } of group) request.reject(error);
      return;
    }
    this.failure = undefined;
    const records = group.flatMap((one) => one.records);
    let at = segment.usedBytes;
    for (const record of records) {
      indexRecord(segment, record.seq, at);
      at += encodedLength(record);
    }
    segment.usedBytes += bytes;
    this.space.currentFree -= bytes;
    segment.writtenAt = this.now();
    const last = records.at(-1);
    if (last) {
      segment.lastSeq = last.seq;
      segment.lastChain = last.chain;
    }
    this.log.appended(records, bytes, segment.writtenAt);
    const epoch = this.epoch;
    for (const one of group) {
      one.request.reservation?.release();
      one.request.resolve(one.records.map((record) => ({ epoch, ...record })));
    }
    for (const listener of this.listeners) listener();
    if (this.space.currentFree < this.space.segmentBytes / 2) void this.space.prepare();
  }

  /** Ends the current segment and begins the next, whose first record takes so many bytes. */
  private async openSegment(firstBytes: number, isPromised: boolean): Promise<void> {
    const spare = await this.space.takeSpare(firstBytes, isPromised);
    this.closeSegment();
    const { log } = this;
    const firstSeq = log.lastSeq + 1;
    const path = join(log.folder, segmentName(firstSeq));
    let fd: number | undefined;
    try {
      fd = this.files.open(spare.path);
      this.files.write(fd, encodeSegmentHead(firstSeq, log.lastChain), 0);
      await this.files.sync(fd);
      await this.files.rename(spare.path, path, [log.folder, this.options.directory]);
    } catch (cause) {
      if (fd !== undefined) this.files.close(fd);
      this.failure = cause instanceof Error ? cause.message : String(cause);
      this.space.allocatedBytes -= spare.bytes;
      await this.files.remove(spare.path).catch(() => undefined);
      throw writeFailed(path, cause);
    }
    const segment: Segment = {
      path,
      firstSeq,
      lastSeq: firstSeq - 1,
      prevChain: log.lastChain,
      lastChain: log.lastChain,
      usedBytes: SEGMENT_HEAD_BYTES,
      fileBytes: spare.bytes,
      writtenAt: this.now(),
      index: [],
    };
    // A segment that failed before anything in it became durable had this name; its space is its successor's now.
    const before = log.segments.at(-1);
    if (before?.path === path) {
      log.segments.pop();
      this.space.allocatedBytes -= before.fileBytes;
    }
    log.segments.push(segment);
    this.current = { segment, fd };
    this.space.currentFree = spare.bytes - SEGMENT_HEAD_BYTES;
    void this.space.prepare();
  }

  private closeSegment(): void {
    if (this.current) this.files.close(this.current.fd);
    this.current = undefined;
    this.space.currentFree = 0;
  }

  private async rotate(reason: string): Promise<void> {
    const before = this.logs.at(-1);
    this.closeSegment();
    const epoch = randomBytes(8).toString('hex') as Epoch;
    const log = new EpochLog(epoch, epochFolder(this.options.directory, this.nextNumber++, epoch));
    mkdirSync(log.folder, { mode: 0o700 });
    log.state = 'open';
    if (before) before.state = 'closed';
    this.logs.push(log);
    const previous = before && { epoch: before.epoch, seq: before.lastSeq, chain: before.lastChain.toString('hex') };
    try {
      await new Promise<unknown>((resolve, reject) => {
        const started = this.own('producer.started', {
          version: this.options.version,
          ...(previous ? { previous } : {}),
        });
        this.queue.unshift({ drafts: [started], reservation: undefined, resolve, reject });
        void this.writeGroup();
      });
    } catch (error) {
      this.logs.pop();
      if (before && reason !== 'started') before.state = 'open';
      await this.files.remove(log.folder).catch(() => undefined);
      throw error;
    }
  }

  private own<T extends 'producer.started' | 'producer.stopped'>(type: T, data: object): EventDraft {
    return { type, time: instantOfMillis(this.now()), class: SYSTEM_CLASS, data } as EventDraft;
  }

  /** Deletes what is wholly confirmed and old enough, oldest first. */
  private sweep(): Promise<void> {
    // What cannot be deleted now (a file that resists, a beforeDelete that is not ready) is tried again at the next sweep.
    this.sweeping ??= this.deleteConfirmed()
      .catch(() => undefined)
      .finally(() => {
        this.sweeping = undefined;
      });
    return this.sweeping;
  }

  private async deleteConfirmed(): Promise<void> {
    const { keepMs, keepBytes } = { ...DEFAULTS, ...definedOf(this.options) };
    const most = Math.min(keepBytes, (this.options.maxBytes ?? Number.POSITIVE_INFINITY) / 2);
    const doomed: { log: EpochLog; segment: Segment }[] = [];
    let bytes = this.space.allocatedBytes;
    for (const log of this.logs) {
      for (const segment of log.segments) {
        if (segment === this.current?.segment || (segment.lastSeq > log.confirmedSeq && !log.isMoved)) break;
        if (this.now() - segment.writtenAt < keepMs && bytes <= most) break;
        doomed.push({ log, segment });
        bytes -= segment.fileBytes;
      }
    }
    if (doomed.length === 0) return;
    await this.options.beforeDelete?.();
    for (const { log, segment } of doomed) {
      await this.files.remove(segment.path);
      log.segments.shift();
      this.space.allocatedBytes -= segment.fileBytes;
      if (log.segments.length === 0 && log.state === 'closed') {
        await this.files.remove(log.folder);
        this.logs.splice(this.logs.indexOf(log), 1);
      }
    }
    await this.space.prepare();
    await this.writeMarks();
  }

  private get marksFile(): string {
    return join(this.options.directory, 'marks.json');
  }

  /** Marks are kept only to spare sending again after a restart; a lost file costs that, nothing else. */
  private async writeMarks(): Promise<void> {
    clearTimeout(this.marksTimer);
    this.marksTimer = undefined;
    const marks = Object.fromEntries(
      this.logs.map((log) => [
        log.epoch,
        { seq: log.confirmedSeq, chain: log.confirmedChain.toString('hex'), isMoved: log.isMoved },
      ]),
    );
    const draft = `${this.marksFile}.new`;
    try {
      await writeFile(draft, JSON.stringify(marks), { mode: 0o600 });
      await rename(draft, this.marksFile);
    } catch {
      // A full or failing disk shows itself in usage(); the marks come again from the record.
    }
  }

  private readMarks(): void {
    let marks: Record<string, { seq: number; chain: string; isMoved: boolean }>;
    try {
      marks = JSON.parse(readFileSync(this.marksFile, 'utf8')) as typeof marks;
    } catch {
      return;
    }
    for (const log of this.logs) {
      const mark = marks[log.epoch];
      if (mark && Number.isSafeInteger(mark.seq))
        log.restoreMark(mark.seq, Buffer.from(mark.chain, 'hex'), mark.isMoved === true);
    }
  }
}

/**
 * Opens the spool of one node: recovers what earlier runs left, closes their epochs, and begins a new epoch, whose first
 * event (`producer.started`) names the end of the one before.
 * @throws SPOOL_IN_USE, SPOOL_FULL, SPOOL_WRITE_FAILED
 */
export function openSpool(options: SpoolOptions): Promise<Spool> {
  return Spool.open(options);
}

function encodedLength(record: ChainedRecord): number {
  return RECORD_OVERHEAD_BYTES + record.bytes.length;
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
