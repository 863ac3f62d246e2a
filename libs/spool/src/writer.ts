import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Epoch,
  type EventDraft,
  encodeEvent,
  instantOfMillis,
  type NodeName,
  SYSTEM_CLASS,
  stampEvent,
} from '#events';
import { type ChainedRecord, encodeRecord, eventHash, nextChain, RECORD_OVERHEAD_BYTES } from '#ledger';
import { EpochLog, type SpoolDamage } from './epoch-log.js';
import { outcomeTooLarge, writeFailed } from './errors.js';
import type { SpoolFiles } from './files.js';
import { epochFolder } from './recover.js';
import { encodeSegmentHead, indexRecord, SEGMENT_HEAD_BYTES, type Segment, segmentName } from './segment.js';
import { CountedReservation, type Need, type Reservation, type Space } from './space.js';

export interface SpoolRecord extends ChainedRecord {
  epoch: Epoch;
}

export interface WriterOptions {
  directory: string;
  node: NodeName;
  version: string;
  files: SpoolFiles;
  space: Space;
  now: () => number;
  /** After a failed write, the disk is tried again. */
  retryMs: number;
  onDurable: () => void;
  /** Called before a segment is begun: somebody may have deleted the folder under us. */
  restoreFolder: () => void;
  onDamage: (damage: SpoolDamage) => void;
}

interface Request {
  drafts: EventDraft[];
  reservation: Reservation | undefined;
  resolve(records: SpoolRecord[]): void;
  reject(error: unknown): void;
}

interface Turn {
  turn: 'rotate' | 'probe';
  resolve(): void;
  reject(error: unknown): void;
}

/** A request whose events have their numbers and bytes, not yet durable. */
interface Encoded {
  request: Request;
  records: ChainedRecord[];
  bytes: Buffer;
  need: Need;
}

/** One sync covers at most this much, so that nobody waits long for the company. */
const GROUP_BYTES = 4 * 1024 * 1024;

/** The one hand that writes: requests queue up, and are numbered, written and synced in groups. */
export class Writer {
  /** Why the last write failed; undefined when one succeeded since. */
  failure: string | undefined;
  private queue: (Request | Turn)[] = [];
  private isWorking = false;
  private isClosed = false;
  private probeTimer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private current: { log: EpochLog; segment: Segment; fd: number } | undefined;
  /** End of the run before the current one, for its first event. */
  private previous: { epoch: Epoch; seq: number; chain: string } | undefined;

  constructor(
    private readonly options: WriterOptions,
    /** Oldest first; the last is the current run's, once there is one. */
    private readonly logs: EpochLog[],
    private nextNumber: number,
  ) {}

  get log(): EpochLog {
    return this.logs.at(-1) as EpochLog;
  }

  get currentSegment(): Segment | undefined {
    return this.current?.segment;
  }

  append(drafts: EventDraft[], reservation: Reservation | undefined): Promise<SpoolRecord[]> {
    return new Promise((resolve, reject) => this.enqueue({ drafts, reservation, resolve, reject }));
  }

  /** Begins the first epoch of this run. It counts from its first event on, which is written before any other. */
  begin(): void {
    this.pushEpoch();
  }

  /** Closes the current epoch behind what is waiting, and begins another. If that fails, the old one goes on. */
  rotate(): Promise<void> {
    return new Promise((resolve, reject) => this.enqueue({ turn: 'rotate', resolve, reject }));
  }

  /** Resolves when nothing is waiting any more and the file is closed. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.probeTimer);
    await this.running;
    this.closeSegment();
  }

  private closeSegment(): void {
    if (this.current) this.closeFile(this.current.fd);
    this.current = undefined;
    this.options.space.currentFree = 0;
  }

  private enqueue(next: Request | Turn): void {
    this.queue.push(next);
    if (!this.isWorking) this.running = this.work();
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    // What is asked for in the same turn is written together.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const next = this.queue[0] as Request | Turn;
      if ('turn' in next) {
        this.queue.shift();
        await (next.turn === 'rotate' ? this.beginAnother() : this.probe()).then(next.resolve, next.reject);
      } else if (this.log.lastSeq === 0) {
        // Nothing comes before the event that begins the run.
        await this.writeStart().catch((error: unknown) => {
          this.queue.shift();
          next.reject(error);
        });
      } else await this.writeGroup();
    }
    // In the same turn as the last look at the queue: what comes later starts the work again.
    this.isWorking = false;
  }

  /** Tries the disk without waiting for an event: a gateway that failed may get none before it says that it is well again. */
  private async probe(): Promise<void> {
    if (this.failure === undefined) return;
    if (this.log.lastSeq === 0) return this.writeStart();
    if (this.current === undefined) await this.openSegment({ bytes: 0, keeps: 0, isPromised: true });
    this.failure = undefined;
  }

  private writeStart(): Promise<void> {
    const { previous } = this;
    const started: EventDraft = {
      type: 'producer.started',
      time: instantOfMillis(this.options.now()),
      class: SYSTEM_CLASS,
      data: { version: this.options.version, ...(previous ? { previous } : {}) },
    };
    return new Promise((resolve, reject) => {
      this.queue.unshift({ drafts: [started], reservation: undefined, resolve: () => resolve(), reject });
      void this.writeGroup(1);
    });
  }

  private async beginAnother(): Promise<void> {
    // One that nothing was written to yet serves as well.
    if (this.log.lastSeq === 0) return this.writeStart();
    const { log: before, previous } = this;
    // Its segment stays open until the new one is there: what is promised may have to be written to it yet.
    const log = this.pushEpoch();
    before.state = 'closed';
    try {
      await this.writeStart();
    } catch (error) {
      this.previous = previous;
      this.logs.splice(this.logs.indexOf(log), 1);
      before.state = 'open';
      await this.options.files.remove(log.folder).catch(() => undefined);
      throw error;
    }
  }

  private pushEpoch(): EpochLog {
    const { directory, onDamage } = this.options;
    const before = this.logs.at(-1);
    this.previous = before && { epoch: before.epoch, seq: before.lastSeq, chain: before.lastChain.toString('hex') };
    const epoch = randomBytes(8).toString('hex') as Epoch;
    const log = new EpochLog(epoch, epochFolder(directory, this.nextNumber++, epoch), onDamage);
    log.state = 'open';
    this.logs.push(log);
    return log;
  }

  /** Numbers, encodes, writes and syncs as many waiting requests as fit into the current segment, or so many. */
  private async writeGroup(count = Number.POSITIVE_INFINITY): Promise<void> {
    const { space } = this.options;
    const group: Encoded[] = [];
    let { lastSeq, lastChain } = this.log;
    let bytes = 0;
    for (let taken = 0; this.queue.length > 0 && bytes < GROUP_BYTES && taken < count; taken++) {
      const request = this.queue[0] as Request | Turn;
      if ('turn' in request) break;
      let encoded: Encoded;
      try {
        encoded = this.encode(request, lastSeq, lastChain);
        if (this.current?.log !== this.log || !space.fitsCurrent(encoded.need)) {
          // It goes into the next segment, after what was gathered for this one.
          if (group.length > 0) break;
          await this.openSegment(encoded.need);
        }
      } catch (error) {
        this.queue.shift();
        request.reject(error);
        continue;
      }
      this.queue.shift();
      // From here on its bytes are taken, and the promise it keeps is no longer counted beside them.
      if (encoded.need.keeps) (request.reservation as CountedReservation).use();
      space.currentFree -= encoded.bytes.length;
      group.push(encoded);
      bytes += encoded.bytes.length;
      const last = encoded.records.at(-1);
      if (last) ({ seq: lastSeq, chain: lastChain } = last);
    }
    if (group.length > 0) await this.commit(group, bytes);
  }

  private encode(request: Request, afterSeq: number, afterChain: Buffer): Encoded {
    const { reservation } = request;
    const { epoch } = this.log;
    let chain = afterChain;
    const records = request.drafts.map((draft, at): ChainedRecord => {
      const seq = afterSeq + 1 + at;
      const bytes = encodeEvent(stampEvent(draft, this.options.node, epoch, seq));
      chain = nextChain(chain, eventHash(bytes));
      return { seq, chain, bytes };
    });
    const encoded = records.map(encodeRecord);
    const last = encoded.at(-1)?.length ?? 0;
    if (reservation && last > reservation.bytes) throw outcomeTooLarge(last, reservation.bytes);
    const bytes = encoded.length === 1 ? (encoded[0] as Buffer) : Buffer.concat(encoded);
    // One that was used or given back before promises nothing any more.
    const isHeld = reservation instanceof CountedReservation && reservation.isHeld;
    const need: Need = { bytes: bytes.length, keeps: isHeld ? 1 : 0, isPromised: isHeld && encoded.length === 1 };
    return { request, records, bytes, need };
  }

  private async commit(group: Encoded[], bytes: number): Promise<void> {
    const { files, space, now, onDurable } = this.options;
    const { log, segment, fd } = this.current as { log: EpochLog; segment: Segment; fd: number };
    try {
      files.write(
        fd,
        group.length === 1 ? (group[0] as Encoded).bytes : Buffer.concat(group.map((one) => one.bytes)),
        segment.usedBytes,
      );
      await files.sync(fd);
    } catch (cause) {
      this.failed(cause);
      this.closeSegment();
      const error = writeFailed(segment.path, cause);
      for (const { request, need } of group) {
        if (need.keeps) (request.reservation as CountedReservation).restore();
        request.reject(error);
      }
      void space.prepare();
      return;
    }
    this.failure = undefined;
    const records = group.flatMap((one) => one.records);
    let at = segment.usedBytes;
    for (const record of records) {
      indexRecord(segment, record.seq, at);
      at += RECORD_OVERHEAD_BYTES + record.bytes.length;
    }
    segment.usedBytes += bytes;
    segment.writtenAt = now();
    segment.lastSeq = records.at(-1)?.seq ?? segment.lastSeq;
    log.appended(records, bytes, segment.writtenAt);
    for (const one of group) {
      one.request.reservation?.release();
      one.request.resolve(one.records.map((record) => ({ epoch: log.epoch, ...record })));
    }
    onDurable();
    if (space.currentFree < space.segmentBytes / 2) void space.prepare();
  }

  /** Ends the current segment and begins the next with this request. */
  private async openSegment(need: Need): Promise<void> {
    const { files, space, directory, now, restoreFolder } = this.options;
    restoreFolder();
    const spare = await space.takeSpare(need);
    this.closeSegment();
    const { log } = this;
    const firstSeq = log.lastSeq + 1;
    const path = join(log.folder, segmentName(firstSeq));
    let fd: number | undefined;
    try {
      mkdirSync(log.folder, { recursive: true, mode: 0o700 });
      fd = files.open(spare.path);
      files.write(fd, encodeSegmentHead(firstSeq, log.lastChain), 0);
      await files.sync(fd);
      await files.rename(spare.path, path, [log.folder, directory]);
    } catch (cause) {
      if (fd !== undefined) this.closeFile(fd);
      this.failed(cause);
      await space.discard(spare);
      throw writeFailed(path, cause);
    }
    // A segment that failed before anything in it became durable had this name; its space is its successor's now.
    const before = log.segments.at(-1);
    if (before?.path === path) {
      log.segments.pop();
      space.allocatedBytes -= before.fileBytes;
    }
    const segment: Segment = {
      path,
      firstSeq,
      lastSeq: firstSeq - 1,
      rottenFrom: undefined,
      prevChain: log.lastChain,
      usedBytes: SEGMENT_HEAD_BYTES,
      fileBytes: spare.bytes,
      writtenAt: now(),
      index: [],
    };
    log.segments.push(segment);
    this.current = { log, segment, fd };
    space.currentFree = spare.bytes - SEGMENT_HEAD_BYTES;
    void space.prepare();
  }

  private failed(cause: unknown): void {
    this.failure = cause instanceof Error ? cause.message : String(cause);
    this.probeSoon();
  }

  private probeSoon(): void {
    if (this.isClosed) return;
    this.probeTimer ??= setTimeout(() => {
      this.probeTimer = undefined;
      this.enqueue({ turn: 'probe', resolve: () => undefined, reject: () => this.probeSoon() });
    }, this.options.retryMs).unref();
  }

  private closeFile(fd: number): void {
    try {
      this.options.files.close(fd);
    } catch {
      // All that counts in it was synced before.
    }
  }
}
