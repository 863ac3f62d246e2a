import { once } from 'node:events';
import { Redis } from 'ioredis';
import { redisTrouble, StreamError } from './errors.js';

/** After this long without any answer the connection counts as dead, and what it was asked as of unknown outcome. */
export const COMMAND_TIMEOUT_MS = 5000;

/**
 * producer: every command is tried once, and its error comes at once, so that the caller looks before it sends again ·
 * reader: the same, for reading · plain: commands wait while a connection is being made, for acts that may safely be repeated
 */
export type ConnectionPurpose = 'producer' | 'reader' | 'plain';

export interface ConnectionOptions {
  /** Pause before the given attempt to connect, ms; null gives up, for a program that only asks once. */
  retryStrategy?: (attempt: number) => number | null;
  /** Instead of {@link COMMAND_TIMEOUT_MS}. */
  timeoutMs?: number;
}

/**
 * A connection that is made again for ever, with growing pauses. Connection errors do not throw; commands do.
 * @param url redis:// or rediss://
 */
export function connectRedis(url: string, purpose: ConnectionPurpose, options: ConnectionOptions = {}): Redis {
  const timeoutMs = options.timeoutMs ?? COMMAND_TIMEOUT_MS;
  const redis = new Redis(url, {
    // What was sent and not answered may have been done: never sent again behind our back.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: purpose === 'plain',
    // 0 rejects what was under way when a connection breaks. Without it, ioredis 6 drops such commands silently when
    // autoResendUnfulfilledCommands is off, and only the timeout would end the wait.
    maxRetriesPerRequest: 0,
    // The socket's timeout comes first: it ends the connection, so that the question what was done is asked on a new one.
    socketTimeout: timeoutMs,
    commandTimeout: timeoutMs + 1000,
    connectTimeout: timeoutMs,
    retryStrategy: options.retryStrategy ?? reconnectDelayMs,
    // The shapes of replies are those of RESP2 here, also with servers that would speak RESP3.
    protocol: 2,
    connectionName: `affidavit-${purpose}`,
  });
  // The reason reaches whoever sends a command; without a listener ioredis would write it to stderr.
  redis.on('error', () => undefined);
  return redis;
}

function reconnectDelayMs(attempt: number): number {
  const most = Math.min(2000, 25 * 2 ** Math.min(attempt, 10));
  return most / 2 + Math.random() * (most / 2);
}

/**
 * Refuses a Redis that could throw entries away by itself, or is older than 7.
 * @throws STREAM_REDIS_MAY_EVICT, STREAM_REDIS_TOO_OLD (retry: never); STREAM_REDIS_… (retry: later) where it does not answer
 */
export async function assertRedisKeepsData(redis: Redis): Promise<void> {
  await ready(redis);
  const info = await redis.info().catch((cause) => {
    throw redisTrouble(cause);
  });
  const version = /^redis_version:(\d+)[^\r\n]*/m.exec(info);
  if (Number(version?.[1] ?? 0) < 7) {
    throw new StreamError({
      code: 'STREAM_REDIS_TOO_OLD',
      message: `this is Redis ${version?.[0].slice('redis_version:'.length) ?? 'of an unknown version'}; 7 or newer is needed`,
      remedy: 'Use Redis 7 or newer, or any Valkey, and set REDIS_URL.',
      retry: 'never',
    });
  }
  const policy = (await configuredPolicy(redis)) ?? /^maxmemory_policy:([^\r\n]+)/m.exec(info)?.[1];
  if (policy !== 'noeviction') {
    throw new StreamError({
      code: 'STREAM_REDIS_MAY_EVICT',
      message: `this Redis may evict entries: its maxmemory-policy is ${policy ?? 'not to be found out'}`,
      remedy: 'Set maxmemory-policy to noeviction (redis.conf, or the settings page of a managed Redis).',
      retry: 'never',
    });
  }
}

/** Undefined where CONFIG is forbidden, as it is with most managed services. */
async function configuredPolicy(redis: Redis): Promise<string | undefined> {
  try {
    const answer = (await redis.config('GET', 'maxmemory-policy')) as string[];
    return answer[1];
  } catch {
    return undefined;
  }
}

async function ready(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  if (redis.status === 'wait') redis.connect().catch(() => undefined);
  try {
    await once(redis, 'ready', { signal: AbortSignal.timeout(2 * COMMAND_TIMEOUT_MS) });
  } catch (cause) {
    throw redisTrouble(cause);
  }
}
