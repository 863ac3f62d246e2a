import { z } from 'zod';
import { ABSENCE_CAUSES, LANES } from '#delivery';
import { API_ROLES, APPROVAL_ACTS, EXPORT_FORMATS, EXPORT_KINDS } from '#record';

// What each address answers. The documentation is made of these, and a test holds the running server to them.

const position = z
  .string()
  .regex(/^(-1|\d{1,19})$/)
  .describe('A position in the log; -1: before the first.');
const size = z.string().regex(/^\d{1,19}$/);
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
const count = z.int().nonnegative();
const horizon = position.describe('The last position that this answer takes into account.');

const Limits = z.strictObject({
  from: instant.optional(),
  to: instant.optional(),
  connections: z.array(z.string()).optional(),
});

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

export const RecordedEvent = z.strictObject({
  position,
  recordedAt: instant,
  class: z.string().describe('Retention class in force.'),
  duplicateOf: position.optional(),
  event: z
    .looseObject({
      id: z.string().describe('`<epoch>.<seq>`'),
      type: z.string(),
      time: instant.describe("By the producer's clock."),
      node: z.string(),
      epoch: z.string(),
      seq: count,
      session: z.string().optional(),
      identity: z.looseObject({ id: z.string(), kind: z.string() }).optional(),
      connection: z.looseObject({ name: z.string(), type: z.string() }).optional(),
      data: z.looseObject({}),
    })
    .optional()
    .describe('The recorded event, byte for byte; docs/reference/events.md has its types.'),
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

const nextPage = z.string().nullable().describe('`cursor` of the next page; null at the end.');
const seen = {
  firstSessionAt: instant,
  lastSessionAt: instant,
  lastSession: z.string().describe('Id of the session that was opened last.'),
};

export const IdentityListAnswer = z.strictObject({
  identities: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.enum(['agent', 'human', 'service']).nullable(),
      name: z.string().nullable(),
      email: z.string().nullable(),
      onBehalfOf: z.string().nullable(),
      ...seen,
    }),
  ),
  next: nextPage,
  horizon,
});

export const ConnectionListAnswer = z.strictObject({
  connections: z.array(
    z.strictObject({ name: z.string(), type: z.string().nullable(), sensitivity: z.string().nullable(), ...seen }),
  ),
  next: nextPage,
  horizon,
});

export const TouchListAnswer = z.strictObject({
  identities: z.array(
    z.strictObject({
      identity: z.string().nullable().describe('Null: nobody was named.'),
      kind: z.enum(['agent', 'human', 'service']).nullable(),
      onBehalfOf: z.string().nullable(),
      isVerified: z.boolean().describe('False: in some of its sessions it was only claimed.'),
      sessions: count,
      denied: count.describe('Of them, those that were not let in.'),
      bypassed: count.describe('Of them, those in which an approval was gone around.'),
      commands: count,
      failed: count,
      rows: count,
      ...seen,
    }),
  ),
  horizon,
});

export const ApprovalListAnswer = z.strictObject({
  approvals: z.array(
    z.strictObject({
      position: size,
      recordedAt: instant,
      at: instant.nullable().describe("By the producer's clock."),
      state: z.enum(APPROVAL_ACTS),
      approval: z.string().nullable(),
      session: z.string().nullable(),
      identity: z.string().nullable(),
      connection: z.string().nullable(),
      command: z.string().nullable(),
      by: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  next: nextPage,
});

export const HeldSelection = z.strictObject({
  session: z.string().optional(),
  identity: z.string().optional(),
  kind: z.string().optional(),
  connection: z.string().optional(),
  types: z.array(z.string()).optional(),
  outcome: z.string().optional(),
  from: instant.optional(),
  to: instant.optional(),
});

export const HoldAnswer = z.strictObject({
  id: z.string(),
  matter: z.string(),
  reason: z.string(),
  selection: HeldSelection.describe('Events that all of it fits are kept.'),
  placedBy: z.string(),
  placedAt: instant,
  releasedBy: z.string().nullable(),
  releasedAt: instant.nullable().describe('Null while it is in force.'),
  releaseReason: z.string().nullable(),
});

export const HoldListAnswer = z.strictObject({ holds: z.array(HoldAnswer) });

export const PurgeRow = z.strictObject({ class: z.string(), from: instant, to: instant, count: size, at: instant });

export const RetentionChange = z.strictObject({
  id: size,
  class: z.string(),
  keepDays: z.number().nullable(),
  requirements: z.array(z.string()),
  reason: z.string(),
  proposedBy: z.string(),
  proposedAt: instant,
});

export const RetentionAnswer = z.strictObject({
  classes: z.array(
    z.strictObject({
      name: z.string(),
      keepDays: z.number().nullable().describe('Null: for ever.'),
      requirements: z.array(z.string()),
    }),
  ),
  changes: z.array(RetentionChange).describe('What waits for a second person.'),
  purges: z.array(PurgeRow).describe('The last hundred.'),
});

export const ChangeAnswer = z.strictObject({
  outcome: z
    .enum(['unchanged', 'changed', 'proposed'])
    .describe('proposed: it keeps less, and waits for another admin key.'),
  id: size.nullable().describe('Of the proposal.'),
});

export const PlanAnswer = z.strictObject({
  at: instant,
  partitions: z.array(
    z.strictObject({
      name: z.string(),
      class: z.string(),
      fromAt: instant,
      toAt: instant,
      verdict: z.enum(['purge', 'held', 'waits', 'kept']),
      dueAt: instant.nullable().describe('From when on policy and requirements let it go; null: never.'),
      because: z.string().describe('The rule, hold or need that decides.'),
      holds: z.array(z.string()),
      events: size.nullable().describe('Null where its time has not come.'),
    }),
  ),
});

export const RunAnswer = z.strictObject({
  id: size,
  plannedAt: instant,
  planned: z.array(z.string()).describe('Partitions to be dropped.'),
  by: z.string(),
  begunAt: instant,
  finishedAt: instant.nullable(),
  report: z.record(z.string(), z.string()).nullable().describe('What became of each partition of the plan.'),
});

export const RunListAnswer = z.strictObject({ runs: z.array(RunAnswer) });

export const SessionAnswer = z.strictObject({
  session: Session,
  holds: z.array(HoldAnswer).describe('Holds in force that keep an event of it.'),
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
  horizon: horizon.optional().describe('With `text`: the last position that was searched.'),
  purged: z
    .array(PurgeRow)
    .describe('Purges that took events recorded between those of this page: they are gone, not missing.'),
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
  search: z.strictObject({ horizon, behind: size }).describe('Text inside commands.'),
  checkpoint: z
    .strictObject({ generation: count, size, signedAt: instant })
    .nullable()
    .describe('The newest signed state of the Merkle log.'),
  treeBehind: size.describe('Events that the Merkle tree does not cover yet.'),
  verification: z
    .strictObject({ next: size, to: size, startedAt: instant, finishedAt: instant.nullable() })
    .nullable()
    .describe('The pass under way, or the last, that reads what is recorded again.'),
  differences: count.describe('What it found not to be as it was recorded.'),
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

export const Selection = z.strictObject({
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

export const MissingAnswer = z.strictObject({ positions: z.array(position) });

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

export const LogAnswer = z.strictObject({
  log: z.string(),
  generation: count,
  origin: z.string().describe('The name under which checkpoints are signed.'),
  keys: z
    .array(z.string())
    .describe('The keys that sign or signed them, newest first, as C2SP signed-note writes them.'),
});

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
      lastUsedAt: instant.nullable().describe('To the minute.'),
      rotatedAt: instant.nullable(),
      previousUntil: instant.nullable().describe('Until when the secret before the last rotation opens, too.'),
      limits: Limits.nullable(),
    }),
  ),
});

const lane = z.enum(LANES);
const batchState = z.enum(['due', 'sending', 'accepted', 'observed', 'doubt', 'split', 'dead', 'paused', 'cancelled']);
const id = z.string().regex(/^\d{1,19}$/);

export const Purge = z.strictObject({
  class: z.string(),
  from: instant,
  to: instant,
  count: count.describe('Events that it removed, also such as no plan listed.'),
  at: instant,
});

const outcome = {
  sent: count,
  late: count.describe('Of `sent`: show at their receipt time.'),
  dead: count,
  purged: count.describe('Retention removed them before they were sent.'),
  missing: count.describe('Gone from the record although no purge is recorded.'),
  unsent: count.describe('Cancelled before.'),
};

export const ReplayReport = z.strictObject({
  planned: count,
  ...outcome,
  possibleDuplicates: count.describe('Copies that the destination may hold beyond those sent.'),
  isEqual: z.boolean().describe('All of it was sent, and it is what was planned.'),
  blocks: count,
  differing: count.describe('Blocks that differ; the first hundred are listed.'),
  differences: z.array(z.strictObject({ from: size, to: size, planned: count, ...outcome })),
  purges: z.array(Purge),
});

export const ReplayAnswer = z.strictObject({
  id: z.string(),
  destination: z.string(),
  state: z.enum(['planning', 'planned', 'running', 'paused', 'finished', 'cancelled', 'failed']),
  reason: z.string().nullable(),
  asked: z.looseObject({}).describe('As it was asked for.'),
  selection: z.looseObject({}).describe('As it was understood.'),
  missingOnly: z.boolean(),
  from: size,
  to: size.describe('Exclusive.'),
  plannedTo: size.describe('Read up to here; `to` when it is planned.'),
  count,
  bytes: count.describe('As the destination gets them, before compression.'),
  late: count.describe('Would show at their receipt time, when it was planned.'),
  observed: count.describe('Of them, already seen at the destination.'),
  filterVersion: count,
  mappingVersion: count,
  createdBy: z.string(),
  createdAt: instant,
  plannedAt: instant.nullable(),
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  report: ReplayReport.nullable(),
});

export const ReplayListAnswer = z.strictObject({ replays: z.array(ReplayAnswer) });

export const WholeReplayAnswer = ReplayAnswer.extend({
  progress: z.strictObject({ sent: count, open: count, dead: count }),
  stale: z.array(z.string()).describe('How the world differs from what was planned for; while it is `planned`.'),
  purges: z.array(Purge).describe('What retention removed since it was planned, of the time that it covers.'),
  hindrance: z.string().nullable().describe('Why nothing of it moves now; null where nothing is in the way.'),
});

export const BlockListAnswer = z.strictObject({
  blocks: z.array(
    z.strictObject({
      from: size,
      to: size,
      count,
      bytes: count,
      late: count,
      observed: count,
      digest: z
        .string()
        .describe("SHA-256 over the ids of the block's events, in order of position, a line feed behind each."),
      outcome: z.strictObject({ ...outcome, possibleDuplicates: count, isEqual: z.boolean() }).nullable(),
    }),
  ),
  next: size.nullable().describe('`after` of the next page; null at the end.'),
});

export const DeadLetter = z.strictObject({
  destination: z.string(),
  position: size,
  event: z.string().describe('Its id: `<epoch>.<seq>`.'),
  state: z.enum(['open', 'retried', 'discarded']),
  reason: z.string().describe("Of the destination's last refusal."),
  batch: id,
  batchState: batchState.describe('Of that batch; `accepted`: a retry succeeded.'),
  firstAt: instant,
  lastAt: instant,
  decidedBy: z.string().nullable(),
  decidedReason: z.string().nullable(),
});

const attempts = z.array(
  z.strictObject({
    attempt: count,
    at: instant,
    elapsedMs: count,
    kind: z.string(),
    status: count.optional(),
    reason: z.string().optional(),
  }),
);

export const DeadLetterListAnswer = z.strictObject({
  deadLetters: z.array(DeadLetter),
  next: z.string().nullable().describe('`cursor` of the next page; null at the end.'),
});

export const DeadLetterAnswer = DeadLetter.extend({
  body: z.string().describe('As it was rendered when it was refused.'),
  attempts,
});

export const DeadLetterActAnswer = z.strictObject({
  destination: z.string(),
  count,
  skipped: z.array(size).describe('Positions at which no open dead letter stands.'),
});

export const DeliveryAnswer = z.strictObject({
  destinations: z.array(
    z.strictObject({
      destination: z.string(),
      kind: z.string(),
      state: z.enum(['delivering', 'failing', 'paused']),
      reason: z.string().nullable(),
      since: instant,
      isHeld: z.boolean().describe('Paused in affidavit.yaml.'),
      announcedAt: instant.describe('When a forwarder last said that it has it.'),
      opensAt: instant.nullable().describe('Nothing is sent before.'),
      deadLetters: count,
      lanes: z.array(
        z.strictObject({
          lane,
          position: size,
          behind: size,
          oldestUndeliveredAt: instant.nullable(),
          due: count,
          sending: count,
          paused: count,
          doubt: count,
          eventsPerSecond: z.number().describe('Accepted, over the last minute.'),
          next: z
            .strictObject({ batch: id, attempt: count, dueAt: instant, why: z.string().nullable() })
            .nullable()
            .describe('What is sent next, when, and the answer that made it wait.'),
        }),
      ),
    }),
  ),
});

export const BatchListAnswer = z.strictObject({
  batches: z.array(
    z.strictObject({
      id,
      destination: z.string(),
      lane,
      plan: z.string().nullable(),
      parent: id.nullable(),
      from: size,
      to: size,
      count,
      bytes: count,
      state: batchState,
      attempt: count,
      uncertain: count.describe('Attempts that may have been stored without our knowing.'),
      late: count,
      purged: count,
      mappingVersion: count,
      filterVersion: count,
      createdAt: instant,
      dueAt: instant,
      leaseUntil: instant.nullable(),
      settledAt: instant.nullable(),
      answer: z.looseObject({ kind: z.string(), status: count.optional(), reason: z.string().optional() }).nullable(),
      attempts,
    }),
  ),
  next: id
    .nullable()
    .describe('`cursor` of the next page; null at the end. A page may be empty although more follows.'),
});

export const SweepAnswer = z.strictObject({
  destinations: z.array(
    z.strictObject({
      destination: z.string(),
      due: count.describe('Batches that should be under way.'),
      later: count.describe('Wait for a time that has not come.'),
      paused: count,
    }),
  ),
});

export const ReconciliationAnswer = z.strictObject({
  id: z.string(),
  destination: z.string(),
  from: size,
  to: size.describe('Exclusive.'),
  next: size.describe('Everything before is done.'),
  sendsMissing: z.boolean(),
  state: z.enum(['waiting', 'running', 'finished']),
  waitsFor: z.string().nullable().describe('What it waits for: a free request, a key.'),
  batches: size,
  checked: size.describe('Events.'),
  compared: size.describe('Of them, those whose log was listed and compared.'),
  missing: size,
  resent: size,
  duplicated: size.describe('Copies beyond one of each event.'),
  truncated: size,
  altered: size,
  createdBy: z.string(),
  createdAt: instant,
  finishedAt: instant.nullable(),
});

export const ReconciliationListAnswer = z.strictObject({ reconciliations: z.array(ReconciliationAnswer) });

export const ReconciliationResultAnswer = z.strictObject({
  reconciliation: ReconciliationAnswer,
  findings: z.array(
    z.strictObject({
      batch: size,
      kind: z.enum(['missing', 'duplicated', 'truncated', 'altered']),
      cause: z
        .enum(['', ...ABSENCE_CAUSES])
        .describe(
          'Of an absence, as far as the destination tells; `lost`: nothing explains it; `unknown`: what might could not be read.',
        ),
      detail: z.string(),
      count,
      positions: z.array(size).describe('The first thousand.'),
      resentIn: size.nullable().describe('The batch that sends them again.'),
    }),
  ),
});

export const ReceiptAnswer = z.strictObject({
  event: z.string(),
  node: z.string(),
  epoch: z.string(),
  seq: count,
  recorded: z.strictObject({ position: size, at: instant, run: z.strictObject({ first: size, last: size }) }),
  proof: z
    .strictObject({
      leaf: z.string().describe('Leaf data in base64: what is hashed.'),
      size: size.describe('Of the tree that the checkpoint is over.'),
      path: z
        .array(z.string())
        .describe("Hashes in base64 that lead from the leaf to the root, the leaf's sibling first."),
      checkpoint: z.string().describe('A signed note, as C2SP tlog-checkpoint says.'),
    })
    .nullable()
    .describe('That the event is part of what the log signed; null until a checkpoint is over it.'),
  type: z.string().nullable().describe('Null where retention removed the event.'),
  occurredAt: instant
    .nullable()
    .describe("By the producer's clock: durable on its disk after that, and before it was recorded."),
  destinations: z.array(
    z.strictObject({
      destination: z.string(),
      state: z
        .enum(['unwanted', 'uncut', 'cancelled', 'waiting', 'sending', 'doubt', 'dead', 'accepted', 'observed'])
        .describe('The strongest that is known.'),
      batches: z.array(
        z.strictObject({
          batch: size,
          parent: size.nullable(),
          lane: z.string(),
          plan: z.string().nullable(),
          state: z.string(),
          count,
          isResend: z.boolean(),
          cutAt: instant,
          attempts: z.array(z.looseObject({ attempt: count, kind: z.string(), at: instant })),
          settledAt: instant.nullable(),
          observedAt: instant.nullable(),
          lookedAt: instant.nullable(),
          seen: count.nullable().describe('Different events of it that were there when it was last looked for.'),
        }),
      ),
      logs: z.array(z.strictObject({ logId: z.string(), batch: size, attempt: count, observedAt: instant })),
      deadLetter: z.strictObject({ reason: z.string(), state: z.string(), at: instant }).nullable(),
    }),
  ),
});

export const ExportAnswer = z.strictObject({
  id: z.string(),
  kind: z.enum(EXPORT_KINDS),
  format: z.enum(EXPORT_FORMATS),
  selection: z.strictObject({
    from: z.string().optional(),
    to: z.string().optional(),
    session: z.string().optional(),
    identity: z.string().optional(),
    connection: z.string().optional(),
    types: z.array(z.string()).optional(),
    limits: Limits.optional().describe('Of the key that asked: nothing beyond them belongs to it.'),
  }),
  state: z.enum(['waiting', 'running', 'finished', 'failed', 'deleted', 'expired']),
  from: size.describe('The first position of its range.'),
  to: size.describe('Exclusive.'),
  next: size.describe('Every position before it is done.'),
  count: count.describe('Events, so far.'),
  bytes: count,
  requestedBy: z.string(),
  createdAt: instant,
  finishedAt: instant.nullable(),
  keepUntil: instant.nullable().describe('Its file is removed then; the manifest stays.'),
  error: z
    .strictObject({ code: z.string(), message: z.string(), remedy: z.string() })
    .nullable()
    .describe('What went wrong last. Where it is `running` it is tried again.'),
  file: z
    .strictObject({ name: z.string(), bytes: count, sha256: z.string() })
    .nullable()
    .describe('Null until it is finished.'),
  manifestSha256: z.string().nullable(),
});

export const ExportListAnswer = z.strictObject({ exports: z.array(ExportAnswer) });

export const WholeExportAnswer = ExportAnswer.extend({
  links: z
    .strictObject({
      events: z.string().nullable().describe('Null where the file is gone, or lies in the folder of another node.'),
      manifest: z.string(),
      expireAt: instant,
    })
    .nullable()
    .describe('Open without a key until `expireAt`; this address gives new ones. Null until it is finished.'),
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
