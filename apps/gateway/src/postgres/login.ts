/** Who is at the door: a client's SCRAM exchange against the token verifiers of the policy. */
import { createHmac } from 'node:crypto';
import { type PolicyIdentity, parseVerifier } from '#platform';
import { authenticationFailed, protocolViolation } from '../errors.js';
import { BACK, cString, FRONT, int32, message } from './messages.js';
import { MECHANISM, type ScramKeys, ScramServer } from './scram.js';
import type { StartupRequest } from './startup.js';

/** PostgreSQL's limit for authentication messages (PG_MAX_AUTH_TOKEN_LENGTH). */
const LOGIN_LIMIT = 65_535;
/** As makeVerifier writes them; what an unknown identity is told. */
const USUAL_ITERATIONS = 4096;

/**
 * Authenticates the client as the identity it names. Identities that are unknown, have no valid token, or whose token is wrong
 * all go through the same exchange and end with the same error.
 * @param secret makes up a salt for names that are not there, the same one each time
 * @returns the token that was proved
 * @throws GATEWAY_AUTHENTICATION_FAILED, GATEWAY_PROTOCOL_VIOLATION
 */
export async function authenticate(
  request: StartupRequest,
  identity: PolicyIdentity | undefined,
  secret: Buffer,
  now: number,
): Promise<{ tokenId: string }> {
  const { socket, input, user } = request;
  const tokens = validTokens(identity, now);
  const server = new ScramServer(keysFor(tokens, user, secret));
  socket.write(message(BACK.authentication, int32(10), cString(MECHANISM), Buffer.from([0])));
  const initial = await input.readMessage(LOGIN_LIMIT);
  if (initial.type !== FRONT.password) throw protocolViolation('a SCRAM message was expected');
  const nameEnd = initial.body.indexOf(0);
  if (nameEnd < 0 || initial.body.length < nameEnd + 5) throw protocolViolation('malformed SASL message');
  if (initial.body.toString('latin1', 0, nameEnd) !== MECHANISM) {
    throw protocolViolation(`only ${MECHANISM} is spoken here`);
  }
  const first = server.first(initial.body.toString('utf8', nameEnd + 5));
  socket.write(message(BACK.authentication, int32(11), Buffer.from(first)));
  const last = await input.readMessage(LOGIN_LIMIT);
  if (last.type !== FRONT.password) throw protocolViolation('a SCRAM message was expected');
  const proved = server.final(last.body.toString('utf8'));
  const token = proved && tokens[proved.candidate];
  if (!proved || !token) throw authenticationFailed(user);
  socket.write(message(BACK.authentication, int32(12), Buffer.from(proved.serverFinal)));
  return { tokenId: token.id };
}

interface ValidToken {
  id: string;
  verifier: ReturnType<typeof parseVerifier>;
}

/** The tokens that are not expired and share salt and iterations with the newest: one exchange can name one salt only. */
function validTokens(identity: PolicyIdentity | undefined, now: number): ValidToken[] {
  const valid = (identity?.tokens ?? [])
    .filter((token) => token.expiresAt === undefined || Date.parse(token.expiresAt) > now)
    .map((token) => ({ id: token.id, verifier: parseVerifier(token.verifier) }));
  const newest = valid.at(-1)?.verifier;
  return valid.filter(
    ({ verifier }) => newest && verifier.iterations === newest.iterations && verifier.salt.equals(newest.salt),
  );
}

function keysFor(tokens: ValidToken[], user: string, secret: Buffer): ScramKeys {
  const known = tokens[0]?.verifier;
  const made = createHmac('sha256', secret).update(user).digest().subarray(0, 16);
  return {
    salt: known?.salt ?? made,
    iterations: known?.iterations ?? USUAL_ITERATIONS,
    candidates: tokens.map(({ verifier }) => verifier),
  };
}
