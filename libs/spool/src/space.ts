import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spoolFull } from './errors.js';
import type { SpoolFiles } from './files.js';
import { SEGMENT_HEAD_BYTES } from './segment.js';

const REFUSING_MS = 2_000;

/** Counted space for one outcome event. Frees itself when it is used for an append. */
export interface Reservation {
  release(): void;
  readonly bytes: number;
}

/** held → pending (its append is under way) → released, or held again where the append failed. */
export class CountedReservation implements Reservation {
  private state: 'held' | 'pending' | 'released' = 'held';

  constructor(
    private readonly space: Space,
    readonly bytes: number,
  ) {}

  get isHeld(): boolean {
    return this.state === 'held';
  }

  /** Its space goes to the append that is about to be written, and is counted there. */
  use(): void {
    if (this.state !== 'held') return;
    this.state = 'pending';
    this.space.reserved -= 1;
  }

  /** The append failed: it can be tried again. */
  restore(): void {
    if (this.state !== 'pending') return;
    this.state = 'held';
    this.space.reserved += 1;
  }

  release(): void {
    if (this.state === 'held') this.space.reserved -= 1;
    this.state = 'released';
  }
}

/** What a request takes: all its bytes, and whether all of them were promised before. */
export interface Need {
  bytes: number;
  /** Promises that it keeps: 1 where it carries a reservation that is held. */
  keeps: 0 | 1;
  /** True where there is nothing in it beside the outcome that was promised. */
  isPromised: boolean;
}

/** A zero-filled file that waits to become a segment. */
interface Spare {
  path: string;
  bytes: number;
}

/**
 * The space of a spool: preallocated files, and how much of them is promised. What is promised always fits, because it is counted
 * against space that is already on disk: the rest of the current segment and the spare files. Both are counted in slots of one
 * outcome, since an outcome lies in one file; and an append takes its bytes when it is numbered, not when its sync is done.
 */
export class Space {
  /** Bytes of all files, segments and spares. */
  allocatedBytes = 0;
  /** Why the last allocation failed; undefined when none did since. */
  trouble: string | undefined;
  /** Number of reservations that are held. */
  reserved = 0;
  /** Free bytes of the current segment behind all that is numbered. */
  currentFree = 0;
  /** A full disk takes what is small and refuses what is not: it counts as full for a moment after each refusal. */
  private refusedAtMs = Number.NEGATIVE_INFINITY;
  private readonly spares: Spare[] = [];
  private serial = 0;
  private preparing: Promise<void> | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly files: SpoolFiles,
    private readonly folder: string,
    readonly segmentBytes: number,
    private readonly reserveBytes: number,
    private readonly maxBytes: number,
    /** After a disk that gave nothing, the next try. */
    private readonly retryMs: number,
  ) {}

  get reservedBytes(): number {
    return this.reserved * this.reserveBytes;
  }

  /** Whether nothing new can be taken in. */
  get isFull(): boolean {
    const isRefusing = performance.now() - this.refusedAtMs < REFUSING_MS;
    return this.trouble !== undefined && (isRefusing || this.reserved >= this.slots());
  }

  private slotsIn(bytes: number): number {
    return Math.max(0, Math.floor(bytes / this.reserveBytes));
  }

  private slotsOfSpares(): number {
    return this.spares.reduce((sum, spare) => sum + this.slotsIn(spare.bytes - SEGMENT_HEAD_BYTES), 0);
  }

  private slots(): number {
    return this.slotsIn(this.currentFree) + this.slotsOfSpares();
  }

  /**
   * @param besides slots that must be left over
   * @throws SPOOL_FULL
   */
  reserve(besides = 0): CountedReservation {
    const slots = this.slots();
    // Ahead of need, so that only a disk that gives no more is ever the reason to refuse.
    if (this.reserved >= slots / 2) void this.prepare();
    if (this.reserved + besides >= slots) {
      this.refusedAtMs = performance.now();
      throw spoolFull(this.trouble ?? 'all prepared space is promised to commands that are under way');
    }
    this.reserved += 1;
    return new CountedReservation(this, this.reserveBytes);
  }

  /** Whether the current segment can take it without touching what is promised to others. */
  fitsCurrent({ bytes, keeps, isPromised }: Need): boolean {
    if (bytes > this.currentFree) return false;
    return isPromised || this.reserved - keeps <= this.slotsIn(this.currentFree - bytes) + this.slotsOfSpares();
  }

  /**
   * A file for the next segment, which begins with this request. The rest of the current segment is given up, so the promises
   * to others must fit into what the spares have besides it.
   * @throws SPOOL_FULL where taking it would touch what is promised, or the disk gives no more
   */
  async takeSpare({ bytes, keeps, isPromised }: Need): Promise<Spare> {
    const needed = SEGMENT_HEAD_BYTES + bytes;
    for (let hasTried = false; ; hasTried = true) {
      const others = this.reserved - keeps;
      if (needed > this.segmentBytes && this.slotsOfSpares() >= others) {
        return this.allocate(needed).catch((cause) => {
          throw spoolFull(reasonOf(cause), cause);
        });
      }
      // The last spare is what new commands are promised meanwhile: a large append waits for another, if the disk has one.
      if (!isPromised && this.spares.length === 1 && this.trouble === undefined && !this.isClosed) {
        await this.prepare(1);
        continue;
      }
      const spare = needed > this.segmentBytes ? undefined : this.spares[0];
      const taken = spare ? this.slotsIn(spare.bytes - SEGMENT_HEAD_BYTES) - this.slotsIn(spare.bytes - needed) : 0;
      if (spare && (isPromised || this.slotsOfSpares() - taken >= others)) {
        this.spares.shift();
        return spare;
      }
      // What the last try got may do, although it did not get all that it wanted.
      if (hasTried && (this.trouble !== undefined || this.isClosed)) {
        this.refusedAtMs = performance.now();
        throw spoolFull(this.trouble ?? 'it is being closed');
      }
      await this.prepare(1);
    }
  }

  /** A file that could not become a segment. */
  async discard(spare: Spare): Promise<void> {
    this.allocatedBytes -= spare.bytes;
    await this.files.remove(spare.path).catch(() => undefined);
  }

  /** Spares that somebody deleted promise nothing any more. */
  forgetDeleted(): void {
    for (const spare of this.spares.splice(0)) {
      if (existsSync(spare.path)) this.spares.push(spare);
      else this.allocatedBytes -= spare.bytes;
    }
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
  }

  /** Files went: room may have come. */
  freed(bytes: number): Promise<void> {
    this.allocatedBytes -= bytes;
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    return this.prepare();
  }

  /** Keeps one spare more than the promises need, so that the next segment never waits for the disk. */
  prepare(more = 0): Promise<void> {
    // A disk that gave nothing is asked again after a while, not at each refused command.
    if (this.isClosed || this.retryTimer !== undefined) return Promise.resolve();
    this.preparing ??= this.fill(more).finally(() => {
      this.preparing = undefined;
    });
    return this.preparing;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    await this.preparing;
    for (const spare of this.spares.splice(0)) await this.discard(spare);
  }

  private async fill(more: number): Promise<void> {
    const perSpare = Math.max(1, this.slotsIn(this.segmentBytes - SEGMENT_HEAD_BYTES));
    const beyondCurrent = Math.max(0, 2 * this.reserved - this.slotsIn(this.currentFree));
    const wanted = Math.max(1 + Math.ceil(beyondCurrent / perSpare), this.spares.length + more);
    while (this.spares.length < wanted) {
      try {
        this.spares.push(await this.allocate(this.segmentBytes));
      } catch (error) {
        this.trouble = reasonOf(error);
        if (this.isClosed) return;
        this.retryTimer = setTimeout(() => {
          this.retryTimer = undefined;
          void this.prepare();
        }, this.retryMs).unref();
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
