/**
 * The PostgreSQL door: accepts connections, finds out who and where to, opens the target, and starts the relay.
 *
 * In brief: startup → login → policy → `session.opened` durable → target → relay. Whatever fails on the way is told to the client
 * with an SQLSTATE, and is on the record as `session.denied` or as a closed session.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { describeError, type EventDraft, type Identity, instantOfMillis } from '#events';
import { listen, type Policy, type PolicyConnection, type PolicyIdentity, retentionClassOf } from '#platform';
import type { Emitter, Reservation } from '../emitter.js';
import { GatewayError, notAllowed, protocolViolation } from '../errors.js';
import { SessionRecord } from '../session-record.js';
import type { OpenSessions } from '../sessions.js';
import { CancelKeys } from './cancel.js';
import { authenticate } from './login.js';
import { BACK, errorResponse, int32, message } from './messages.js';
import { PostgresSession, type SessionMetrics } from './session.js';
import { type CancelRequest, readStartup, type StartupRequest } from './startup.js';
import { cancelUpstream, openUpstream, type Upstream } from './upstream.js';

export interface PostgresGatewayOptions {
  policy: () => Policy;
  emitter: Emitter;
  sessions: OpenSessions;
  logger: {
    info(fields: object, text: string): void;
    warn(fields: object, text: string): void;
    error(fields: object, text: string): void;
  };
  /** Certificate and key, PEM, read anew when the policy changes. */
  tls?: () => { cert: Buffer; key: Buffer } | undefined;
  /** Private to this gateway; the made-up salts of unknown identities come from it. */
  secret: Buffer;
  metrics?: SessionMetrics & { denied(code: string): void };
  /** From the connection to the end of the login. */
  loginTimeoutMs?: number;
  now?: () => number;
}

const LOGIN_TIMEOUT_MS = 30_000;
/** PostgreSQL's own default is 100 a server; behind this many the queue is the client's. */
const BACKLOG_LOGINS = 512;
/** A client whose machine is gone is found out by the kernel, as with the server's own tcp_keepalives_idle. */
const KEEP_ALIVE_MS = 60_000;
/** Denials on record: one each 20 ms, a hundred at once, and nobody waits longer than this for it. */
const DENIAL_EVERY_MS = 20;
const DENIAL_BURST = 100;
const DENIAL_WAIT_MS = 5_000;

export class PostgresGateway {
  #options: PostgresGatewayOptions;
  #server: Server;
  #cancelKeys = new CancelKeys();
  #relays = new Set<PostgresSession>();
  #logins = new Set<AbortController>();
  #isClosing = false;
  #now: () => number;

  constructor(options: PostgresGatewayOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, allowHalfOpen: true },
      (socket) => void this.#accept(socket),
    );
  }

  get openSessions(): number {
    return this.#relays.size;
  }

  /** @returns the port. @throws PLATFORM_PORT_TAKEN */
  async listen(host: string, port: number): Promise<number> {
    await listen(this.#server, host, port);
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Refuses new sessions and ends the open ones with 57P01. Resolves when their last events are with the emitter. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#server.close();
    for (const login of this.#logins) login.abort();
    const error = shutdown();
    const ended = [...this.#relays].map((session) => {
      session.fail(error, 'success');
      return session.ended;
    });
    await Promise.all(ended);
  }

  async #accept(plain: Socket): Promise<void> {
    let socket = plain;
    const claimed: Claimed = { user: undefined, connection: undefined, application: undefined, isTls: false };
    const login = new AbortController();
    socket.on('error', () => socket.destroy());
    const { signal } = login;
    const timeoutMs = this.#options.loginTimeoutMs ?? LOGIN_TIMEOUT_MS;
    let isLate = false;
    let isRelayed = false;
    const timer = setTimeout(() => {
      isLate = true;
      socket.destroy();
    }, timeoutMs);
    this.#logins.add(login);
    signal.addEventListener('abort', () => socket.destroy());
    try {
      if (this.#isClosing) throw shutdown();
      if (this.#logins.size > BACKLOG_LOGINS) throw tooManyLogins();
      const request = await readStartup(socket, this.#secureContext(), (secure) => {
        socket = secure;
        socket.on('error', () => socket.destroy());
      });
      if (!request) return;
      if (request.kind === 'cancel') {
        await this.#cancel(request, plain);
        return;
      }
      claimed.user = request.user;
      claimed.connection = request.connection;
      claimed.application = request.application;
      claimed.isTls = request.isTls;
      await this.#open(request, signal);
      isRelayed = true;
    } catch (error) {
      await this.#deny(socket, plain, claimed, isLate ? tooLate(timeoutMs) : error);
    } finally {
      clearTimeout(timer);
      this.#logins.delete(login);
      if (!isRelayed) socket.end();
    }
  }

  async #open(request: StartupRequest, signal: AbortSignal): Promise<void> {
    const policy = this.#options.policy();
    const identity = policy.identities.find((one) => one.id === request.user);
    await authenticate(request, identity, this.#options.secret, this.#now());
    const known = identity as PolicyIdentity;
    const connection = connectionFor(policy, known, request.connection);
    const { emitter, sessions } = this.#options;
    const reservation = emitter.admit(connection.maxUnconfirmed);
    const record = this.#recordOf(request, known, connection);
    const settings = { ...request.settings };
    const opened = record.opened(settings);
    try {
      await emitter.record([opened]);
    } catch (error) {
      reservation.release();
      throw error;
    }
    sessions.opened(record.id, opened);
    const recorded = () => sessions.closed(record.id);
    let upstream: Upstream;
    try {
      upstream = await openUpstream(connection.target, settings, signal);
      // The client may have gone meanwhile; the relay finds out by itself.
    } catch (error) {
      const code = error instanceof GatewayError ? error.code : 'GATEWAY_TARGET_UNAVAILABLE';
      emitter.outcome(
        record.closed({
          outcome: 'failure',
          reason: 'the target could not be opened',
          error: { code, message: describeError(error) },
        }),
        reservation,
        recorded,
      );
      this.#options.logger.warn({ connection: connection.name, reason: describeError(error) }, 'target not opened');
      throw new ToldOnly(error);
    }
    this.#relay(request, connection, record, upstream, reservation, recorded);
  }

  #relay(
    request: StartupRequest,
    connection: PolicyConnection,
    record: SessionRecord,
    upstream: Upstream,
    reservation: Reservation,
    onRecorded: () => void,
  ): void {
    const { emitter, metrics, logger } = this.#options;
    const key = this.#cancelKeys.make();
    const session = new PostgresSession({
      client: request.socket,
      input: request.input,
      upstream,
      record,
      emitter,
      limits: { ahead: connection.maxUnconfirmed, maxStatementBytes: connection.maxStatementBytes },
      reservation,
      onRecorded,
      ...(metrics ? { metrics } : {}),
    });
    this.#cancelKeys.add(key, session);
    this.#relays.add(session);
    this.#targets.set(session, connection.target);
    request.socket.write(
      Buffer.concat([
        message(BACK.authentication, int32(0)),
        upstream.parameterStatus,
        message(BACK.keyData, int32(key.pid), key.secret),
        message(BACK.readyForQuery, Buffer.from('I')),
      ]),
    );
    logger.info(
      { session: record.id, identity: record.facts.identity.id, connection: connection.name },
      'session opened',
    );
    session.start();
    void session.ended.then(() => {
      this.#cancelKeys.remove(key);
      this.#relays.delete(session);
      logger.info({ session: record.id, commands: record.commands }, 'session closed');
    });
    // A stop that came during the login has not seen this session.
    if (this.#isClosing) session.fail(shutdown(), 'success');
  }

  #targets = new WeakMap<PostgresSession, PolicyConnection['target']>();

  /** A cancel request has no answer; whoever has the secret acts for the session. It is on record before it goes on. */
  async #cancel(request: CancelRequest, socket: Socket): Promise<void> {
    const session = this.#cancelKeys.find(request.pid, request.secret);
    const target = session && this.#targets.get(session);
    if (!session || !target) {
      this.#options.logger.warn({ address: socket.remoteAddress }, 'a cancel request with a wrong key was dropped');
      return;
    }
    const { record } = session;
    const { emitter } = this.#options;
    const command = record.nextCommand();
    const startedAt = performance.now();
    let reservation: Reservation | undefined;
    let failure: unknown;
    try {
      reservation = emitter.admit({ bytes: Number.POSITIVE_INFINITY, ageMs: Number.POSITIVE_INFINITY });
      await emitter.record([record.issued({ command, kind: 'cancel', cancels: record.id })]);
      await cancelUpstream(target, session.upstream.key);
    } catch (error) {
      failure = error;
      this.#options.logger.warn({ session: record.id, reason: describeError(error) }, 'a cancel request failed');
    }
    if (!reservation) return;
    emitter.outcome(
      record.completed({
        command,
        outcome: failure === undefined ? 'success' : 'failure',
        rows: 0,
        bytesOut: 0,
        durationUs: Math.round((performance.now() - startedAt) * 1000),
        committed: 'unknown',
        ...(failure === undefined
          ? {}
          : {
              error: {
                sqlstate: failure instanceof GatewayError ? failure.sqlstate : 'XX000',
                message: describeError(failure).slice(0, 500),
              },
            }),
      }),
      reservation,
    );
  }

  #recordOf(request: StartupRequest, identity: PolicyIdentity, connection: PolicyConnection): SessionRecord {
    const { host, port, database, user } = connection.target;
    return new SessionRecord(
      {
        identity: identityOf(identity),
        connection: { name: connection.name, type: connection.type, sensitivity: connection.sensitivity },
        retentionClass: retentionClassOf(this.#options.policy().retention, { connection, identity: identity.id }),
        client: clientOf(request.socket, request.application, request.isTls),
        target: { host, port, database, user },
      },
      this.#now,
    );
  }

  async #deny(socket: Socket, plain: Socket, claimed: Claimed, thrown: unknown): Promise<void> {
    const told = thrown instanceof ToldOnly;
    const cause = told ? thrown.cause : thrown;
    const error =
      cause instanceof GatewayError ? cause : protocolViolation(`the login failed: ${describeError(cause)}`);
    const response = errorResponse({
      severity: 'FATAL',
      sqlstate: error.sqlstate,
      message: error.message,
      // A wrong token, an unknown identity: the same words for both, so the code adds nothing.
      detail: error.code,
      hint: error.remedy,
    });
    if (!told) {
      this.#options.metrics?.denied(error.code);
      this.#options.logger.warn({ code: error.code, address: plain.remoteAddress }, 'session denied');
      await this.#recordDenial(plain, claimed, error);
    }
    if (socket.writable) socket.end(response);
  }

  async #recordDenial(plain: Socket, claimed: Claimed, error: GatewayError): Promise<void> {
    if (!(await this.#denialsTurn())) return;
    const policy = this.#options.policy();
    const connection = policy.connections.find((one) => one.name === claimed.connection);
    const draft: EventDraft = {
      type: 'session.denied',
      time: instantOfMillis(this.#now()),
      // Whoever was refused has only claimed to be somebody.
      class: retentionClassOf(policy.retention, { connection, identity: undefined }),
      ...(claimed.user === undefined
        ? {}
        : { identity: { id: clean(claimed.user, 64), kind: 'agent', verified: false } satisfies Identity }),
      ...(connection
        ? { connection: { name: connection.name, type: connection.type, sensitivity: connection.sensitivity } }
        : {}),
      data: {
        client: clientOf(plain, claimed.application, claimed.isTls),
        error: { code: error.code, message: clean(error.message, 512) },
        ...(claimed.user === undefined ? {} : { claimedUser: clean(claimed.user, 128) }),
        ...(claimed.connection === undefined ? {} : { claimedConnection: clean(claimed.connection, 128) }),
      },
    };
    try {
      await this.#options.emitter.record([draft]);
    } catch (cause) {
      // Nothing was let through, so nothing is missing that was done; the log keeps the trace.
      this.#options.logger.error(
        { reason: describeError(cause), code: error.code },
        'a denied session could not be recorded',
      );
    }
  }

  /**
   * Strangers cannot fill the spool: denials go on record at most so many a second, and whoever is denied waits for that.
   * @returns false where too many wait already; those are in the log and in the metrics only
   */
  async #denialsTurn(): Promise<boolean> {
    const now = performance.now();
    const at = Math.max(this.#nextDenialAt, now - DENIAL_BURST * DENIAL_EVERY_MS);
    if (at - now > DENIAL_WAIT_MS) return false;
    this.#nextDenialAt = at + DENIAL_EVERY_MS;
    if (at > now) await new Promise((resolve) => setTimeout(resolve, at - now));
    return true;
  }

  #nextDenialAt = 0;
  #context: { from: { cert: Buffer; key: Buffer }; made: SecureContext } | undefined;

  #secureContext(): SecureContext | undefined {
    const files = this.#options.tls?.();
    if (!files) return undefined;
    if (this.#context?.from !== files) {
      this.#context = { from: files, made: createSecureContext({ ...files, minVersion: 'TLSv1.2' }) };
    }
    return this.#context.made;
  }
}

interface Claimed {
  user: string | undefined;
  connection: string | undefined;
  application: string | undefined;
  isTls: boolean;
}

/** An error whose event is written already: the client hears of it, the record has it. */
class ToldOnly extends Error {
  constructor(cause: unknown) {
    super('already on record', { cause });
  }
}

function clean(text: string, characters: number): string {
  return text.slice(0, characters).toWellFormed();
}

function clientOf(socket: Socket, application: string | undefined, tls: boolean) {
  return {
    address: socket.remoteAddress ?? 'unknown',
    port: socket.remotePort ?? 0,
    ...(application ? { application: clean(application, 64) } : {}),
    tls,
  };
}

function identityOf(identity: PolicyIdentity): Identity {
  const { id, kind, name, email, onBehalfOf } = identity;
  return {
    id,
    kind,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    provider: 'affidavit.yaml',
    verified: true,
  };
}

function connectionFor(policy: Policy, identity: PolicyIdentity, name: string): PolicyConnection {
  const connection = policy.connections.find((one) => one.name === name);
  if (!connection) {
    throw new GatewayError({
      code: 'GATEWAY_CONNECTION_UNKNOWN',
      sqlstate: '3D000',
      message: `there is no connection "${clean(name, 63)}"`,
      remedy: 'Give the name of a connection in affidavit.yaml as the database name.',
      retry: 'never',
    });
  }
  if (identity.connections && !identity.connections.includes(name)) {
    throw notAllowed(
      `identity "${identity.id}" may not use connection "${name}"`,
      'Add the connection to this identity in affidavit.yaml, if it is meant to have it.',
    );
  }
  return connection;
}

function shutdown(): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_STOPPING',
    sqlstate: '57P01',
    message: 'the gateway is stopping',
    remedy: 'Connect again in a moment.',
    retry: 'later',
  });
}

function tooLate(timeoutMs: number): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_LOGIN_TIMEOUT',
    sqlstate: '08006',
    message: `the login was not complete within ${timeoutMs} ms`,
    remedy: 'Connect again; a client that waits for a person should ask for the token first.',
    retry: 'now',
  });
}

function tooManyLogins(): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_TOO_MANY_LOGINS',
    sqlstate: '53300',
    message: 'too many logins are under way',
    remedy: 'Try again in a moment; use a pool of connections.',
    retry: 'later',
  });
}
