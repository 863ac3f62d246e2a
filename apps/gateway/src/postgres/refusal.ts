/**
 * How a command is refused so that everybody agrees on it: the *server* is made to fail in its place.
 *
 * An ErrorResponse of our own would leave a block open or a pipeline running, and a client could commit half of what it was
 * told had failed. So the refused message is replaced by one of the same kind that certainly fails and does nothing: then a block
 * is aborted and a pipeline skipped to its Sync, as after any error. The server's words about it are replaced by ours.
 *
 * Names in the replacements are random: a client could otherwise prepare a statement of that very name.
 */
import { randomBytes } from 'node:crypto';
import type { GatewayError } from '../errors.js';
import { cString, errorResponse, FRONT, int32, message } from './messages.js';

export type Refusable = 'query' | 'parse' | 'bind' | 'execute' | 'function';

const ZERO16 = Buffer.alloc(2);

/** A message that fails at the server: by a syntax error, an unknown name, or an unknown function. */
export function failingMessage(kind: Refusable): Buffer {
  const name = cString(`affidavit refused ${randomBytes(12).toString('hex')}`);
  switch (kind) {
    case 'query':
      // The parser refuses it in every state of a transaction, and the target's log says why.
      return message(FRONT.query, cString('affidavit refused this statement'));
    case 'parse':
      return message(FRONT.parse, name, cString('affidavit refused this statement'), ZERO16);
    case 'bind':
      // A Bind looks its statement up before anything else: no portal is made or dropped.
      return message(FRONT.bind, cString(''), name, ZERO16, ZERO16, ZERO16);
    case 'execute':
      return message(FRONT.execute, name, int32(0));
    case 'function':
      return message(FRONT.functionCall, int32(0), ZERO16, ZERO16, ZERO16);
  }
}

/** What the server says about {@link failingMessage}, and nothing else: syntax, statement, portal, function, failed block. */
const EXPECTED = new Set(['42601', '26000', '34000', '42883', '25P02']);

/** True where the server's error is about the replacement, so that the client must get the refusal instead. */
export function isAboutReplacement(severity: string, sqlstate: string): boolean {
  return severity === 'ERROR' && EXPECTED.has(sqlstate);
}

export function refusalResponse(error: GatewayError): Buffer {
  return errorResponse({
    severity: 'ERROR',
    sqlstate: error.sqlstate,
    message: error.message,
    detail: error.code,
    hint: error.remedy,
  });
}
