import { z } from 'zod';
import { API_ROLES } from '#record';

// What each address answers. The documentation is made of these, and a test holds the running server to them.

const position = z
  .string()
  .regex(/^(-1|\d{1,19})$/)
  .describe('A position in the log; -1: before the first.');
const size = z.string().regex(/^\d{1,19}$/);
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
const count = z.int().nonnegative();
const horizon = position.describe('The last position that this answer takes into account.');

export const Session = z.strictObject({
  id: z.string(),
  node: z.string().nullable(),
  epoch: z.string().nullable(),
  class: z.string(),
  state: z.enum(['open', 'closed', 'denied', 'abandoned']),
  identityId: z.string().nullable(),
  identityKind: z.enum(['agent', 'human', 'service']).nullable(),
  identityName: z.string().nullable(),
  identityEmail: z.string().nullable(),
  onBehalfOf: z.string().nullable(),
  identityVerified: z.boolean().nullable().describe('False: the identity was only claimed.'),
  connection: z.string().nullable(),
  connectionType: z.string().nullable(),
  sensitivity: z.string().nullable(),
  openedAt: z.string(),
  closedAt: z.string().nullable(),
  lastActivityAt: z.string(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  commands: count,
  failed: count,
  rows: count,
  bytesIn: count,
  bytesOut: count,
  approvalRequired: z.boolean(),
  approvalState: z.enum(['none', 'requested', 'granted', 'rejected', 'expired', 'bypassed']),
  client: z.looseObject({}).nullable(),
  target: z.looseObject({}).nullable(),
  claimed: z.looseObject({}).nullable(),
  context: z.array(z.string()),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
});

const RecordedEvent = z.strictObject({
  position,
  recordedAt: instant,
  class: z.string().describe('Retention class in force.'),
  duplicateOf: position.optional(),
  event: z.looseObject({ type: z.string() }).optional().describe('The recorded event, byte for byte.'),
  quarantined: z.string().optional().describe('In place of `event`: bytes that could not be taken apart, in base64.'),
  node: z.string().optional().describe('Whose the quarantined bytes are; of an event, it says so itself.'),
  epoch: z.string().optional(),
  seq: count.optional(),
});

export const SessionListAnswer = z.strictObject({
  sessions: z.array(Session),
  next: z.string().nullable().describe('`cursor` of the next page; null at the end.'),
  horizon,
});

export const SessionAnswer = z.strictObject({
  session: Session,
  events: z.array(RecordedEvent),
  next: position.describe('`after` of the next page.'),
  more: z.boolean(),
  horizon,
});

export const EventListAnswer = z.strictObject({
  events: z.array(RecordedEvent),
  next: position.describe('`after` (or `before`) of the next page; also where to go on following the log.'),
  more: z.boolean().describe('False at the end. A page may be empty although more follows.'),
  head: size.describe('Size of the log when it was read.'),
});

export const ProducerListAnswer = z.strictObject({
  producers: z.array(
    z.strictObject({
      node: z.string(),
      epoch: z.string(),
      state: z.enum(['open', 'closed', 'forked', 'lost']),
      seq: count.describe('Recorded up to this number.'),
      previous: z.string().nullable(),
      openedAt: instant,
      updatedAt: instant,
      nodeRevokedAt: instant.nullable(),
      last: z
        .strictObject({
          position,
          recordedAt: instant,
          occurredAt: instant.nullable(),
          lagMs: z
            .int()
            .nullable()
            .describe("From happening to being recorded; wrong by as much as the producer's clock is."),
        })
        .nullable(),
    }),
  ),
});

export const DeclareLostAnswer = z.strictObject({ node: z.string(), epoch: z.string(), to: count });

export const StatusAnswer = z.strictObject({
  log: z.string(),
  generation: count,
  head: z.strictObject({ size, recordedAt: instant.nullable() }),
  recorder: z.strictObject({ active: z.boolean(), leaseUntil: instant.nullable() }),
  sessions: z.strictObject({ horizon, behind: size, open: count }),
  producers: z.strictObject({ nodes: count, open: count, forked: count, lost: count }),
  outbox: z.strictObject({ waiting: count, oldestAt: instant.nullable() }),
  quarantined: count,
  foreignEntries: count,
  destinations: z.array(
    z.strictObject({
      destination: z.string(),
      state: z.string(),
      reason: z.string().nullable(),
      since: instant,
      lanes: z.array(z.strictObject({ lane: z.string(), position: size, behind: size })),
      batches: z.record(z.string(), count).describe('Unsettled batches by state.'),
      oldestUndeliveredAt: instant.nullable(),
      deadLetters: count,
    }),
  ),
});

const Selection = z.strictObject({
  types: z.array(z.string()).optional(),
  connections: z.array(z.string()).optional(),
  identities: z.array(z.string()).optional(),
  sessions: z.array(z.string()).optional(),
});

const backfillState = z.enum(['planned', 'running', 'paused', 'finished', 'cancelled']);

export const BackfillAnswer = z.strictObject({
  id: z.string(),
  destination: z.string(),
  state: backfillState,
  asked: z.strictObject({ from: z.string().optional(), to: z.string().optional(), query: z.string().optional() }),
  filter: Selection.describe("The destination's filter when it was planned."),
  selection: Selection.describe('What the query selects beside it.'),
  mappingVersion: count,
  fromPos: position,
  toPos: position.describe('Exclusive.'),
  nextPos: position.describe('Positions below are in batches.'),
  createdBy: z.string(),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  heldUntil: instant.nullable().describe('Until when a process has it to itself.'),
  report: z.strictObject({
    sent: count.describe('Events that the destination accepted.'),
    late: count.describe('Of them, those that show at the time of their receipt.'),
    dead: count.describe('Dead letters.'),
    possibleDuplicates: count.describe('Copies beyond one that the destination may hold.'),
    purged: count.describe('Removed by retention after they were cut.'),
    open: count.describe('In batches that are not settled.'),
    cancelled: count.describe('Given up; of those under way then, the destination may have some.'),
  }),
});

export const BackfillListAnswer = z.strictObject({ backfills: z.array(BackfillAnswer) });

export const LeaseAnswer = z.strictObject({
  state: backfillState,
  batch: z
    .strictObject({
      id: size,
      range: size,
      destination: z.string(),
      lane: z.literal('backfill'),
      parent: size.nullable(),
      fromPos: position,
      toPos: position.describe('Exclusive.'),
      count,
      bytes: count,
      idsDigest: z.string().describe("SHA-256 of the events' ids, a line each; hex."),
      mappingVersion: count,
      filterVersion: count,
      attempt: count.describe('To be said with the result.'),
      uncertain: count,
      purged: count,
      failures: count,
      plan: z.string(),
      probe: z.boolean(),
    })
    .nullable(),
  waitMs: z.number(),
  why: z.string().nullable().describe('Why there is no batch now.'),
});

export const SettledAnswer = z.strictObject({
  held: z.boolean().describe('False: the lease went to another attempt, and nothing was changed.'),
  delayMs: z.number().optional().describe('Until the next attempt.'),
  turned: z.strictObject({ from: z.string(), to: z.string() }).optional().describe('How the destination turned.'),
});

export const EnrolmentAnswer = z.strictObject({
  token: z.string().describe('Shown once.'),
  node: z.string(),
  expiresAt: instant,
});

export const EnrolmentListAnswer = z.strictObject({
  enrolments: z.array(
    z.strictObject({
      node: z.string(),
      createdBy: z.string(),
      createdAt: instant,
      expiresAt: instant,
      usedAt: instant.nullable(),
    }),
  ),
});

export const LogAnswer = z.strictObject({ log: z.string(), generation: count });

export const NodeAnswer = z.strictObject({
  node: z.string(),
  log: z.string(),
  keyId: z.string(),
  markPublicKey: z.string().describe("The log's mark key: SPKI DER in base64."),
});

export const NewKeyAnswer = z.strictObject({
  key: z.string().describe('Shown once.'),
  id: z.uuid(),
  prefix: z.string(),
  role: z.enum(API_ROLES),
});

export const KeyListAnswer = z.strictObject({
  keys: z.array(
    z.strictObject({
      id: z.uuid(),
      prefix: z.string(),
      role: z.enum(API_ROLES),
      label: z.string().nullable(),
      createdBy: z.string(),
      createdAt: instant,
      expiresAt: instant.nullable(),
      revokedAt: instant.nullable(),
      lastUsedAt: instant.nullable(),
    }),
  ),
});

export const HealthAnswer = z.strictObject({ alive: z.literal(true), startedAt: z.string() });

export const ReadyAnswer = z.strictObject({
  ready: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      hop: z.string(),
      ok: z.boolean(),
      required: z.boolean(),
      since: z.string(),
      reason: z.string().optional(),
      remedy: z.string().optional(),
    }),
  ),
});

export const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  remedy: z.string(),
});
