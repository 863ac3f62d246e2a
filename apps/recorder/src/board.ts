/** At most ten times a second each: whoever reads needs to know soon, not each time. */
const SHORTEST_INTERVAL_MS = 100;

/**
 * Publishes what changes often: the first at once, later ones of the same key at most ten times a second, of several that waited only the
 * newest. What cannot be published is lost without harm: all of it comes again within seconds.
 */
export class Board<T> {
  private readonly waiting = new Map<string, T>();
  private readonly publishedAtMs = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private publishing = Promise.resolve();

  constructor(
    private readonly keyOf: (value: T) => string,
    private readonly publish: (values: T[]) => Promise<void>,
    private readonly onError: (error: unknown) => void,
    private readonly now: () => number = Date.now,
  ) {}

  post(values: readonly T[]): void {
    for (const value of values) this.waiting.set(this.keyOf(value), value);
    this.flush();
  }

  /** Resolves when what was posted before has left, as far as it may leave now. */
  async settled(): Promise<void> {
    await this.publishing;
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.clear();
  }

  private flush(): void {
    const now = this.now();
    const due: T[] = [];
    for (const [key, value] of this.waiting) {
      if (now - (this.publishedAtMs.get(key) ?? 0) < SHORTEST_INTERVAL_MS) continue;
      this.waiting.delete(key);
      this.publishedAtMs.set(key, now);
      due.push(value);
    }
    if (this.waiting.size > 0) {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.flush();
      }, SHORTEST_INTERVAL_MS);
    }
    if (due.length === 0) return;
    // One after the other, so that an older one never overwrites a newer one.
    this.publishing = this.publishing.then(() => this.publish(due)).catch(this.onError);
    this.forgetOld(now);
  }

  private forgetOld(now: number): void {
    if (this.publishedAtMs.size < 10_000) return;
    for (const [key, at] of this.publishedAtMs) {
      if (now - at > SHORTEST_INTERVAL_MS) this.publishedAtMs.delete(key);
    }
  }
}
