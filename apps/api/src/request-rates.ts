import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { ApiError } from './errors.js';
import { ApiParts } from './parts.js';
import { type BucketSize, TokenBuckets } from './token-buckets.js';

/** Of each key. A sender behind the API makes some ten a second. */
const REQUESTS: BucketSize = { burst: 1_000, perSecond: 100 };

/** How often a key may ask; what its links fetch counts as well. */
@Injectable()
export class RequestRates {
  private readonly buckets: TokenBuckets;

  constructor(parts: ApiParts) {
    this.buckets = new TokenBuckets(parts.requests ?? REQUESTS);
  }

  /**
   * Counts a request. Headers of draft-ietf-httpapi-ratelimit-headers-07, as most clients know them (read 2026-11-29).
   * @throws API_RATE_EXCEEDED
   */
  judge(keyId: string, response: Response): void {
    const taken = this.buckets.take(keyId);
    const { burst } = this.buckets.size;
    response.setHeader('ratelimit-limit', String(burst));
    response.setHeader('ratelimit-remaining', String(Math.floor(this.buckets.left(keyId))));
    response.setHeader('ratelimit-reset', String(this.buckets.secondsUntil(keyId, burst)));
    if (!taken) throw rateExceeded(this.buckets.secondsUntil(keyId, 1));
  }
}

function rateExceeded(seconds: number): ApiError {
  return new ApiError({
    code: 'API_RATE_EXCEEDED',
    message: 'this key makes more requests than it may',
    remedy:
      'Wait as long as Retry-After says; ask for larger pages, or for application/x-ndjson, instead of more of them.',
    retry: 'later',
    retryAfterSeconds: seconds,
  });
}
