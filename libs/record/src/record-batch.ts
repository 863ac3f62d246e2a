import type { AuditEvent, Epoch, NodeName } from '#events';

/** One event of a producer, its frame verified. */
export interface NewEvent {
  seq: number;
  /** Running hash of its epoch up to and including it. */
  chain: Buffer;
  /** Canonical bytes, exactly as signed. */
  bytes: Buffer;
  /** The bytes taken apart; undefined where they are no event of this version, which puts them in quarantine. */
  event: AuditEvent | undefined;
  /** Why they are none. */
  reason?: string;
}

/** The next events of one epoch, adjoining each other and the mark. */
export interface EpochAdvance {
  node: NodeName;
  epoch: Epoch;
  /** Chain before the first of `events`. */
  prevChain: Buffer;
  events: NewEvent[];
  /** True where the producer signed that everything between the mark and the first of `events` cannot be read any more. */
  gap: boolean;
  /** Header, chain and signature of the frame that held the last of `events`: evidence of provenance. */
  headSignature: Buffer;
}

/** Two different events under one number of one epoch. */
export interface Fork {
  node: NodeName;
  epoch: Epoch;
  seq: number;
  recordedChain: Buffer;
  foundChain: Buffer;
}

/** Something in a stream that no enrolled producer signed. Kept once per digest, never given a position. */
export interface ForeignEntry {
  stream: string;
  entryId: string;
  bytes: Buffer;
  reason: string;
}

/** What one transaction of the recorder takes from the streams. */
export interface RecordBatch {
  /** In the order in which they shall stand in the log. */
  advances: EpochAdvance[];
  forks: Fork[];
  foreign: ForeignEntry[];
}

export const EMPTY_BATCH: RecordBatch = { advances: [], forks: [], foreign: [] };
