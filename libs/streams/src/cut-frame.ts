import type { KeyObject } from 'node:crypto';
import type { Epoch, NodeName } from '#events';
import { type ChainedRecord, GENESIS_CHAIN, recordBytes } from '#ledger';
import { encodeFrame, frameBytes } from './frame.js';
import type { SenderLimits } from './sender-limits.js';
import type { SpoolReader } from './spool-reader.js';
import type { SealedFrame } from './stream-scripts.js';

export interface CutFrame extends SealedFrame {
  events: number;
  /** Chain of its last event. */
  chain: Buffer;
  gap: boolean;
}

/** Where a cut begins: behind this number, whose chain may be known. */
export interface CutPoint {
  afterSeq: number;
  chain: Buffer | undefined;
}

/** Cuts the frames of one node from its spool and signs them. */
export class FrameCutter {
  constructor(
    private readonly spool: SpoolReader,
    private readonly log: string,
    private readonly node: NodeName,
    private readonly privateKey: KeyObject,
    private readonly limits: SenderLimits,
  ) {}

  /**
   * The next frame of what waits; undefined where nothing can be read. Where the spool goes on only at a later number, the
   * frame signs the gap. Where the chain before its first event is not known, nothing could bind that event: then it belongs
   * to the gap, too.
   */
  async cut(epoch: Epoch, after: CutPoint): Promise<CutFrame | undefined> {
    const { frameEvents, frameBytes } = this.limits;
    let records = await this.spool.read(epoch, after.afterSeq + 1, { count: frameEvents, bytes: frameBytes });
    const first = records[0];
    if (!first) return undefined;
    let prevChain = first.seq === after.afterSeq + 1 ? known(after.chain, first.seq) : undefined;
    prevChain ??= first.seq === 1 ? GENESIS_CHAIN : known(await this.spool.chainAt(epoch, first.seq - 1), first.seq);
    if (!prevChain) {
      prevChain = first.chain;
      records = records.slice(1);
    }
    records = this.fitting(records);
    const last = records.at(-1);
    if (!last) return undefined;
    const gap = records[0]?.seq !== after.afterSeq + 1;
    const bytes = encodeFrame({
      header: { log: this.log, node: this.node, epoch, prevChain, gap },
      records,
      privateKey: this.privateKey,
    });
    return { lastSeq: last.seq, bytes, events: records.length, chain: last.chain, gap };
  }

  /** The spool counts its own way; here the frame's size decides. One event alone may be larger. */
  private fitting(records: ChainedRecord[]): ChainedRecord[] {
    let bytes = frameBytes(this.log.length + this.node.length, []);
    let count = 0;
    for (const record of records) {
      bytes += recordBytes(record);
      if (count === this.limits.frameEvents || (count > 0 && bytes > this.limits.frameBytes)) break;
      count++;
    }
    return count === records.length ? records : records.slice(0, count);
  }
}

/** Zeros stand for the beginning, and for a hole whose chain nobody knows. */
function known(chain: Buffer | undefined, before: number): Buffer | undefined {
  return before > 1 && chain?.equals(GENESIS_CHAIN) ? undefined : chain;
}
