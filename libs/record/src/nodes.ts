import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, NODE_PATTERN, type NodeName, RECORD_NODE, SYSTEM_CLASS } from '#events';
import { RecordError } from './errors.js';
import { instantSql, readHead } from './head.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';

/** What a one-time enrolment token says to the gateway that gets it. */
export interface EnrolmentToken {
  /** Base address of the audit-log API, where the gateway sends its public key. */
  api: string;
  log: string;
  node: NodeName;
  /** SHA-256 (hex) of the log's mark key, so that an impostor API cannot slip in its own. */
  markFingerprint: string;
  secret: string;
}

export interface Enrolment {
  /** Shown once; only its hash is kept. */
  token: string;
  node: NodeName;
  expiresAt: Date;
}

export interface EnrolledNode {
  node: NodeName;
  log: string;
  /** Hex of the 8 bytes that name the key in frames. */
  keyId: string;
  /** SPKI DER. */
  markPublicKey: Buffer;
}

export interface ProducerKey {
  keyId: Buffer;
  node: NodeName;
  /** SPKI DER, Ed25519. */
  publicKey: Buffer;
  /** True where the key or its node was revoked: it still verifies old heads and signs nothing new. */
  revoked: boolean;
}

export interface NodeRow {
  node: NodeName;
  enrolledAt: string;
  revokedAt: string | null;
  keys: number;
}

/** First 8 bytes of SHA-256 over the SPKI DER: how a frame names its key. */
export function producerKeyId(publicKey: Buffer): Buffer {
  return createHash('sha256').update(publicKey).digest().subarray(0, 8);
}

export function fingerprintOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

export function encodeEnrolmentToken(token: EnrolmentToken): string {
  return Buffer.from(JSON.stringify(token), 'utf8').toString('base64url');
}

/** @throws RECORD_ENROLMENT_REFUSED for text that is no token */
export function decodeEnrolmentToken(text: string): EnrolmentToken {
  try {
    const value = JSON.parse(Buffer.from(text.trim(), 'base64url').toString('utf8')) as Record<string, unknown>;
    const { api, log, node, markFingerprint, secret } = value;
    for (const part of [api, log, node, markFingerprint, secret]) {
      if (typeof part !== 'string' || part === '') throw new Error('a part is missing');
    }
    return value as unknown as EnrolmentToken;
  } catch (cause) {
    throw refused('the text is not an enrolment token', cause);
  }
}

/**
 * Makes a one-time token with which one gateway may enrol under this name; `enrolment.created` goes on the record in the caller's
 * transaction.
 * @throws RECORD_NODE_NAME, RECORD_MARK_KEY_MISSING (retry: later) before a recorder first ran
 */
export async function createEnrolment(
  db: Queryable,
  options: { node: string; by: string; api: string; validMs?: number; now?: number },
): Promise<Enrolment> {
  const { node, by, api, validMs = 3_600_000, now = Date.now() } = options;
  if (!NODE_PATTERN.test(node) || node === RECORD_NODE) {
    throw new RecordError({
      code: 'RECORD_NODE_NAME',
      message: `'${node.slice(0, 60)}' cannot be the name of a node`,
      remedy: "Use 1 to 40 of a-z, 0-9 and '-'; 'record' is taken.",
      retry: 'never',
    });
  }
  const head = await readHead(db);
  if (!head.markPublicKey) throw noMarkKey();
  const secret = randomBytes(24).toString('base64url');
  const { rows } = await db.query<{ expires_at: Date }>(
    `INSERT INTO enrolment (token_hash, node, created_by, expires_at)
     VALUES ($1, $2, $3, now() + $4 * interval '1 millisecond') RETURNING expires_at`,
    [hashOf(secret), node, by, validMs],
  );
  const expiresAt = rows[0]!.expires_at;
  await enqueueOutbox(db, {
    type: 'enrolment.created',
    time: instantOfMillis(now),
    class: SYSTEM_CLASS,
    data: { node, by, expiresAt: instantOfMillis(expiresAt.getTime()) },
  });
  const token = encodeEnrolmentToken({
    api,
    log: head.log,
    node: node as NodeName,
    markFingerprint: fingerprintOf(head.markPublicKey),
    secret,
  });
  return { token, node: node as NodeName, expiresAt };
}

/**
 * Takes in a node's public key against its one-time token. The same token with the same key again gives the same answer,
 * so a gateway whose answer was lost can ask once more. `node.enrolled` goes on the record in the same transaction.
 * @param publicKey SPKI DER, Ed25519
 * @throws RECORD_ENROLMENT_REFUSED
 */
export async function enrolNode(
  pool: pg.Pool,
  request: { token: string; publicKey: Buffer; now?: number },
): Promise<EnrolledNode> {
  const token = decodeEnrolmentToken(request.token);
  requireEd25519(request.publicKey);
  const keyId = producerKeyId(request.publicKey);
  return inTransaction(pool, async (client) => {
    const head = await readHead(client);
    if (!head.markPublicKey) throw noMarkKey();
    const { rows } = await client.query<{ node: NodeName; created_by: string; used: boolean; expired: boolean }>(
      `SELECT node, created_by, used_at IS NOT NULL AS used, expires_at <= now() AS expired
         FROM enrolment WHERE token_hash = $1 FOR UPDATE`,
      [hashOf(token.secret)],
    );
    const enrolment = rows[0];
    if (!enrolment || token.log !== head.log) throw refused('this log never gave out that token');
    const answer = {
      node: enrolment.node,
      log: head.log,
      keyId: keyId.toString('hex'),
      markPublicKey: head.markPublicKey,
    };
    const known = await findProducerKey(client, keyId);
    if (enrolment.used) {
      if (known && known.node === enrolment.node && !known.revoked) return answer;
      throw refused('the token was used already');
    }
    if (enrolment.expired) throw refused('the token has expired');
    if (known) throw refused('that key is enrolled already');
    await client.query('INSERT INTO producer_node (node) VALUES ($1) ON CONFLICT DO NOTHING', [enrolment.node]);
    const { rows: nodes } = await client.query<{ revoked: boolean }>(
      'SELECT revoked_at IS NOT NULL AS revoked FROM producer_node WHERE node = $1',
      [enrolment.node],
    );
    if (nodes[0]?.revoked) throw refused(`node ${enrolment.node} was revoked`);
    await client.query('INSERT INTO producer_key (key_id, node, public_key) VALUES ($1, $2, $3)', [
      keyId,
      enrolment.node,
      request.publicKey,
    ]);
    await client.query('UPDATE enrolment SET used_at = now() WHERE token_hash = $1', [hashOf(token.secret)]);
    await enqueueOutbox(client, {
      type: 'node.enrolled',
      time: instantOfMillis(request.now ?? Date.now()),
      class: SYSTEM_CLASS,
      data: { node: enrolment.node, keyId: keyId.toString('hex'), by: enrolment.created_by },
    });
    return answer;
  });
}

/** The key that a frame names, with its node; undefined where nobody enrolled it. */
export async function findProducerKey(db: Queryable, keyId: Buffer): Promise<ProducerKey | undefined> {
  const { rows } = await db.query<ProducerKey>(
    `SELECT k.key_id AS "keyId", k.node, k.public_key AS "publicKey",
            k.revoked_at IS NOT NULL OR n.revoked_at IS NOT NULL AS revoked
       FROM producer_key k JOIN producer_node n USING (node) WHERE k.key_id = $1`,
    [keyId],
  );
  return rows[0];
}

/** All nodes ever enrolled, by name, without `record`. */
export async function listNodes(db: Queryable): Promise<NodeRow[]> {
  const { rows } = await db.query<NodeRow>(
    `SELECT n.node, ${instantSql('n.enrolled_at')} AS "enrolledAt", ${instantSql('n.revoked_at')} AS "revokedAt",
            (SELECT count(*)::int FROM producer_key k WHERE k.node = n.node AND k.revoked_at IS NULL) AS keys
       FROM producer_node n WHERE n.node <> $1 ORDER BY n.node`,
    [RECORD_NODE],
  );
  return rows;
}

function requireEd25519(publicKey: Buffer): void {
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return;
  } catch (cause) {
    throw refused('the public key cannot be read', cause);
  }
  throw refused('the public key is not Ed25519');
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function refused(why: string, cause?: unknown): RecordError {
  return new RecordError({
    code: 'RECORD_ENROLMENT_REFUSED',
    message: `enrolment refused: ${why}`,
    remedy: 'Make a new token with `affidavit enroll <node>` and use it once, within its hour.',
    retry: 'never',
    cause,
  });
}

function noMarkKey(): RecordError {
  return new RecordError({
    code: 'RECORD_MARK_KEY_MISSING',
    message: 'the log has no mark key yet',
    remedy: 'Start a recorder once: it makes the key.',
    retry: 'later',
  });
}
