import type { EpochMark } from '#record';

/** A mark on its way to its producer, with Postgres' clock of the statement that wrote or read it. */
export interface PublishedMark extends EpochMark {
  at: string;
}

/** At most ten times a second an epoch: a producer needs to know soon, not each time. */
const SHORTEST_INTERVAL_MS = 100;

/**
 * Publishes marks: the first at once, later ones of the same epoch at most ten times a second, of several that waited only the newest.
 * A mark that cannot be published is lost without harm: all of them come again within seconds.
 */
export class MarkBoard {
  private readonly waiting = new Map<string, PublishedMark>();
  private readonly publishedAtMs = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private publishing = Promise.resolve();

  constructor(
    private readonly publish: (marks: PublishedMark[]) => Promise<void>,
    private readonly onError: (error: unknown) => void,
    private readonly now: () => number = Date.now,
  ) {}

  post(marks: readonly EpochMark[], at: string): void {
    for (const mark of marks) this.waiting.set(`${mark.node}/${mark.epoch}`, { ...mark, at });
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
    const due: PublishedMark[] = [];
    for (const [key, mark] of this.waiting) {
      if (now - (this.publishedAtMs.get(key) ?? 0) < SHORTEST_INTERVAL_MS) continue;
      this.waiting.delete(key);
      this.publishedAtMs.set(key, now);
      due.push(mark);
    }
    if (this.waiting.size > 0) {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.flush();
      }, SHORTEST_INTERVAL_MS);
    }
    if (due.length === 0) return;
    // One after the other, so that an older mark never overwrites a newer one.
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
