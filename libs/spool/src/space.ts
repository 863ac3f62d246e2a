import { join } from 'node:path';
import { spoolFull } from './errors.js';
import type { SpoolFiles } from './files.js';
import { SEGMENT_HEAD_BYTES } from './segment.js';

/** Counted space for one outcome event. Frees itself when it is used for an append. */
export interface Reservation {
  release(): void;
  readonly bytes: number;
}

/** A zero-filled file that waits to become a segment. */
interface Spare {
  path: string;
  bytes: number;
}

/**
 * The space of a spool: preallocated files, and how much of them is promised. What is promised always fits, because it is counted
 * against space that is already on disk: the rest of the current segment and the spare files.
 */
export class Space {
  /** Bytes of all files, segments and spares. */
  allocatedBytes = 0;
  /** Why the last allocation failed; undefined when none did since. */
  trouble: string | undefined;
  private readonly spares: Spare[] = [];
  private reserved = 0;
  private serial = 0;
  private preparing: Promise<void> | undefined;
  /** Free bytes behind the last record of the current segment. */
  currentFree = 0;

  constructor(
    private readonly files: SpoolFiles,
    private readonly folder: string,
    readonly segmentBytes: number,
    private readonly reserveBytes: number,
    private readonly maxBytes: number,
  ) {}

  get reservedBytes(): number {
    return this.reserved * this.reserveBytes;
  }

  private slotsIn(bytes: number): number {
    return Math.max(0, Math.floor(bytes / this.reserveBytes));
  }

  private slotsOfSpares(): number {
    return this.spares.reduce((sum, spare) => sum + this.slotsIn(spare.bytes - SEGMENT_HEAD_BYTES), 0);
  }

  /** @throws SPOOL_FULL */
  reserve(): Reservation {
    const slots = this.slotsIn(this.currentFree) + this.slotsOfSpares();
    // Ahead of need, so that only a disk that gives no more is ever the reason to refuse.
    if (this.reserved >= slots / 2) void this.prepare();
    if (this.reserved >= slots) {
      throw spoolFull(this.trouble ?? 'all prepared space is promised to commands that are under way');
    }
    this.reserved += 1;
    let isHeld = true;
    return {
      bytes: this.reserveBytes,
      release: () => {
        if (isHeld) this.reserved -= 1;
        isHeld = false;
      },
    };
  }

  /** Whether a record may take so many bytes of the current segment without touching what is promised. */
  fitsCurrent(bytes: number, isPromised: boolean): boolean {
    if (bytes > this.currentFree) return false;
    return isPromised || this.reserved <= this.slotsIn(this.currentFree - bytes) + this.slotsOfSpares();
  }

  /**
   * A file for the next segment, whose first record takes so many bytes.
   * @throws SPOOL_FULL where taking it would touch what is promised, or the disk gives no more
   */
  async takeSpare(firstBytes: number, isPromised: boolean): Promise<Spare> {
    const needed = SEGMENT_HEAD_BYTES + firstBytes;
    // The rest of the current segment is given up, so the promises must fit into what the spares have besides this record.
    for (let hasTried = false; ; hasTried = true) {
      if (needed > this.segmentBytes && this.slotsOfSpares() >= this.reserved) {
        return this.allocate(needed).catch((cause) => {
          throw spoolFull(reasonOf(cause), cause);
        });
      }
      const spare = needed > this.segmentBytes ? undefined : this.spares[0];
      const left =
        this.slotsOfSpares() -
        (spare ? this.slotsIn(spare.bytes - SEGMENT_HEAD_BYTES) - this.slotsIn(spare.bytes - needed) : 0);
      if (spare && (isPromised || left >= this.reserved)) {
        this.spares.shift();
        return spare;
      }
      // What the last try got may do, although it did not get all that it wanted.
      if (hasTried && this.trouble !== undefined) throw spoolFull(this.trouble);
      await this.prepare(1);
    }
  }

  /** Gives back a spare that could not be used. */
  putBack(spare: Spare): void {
    this.spares.unshift(spare);
  }

  /** Keeps one spare more than the promises need, so that the next segment never waits for the disk. */
  prepare(more = 0): Promise<void> {
    this.preparing ??= this.fill(more).finally(() => {
      this.preparing = undefined;
    });
    return this.preparing;
  }

  private async fill(more: number): Promise<void> {
    const perSpare = this.slotsIn(this.segmentBytes - SEGMENT_HEAD_BYTES);
    const wanted = Math.max(1 + Math.ceil((2 * this.reserved) / Math.max(1, perSpare)), this.spares.length + more);
    while (this.spares.length < wanted) {
      try {
        this.spares.push(await this.allocate(this.segmentBytes));
      } catch (error) {
        this.trouble = reasonOf(error);
        return;
      }
    }
    this.trouble = undefined;
  }

  private async allocate(bytes: number): Promise<Spare> {
    if (this.allocatedBytes + bytes > this.maxBytes) {
      throw new Error(`${this.allocatedBytes} of at most ${this.maxBytes} bytes are in use`);
    }
    const path = join(this.folder, `spare-${process.pid}-${this.serial++}`);
    try {
      await this.files.allocate(path, bytes);
    } catch (cause) {
      await this.files.remove(path).catch(() => undefined);
      throw cause;
    }
    this.allocatedBytes += bytes;
    return { path, bytes };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
