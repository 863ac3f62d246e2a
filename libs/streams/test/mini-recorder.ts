import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Epoch, NodeName } from '#events';
import { GENESIS_CHAIN } from '#ledger';
import { decodeFrame, type Frame, verifyFrame } from '../src/frame.js';
import { type Mark, publishMarks, signMark } from '../src/mark.js';
import { markField } from '../src/names.js';
import { type StreamEntry, StreamReader } from '../src/stream-reader.js';

export interface Taken {
  seq: number;
  chain: Buffer;
  frames: number;
  gaps: { from: number; to: number }[];
}

/** What a recorder does with streams, without a Postgres: it verifies, takes only what follows the mark, publishes, trims. */
export class MiniRecorder {
  readonly taken = new Map<Epoch, Taken>();
  deletedStreams = 0;
  foreign: StreamEntry[] = [];
  readonly reader: StreamReader;
  private stopped = false;
  private readonly running: Promise<void>;
  private clock = 0;
  private paused = false;
  private rests = false;
  private republishedAtMs = Date.now();

  constructor(
    private readonly redis: Redis,
    private readonly node: NodeName,
    private readonly log: string,
    private readonly nodeKey: KeyObject,
    private readonly markKey: KeyObject,
  ) {
    this.reader = new StreamReader({
      redis,
      nodes: async () => [node],
      markOf: (_node, epoch) => this.taken.get(epoch)?.seq,
      limits: { blockMs: 20, epochsMs: 20 },
    });
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    await this.reader.close();
  }

  /** Resolves when it reads nothing any more. */
  async pause(): Promise<void> {
    this.paused = true;
    while (!this.rests) await sleep(2);
  }

  resume(): void {
    this.paused = false;
  }

  seqOf(epoch: Epoch): number {
    return this.taken.get(epoch)?.seq ?? 0;
  }

  /** Says a mark, true or not; later ones have a later `at`. */
  async say(epoch: Epoch, changes: Partial<Mark> = {}, key = this.markKey): Promise<void> {
    const { seq, chain } = this.taken.get(epoch) ?? { seq: 0, chain: GENESIS_CHAIN };
    this.clock++;
    const at = `2026-11-25T12:00:00.${String(this.clock).padStart(6, '0')}Z`;
    const mark: Mark = {
      log: this.log,
      generation: 1,
      node: this.node,
      epoch,
      seq,
      chain: chain.toString('hex'),
      state: 'open',
      at,
      ...changes,
    };
    await publishMarks(this.redis, [{ key: markField(this.node, epoch), text: signMark(mark, key) }]);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        this.rests = this.paused;
        if (this.rests) {
          await sleep(2);
          continue;
        }
        if (Date.now() - this.republishedAtMs > 100) await this.republish();
        for (const entry of await this.reader.read()) await this.take(entry);
      } catch {
        // Redis is away, which some tests are about.
        await sleep(20);
      }
    }
  }

  /** Marks that Redis lost come back without news. */
  private async republish(): Promise<void> {
    this.republishedAtMs = Date.now();
    for (const epoch of this.taken.keys()) await this.say(epoch);
  }

  private async take(entry: StreamEntry): Promise<void> {
    const { node, epoch } = entry;
    const frame = this.open(entry);
    if (!frame) {
      this.foreign.push(entry);
      await this.reader.deleteEntry(node, epoch, entry.entryId);
      return;
    }
    const taken = this.taken.get(epoch) ?? { seq: 0, chain: GENESIS_CHAIN, frames: 0, gaps: [] };
    const { gap, firstSeq, prevChain } = frame.header;
    const fresh = frame.records.filter((record) => record.seq > taken.seq);
    const last = fresh.at(-1);
    if (!last) return;
    if (gap && firstSeq > taken.seq + 1) taken.gaps.push({ from: taken.seq + 1, to: firstSeq - 1 });
    else if (fresh[0]?.seq !== taken.seq + 1) {
      this.deletedStreams++;
      await this.reader.deleteStream(node, epoch);
      return;
    } else if (fresh.length === frame.records.length && !prevChain.equals(taken.chain)) throw new Error('fork');
    this.taken.set(epoch, { ...taken, seq: last.seq, chain: last.chain, frames: taken.frames + 1 });
    await this.say(epoch);
    await this.reader.trim(node, epoch, last.seq);
  }

  private open(entry: StreamEntry): Frame | undefined {
    try {
      const frame = decodeFrame(entry.bytes);
      const { node, epoch, log } = frame.header;
      const inPlace = node === entry.node && epoch === entry.epoch && log === this.log;
      return inPlace && verifyFrame(frame, this.nodeKey) ? frame : undefined;
    } catch {
      return undefined;
    }
  }
}
