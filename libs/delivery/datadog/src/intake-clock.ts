/**
 * The time as the intake sees it: this machine's clock, corrected by the `Date` header of its answers. An event's age is judged
 * by it, so that a wrong clock here does not date logs out of the window that the intake takes.
 */
export class IntakeClock {
  private offsetMs = 0;
  private hasLearned = false;

  constructor(private readonly now: () => number = Date.now) {}

  /** Milliseconds since 1970 by the intake's clock. */
  nowMs(): number {
    return this.now() + this.offsetMs;
  }

  /** False until an answer said what time it is there: then this machine's clock is all there is. */
  get isCompared(): boolean {
    return this.hasLearned;
  }

  /** How far this machine's clock is behind the intake's. Negative: ahead. */
  get skewMs(): number {
    return this.offsetMs;
  }

  /**
   * Learns from one answer.
   * @param date its `Date` header, in whole seconds
   * @param sentAtMs when the request left, by this machine's clock; the answer came now
   */
  learn(date: string | undefined, sentAtMs: number): void {
    const second = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(second)) return;
    const receivedAtMs = this.now();
    this.hasLearned = true;
    // The header was written somewhere between request and answer, and names a second, not an instant: a difference within
    // that is no difference.
    if (second + 1_000 >= sentAtMs && second <= receivedAtMs) this.offsetMs = 0;
    else this.offsetMs = Math.round(second + 500 - (sentAtMs + receivedAtMs) / 2);
  }
}
