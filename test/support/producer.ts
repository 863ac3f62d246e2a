import { randomBytes } from 'node:crypto';
import {
  type AuditEvent,
  type Epoch,
  type EventDraft,
  encodeEvent,
  instantOfMillis,
  type NodeName,
  SYSTEM_CLASS,
  stampEvent,
} from '#events';
import { eventHash, GENESIS_CHAIN, nextChain } from '#ledger';

/** What a producer made: an event in its place, as a frame would carry it. */
export interface MadeEvent {
  seq: number;
  chain: Buffer;
  bytes: Buffer;
  event: AuditEvent | undefined;
}

export function randomEpoch(): Epoch {
  return randomBytes(8).toString('hex') as Epoch;
}

export function startedDraft(previous?: { epoch: string; seq: number; chain: string }): EventDraft {
  return {
    type: 'producer.started',
    time: instantOfMillis(Date.now()),
    class: SYSTEM_CLASS,
    data: { version: 'test', ...(previous ? { previous } : {}) },
  };
}

export function stoppedDraft(): EventDraft {
  return {
    type: 'producer.stopped',
    time: instantOfMillis(Date.now()),
    class: SYSTEM_CLASS,
    data: { reason: 'test' },
  };
}

/** A small event that fills every derived column. */
export function sessionDraft(
  session: string,
  overrides: Partial<Pick<EventDraft, 'class' | 'identity'>> = {},
): EventDraft {
  return {
    type: 'command.completed',
    // Fixed, so that the same drafts give the same bytes.
    time: '2026-11-25T12:00:00.000000Z',
    class: 'standard',
    session,
    identity: { id: 'agent-1', kind: 'agent', verified: true },
    connection: { name: 'orders', type: 'postgres' },
    data: {
      command: `${session}.1`,
      outcome: 'success',
      rows: 1,
      bytesOut: 10,
      durationUs: 5,
      committed: 'yes',
    },
    ...overrides,
  };
}

/** A producer without spool or Redis: it numbers and chains what it is given. */
export class TestProducer {
  readonly made: MadeEvent[] = [];

  constructor(
    readonly node: NodeName,
    readonly epoch: Epoch = randomEpoch(),
    /** Where it begins: behind this number, in an epoch that somebody else began. */
    private readonly start: { seq: number; chain: Buffer } = { seq: 0, chain: GENESIS_CHAIN },
  ) {}

  get chain(): Buffer {
    return this.made.at(-1)?.chain ?? this.start.chain;
  }

  emit(draft: EventDraft): MadeEvent {
    const event = stampEvent(draft, this.node, this.epoch, this.nextSeq);
    return this.push(encodeEvent(event), event);
  }

  /** Bytes that are no event: signed and chained like one. */
  emitBytes(bytes: Buffer): MadeEvent {
    return this.push(bytes, undefined);
  }

  private get nextSeq(): number {
    return this.start.seq + this.made.length + 1;
  }

  /** Chain before number `seq`. */
  chainBefore(seq: number): Buffer {
    return seq === this.start.seq + 1 ? this.start.chain : this.made[seq - this.start.seq - 2]!.chain;
  }

  private push(bytes: Buffer, event: AuditEvent | undefined): MadeEvent {
    const made = { seq: this.nextSeq, chain: nextChain(this.chain, eventHash(bytes)), bytes, event };
    this.made.push(made);
    return made;
  }
}
