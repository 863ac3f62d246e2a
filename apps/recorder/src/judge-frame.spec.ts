import type { Epoch, NodeName } from '#events';
import { eventHash } from '#ledger';
import type { EpochMark } from '#record';
import { sessionDraft, TestProducer } from '../../../test/support/producer.js';
import { judgeAgainstRecorded, judgeFrame, type VerifiedFrame } from './judge-frame.js';

const producer = new TestProducer('gw' as NodeName, 'aaaaaaaaaaaaaaaa' as Epoch);
for (let n = 0; n < 10; n++) producer.emit(sessionDraft(`s${n}`));
const clone = new TestProducer(producer.node, producer.epoch);
for (let n = 0; n < 10; n++) clone.emit(sessionDraft(n < 4 ? `s${n}` : `clone${n}`));

function frameOf(of: TestProducer, first: number, last: number, gap = false): VerifiedFrame {
  return {
    node: of.node,
    epoch: of.epoch,
    gap,
    prevChain: of.chainBefore(first),
    records: of.made.slice(first - 1, last),
    proof: Buffer.from('proof'),
  };
}

function markAt(seq: number, state: EpochMark['state'] = 'open', of = producer): EpochMark {
  return { node: of.node, epoch: of.epoch, state, seq, chain: seq === 0 ? Buffer.alloc(32) : of.made[seq - 1]!.chain };
}

describe('judgeFrame', () => {
  it('takes what follows the mark', () => {
    const verdict = judgeFrame(frameOf(producer, 4, 6), markAt(3));
    expect(verdict).toMatchObject({ kind: 'take', gap: false });
    expect(verdict.kind === 'take' && verdict.records.map((record) => record.seq)).toEqual([4, 5, 6]);
  });

  it('takes only the new end of a frame that overlaps the mark, and its chain begins at the mark', () => {
    const verdict = judgeFrame(frameOf(producer, 2, 6), markAt(4));
    expect(verdict).toMatchObject({ kind: 'take', prevChain: producer.made[3]!.chain });
    expect(verdict.kind === 'take' && verdict.records.map((record) => record.seq)).toEqual([5, 6]);
  });

  it('knows what ends at the mark with the same chain, and compares what ends below', () => {
    expect(judgeFrame(frameOf(producer, 2, 4), markAt(4))).toEqual({ kind: 'known' });
    expect(judgeFrame(frameOf(producer, 1, 3), markAt(4))).toEqual({ kind: 'compare' });
  });

  it('names the missing numbers', () => {
    expect(judgeFrame(frameOf(producer, 7, 8), markAt(4))).toEqual({ kind: 'missing', from: 5, to: 6 });
    expect(judgeFrame(frameOf(producer, 2, 3), markAt(0))).toEqual({ kind: 'missing', from: 1, to: 1 });
  });

  it('crosses a gap only where the producer signed one', () => {
    expect(judgeFrame(frameOf(producer, 7, 8, true), markAt(4))).toMatchObject({ kind: 'take', gap: true });
    // The mark moved on since: then it is a frame like any other.
    expect(judgeFrame(frameOf(producer, 5, 8, true), markAt(4))).toMatchObject({ kind: 'take', gap: false });
  });

  it.each([
    ['behind the mark', 5, 7],
    ['across the mark', 3, 7],
    ['up to the mark', 3, 5],
  ])('sees a fork %s', (_, first, last) => {
    const mark = first === 5 ? markAt(4 + 1, 'open', clone) : markAt(5, 'open', clone);
    const frame = first === 5 ? frameOf(producer, 6, 7) : frameOf(producer, first, last);
    expect(judgeFrame(frame, mark)).toMatchObject({
      kind: 'fork',
      fork: { seq: 5, recordedChain: clone.made[4]!.chain, foundChain: producer.made[4]!.chain },
    });
  });

  it('sees a fork below the mark by the recorded hashes, and names the first number that differs', () => {
    const recorded = new Map(clone.made.map((made) => [made.seq, eventHash(made.bytes)]));
    expect(judgeAgainstRecorded(frameOf(producer, 2, 7), recorded)).toMatchObject({
      kind: 'fork',
      fork: { seq: 5, recordedChain: clone.made[4]!.chain, foundChain: producer.made[4]!.chain },
    });
    expect(judgeAgainstRecorded(frameOf(clone, 2, 7), recorded)).toEqual({ kind: 'known' });
    recorded.delete(5);
    expect(judgeAgainstRecorded(frameOf(producer, 4, 5), recorded)).toEqual({ kind: 'known' });
  });

  it('takes nothing more of a forked epoch', () => {
    expect(judgeFrame(frameOf(producer, 5, 6), markAt(4, 'forked'))).toEqual({ kind: 'refused' });
  });

  it('goes on behind a declared hole, whatever chain stood before it', () => {
    const mark = { ...markAt(4, 'lost'), chain: Buffer.alloc(32) };
    expect(judgeFrame(frameOf(producer, 5, 6), mark)).toMatchObject({
      kind: 'take',
      prevChain: producer.made[3]!.chain,
    });
    expect(judgeFrame(frameOf(producer, 2, 6), mark)).toMatchObject({
      kind: 'take',
      prevChain: producer.made[3]!.chain,
    });
    expect(judgeFrame(frameOf(producer, 2, 4), mark)).toEqual({ kind: 'known' });
  });

  it('does not take a first frame whose chain begins nowhere', () => {
    const frame = { ...frameOf(producer, 1, 2), prevChain: Buffer.alloc(32, 1) };
    expect(judgeFrame(frame, markAt(0))).toMatchObject({ kind: 'foreign' });
  });
});
