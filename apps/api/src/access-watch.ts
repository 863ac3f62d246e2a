import { createHash } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Request } from 'express';
import { AffidavitError } from '#events';
import { apiKeyName, RefusedAttempts } from '#record';
import type { ApiCaller } from './authentication.js';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';
import { type BucketSize, TokenBuckets } from './token-buckets.js';

/** Secrets have 256 bits: this keeps guesses off the database and the record more than it keeps secrets. */
const GUESSES: BucketSize = { burst: 10, perSecond: 1 / 6 };
const MOST_PROVED = 10_000;

/** Refusals that may be tries of many. */
const GUESSED = new Set(['API_KEY_REFUSED', 'API_LINK_REFUSED', 'RECORD_ENROLMENT_REFUSED']);

/** Bounds how often an address may be wrong, and puts what was refused on the record. */
@Injectable()
export class AccessWatch implements OnModuleDestroy {
  private readonly guesses: TokenBuckets;
  private readonly attempts: RefusedAttempts;
  /** Digests of credentials that were right, newest last. */
  private readonly proved = new Map<string, true>();

  constructor(private readonly parts: ApiParts) {
    const { pool, logger, guesses } = parts;
    this.guesses = new TokenBuckets(guesses ?? GUESSES);
    this.attempts = new RefusedAttempts(pool, (error) =>
      logger.error({ err: error }, 'refused attempts could not be put on the record; they are tried again'),
    );
  }

  /** What was counted goes on the record before the API ends; where PostgreSQL is away the log has to do. */
  async onModuleDestroy(): Promise<void> {
    for (const counted of [this.attempts, this.parts.sittings]) {
      await counted.close().catch((err) => this.parts.logger.error({ err }, 'what was counted is not on the record'));
    }
  }

  /**
   * Lets nobody try who has guessed too often from his address. What has been right before is still looked at: behind a proxy one
   * guesser must not lock out all others.
   * @throws API_TOO_MANY_GUESSES
   */
  async mayTry(address: string, what: string, credentials?: string): Promise<void> {
    if (this.guesses.left(address) >= 1) return;
    if (credentials !== undefined && this.proved.has(digestOf(credentials))) return;
    const error = tooManyGuesses(this.guesses.secondsUntil(address, 1));
    await this.refused(error, { address, what });
    throw error;
  }

  /** Credentials that opened something. */
  right(credentials: string): void {
    const digest = digestOf(credentials);
    this.proved.delete(digest);
    this.proved.set(digest, true);
    if (this.proved.size > MOST_PROVED) this.proved.delete(this.proved.keys().next().value as string);
  }

  /** Puts a refusal on the record, and counts it where it may have been a guess. */
  async refused(error: AffidavitError, of: { address: string; what: string; meant?: string }): Promise<void> {
    const { address, what, meant } = of;
    if (GUESSED.has(error.code)) this.guesses.take(address);
    const key = meant === undefined ? {} : { key: apiKeyName({ prefix: meant }) };
    await this.attempts.note({ address, code: error.code, what, ...key });
  }

  /** Somebody with limits asked for what lies beyond them. He is answered as if it were not there. */
  beyond(caller: ApiCaller): Promise<void> {
    const what = caller.asked.replace(/\?.*/s, '').slice(0, 200);
    const key = apiKeyName(caller);
    return this.attempts.note({ address: caller.address, code: 'API_BEYOND_LIMITS', what, key });
  }

  /**
   * For what is opened by another secret than a key.
   * @param secret where it may come again: once it was right, it is still looked at
   */
  async guarded<T>(address: string, what: string, work: () => Promise<T>, secret?: string): Promise<T> {
    await this.mayTry(address, what, secret);
    try {
      const opened = await work();
      if (secret !== undefined) this.right(secret);
      return opened;
    } catch (error) {
      if (error instanceof AffidavitError && GUESSED.has(error.code)) await this.refused(error, { address, what });
      throw error;
    }
  }
}

/**
 * Where a request comes from: an IPv4 address, or the /64 of an IPv6 one, of which everybody has as many as he likes. Behind a proxy that
 * is trusted (`trust proxy` of Express) it is what that one says, where it is an address.
 */
export function addressOf({ ip, socket }: Pick<Request, 'ip' | 'socket'>): string {
  const address = ip !== undefined && isIP(ip) !== 0 ? ip : (socket.remoteAddress ?? 'unknown');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? before : [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

function digestOf(credentials: string): string {
  return createHash('sha256').update(credentials).digest('base64');
}

function tooManyGuesses(seconds: number): ApiError {
  return new ApiError({
    code: 'API_TOO_MANY_GUESSES',
    message: 'too many keys that are none came from this address',
    remedy: 'Wait as long as Retry-After says, then use a key that is in force.',
    retry: 'later',
    retryAfterSeconds: seconds,
  });
}
