import type { Epoch } from '#events';
import { type ChainedRecord, GENESIS_CHAIN } from '#ledger';
import { readSegment, type Segment } from './segment.js';

/** How far one run of this node came. */
export interface SpoolEpoch {
  epoch: Epoch;
  /** open: the current run, more may come. */
  state: 'open' | 'closed';
  /** Oldest number that can still be read; `lastSeq + 1` when there is none. */
  firstSeq: number;
  /** Last durable number; 0 while there is none. */
  lastSeq: number;
  lastChain: Buffer;
  /** Up to here the record has confirmed. */
  confirmedSeq: number;
  confirmedChain: Buffer;
  bytesUnconfirmed: number;
}

/** What a mark did: see {@link EpochLog.confirm}. */
export type Confirmed = 'advanced' | 'known' | 'back' | 'disagrees';

/** Events that became durable together and wait for the record. */
interface Waiting {
  lastSeq: number;
  bytes: number;
  sinceMs: number;
}

const MAX_WAITING = 4096;
const RECENT_BYTES = 8 * 1024 * 1024;

/** One epoch: its segments, what of it is recent enough to be read from memory, and how far it is confirmed. */
export class EpochLog {
  state: 'open' | 'closed' = 'closed';
  readonly segments: Segment[] = [];
  lastSeq = 0;
  lastChain: Buffer = GENESIS_CHAIN;
  confirmedSeq = 0;
  confirmedChain: Buffer = GENESIS_CHAIN;
  /** True once what was not confirmed stands in a later epoch again: nothing of this one is owed any more. */
  isMoved = false;
  private waiting: Waiting[] = [];
  private recent: ChainedRecord[] = [];
  private recentBytes = 0;

  constructor(
    readonly epoch: Epoch,
    /** The epoch's folder. */
    readonly folder: string,
  ) {}

  describe(): SpoolEpoch {
    return {
      epoch: this.epoch,
      state: this.state,
      firstSeq: this.segments.find((segment) => segment.lastSeq >= segment.firstSeq)?.firstSeq ?? this.lastSeq + 1,
      lastSeq: this.lastSeq,
      lastChain: this.lastChain,
      confirmedSeq: this.isMoved ? this.lastSeq : this.confirmedSeq,
      confirmedChain: this.isMoved ? this.lastChain : this.confirmedChain,
      bytesUnconfirmed: this.bytesUnconfirmed,
    };
  }

  get bytesUnconfirmed(): number {
    if (this.isMoved) return 0;
    return this.waiting.reduce((sum, group) => sum + group.bytes, 0);
  }

  get countUnconfirmed(): number {
    return this.isMoved ? 0 : this.lastSeq - this.confirmedSeq;
  }

  get oldestUnconfirmedAtMs(): number | undefined {
    return this.isMoved ? undefined : this.waiting[0]?.sinceMs;
  }

  /** Takes records that just became durable at the end of the last segment. */
  appended(records: ChainedRecord[], bytes: number, nowMs: number): void {
    const last = records.at(-1);
    if (!last) return;
    this.lastSeq = last.seq;
    this.lastChain = last.chain;
    this.waits({ lastSeq: last.seq, bytes, sinceMs: nowMs });
    for (const record of records) {
      this.recent.push(record);
      this.recentBytes += record.bytes.length;
    }
    if (this.recentBytes <= RECENT_BYTES) return;
    let drop = 0;
    // Down to half, so that the array is not moved for every append.
    while (this.recentBytes > RECENT_BYTES / 2 && drop < this.recent.length)
      this.recentBytes -= this.recent[drop++]!.bytes.length;
    this.recent.splice(0, drop);
  }

  /** A segment that an earlier run left. */
  recovered(segment: Segment): void {
    this.segments.push(segment);
    if (segment.lastSeq < segment.firstSeq) return;
    this.lastSeq = segment.lastSeq;
    this.lastChain = segment.lastChain;
    this.waits({ lastSeq: segment.lastSeq, bytes: segment.usedBytes, sinceMs: segment.writtenAt });
  }

  private waits(group: Waiting): void {
    this.waiting.push(group);
    if (this.waiting.length <= MAX_WAITING) return;
    // The record is long away: half the detail does.
    this.waiting = this.waiting.flatMap((first, at, all) => {
      const second = all[at + 1];
      if (at % 2 === 1) return [];
      return second
        ? [{ lastSeq: second.lastSeq, bytes: first.bytes + second.bytes, sinceMs: first.sinceMs }]
        : [first];
    });
  }

  /**
   * Durable records from `fromSeq` on; behind a hole, from the next number that can be read.
   * Their numbers adjoin each other. At least one if there is one, whatever its size.
   */
  async read(fromSeq: number, limit: { count: number; bytes: number }): Promise<ChainedRecord[]> {
    const oldest = this.recent[0];
    if (oldest && fromSeq >= oldest.seq) return this.readRecent(fromSeq - oldest.seq, limit);
    for (const segment of this.segments) {
      if (segment.lastSeq < Math.max(fromSeq, segment.firstSeq)) continue;
      return readSegment(segment, Math.max(fromSeq, segment.firstSeq), limit);
    }
    return [];
  }

  private readRecent(start: number, limit: { count: number; bytes: number }): ChainedRecord[] {
    let end = start;
    let bytes = 0;
    while (end < this.recent.length && end - start < limit.count) {
      bytes += this.recent[end]!.bytes.length;
      if (end > start && bytes > limit.bytes) break;
      end += 1;
    }
    return this.recent.slice(start, end);
  }

  /** The chain at a number; undefined where that is no longer, or not yet, known. */
  async chainAt(seq: number): Promise<Buffer | undefined> {
    if (seq === 0) return GENESIS_CHAIN;
    if (seq === this.lastSeq) return this.lastChain;
    if (seq > this.lastSeq) return undefined;
    const [record] = await this.read(seq, { count: 1, bytes: 0 });
    if (record?.seq === seq) return record.chain;
    // The first number that can be read again behind a hole, or behind what was deleted, says what came before it.
    return (
      this.segments.find((segment) => segment.firstSeq === seq + 1)?.prevChain ??
      (seq === this.confirmedSeq ? this.confirmedChain : undefined)
    );
  }

  /**
   * Takes the record's word that it holds this epoch up to `seq` with this chain.
   * advanced, known: as said · back: the record holds less than it did (restored, failed over), so it will be sent again
   * · disagrees: our own chain is another, or ends before; nothing changed.
   */
  async confirm(seq: number, chain: Buffer): Promise<Confirmed> {
    if (this.isMoved || (seq === this.confirmedSeq && chain.equals(this.confirmedChain))) return 'known';
    // Of an ended run the disk may have lost what the record still has; then there is nothing left to send.
    if (seq > this.lastSeq && this.state === 'open') return 'disagrees';
    const own = await this.chainAt(seq);
    if (own && !own.equals(chain)) return 'disagrees';
    const went = seq >= this.confirmedSeq ? 'advanced' : 'back';
    this.confirmedSeq = Math.min(seq, this.lastSeq);
    this.confirmedChain = chain;
    if (went === 'back') {
      const bytes = this.segments.reduce((sum, segment) => sum + (segment.lastSeq > seq ? segment.usedBytes : 0), 0);
      this.waiting = [{ lastSeq: this.lastSeq, bytes, sinceMs: Date.now() }];
    }
    while (this.waiting[0] && this.waiting[0].lastSeq <= this.confirmedSeq) this.waiting.shift();
    return went;
  }

  /** What an earlier run noted of the last mark; the record's next one is compared as ever. */
  restoreMark(seq: number, chain: Buffer, isMoved: boolean): void {
    this.isMoved = isMoved;
    this.confirmedSeq = Math.min(seq, this.lastSeq);
    this.confirmedChain = chain;
    while (this.waiting[0] && this.waiting[0].lastSeq <= this.confirmedSeq) this.waiting.shift();
  }

  /** Forgets every mark: all that is still kept will be sent again. */
  forgetMark(): void {
    this.confirmedSeq = 0;
    this.confirmedChain = GENESIS_CHAIN;
    this.waiting = this.segments
      .filter((segment) => segment.lastSeq >= segment.firstSeq)
      .map((segment) => ({ lastSeq: segment.lastSeq, bytes: segment.usedBytes, sinceMs: segment.writtenAt }));
  }
}
