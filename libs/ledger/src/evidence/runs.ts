import { isEqual } from '../proofs.js';
import { fromHex } from '../text-bytes.js';
import type { Findings } from './report.js';
import type { CheckedRun } from './run-lines.js';

// Completeness over runs in brief. Positions are gapless over all producers, numbers are gapless within each epoch, and every number's
// chain contains all before it. So within a stretch of positions that is covered without a gap, a number that is skipped is a hole in its
// epoch; two runs that adjoin by number must adjoin by chain; and the start of a producer's next run says how far the one before it came.
// What the record itself says of a hole (producer.lost) makes it a named one. It is fed run by run, from a bundle or from the record.

/** What of the log is looked at. */
export interface Stretch {
  /** Positions; `to` is exclusive. */
  from: number;
  to: number;
  /** Every position of the stretch should be covered by a run. Without it only what contradicts itself is found. */
  isWhole: boolean;
  /** The stretch goes up to the end of the log. */
  reachesEnd: boolean;
}

/** Numbers of an epoch, both ends inclusive. */
interface Numbers {
  node: string;
  epoch: string;
  from: number;
  to: number;
}

/** How far a producer's earlier run came, as its next one says. */
export interface PreviousRun {
  /** Of the event producer.started that says so. */
  position: number;
  node: string;
  epoch: string;
  seq: number;
  /** Hexadecimal. */
  chain: string;
}

interface EpochEnd {
  node: string;
  firstPosition: number;
  /** First number that was seen. */
  firstSeq: number;
  lastSeq: number;
  /** After `lastSeq`. */
  chain: Uint8Array;
  /** Its newest run lies within the stretch. */
  isWithin: boolean;
  isClosed: boolean;
}

/** Names holes, forks, cut tails and missing positions. */
export class RunChecker {
  private readonly epochs = new Map<string, EpochEnd>();
  private readonly gaps: Numbers[] = [];
  private readonly lost = new Map<string, Numbers[]>();
  private readonly previous: PreviousRun[] = [];
  private expected: number;
  private free = 0;
  private hasHeads = false;
  private headless = 0;

  constructor(
    private readonly stretch: Stretch,
    private readonly findings: Findings,
  ) {
    this.expected = stretch.from;
  }

  /** @param run in the order of positions */
  run(run: CheckedRun, where: string): void {
    for (const { code, message } of run.problems) this.findings.problem(code, message, where);
    this.checkHead(run, where);
    if (run.first < this.free) {
      this.findings.problem('run-order', `positions from ${run.first} are told twice, or not in order`, where);
    }
    this.free = Math.max(this.free, run.first + run.count);
    const isWithin = this.cover(run);
    const known = this.epochs.get(run.epoch);
    if (known) this.follow(known, run, isWithin, where);
    else this.begin(run, isWithin);
  }

  private checkHead(run: CheckedRun, where: string): void {
    if (run.isByRevokedKey) {
      const events = `events up to ${run.firstSeq + run.count - 1} of epoch ${run.epoch}`;
      this.findings.remark(
        'revoked-key',
        `${events} of node ${run.node} are signed by a key that was revoked before they were recorded`,
      );
    }
    if (run.hasHead) this.hasHeads = true;
    else if (this.hasHeads) this.findings.problem('head', 'no signature, though runs before it have theirs', where);
    else this.headless += run.count;
  }

  /** Counts the run's positions as covered. @returns whether any lies within the stretch */
  private cover({ first, count }: CheckedRun): boolean {
    const { from, to, isWhole } = this.stretch;
    const end = first + count;
    if (first >= to || end <= from) return false;
    if (isWhole && first > this.expected) this.uncovered(this.expected, first);
    this.expected = Math.max(this.expected, end);
    return true;
  }

  private uncovered(from: number, to: number): void {
    this.findings.problem('missing', `positions ${from} to ${to - 1} are in no run`, `positions ${from}–${to - 1}`);
  }

  private begin(run: CheckedRun, isWithin: boolean): void {
    const { node, epoch, firstSeq, first, count, chain } = run;
    const lastSeq = firstSeq + count - 1;
    this.epochs.set(epoch, { node, firstPosition: first, firstSeq, lastSeq, chain, isWithin, isClosed: false });
    // The log is whole from its beginning: so are its epochs.
    if (firstSeq > 1 && isWithin && this.stretch.isWhole && this.stretch.from === 0) {
      this.gaps.push({ node, epoch, from: 1, to: firstSeq - 1 });
    }
  }

  private follow(known: EpochEnd, run: CheckedRun, isWithin: boolean, where: string): void {
    const { node, epoch, firstSeq, count, chain, chainBefore } = run;
    if (node !== known.node) {
      this.findings.problem('fork', `epoch ${epoch} is one of node ${known.node} and of node ${node}`, where);
    }
    if (firstSeq <= known.lastSeq) {
      this.findings.problem(
        'fork',
        `event ${firstSeq} of epoch ${epoch} of node ${node} is there twice, or comes after later ones`,
        where,
      );
    } else if (firstSeq === known.lastSeq + 1) {
      if (!isEqual(chainBefore, known.chain)) {
        this.findings.problem(
          'chain',
          `event ${firstSeq} of epoch ${epoch} of node ${node} does not continue the chain of the one before`,
          where,
        );
      }
    } else if (this.stretch.isWhole && known.isWithin && isWithin) {
      this.gaps.push({ node, epoch, from: known.lastSeq + 1, to: firstSeq - 1 });
    }
    known.lastSeq = Math.max(known.lastSeq, firstSeq + count - 1);
    known.chain = chain;
    known.isWithin ||= isWithin;
  }

  /** The record says that numbers will never come. */
  lose(numbers: Numbers): void {
    const key = `${numbers.node}/${numbers.epoch}`;
    const known = this.lost.get(key);
    if (known) known.push(numbers);
    else this.lost.set(key, [numbers]);
  }

  /** A producer says how far its run before came. */
  start(previous: PreviousRun): void {
    this.previous.push(previous);
  }

  /** A producer says that nothing more comes in this epoch. */
  stop(epoch: string): void {
    const known = this.epochs.get(epoch);
    if (known) known.isClosed = true;
  }

  /** Call it after the last run and the last word about them. */
  finish(): void {
    const { isWhole, to, reachesEnd } = this.stretch;
    if (isWhole && this.expected < to) this.uncovered(this.expected, to);
    for (const gap of this.gaps) this.judge(gap, 'hole');
    if (isWhole) for (const previous of this.previous) this.judgeEnd(previous);
    if (this.headless > 0) {
      const what = `${this.headless} events were recorded before the log kept what producers sign: only the log swears to them`;
      this.findings.remark('unsigned', what);
    }
    if (!isWhole || !reachesEnd) return;
    for (const [epoch, { node, isClosed, lastSeq }] of this.epochs) {
      if (isClosed) continue;
      this.findings.remark(
        'open-epoch',
        `epoch ${epoch} of node ${node} is not ended: more may follow event ${lastSeq}`,
      );
    }
  }

  private judgeEnd({ position, node, epoch, seq, chain }: PreviousRun): void {
    const known = this.epochs.get(epoch);
    const { from, reachesEnd } = this.stretch;
    if (!known) {
      if (from > 0 || seq === 0) return;
      const isFirst = ![...this.epochs.values()].some((one) => one.node === node && one.firstPosition < position);
      const what = `epoch ${epoch} of node ${node}, which came up to event ${seq}`;
      if (isFirst)
        this.findings.remark('before-the-log', `before its first event here, ${what}, was written elsewhere`);
      else this.judge({ node, epoch, from: 1, to: seq }, 'cut-tail');
      return;
    }
    if (!known.isWithin) return;
    known.isClosed = true;
    if (known.lastSeq > seq) {
      const what = `node ${node} says that epoch ${epoch} came up to event ${seq}, and the log has it up to ${known.lastSeq}`;
      this.findings.remark('longer-epoch', what);
    } else if (known.lastSeq === seq) {
      const claimed = fromHex(chain);
      if (claimed && isEqual(claimed, known.chain)) return;
      const what = `epoch ${epoch} of node ${node} ends with another chain than its next run says`;
      this.findings.problem('cut-tail', what, `position ${position}`);
    } else {
      const tail = { node, epoch, from: known.lastSeq + 1, to: seq };
      if (reachesEnd) this.judge(tail, 'cut-tail');
      else this.findings.remark('tail-later', `${sentenceOf(tail)} are not here: they may stand behind this range`);
    }
  }

  /** What the record itself named of it is a remark, the rest a problem. */
  private judge(gap: Numbers, code: 'hole' | 'cut-tail'): void {
    let { from } = gap;
    const covering = (this.lost.get(`${gap.node}/${gap.epoch}`) ?? [])
      .filter((one) => one.to >= gap.from && one.from <= gap.to)
      .sort((one, other) => one.from - other.from);
    for (const one of covering) {
      if (one.from > from) this.unnamed({ ...gap, from, to: one.from - 1 }, code);
      const named = { ...gap, from: Math.max(from, one.from), to: Math.min(gap.to, one.to) };
      if (named.from <= named.to)
        this.findings.remark('named-hole', `${sentenceOf(named)} never came; the record itself says so`);
      from = Math.max(from, one.to + 1);
    }
    if (from <= gap.to) this.unnamed({ ...gap, from }, code);
  }

  private unnamed(gap: Numbers, code: 'hole' | 'cut-tail'): void {
    const what = code === 'hole' ? 'are left out' : 'are cut off its end';
    this.findings.problem(code, `${sentenceOf(gap)} ${what}`, `epoch ${gap.epoch}, events ${gap.from}–${gap.to}`);
  }
}

function sentenceOf({ node, epoch, from, to }: Numbers): string {
  return `events ${from} to ${to} of epoch ${epoch} of node ${node}`;
}
