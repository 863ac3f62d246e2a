import type { Epoch } from '#events';
import { type ChainedRecord, GENESIS_CHAIN } from '#ledger';
import { readSegment, type Segment, type SegmentPage } from './segment.js';

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

/** Bytes that cannot be read as records. Whatever of them was acknowledged is a hole, and must not stay unsaid. */
export interface SpoolDamage {
  epoch: Epoch;
  path: string;
  /** First number that cannot be read. */
  fromSeq: number;
  /** Last one; undefined at the end of a run, where the rest may as well be a write that was never acknowledged. */
  toSeq: number | undefined;
}

/** Events that became durable together and wait for the record. */
interface Waiting {
  lastSeq: number;
  bytes: number;
  sinceMs: number;
}

const MAX_WAITING = 4096;
const RECENT_BYTES = 8 * 1024 * 1024;
/** What a record costs in memory beside its bytes. */
const RECENT_OVERHEAD_BYTES = 512;

/** One epoch: its segments, what of it is recent enough to be read from memory, and how far it is confirmed. */
export class EpochLog {
  state: 'open' | 'closed' = 'closed';
  readonly segments: Segment[] = [];
  lastSeq = 0;
  lastChain: Buffer = GENESIS_CHAIN;
  confirmedSeq = 0;
  confirmedChain: Buffer = GENESIS_CHAIN;
  /** Up to here it stands in a later epoch again. */
  movedSeq = 0;
  /** True once all that was not confirmed stands in a later epoch again: nothing of this one is owed any more. */
  isMoved = false;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private recent: ChainedRecord[] = [];
  private recentBytes = 0;
  private confirming: Promise<unknown> = Promise.resolve();

  constructor(
    readonly epoch: Epoch,
    /** The epoch's folder. */
    readonly folder: string,
    private readonly onDamage: (damage: SpoolDamage) => void = () => undefined,
  ) {}

  describe(): SpoolEpoch {
    return {
      epoch: this.epoch,
      state: this.state,
      firstSeq: this.segments.find((segment) => readableTo(segment) >= segment.firstSeq)?.firstSeq ?? this.lastSeq + 1,
      lastSeq: this.lastSeq,
      lastChain: this.lastChain,
      confirmedSeq: this.isMoved ? this.lastSeq : this.confirmedSeq,
      confirmedChain: this.isMoved ? this.lastChain : this.confirmedChain,
      bytesUnconfirmed: this.bytesUnconfirmed,
    };
  }

  get bytesUnconfirmed(): number {
    return this.isMoved ? 0 : this.waitingBytes;
  }

  get countUnconfirmed(): number {
    return this.isMoved ? 0 : this.lastSeq - this.confirmedSeq;
  }

  get oldestUnconfirmedAtMs(): number | undefined {
    return this.isMoved ? undefined : this.waiting[0]?.sinceMs;
  }

  /** Whether nothing that this segment holds is owed to the record. */
  isSettled(segment: Segment): boolean {
    return this.isMoved || segment.lastSeq <= this.confirmedSeq;
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
      this.recentBytes += sizeInMemory(record);
    }
    if (this.recentBytes <= RECENT_BYTES) return;
    let drop = 0;
    // Down to half, so that the array is not moved for every append.
    while (this.recentBytes > RECENT_BYTES / 2 && drop < this.recent.length)
      this.recentBytes -= sizeInMemory(this.recent[drop++] as ChainedRecord);
    this.recent.splice(0, drop);
  }

  /**
   * A segment that an earlier run left.
   * @param lastChain chain at its last record, where that is known
   */
  recovered(segment: Segment, lastChain?: Buffer): void {
    this.segments.push(segment);
    if (lastChain) this.lastChain = lastChain;
    if (segment.lastSeq < segment.firstSeq) return;
    this.lastSeq = segment.lastSeq;
    this.waits({ lastSeq: segment.lastSeq, bytes: segment.usedBytes, sinceMs: segment.writtenAt });
  }

  private waits(group: Waiting): void {
    this.waiting.push(group);
    this.waitingBytes += group.bytes;
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

  private waitNoMore(): void {
    while (this.waiting[0] && this.waiting[0].lastSeq <= this.confirmedSeq)
      this.waitingBytes -= this.waiting.shift()?.bytes ?? 0;
  }

  /** Counts anew what waits, by segments: their last number, bytes, and since when. */
  private waitAgain(sinceMs: (segment: Segment) => number): void {
    this.waiting = this.segments
      .filter((segment) => segment.lastSeq >= segment.firstSeq)
      .map((segment) => ({ lastSeq: segment.lastSeq, bytes: segment.usedBytes, sinceMs: sinceMs(segment) }));
    this.waitingBytes = this.waiting.reduce((sum, group) => sum + group.bytes, 0);
    this.waitNoMore();
  }

  /**
   * Durable records from `fromSeq` on; behind a hole, from the next number that can be read.
   * Their numbers adjoin each other. At least one if there is one, whatever its size.
   */
  async read(fromSeq: number, limit: { count: number; bytes: number }): Promise<ChainedRecord[]> {
    const oldest = this.recent[0];
    if (oldest && fromSeq >= oldest.seq) return this.readRecent(fromSeq - oldest.seq, limit);
    for (const segment of [...this.segments]) {
      const from = Math.max(fromSeq, segment.firstSeq);
      if (readableTo(segment) < from) continue;
      const page = await this.readFrom(segment, from, limit);
      if (page?.endsAt) await this.foundRotten(segment, page.endsAt);
      if (page && page.records.length > 0) return page.records;
    }
    // Behind a hole that reaches as far as memory does.
    return this.recent[0] && this.recent[0].seq >= fromSeq ? this.readRecent(0, limit) : [];
  }

  /** @returns undefined where we deleted the segment meanwhile; one that somebody else deleted is rotten from its beginning on */
  private async readFrom(
    segment: Segment,
    from: number,
    limit: { count: number; bytes: number },
  ): Promise<SegmentPage | undefined> {
    try {
      return await readSegment(segment, from, limit);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      if (!this.segments.includes(segment)) return undefined;
      return { records: [], endsAt: { seq: segment.firstSeq - 1, chain: segment.prevChain } };
    }
  }

  /** From here on this segment is a hole. At the end of a run that is closed there is nothing behind it to wait for. */
  private async foundRotten(
    segment: Segment,
    { seq, chain }: { seq: number; chain: Buffer | undefined },
  ): Promise<void> {
    if (segment.rottenFrom !== undefined && segment.rottenFrom <= seq + 1) return;
    segment.rottenFrom = seq + 1;
    this.onDamage({ epoch: this.epoch, path: segment.path, fromSeq: seq + 1, toSeq: segment.lastSeq });
    if (this.state === 'open' || segment.lastSeq < this.lastSeq) return;
    await this.endAt(segment, seq, chain);
    this.waitAgain((each) => each.writtenAt);
  }

  /** The run ends here for us; where nothing at all can be read of this segment, perhaps with the one before it. */
  private async endAt(segment: Segment, seq: number, chain: Buffer | undefined): Promise<void> {
    segment.lastSeq = seq;
    const before = this.segments[this.segments.indexOf(segment) - 1];
    if (seq < segment.firstSeq && before?.rottenFrom !== undefined) {
      return this.endAt(
        before,
        before.rottenFrom - 1,
        before.rottenFrom === before.firstSeq ? before.prevChain : undefined,
      );
    }
    this.lastChain = chain ?? (await this.chainAt(seq)) ?? this.lastChain;
    this.lastSeq = seq;
    if (this.confirmedSeq > seq) {
      this.confirmedSeq = seq;
      this.confirmedChain = this.lastChain;
    }
  }

  private readRecent(start: number, limit: { count: number; bytes: number }): ChainedRecord[] {
    let end = start;
    let bytes = 0;
    while (end < this.recent.length && (end === start || end - start < limit.count)) {
      bytes += (this.recent[end] as ChainedRecord).bytes.length;
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
    if (seq === this.confirmedSeq) return this.confirmedChain;
    // The first number that can be read again behind a hole, or behind what was deleted, says what came before it.
    const before = this.segments.find((segment) => segment.firstSeq === seq + 1)?.prevChain;
    if (before) return before;
    const [record] = await this.read(seq, { count: 1, bytes: 0 });
    return record?.seq === seq ? record.chain : undefined;
  }

  /**
   * Takes the record's word that it holds this epoch up to `seq` with this chain. One after the other, in the order of the calls.
   * advanced, known: as said · back: the record holds less than it did (restored, failed over), so it will be sent again
   * · disagrees: our own chain is another, or ends before; nothing changed.
   */
  confirm(seq: number, chain: Buffer, nowMs: number): Promise<Confirmed> {
    const confirmed = this.confirming.then(() => this.takeMark(seq, chain, nowMs));
    this.confirming = confirmed.catch(() => undefined);
    return confirmed;
  }

  private async takeMark(seq: number, chain: Buffer, nowMs: number): Promise<Confirmed> {
    if (this.isMoved || (seq === this.confirmedSeq && chain.equals(this.confirmedChain))) return 'known';
    // Of an ended run the disk may have lost what the record still has; then there is nothing left to send.
    const isBeyond = seq > this.lastSeq;
    if (isBeyond && this.state === 'open') return 'disagrees';
    const own = await this.chainAt(seq);
    if (own && !own.equals(chain)) return 'disagrees';
    const before = this.confirmedSeq;
    this.confirmedSeq = Math.min(seq, this.lastSeq);
    this.confirmedChain = isBeyond ? this.lastChain : chain;
    if (this.confirmedSeq < before) {
      // As if it had just become durable: that the record lost it is no reason to refuse commands at once.
      this.waitAgain(() => nowMs);
      return 'back';
    }
    this.waitNoMore();
    return this.confirmedSeq === before ? 'known' : 'advanced';
  }

  /**
   * What an earlier run noted of the last mark. Not taken where our own chain is another: what a note names wrongly must not
   * let segments go. The record's next mark is compared as ever.
   */
  async restoreMark(mark: { seq: number; chain: Buffer; movedSeq: number; isMoved: boolean }): Promise<void> {
    this.movedSeq = mark.movedSeq;
    this.isMoved = mark.isMoved;
    if (mark.seq > this.lastSeq) return;
    const own = await this.chainAt(mark.seq);
    const oldest = this.describe().firstSeq;
    if (own ? !own.equals(mark.chain) : mark.seq >= oldest) return;
    this.confirmedSeq = mark.seq;
    this.confirmedChain = mark.chain;
    this.waitNoMore();
  }
}

/** Last number of a segment that can be read. */
function readableTo(segment: Segment): number {
  return segment.rottenFrom === undefined ? segment.lastSeq : Math.min(segment.lastSeq, segment.rottenFrom - 1);
}

function sizeInMemory(record: ChainedRecord): number {
  return record.bytes.length + RECENT_OVERHEAD_BYTES;
}
