import type { EpochAdvance, ForeignEntry, Fork, RecordBatch } from '#record';

/** Limits of one recording transaction. Larger ones gain little and hold more back when one is rolled back. */
export interface BatchLimits {
  events: number;
  bytes: number;
}

export const BATCH_LIMITS: BatchLimits = { events: 2_000, bytes: 2 * 1024 * 1024 };

type Part =
  | { kind: 'advance'; advance: EpochAdvance; events: number; bytes: number }
  | { kind: 'fork'; fork: Fork }
  | { kind: 'foreign'; foreign: ForeignEntry };

/** What was read and judged and waits for the next transaction, in order. */
export class BatchQueue {
  private parts: Part[] = [];
  private events = 0;
  private bytes = 0;
  private readonly drained = new Set<() => void>();

  constructor(
    private readonly limits: BatchLimits = BATCH_LIMITS,
    private readonly onFilled: () => void = () => {},
  ) {}

  get isEmpty(): boolean {
    return this.parts.length === 0;
  }

  get eventCount(): number {
    return this.events;
  }

  addAdvance(advance: EpochAdvance): void {
    const events = advance.events.length;
    const bytes = advance.events.reduce((sum, event) => sum + event.bytes.length, 0);
    this.events += events;
    this.bytes += bytes;
    this.add({ kind: 'advance', advance, events, bytes });
  }

  addFork(fork: Fork): void {
    this.add({ kind: 'fork', fork });
  }

  addForeign(foreign: ForeignEntry): void {
    this.add({ kind: 'foreign', foreign });
  }

  /** The next transaction: frames in order up to the limits (at least one), those of one epoch that adjoin joined into one run. */
  next(): RecordBatch {
    const batch: RecordBatch = { advances: [], forks: [], foreign: [] };
    const lastOf = new Map<string, EpochAdvance>();
    let events = 0;
    let bytes = 0;
    let taken = 0;
    for (const part of this.parts) {
      if (part.kind === 'advance') {
        if (events > 0 && (events + part.events > this.limits.events || bytes + part.bytes > this.limits.bytes)) break;
        events += part.events;
        bytes += part.bytes;
        joinAdvance(batch, lastOf, part.advance);
      } else if (part.kind === 'fork') batch.forks.push(part.fork);
      else batch.foreign.push(part.foreign);
      taken += 1;
    }
    this.parts.splice(0, taken);
    this.events -= events;
    this.bytes -= bytes;
    if (!this.isFull) this.releaseWaiting();
    return batch;
  }

  /** Resolves when there is room for more: two transactions' worth may wait while one is under way. */
  async whenRoomy(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.drained.add(resolve));
  }

  clear(): void {
    this.parts = [];
    this.events = 0;
    this.bytes = 0;
    this.releaseWaiting();
  }

  private get isFull(): boolean {
    return this.events >= 2 * this.limits.events || this.bytes >= 2 * this.limits.bytes;
  }

  private add(part: Part): void {
    this.parts.push(part);
    this.onFilled();
  }

  private releaseWaiting(): void {
    for (const resolve of this.drained) resolve();
    this.drained.clear();
  }
}

function joinAdvance(batch: RecordBatch, lastOf: Map<string, EpochAdvance>, advance: EpochAdvance): void {
  const key = `${advance.node}/${advance.epoch}`;
  const before = lastOf.get(key);
  if (before && !advance.gap) {
    before.events = before.events.concat(advance.events);
    before.headSignature = advance.headSignature;
    return;
  }
  const own = { ...advance };
  lastOf.set(key, own);
  batch.advances.push(own);
}
