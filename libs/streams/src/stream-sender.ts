import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { describeError, type Epoch, type NodeName } from '#events';
import { type CutFrame, type CutPoint, FrameCutter } from './cut-frame.js';
import { redisTrouble } from './errors.js';
import { keyIdOf } from './key-id.js';
import { HeadCopy } from './log-head.js';
import { MarkWatch, type MarkWatchOptions } from './mark-watch.js';
import { epochsKey, streamKey } from './names.js';
import { SENDER_LIMITS, type SenderLimits } from './sender-limits.js';
import { SentEpoch } from './sent-epoch.js';
import { SILENT, type SpoolReader, type StreamLogger } from './spool-reader.js';
import { replacingStrangers } from './strangers.js';
import { appendToStream, compareStream, refillStream } from './stream-scripts.js';
import { Wake } from './wake.js';

export interface StreamSenderOptions {
  /** Made by `connectRedis(url, 'producer')`, for this sender alone. */
  redis: Redis;
  spool: SpoolReader;
  node: NodeName;
  /** Pinned name of the log. */
  log: string;
  /** The node's key pair. */
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** Pinned mark key of the log. */
  markPublicKey: KeyObject;
  limits?: Partial<SenderLimits> | undefined;
  onFork?: MarkWatchOptions['onFork'];
  logger?: StreamLogger | undefined;
  now?: (() => number) | undefined;
}

export interface SenderStatus {
  hop: 'spool-to-record';
  /** ok: nothing waits, or it moves · waiting: Redis has it, no mark comes · failing: Redis or the spool does not answer */
  state: 'ok' | 'waiting' | 'failing';
  /** When it became so, ms since 1970. */
  since: number;
  why?: string;
  lastError?: { code: string; message: string; remedy: string; at: number };
  /** Durable here, not confirmed by a mark. */
  unconfirmedEvents: number;
  /** Of these, in Redis. */
  windowBytes: number;
  windowFrames: number;
  /** Since this process started. */
  sentEvents: number;
  sentFrames: number;
  refills: number;
  gaps: number;
  refusedMarks: number;
  lastRefusal?: { why: string; at: number };
  epochs: { epoch: Epoch; lastSeq: number; sentSeq: number; confirmedSeq: number; state: string }[];
}

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2000;
/** A mark that stands still for so long, with frames before it, is worth a word. */
const WAITING_AFTER_MS = 5000;

/**
 * Brings what a node's spool made durable into Redis, and the record's marks back. One loop, one write under way: what
 * becomes durable meanwhile makes up the next frame. It may be stopped, or killed, at any instruction: what matters stands in
 * the spool, and what is in Redis is compared before anything is added.
 */
export class StreamSender {
  private readonly redis: Redis;
  private readonly limits: SenderLimits;
  private readonly now: () => number;
  private readonly logger: StreamLogger;
  private readonly cutter: FrameCutter;
  private readonly marks: MarkWatch;
  private readonly headCopy: HeadCopy;
  private headCopiedAtMs = Number.NEGATIVE_INFINITY;
  private readonly wake = new Wake();
  /** Cuts a pause after errors short; new events do not, or a full Redis would be asked without end. */
  private readonly recovery = new Wake();
  private readonly byEpoch = new Map<Epoch, SentEpoch>();
  private marksReadAtMs = Number.NEGATIVE_INFINITY;
  private running: Promise<void> | undefined;
  private stopping = false;
  private failures = 0;
  private trouble: { since: number; why: string } | undefined;
  private okSinceMs: number;
  private lastError: SenderStatus['lastError'];
  private readonly counts = { sentEvents: 0, sentFrames: 0, refills: 0, gaps: 0 };

  constructor(private readonly options: StreamSenderOptions) {
    const { redis, spool, node, log, privateKey, markPublicKey, onFork } = options;
    if (!keyIdOf(privateKey).equals(keyIdOf(options.publicKey))) {
      throw new TypeError('publicKey is not the public half of privateKey');
    }
    this.redis = redis;
    this.limits = { ...SENDER_LIMITS, ...options.limits };
    this.now = options.now ?? Date.now;
    this.okSinceMs = this.now();
    this.logger = options.logger ?? SILENT;
    this.cutter = new FrameCutter(spool, log, node, privateKey, this.limits);
    const { now, logger } = this;
    this.marks = new MarkWatch({ redis, spool, node, log, markPublicKey, onFork, logger, now });
    this.headCopy = new HeadCopy({ redis, node, log, markPublicKey });
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves once nothing is under way any more. The connection stays open. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake.now();
    this.recovery.now();
    await this.running;
  }

  status(): SenderStatus {
    const epochs = [...this.byEpoch.values()];
    const unconfirmed = epochs.filter((of) => of.isUnconfirmed);
    return {
      hop: 'spool-to-record',
      ...this.state(unconfirmed),
      ...(this.lastError ? { lastError: this.lastError } : {}),
      unconfirmedEvents: unconfirmed.reduce((sum, of) => sum + of.lastSeq - of.markSeq, 0),
      windowBytes: epochs.reduce((sum, of) => sum + of.windowBytes, 0),
      windowFrames: epochs.reduce((sum, of) => sum + of.waitingFrames, 0),
      ...this.counts,
      refusedMarks: this.marks.refused,
      ...(this.marks.lastRefusal ? { lastRefusal: this.marks.lastRefusal } : {}),
      epochs: epochs.map((of) => ({
        epoch: of.epoch,
        lastSeq: of.lastSeq,
        sentSeq: of.sentSeq,
        confirmedSeq: of.markSeq,
        state: of.belief,
      })),
    };
  }

  private state(unconfirmed: SentEpoch[]): Pick<SenderStatus, 'state' | 'since' | 'why'> {
    if (this.trouble) return { state: 'failing', ...this.trouble };
    const waiting = unconfirmed.filter((of) => of.waitingSinceMs !== undefined);
    const since = Math.min(...waiting.map((of) => of.waitingSinceMs ?? Number.POSITIVE_INFINITY));
    if (this.now() - since > WAITING_AFTER_MS) {
      return { state: 'waiting', since, why: 'the recorder has not confirmed what waits in Redis' };
    }
    return { state: 'ok', since: this.okSinceMs };
  }

  private async run(): Promise<void> {
    const forget = this.options.spool.onDurable(() => this.wake.now());
    const ready = () => this.recovery.now();
    this.redis.on('ready', ready);
    try {
      while (!this.stopping) await this.turn();
    } finally {
      forget();
      this.redis.off('ready', ready);
    }
  }

  private async turn(): Promise<void> {
    const startedAtMs = performance.now();
    try {
      const moved = await this.step();
      this.recovered();
      if (this.stopping) return;
      if (moved) await this.gather(startedAtMs);
      else await this.wake.sleep(this.restMs());
    } catch (error) {
      this.fail(error);
      const most = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.failures, 10));
      if (!this.stopping) await this.recovery.sleep(most / 2 + Math.random() * (most / 2));
    }
  }

  /** A frame costs a signature, a round trip and a check at the recorder, however few its events: see SenderLimits.frameIntervalMs. */
  private async gather(sinceMs: number): Promise<void> {
    const restMs = sinceMs + this.limits.frameIntervalMs - performance.now();
    const isFull = [...this.byEpoch.values()].some((of) => of.lastSeq - of.sentSeq >= this.limits.frameEvents);
    if (restMs > 0 && !isFull) await sleep(restMs);
  }

  /** @returns true where a frame was written: there may be more */
  private async step(): Promise<boolean> {
    this.followSpool();
    const epochs = [...this.byEpoch.values()];
    const unconfirmed = epochs.filter((of) => of.isUnconfirmed);
    const marksMs = unconfirmed.length > 0 ? this.limits.marksBusyMs : this.limits.marksIdleMs;
    if (this.now() - this.marksReadAtMs >= marksMs) {
      await this.marks.read(epochs);
      this.marksReadAtMs = this.now();
    }
    await this.keepHead();
    // The current run has its turn each time, so has the oldest that can go on: neither waits for the other's end.
    const current = unconfirmed.find((of) => of.isCurrent);
    let moved = current ? await this.send(current) : false;
    for (const of of unconfirmed) {
      if (of.isCurrent || !(await this.send(of))) continue;
      moved = true;
      break;
    }
    await this.keepUp(unconfirmed);
    return moved;
  }

  /** Nothing that is sent waits for it: where this user may not write the copy, the log has one less. */
  private async keepHead(): Promise<void> {
    if (this.now() - this.headCopiedAtMs < this.limits.announceMs) return;
    this.headCopiedAtMs = this.now();
    try {
      await this.headCopy.keep();
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOPERM'))) throw error;
      this.logger.info({}, "this Redis user may not keep a copy of the log's head; deploy/redis.acl has its rights");
    }
  }

  private followSpool(): void {
    const spooled = this.options.spool.epochs();
    for (const each of spooled) {
      const known = this.byEpoch.get(each.epoch);
      if (known) known.follow(each);
      else this.byEpoch.set(each.epoch, new SentEpoch(each, this.limits));
    }
    if (this.byEpoch.size === spooled.length) return;
    const kept = new Set(spooled.map((each) => each.epoch));
    for (const epoch of this.byEpoch.keys()) if (!kept.has(epoch)) this.byEpoch.delete(epoch);
  }

  /** What an idle producer does while anything is unconfirmed: say which epochs there are, and look whether all is still there. */
  private async keepUp(unconfirmed: readonly SentEpoch[]): Promise<void> {
    for (const of of unconfirmed) {
      if (of.belief !== 'holds') continue;
      if (this.now() - of.announcedAtMs >= this.limits.announceMs) await this.announce(of);
      if (this.now() - of.lookedAtMs >= this.limits.compareMs) {
        await this.look(of);
        if (of.isBroken) this.wake.now();
      }
    }
  }

  /** @returns true where something was written */
  private async send(of: SentEpoch): Promise<boolean> {
    if (!of.hasUnsent || this.now() < of.pausedUntilMs) return false;
    if (of.belief === 'unknown') await this.look(of);
    if (of.belief === 'broken') return this.refill(of);
    return of.hasUnsent ? this.append(of) : false;
  }

  private async look(of: SentEpoch): Promise<void> {
    of.found(await compareStream(this.redis, this.keyOf(of)), this.now());
  }

  private async append(of: SentEpoch): Promise<boolean> {
    if (!this.fits(of, this.limits.frameBytes)) return false;
    const frame = await this.cut(of, { afterSeq: of.sentSeq, chain: of.sentChain });
    if (!frame || !this.fits(of, frame.bytes.length)) return false;
    if (of.announcedAtMs === Number.NEGATIVE_INFINITY) await this.announce(of);
    const believed = of.sentSeq;
    of.sending([frame]);
    const outcome = await appendToStream(this.redis, this.keyOf(of), believed, frame);
    if (outcome === 'appended') {
      of.sent(frame.chain, this.now());
      this.count(frame);
      return true;
    }
    of.found(outcome, this.now());
    if (!of.isBroken) return true;
    this.logger.info(
      { epoch: of.epoch, believed, found: outcome.lastId ?? null },
      'a stream does not end where it should',
    );
    return this.refill(of);
  }

  /** The one remedy for every mismatch: the stream is made anew from the mark. */
  private async refill(of: SentEpoch): Promise<boolean> {
    if (this.now() < of.refillAtMs) return false;
    if (!this.fits(of, this.limits.frameBytes, true)) return this.clearLeftovers(of);
    // The mark may have moved since it was last read: what is recorded need not be sent again.
    await this.marks.read([of]);
    if (!of.isUnconfirmed) return false;
    const frames: CutFrame[] = [];
    let bytes = 0;
    let after: CutPoint = { afterSeq: of.markSeq, chain: of.markSeq > 0 ? of.markChain : undefined };
    while (bytes < this.limits.refillBytes) {
      const frame = await this.cut(of, after);
      if (!frame || !this.fits(of, bytes + frame.bytes.length, true)) break;
      frames.push(frame);
      bytes += frame.bytes.length;
      after = { afterSeq: frame.lastSeq, chain: frame.chain };
    }
    const last = frames.at(-1);
    if (!last) {
      of.pausedUntilMs = this.now() + this.limits.refillMs;
      return this.clearLeftovers(of);
    }
    await this.announce(of);
    of.refilling(this.now());
    of.sending(frames);
    await refillStream(this.redis, this.keyOf(of), frames);
    of.sent(last.chain, this.now());
    this.counts.refills++;
    for (const frame of frames) this.count(frame);
    return true;
  }

  /** While the window is full, frames of an earlier process must not stand in Redis beside it. */
  private async clearLeftovers(of: SentEpoch): Promise<boolean> {
    if (!of.mayHoldLeftovers) return false;
    await refillStream(this.redis, this.keyOf(of), []);
    of.cleared();
    return false;
  }

  /** A spool that cannot read one epoch must not hold up the others. */
  private async cut(of: SentEpoch, after: CutPoint): Promise<CutFrame | undefined> {
    try {
      return await this.cutter.cut(of.epoch, after);
    } catch (error) {
      of.pausedUntilMs = this.now() + this.limits.refillMs;
      this.note(error, 'SPOOL');
      return undefined;
    }
  }

  /** Whether so many more bytes of this epoch (`instead` of what it has there) may stand unconfirmed in Redis. */
  private fits(of: SentEpoch, bytes: number, instead = false): boolean {
    let all = bytes;
    let earlier = of.isCurrent ? 0 : bytes;
    for (const each of this.byEpoch.values()) {
      if (instead && each === of) continue;
      all += each.windowBytes;
      if (!each.isCurrent) earlier += each.windowBytes;
    }
    // One frame alone always goes, however small the window was made.
    if (all === bytes) return true;
    if (all > this.limits.windowBytes) return false;
    return of.isCurrent || earlier <= this.limits.windowBytes - this.limits.currentRunBytes;
  }

  private async announce(of: SentEpoch): Promise<void> {
    const key = epochsKey(this.options.node);
    await replacingStrangers(this.redis, key, () => this.redis.sadd(key, of.epoch));
    of.announcedAtMs = this.now();
  }

  private keyOf(of: SentEpoch): string {
    return streamKey(this.options.node, of.epoch);
  }

  private count(frame: CutFrame): void {
    this.counts.sentFrames++;
    this.counts.sentEvents += frame.events;
    if (!frame.gap) return;
    this.counts.gaps++;
    this.logger.error(
      { seq: frame.lastSeq - frame.events + 1 },
      'events before this number are neither recorded nor kept here',
    );
  }

  private restMs(): number {
    const busy = [...this.byEpoch.values()].some((of) => of.isUnconfirmed);
    return busy ? this.limits.marksBusyMs : this.limits.marksIdleMs;
  }

  private fail(error: unknown): void {
    this.failures++;
    for (const of of this.byEpoch.values()) of.doubt();
    // The next step begins with a question to Redis, so that it cannot pass for recovered without an answer.
    this.marksReadAtMs = Number.NEGATIVE_INFINITY;
    const { code, message } = this.note(error, 'REDIS');
    if (this.trouble) return;
    this.trouble = { since: this.now(), why: message };
    this.logger.warn({ code, why: message }, 'sending to Redis fails; events wait in the spool');
  }

  private recovered(): void {
    this.failures = 0;
    if (!this.trouble) return;
    const now = this.now();
    this.logger.info({ afterMs: now - this.trouble.since }, 'Redis takes events again');
    this.trouble = undefined;
    this.okSinceMs = now;
  }

  private note(error: unknown, from: 'REDIS' | 'SPOOL'): { code: string; message: string } {
    const trouble = redisTrouble(error);
    const code = from === 'REDIS' ? trouble.code : 'STREAM_SPOOL_UNREADABLE';
    const message = from === 'REDIS' ? trouble.message : `the spool did not give its events: ${describeError(error)}`;
    this.lastError = { code, message, remedy: trouble.remedy, at: this.now() };
    return this.lastError;
  }
}
