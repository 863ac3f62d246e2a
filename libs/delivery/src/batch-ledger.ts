import type pg from 'pg';
import { explainAbsences, type RecordedEvent, scanEvents } from '#record';
import type { Answer } from './answer.js';
import {
  type BatchDraft,
  type ClaimedBatch,
  reopenDestination,
  type Settled,
  settleAccepted,
  settleDead,
  settleDoubt,
  settleLater,
  settleSplit,
  settleUnsent,
} from './ledger.js';
import type { RetryPolicy } from './retry.js';
import type { Selections } from './selection.js';

/** What an accepted attempt was like. */
export interface SentFacts {
  purged: number;
  late: number;
  elapsedMs: number;
}

/** An answer after which the same batch is to be sent again. */
export type LaterAnswer = Extract<Answer, { kind: 'retry' | 'refused' | 'unauthorized' | 'invalid' }>;

/** An answer that leaves open whether the events were stored. */
export type DoubtfulAnswer = Extract<Answer, { kind: 'retry' }>;

/**
 * What the delivery of a claimed batch asks of the ledger. There is one ledger, in the record; it is reached directly
 * ({@link LocalLedger}) or through the audit-log API (RemoteLedger). Every settlement names the attempt: one that comes after somebody
 * else took the batch over changes nothing.
 */
export interface BatchLedger {
  /** The events that the batch was cut from, as far as retention left them. */
  eventsOf(batch: ClaimedBatch): Promise<RecordedEvent[]>;
  /** Of a batch that holds fewer than it was cut from: positions that no purge accounts for, so that the record was damaged there. */
  missing(batch: ClaimedBatch): Promise<bigint[]>;
  accepted(batch: ClaimedBatch, answer: Answer, sent: SentFacts): Promise<Settled>;
  /** @returns the delay of the next attempt; undefined while it is paused */
  later(batch: ClaimedBatch, answer: LaterAnswer, elapsedMs: number): Promise<Settled & { delayMs?: number }>;
  /** Settles an attempt that may have been stored, at a destination that can be read back: somebody looks before it is sent again. */
  doubt(batch: ClaimedBatch, answer: DoubtfulAnswer, elapsedMs: number): Promise<Settled & { delayMs?: number }>;
  /** @returns also the ids of the parts, where they are to be woken by the caller */
  split(
    batch: ClaimedBatch,
    parts: readonly BatchDraft[],
    answer: Answer & { reason: string },
    elapsedMs: number,
  ): Promise<Settled & { parts: bigint[] }>;
  /** Gives up on a batch of one event. */
  dead(batch: ClaimedBatch, event: RecordedEvent, rendered: string, facts: DeadFacts): Promise<Settled>;
  /** Lays the attempt down unsent: it is due at once. */
  unsent(batch: ClaimedBatch): Promise<void>;
  /** The destination takes requests: what was paused or put off is due now. */
  reopened(batch: ClaimedBatch): Promise<Settled['turned']>;
}

export interface DeadFacts {
  answer: Answer & { reason: string };
  elapsedMs: number;
}

/** Bodies that are kept from the cut to the first attempt. */
const FRESH_BYTES = 16 * 1024 ** 2;
/** Beyond, they are read again: retention may have removed some meanwhile. */
const FRESH_MS = 10_000;

/** The ledger's own tables. */
export class LocalLedger implements BatchLedger {
  private readonly fresh = new Map<bigint, { events: RecordedEvent[]; bytes: number; at: number }>();
  private freshBytes = 0;

  constructor(
    private readonly pool: pg.Pool,
    private readonly selections: Selections,
    private readonly policy: RetryPolicy,
  ) {}

  /** Keeps what was cut just now, since most of it is sent at once, by this process: reading is a third of the work of a delivery. */
  remember(batch: bigint, events: RecordedEvent[]): void {
    const now = performance.now();
    // Taken by another process, or put off.
    for (const [old, { at }] of this.fresh) if (now - at > FRESH_MS) this.forget(old);
    const bytes = events.reduce((sum, event) => sum + event.body.length, 0);
    // What is there is sent first: it stays.
    if (this.freshBytes + bytes > FRESH_BYTES) return;
    this.fresh.set(batch, { events, bytes, at: now });
    this.freshBytes += bytes;
  }

  private forget(batch: bigint): RecordedEvent[] | undefined {
    const known = this.fresh.get(batch);
    if (!known) return undefined;
    this.fresh.delete(batch);
    this.freshBytes -= known.bytes;
    return performance.now() - known.at < FRESH_MS ? known.events : undefined;
  }

  async eventsOf(batch: ClaimedBatch): Promise<RecordedEvent[]> {
    const known = this.forget(batch.id);
    if (known && batch.attempt === 1) return known;
    const wants = await this.selections.of(this.pool, batch);
    const limit = Number(batch.toPos - batch.fromPos);
    const client = await this.pool.connect();
    try {
      const read = await scanEvents(client, { after: batch.fromPos - 1n, until: batch.toPos, limit });
      const only = batch.only && new Set(batch.only);
      return read.filter((event) => wants(event) && (!only || only.has(String(event.position))));
    } finally {
      client.release();
    }
  }

  async missing(batch: ClaimedBatch): Promise<bigint[]> {
    return (await explainAbsences(this.pool, batch.fromPos, batch.toPos)).missing;
  }

  accepted(batch: ClaimedBatch, answer: Answer, sent: SentFacts): Promise<Settled> {
    return settleAccepted(this.pool, batch, answer, sent);
  }

  later(batch: ClaimedBatch, answer: LaterAnswer, elapsedMs: number): Promise<Settled & { delayMs?: number }> {
    return settleLater(this.pool, batch, answer, this.policy, elapsedMs);
  }

  doubt(batch: ClaimedBatch, answer: DoubtfulAnswer, elapsedMs: number): Promise<Settled & { delayMs?: number }> {
    return settleDoubt(this.pool, batch, answer, this.policy, elapsedMs);
  }

  split(
    batch: ClaimedBatch,
    parts: readonly BatchDraft[],
    answer: Answer,
    elapsedMs: number,
  ): Promise<Settled & { parts: bigint[] }> {
    return settleSplit(this.pool, batch, parts, answer, this.policy, elapsedMs);
  }

  dead(
    batch: ClaimedBatch,
    event: RecordedEvent,
    rendered: string,
    { answer, elapsedMs }: DeadFacts,
  ): Promise<Settled> {
    return settleDead(this.pool, batch, event, rendered, answer, elapsedMs);
  }

  unsent(batch: ClaimedBatch): Promise<void> {
    return settleUnsent(this.pool, batch);
  }

  reopened(batch: ClaimedBatch): Promise<Settled['turned']> {
    return reopenDestination(this.pool, batch.destination);
  }
}
