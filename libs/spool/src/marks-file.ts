import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { EpochLog } from './epoch-log.js';

interface Notes {
  log: string;
  epochs: Record<string, Note>;
}

interface Note {
  seq: number;
  chain: string;
  movedSeq: number;
  isMoved: boolean;
}

const DELAY_MS = 1000;

/**
 * How far each epoch was confirmed, kept only to spare sending again after a restart. A lost file costs that, nothing else, so
 * it is not synced, and what it says is believed only where the spool's own chain agrees.
 */
export class MarksFile {
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly log: string,
    private readonly logs: readonly EpochLog[],
  ) {}

  async restore(): Promise<void> {
    let notes: Notes;
    try {
      notes = JSON.parse(readFileSync(this.path, 'utf8')) as Notes;
    } catch {
      // None yet, or not whole: the record says it again.
      return;
    }
    if (notes.log !== this.log) return;
    for (const log of this.logs) {
      const note = notes.epochs?.[log.epoch];
      if (!note || !Number.isSafeInteger(note.seq) || !/^[0-9a-f]{64}$/.test(note.chain)) continue;
      await log.restoreMark({
        seq: note.seq,
        chain: Buffer.from(note.chain, 'hex'),
        movedSeq: Number.isSafeInteger(note.movedSeq) ? note.movedSeq : 0,
        isMoved: note.isMoved === true,
      });
    }
  }

  /** Writes soon: marks come ten times a second. */
  touch(): void {
    this.timer ??= setTimeout(() => void this.write(), DELAY_MS).unref();
  }

  write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.writeNow());
    return this.writing;
  }

  private async writeNow(): Promise<void> {
    const epochs = Object.fromEntries(
      this.logs.map((log): [string, Note] => [
        log.epoch,
        {
          seq: log.confirmedSeq,
          chain: log.confirmedChain.toString('hex'),
          movedSeq: log.movedSeq,
          isMoved: log.isMoved,
        },
      ]),
    );
    const draft = `${this.path}.new`;
    try {
      await writeFile(draft, JSON.stringify({ log: this.log, epochs } satisfies Notes), { mode: 0o600 });
      await rename(draft, this.path);
    } catch {
      // A full or failing disk shows itself in usage(); the marks come again from the record.
    }
  }
}
