import { connect, type Socket } from 'node:net';
import { cString, FRONT, int32, message, readErrorFields, STARTUP } from '../../apps/gateway/src/postgres/messages.js';
import { MECHANISM, ScramClient } from '../../apps/gateway/src/postgres/scram.js';
import { SocketInput } from '../../apps/gateway/src/postgres/socket-input.js';

export interface Received {
  /** The letter of its type. */
  type: string;
  body: Buffer;
}

const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

/** Messages a test sends. */
export const say = {
  query: (sql: string | Buffer) => message(FRONT.query, Buffer.isBuffer(sql) ? sql : cString(sql)),
  parse: (sql: string, name = '') => message(FRONT.parse, cString(name), cString(sql), int16(0)),
  bind: (statement = '', portal = '', ...parameters: (string | null)[]) =>
    message(
      FRONT.bind,
      cString(portal),
      cString(statement),
      int16(0),
      int16(parameters.length),
      ...parameters.map((one) => {
        const bytes = Buffer.from(one ?? '');
        return one === null ? int32(-1) : Buffer.concat([int32(bytes.length), bytes]);
      }),
      int16(0),
    ),
  execute: (portal = '', maxRows = 0) => message(FRONT.execute, cString(portal), int32(maxRows)),
  describePortal: (portal = '') => message(FRONT.describe, Buffer.from('P'), cString(portal)),
  closeStatement: (name: string) => message(FRONT.close, Buffer.from('S'), cString(name)),
  sync: () => message(FRONT.sync),
  flush: () => message(FRONT.flush),
  terminate: () => message(FRONT.terminate),
  copyData: (text: string) => message(FRONT.copyData, Buffer.from(text)),
  copyDone: () => message(FRONT.copyDone),
  functionCall: (oid: number) => message(FRONT.functionCall, int32(oid), int16(0), int16(0), int16(0)),
  /** Parse, Bind, Execute of the unnamed. */
  run: (sql: string) => Buffer.concat([say.parse(sql), say.bind(), say.execute()]),
};

export function startupPacket(parameters: Record<string, string>, code: number = STARTUP.protocol3): Buffer {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [cString(name), cString(value)]);
  const body = Buffer.concat([int32(code), ...pairs, Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** A client that sends the bytes it is told to, for what no well-behaved client does. */
export class RawPostgres {
  readonly socket: Socket;
  readonly input: SocketInput;
  pid = 0;
  secret = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.input = new SocketInput(socket);
    socket.on('error', () => undefined);
  }

  /** A connection on which nothing was said. */
  static open(port: number): Promise<RawPostgres> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawPostgres(socket)));
    });
  }

  /** Logged in, up to the first ReadyForQuery. @throws an Error whose message begins with the SQLSTATE */
  static async login(url: string, extra: Record<string, string> = {}): Promise<RawPostgres> {
    const { username, password, port, pathname } = new URL(url);
    const raw = await RawPostgres.open(Number(port));
    raw.send(startupPacket({ user: username, database: pathname.slice(1), ...extra }));
    const scram = new ScramClient(decodeURIComponent(password));
    for (;;) {
      const { type, body } = await raw.next();
      if (type === 'E') throw new Error(sqlstateOf(body));
      if (type === 'K') {
        raw.pid = body.readInt32BE(0);
        raw.secret = body.readInt32BE(4);
      }
      if (type === 'Z') return raw;
      if (type !== 'R') continue;
      const kind = body.readInt32BE(0);
      const text = body.toString('utf8', 4);
      if (kind === 10) {
        const first = Buffer.from(scram.first);
        raw.send(message(FRONT.password, cString(MECHANISM), int32(first.length), first));
      } else if (kind === 11) raw.send(message(FRONT.password, Buffer.from(await scram.final(text))));
      else if (kind === 12) scram.verify(text);
    }
  }

  send(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** One byte a packet, as far as the kernel lets us. */
  async sendSlowly(bytes: Buffer): Promise<void> {
    for (const byte of bytes) {
      this.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async next(): Promise<Received> {
    const { type, body } = await this.input.readMessage(0x3fff_ffff);
    return { type: String.fromCharCode(type), body: Buffer.from(body) };
  }

  /** Everything up to the `count`th ReadyForQuery. */
  async untilReady(count = 1): Promise<Received[]> {
    const got: Received[] = [];
    for (let seen = 0; seen < count; ) {
      const one = await this.next();
      got.push(one);
      if (one.type === 'Z') seen += 1;
    }
    return got;
  }

  /** Everything until the other side closes. */
  async untilClosed(): Promise<Received[]> {
    const got: Received[] = [];
    try {
      for (;;) got.push(await this.next());
    } catch {
      return got;
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

export function sqlstateOf(body: Buffer): string {
  const { sqlstate, message: said } = readErrorFields(body);
  return `${sqlstate} ${said}`;
}

/** Messages as one line: `2 D×3 C:SELECT 3 Z:I`; notices and parameter changes left out. */
export function told(messages: Received[]): string {
  const out: string[] = [];
  let rows = 0;
  for (const { type, body } of messages) {
    if (type === 'D') {
      rows += 1;
      continue;
    }
    if (rows > 0) out.push(`D×${rows}`);
    rows = 0;
    if (type === 'N' || type === 'S' || type === 'A') continue;
    if (type === 'C') out.push(`C:${body.toString('latin1', 0, body.length - 1)}`);
    else if (type === 'Z') out.push(`Z:${body.toString('latin1')}`);
    else if (type === 'E') out.push(`E:${readErrorFields(body).sqlstate}`);
    else out.push(type);
  }
  return out.join(' ');
}
