import { cut } from './output.js';

/** What a progress bar is drawn on: standard error, so that the answer itself can go into a pipe. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const WIDTH = 30;
/** Where nobody looks at a terminal, a line is written at each tenth. */
const STEPS = 10;

/** How far something is: one line that is drawn again on a terminal, plain lines elsewhere. */
export class ProgressBar {
  private shown = '';
  private step = -1;

  /** @param what in a word or two, before the bar */
  constructor(
    private readonly what: string,
    private readonly screen: Screen = process.stderr,
  ) {}

  /** @param note what else there is to say now, for example why it does not move */
  show(done: number, total: number, note = ''): void {
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const numbers = `${Math.floor(share * 100)} %  ${grouped(done)} of ${grouped(total)}${note === '' ? '' : `  ${note}`}`;
    if (!this.screen.isTTY) {
      const step = Math.floor(share * STEPS);
      if (step === this.step && note === this.shown) return;
      this.step = step;
      this.shown = note;
      this.screen.write(`${this.what}  ${numbers}\n`);
      return;
    }
    const full = Math.round(share * WIDTH);
    const text = cut(
      `${this.what}  ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}  ${numbers}`,
      (this.screen.columns ?? 80) - 1,
    );
    if (text !== this.shown) this.screen.write(`\r\u001b[2K${text}`);
    this.shown = text;
  }

  /** A line of its own, above the bar. */
  say(text: string): void {
    this.end();
    this.screen.write(`${text}\n`);
  }

  /** What is written next begins on a line of its own. */
  end(): void {
    if (this.screen.isTTY && this.shown !== '') this.screen.write('\r\u001b[2K');
    this.shown = '';
  }
}

/** `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
