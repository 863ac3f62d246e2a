import type { Epoch } from '#events';
import type { ChainedRecord } from '#ledger';

/** How far one run of a node came, as its spool knows. */
export interface SpooledEpoch {
  epoch: Epoch;
  /** open: the current run, more may come. */
  state: 'open' | 'closed';
  /** Oldest number that can still be read. */
  firstSeq: number;
  /** Last durable number; 0 while there is none. */
  lastSeq: number;
  /** Last number that a verified mark covers, and the chain there. */
  confirmedSeq: number;
  confirmedChain: Buffer;
}

/** What the sender needs of a spool. */
export interface SpoolReader {
  /** Oldest first. */
  epochs(): SpooledEpoch[];
  /**
   * Durable events with adjoining numbers from `fromSeq`, or from the next number that can be read; at least one if there is
   * one, whatever its size.
   */
  read(epoch: Epoch, fromSeq: number, limit: { count: number; bytes: number }): Promise<ChainedRecord[]>;
  /** Undefined where it is no longer, or not yet, known. */
  chainAt(epoch: Epoch, seq: number): Promise<Buffer | undefined>;
  /** Called after each group of events became durable; the result ends it. */
  onDurable(listener: () => void): () => void;
  /** The record holds the epoch up to here. */
  confirm(epoch: Epoch, seq: number, chain: Buffer): Promise<'advanced' | 'known' | 'back' | 'disagrees'>;
}

/** Structurally what pino offers. */
export interface StreamLogger {
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

export const SILENT: StreamLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };
