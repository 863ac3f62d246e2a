import type { RecordedEvent } from '#record';
import type { Answer } from './answer.js';

/** What a rendered event says about its delivery. */
export interface RenderContext {
  batch: bigint;
  attempt: number;
  lane: Lane;
  mappingVersion: number;
}

/** Where events are delivered. One implementation a kind of destination; it knows the shape, the limits and the answers. */
export interface Destination {
  /** `[a-z0-9-]{1,40}`; names its rows in the ledger and its queues. */
  readonly name: string;
  /** Bounds of one batch. */
  readonly limits: DestinationLimits;
  /** Mappings that this process can render, the newest last. A batch is always rendered as it was cut. */
  readonly mappingVersions: readonly number[];
  /** Filters that this process can apply, the newest last. */
  readonly filterVersions: readonly number[];
  /** Whether an event goes to this destination at all. */
  wants(event: RecordedEvent, filterVersion: number): boolean;
  /** One event as the destination takes it. Never throws: an event that cannot be read is rendered as just that. */
  render(event: RecordedEvent, context: RenderContext): string;
  /**
   * Sends rendered events in one request. Never throws.
   * @param signal ends the attempt; what was sent by then is uncertain
   */
  send(rendered: readonly string[], signal: AbortSignal): Promise<Answer>;
  /** Asks whether the destination takes anything at all, without an event: tells a bad event from a bad address. */
  check(signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export interface DestinationLimits {
  /** Most events of a batch. */
  count: number;
  /** Bytes of rendered events at which a batch is full. */
  goalBytes: number;
  /** Bytes of a request that must never be passed. */
  maxBytes: number;
}

export type Lane = 'live' | 'catchup' | 'replay' | 'backfill';
