import type { Epoch, NodeName } from '#events';
import { eventHash, GENESIS_CHAIN, nextChain } from '#ledger';
import type { EpochMark, Fork } from '#record';

/** One event as a frame carries it. */
export interface FrameRecord {
  seq: number;
  chain: Buffer;
  bytes: Buffer;
}

/** A frame whose signature and chain hold, and which lies where its header says. */
export interface VerifiedFrame {
  node: NodeName;
  epoch: Epoch;
  /** The producer signs that it can no longer read anything between the mark and the first record. */
  gap: boolean;
  /** Chain before the first record. */
  prevChain: Buffer;
  /** At least one, `seq` rising by one. */
  records: FrameRecord[];
  /** Header, chain and signature. */
  proof: Buffer;
}

/**
 * take: record these (the end of the frame, or all of it) · known: the record holds all of it · compare: it lies below the mark, so its events must be
 * compared with what is recorded under their numbers · missing: numbers before it never came; the producer must send again · fork: another content
 * under a recorded number · refused: nothing of that epoch is taken any more · foreign: a first frame whose chain begins nowhere
 */
export type Verdict =
  | { kind: 'take'; prevChain: Buffer; records: FrameRecord[]; gap: boolean }
  | { kind: 'known' }
  | { kind: 'compare' }
  | { kind: 'missing'; from: number; to: number }
  | { kind: 'fork'; fork: Fork }
  | { kind: 'refused' }
  | { kind: 'foreign'; reason: string };

/** What becomes of a verified frame, given how far the record (and what is on its way into it) holds the epoch. */
export function judgeFrame(frame: VerifiedFrame, mark: EpochMark): Verdict {
  const first = frame.records[0]!.seq;
  const last = frame.records.at(-1)!.seq;
  if (mark.state === 'forked') return { kind: 'refused' };
  if (first > mark.seq + 1) {
    if (!frame.gap) return { kind: 'missing', from: mark.seq + 1, to: first - 1 };
    return { kind: 'take', prevChain: frame.prevChain, records: frame.records, gap: true };
  }
  if (last <= mark.seq) {
    if (mark.state === 'lost') return { kind: 'known' };
    // The last number is the mark's own: the chains say at once whether everything up to it is the same.
    if (last === mark.seq)
      return chainAgrees(frame, mark) ? { kind: 'known' } : { kind: 'fork', fork: forkAt(frame, mark) };
    return { kind: 'compare' };
  }
  if (mark.state !== 'lost' && !chainAgrees(frame, mark)) {
    if (mark.seq === 0) return { kind: 'foreign', reason: 'its chain does not begin with 32 zero bytes' };
    return { kind: 'fork', fork: forkAt(frame, mark) };
  }
  return {
    kind: 'take',
    prevChain: chainInFrame(frame, mark.seq),
    records: frame.records.slice(mark.seq + 1 - first),
    gap: false,
  };
}

/**
 * Compares a frame below the mark with what is recorded: numbers of which the record holds nothing (a named hole) cannot disagree.
 * @param recorded event hashes by number
 */
export function judgeAgainstRecorded(frame: VerifiedFrame, recorded: ReadonlyMap<number, Buffer>): Verdict {
  let before = frame.prevChain;
  for (const { seq, bytes, chain } of frame.records) {
    const hash = recorded.get(seq);
    if (hash && !hash.equals(eventHash(bytes))) {
      const { node, epoch } = frame;
      return { kind: 'fork', fork: { node, epoch, seq, recordedChain: nextChain(before, hash), foundChain: chain } };
    }
    before = chain;
  }
  return { kind: 'known' };
}

/** Chain of the frame's epoch up to `seq`, which the frame holds or follows. */
function chainInFrame(frame: VerifiedFrame, seq: number): Buffer {
  const index = seq - frame.records[0]!.seq;
  return index < 0 ? frame.prevChain : frame.records[index]!.chain;
}

function chainAgrees(frame: VerifiedFrame, mark: EpochMark): boolean {
  return chainInFrame(frame, mark.seq).equals(mark.seq === 0 ? GENESIS_CHAIN : mark.chain);
}

function forkAt(frame: VerifiedFrame, mark: EpochMark): Fork {
  return {
    node: frame.node,
    epoch: frame.epoch,
    seq: mark.seq,
    recordedChain: mark.chain,
    foundChain: chainInFrame(frame, mark.seq),
  };
}
