import type { RecordedEvent } from '#record';
import type { Answer } from './answer.js';
import type { ReadBack } from './read-back.js';

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
  /** What it is: `datadog`, `webhook`. */
  readonly kind: string;
  /** Bounds of one batch. */
  readonly limits: DestinationLimits;
  /** How long it gives an answer, milliseconds, where that may be less than a request may take. */
  readonly timeoutMs?: number;
  /** Mappings that this process can render, the newest last. A batch is always rendered as it was cut. */
  readonly mappingVersions: readonly number[];
  /** The destination's clock, where its answers tell the time. */
  readonly clock?: { readonly skewMs: number };
  /** One event as the destination takes it. Never throws: an event that cannot be read is rendered as just that. */
  render(event: RecordedEvent, context: RenderContext): string;
  /**
   * About the bytes that {@link render} gives, rather too many than too few, where that is quickly known; undefined where it is not.
   * What turns out to be too large is split.
   */
  measure?(event: RecordedEvent): number | undefined;
  /** Whether the destination would show this event at the time of its receipt, were it sent now. Absent: it never does. */
  isLate?(event: RecordedEvent): boolean;
  /**
   * Sends rendered events in one request. Never throws.
   * @param signal ends the attempt; what was sent by then is uncertain
   */
  send(rendered: readonly string[], signal: AbortSignal): Promise<Answer>;
  /** Asks whether the destination takes anything at all, without an event: tells a bad event from a bad address. */
  check(signal: AbortSignal): Promise<Answer>;
  /** Looks what it shows of what was sent. Absent: it cannot, or no key for it is set; uncertain batches are then sent again and counted. */
  readonly readBack?: ReadBack | undefined;
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

export const LANES = ['live', 'catchup', 'replay', 'backfill'] as const;
export type Lane = (typeof LANES)[number];

/** The newest mapping: new batches are cut with it. */
export function newestMapping(destination: Pick<Destination, 'mappingVersions'>): number {
  const last = destination.mappingVersions.at(-1);
  if (last === undefined) throw new TypeError('a destination needs at least one version of its mapping');
  return last;
}
