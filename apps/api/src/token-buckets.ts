export interface BucketSize {
  /** So many at once. */
  burst: number;
  perSecond: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** As many are kept as may matter at once; the rest begins full again, oldest first. */
const MOST_BUCKETS = 10_000;

/** A bucket of tokens for each name, which fills by itself. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    readonly size: BucketSize,
    private readonly now: () => number = Date.now,
  ) {}

  /** Tokens that are left, without taking one. */
  left(name: string): number {
    const { burst, perSecond } = this.size;
    const bucket = this.buckets.get(name);
    if (!bucket) return burst;
    return Math.min(burst, bucket.tokens + (Math.max(0, this.now() - bucket.atMs) / 1000) * perSecond);
  }

  /** Takes one. @returns false where there is none */
  take(name: string): boolean {
    const left = this.left(name);
    if (left < 1) return false;
    this.buckets.delete(name);
    this.buckets.set(name, { tokens: left - 1, atMs: this.now() });
    if (this.buckets.size > MOST_BUCKETS) this.buckets.delete(this.buckets.keys().next().value as string);
    return true;
  }

  /** Whole seconds until there are so many. */
  secondsUntil(name: string, tokens: number): number {
    return Math.max(0, Math.ceil((tokens - this.left(name)) / this.size.perSecond));
  }
}
