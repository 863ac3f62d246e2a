/**
 * One client and its session at the target: the relay.
 *
 * In brief: what the client sends is read by asking, message by message; commands are put on record before their bytes go on.
 * What the server sends is forwarded as it is read, and looked at on the way. Backpressure holds in both directions: an unsent
 * result pauses the target, an unsent or unanswered command pauses the client.
 */

import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { AffidavitError, describeError, type EventData, type EventDraft, type WireText } from '#events';
import type { Ahead, Emitter, Reservation } from '../emitter.js';
import { GatewayError, protocolViolation, tooLarge } from '../errors.js';
import type { SessionRecord } from '../session-record.js';
import { Attribution, type CommandOutcome, type Committed } from './attribution.js';
import { LargeMessage } from './large-message.js';
import {
  BACK,
  type ClientFrame,
  ClientFramer,
  errorResponse,
  FRONT,
  readErrorFields,
  ServerWalker,
} from './messages.js';
import { type NameChange, NameTable, nameKey } from './names.js';
import { NAMES_IN_SQL, OpenCommand, type Statement } from './open-command.js';
import { type Bind, readBind, readCString } from './read-bind.js';
import { failingMessage, isAboutReplacement, type Refusable, refusalResponse } from './refusal.js';
import { Region } from './region.js';
import type { SocketInput } from './socket-input.js';
import { decodeText, shown, wireText } from './statement.js';
import type { Upstream } from './upstream.js';

export interface SessionLimits {
  ahead: Ahead;
  /** Largest Query, Parse, Bind or FunctionCall message. */
  maxStatementBytes: number;
}

export interface SessionMetrics {
  command(outcome: CommandOutcome): void;
}

export interface SessionParts {
  client: Socket;
  input: SocketInput;
  upstream: Upstream;
  record: SessionRecord;
  emitter: Emitter;
  limits: SessionLimits;
  /** Holds the space of `session.closed`. */
  reservation: Reservation;
  /** Called when `session.closed` is durable. */
  onRecorded: () => void;
  metrics?: SessionMetrics;
}

type IssuedData = Omit<EventData<'command.issued'>, 'approval' | 'command' | 'encoding'>;

/** Unanswered messages of one client; a client that never reads would else fill our memory through its own commands. */
const UNANSWERED_LIMIT = 10_000;
/** Text of prepared statements that one session may keep here, as it does at the server. */
const STATEMENT_TEXT_LIMIT = 64 * 1024 * 1024;
const HEAD_CHARACTERS = 400;
/** Of a large statement, each Bind repeats this much; the whole stands in the chunks that its Parse recorded. */
const LARGE_HEAD = 1024;
/** How long, and how much, the target may still say after the client is gone. */
const LINGER_MS = 5_000;
const LINGER_BYTES = 16 * 1024 * 1024;

export class PostgresSession {
  readonly record: SessionRecord;
  readonly upstream: Upstream;
  /** Resolves when both lines are closed and the session's last event has been given to the emitter. */
  readonly ended: Promise<void>;
  #parts: SessionParts;
  #client: Socket;
  #target: Socket;
  #framer = new ClientFramer();
  #walker = new ServerWalker();
  #attribution: Attribution<OpenCommand>;
  #statements = new NameTable<Statement>((statement) => {
    this.#statementText -= statement.keptBytes;
  });
  #statementText = 0;
  #encoding: string;
  #group = 0;
  /** True once SQL may have changed names that the wire showed: from then on what they stand for is not certain. */
  #namesInDoubt = false;
  #region = new Region();
  #drafts: EventDraft[] = [];
  #waiters: (() => void)[] = [];
  #isClosing = false;
  #clientGone = false;
  #lingered = 0;
  #linger: NodeJS.Timeout | undefined;
  #terminated = false;
  #fatal: { severity: string; sqlstate: string; message: string } | undefined;
  #ending:
    | { outcome: EventData<'session.closed'>['outcome']; reason: string; error?: { code: string; message: string } }
    | undefined;
  #resolveEnded!: () => void;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.record = parts.record;
    this.upstream = parts.upstream;
    this.#client = parts.client;
    this.#target = parts.upstream.socket;
    this.#encoding = parts.upstream.encoding;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#attribution = new Attribution<OpenCommand>(
      {
        finished: (command, outcome, committed) => this.#finished(command, outcome, committed),
        sessionError: (error) => {
          if (error.severity !== 'ERROR') this.#fatal = error;
        },
      },
      () => performance.now(),
    );
  }

  /** Relays until either side ends. */
  start(): void {
    this.#target
      .on('data', (chunk: Buffer) => this.#fromTarget(chunk))
      .on('end', () => this.#targetEnded())
      .on('error', (error) => this.#targetEnded(error))
      .on('close', () => this.#targetEnded());
    this.#client
      .on('drain', () => this.#target.resume())
      .on('error', () => this.#clientGoes())
      .on('close', () => this.#clientGoes());
    if (this.upstream.rest.length > 0) this.#fromTarget(this.upstream.rest);
    this.#target.resume();
    this.#pump().then(
      () => this.#clientFinished(),
      (error: unknown) => this.fail(asGatewayError(error)),
    );
  }

  /** Ends the session with an error for the client: a shutdown, a violation, a command that could not be recorded. */
  fail(error: GatewayError, outcome: EventData<'session.closed'>['outcome'] = 'failure'): void {
    if (this.#isClosing) return;
    const reason = error.message.slice(0, 300).toWellFormed();
    this.#ending ??= { outcome, reason, error: { code: error.code, message: reason } };
    if (!this.#clientGone) {
      this.#client.write(
        errorResponse({
          severity: 'FATAL',
          sqlstate: error.sqlstate,
          message: error.message,
          detail: error.code,
          hint: error.remedy,
        }),
      );
    }
    this.#close();
  }

  // ── from the client ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #pump(): Promise<void> {
    const { input } = this.#parts;
    for (let chunk = await input.read(); chunk && !this.#isClosing; chunk = await input.read()) {
      this.record.bytesIn += chunk.length;
      this.#framer.feed(chunk);
      for (let frame = this.#framer.next(); frame; frame = this.#framer.next()) {
        if (frame.kind === 'large') await this.#takeLarge(frame.type, frame.bodyBytes);
        else if (frame.kind === 'copy') {
          this.#attribution.copied(frame.bytes.length);
          this.#region.push(frame.bytes);
        } else if (frame.kind === 'message') {
          const waits = this.#take(frame.type, frame.bytes);
          if (waits) await waits;
        }
        if (this.#isClosing) return;
      }
      await this.#send();
      while (this.#attribution.size > UNANSWERED_LIMIT && !this.#isClosing) await this.#progress();
      if (this.#terminated) return;
    }
  }

  /** Takes one whole message. @returns a promise where it has to wait for the server first */
  #take(type: number, bytes: Buffer): Promise<void> | undefined {
    switch (type) {
      case FRONT.query:
        this.#takeQuery(bytes);
        return;
      case FRONT.parse:
        this.#takeParse(bytes);
        return;
      case FRONT.bind:
        return this.#takeBind(bytes);
      case FRONT.execute:
        return this.#takeExecute(bytes);
      case FRONT.functionCall:
        this.#takeFunction(bytes);
        return;
      case FRONT.describe:
        this.#attribution.sent('describe');
        break;
      case FRONT.close: {
        const key = nameKey(readCString(bytes, 6).raw);
        const table = bytes[5] === 0x53 ? this.#statements : this.#attribution.portals;
        this.#attribution.sent('close', undefined, '', [table.drop(key, this.#group)]);
        break;
      }
      case FRONT.sync:
        this.#attribution.sent('sync');
        this.#group += 1;
        break;
      case FRONT.copyDone:
      case FRONT.copyFail:
        this.#attribution.copyEnded();
        break;
      case FRONT.terminate:
        this.#terminated = true;
        break;
      case FRONT.flush:
        break;
      default:
        throw protocolViolation(`a message of type '${String.fromCharCode(type)}' does not belong here`);
    }
    this.#region.push(bytes);
    return;
  }

  #takeQuery(bytes: Buffer): void {
    if (bytes[bytes.length - 1] !== 0) throw protocolViolation('a Query message without its end');
    const raw = bytes.subarray(5, bytes.length - 1);
    const statement = this.#statement(raw);
    const command = this.#open('query', statement);
    this.#issue(command, bytes, { kind: 'query', statement: statement.wire });
    this.#attribution.sent('query', command, '', this.#queryDrops());
  }

  /** A simple query drops the unnamed statement and the unnamed portal. */
  #queryDrops(): NameChange[] {
    return [this.#statements.drop('', this.#group), this.#attribution.portals.drop('', this.#group)];
  }

  #takeParse(bytes: Buffer): void {
    const name = readCString(bytes, 5);
    const text = readCString(bytes, name.end);
    this.#parse(nameKey(name.raw), this.#statement(text.raw));
    this.#region.push(bytes);
  }

  #parse(key: string, statement: Statement): void {
    const { keptBytes } = statement;
    if (this.#statementText + keptBytes > STATEMENT_TEXT_LIMIT) {
      throw new GatewayError({
        code: 'GATEWAY_TOO_MANY_STATEMENTS',
        sqlstate: '53400',
        message: `the prepared statements of this session hold more than ${STATEMENT_TEXT_LIMIT} bytes of text`,
        remedy: 'Close prepared statements that are no longer used.',
        retry: 'never',
      });
    }
    this.#statementText += keptBytes;
    const refused: NameChange = {
      settle: (answer) => {
        if (answer !== 'done') this.#statementText -= keptBytes;
      },
    };
    this.#attribution.sent('parse', undefined, '', [this.#statements.define(key, statement, this.#group), refused]);
  }

  #takeBind(bytes: Buffer): Promise<void> | undefined {
    const bind = readBind(bytes);
    const key = nameKey(bind.statement);
    const found = this.#statements.lookup(key, this.#group);
    if (found.state === 'open' && !this.#attribution.isCopyIn) {
      return this.#afterAnswer(
        () => this.#statements.lookup(key, this.#group).state !== 'open',
        () => this.#takeBind(bytes),
      );
    }
    const statement = found.state === 'known' ? found.value : undefined;
    const command = this.#open('bind', statement);
    const portal = nameKey(bind.portal);
    const isCertain = statement !== undefined && !(this.#namesInDoubt && key !== '');
    this.#issue(command, bytes, {
      kind: 'bind',
      ...(statement ? { statement: statement.wire } : {}),
      ...(isCertain ? {} : { unresolved: true }),
      ...this.#names(bind.statement, bind.portal),
      ...(bind.parameters.length > 0 ? { parameters: this.#parameters(bind) } : {}),
    });
    this.#attribution.sent('bind', command, '', [this.#attribution.portals.define(portal, command, this.#group)]);
    return;
  }

  #names(statement: Buffer, portal: Buffer): { statementName?: string; portal?: string } {
    return {
      ...(statement.length > 0 ? { statementName: this.#name(statement) } : {}),
      ...(portal.length > 0 ? { portal: this.#name(portal) } : {}),
    };
  }

  #name(raw: Buffer): string {
    return (decodeText(raw, this.#encoding) ?? raw.toString('latin1')).slice(0, 256).toWellFormed();
  }

  #parameters(bind: Bind): (WireText | null)[] {
    return bind.parameters.map((value, at) =>
      value === null ? null : wireText(value, bind.isBinary(at) ? 'binary' : this.#encoding),
    );
  }

  /** What a portal holds is on record since its Bind; an Execute is recorded only where the wire showed no Bind for it. */
  #takeExecute(bytes: Buffer): Promise<void> | undefined {
    const name = readCString(bytes, 5);
    const key = nameKey(name.raw);
    const { portals } = this.#attribution;
    const found = portals.lookup(key, this.#group);
    if (found.state === 'open' && !this.#attribution.isCopyIn) {
      return this.#afterAnswer(
        () => portals.lookup(key, this.#group).state !== 'open',
        () => this.#takeExecute(bytes),
      );
    }
    const bound = found.state === 'known' ? found.value : undefined;
    const isCertain = bound !== undefined && !(this.#namesInDoubt && key !== '');
    if (isCertain && !bound.isFinished) {
      this.#attribution.sent('execute', bound, key);
      this.#region.push(bytes);
      return;
    }
    const command = this.#open('execute', bound?.statement);
    this.#issue(command, bytes, {
      kind: 'execute',
      ...(bound?.statement ? { statement: bound.statement.wire } : {}),
      ...(isCertain ? {} : { unresolved: true }),
      ...this.#names(Buffer.alloc(0), name.raw),
    });
    this.#attribution.sent('execute', command, key);
    return;
  }

  #takeFunction(bytes: Buffer): void {
    if (bytes.length < 9) throw protocolViolation('a FunctionCall message that is too short');
    const command = this.#open('function', undefined);
    this.#issue(command, bytes, {
      kind: 'function',
      functionOid: bytes.readUInt32BE(5),
      parametersRaw: wireText(bytes.subarray(9), 'binary'),
    });
    this.#attribution.sent('function', command);
  }

  #statement(raw: Buffer): Statement {
    const wire = wireText(raw, this.#encoding);
    // The text, its beginning, its digest, and the objects around them.
    const keptBytes = raw.length + 1024;
    return { wire, head: this.#head(wire.text ?? raw.toString('latin1')), keptBytes };
  }

  /** The beginning of a text; also looks whether the text may change names behind the wire's back. */
  #head(text: string): string {
    if (!this.#namesInDoubt && NAMES_IN_SQL.test(text)) this.#namesInDoubt = true;
    return text.slice(0, HEAD_CHARACTERS);
  }

  #open(kind: Refusable, statement: Statement | undefined, id = this.record.nextCommand()): OpenCommand {
    const command = new OpenCommand(id, statement?.head ?? '', performance.now(), kind === 'execute');
    command.kind = kind;
    command.statement = statement;
    this.record.remember(statement?.head ?? kind);
    return command;
  }

  /** Admits a command: its event joins the packet's, its bytes wait for it; or it is refused and something that fails goes on. */
  #issue(command: OpenCommand, bytes: Buffer, data: IssuedData): void {
    try {
      command.reservation = this.#parts.emitter.admit(this.#parts.limits.ahead);
    } catch (error) {
      this.#region.push(this.#refuse(command, asGatewayError(error)));
      return;
    }
    this.#drafts.push(this.record.issued({ command: command.id, ...data, encoding: this.#encoding }));
    this.#region.push(bytes, command);
  }

  /** @returns what goes to the server in place of the command */
  #refuse(command: OpenCommand, error: GatewayError): Buffer {
    command.refusal = { sqlstate: error.sqlstate, response: refusalResponse(error) };
    command.isRecorded = error.code === 'GATEWAY_STATEMENT_TOO_LARGE' || error.code === 'GATEWAY_NOT_ALLOWED';
    command.forwarded = true;
    return failingMessage(command.kind);
  }

  /** Makes what was taken durable, then sends it on. */
  async #send(): Promise<void> {
    const region = this.#region;
    if (region.bytes === 0) return;
    const drafts = this.#drafts;
    this.#region = new Region();
    let pieces = region.pieces;
    if (drafts.length > 0) {
      this.#drafts = [];
      try {
        await this.#parts.emitter.record(drafts);
        for (const command of region.commands) command.forwarded = true;
      } catch (error) {
        pieces = region.replaced((command) => this.#refuse(command, asGatewayError(error)));
      }
    }
    await this.#write(pieces);
  }

  async #write(pieces: Buffer[]): Promise<void> {
    if (this.#isClosing || this.#target.destroyed || !this.#target.writable) return;
    let hasRoom = true;
    if (pieces.length > 1) this.#target.cork();
    for (const piece of pieces) hasRoom = this.#target.write(piece);
    if (pieces.length > 1) this.#target.uncork();
    if (!hasRoom) await this.#drained();
  }

  #drained(): Promise<void> {
    if (!this.#target.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#target.off('drain', done).off('close', done);
        resolve();
      };
      this.#target.on('drain', done).on('close', done);
    });
  }

  /** Sends on what was taken so far, then waits until the server's answers make a name certain. */
  async #afterAnswer(isAnswered: () => boolean, next: () => Promise<void> | undefined): Promise<void> {
    await this.#send();
    while (!isAnswered() && !this.#isClosing) await this.#progress();
    if (this.#isClosing) return;
    const waits = next();
    if (waits) await waits;
  }

  /** Resolves at the next bytes from the target, or when the session closes. */
  #progress(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  // ── large messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The next part of a large message; undefined when the client stops in its middle. */
  async #part(): Promise<(ClientFrame & { kind: 'part' }) | undefined> {
    for (;;) {
      const frame = this.#framer.next();
      if (frame?.kind === 'part') return frame;
      const chunk = await this.#parts.input.read();
      if (!chunk || this.#isClosing) return undefined;
      this.record.bytesIn += chunk.length;
      this.#framer.feed(chunk);
    }
  }

  /** A message too large to be held: recorded in chunks while it streams in, forwarded but for its last bytes until it is issued. */
  async #takeLarge(type: number, bodyBytes: number): Promise<void> {
    const kind = KINDS[type] as Refusable;
    await this.#send();
    if (this.#attribution.isCopyIn) throw protocolViolation('a large message in the middle of COPY data');
    const command = this.#open(kind, undefined);
    const refusal = this.#refusalOf(command, bodyBytes);
    if (refusal) {
      await this.#refuseLarge(command, refusal);
      return;
    }
    const header = Buffer.allocUnsafe(5);
    header[0] = type;
    header.writeInt32BE(bodyBytes + 4, 1);
    const large = new LargeMessage(kind, bodyBytes);
    let waiting: Buffer = header;
    let isForwarded = false;
    try {
      for (;;) {
        const part = await this.#part();
        // The client stopped in the middle: chunks without a command.issued were never executed.
        if (!part) {
          command.reservation?.release();
          return;
        }
        const chunks = large.push(part.bytes, part.last);
        const drafts = chunks.map(({ index, raw }) =>
          this.record.chunk({
            command: command.id,
            part: large.part,
            index,
            ...shown(raw, large.part === 'statement' ? this.#encoding : 'binary'),
            bytes: raw.length,
            sha256: hash('sha256', raw, 'hex'),
          }),
        );
        if (part.last) {
          await this.#issueLarge(command, large, drafts);
          await this.#write([waiting, part.bytes]);
          return;
        }
        if (drafts.length > 0) await this.#parts.emitter.record(drafts);
        if (large.isOpened) {
          await this.#write([waiting]);
          isForwarded = true;
          waiting = part.bytes;
        } else waiting = Buffer.concat([waiting, part.bytes]);
        if (this.#isClosing) return;
      }
    } catch (error) {
      const known = asGatewayError(error);
      // The target holds the beginning of a message that must not be completed: only closing takes it back.
      if (isForwarded || known.code === 'GATEWAY_PROTOCOL_VIOLATION') {
        command.reservation?.release();
        throw known;
      }
      await this.#refuseLarge(command, known);
    }
  }

  #refusalOf(command: OpenCommand, bodyBytes: number): GatewayError | undefined {
    const limit = this.#parts.limits.maxStatementBytes;
    try {
      command.reservation = this.#parts.emitter.admit(this.#parts.limits.ahead);
    } catch (error) {
      return asGatewayError(error);
    }
    return bodyBytes > limit ? tooLarge(bodyBytes, limit) : undefined;
  }

  async #refuseLarge(command: OpenCommand, error: GatewayError): Promise<void> {
    const replacement = this.#refuse(command, error);
    if (command.kind === 'parse') this.#attribution.sent('parse', command);
    else this.#attribution.sent(command.kind, command, '', command.kind === 'query' ? this.#queryDrops() : undefined);
    if (this.#framer.isMidMessage) {
      for (let part = await this.#part(); part && !part.last; part = await this.#part()) {
        // Read and thrown away, so that the conversation goes on behind it.
      }
    }
    await this.#write([replacement]);
  }

  async #issueLarge(command: OpenCommand, large: LargeMessage, drafts: EventDraft[]): Promise<void> {
    const { attribution, statements } = { attribution: this.#attribution, statements: this.#statements };
    if (command.kind === 'parse') {
      if (drafts.length > 0) await this.#parts.emitter.record(drafts);
      command.reservation?.release();
      const whole = large.text.describe(this.#encoding);
      const head = this.#head(whole.text ?? '');
      this.#namesInDoubt ||= large.mentionsNames;
      const wire: WireText = { ...whole, chunksOf: command.id, truncated: true };
      if (wire.text !== undefined) wire.text = wire.text.slice(0, LARGE_HEAD).toWellFormed();
      if (wire.base64 !== undefined) wire.base64 = wire.base64.slice(0, LARGE_HEAD);
      this.#parse(nameKey(large.names[0] as Buffer), { wire, head, keptBytes: 2 * LARGE_HEAD });
      return;
    }
    const data: IssuedData = { kind: command.kind };
    if (command.kind === 'query') {
      data.statement = large.text.describe(this.#encoding);
      this.#head(data.statement.text ?? '');
      this.#namesInDoubt ||= large.mentionsNames;
    } else {
      data.parametersRaw = large.text.describe('binary');
      if (command.kind === 'function') data.functionOid = large.oid;
    }
    let portal = '';
    if (command.kind === 'bind') {
      const [portalName, statementName] = large.names as [Buffer, Buffer];
      portal = nameKey(portalName);
      const key = nameKey(statementName);
      while (statements.lookup(key, this.#group).state === 'open' && !this.#isClosing) await this.#progress();
      const found = statements.lookup(key, this.#group);
      if (found.state === 'known') {
        data.statement = found.value.wire;
        command.statement = found.value;
      }
      if (found.state !== 'known' || (this.#namesInDoubt && key !== '')) data.unresolved = true;
      Object.assign(data, this.#names(statementName, portalName));
    }
    await this.#parts.emitter.record([
      ...drafts,
      this.record.issued({ command: command.id, ...data, encoding: this.#encoding }),
    ]);
    command.forwarded = true;
    if (command.kind === 'query') attribution.sent('query', command, '', this.#queryDrops());
    else if (command.kind === 'bind')
      attribution.sent('bind', command, '', [attribution.portals.define(portal, command, this.#group)]);
    else attribution.sent('function', command);
  }

  // ── from the target ────────────────────────────────────────────────────────────────────────────────────────────────────

  #fromTarget(chunk: Buffer): void {
    if (this.#isClosing) return;
    this.record.bytesOut += chunk.length;
    if (this.#clientGone) {
      this.#lingered += chunk.length;
      if (this.#lingered > LINGER_BYTES) this.#target.destroy();
    }
    try {
      this.#walker.push(chunk, this.#sink);
    } catch (error) {
      this.fail(asGatewayError(error));
    }
    this.#wake();
  }

  #sink = {
    data: (rows: number, bytes: number) => this.#attribution.data(rows, bytes),
    message: (type: number, body: Buffer) => {
      if (type === BACK.parameterStatus) {
        const [name, value] = body.toString('utf8').split('\0');
        if (name === 'client_encoding') this.#encoding = value ?? this.#encoding;
      }
      this.#attribution.received(type, body);
    },
    replacesError: () => this.#attribution.refusedHead !== undefined,
    replaceError: (body: Buffer) => {
      const { severity, sqlstate } = readErrorFields(body);
      return isAboutReplacement(severity, sqlstate) ? this.#attribution.refusedHead?.refusal?.response : undefined;
    },
    forward: (bytes: Buffer) => {
      if (this.#clientGone) return;
      if (!this.#client.write(bytes)) this.#target.pause();
    },
  };

  #finished(command: OpenCommand, outcome: CommandOutcome, committed: Committed): void {
    this.record.rows += command.rows;
    if (outcome === 'failure' || outcome === 'denied') this.record.failed += 1;
    this.#parts.metrics?.command(outcome);
    const { reservation, error, refusal } = command;
    // What was refused for want of room leaves no event: there is no room for it. The session's last event counts it.
    if (!reservation) return;
    if (refusal && !command.isRecorded) {
      reservation.release();
      return;
    }
    const endedAt = command.endedAt || performance.now();
    this.#parts.emitter.outcome(
      this.record.completed({
        command: command.id,
        outcome,
        ...(command.tags.length > 0 ? { tags: command.tags } : {}),
        ...(command.tagCount > command.tags.length ? { tagCount: command.tagCount } : {}),
        rows: command.rows,
        bytesOut: command.bytesOut,
        ...(command.bytesIn > 0 ? { bytesIn: command.bytesIn } : {}),
        durationUs: Math.max(0, Math.round((endedAt - command.startedAt) * 1000)),
        committed,
        ...(error ? { error: shownError(error, refusal?.sqlstate) } : {}),
      }),
      reservation,
    );
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The client will send no more. What it asked for is still answered, as the server itself would do. */
  #clientFinished(): void {
    if (this.#isClosing) return;
    const isCut = this.#framer.isMidMessage;
    this.#ending ??= {
      outcome: 'success',
      reason: this.#terminated
        ? 'the client ended the session'
        : `the client went away${isCut ? ' in the middle of a message' : ''}`,
    };
    this.#target.end();
    this.#wake();
  }

  /** The client can be told nothing any more. The target may finish what it does, so that its outcome is known. */
  #clientGoes(): void {
    if (this.#clientGone || this.#isClosing) return;
    this.#clientGone = true;
    this.#clientFinished();
    this.#target.resume();
    this.#linger = setTimeout(() => this.#target.destroy(), LINGER_MS);
  }

  #targetEnded(error?: Error): void {
    if (this.#isClosing) return;
    const fatal = this.#fatal;
    if (fatal) {
      this.#ending ??= {
        outcome: 'failure',
        reason: 'the target ended the session',
        error: { code: fatal.sqlstate, message: fatal.message.slice(0, 300).toWellFormed() },
      };
    } else if (!this.#ending) {
      const failure = new GatewayError({
        code: 'GATEWAY_TARGET_LOST',
        sqlstate: '08006',
        message: `the connection to the target was lost${error ? `: ${describeError(error)}` : ''}`,
        remedy: 'Connect again; what was under way may or may not have been done.',
        retry: 'now',
      });
      this.fail(failure);
      return;
    }
    this.#close();
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearTimeout(this.#linger);
    this.#attribution.end();
    this.#wake();
    this.#target.destroy();
    this.#client.end();
    // A client that does not read must not keep the socket: what was said is said.
    setTimeout(() => this.#client.destroy(), 2_000).unref();
    this.#parts.emitter.outcome(
      this.record.closed(this.#ending ?? { outcome: 'success', reason: 'ended' }),
      this.#parts.reservation,
      this.#parts.onRecorded,
    );
    this.#resolveEnded();
  }
}

const KINDS: Record<number, Refusable> = {
  [FRONT.query]: 'query',
  [FRONT.parse]: 'parse',
  [FRONT.bind]: 'bind',
  [FRONT.functionCall]: 'function',
};

function shownError(
  error: { sqlstate: string; severity: string; message: string; stage: string },
  refusedWith: string | undefined,
): NonNullable<EventData<'command.completed'>['error']> {
  return {
    sqlstate: (refusedWith ?? error.sqlstate).slice(0, 5),
    severity: error.severity.slice(0, 16).toWellFormed(),
    message: error.message.slice(0, 500).toWellFormed(),
    stage: refusedWith ? 'refused' : error.stage,
  };
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError({
    code: error instanceof AffidavitError ? error.code : 'GATEWAY_INTERNAL',
    sqlstate: 'XX000',
    message: describeError(error),
    remedy: error instanceof AffidavitError ? error.remedy : 'This is a defect of the gateway; its log says more.',
    retry: 'later',
    cause: error,
  });
}
