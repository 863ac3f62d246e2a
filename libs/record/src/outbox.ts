import {
  decodeEvent,
  type Epoch,
  type EventDraft,
  type EventType,
  encodeEvent,
  RECORD_NODE,
  stampEvent,
} from '#events';
import { OUTBOX_CHANNEL } from './commit-listener.js';
import { RecordError } from './errors.js';
import type { Queryable } from './pool.js';

/**
 * What may come through the outbox: acts on the record itself. Never `session.opened`, `command.*` or what a producer says of
 * itself: those are sworn by a gateway's own key.
 */
export const OUTBOX_TYPES: ReadonlySet<EventType> = new Set<EventType>([
  'session.abandoned',
  'approval.requested',
  'approval.granted',
  'approval.rejected',
  'approval.expired',
  'approval.bypassed',
  'record.read',
  'record.answered',
  'record.exported',
  'record.verified',
  'record.differs',
  'export.deleted',
  'replay.planned',
  'replay.started',
  'replay.paused',
  'replay.resumed',
  'replay.cancelled',
  'replay.finished',
  'backfill.planned',
  'backfill.started',
  'backfill.paused',
  'backfill.resumed',
  'backfill.finished',
  'catchup.finished',
  'deadletter.opened',
  'deadletter.retried',
  'deadletter.discarded',
  'reconciliation.requested',
  'reconciliation.finished',
  'hold.placed',
  'hold.released',
  'retention.proposed',
  'retention.withdrawn',
  'retention.changed',
  'retention.planned',
  'retention.purged',
  'checkpoint.signed',
  'checkpoint.rekeyed',
  'checkpoint.contradicted',
  'producer.foreign',
  'key.created',
  'key.rotated',
  'key.revoked',
  'access.refused',
  'enrolment.created',
  'loss.declared',
  'node.enrolled',
  'log.restored',
]);

/**
 * Puts an event into the outbox, in the caller's transaction: it is recorded if and only if that commits, by node `record`,
 * usually within milliseconds. Order is that of commits, roughly; never rely on it across transactions.
 * @throws RECORD_OUTBOX_TYPE for a type that only a gateway may swear
 * @throws EVENT_INVALID, EVENT_NOT_CANONICAL for a draft that is no event
 */
export async function enqueueOutbox(db: Queryable, draft: EventDraft): Promise<void> {
  if (!OUTBOX_TYPES.has(draft.type)) {
    throw new RecordError({
      code: 'RECORD_OUTBOX_TYPE',
      message: `${draft.type} may not come through the outbox`,
      remedy: 'Only acts on the record itself do; what happens in a session is sworn by its gateway.',
      retry: 'never',
    });
  }
  // Judged here, where the act can still be refused, not in the recorder, which could only set it aside.
  decodeEvent(encodeEvent(stampEvent(draft, RECORD_NODE, '0000000000000000' as Epoch, 1)));
  await db.query(`WITH added AS (INSERT INTO outbox (body) VALUES ($1)) SELECT pg_notify('${OUTBOX_CHANNEL}', '')`, [
    JSON.stringify(draft),
  ]);
}
