import { type AuditEvent, decodeEvent, describeError, type Epoch, type NodeName } from '#events';
import { type EpochMark, epochKey, type NewEvent } from '#record';
import type { BatchQueue } from './batch-queue.js';
import { type FrameRecord, judgeAgainstRecorded, judgeFrame, type Verdict, type VerifiedFrame } from './judge-frame.js';

/** What the intake needs to know of the record. */
export interface RecordedState {
  markOf(node: NodeName, epoch: Epoch): Promise<EpochMark>;
  /** Event hashes of recorded numbers, from leaf data. */
  hashesOf(epoch: Epoch, from: number, to: number): Promise<Map<number, Buffer>>;
}

/**
 * Turns verified frames into what the next transactions write. It keeps, for each epoch, the mark as it will be when all that
 * waits in the queue is recorded; after any failure of a transaction that is void: {@link reset}.
 */
export class FrameIntake {
  private readonly ahead = new Map<string, EpochMark>();

  constructor(
    private readonly record: RecordedState,
    private readonly queue: Pick<BatchQueue, 'addAdvance' | 'addFork'>,
  ) {}

  /** Takes a frame as far as it may be taken. What else has to be done (delete, refill) is the caller's, by the verdict. */
  async take(frame: VerifiedFrame): Promise<Verdict> {
    const key = epochKey(frame.node, frame.epoch);
    const mark = this.ahead.get(key) ?? (await this.record.markOf(frame.node, frame.epoch));
    let verdict = judgeFrame(frame, mark);
    if (verdict.kind === 'compare') {
      const [first, last] = [frame.records[0]!.seq, frame.records.at(-1)!.seq];
      verdict = judgeAgainstRecorded(frame, await this.record.hashesOf(frame.epoch, first, last));
    }
    if (verdict.kind === 'take') {
      const { records, prevChain, gap } = verdict;
      const events = records.map((record) => takeApart(frame, record));
      const { node, epoch, proof } = frame;
      this.queue.addAdvance({ node, epoch, prevChain, events, gap, headSignature: proof });
      const last = records.at(-1)!;
      const state = mark.state === 'lost' ? 'open' : mark.state;
      this.ahead.set(key, { node, epoch, state, seq: last.seq, chain: last.chain });
    } else if (verdict.kind === 'fork') {
      this.queue.addFork(verdict.fork);
      this.ahead.set(key, { ...mark, state: 'forked' });
    }
    return verdict;
  }

  /** Number up to which an epoch is recorded or on its way; undefined where nothing of it was taken since the last reset. */
  takenUpTo(node: NodeName, epoch: Epoch): number | undefined {
    return this.ahead.get(epochKey(node, epoch))?.seq;
  }

  /** Forgets what is on its way: it is read again from the marks. */
  reset(): void {
    this.ahead.clear();
  }
}

/** A signed, chained event that cannot be taken apart keeps its number: it goes into quarantine and blocks nothing. */
function takeApart(frame: VerifiedFrame, record: FrameRecord): NewEvent {
  const { seq, chain, bytes } = record;
  try {
    return { seq, chain, bytes, event: inItsPlace(decodeEvent(bytes), frame, seq) };
  } catch (error) {
    return { seq, chain, bytes, event: undefined, reason: describeError(error).slice(0, 500) };
  }
}

function inItsPlace(event: AuditEvent, frame: VerifiedFrame, seq: number): AuditEvent {
  if (event.node === frame.node && event.epoch === frame.epoch && event.seq === seq) return event;
  throw new Error(`it says of itself ${event.node}/${event.epoch}.${event.seq}`);
}
