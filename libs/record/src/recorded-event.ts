import { type AuditEvent, encodeEvent } from '#events';
import type { RecordedEvent } from './read-events.js';
import { derivedColumns } from './recorded-row.js';

/** Where an event stands in the log, and what may differ from the event itself. */
export interface EventPlace {
  position: bigint;
  recordedAt: string;
  /** Absent: that of the event. */
  class?: string;
  duplicateOf?: bigint | null;
}

/** An event as it is read from the log, put together from itself and its place: all else is a function of its bytes. */
export function recordedEvent(event: AuditEvent, { position, recordedAt, ...place }: EventPlace): RecordedEvent {
  return {
    position,
    recordedAt,
    class: place.class ?? event.class,
    node: event.node,
    epoch: event.epoch,
    seq: event.seq,
    ...derivedColumns(event),
    type: event.type,
    duplicateOf: place.duplicateOf ?? null,
    body: encodeEvent(event),
  };
}
