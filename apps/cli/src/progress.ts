import { colours } from './output.js';

const WIDTH = 28;
/** Where nobody watches a terminal, a line now and then is enough. */
const LINE_EVERY_MS = 10_000;

/** How far a long command is, on standard error: standard output is for its answer. */
export class ProgressBar {
  private readonly isTerminal = process.stderr.isTTY === true;
  private saidAt = Number.NEGATIVE_INFINITY;

  /** @param share from 0 to 1 @param note beside it */
  show(share: number, note: string): void {
    const done = Math.min(1, Math.max(0, share));
    const percent = `${Math.floor(done * 100)} %`;
    if (this.isTerminal) {
      const filled = Math.round(done * WIDTH);
      const bar = `${'█'.repeat(filled)}${colours.dim('░'.repeat(WIDTH - filled))}`;
      process.stderr.write(`\r\x1b[K${bar} ${percent.padStart(5)}  ${note}`);
    } else if (performance.now() - this.saidAt > LINE_EVERY_MS) {
      this.saidAt = performance.now();
      process.stderr.write(`${percent}  ${note}\n`);
    }
  }

  /** A line of its own, above the bar. */
  say(text: string): void {
    process.stderr.write(this.isTerminal ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.isTerminal) process.stderr.write('\r\x1b[K');
  }
}
