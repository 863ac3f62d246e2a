import {
  type CanonicalValue,
  canonicalBytes,
  decodeEvent,
  describeError,
  type Epoch,
  type EventData,
  type EventDraft,
  encodeEvent,
  eventIdOf,
  instantOfMicros,
  type NodeName,
  RECORD_NODE,
  SYSTEM_CLASS,
  stampEvent,
} from '#events';
import { encodeLeaf, eventHash, GENESIS_CHAIN, leafHash, nextChain, type Tile, type TreeEdge } from '#ledger';
import { type EpochMark, epochKey, type ProducerEnd } from './epochs.js';
import { RecordError } from './errors.js';
import { encodeEdge } from './merkle-tree.js';
import { OUTBOX_TYPES } from './outbox.js';
import { effectiveClass, type RetentionClasses } from './partitions.js';
import type { EpochAdvance, Fork, NewEvent, RecordBatch } from './record-batch.js';
import { derivedColumns, type EventRow } from './recorded-row.js';
import type { GoneNumbers } from './tenure.js';

/** A person's declaration as the recorder took it from its table. */
export interface DeclaredLoss {
  node: NodeName;
  epoch: Epoch;
  to: number;
  by: string;
  reason: string | null;
}

/** The end of node `record`'s epoch, to be signed as a frame that holds its last event alone. */
export interface OwnHead {
  log: string;
  node: NodeName;
  epoch: Epoch;
  /** Chain before the last event. */
  prevChain: Buffer;
  last: { seq: number; chain: Buffer; bytes: Buffer };
}

/** Everything that decides what a transaction writes. No clock, no database: the same input gives the same plan. */
export interface PlanInput {
  log: string;
  size: bigint;
  /** Right edge of the tree over all that is recorded; undefined while the tree is behind. It is not changed. */
  edge: TreeEdge | undefined;
  recordedAtUs: bigint;
  classes: RetentionClasses;
  /** Marks as the record holds them. */
  markOf(node: NodeName, epoch: Epoch): EpochMark;
  awaitedEnds: readonly ProducerEnd[];
  /** This tenure's own epoch; nothing of it is recorded yet where its mark is 0. */
  ownEpoch: Epoch;
  /** What `producer.started` of this tenure says. */
  version: string;
  /** Own epochs of earlier tenures that are still open, the last of all, and what Postgres lost of one. */
  earlier: { open: EpochMark[]; last: EpochMark | undefined; gone: GoneNumbers | undefined };
  batch: RecordBatch;
  /** Bodies as they stood in the outbox. */
  outbox: readonly unknown[];
  losses: readonly DeclaredLoss[];
  signHead(head: OwnHead): Buffer;
  /** Last words of this tenure, where it ends. */
  stopReason?: string;
}

export interface RunRow {
  firstPosition: bigint;
  lastPosition: bigint;
  node: NodeName;
  epoch: Epoch;
  firstSeq: number;
  leafData: Buffer;
  /** Header, chain and signature of the frame that held its last event. */
  head: Buffer;
  /** Chain of the epoch before its first event. */
  chainBefore: Buffer;
}

/** A row of `producer_epoch` as it shall be. */
export interface MarkRow extends EpochMark {
  /** Null keeps the one that is there. */
  headSignature: Buffer | null;
  /** `<epoch>.<seq>`; null keeps what is there. */
  previous: string | null;
}

export interface Plan {
  rows: EventRow[];
  runs: RunRow[];
  marks: MarkRow[];
  quarantined: { position: bigint; reason: string }[];
  /** Tiles that became full. */
  tiles: Tile[];
  /** Size of the log afterwards, the tree's edge, and what is kept of it in the head. */
  size: bigint;
  edge: TreeEdge | undefined;
  rootEdge: Buffer | undefined;
  awaitedEnds: ProducerEnd[];
  /** Epochs whose mark a person's declaration moved: what was read ahead of them no longer fits. */
  declared: EpochMark[];
}

/**
 * Decides the whole of one recording transaction.
 * @throws RECORD_OUT_OF_ORDER where an advance does not follow the mark: the caller's marks are stale, nothing may be written
 */
export function planRecording(input: PlanInput): Plan {
  return new Planner(input).plan();
}

class Planner {
  private readonly rows: EventRow[] = [];
  private readonly runs: RunRow[] = [];
  private readonly marks = new Map<string, MarkRow>();
  private readonly quarantined: Plan['quarantined'] = [];
  private readonly declared: EpochMark[] = [];
  private readonly tiles: Tile[] = [];
  private readonly edge: TreeEdge | undefined;
  private awaitedEnds: ProducerEnd[];
  private position: bigint;

  constructor(private readonly input: PlanInput) {
    this.position = input.size;
    this.edge = input.edge?.clone();
    this.awaitedEnds = [...input.awaitedEnds];
  }

  plan(): Plan {
    const drafts: EventDraft[] = [];
    for (const advance of this.input.batch.advances) drafts.push(...this.advance(advance));
    for (const fork of this.input.batch.forks) drafts.push(...this.fork(fork));
    for (const loss of this.input.losses) drafts.push(...this.lose(loss));
    this.recordOwn(drafts);
    this.closeReachedEnds();
    return {
      rows: this.rows,
      runs: this.runs,
      marks: [...this.marks.values()],
      quarantined: this.quarantined,
      tiles: this.tiles,
      size: this.position,
      edge: this.edge,
      rootEdge: this.edge && encodeEdge(this.edge),
      awaitedEnds: this.awaitedEnds,
      declared: this.declared,
    };
  }

  private advance(advance: EpochAdvance): EventDraft[] {
    const mark = this.markOf(advance.node, advance.epoch);
    const first = advance.events[0];
    const last = advance.events.at(-1);
    if (!first || !last) return [];
    const drafts: EventDraft[] = [];
    if (mark.state === 'forked') throw outOfOrder(advance, mark, first.seq);
    if (advance.gap && first.seq > mark.seq + 1) {
      drafts.push(this.lost(advance, { from: mark.seq + 1, to: first.seq - 1, by: 'producer' }));
    } else if (first.seq !== mark.seq + 1 || (mark.state !== 'lost' && !advance.prevChain.equals(mark.chain))) {
      throw outOfOrder(advance, mark, first.seq);
    }
    this.recordRun(advance.node, advance.epoch, advance.prevChain, advance.events, advance.headSignature);
    mark.seq = last.seq;
    mark.chain = last.chain;
    mark.headSignature = advance.headSignature;
    if (mark.state === 'lost') mark.state = 'open';
    for (const { event } of advance.events) {
      if (event?.type === 'producer.stopped') mark.state = 'closed';
      if (event?.type === 'producer.started' && event.data.previous) this.awaitEnd(mark, event.data.previous);
    }
    return drafts;
  }

  private awaitEnd(mark: MarkRow, end: { epoch: string; seq: number }): void {
    const epoch = end.epoch as Epoch;
    mark.previous = eventIdOf(epoch, end.seq);
    this.awaitedEnds.push({ node: mark.node, epoch, seq: end.seq });
  }

  /** A run that crashed never says that it stopped; its successor says how far it came, and there it is closed. */
  private closeReachedEnds(): void {
    this.awaitedEnds = this.awaitedEnds.filter((end) => {
      const { state, seq } = this.marks.get(epochKey(end.node, end.epoch)) ?? this.input.markOf(end.node, end.epoch);
      if (state === 'closed' || state === 'forked') return false;
      if (seq < end.seq) return true;
      if (state === 'open' && seq > 0) this.markOf(end.node, end.epoch).state = 'closed';
      return false;
    });
  }

  private fork(fork: Fork): EventDraft[] {
    const mark = this.markOf(fork.node, fork.epoch);
    if (mark.state === 'forked') return [];
    mark.state = 'forked';
    return [
      this.own('producer.forked', {
        node: fork.node,
        epoch: fork.epoch,
        seq: fork.seq,
        recordedChain: fork.recordedChain.toString('hex'),
        foundChain: fork.foundChain.toString('hex'),
      }),
    ];
  }

  private lose(loss: DeclaredLoss): EventDraft[] {
    const mark = this.markOf(loss.node, loss.epoch);
    // The epoch may have moved since the person looked: then nothing, or less, is lost.
    if (loss.to <= mark.seq || mark.state === 'closed' || mark.state === 'forked') return [];
    const from = mark.seq + 1;
    mark.seq = loss.to;
    mark.chain = GENESIS_CHAIN;
    mark.state = 'lost';
    this.declared.push(mark);
    return [this.lost(loss, { from, to: loss.to, by: 'person' }, `${loss.by}: ${loss.reason ?? 'no reason given'}`)];
  }

  private lost(
    of: { node: NodeName; epoch: Epoch },
    range: Pick<EventData<'producer.lost'>, 'from' | 'to' | 'by'>,
    reason?: string,
  ): EventDraft {
    return this.own('producer.lost', {
      node: of.node,
      epoch: of.epoch,
      ...range,
      ...(reason === undefined ? {} : { reason: reason.slice(0, 1024) }),
    });
  }

  private own<T extends 'producer.started' | 'producer.stopped' | 'producer.forked' | 'producer.lost'>(
    type: T,
    data: EventData<T>,
  ): EventDraft {
    return { type, time: instantOfMicros(this.input.recordedAtUs), class: SYSTEM_CLASS, data } as EventDraft;
  }

  private recordOwn(drafts: EventDraft[]): void {
    const { input } = this;
    const mark = this.markOf(RECORD_NODE, input.ownEpoch);
    const own = [...drafts];
    if (mark.seq === 0) own.unshift(this.startOwn(mark), ...this.loseOwn());
    const lastWords =
      input.stopReason === undefined ? [] : [this.own('producer.stopped', { reason: input.stopReason })];
    const makers = [
      ...own.map((draft) => (seq: number) => ownEvent(draft, input.ownEpoch, seq)),
      ...input.outbox.map((body) => (seq: number) => outboxEvent(body, input.ownEpoch, seq)),
      ...lastWords.map((draft) => (seq: number) => ownEvent(draft, input.ownEpoch, seq)),
    ];
    if (makers.length === 0) return;
    const prevChain = mark.chain;
    const events = makers.map((make): NewEvent => {
      const made = make(mark.seq + 1);
      mark.seq += 1;
      mark.chain = nextChain(mark.chain, eventHash(made.bytes));
      return { ...made, seq: mark.seq, chain: mark.chain };
    });
    const head = input.signHead({
      log: input.log,
      node: RECORD_NODE,
      epoch: input.ownEpoch,
      prevChain: events.at(-2)?.chain ?? prevChain,
      last: events.at(-1)!,
    });
    this.recordRun(RECORD_NODE, input.ownEpoch, prevChain, events, head);
    mark.headSignature = head;
    if (input.stopReason !== undefined) mark.state = 'closed';
  }

  /** Own events have no spool that could bring them back. */
  private loseOwn(): EventDraft[] {
    const { gone } = this.input.earlier;
    if (!gone) return [];
    const { epoch, from, to } = gone;
    return [
      this.lost(
        { node: RECORD_NODE, epoch },
        { from, to, by: 'producer' },
        'Postgres came back without them: a restore or a failover',
      ),
    ];
  }

  private startOwn(mark: MarkRow): EventDraft {
    const { open, last } = this.input.earlier;
    for (const earlier of open) this.markOf(earlier.node, earlier.epoch).state = 'closed';
    if (last) mark.previous = eventIdOf(last.epoch, last.seq);
    return this.own('producer.started', {
      version: this.input.version,
      ...(last ? { previous: { epoch: last.epoch, seq: last.seq, chain: last.chain.toString('hex') } } : {}),
    });
  }

  private recordRun(node: NodeName, epoch: Epoch, prevChain: Buffer, events: readonly NewEvent[], head: Buffer): void {
    const { recordedAtUs, classes } = this.input;
    const firstPosition = this.position;
    const firstSeq = events[0]!.seq;
    const leaves: Buffer[] = [];
    let chain = prevChain;
    for (const [index, { seq, bytes, event, reason, chain: claimed }] of events.entries()) {
      const hash = eventHash(bytes);
      chain = nextChain(chain, hash);
      if (seq !== firstSeq + index || !chain.equals(claimed)) throw brokenChain(node, epoch, seq);
      const retention = effectiveClass(event, classes);
      const leaf = encodeLeaf({ recordedAtUs, class: retention, epoch, seq, eventHash: hash });
      leaves.push(leaf);
      this.edge?.append(leafHash(leaf), this.tiles);
      this.rows.push({
        class: retention,
        recordedAtUs,
        position: this.position,
        node,
        epoch,
        seq,
        ...derivedColumns(event),
        body: bytes,
      });
      if (!event) this.quarantined.push({ position: this.position, reason: reason ?? 'not an event' });
      this.position += 1n;
    }
    const leafData = Buffer.concat(leaves);
    const lastPosition = this.position - 1n;
    this.runs.push({ firstPosition, lastPosition, node, epoch, firstSeq, leafData, head, chainBefore: prevChain });
  }

  private markOf(node: NodeName, epoch: Epoch): MarkRow {
    const key = epochKey(node, epoch);
    let mark = this.marks.get(key);
    if (!mark) {
      mark = { ...this.input.markOf(node, epoch), headSignature: null, previous: null };
      this.marks.set(key, mark);
    }
    return mark;
  }
}

type Made = Pick<NewEvent, 'bytes' | 'event' | 'reason'>;

function ownEvent(draft: EventDraft, epoch: Epoch, seq: number): Made {
  const event = stampEvent(draft, RECORD_NODE, epoch, seq);
  return { bytes: encodeEvent(event), event };
}

/** What the outbox should never have held is kept as it is, in quarantine: it must not block what stands behind it. */
function outboxEvent(body: unknown, epoch: Epoch, seq: number): Made {
  try {
    const draft = body as EventDraft;
    if (!OUTBOX_TYPES.has(draft.type)) throw new Error(`${draft.type} may not come through the outbox`);
    const bytes = encodeEvent(stampEvent(draft, RECORD_NODE, epoch, seq));
    return { bytes, event: decodeEvent(bytes) };
  } catch (error) {
    return { bytes: quarantinedBody(body, epoch, seq), event: undefined, reason: describeError(error).slice(0, 500) };
  }
}

function quarantinedBody(body: unknown, epoch: Epoch, seq: number): Buffer {
  return canonicalBytes({ id: eventIdOf(epoch, seq), outbox: JSON.stringify(body).toWellFormed() } as CanonicalValue);
}

function outOfOrder(advance: EpochAdvance, mark: EpochMark, found: number): RecordError {
  return new RecordError({
    code: 'RECORD_OUT_OF_ORDER',
    message: `epoch ${advance.epoch} of node ${advance.node} is ${mark.state} at ${mark.seq}; events from ${found} do not follow it`,
    remedy: 'Read the marks again and begin behind them; the recorder does so by itself.',
    retry: 'now',
  });
}

function brokenChain(node: NodeName, epoch: Epoch, seq: number): RecordError {
  return new RecordError({
    code: 'RECORD_CHAIN_BROKEN',
    message: `event ${seq} of epoch ${epoch} of node ${node} does not carry the chain of the events before it`,
    remedy: 'Nothing was written. Frames are verified before they come here: report this as a fault of the recorder.',
    retry: 'never',
  });
}
