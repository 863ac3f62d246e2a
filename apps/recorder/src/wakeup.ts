/** A bell that one waits for: rings are not counted, but one that came before the waiting is not missed. */
export class Wakeup {
  private rung = false;
  private waiting: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.waiting?.();
  }

  async wait(): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
      this.waiting = undefined;
    }
    this.rung = false;
  }
}

/** Waits, but no longer than until the signal is given. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Full jitter: anything from nothing to `baseMs` doubled per failure in a row, at most `mostMs`. */
export function backoffMs(failures: number, baseMs = 100, mostMs = 5_000): number {
  return Math.random() * Math.min(mostMs, baseMs * 2 ** Math.min(failures, 20));
}
