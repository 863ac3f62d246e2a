/** The line to the target: TCP, TLS as the policy says, and a login with credentials that the agent never sees. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describeError } from '#events';
import { type PolicyConnection, readSecret } from '#platform';
import { GatewayError, targetUnavailable } from '../errors.js';
import { BACK, cString, FRONT, int32, message, readErrorFields, STARTUP } from './messages.js';
import { MECHANISM, ScramClient } from './scram.js';
import { SocketInput } from './socket-input.js';

export type Target = PolicyConnection['target'];

/** A session at the target, after its first ReadyForQuery. */
export interface Upstream {
  socket: Socket;
  /** ParameterStatus messages of the login, as they came, for the client. */
  parameterStatus: Buffer;
  encoding: string;
  /** Never leaves the gateway: the client gets a key of ours. */
  key: { pid: number; secret: Buffer };
  /** Bytes that followed ReadyForQuery. */
  rest: Buffer;
}

const CONNECT_TIMEOUT_MS = 10_000;
const LOGIN_LIMIT = 64 * 1024;

/**
 * A socket to the target, encrypted where its policy says so. Nothing has been said on it yet.
 * @throws GATEWAY_TARGET_UNAVAILABLE (SQLSTATE 08001)
 */
export async function dial(target: Target, signal?: AbortSignal): Promise<Socket> {
  const where = `${target.host}:${target.port}`;
  const socket = connectTcp({ host: target.host, port: target.port, noDelay: true, keepAlive: true });
  const abort = () => socket.destroy(new Error('no longer wanted'));
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)),
    CONNECT_TIMEOUT_MS,
  );
  try {
    await event(socket, 'connect');
    return target.tls.mode === 'disable' ? socket : await encrypted(socket, target);
  } catch (cause) {
    socket.destroy();
    if (cause instanceof GatewayError) throw cause;
    throw targetUnavailable(`the target ${where} cannot be reached: ${describeError(cause)}`, cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function event(socket: Socket, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (finish: () => void) => {
      socket.off(name, ok).off('error', failed).off('close', closed);
      finish();
    };
    const ok = () => done(resolve);
    const failed = (error: Error) => done(() => reject(error));
    const closed = () => done(() => reject(new Error('the target closed the connection')));
    socket.once(name, ok).once('error', failed).once('close', closed);
  });
}

async function encrypted(socket: Socket, target: Target): Promise<Socket> {
  socket.write(Buffer.concat([int32(8), int32(STARTUP.ssl)]));
  const input = new SocketInput(socket);
  const answer = (await input.readExactly(1)).toString('latin1');
  const rest = input.detach();
  if (answer !== 'S' || rest.length > 0) {
    throw targetUnavailable(
      answer === 'S'
        ? 'the target sent unencrypted bytes before TLS began'
        : `the target ${target.host}:${target.port} does not speak TLS, which its policy demands`,
    );
  }
  const verifies = target.tls.mode === 'verify-full';
  const secure = connectTls({
    socket,
    rejectUnauthorized: verifies,
    ALPNProtocols: ['postgresql'],
    // The name the certificate is compared with; without it Node would compare with 'localhost'.
    host: target.host,
    ...(isIP(target.host) ? {} : { servername: target.host }),
    ...(target.tls.ca === undefined ? {} : { ca: readFileSync(target.tls.ca) }),
    ...(verifies ? {} : { checkServerIdentity: () => undefined }),
  });
  await event(secure, 'secureConnect');
  return secure;
}

/**
 * Opens a session at the target.
 * @param settings what the client asked for and the allow-list let through
 * @throws GATEWAY_TARGET_UNAVAILABLE, GATEWAY_TARGET_NOT_GENUINE, CONFIG_SECRET_MISSING
 */
export async function openUpstream(
  target: Target,
  settings: Record<string, string>,
  signal?: AbortSignal,
): Promise<Upstream> {
  const password = readSecret(target.password);
  const socket = await dial(target, signal);
  const abort = () => socket.destroy(new Error('no longer wanted'));
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
  const ignore = () => undefined;
  socket.on('error', ignore);
  try {
    const pairs = Object.entries({ ...settings, user: target.user, database: target.database });
    const body = Buffer.concat([
      int32(STARTUP.protocol3),
      ...pairs.flatMap(([name, value]) => [cString(name), cString(value)]),
      Buffer.from([0]),
    ]);
    socket.write(Buffer.concat([int32(body.length + 4), body]));
    return await login(socket, target, password);
  } catch (cause) {
    socket.destroy();
    if (cause instanceof GatewayError && cause.sqlstate.startsWith('08') && cause.code.startsWith('GATEWAY_TARGET')) {
      throw cause;
    }
    throw targetUnavailable(`the login at ${target.host}:${target.port} failed: ${describeError(cause)}`, cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    socket.off('error', ignore);
  }
}

async function login(socket: Socket, target: Target, password: string): Promise<Upstream> {
  const input = new SocketInput(socket);
  const status: Buffer[] = [];
  let encoding = 'SQL_ASCII';
  let key = { pid: 0, secret: Buffer.alloc(0) };
  let isAuthenticated = false;
  let isGenuine = false;
  let scram: ScramClient | undefined;
  for (;;) {
    const { type, body } = await input.readMessage(LOGIN_LIMIT);
    switch (type) {
      case BACK.authentication: {
        const kind = body.readInt32BE(0);
        const text = body.toString('utf8', 4);
        if (kind === 0) {
          // A server that lets anybody in has not proved that it is ours, but that is the target's policy, not ours.
          if (scram && !isGenuine)
            throw targetUnavailable('the target ended SCRAM without proving that it knows the password');
          isAuthenticated = true;
        } else if (kind === 10) {
          if (!text.split('\0').includes(MECHANISM)) throw targetUnavailable('the target offers no SCRAM-SHA-256');
          scram = new ScramClient(password);
          const first = Buffer.from(scram.first);
          socket.write(message(FRONT.password, cString(MECHANISM), int32(first.length), first));
        } else if (kind === 11 && scram) {
          socket.write(message(FRONT.password, Buffer.from(await scram.final(text))));
        } else if (kind === 12 && scram) {
          scram.verify(text);
          isGenuine = true;
        } else if (kind === 5) {
          const inner = md5(`${password}${target.user}`);
          socket.write(
            message(FRONT.password, cString(`md5${md5(Buffer.concat([Buffer.from(inner), body.subarray(4, 8)]))}`)),
          );
        } else if (kind === 3 && target.tls.mode === 'verify-full') {
          socket.write(message(FRONT.password, cString(password)));
        } else {
          throw targetUnavailable(
            kind === 3
              ? 'the target asks for the password in clear text, which is sent only under tls mode verify-full'
              : `the target asks for authentication method ${kind}, which is not spoken here`,
          );
        }
        break;
      }
      case BACK.parameterStatus: {
        status.push(message(type, body));
        const [name, value] = body.toString('utf8').split('\0');
        if (name === 'client_encoding') encoding = value ?? encoding;
        break;
      }
      case BACK.keyData:
        key = { pid: body.readInt32BE(0), secret: Buffer.from(body.subarray(4)) };
        break;
      case BACK.readyForQuery:
        if (!isAuthenticated) throw targetUnavailable('the target skipped authentication');
        return { socket, parameterStatus: Buffer.concat(status), encoding, key, rest: input.detach() };
      case BACK.error: {
        const { sqlstate, message: said } = readErrorFields(body);
        throw targetUnavailable(`the target ${target.host}:${target.port} refused the login (${sqlstate}): ${said}`);
      }
      case BACK.notice:
      case BACK.negotiateVersion:
        break;
      default:
        throw targetUnavailable(`the target sent a message of type 0x${type.toString(16)} during the login`);
    }
  }
}

/** What PostgreSQL's md5 method asks for; the method is the target's choice, SCRAM is ours. */
function md5(text: string | Buffer): string {
  return createHash('md5').update(text).digest('hex');
}

/**
 * Sends a cancel request for a session at the target. Resolves when the target has taken it and closed the connection.
 * @throws GATEWAY_TARGET_UNAVAILABLE
 */
export async function cancelUpstream(target: Target, key: { pid: number; secret: Buffer }): Promise<void> {
  const socket = await dial(target);
  try {
    socket.on('error', () => undefined).resume();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    socket.write(Buffer.concat([int32(12 + key.secret.length), int32(STARTUP.cancel), int32(key.pid), key.secret]));
    await closed;
    clearTimeout(timer);
  } finally {
    socket.destroy();
  }
}
