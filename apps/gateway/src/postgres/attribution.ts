/**
 * Which answer of the server belongs to which command of the client. Pure: no sockets, no clock of its own.
 *
 * In brief: every message that is answered is an entry of a FIFO in wire order. Answers take entries off its head.
 * After an error in the extended protocol the server skips everything, also simple queries, up to the next Sync.
 * A completed command is not yet a committed one: what ended stays *provisional* until the ReadyForQuery that closes
 * its implicit transaction (or a COMMIT or ROLLBACK on the way) says what became of it.
 * Where the place is lost (an answer that fits no entry) it throws: a guess would put a false word on record.
 */
import { protocolViolation } from '../errors.js';
import { BACK, readErrorFields } from './messages.js';
import { type Answer, type NameChange, NameTable } from './names.js';

export type Committed = 'yes' | 'no' | 'unknown';
export type CommandOutcome = 'success' | 'failure' | 'denied' | 'cancelled' | 'skipped' | 'unknown';

export interface CommandError {
  sqlstate: string;
  severity: string;
  message: string;
  stage: 'query' | 'parse' | 'bind' | 'execute' | 'function' | 'commit';
}

/** A command from its issue to its end. The session makes it, the attribution fills in what the server answers. */
export class Command {
  readonly id: string;
  /** The beginning of its text, where the wire showed it. */
  readonly text: string;
  readonly startedAt: number;
  endedAt = 0;
  rows = 0;
  bytesOut = 0;
  bytesIn = 0;
  tags: string[] = [];
  tagCount = 0;
  error: CommandError | undefined;
  committed: Committed | undefined;
  /** True once something of it may have reached the target. */
  forwarded = false;
  /** Set where the gateway refused it and sent the server something that fails in its place. */
  refusal: { sqlstate: string; response: Buffer } | undefined;
  /** Execute messages under way that name its portal. */
  executes = 0;
  isRun = false;
  isEnded = false;
  isFinished = false;
  sawCommit = false;
  sawRollback = false;
  /** A command of one Execute message: of a portal that the wire never showed, or one that had ended before. */
  readonly isExecute: boolean;

  constructor(id: string, text: string, startedAt: number, isExecute = false) {
    this.id = id;
    this.text = text;
    this.startedAt = startedAt;
    this.isExecute = isExecute;
  }
}

export type EntryKind = 'query' | 'parse' | 'bind' | 'describe' | 'close' | 'execute' | 'function' | 'sync';
/** CopyDone or CopyFail sent ahead of the server's CopyInResponse: what came before it belongs to the copy. */
type CopyEnd = 'copy-end';

interface Entry<C> {
  kind: EntryKind | CopyEnd;
  command: C | undefined;
  portal: string;
  changes: NameChange[] | undefined;
}

export interface AttributionListener<C> {
  /** The last word about a command. Called once for each. */
  finished(command: C, outcome: CommandOutcome, committed: Committed): void;
  /** An error of the session, not of a command: nothing was under way, or it ends the session. */
  sessionError(error: { severity: string; sqlstate: string; message: string }): void;
}

/** Beyond this many commands that ended without a ReadyForQuery, the oldest end as `unknown` so that memory is bounded. */
const PROVISIONAL_LIMIT = 10_000;
const TAGS_KEPT = 16;

export class Attribution<C extends Command = Command> {
  /** What portals hold, as far as the server has answered. */
  readonly portals: NameTable<C>;
  #listener: AttributionListener<C>;
  #now: () => number;
  #entries: (Entry<C> | undefined)[] = [];
  #head = 0;
  #skipping = false;
  #copyIn = false;
  /** Ended, and waiting to hear whether it committed. */
  #provisional: C[] = [];
  #hasFailed = false;
  #endedBy: Committed | undefined;

  /** @param now milliseconds, only ever subtracted */
  constructor(listener: AttributionListener<C>, now: () => number) {
    this.#listener = listener;
    this.#now = now;
    this.portals = new NameTable<C>((command) => this.#portalGone(command));
  }

  /** Messages without an answer. */
  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** True while the server takes COPY data in. */
  get isCopyIn(): boolean {
    return this.#copyIn;
  }

  /** The command at the head, where the gateway refused it: the server's error about it is not for the client. */
  get refusedHead(): C | undefined {
    const head = this.#entries[this.#head];
    return head?.command?.refusal && head.kind !== 'sync' ? head.command : undefined;
  }

  /** A message of the client that will be answered, in wire order. */
  sent(kind: EntryKind, command?: C, portal = '', changes?: NameChange[]): void {
    if (kind === 'sync') {
      // COPY reads and drops a Sync on its way; it gets no answer.
      if (this.#copyIn) return;
      this.#skipping = false;
    } else if (this.#copyIn) {
      throw protocolViolation(`a ${kind} message in the middle of COPY data`);
    }
    const entry: Entry<C> = { kind, command, portal, changes };
    if (this.#skipping) {
      this.#skip(entry);
      return;
    }
    if (kind === 'execute' && command) command.executes += 1;
    this.#entries.push(entry);
  }

  /** CopyData of the client. */
  copied(bytes: number): void {
    if (!this.#copyIn) return;
    const command = this.#headCommand();
    if (command) command.bytesIn += bytes;
  }

  /** CopyDone or CopyFail of the client. */
  copyEnded(): void {
    if (this.#copyIn) this.#copyIn = false;
    else if (this.size > 0 && !this.#skipping) {
      this.#entries.push({ kind: 'copy-end', command: undefined, portal: '', changes: undefined });
    }
  }

  /** A run of rows or of CopyData from the server. */
  data(rows: number, bytes: number): void {
    const command = this.#headCommand();
    if (!command) throw lost('rows');
    command.rows += rows;
    command.bytesOut += bytes;
  }

  /** Any other message of the server. */
  received(type: number, body: Buffer): void {
    const head = this.#entries[this.#head];
    switch (type) {
      case BACK.parseComplete:
        this.#answered('parse', 'ParseComplete');
        return;
      case BACK.bindComplete:
        this.#answered('bind', 'BindComplete');
        return;
      case BACK.closeComplete:
        this.#answered('close', 'CloseComplete');
        return;
      case BACK.rowDescription:
      case BACK.noData:
        if (head?.kind === 'describe') this.#pop('done');
        else if (head?.kind !== 'query' || type === BACK.noData) throw lost('a description');
        return;
      case BACK.commandComplete:
        this.#tag(body.toString('latin1', 0, Math.max(0, body.length - 1)));
        return;
      case BACK.emptyQuery:
        this.#tag('');
        return;
      case BACK.portalSuspended: {
        const command = this.#headCommand();
        if (head?.kind !== 'execute' || !command) throw lost('PortalSuspended');
        command.isRun = true;
        command.endedAt = this.#now();
        this.#pop('done');
        if (command.isExecute) this.#ended(command);
        return;
      }
      case BACK.error:
        this.#error(readErrorFields(body));
        return;
      case BACK.readyForQuery:
        this.#ready(String.fromCharCode(body[0] as number));
        return;
      case BACK.copyIn:
        this.#copyInBegins();
        return;
      case BACK.copyBoth:
        throw protocolViolation('the target opened a replication stream, which carries no commands to record');
      case BACK.copyOut:
        if (head?.kind !== 'query' && head?.kind !== 'execute') throw lost('CopyOutResponse');
        return;
      case BACK.functionResult:
        if (head?.kind !== 'function') throw lost('FunctionCallResponse');
        return;
      case BACK.copyDone:
      case BACK.parameterDescription:
      case BACK.parameterStatus:
      case BACK.notice:
      case BACK.notification:
        return;
      default:
        throw protocolViolation(`the target sent a message of type '${String.fromCharCode(type)}' after the login`);
    }
  }

  /** The line to the target is gone: what is still open ends, as far as the wire told. */
  end(): void {
    for (const command of this.#provisional)
      this.#finish(command, command.committed ?? (command.error ? 'no' : 'unknown'));
    this.#provisional = [];
    for (let at = this.#head; at < this.#entries.length; at++) this.#interrupted(this.#entries[at]?.command);
    this.#entries = [];
    this.#head = 0;
    const held = [...this.portals.values()];
    for (const command of held) this.#interrupted(command);
  }

  #interrupted(command: C | undefined): void {
    if (!command || command.isFinished) return;
    command.endedAt = this.#now();
    this.#report(command, command.forwarded ? 'unknown' : 'skipped', command.forwarded ? 'unknown' : 'no');
  }

  #headCommand(): C | undefined {
    const head = this.#entries[this.#head];
    return head?.kind === 'bind' ? undefined : head && this.#commandOf(head);
  }

  /** Whose answer this entry's is. Only when its turn comes is it certain what a portal's name stands for. */
  #commandOf(entry: Entry<C>): C | undefined {
    if (entry.kind !== 'execute' || entry.command?.isExecute) return entry.command;
    return this.portals.current(entry.portal) ?? entry.command;
  }

  #answered(kind: EntryKind, what: string): void {
    if (this.#entries[this.#head]?.kind !== kind) throw lost(what);
    this.#pop('done');
  }

  #pop(answer: Answer): Entry<C> {
    const entry = this.#entries[this.#head] as Entry<C>;
    do {
      this.#entries[this.#head] = undefined;
      this.#head += 1;
      // Where no copy took it, the server dropped it.
    } while (this.#entries[this.#head]?.kind === 'copy-end');
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    }
    this.#settle(entry, answer);
    return entry;
  }

  #settle(entry: Entry<C>, answer: Answer): void {
    if (entry.kind === 'execute' && entry.command) entry.command.executes -= 1;
    if (entry.changes) for (const change of entry.changes) change.settle(answer);
  }

  #tag(tag: string): void {
    const head = this.#entries[this.#head];
    const command = this.#headCommand();
    if (!command || (head?.kind !== 'query' && head?.kind !== 'execute')) throw lost(`the tag "${tag}"`);
    command.tagCount += 1;
    if (command.tags.length < TAGS_KEPT) command.tags.push(tag.slice(0, 64));
    command.isRun = true;
    command.endedAt = this.#now();
    if (tag === 'COMMIT') command.sawCommit = true;
    if (tag === 'ROLLBACK') command.sawRollback = true;
    this.#copyIn = false;
    if (head.kind === 'query') return;
    this.#pop('done');
    if (tag === 'COMMIT') this.#transactionEnded(command, 'yes');
    else if (tag === 'ROLLBACK' && endsTransaction(command.text)) this.#transactionEnded(command, 'no');
    else {
      // ROLLBACK TO SAVEPOINT has the same tag, and undoes we cannot tell how much.
      if (tag === 'ROLLBACK') for (const earlier of this.#provisional) earlier.committed ??= 'unknown';
      this.#ended(command);
    }
  }

  #ended(command: C): void {
    if (command.isEnded || command.isFinished) return;
    command.isEnded = true;
    this.#provisional.push(command);
    if (this.#provisional.length > PROVISIONAL_LIMIT) {
      for (const oldest of this.#provisional.splice(0, PROVISIONAL_LIMIT / 2)) this.#finish(oldest, 'unknown');
    }
  }

  /** COMMIT or ROLLBACK in the middle of a pipeline: what came before it has its fate. */
  #transactionEnded(last: C, committed: Committed): void {
    this.#ended(last);
    const ended = this.#provisional;
    this.#provisional = [];
    for (const command of ended) {
      command.committed ??= command.error ? 'no' : committed;
      if (command.executes > 0) this.#provisional.push(command);
      else this.#finish(command, command.committed);
    }
    this.#endedBy = committed;
    this.#hasFailed = false;
  }

  #portalGone(command: C): void {
    if (command.isFinished || command.isEnded) return;
    if (command.isRun) this.#ended(command);
    else this.#report(command, 'skipped', 'no');
  }

  #skip(entry: Entry<C>): void {
    if (entry.changes) for (const change of entry.changes) change.settle('skipped');
    const command = entry.command;
    // An Execute names a command that was bound before; that one ends with its portal.
    if (!command || command.isFinished || command.isRun || command.isEnded) return;
    if (entry.kind === 'execute' && !command.isExecute) return;
    command.endedAt = this.#now();
    this.#report(command, 'skipped', 'no');
  }

  #error(fields: { severity: string; sqlstate: string; message: string }): void {
    const head = this.#entries[this.#head];
    this.#copyIn = false;
    if (fields.severity === 'FATAL' || fields.severity === 'PANIC') {
      this.#listener.sessionError(fields);
      return;
    }
    if (!head) {
      this.#listener.sessionError(fields);
      return;
    }
    this.#hasFailed = true;
    if (head.kind === 'query' || head.kind === 'function') {
      if (head.command) this.#fail(head.command, fields, head.kind);
      return;
    }
    if (head.kind === 'sync') {
      // The implicit transaction failed at its commit (a deferred constraint): the last command carries the error.
      const last = this.#provisional.at(-1);
      if (last) this.#fail(last, fields, 'commit');
      return;
    }
    const stage = head.kind === 'parse' || head.kind === 'bind' ? head.kind : 'execute';
    let isBlamed = false;
    let isHead = true;
    while (this.#head < this.#entries.length) {
      const entry = this.#entries[this.#head] as Entry<C>;
      if (entry.kind === 'sync') return;
      const command = this.#commandOf(entry);
      const takesBlame = !isBlamed && command !== undefined && !command.isFinished;
      this.#pop(isHead ? 'failed' : 'skipped');
      if (takesBlame) {
        isBlamed = true;
        this.#fail(command, fields, stage);
        this.#ended(command);
      } else if (command && !command.error) {
        this.#skip({ ...entry, changes: undefined });
      }
      isHead = false;
    }
    this.#skipping = true;
  }

  #fail(
    command: C,
    fields: { severity: string; sqlstate: string; message: string },
    stage: CommandError['stage'],
  ): void {
    command.endedAt = this.#now();
    command.error ??= { ...fields, stage };
  }

  #copyInBegins(): void {
    const head = this.#entries[this.#head];
    if (head?.kind !== 'query' && head?.kind !== 'execute') throw lost('CopyInResponse');
    let at = this.#head + 1;
    while (this.#entries[at]?.kind === 'sync') at += 1;
    const next = this.#entries[at];
    // Anything but a Sync on its way makes COPY fail after eating it: what is answered then, nobody can tell.
    if (next && next.kind !== 'copy-end') throw protocolViolation('messages were sent ahead into a COPY FROM STDIN');
    this.#copyIn = next === undefined;
    this.#entries.splice(this.#head + 1, at - this.#head - (next === undefined ? 1 : 0));
  }

  #ready(status: string): void {
    const kind = this.#entries[this.#head]?.kind;
    if (kind !== 'sync' && kind !== 'query' && kind !== 'function') throw lost('ReadyForQuery');
    const entry = this.#pop('done');
    this.#copyIn = false;
    const command = entry.command;
    // How a COMMIT or ROLLBACK of this string, or before in this group, ended the transaction it found.
    let endedBy = this.#endedBy;
    this.#endedBy = undefined;
    if (command && kind !== 'sync') {
      if (command.endedAt === 0 || kind === 'function') command.endedAt = this.#now();
      command.committed ??= committedByQuery(command, status);
      if (command.sawCommit || command.sawRollback) {
        endedBy = command.committed ?? 'unknown';
        for (const earlier of this.#provisional) earlier.committed ??= endedBy;
      }
      this.#ended(command);
    }
    if (status === 'I') {
      const before = this.#provisional.length;
      this.portals.clear();
      for (const left of this.#provisional.slice(before)) left.committed ??= endedBy;
    }
    const ended = this.#provisional;
    this.#provisional = [];
    for (const one of ended) {
      if (one.executes > 0) {
        this.#provisional.push(one);
        continue;
      }
      const fate: Committed =
        one.error || (this.#hasFailed && status === 'I') ? 'no' : status === 'I' ? 'yes' : 'unknown';
      this.#finish(one, one.committed ?? fate);
    }
    this.#hasFailed = false;
  }

  #finish(command: C, committed: Committed): void {
    const error = command.error;
    let outcome: CommandOutcome = 'success';
    if (error) outcome = error.sqlstate === '57014' ? 'cancelled' : command.refusal ? 'denied' : 'failure';
    this.#report(command, outcome, committed);
  }

  #report(command: C, outcome: CommandOutcome, committed: Committed): void {
    if (command.isFinished) return;
    command.isFinished = true;
    this.#listener.finished(command, outcome, committed);
  }
}

function lost(what: string): Error {
  return protocolViolation(
    `lost the place in the conversation with the target: ${what} answers nothing that was asked`,
  );
}

/** ROLLBACK and COMMIT in their whole-transaction forms; `ROLLBACK TO` is none. */
function endsTransaction(text: string): boolean {
  return /^\s*(rollback|abort|commit|end)(\s+(work|transaction))?(\s+and\s+(no\s+)?chain)?\s*;?\s*$/i.test(text);
}

/** What a simple query's tags and the state after it say about it; undefined: what its implicit transaction says. */
function committedByQuery(command: Command, status: string): Committed | undefined {
  const isAlone = command.tagCount === 1 && !command.error;
  if (command.sawCommit) return isAlone ? 'yes' : 'unknown';
  if (command.sawRollback) return isAlone && (status === 'I' || endsTransaction(command.text)) ? 'no' : 'unknown';
  return undefined;
}
