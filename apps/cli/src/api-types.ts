// The answers of the audit-log API, as far as the command line shows them. The API's own documentation (/docs) has the whole.

export interface SessionView {
  id: string;
  node: string | null;
  state: 'open' | 'closed' | 'denied' | 'abandoned';
  identityId: string | null;
  identityKind: string | null;
  onBehalfOf: string | null;
  /** False: only claimed. */
  identityVerified: boolean | null;
  connection: string | null;
  connectionType: string | null;
  openedAt: string;
  closedAt: string | null;
  outcome: string | null;
  reason: string | null;
  commands: number;
  failed: number;
  approvalRequired: boolean;
  approvalState: string;
  client: { application?: string } | null;
  context: string[];
}

export interface SessionPage {
  sessions: SessionView[];
  next: string | null;
  horizon: string;
}

/** The recorded event itself: its envelope. */
export interface EventBody {
  id: string;
  type: string;
  time: string;
  node: string;
  epoch: string;
  session?: string;
  identity?: { id: string };
  connection?: { name: string };
  data: Record<string, unknown>;
}

export interface RecordedEventView {
  position: string;
  recordedAt: string;
  class: string;
  event?: EventBody;
  /** In place of `event`: bytes that could not be taken apart. */
  quarantined?: string;
}

export interface EventPage {
  events: RecordedEventView[];
  next: string;
  more: boolean;
  head: string;
}

export interface HoldView {
  id: string;
  matter: string;
  reason: string;
  selection: Record<string, string | string[]>;
  placedBy: string;
  placedAt: string;
  releasedBy: string | null;
  releasedAt: string | null;
  releaseReason: string | null;
}

export interface RetentionView {
  /** `keepDays` null: for ever. */
  classes: { name: string; keepDays: number | null; requirements: string[] }[];
  changes: {
    id: string;
    class: string;
    keepDays: number | null;
    requirements: string[];
    reason: string;
    proposedBy: string;
    proposedAt: string;
  }[];
  purges: { class: string; from: string; to: string; count: string; at: string }[];
}

export interface RetentionPlanView {
  at: string;
  partitions: {
    name: string;
    class: string;
    fromAt: string;
    toAt: string;
    verdict: 'purge' | 'held' | 'waits' | 'kept';
    dueAt: string | null;
    because: string;
    events: string | null;
  }[];
}

export interface RetentionRunView {
  id: string;
  plannedAt: string;
  planned: string[];
  by: string;
  finishedAt: string | null;
  report: Record<string, string> | null;
}

export interface SessionAnswer {
  session: SessionView;
  holds: HoldView[];
  events: RecordedEventView[];
  next: string;
  more: boolean;
}

export interface ProducerView {
  node: string;
  epoch: string;
  state: string;
  seq: number;
  previous: string | null;
  openedAt: string;
  updatedAt: string;
  last: { position: string; recordedAt: string; lagMs: number | null } | null;
}

export interface StatusView {
  log: string;
  head: { size: string; recordedAt: string | null };
  recorder: { active: boolean; leaseUntil: string | null };
  sessions: { horizon: string; behind: string; open: number };
  outbox: { waiting: number; oldestAt: string | null };
  quarantined: number;
  foreignEntries: number;
  destinations: DestinationView[];
}

export interface DestinationView {
  destination: string;
  /** delivering, failing or paused. */
  state: string;
  /** Of the last answer, where it was a failure. */
  reason: string | null;
  since: string;
  lanes: { lane: string; position: string; behind: string }[];
  /** Unsettled batches by state. */
  batches: Record<string, number>;
  oldestUndeliveredAt: string | null;
  deadLetters: number;
}

export interface PurgeView {
  class: string;
  from: string;
  to: string;
  count: number;
}

export interface ReplayView {
  id: string;
  destination: string;
  state: 'planning' | 'planned' | 'running' | 'paused' | 'finished' | 'cancelled' | 'failed';
  reason: string | null;
  asked: Record<string, string>;
  missingOnly: boolean;
  from: string;
  to: string;
  plannedTo: string;
  count: number;
  bytes: number;
  late: number;
  observed: number;
  createdBy: string;
  createdAt: string;
  startedAt: string | null;
  report: ReplayReportView | null;
}

export interface ReplayReportView {
  planned: number;
  sent: number;
  late: number;
  dead: number;
  purged: number;
  missing: number;
  unsent: number;
  possibleDuplicates: number;
  isEqual: boolean;
  blocks: number;
  differing: number;
  differences: { from: string; to: string }[];
}

export interface WholeReplayView extends ReplayView {
  progress: { sent: number; open: number; dead: number };
  stale: string[];
  purges: PurgeView[];
  hindrance: string | null;
}

export interface PlanBlockView {
  from: string;
  to: string;
  count: number;
  bytes: number;
  late: number;
  observed: number;
  digest: string;
  outcome: { sent: number; isEqual: boolean } | null;
}

export interface AttemptView {
  attempt: number;
  at: string;
  elapsedMs: number;
  kind: string;
  status?: number;
  reason?: string;
}

export interface DeadLetterView {
  destination: string;
  position: string;
  event: string;
  state: 'open' | 'retried' | 'discarded';
  reason: string;
  batchState: string;
  firstAt: string;
  lastAt: string;
  decidedBy: string | null;
  decidedReason: string | null;
}

export interface WholeDeadLetterView extends DeadLetterView {
  body: string;
  attempts: AttemptView[];
}

export interface LaneView {
  lane: string;
  position: string;
  behind: string;
  oldestUndeliveredAt: string | null;
  due: number;
  sending: number;
  paused: number;
  doubt: number;
  eventsPerSecond: number;
  next: { batch: string; attempt: number; dueAt: string; why: string | null } | null;
}

export interface DeliveryView {
  destinations: {
    destination: string;
    kind: string;
    state: string;
    reason: string | null;
    since: string;
    isHeld: boolean;
    opensAt: string | null;
    deadLetters: number;
    lanes: LaneView[];
  }[];
}

export interface BatchView {
  id: string;
  destination: string;
  lane: string;
  plan: string | null;
  from: string;
  to: string;
  count: number;
  state: string;
  attempt: number;
  uncertain: number;
  dueAt: string;
  settledAt: string | null;
  answer: { kind: string; status?: number; reason?: string } | null;
  attempts: AttemptView[];
}

export interface ReconciliationView {
  id: string;
  destination: string;
  from: string;
  to: string;
  next: string;
  sendsMissing: boolean;
  state: 'waiting' | 'running' | 'finished';
  waitsFor: string | null;
  batches: string;
  checked: string;
  compared: string;
  missing: string;
  resent: string;
  duplicated: string;
  truncated: string;
  altered: string;
  createdBy: string;
  createdAt: string;
  finishedAt: string | null;
}

export interface FindingView {
  batch: string;
  kind: string;
  cause: string;
  detail: string;
  count: number;
  positions: string[];
  resentIn: string | null;
}

export interface ReconciliationResult {
  reconciliation: ReconciliationView;
  findings: FindingView[];
}

export interface ReceiptBatchView {
  batch: string;
  parent: string | null;
  lane: string;
  plan: string | null;
  state: string;
  count: number;
  isResend: boolean;
  cutAt: string;
  attempts: { attempt: number; at: string; kind: string; status?: number; reason?: string; elapsedMs?: number }[];
  settledAt: string | null;
  observedAt: string | null;
  lookedAt: string | null;
  seen: number | null;
}

export interface ReceiptView {
  event: string;
  node: string;
  epoch: string;
  seq: number;
  recorded: { position: string; at: string; run: { first: string; last: string } };
  type: string | null;
  occurredAt: string | null;
  destinations: {
    destination: string;
    state: string;
    batches: ReceiptBatchView[];
    logs: { logId: string; batch: string; attempt: number; observedAt: string }[];
    deadLetter: { reason: string; state: string; at: string } | null;
  }[];
}

export interface ExportView {
  id: string;
  kind: string;
  format: string;
  selection: Record<string, string | string[]>;
  state: 'waiting' | 'running' | 'finished' | 'failed' | 'deleted' | 'expired';
  from: string;
  to: string;
  next: string;
  count: number;
  bytes: number;
  requestedBy: string;
  createdAt: string;
  finishedAt: string | null;
  keepUntil: string | null;
  error: { code: string; message: string; remedy: string } | null;
  file: { name: string; bytes: number; sha256: string } | null;
  manifestSha256: string | null;
}

export interface WholeExportView extends ExportView {
  links: { events: string | null; manifest: string; expireAt: string } | null;
}
