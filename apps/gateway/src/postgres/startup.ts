/**
 * What a client says before it is anybody: encryption requests, the startup packet, a cancel request.
 *
 * In brief: int32 length, int32 code, the rest. SSLRequest is answered by one byte, and TLS begins with the next: bytes that
 * came in the same packet were not encrypted and are refused (CVE-2021-23214). A CancelRequest gets no answer at all.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { notAllowed, protocolViolation } from '../errors.js';
import { BACK, cString, int32, message, STARTUP } from './messages.js';
import { SocketInput } from './socket-input.js';

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
const STARTUP_LIMIT = 10_000;

export interface StartupRequest {
  kind: 'startup';
  user: string;
  /** The database name of the client: our connection name. */
  connection: string;
  application: string | undefined;
  /** Settings to pass on to the target, all of them allowed. */
  settings: Record<string, string>;
  socket: Socket;
  input: SocketInput;
  isTls: boolean;
}

export interface CancelRequest {
  kind: 'cancel';
  pid: number;
  secret: Buffer;
}

/**
 * Reads up to the startup packet. A cancel request leaves no socket to talk to.
 * @throws GATEWAY_PROTOCOL_VIOLATION, GATEWAY_NOT_ALLOWED; `onSocket` has heard of the socket on which to answer
 */
export async function readStartup(
  plain: Socket,
  secureContext: SecureContext | undefined,
  onSocket: (socket: Socket) => void,
): Promise<StartupRequest | CancelRequest | undefined> {
  let socket = plain;
  let input = new SocketInput(socket);
  let isTls = false;
  let hasAskedForGss = false;
  for (;;) {
    const first = await input.read();
    // Probes of load balancers connect and go.
    if (!first) return undefined;
    const header = first.length >= 8 ? first : Buffer.concat([first, await input.readExactly(8 - first.length)]);
    const length = header.readInt32BE(0);
    const code = header.readInt32BE(4);
    if (length < 8 || length > STARTUP_LIMIT) throw protocolViolation(`a startup packet of ${length} bytes`);
    const isRequest = code === STARTUP.ssl || code === STARTUP.gss;
    if (isRequest) {
      if (length !== 8 || header.length > 8 || input.unread > 0) {
        throw protocolViolation('unencrypted bytes after a request for encryption');
      }
      if (code === STARTUP.gss) {
        if (hasAskedForGss) throw protocolViolation('a second request for GSS encryption');
        hasAskedForGss = true;
        socket.write('N');
        continue;
      }
      if (isTls) throw protocolViolation('a request for TLS inside TLS');
      if (!secureContext) {
        socket.write('N');
        continue;
      }
      input.detach();
      socket.write('S');
      socket = await startTls(socket, secureContext);
      onSocket(socket);
      input = new SocketInput(socket);
      isTls = true;
      continue;
    }
    if (header.length > length) throw protocolViolation('bytes after the startup packet, before its answer');
    const body = Buffer.concat([header, await input.readExactly(length - header.length)]).subarray(8);
    if (code === STARTUP.cancel) {
      if (body.length < 8) throw protocolViolation('a cancel request that is too short');
      return { kind: 'cancel', pid: body.readInt32BE(0), secret: body.subarray(4) };
    }
    if (code >>> 16 !== 3)
      throw protocolViolation(`protocol version ${code >>> 16}.${code & 0xffff} is not spoken here`);
    return { ...readParameters(body, code & 0xffff, socket), kind: 'startup', socket, input, isTls };
  }
}

function startTls(socket: Socket, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    secure.once('secure', () => {
      secure.off('error', reject);
      resolve(secure);
    });
    secure.once('error', reject);
    secure.once('close', () => reject(protocolViolation('the client went away during the TLS handshake')));
  });
}

function readParameters(body: Buffer, minor: number, socket: Socket) {
  if (body.length === 0 || body[body.length - 1] !== 0) throw protocolViolation('a startup packet without its end');
  const parameters = new Map<string, string>();
  const unsupported: string[] = [];
  let at = 0;
  const string = (): string => {
    const end = body.indexOf(0, at);
    if (end < 0) throw protocolViolation('a startup packet without its end');
    const text = body.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  while (body[at] !== 0 && at < body.length) {
    const name = string();
    const value = string();
    if (name.startsWith('_pq_.')) unsupported.push(name);
    else parameters.set(name, value);
  }
  if (at !== body.length - 1) throw protocolViolation('a startup packet with bytes after its end');
  if (minor > 0 || unsupported.length > 0) {
    socket.write(message(BACK.negotiateVersion, int32(0), int32(unsupported.length), ...unsupported.map(cString)));
  }
  const user = parameters.get('user');
  if (!user) throw protocolViolation('a startup packet without a user');
  return {
    user,
    connection: parameters.get('database') || user,
    application: parameters.get('application_name'),
    settings: allowedSettings(parameters),
  };
}

/**
 * What may ride in with the startup packet. Everything else can be said later with SET, where it stands on the record as a
 * command; `replication` opens another protocol altogether.
 */
const ALLOWED = new Set([
  'application_name',
  'client_encoding',
  'client_min_messages',
  'datestyle',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'geqo',
  'idle_in_transaction_session_timeout',
  'intervalstyle',
  'jit',
  'lock_timeout',
  'search_path',
  'statement_timeout',
  'timezone',
]);

function allowedSettings(parameters: Map<string, string>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database') continue;
    if (name === 'options') {
      for (const [option, given] of readOptions(value)) allow(settings, option, given);
      continue;
    }
    if (name === 'replication') {
      if (/^(false|off|no|0)$/i.test(value)) continue;
      throw notAllowed(
        'replication connections are not passed on: they carry no commands to record',
        'Connect without replication=, or reach the target directly for replication.',
      );
    }
    allow(settings, name, value);
  }
  return settings;
}

function allow(settings: Record<string, string>, name: string, value: string): void {
  if (!ALLOWED.has(name.toLowerCase()) || value.length > 1024) {
    throw notAllowed(
      `the startup setting "${name.slice(0, 60)}" is not passed on`,
      'Leave it out and use SET after connecting: there it is a command, and on the record.',
    );
  }
  settings[name] = value;
}

/** `-c name=value` and `--name=value`, with backslash escapes, as the server's own pg_split_opts and getopt read them. */
function readOptions(text: string): [string, string][] {
  const words = (text.match(/(?:\\[\s\S]|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\([\s\S])/g, '$1'));
  const settings: [string, string][] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    let pair = word.startsWith('--') ? word.slice(2) : undefined;
    if (word === '-c') pair = words[++at];
    else if (word.startsWith('-c')) pair = word.slice(2);
    const cut = pair?.indexOf('=') ?? -1;
    if (pair === undefined || cut < 1) {
      throw notAllowed(
        `the startup option "${word.slice(0, 60)}" is not passed on`,
        'Leave it out of PGOPTIONS, or use SET after connecting.',
      );
    }
    settings.push([pair.slice(0, cut).replaceAll('-', '_'), pair.slice(cut + 1)]);
  }
  return settings;
}
