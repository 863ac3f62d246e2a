import { AffidavitError, type ErrorFacts } from '#events';

/** What a database client is told: an SQLSTATE beside the facts of every error. */
export interface GatewayErrorFacts extends ErrorFacts {
  sqlstate: string;
}

/** Anything the gateway refuses, or cannot do, with the SQLSTATE under which a PostgreSQL client hears of it. */
export class GatewayError extends AffidavitError {
  readonly sqlstate: string;

  constructor(facts: GatewayErrorFacts) {
    super(facts);
    this.sqlstate = facts.sqlstate;
  }
}

/** A client or a target said something that is not the PostgreSQL protocol, or not at this place. */
export function protocolViolation(message: string): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_PROTOCOL_VIOLATION',
    sqlstate: '08P01',
    message,
    remedy: 'Use a PostgreSQL client that speaks protocol 3.0; the session was closed so that nothing is misread.',
    retry: 'never',
  });
}

/** The same words for a wrong token, an unknown identity and an expired token: nobody can learn which names exist. */
export function authenticationFailed(user: string): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_AUTHENTICATION_FAILED',
    sqlstate: '28P01',
    message: `authentication failed for identity "${user}"`,
    remedy: 'Use the identity as the user name and a valid token as the password (affidavit token create).',
    retry: 'never',
  });
}

/** The target could not be reached, or did not let us in. */
export function targetUnavailable(message: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_TARGET_UNAVAILABLE',
    sqlstate: '08001',
    message,
    remedy: 'Check the target of this connection in affidavit.yaml and that the database accepts its credentials.',
    retry: 'later',
    cause,
  });
}

/** No audit, no access: the event of this command cannot be made durable now. */
export function noRoomForTheRecord(message: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_NO_ROOM',
    sqlstate: '53100',
    message,
    remedy:
      'Free space for the spool, or bring the recorder back so that the record catches up; then repeat the command.',
    retry: 'later',
    cause,
  });
}

/** The gateway runs as far ahead of the record as this connection allows. */
export function tooFarAhead(message: string): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_TOO_FAR_AHEAD',
    sqlstate: '53400',
    message,
    remedy: 'Bring Redis, the recorder or Postgres back (affidavit status), or raise maxUnconfirmed of the connection.',
    retry: 'later',
  });
}

/** A statement or a parameter list above the limit of its connection. */
export function tooLarge(bytes: number, limit: number): GatewayError {
  return new GatewayError({
    code: 'GATEWAY_STATEMENT_TOO_LARGE',
    sqlstate: '54000',
    message: `a message of ${bytes} bytes is above the limit of ${limit} bytes for a statement or its parameters`,
    remedy: 'Send bulk rows with COPY, or raise maxStatementBytes of the connection in affidavit.yaml.',
    retry: 'never',
  });
}

/** The policy does not let this identity do this. */
export function notAllowed(message: string, remedy: string): GatewayError {
  return new GatewayError({ code: 'GATEWAY_NOT_ALLOWED', sqlstate: '42501', message, remedy, retry: 'never' });
}
