/**
 * The PostgreSQL protocol 3.0 as bytes: message types, building messages, and taking two streams apart.
 *
 * In brief: a message is a type byte, an int32 length that counts itself, and a body. Startup packets lack the type.
 * Source: PostgreSQL 18 documentation, chapter "Frontend/Backend Protocol".
 *
 * Nothing here does I/O. {@link ClientFramer} yields what a client sent, message by message; {@link ServerWalker} looks
 * at what a server sends without holding it back: rows are counted and skipped by length, no object is made per row.
 */
import { protocolViolation } from '../errors.js';

const code = (letter: string): number => letter.charCodeAt(0);

/** Types of messages from the client. */
export const FRONT = {
  query: code('Q'),
  parse: code('P'),
  bind: code('B'),
  execute: code('E'),
  functionCall: code('F'),
  describe: code('D'),
  close: code('C'),
  sync: code('S'),
  flush: code('H'),
  terminate: code('X'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  password: code('p'),
} as const;

/** Types of messages from the server. */
export const BACK = {
  authentication: code('R'),
  keyData: code('K'),
  parameterStatus: code('S'),
  readyForQuery: code('Z'),
  parseComplete: code('1'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  rowDescription: code('T'),
  noData: code('n'),
  parameterDescription: code('t'),
  dataRow: code('D'),
  commandComplete: code('C'),
  emptyQuery: code('I'),
  portalSuspended: code('s'),
  error: code('E'),
  notice: code('N'),
  notification: code('A'),
  copyIn: code('G'),
  copyOut: code('H'),
  copyBoth: code('W'),
  copyData: code('d'),
  copyDone: code('c'),
  functionResult: code('V'),
  negotiateVersion: code('v'),
} as const;

/** Codes of startup packets. */
export const STARTUP = { ssl: 80877103, gss: 80877104, cancel: 80877102, protocol3: 0x0003_0000 } as const;

/** PostgreSQL's own limit for messages that carry no text (PQ_SMALL_MESSAGE_LIMIT in libpq/libpq.h). */
const SMALL_LIMIT = 10_000;
/** Larger statements and parameter lists are not held in memory but taken in parts. */
export const INLINE_LIMIT = 256 * 1024;

const EMPTY = Buffer.alloc(0);

/** One message. */
export function message(type: number, ...body: Buffer[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 4);
  const out = Buffer.allocUnsafe(length + 1);
  out[0] = type;
  out.writeInt32BE(length, 1);
  let at = 5;
  for (const part of body) at += part.copy(out, at);
  return out;
}

/** A string as the protocol writes it: its bytes and a NUL. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '')}\0`, 'utf8');
}

export function int32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeInt32BE(value | 0, 0);
  return out;
}

export interface ErrorFields {
  severity: 'ERROR' | 'FATAL';
  sqlstate: string;
  message: string;
  detail?: string;
  hint?: string;
}

export function errorResponse(fields: ErrorFields): Buffer {
  const field = (letter: string, text: string) => Buffer.concat([Buffer.from(letter), cString(text)]);
  return message(
    BACK.error,
    field('S', fields.severity),
    field('V', fields.severity),
    field('C', fields.sqlstate),
    field('M', fields.message),
    ...(fields.detail ? [field('D', fields.detail)] : []),
    ...(fields.hint ? [field('H', fields.hint)] : []),
    Buffer.from([0]),
  );
}

/** The fields of an ErrorResponse by their letter; a body that was cut gives the fields it still has. */
export function readErrorFields(body: Buffer): { severity: string; sqlstate: string; message: string } {
  const fields: Record<string, string> = {};
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const letter = String.fromCharCode(body[at] as number);
    const found = body.indexOf(0, at + 1);
    const end = found < 0 ? body.length : found;
    fields[letter] = body.toString('utf8', at + 1, end);
    at = end + 1;
  }
  return { severity: fields.V ?? fields.S ?? 'ERROR', sqlstate: fields.C ?? 'XX000', message: fields.M ?? '' };
}

/** What a client sent next. Buffers are views into what was fed, valid as long as it is. */
export type ClientFrame =
  /** One whole message, header included. */
  | { kind: 'message'; type: number; bytes: Buffer }
  /** CopyData, any number of messages or a part of one: to be passed on as it is. */
  | { kind: 'copy'; bytes: Buffer }
  /** The header of a message above {@link INLINE_LIMIT}; its body follows as parts. */
  | { kind: 'large'; type: number; bodyBytes: number }
  | { kind: 'part'; bytes: Buffer; last: boolean };

/**
 * Takes a client's stream apart. Feed chunks as they come, then take frames until there is none.
 * A small message is held until it is whole; CopyData and large messages are not held.
 */
export class ClientFramer {
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Pieces of a message that is not whole yet, and how long they are together. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes still missing for the held message (its header, if that is not known). */
  #missing = 0;
  #copyLeft = 0;
  #partsLeft = 0;

  /** Bytes of an unfinished message: a client that goes away now stopped in its middle. */
  get isMidMessage(): boolean {
    return this.#heldBytes > 0 || this.#copyLeft > 0 || this.#partsLeft > 0;
  }

  feed(chunk: Buffer): void {
    if (this.#at < this.#chunk.length) throw new Error('fed before the last chunk was used up');
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** @throws GATEWAY_PROTOCOL_VIOLATION */
  next(): ClientFrame | undefined {
    for (;;) {
      const available = this.#chunk.length - this.#at;
      if (available === 0) return undefined;
      if (this.#copyLeft > 0) return this.#copy(this.#at);
      if (this.#partsLeft > 0) {
        const taken = Math.min(available, this.#partsLeft);
        this.#partsLeft -= taken;
        return { kind: 'part', bytes: this.#take(taken), last: this.#partsLeft === 0 };
      }
      if (this.#heldBytes > 0) {
        const piece = this.#take(Math.min(available, this.#missing));
        this.#held.push(piece);
        this.#heldBytes += piece.length;
        this.#missing -= piece.length;
        if (this.#missing > 0) return undefined;
        // One copy per message, however small the pieces were.
        const joined = Buffer.concat(this.#held, this.#heldBytes);
        this.#held = [];
        this.#heldBytes = 0;
        const frame = this.#frameOf(joined);
        if (frame) return frame;
        continue;
      }
      if (available < 5) {
        this.#hold(this.#take(available), 5);
        return undefined;
      }
      const type = this.#chunk[this.#at] as number;
      const length = checkedLength(type, this.#chunk.readInt32BE(this.#at + 1));
      if (type === FRONT.copyData) return this.#copy(this.#at);
      if (isLarge(type, length)) {
        this.#at += 5;
        return this.#large(type, length);
      }
      if (available < length + 1) {
        this.#hold(this.#take(available), length + 1);
        return undefined;
      }
      return { kind: 'message', type, bytes: this.#take(length + 1) };
    }
  }

  #take(bytes: number): Buffer {
    const piece = this.#chunk.subarray(this.#at, this.#at + bytes);
    this.#at += bytes;
    return piece;
  }

  #hold(piece: Buffer, whole: number): void {
    this.#held = [piece];
    this.#heldBytes = piece.length;
    this.#missing = whole - piece.length;
  }

  /** A header that came in pieces, or a whole message that did. */
  #frameOf(bytes: Buffer): ClientFrame | undefined {
    const type = bytes[0] as number;
    const length = checkedLength(type, bytes.readInt32BE(1));
    if (type === FRONT.copyData) {
      this.#copyLeft = length - 4;
      return { kind: 'copy', bytes };
    }
    if (bytes.length === length + 1) return { kind: 'message', type, bytes };
    if (isLarge(type, length)) return this.#large(type, length);
    this.#hold(bytes, length + 1);
    return undefined;
  }

  #large(type: number, length: number): ClientFrame {
    this.#partsLeft = length - 4;
    return { kind: 'large', type, bodyBytes: length - 4 };
  }

  /** Runs over CopyData messages that lie side by side, so that a line of COPY costs no object. */
  #copy(from: number): ClientFrame {
    const chunk = this.#chunk;
    let at = from;
    for (;;) {
      const taken = Math.min(this.#copyLeft, chunk.length - at);
      at += taken;
      this.#copyLeft -= taken;
      if (this.#copyLeft > 0 || chunk.length - at < 5 || chunk[at] !== FRONT.copyData) break;
      this.#copyLeft = checkedLength(FRONT.copyData, chunk.readInt32BE(at + 1)) - 4;
      at += 5;
    }
    this.#at = at;
    return { kind: 'copy', bytes: chunk.subarray(from, at) };
  }
}

const UNLIMITED = new Set<number>([FRONT.query, FRONT.parse, FRONT.bind, FRONT.functionCall, FRONT.copyData]);
const KNOWN = new Set<number>(Object.values(FRONT).filter((type) => type !== FRONT.password));

function isLarge(type: number, length: number): boolean {
  return length - 4 > INLINE_LIMIT && UNLIMITED.has(type);
}

function checkedLength(type: number, length: number): number {
  if (!KNOWN.has(type)) throw protocolViolation(`unknown message type 0x${type.toString(16).padStart(2, '0')}`);
  if (length < 4 || (length > SMALL_LIMIT && !UNLIMITED.has(type))) {
    throw protocolViolation(`a message of type '${String.fromCharCode(type)}' cannot be ${length} bytes long`);
  }
  return length;
}

/** What is told about a server's stream. */
export interface ServerSink {
  /** A run of DataRow messages, bytes with headers; or CopyData (rows 0). */
  data(rows: number, bytes: number): void;
  /** Any other message. `body` is whole for CommandComplete, ReadyForQuery and ParameterStatus, begins an ErrorResponse, else is empty. */
  message(type: number, body: Buffer): void;
  /** True while the next ErrorResponse is not to be passed on as it is: it is then held until it is whole. */
  replacesError(): boolean;
  /** What the client gets in place of the ErrorResponse with this body; undefined: the ErrorResponse itself. */
  replaceError(body: Buffer): Buffer | undefined;
  /** Bytes for the client, in order. */
  forward(bytes: Buffer): void;
}

/** An ErrorResponse is looked at this far; severity, SQLSTATE and message come first in practice. */
const CAPTURE_LIMIT = 16 * 1024;
const INSPECTED = new Set<number>([BACK.commandComplete, BACK.readyForQuery, BACK.parameterStatus, BACK.error]);
const BACK_KNOWN = new Set<number>(Object.values(BACK));

/** Looks at a server's stream while it passes. Holds back at most 4 bytes of a header that is not whole. */
export class ServerWalker {
  #skip = 0;
  #type = 0;
  #need = 0;
  #capture: Buffer[] = [];
  #captured = 0;
  #replacing = false;
  #header = Buffer.alloc(5);
  #headerBytes = 0;

  /** @throws GATEWAY_PROTOCOL_VIOLATION for a message that no server of protocol 3.0 sends */
  push(chunk: Buffer, sink: ServerSink): void {
    const end = chunk.length;
    let at = 0;
    let from = 0;
    let rows = 0;
    let rowBytes = 0;
    while (at < end) {
      if (this.#skip > 0) {
        const taken = Math.min(this.#skip, end - at);
        this.#skip -= taken;
        at += taken;
        continue;
      }
      if (this.#need > 0) {
        const taken = Math.min(this.#need, end - at);
        const piece = chunk.subarray(at, at + taken);
        if (this.#replacing || this.#captured < CAPTURE_LIMIT) {
          this.#capture.push(piece);
          this.#captured += taken;
        }
        this.#need -= taken;
        at += taken;
        if (this.#replacing) from = at;
        if (this.#need === 0) this.#captureDone(sink);
        continue;
      }
      let type: number;
      let length: number;
      let start = at;
      if (this.#headerBytes > 0 || end - at < 5) {
        const taken = Math.min(5 - this.#headerBytes, end - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + taken);
        this.#headerBytes += taken;
        if (at > from) sink.forward(chunk.subarray(from, at));
        at += taken;
        from = at;
        start = at;
        if (this.#headerBytes < 5) break;
        this.#headerBytes = 0;
        type = this.#header[0] as number;
        length = this.#header.readInt32BE(1);
        if (!(type === BACK.error && sink.replacesError())) sink.forward(Buffer.from(this.#header));
      } else {
        type = chunk[at] as number;
        length = chunk.readInt32BE(at + 1);
        at += 5;
      }
      if (length < 4 || !BACK_KNOWN.has(type)) {
        throw protocolViolation(`the target sent a message of type 0x${type.toString(16)} and length ${length}`);
      }
      const body = length - 4;
      if (type === BACK.dataRow) {
        rows += 1;
        rowBytes += length + 1;
        this.#skip = body;
        continue;
      }
      if (type === BACK.copyData) {
        rowBytes += length + 1;
        this.#skip = body;
        continue;
      }
      if (rowBytes > 0) {
        sink.data(rows, rowBytes);
        rows = 0;
        rowBytes = 0;
      }
      if (!INSPECTED.has(type)) {
        sink.message(type, EMPTY);
        this.#skip = body;
        continue;
      }
      this.#replacing = type === BACK.error && sink.replacesError();
      if (this.#replacing) {
        if (start > from) sink.forward(chunk.subarray(from, start));
        from = at;
      } else if (end - at >= body) {
        sink.message(type, chunk.subarray(at, at + body));
        at += body;
        continue;
      }
      this.#type = type;
      this.#need = body;
      this.#capture = [];
      this.#captured = 0;
      if (body === 0) this.#captureDone(sink);
    }
    if (rowBytes > 0) sink.data(rows, rowBytes);
    if (end > from) sink.forward(from === 0 ? chunk : chunk.subarray(from, end));
  }

  #captureDone(sink: ServerSink): void {
    const body = Buffer.concat(this.#capture);
    this.#capture = [];
    if (this.#replacing) {
      this.#replacing = false;
      sink.forward(sink.replaceError(body) ?? message(BACK.error, body));
    }
    sink.message(this.#type, body);
  }
}
