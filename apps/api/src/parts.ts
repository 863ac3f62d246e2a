import type pg from 'pg';
import type { RetryPolicy } from '#delivery';
import type { Logger, Metrics } from '#platform';
import type { ExportFolder, PrismaClient, ReadSittings } from '#record';
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
  /** Where the files of exports lie, and who makes them. */
  readonly exports!: { readonly folder: ExportFolder; wake(): void };
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Wrong keys that an address may bring. Default: access-watch.ts. */
  readonly guesses?: BucketSize | undefined;
  /** Requests that a key may make. Default: request-rates.ts. */
  readonly requests?: BucketSize | undefined;

  constructor(parts: ApiParts) {
    Object.assign(this, parts);
  }
}
