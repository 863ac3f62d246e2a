/** Sleep that can be cut short. What wakes it while nobody sleeps ends the next sleep at once. */
export class Wake {
  private pending = false;
  private end: (() => void) | undefined;

  now(): void {
    if (this.end) this.end();
    else this.pending = true;
  }

  async sleep(ms: number): Promise<void> {
    if (this.pending) {
      this.pending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.end?.(), ms);
      this.end = () => {
        clearTimeout(timer);
        this.end = undefined;
        resolve();
      };
    });
  }
}
