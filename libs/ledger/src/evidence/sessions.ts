import { type CanonicalValue, canonicalJson } from '#events';

// The sessions of a bundle, derived from its events alone, so that whoever verifies it derives them again. A fold over the events in the
// order of their positions; what stretches of events were folded to by themselves can be joined.

type Json = Readonly<Record<string, unknown>>;

/** What an event says of its session. */
export interface SessionEvent {
  type: string;
  time: string;
  session: string;
  identity?: unknown;
  connection?: unknown;
  data: Json;
}

const ENDS = { 'session.closed': 'closed', 'session.denied': 'denied', 'session.abandoned': 'abandoned' } as const;
/** Of several ends that are told of a session, the one that counts: its own word first. */
const END_ORDER = ['closed', 'denied', 'abandoned'] as const;
type End = (typeof END_ORDER)[number];

/** What a stretch of events says of one session. Places are whatever the caller counts in: lines, or positions. */
export interface SessionPart {
  session: string;
  identity: Json | null;
  connection: Json | null;
  openedAt: string | null;
  /** Place of session.opened. */
  opened: number | null;
  ends: Partial<Record<End, string>>;
  /** Place of session.closed. */
  closed: number | null;
  outcome: string | null;
  openedApproval: Json | null;
  closedApproval: Json | null;
  /** How many commands session.closed counts. */
  closedCommands: number | null;
  commands: number;
  completed: number;
  failed: number;
  events: number;
  first: number;
  last: number;
  /** Numbers of commands that some event names: intervals, both ends inclusive, ascending, apart from each other. */
  numbers: [number, number][];
}

/** Different objects that are kept to be shared. */
const SHARED_OBJECTS = 4_096;

/** Sessions by the thousand have the same identity, connection and approval: equal objects are kept once. */
class SharedObjects {
  private readonly known = new Map<string, Json>();

  /** Null where the value is no object. */
  of(value: unknown): Json | null {
    const object = objectOf(value);
    if (object === null) return null;
    const key = JSON.stringify(object);
    const known = this.known.get(key);
    if (known) return known;
    if (this.known.size >= SHARED_OBJECTS) this.known.clear();
    this.known.set(key, object);
    return object;
  }
}

/** Folds events into sessions. */
export class SessionFold {
  readonly parts = new Map<string, SessionPart>();
  private readonly shared = new SharedObjects();

  /** @param place of the event; ascending */
  add(event: SessionEvent, place: number): void {
    let part = this.parts.get(event.session);
    if (!part) {
      part = emptyPart(event.session, place);
      this.parts.set(event.session, part);
    }
    addEvent(part, event, place, this.shared);
  }

  /** Joins what a later stretch was folded to. */
  join(later: SessionPart): void {
    let part = this.parts.get(later.session);
    if (!part) {
      part = emptyPart(later.session, later.first);
      this.parts.set(later.session, part);
    }
    joinPart(part, later, this.shared);
  }

  /** By first position. */
  *rows(): Generator<SessionRow, void, void> {
    for (const part of [...this.parts.values()].sort((one, other) => one.first - other.first)) yield rowOf(part);
  }
}

function emptyPart(session: string, place: number): SessionPart {
  return {
    session,
    identity: null,
    connection: null,
    openedAt: null,
    opened: null,
    ends: {},
    closed: null,
    outcome: null,
    openedApproval: null,
    closedApproval: null,
    closedCommands: null,
    commands: 0,
    completed: 0,
    failed: 0,
    events: 0,
    first: place,
    last: place,
    numbers: [],
  };
}

function addEvent(
  part: SessionPart,
  { type, time, identity, connection, data, session }: SessionEvent,
  place: number,
  shared: SharedObjects,
): void {
  part.events += 1;
  part.last = place;
  part.identity ??= shared.of(identity);
  part.connection ??= shared.of(connection);
  switch (type) {
    case 'session.opened':
      if (part.openedAt !== null) break;
      part.openedAt = time;
      part.opened = place;
      part.openedApproval = shared.of(data.approval);
      break;
    case 'session.closed':
    case 'session.denied':
    case 'session.abandoned': {
      const end = ENDS[type];
      if (part.ends[end] !== undefined) break;
      part.ends[end] = time;
      if (end !== 'closed') break;
      part.closed = place;
      part.outcome = typeof data.outcome === 'string' ? data.outcome : null;
      part.closedApproval = shared.of(data.approval);
      part.closedCommands = Number.isSafeInteger(data.commands) ? (data.commands as number) : null;
      break;
    }
    case 'command.issued':
      part.commands += 1;
      break;
    case 'command.completed':
      part.completed += 1;
      if (data.outcome === 'failure') part.failed += 1;
      break;
  }
  const number = numberOf(data.command, session);
  if (number !== undefined) addNumbers(part, number, number);
}

function joinPart(part: SessionPart, later: SessionPart, shared: SharedObjects): void {
  part.identity ??= shared.of(later.identity);
  part.connection ??= shared.of(later.connection);
  if (part.openedAt === null) {
    part.openedAt = later.openedAt;
    part.opened = later.opened;
    part.openedApproval = shared.of(later.openedApproval);
  }
  for (const end of END_ORDER) {
    const time = later.ends[end];
    if (time === undefined || part.ends[end] !== undefined) continue;
    part.ends[end] = time;
    if (end !== 'closed') continue;
    const { closed, outcome, closedCommands } = later;
    Object.assign(part, { closed, outcome, closedCommands, closedApproval: shared.of(later.closedApproval) });
  }
  part.commands += later.commands;
  part.completed += later.completed;
  part.failed += later.failed;
  part.events += later.events;
  part.last = later.last;
  for (const [from, to] of later.numbers) addNumbers(part, from, to);
}

function objectOf(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

/** Of a command's id, `<session>.<n>`. */
function numberOf(command: unknown, session: string): number | undefined {
  if (typeof command !== 'string' || command[session.length] !== '.' || !command.startsWith(session)) return undefined;
  const digits = command.slice(session.length + 1);
  return /^[1-9][0-9]{0,14}$/.test(digits) ? Number(digits) : undefined;
}

/** Adds `from … to` to a session's intervals; nearly always at their end. */
function addNumbers(part: SessionPart, from: number, to: number): void {
  const intervals = part.numbers;
  const last = intervals.at(-1);
  if (!last) {
    // Most sessions never have another one: an array that grew would keep room for a dozen.
    part.numbers = [[from, to]];
    return;
  }
  if (from >= last[0] && from <= last[1] + 1) {
    last[1] = Math.max(last[1], to);
    return;
  }
  let at = intervals.length;
  // Out of order only where commands overlap, or where somebody made it up.
  if (last[1] >= from - 1) at = firstReaching(intervals, from - 1);
  let end = at;
  let [low, high] = [from, to];
  for (; end < intervals.length && intervals[end]![0] <= to + 1; end++) {
    low = Math.min(low, intervals[end]![0]);
    high = Math.max(high, intervals[end]![1]);
  }
  intervals.splice(at, end - at, [low, high]);
}

/** Index of the first interval that ends at a number or behind it. */
function firstReaching(intervals: readonly [number, number][], number: number): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle]![1] >= number) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Numbers between 1 and the last known one that no event names, as intervals: from 1 where the session's beginning is there, and up to
 * what session.closed counts where its end is.
 */
export function missingCommands(part: SessionPart): [number, number][] {
  const missing: [number, number][] = [];
  let next = part.opened === null ? (part.numbers[0]?.[0] ?? 1) : 1;
  for (const [from, to] of part.numbers) {
    if (from > next) missing.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  const isWhole = part.opened !== null || part.numbers.length > 0;
  if (isWhole && part.closedCommands !== null && part.closedCommands >= next) missing.push([next, part.closedCommands]);
  return missing;
}

/** A session in sessions.json. */
export interface SessionRow {
  session: string;
  identity: Json | null;
  connection: Json | null;
  openedAt: string | null;
  endedAt: string | null;
  end: End | null;
  outcome: string | null;
  approval: Json | null;
  commands: number;
  completed: number;
  failed: number;
  events: number;
  /** Positions. */
  first: string;
  last: string;
}

function rowOf(part: SessionPart): SessionRow {
  const end = END_ORDER.find((one) => part.ends[one] !== undefined) ?? null;
  return {
    session: part.session,
    identity: part.identity,
    connection: part.connection,
    openedAt: part.openedAt,
    endedAt: end && part.ends[end]!,
    end,
    outcome: part.outcome,
    approval: part.closedApproval ?? part.openedApproval,
    commands: part.commands,
    completed: part.completed,
    failed: part.failed,
    events: part.events,
    first: String(part.first),
    last: String(part.last),
  };
}

const PIECE_LETTERS = 64 * 1024;

/** sessions.json, in pieces: a canonical array. */
export async function* sessionsJson(
  rows: Iterable<SessionRow> | AsyncIterable<SessionRow>,
): AsyncGenerator<string, void, void> {
  let piece = '[';
  let before = '';
  for await (const row of rows) {
    piece += `${before}${canonicalJson(row as unknown as CanonicalValue)}`;
    before = ',';
    if (piece.length < PIECE_LETTERS) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]`;
}

const COLUMNS = [
  ...['session', 'identity_id', 'identity_kind', 'connection', 'opened_at', 'ended_at', 'end', 'outcome'],
  ...['approval_required', 'approval_state', 'commands', 'completed', 'failed', 'events', 'first', 'last'],
];

/** sessions.csv, in pieces: RFC 4180, each line ended by CRLF. */
export async function* sessionsCsv(
  rows: Iterable<SessionRow> | AsyncIterable<SessionRow>,
): AsyncGenerator<string, void, void> {
  let piece = `${COLUMNS.join(',')}\r\n`;
  for await (const row of rows) {
    const cells = [
      ...[row.session, row.identity?.id, row.identity?.kind, row.connection?.name, row.openedAt, row.endedAt, row.end],
      ...[
        row.outcome,
        row.approval?.required,
        row.approval?.state,
        row.commands,
        row.completed,
        row.failed,
        row.events,
      ],
      ...[row.first, row.last],
    ];
    piece += `${cells.map(csvCell).join(',')}\r\n`;
    if (piece.length < PIECE_LETTERS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Nothing where there is no text, number or truth value; what a spreadsheet would calculate gets an apostrophe before it. */
function csvCell(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return '';
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
