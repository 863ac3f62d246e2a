import { randomBytes } from 'node:crypto';
import type { Epoch } from '#events';
import { type ChainedRecord, eventHash, GENESIS_CHAIN, nextChain } from '#ledger';
import type { SpooledEpoch, SpoolReader } from '../src/spool-reader.js';

interface Run {
  epoch: Epoch;
  state: 'open' | 'closed';
  records: ChainedRecord[];
  firstSeq: number;
  confirmedSeq: number;
  /** Numbers that cannot be read any more. */
  hole: { from: number; to: number } | undefined;
}

/** A spool without a disk, which promises the same. */
export class MemorySpool implements SpoolReader {
  readonly runs: Run[] = [];
  private readonly listeners = new Set<() => void>();

  /** Ends the current run and begins a new one. */
  startRun(epoch = randomBytes(8).toString('hex') as Epoch): Epoch {
    for (const run of this.runs) run.state = 'closed';
    this.runs.push({ epoch, state: 'open', records: [], firstSeq: 1, confirmedSeq: 0, hole: undefined });
    return epoch;
  }

  append(count: number, bytesEach = 40): void {
    const run = this.current;
    for (let i = 0; i < count; i++) {
      const seq = run.records.length + 1;
      const bytes = Buffer.from(`{"n":${seq},"of":"${run.epoch}"}`.padEnd(bytesEach, ' '));
      run.records.push({ seq, chain: nextChain(this.chain(run, seq - 1), eventHash(bytes)), bytes });
    }
    for (const listener of this.listeners) listener();
  }

  /** Forgets the oldest events, as if their segment were gone. */
  forget(epoch: Epoch, upTo: number): void {
    this.run(epoch).firstSeq = upTo + 1;
  }

  get current(): Run {
    const run = this.runs.at(-1);
    if (!run) throw new Error('no run yet');
    return run;
  }

  run(epoch: Epoch): Run {
    const run = this.runs.find((each) => each.epoch === epoch);
    if (!run) throw new Error(`no run ${epoch}`);
    return run;
  }

  epochs(): SpooledEpoch[] {
    return this.runs.map((run) => ({
      epoch: run.epoch,
      state: run.state,
      firstSeq: run.firstSeq,
      lastSeq: run.records.length,
      confirmedSeq: run.confirmedSeq,
      confirmedChain: this.chain(run, run.confirmedSeq),
    }));
  }

  async read(epoch: Epoch, fromSeq: number, limit: { count: number; bytes: number }): Promise<ChainedRecord[]> {
    const run = this.run(epoch);
    const isGone = (seq: number) => seq < run.firstSeq || (run.hole && seq >= run.hole.from && seq <= run.hole.to);
    let start = fromSeq;
    while (start <= run.records.length && isGone(start)) start++;
    const taken: ChainedRecord[] = [];
    let bytes = 0;
    for (const record of run.records.slice(start - 1, start - 1 + limit.count)) {
      if (isGone(record.seq)) break;
      bytes += record.bytes.length;
      if (taken.length > 0 && bytes > limit.bytes) break;
      taken.push(record);
    }
    return taken;
  }

  async chainAt(epoch: Epoch, seq: number): Promise<Buffer | undefined> {
    const run = this.run(epoch);
    return seq < run.firstSeq - 1 || seq > run.records.length ? undefined : this.chain(run, seq);
  }

  onDurable(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async confirm(epoch: Epoch, seq: number, chain: Buffer): Promise<'advanced' | 'known' | 'back' | 'disagrees'> {
    const run = this.run(epoch);
    if (seq > run.records.length || !chain.equals(this.chain(run, seq))) return 'disagrees';
    const before = run.confirmedSeq;
    run.confirmedSeq = seq;
    return seq === before ? 'known' : seq > before ? 'advanced' : 'back';
  }

  private chain(run: Run, seq: number): Buffer {
    return seq === 0 ? GENESIS_CHAIN : (run.records[seq - 1]?.chain ?? GENESIS_CHAIN);
  }
}
