import { existsSync } from 'node:fs';
import type { EpochLog } from './epoch-log.js';
import type { SpoolFiles } from './files.js';
import type { Segment } from './segment.js';
import type { Space } from './space.js';

export interface RetentionOptions {
  keepMs: number;
  keepBytes: number;
  files: SpoolFiles;
  space: Space;
  now: () => number;
  beforeDelete: () => Promise<void>;
  /** Never deleted. */
  currentSegment: () => Segment | undefined;
}

/** Deletes segments that are wholly confirmed and old enough or beyond what is to be kept, oldest first; one sweep at a time. */
export class Retention {
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly options: RetentionOptions,
    private readonly logs: EpochLog[],
    private readonly onDeleted: () => Promise<void>,
  ) {}

  /** What cannot be deleted now (a file that resists, a beforeDelete that is not ready) is tried again at the next sweep. */
  sweep(): Promise<void> {
    this.sweeping ??= this.deleteConfirmed()
      .catch(() => undefined)
      .finally(() => {
        this.sweeping = undefined;
      });
    return this.sweeping;
  }

  /** Resolves when no sweep is under way. */
  async idle(): Promise<void> {
    await this.sweeping;
  }

  private async deleteConfirmed(): Promise<void> {
    const doomed = this.doomed();
    if (doomed.length > 0) {
      await this.options.beforeDelete();
      for (const { log, segment } of doomed) {
        // While we waited, the record may have said that it lost what it had: then this is the last copy.
        if (!log.isSettled(segment)) continue;
        await this.delete(log, segment);
      }
    }
    const isGone = await this.removeEmptyEpochs();
    if (doomed.length > 0 || isGone) await this.onDeleted();
  }

  private async delete(log: EpochLog, segment: Segment): Promise<void> {
    // Off the list first: a reader that then misses the file knows why.
    const at = log.segments.indexOf(segment);
    log.segments.splice(at, 1);
    try {
      await this.options.files.remove(segment.path);
    } catch (error) {
      log.segments.splice(at, 0, segment);
      throw error;
    }
    await this.options.space.freed(segment.fileBytes);
  }

  private doomed(): { log: EpochLog; segment: Segment }[] {
    const { keepMs, keepBytes, space, now } = this.options;
    const current = this.options.currentSegment();
    const doomed: { log: EpochLog; segment: Segment }[] = [];
    let bytes = space.allocatedBytes;
    for (const log of this.logs) {
      for (const segment of log.segments) {
        if (segment === current || !log.isSettled(segment)) break;
        // One that somebody else deleted is not worth keeping on the list.
        if (now() - segment.writtenAt < keepMs && bytes <= keepBytes && existsSync(segment.path)) break;
        doomed.push({ log, segment });
        bytes -= segment.fileBytes;
      }
    }
    return doomed;
  }

  private async removeEmptyEpochs(): Promise<boolean> {
    const empty = this.logs.filter((log) => log.segments.length === 0 && log.state === 'closed');
    for (const log of empty) {
      await this.options.files.remove(log.folder);
      this.logs.splice(this.logs.indexOf(log), 1);
    }
    return empty.length > 0;
  }
}
