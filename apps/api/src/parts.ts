import type pg from 'pg';
import type { RetryPolicy } from '#delivery';
import type { Logger, Metrics } from '#platform';
import type { PrismaClient, ReadSittings } from '#record';
import type { BucketSize } from './token-buckets.js';

/** What the API works with. Made by main (or a test), closed by whoever made it. */
export class ApiParts {
  readonly pool!: pg.Pool;
  readonly prisma!: PrismaClient;
  readonly sittings!: ReadSittings;
  readonly logger!: Logger;
  readonly metrics!: Metrics;
  /** Where gateways reach this API; written into enrolment tokens. */
  readonly publicUrl!: string;
  /** How long `atLeast` waits. */
  readonly horizonWaitMs!: number;
  /** When a batch that was lent is tried again. */
  readonly retryPolicy!: RetryPolicy;
  /** Wrong keys that an address may bring. Default: access-watch.ts. */
  readonly guesses?: BucketSize | undefined;
  /** Requests that a key may make. Default: access.guard.ts. */
  readonly requests?: BucketSize | undefined;

  constructor(parts: ApiParts) {
    Object.assign(this, parts);
  }
}
