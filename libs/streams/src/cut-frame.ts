import type { KeyObject } from 'node:crypto';
import type { NodeName } from '#events';
import { type ChainedRecord, GENESIS_CHAIN, recordBytes } from '#ledger';
import { encodeFrame, frameBytes } from './frame.js';
import type { SenderLimits } from './sender-limits.js';
import type { SentEpoch } from './sent-epoch.js';
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
   * The next frame of what waits; undefined where nothing can be read. What the spool no longer holds is skipped with a
   * signed gap, and so is the first event behind it where the chain before that is not known: nothing could bind it.
   */
  async cut(of: SentEpoch, after: CutPoint): Promise<CutFrame | undefined> {
    const from = Math.max(after.afterSeq + 1, of.firstSeq);
    let prevChain = from > after.afterSeq + 1 ? undefined : after.chain;
    if (!prevChain) prevChain = from === 1 ? GENESIS_CHAIN : await this.spool.chainAt(of.epoch, from - 1);
    let records = await this.spool.read(of.epoch, from, {
      count: this.limits.frameEvents,
      bytes: this.limits.frameBytes,
    });
    if (!prevChain) {
      prevChain = records[0]?.chain;
      records = records.slice(1);
    }
    records = this.fitting(records);
    const last = records.at(-1);
    if (!prevChain || !last) return undefined;
    const gap = records[0]?.seq !== after.afterSeq + 1;
    const bytes = encodeFrame({
      header: { log: this.log, node: this.node, epoch: of.epoch, prevChain, gap },
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
