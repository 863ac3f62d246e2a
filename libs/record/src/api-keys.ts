import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import { instantOfMillis, SYSTEM_CLASS } from '#events';
import { RecordError } from './errors.js';
import type { ApiKey as ApiKeyRow } from './generated/client.js';
import { enqueueOutbox } from './outbox.js';
import { inTransaction, type Queryable } from './pool.js';
import type { PrismaClient } from './prisma.js';

/** What a key may do, each with all that stands before it: read; act on deliveries; manage keys, nodes and losses. */
export const API_ROLES = ['viewer', 'operator', 'admin'] as const;
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
  /** Who makes it, as the record will say. */
  by: string;
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

/** The key that this text is, if it is one that may be used now. Notes its use, to the minute. */
export async function findApiKey(prisma: PrismaClient, text: string, now = new Date()): Promise<ApiKey | undefined> {
  const prefix = FORM.exec(text)?.[1];
  if (prefix === undefined) return undefined;
  const found = await prisma.apiKey.findUnique({ where: { prefix } });
  if (!found || !timingSafeEqual(hashOf(text), found.hash)) return undefined;
  if (found.revokedAt || (found.expiresAt && found.expiresAt <= now)) return undefined;
  const minuteAgo = new Date(now.getTime() - 60_000);
  if (!found.lastUsedAt || found.lastUsedAt < minuteAgo) {
    await prisma.apiKey.update({ where: { prefix }, data: { lastUsedAt: now }, select: { id: true } });
  }
  return viewOf(found);
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
    if (!key) {
      throw new RecordError({
        code: 'RECORD_KEY_UNKNOWN',
        message: `there is no API key ${id}`,
        remedy: 'List the keys and name one by its id.',
        retry: 'never',
      });
    }
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

function makeKey(): { key: string; prefix: string } {
  const prefix = randomBytes(4).toString('hex');
  return { prefix, key: `afd_${prefix}_${randomBytes(32).toString('base64url')}` };
}

async function insertKey(
  client: Queryable,
  made: { key: string; prefix: string },
  request: ApiKeyRequest,
): Promise<NewApiKey> {
  const { role, label, expiresAt, by, now = Date.now() } = request;
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO api_key (prefix, hash, role, label, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
    [made.prefix, hashOf(made.key), role, label ?? null, by, expiresAt ?? null],
  );
  await enqueueOutbox(client, {
    type: 'key.created',
    time: instantOfMillis(now),
    class: SYSTEM_CLASS,
    data: { key: apiKeyName(made), role, by },
  });
  return { ...made, id: rows[0]!.id, role };
}

/** A plain hash is enough: the secret is 256 random bits, nothing a dictionary could hold. */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function viewOf({ hash: _, ...row }: ApiKeyRow): ApiKey {
  return { ...row, role: row.role as ApiRole };
}
