import { ago, colours } from '../output.js';

/** Says what is being done and how long it took, a line a step. */
export class Steps {
  private isOver = false;

  constructor(private readonly write: (text: string) => void) {}

  /** Runs one step; prints its line when it is done. What fails says so by itself, with its name. */
  async step<T>(name: string, work: () => Promise<T>, detail: (value: T) => string): Promise<T> {
    const from = performance.now();
    try {
      const value = await work();
      this.say(
        `${colours.green('✓')} ${name.padEnd(12)} ${detail(value)} ${colours.dim(`(${ago(performance.now() - from)})`)}`,
      );
      return value;
    } catch (error) {
      this.say(`${colours.red('✗')} ${name}`);
      throw error;
    }
  }

  say(text: string): void {
    if (!this.isOver) this.write(text);
  }

  /** What is still under way when everything is being stopped says nothing more. */
  end(): void {
    this.isOver = true;
  }
}
