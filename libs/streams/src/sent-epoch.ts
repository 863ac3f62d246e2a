import type { Epoch } from '#events';
import { entryIdOf } from './names.js';
import type { SenderLimits } from './sender-limits.js';
import type { SpooledEpoch } from './spool-reader.js';
import type { SealedFrame, StreamEnd } from './stream-scripts.js';

/**
 * What a producer believes of one epoch's stream.
 *   unknown  first contact, or an answer was lost: look before anything is written
 *   holds    the stream ends with number `sentSeq`, and all of `waiting` is in it
 *   broken   it does not: delete it and make it anew from the mark
 *   done     forked: nothing more is sent
 */
export type Belief = 'unknown' | 'holds' | 'broken' | 'done';

/** One epoch between spool and mark. Knows no Redis and no clock of its own. */
export class SentEpoch {
  readonly epoch: Epoch;
  isCurrent: boolean;
  lastSeq: number;
  belief: Belief = 'unknown';
  markSeq: number;
  /** Undefined where a declared hole made it unknown. */
  markChain: Buffer | undefined;
  /** Since when frames wait in Redis without the mark moving. */
  waitingSinceMs: number | undefined;
  /** Order of marks: the last one taken. */
  markOrder: { generation: number; at: string } = { generation: 0, at: '' };
  /** Text of the last mark looked at, taken or not. */
  markText: string | null = null;
  /** Last number in the stream; never below the mark. */
  sentSeq: number;
  /** Chain there; undefined where the spool must be asked. */
  sentChain: Buffer | undefined;
  lookedAtMs = Number.NEGATIVE_INFINITY;
  announcedAtMs = Number.NEGATIVE_INFINITY;
  /** Not before this: its events could not be read. */
  pausedUntilMs = 0;
  refillAtMs = 0;
  private waitingBytes = 0;
  private waiting: { lastSeq: number; bytes: number }[] = [];
  /** Under way, or sent without an answer: perhaps in Redis. */
  private uncertain: readonly SealedFrame[] = [];
  private uncertainBytes = 0;
  /** An earlier process may have left frames there, which nobody counts. */
  mayHoldLeftovers = true;
  private refillDelayMs: number;
  private lastRefill: { atMs: number; markSeq: number } | undefined;

  constructor(
    spooled: SpooledEpoch,
    private readonly limits: SenderLimits,
  ) {
    this.epoch = spooled.epoch;
    this.isCurrent = spooled.state === 'open';
    this.lastSeq = spooled.lastSeq;
    this.markSeq = spooled.confirmedSeq;
    this.markChain = spooled.confirmedChain;
    this.sentSeq = spooled.confirmedSeq;
    this.sentChain = spooled.confirmedSeq > 0 ? spooled.confirmedChain : undefined;
    this.refillDelayMs = limits.refillMs;
  }

  follow(spooled: SpooledEpoch): void {
    this.isCurrent = spooled.state === 'open';
    this.lastSeq = spooled.lastSeq;
  }

  get isUnconfirmed(): boolean {
    return this.belief !== 'done' && this.markSeq < this.lastSeq;
  }

  get isBroken(): boolean {
    return this.belief === 'broken';
  }

  get hasUnsent(): boolean {
    return this.isUnconfirmed && (this.belief !== 'holds' || this.sentSeq < this.lastSeq);
  }

  /** Frames in Redis that no mark covers, and their bytes with what may be there. */
  get waitingFrames(): number {
    return this.waiting.length;
  }

  get windowBytes(): number {
    return this.waitingBytes + this.uncertainBytes;
  }

  /** Before a write: until its answer is there, its outcome is unknown. */
  sending(frames: readonly SealedFrame[]): void {
    this.doubtFrames(frames);
    this.belief = 'unknown';
  }

  /** The write was done. */
  sent(chain: Buffer, nowMs: number): void {
    this.take(chain, nowMs);
    this.belief = 'holds';
    this.lookedAtMs = nowMs;
  }

  /** Before {@link sending} the frames of a refill: what was sent until now no longer counts. */
  refilling(nowMs: number): void {
    this.forgetSent();
    this.mayHoldLeftovers = false;
    const stoodStill = this.lastRefill !== undefined && this.lastRefill.markSeq >= this.markSeq;
    this.refillDelayMs = stoodStill ? Math.min(2 * this.refillDelayMs, this.limits.refillMaxMs) : this.limits.refillMs;
    this.lastRefill = { atMs: nowMs, markSeq: this.markSeq };
    this.refillAtMs = nowMs + this.refillDelayMs;
  }

  /** The stream is known to be gone, and stays so until it is refilled. */
  cleared(): void {
    this.forgetSent();
    this.mayHoldLeftovers = false;
    this.belief = 'broken';
  }

  /** Compares what was found with what was believed. */
  found(end: StreamEnd, nowMs: number): void {
    this.lookedAtMs = nowMs;
    const lastUncertain = this.uncertain.at(-1);
    if (end.lastId === undefined) {
      this.cleared();
    } else if (lastUncertain && end.lastId === entryIdOf(lastUncertain.lastSeq)) {
      // The answer was lost, the frames were not.
      this.take(undefined, nowMs);
      this.belief = 'holds';
    } else {
      this.doubtFrames([]);
      this.belief = end.lastId === entryIdOf(this.sentSeq) ? 'holds' : 'broken';
    }
    // Entries that somebody removed leave the end where it was. The recorder trims as well, and its mark may reach us late.
    const stalled = this.waitingSinceMs !== undefined && nowMs - this.waitingSinceMs > this.limits.stalledMs;
    if (this.belief === 'holds' && stalled && end.entries < this.waiting.length) this.belief = 'broken';
  }

  moveMark(seq: number, chain: Buffer | undefined, nowMs: number): void {
    if (seq === this.markSeq) return;
    const back = seq < this.markSeq;
    this.markSeq = seq;
    this.markChain = chain;
    if (this.lastRefill) this.refillAtMs = Math.min(this.refillAtMs, this.lastRefill.atMs + this.limits.refillMs);
    if (back) {
      this.forgetSent();
      this.belief = 'broken';
      return;
    }
    while (this.waiting[0] && this.waiting[0].lastSeq <= seq) this.waitingBytes -= this.waiting.shift()?.bytes ?? 0;
    this.waitingSinceMs = this.waiting.length > 0 ? nowMs : undefined;
    if (seq > this.sentSeq) {
      // The record knows more than was sent since this process started: by an earlier one, or by a write of unknown outcome.
      this.forgetSent();
      this.belief = 'unknown';
    }
  }

  /** After an error: nothing is certain. */
  doubt(): void {
    if (this.belief === 'holds') this.belief = 'unknown';
  }

  abandon(): void {
    this.forgetSent();
    this.belief = 'done';
  }

  private doubtFrames(frames: readonly SealedFrame[]): void {
    this.uncertain = frames;
    this.uncertainBytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
  }

  private take(chain: Buffer | undefined, nowMs: number): void {
    for (const frame of this.uncertain) {
      // A mark may have come first.
      if (frame.lastSeq <= this.markSeq) continue;
      this.waiting.push({ lastSeq: frame.lastSeq, bytes: frame.bytes.length });
      this.waitingBytes += frame.bytes.length;
      this.waitingSinceMs ??= nowMs;
      this.sentSeq = frame.lastSeq;
      this.sentChain = chain;
    }
    this.doubtFrames([]);
  }

  private forgetSent(): void {
    this.waiting = [];
    this.waitingBytes = 0;
    this.waitingSinceMs = undefined;
    this.doubtFrames([]);
    this.sentSeq = this.markSeq;
    this.sentChain = this.markSeq > 0 ? this.markChain : undefined;
  }
}
