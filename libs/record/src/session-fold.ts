import type { Approval, AuditEvent, ConnectionRef, EventData, EventType, Identity } from '#events';
import { RECORD_NODE } from '#events';

// The fold in brief. Each event of a session becomes *facts*; facts are merged; the row is read off them.
// merge() is commutative and associative, so that a row is the same in whatever order producers were heard:
// - a *claim* is a value with its precedence; of two, the one of higher precedence stays (first by kind of event, then by the
//   producer's clock, then by node and number, which no two events share);
// - counts add up, instants take the earlier or the later, lists keep their smallest members.
// An event must be folded once: the projection's cursor sees to that. Nothing in the facts depends on a position.

/** `[kind of event, time, node/id]`; the smaller stands. */
type Precedence = readonly [number, string, string];

interface Claim<T> {
  by: Precedence;
  value: T;
}

interface Claims {
  /** Where it ran. `epoch` is null where only a later run spoke of it, both where only the record did. */
  origin: { node: string | null; epoch: string | null; class: string };
  identity: Identity;
  connection: ConnectionRef;
  client: EventData<'session.opened'>['client'];
  target: EventData<'session.opened'>['target'];
  opened: { at: string };
  denied: { at: string; error: Failure; claimed: { user?: string; connection?: string } };
  closed: Pick<EventData<'session.closed'>, 'outcome' | 'reason' | 'openedAt' | 'context' | 'error' | keyof Counts> & {
    at: string;
  };
  abandoned: { openedAt?: string; reason: string };
}

interface Failure {
  code: string;
  message: string;
}

interface Counts {
  commands: number;
  failed: number;
  rows: number;
  bytesIn: number;
  bytesOut: number;
}

/** What is known of one session; plain JSON, kept beside the row. */
export interface SessionFacts {
  claims: { [K in keyof Claims]?: Claim<Claims[K]> };
  /** Counted as commands go by, for as long as the session has not said its own totals. */
  counts: Counts;
  /** The first commands, by their number in the session. */
  first: Record<string, Claim<string>>;
  approval: { required: boolean; state: Approval['state'] };
  /** By its gateway's clock; null while only others spoke of it. */
  activeFrom: string | null;
  activeTo: string | null;
  /** Earliest mention by anybody: the last resort for a place in time. */
  mentionedAt: string;
}

export type SessionState = 'open' | 'closed' | 'denied' | 'abandoned';

/** A row of the projection. Instants are RFC 3339, UTC, six digits. */
export interface SessionRow {
  id: string;
  node: string | null;
  epoch: string | null;
  class: string;
  state: SessionState;
  identityId: string | null;
  identityKind: Identity['kind'] | null;
  identityName: string | null;
  identityEmail: string | null;
  onBehalfOf: string | null;
  identityVerified: boolean | null;
  connection: string | null;
  connectionType: string | null;
  sensitivity: string | null;
  openedAt: string;
  /** Null for an abandoned session: nobody saw it end. */
  closedAt: string | null;
  lastActivityAt: string;
  outcome: string | null;
  reason: string | null;
  commands: number;
  failed: number;
  rows: number;
  bytesIn: number;
  bytesOut: number;
  approvalRequired: boolean;
  /** The weightiest that occurred; see {@link APPROVAL_WEIGHT}. */
  approvalState: Approval['state'];
  client: Claims['client'] | null;
  target: Claims['target'] | null;
  claimed: Claims['denied']['claimed'] | null;
  context: string[];
  error: Failure | null;
  facts: SessionFacts;
}

/** Types whose events say something about a session. `command.chunk` is not among them: `command.issued` says it all. */
export const SESSION_EVENT_TYPES = [
  'session.opened',
  'session.denied',
  'session.closed',
  'command.issued',
  'command.completed',
  'approval.requested',
  'approval.granted',
  'approval.rejected',
  'approval.expired',
  'approval.bypassed',
  'session.abandoned',
] as const satisfies EventType[];

type SessionEvent = AuditEvent<(typeof SESSION_EVENT_TYPES)[number]>;

/** What a reviewer must not overlook outweighs the rest: one refused or bypassed approval marks the whole session. */
const APPROVAL_WEIGHT: Record<Approval['state'], number> = {
  none: 0,
  requested: 1,
  granted: 2,
  expired: 3,
  rejected: 4,
  bypassed: 5,
};

const FIRST_COMMANDS = 5;
const CONTEXT_CHARACTERS = 200;

/**
 * What one event says of its session.
 * @param recordedClass the class in force, which may differ from the one its producer stamped
 * @returns undefined where it belongs to no session, or is of a type that says nothing of one
 */
export function sessionFactsOf(event: AuditEvent, recordedClass: string): SessionFacts | undefined {
  const rank = (SESSION_EVENT_TYPES as readonly EventType[]).indexOf(event.type);
  if (event.session === undefined || rank < 0) return undefined;
  return readFacts(event as SessionEvent, recordedClass, rank);
}

function readFacts(event: SessionEvent, recordedClass: string, rank: number): SessionFacts {
  const byRecord = event.node === RECORD_NODE;
  const ofItsRun = !byRecord && event.type !== 'session.abandoned';
  const by: Precedence = [byRecord ? SESSION_EVENT_TYPES.length : rank, event.time, `${event.node}/${event.id}`];
  const claim = <T>(value: T): Claim<T> => ({ by, value });
  const facts: SessionFacts = {
    claims: {
      origin: claim({
        node: byRecord ? null : event.node,
        epoch: ofItsRun ? event.epoch : null,
        class: recordedClass,
      }),
    },
    counts: { commands: 0, failed: 0, rows: 0, bytesIn: 0, bytesOut: 0 },
    first: {},
    approval: { required: false, state: 'none' },
    activeFrom: ofItsRun ? event.time : null,
    activeTo: ofItsRun ? event.time : null,
    mentionedAt: event.time,
  };
  const { claims } = facts;
  // What the record says comes from people: they are whoever decided, not whose session it is.
  if (!byRecord && event.identity) claims.identity = claim(event.identity);
  if (!byRecord && event.connection) claims.connection = claim(event.connection);

  switch (event.type) {
    case 'session.opened':
      claims.opened = claim({ at: event.time });
      claims.client = claim(event.data.client);
      claims.target = claim(event.data.target);
      facts.approval = approvalOf(event.data.approval);
      break;
    case 'session.denied': {
      const { error, client, claimedUser, claimedConnection } = event.data;
      claims.denied = claim({
        at: event.time,
        error,
        claimed: {
          ...(claimedUser === undefined ? {} : { user: claimedUser }),
          ...(claimedConnection === undefined ? {} : { connection: claimedConnection }),
        },
      });
      claims.client = claim(client);
      break;
    }
    case 'session.closed': {
      const { outcome, reason, openedAt, commands, failed, rows, bytesIn, bytesOut, context, error } = event.data;
      claims.closed = claim({
        at: event.time,
        ...{ outcome, reason, openedAt, commands, failed, rows, bytesIn, bytesOut, context },
        ...(error === undefined ? {} : { error }),
      });
      claims.client = claim(event.data.client);
      claims.target = claim(event.data.target);
      facts.approval = approvalOf(event.data.approval);
      break;
    }
    case 'session.abandoned': {
      const { openedAt, reason } = event.data;
      claims.abandoned = claim({ reason, ...(openedAt === undefined ? {} : { openedAt }) });
      break;
    }
    case 'command.issued': {
      const { command, kind, approval } = event.data;
      facts.approval = approvalOf(approval);
      // A cancel request asks nothing of the target.
      if (kind === 'cancel') break;
      facts.counts.commands = 1;
      facts.first[numberOf(command)] = claim(contextOf(event.data));
      break;
    }
    case 'command.completed': {
      const { outcome, rows, bytesIn, bytesOut } = event.data;
      facts.counts.failed = outcome === 'failure' || outcome === 'denied' ? 1 : 0;
      facts.counts.rows = rows;
      facts.counts.bytesIn = bytesIn ?? 0;
      facts.counts.bytesOut = bytesOut;
      break;
    }
    case 'approval.requested':
    case 'approval.granted':
    case 'approval.rejected':
    case 'approval.expired':
    case 'approval.bypassed':
      facts.approval = { required: true, state: event.type.slice('approval.'.length) as Approval['state'] };
      break;
    default:
      event satisfies never;
  }
  return facts;
}

/** Facts of both; commutative and associative. `a` and `b` must come from different events of the same session. */
export function mergeSessionFacts(a: SessionFacts, b: SessionFacts): SessionFacts {
  const claims: Record<string, Claim<unknown> | undefined> = { ...a.claims };
  for (const [name, claim] of Object.entries(b.claims)) claims[name] = preferred(claims[name], claim);
  const first: SessionFacts['first'] = { ...a.first };
  for (const [number, claim] of Object.entries(b.first)) first[number] = preferred(first[number], claim);
  return {
    claims: claims as SessionFacts['claims'],
    counts: {
      commands: sum(a.counts.commands, b.counts.commands),
      failed: sum(a.counts.failed, b.counts.failed),
      rows: sum(a.counts.rows, b.counts.rows),
      bytesIn: sum(a.counts.bytesIn, b.counts.bytesIn),
      bytesOut: sum(a.counts.bytesOut, b.counts.bytesOut),
    },
    // Cutting to the smallest commutes: what is cut has enough smaller ones before it in any later merge.
    first: Object.fromEntries(
      Object.entries(first)
        .sort(([x], [y]) => Number(x) - Number(y))
        .slice(0, FIRST_COMMANDS),
    ),
    approval: {
      required: a.approval.required || b.approval.required,
      state:
        APPROVAL_WEIGHT[a.approval.state] >= APPROVAL_WEIGHT[b.approval.state] ? a.approval.state : b.approval.state,
    },
    activeFrom: least(a.activeFrom, b.activeFrom),
    activeTo: greatest(a.activeTo, b.activeTo),
    mentionedAt: least(a.mentionedAt, b.mentionedAt) ?? a.mentionedAt,
  };
}

/** The row that the facts of a session amount to. */
export function sessionRowOf(id: string, facts: SessionFacts): SessionRow {
  const { claims, counts, approval } = facts;
  const opened = claims.opened?.value;
  const denied = claims.denied?.value;
  const closed = claims.closed?.value;
  const abandoned = claims.abandoned?.value;
  const identity = claims.identity?.value;
  const connection = claims.connection?.value;
  const origin = claims.origin?.value;
  // Its own word about its end outweighs that of others: an abandoned session may still turn out to have closed.
  const state: SessionState = closed ? 'closed' : denied ? 'denied' : abandoned ? 'abandoned' : 'open';
  const openedAt =
    opened?.at ?? closed?.openedAt ?? abandoned?.openedAt ?? denied?.at ?? facts.activeFrom ?? facts.mentionedAt;
  const totals: Counts = closed ?? counts;
  return {
    id,
    node: origin?.node ?? null,
    epoch: origin?.epoch ?? null,
    class: origin?.class ?? '',
    state,
    identityId: identity?.id ?? null,
    identityKind: identity?.kind ?? null,
    identityName: identity?.name ?? null,
    identityEmail: identity?.email ?? null,
    onBehalfOf: identity?.onBehalfOf ?? null,
    identityVerified: identity?.verified ?? null,
    connection: connection?.name ?? null,
    connectionType: connection?.type ?? null,
    sensitivity: connection?.sensitivity ?? null,
    openedAt,
    closedAt: closed?.at ?? denied?.at ?? null,
    lastActivityAt: facts.activeTo ?? openedAt,
    outcome: closed?.outcome ?? (denied ? 'denied' : abandoned ? 'abandoned' : null),
    reason: closed?.reason ?? denied?.error.code ?? abandoned?.reason ?? null,
    commands: totals.commands,
    failed: totals.failed,
    rows: totals.rows,
    bytesIn: totals.bytesIn,
    bytesOut: totals.bytesOut,
    approvalRequired: approval.required,
    approvalState: approval.state,
    client: claims.client?.value ?? null,
    target: claims.target?.value ?? null,
    claimed: denied?.claimed ?? null,
    context: closed?.context ?? contextFrom(facts.first),
    error: closed?.error ?? denied?.error ?? null,
    facts,
  };
}

function contextFrom(first: SessionFacts['first']): string[] {
  return Object.entries(first)
    .sort(([x], [y]) => Number(x) - Number(y))
    .map(([, claim]) => claim.value);
}

function approvalOf({ required, state }: Approval): SessionFacts['approval'] {
  return { required, state };
}

/** `<session>.<n>`; what has no number comes last. */
function numberOf(command: string): number {
  const number = Number(command.slice(command.lastIndexOf('.') + 1));
  return Number.isSafeInteger(number) && number >= 0 ? number : Number.MAX_SAFE_INTEGER;
}

function contextOf({ kind, statement }: EventData<'command.issued'>): string {
  if (statement?.text === undefined) return statement ? `(${statement.bytes} bytes)` : `(${kind})`;
  // By characters, not by code units: half a character could not be stored.
  return Array.from(statement.text.slice(0, 2 * CONTEXT_CHARACTERS))
    .slice(0, CONTEXT_CHARACTERS)
    .join('');
}

function preferred<T>(a: Claim<T> | undefined, b: Claim<T>): Claim<T> {
  return a === undefined || comparePrecedence(b.by, a.by) < 0 ? b : a;
}

function comparePrecedence(a: Precedence, b: Precedence): number {
  return a[0] - b[0] || compareText(a[1], b[1]) || compareText(a[2], b[2]);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Stops at what a number holds exactly; saturating addition still commutes. */
function sum(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

function least(a: string | null, b: string | null): string | null {
  return a === null ? b : b === null ? a : a < b ? a : b;
}

function greatest(a: string | null, b: string | null): string | null {
  return a === null ? b : b === null ? a : a > b ? a : b;
}
