import type { AuditEvent, Epoch, NodeName } from '#events';

/** A row of `event` about to be written. */
export interface EventRow {
  class: string;
  recordedAtUs: bigint;
  position: bigint;
  node: NodeName;
  epoch: Epoch;
  seq: number;
  type: string;
  occurredAt: string | null;
  sessionId: string | null;
  identityId: string | null;
  identityKind: string | null;
  connection: string | null;
  outcome: string | null;
  body: Buffer;
}

/** Type of a row whose event cannot be taken apart or stored as it is. */
export const QUARANTINED = 'quarantined';

type DerivedColumns = Pick<
  EventRow,
  'type' | 'occurredAt' | 'sessionId' | 'identityId' | 'identityKind' | 'connection' | 'outcome'
>;

/** What the table says beside the bytes: a function of the bytes alone, which verification recomputes. */
export function derivedColumns(event: AuditEvent | undefined): DerivedColumns {
  if (!event) {
    return {
      type: QUARANTINED,
      occurredAt: null,
      sessionId: null,
      identityId: null,
      identityKind: null,
      connection: null,
      outcome: null,
    };
  }
  return {
    type: event.type,
    occurredAt: event.time,
    sessionId: event.session ?? null,
    identityId: event.identity?.id ?? null,
    identityKind: event.identity?.kind ?? null,
    connection: event.connection?.name ?? null,
    outcome: outcomeOf(event),
  };
}

function outcomeOf(event: AuditEvent): string | null {
  if (event.type === 'session.denied') return 'denied';
  if (event.type === 'session.abandoned') return 'abandoned';
  return 'outcome' in event.data && typeof event.data.outcome === 'string' ? event.data.outcome : null;
}
