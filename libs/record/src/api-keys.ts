import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import type { AccessLimits } from './access-limits.js';
import { RecordError } from './errors.js';
import type { ApiKey as ApiKeyRow } from './generated/client.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';
import type { PrismaClient } from './prisma.js';

/**
 * What a key may do, each with all that stands before it: read; read within limits, and export; act on deliveries; manage keys,
 * nodes, losses, holds and retention. Only an auditor's key can be limited.
 */
export const API_ROLES = ['viewer', 'auditor', 'operator', 'admin'] as const;
export type ApiRole = (typeof API_ROLES)[number];

/** A key without its secret. */
export interface ApiKey {
  id: string;
  /** The part of the key that may be shown. */
  prefix: string;
  role: ApiRole;
  label: string | null;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** To the minute. */
  lastUsedAt: Date | null;
  rotatedAt: Date | null;
  /** Until when the secret before the last rotation opens, too. */
  previousUntil: Date | null;
  /** Null: all of the record. */
  limits: AccessLimits | null;
}

export interface NewApiKey {
  /** `afd_<prefix>_<secret>`; shown once, only its hash is kept. */
  key: string;
  id: string;
  prefix: string;
  role: ApiRole;
}

export interface ApiKeyRequest {
  role: ApiRole;
  label?: string;
  expiresAt?: Date;
  /** Of an auditor only; instants to the millisecond. */
  limits?: AccessLimits;
  /** Who makes it, as the record will say. */
  by: string;
  now?: number;
}

export interface KeyRotation {
  by: string;
  /** For how long the secret that is replaced still opens; 0: not at all. */
  overlapMs: number;
  now?: number;
}

const FORM = /^afd_([0-9a-z]{8})_([A-Za-z0-9_-]{43})$/;
const FIRST_KEY_LOCK = 4_702_111;

/** How the record names whoever holds a key. */
export function apiKeyName(key: Pick<ApiKey, 'prefix'>): string {
  return `api-key:${key.prefix}`;
}

/** Makes a key. `key.created` goes on the record in the same transaction. */
export function createApiKey(pool: pg.Pool, request: ApiKeyRequest): Promise<NewApiKey> {
  return inTransaction(pool, (client) => insertKey(client, makeKey(), request));
}

/**
 * Makes an admin key if the log has none that can be used, so that a fresh one can be entered.
 * @param keep stores the key before it counts; if it throws, there is no key
 * @returns undefined where there was one
 */
export function ensureAdminKey(
  pool: pg.Pool,
  keep: (key: string) => void | Promise<void>,
): Promise<NewApiKey | undefined> {
  return inTransaction(pool, async (client) => {
    // Several processes may start at once.
    await client.query('SELECT pg_advisory_xact_lock($1)', [FIRST_KEY_LOCK]);
    const { rows } = await client.query(
      `SELECT FROM api_key WHERE role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) LIMIT 1`,
    );
    if (rows.length > 0) return undefined;
    const made = makeKey();
    await keep(made.key);
    return insertKey(client, made, { role: 'admin', label: 'first start', by: 'affidavit' });
  });
}

/** Compared with where there is no such key, so that a guess takes as long whether or not its prefix is known. */
const NO_HASH = Buffer.alloc(32);

/**
 * The key that this text is, if it is one that may be used now. Notes its use, to the minute.
 * @returns beside it the prefix that was meant, also of a wrong secret, where a key has it
 */
export async function findApiKey(
  prisma: PrismaClient,
  text: string,
  now = new Date(),
): Promise<{ key?: ApiKey; meant?: string }> {
  const prefix = FORM.exec(text)?.[1];
  if (prefix === undefined) return {};
  const found = await prisma.apiKey.findUnique({ where: { prefix } });
  const given = hashOf(text);
  const isCurrent = timingSafeEqual(given, found?.hash ?? NO_HASH);
  const isPrevious = timingSafeEqual(given, found?.previousHash ?? NO_HASH);
  if (!found) return {};
  const opens = isCurrent || (isPrevious && found.previousUntil !== null && found.previousUntil > now);
  if (!opens || found.revokedAt || (found.expiresAt && found.expiresAt <= now)) return { meant: prefix };
  const minuteAgo = new Date(now.getTime() - 60_000);
  if (!found.lastUsedAt || found.lastUsedAt < minuteAgo) {
    await prisma.apiKey.update({ where: { prefix }, data: { lastUsedAt: now }, select: { id: true } });
  }
  return { key: viewOf(found), meant: prefix };
}

/** All keys ever made, newest first. */
export async function listApiKeys(prisma: PrismaClient): Promise<ApiKey[]> {
  return (await prisma.apiKey.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] })).map(viewOf);
}

/**
 * Ends a key, for ever. `key.revoked` goes on the record in the same transaction; a second time changes nothing.
 * @throws RECORD_KEY_UNKNOWN
 * @throws RECORD_LAST_ADMIN_KEY, since nobody could then make another
 */
export function revokeApiKey(pool: pg.Pool, id: string, by: string, now = Date.now()): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [FIRST_KEY_LOCK]);
    const { rows } = await client.query<{ prefix: string; revoked: boolean; is_last: boolean }>(
      `SELECT prefix, revoked_at IS NOT NULL AS revoked,
              role = 'admin' AND NOT EXISTS (
                SELECT FROM api_key o WHERE o.id <> k.id AND o.role = 'admin' AND o.revoked_at IS NULL
                   AND (o.expires_at IS NULL OR o.expires_at > now())) AS is_last
         FROM api_key k WHERE id = $1 FOR UPDATE`,
      [id],
    );
    const key = rows[0];
    if (!key) throw keyUnknown(id);
    if (key.revoked) return;
    if (key.is_last) {
      throw new RecordError({
        code: 'RECORD_LAST_ADMIN_KEY',
        message: `${key.prefix} is the last admin key`,
        remedy: 'Make another admin key first.',
        retry: 'never',
      });
    }
    await client.query('UPDATE api_key SET revoked_at = now() WHERE id = $1', [id]);
    await enqueueOutbox(client, {
      type: 'key.revoked',
      time: instantOfMillis(now),
      class: SYSTEM_CLASS,
      data: { key: apiKeyName(key), by },
    });
  });
}

/**
 * Gives a key a new secret; prefix, role and limits stay. The one before opens for `overlapMs` more, so that whoever holds it can be
 * told the new one in peace; a second rotation within that time ends it. `key.rotated` goes on the record in the same transaction.
 * @throws RECORD_KEY_UNKNOWN
 * @throws RECORD_KEY_OVER for one that was revoked or has expired
 */
export function rotateApiKey(pool: pg.Pool, id: string, rotation: KeyRotation): Promise<NewApiKey> {
  const { by, overlapMs, now = Date.now() } = rotation;
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ prefix: string; role: ApiRole; isOver: boolean }>(
      `SELECT prefix, role, revoked_at IS NOT NULL OR coalesce(expires_at <= now(), false) AS "isOver"
         FROM api_key WHERE id = $1 FOR UPDATE`,
      [id],
    );
    const found = rows[0];
    if (!found) throw keyUnknown(id);
    if (found.isOver) {
      throw new RecordError({
        code: 'RECORD_KEY_OVER',
        message: `key ${found.prefix} was revoked or has expired`,
        remedy: 'Make a new key.',
        retry: 'never',
      });
    }
    const made = makeKey(found.prefix);
    const previousUntil = overlapMs > 0 ? new Date(now + overlapMs) : null;
    await client.query(
      `UPDATE api_key SET hash = $2, rotated_at = $3, previous_hash = CASE WHEN $4::timestamptz IS NULL THEN NULL ELSE hash END,
              previous_until = $4 WHERE id = $1`,
      [id, hashOf(made.key), new Date(now), previousUntil],
    );
    await enqueueOutbox(client, {
      type: 'key.rotated',
      time: instantOfMillis(now),
      class: SYSTEM_CLASS,
      data: {
        key: apiKeyName(found),
        by,
        ...(previousUntil === null ? {} : { previousUntil: instantOfMillis(previousUntil.getTime()) }),
      },
    });
    return { ...made, id, role: found.role };
  });
}

function keyUnknown(id: string): RecordError {
  return new RecordError({
    code: 'RECORD_KEY_UNKNOWN',
    message: `there is no API key ${id}`,
    remedy: 'List the keys and name one by its id.',
    retry: 'never',
  });
}

function makeKey(prefix = randomBytes(4).toString('hex')): { key: string; prefix: string } {
  return { prefix, key: `afd_${prefix}_${randomBytes(32).toString('base64url')}` };
}

async function insertKey(
  client: Queryable,
  made: { key: string; prefix: string },
  request: ApiKeyRequest,
): Promise<NewApiKey> {
  const { role, label, expiresAt, limits, by, now = Date.now() } = request;
  const { from = null, to = null, connections = null } = limits ?? {};
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO api_key (prefix, hash, role, label, created_by, expires_at, limit_from, limit_to, limit_connections)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
    [made.prefix, hashOf(made.key), role, label ?? null, by, expiresAt ?? null, from, to, connections],
  );
  await enqueueOutbox(client, {
    type: 'key.created',
    time: instantOfMillis(now),
    class: SYSTEM_CLASS,
    data: {
      key: apiKeyName(made),
      role,
      by,
      ...(expiresAt === undefined ? {} : { expiresAt: instantOfMillis(expiresAt.getTime()) }),
      ...(limits === undefined
        ? {}
        : {
            limits: {
              ...(from === null ? {} : { from }),
              ...(to === null ? {} : { to }),
              ...(connections === null ? {} : { connections: [...connections] }),
            },
          }),
    },
  });
  return { ...made, id: rows[0]!.id, role };
}

/** A plain hash is enough: the secret is 256 random bits, nothing a dictionary could hold. */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function viewOf(row: ApiKeyRow): ApiKey {
  const { hash: _, previousHash: __, limitFrom, limitTo, limitConnections, ...shown } = row;
  const limits: AccessLimits = {
    ...(limitFrom && { from: instantOfMillis(limitFrom.getTime()) }),
    ...(limitTo && { to: instantOfMillis(limitTo.getTime()) }),
    ...(limitConnections.length > 0 && { connections: limitConnections }),
  };
  return { ...shown, role: row.role as ApiRole, limits: Object.keys(limits).length > 0 ? limits : null };
}
