import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEvent, type Epoch, type EventDraft, type NodeName } from '#events';
import { eventHash, GENESIS_CHAIN, nextChain, RECORD_OVERHEAD_BYTES } from '#ledger';
import { openSpool, type Spool, type SpoolOptions } from '../src/spool.js';
import type { SpoolRecord } from '../src/writer.js';

export const SEGMENT = 8 * 1024;

export function draft(text: string): EventDraft {
  return {
    type: 'command.chunk',
    time: '2026-11-25T08:00:00.000000Z',
    class: 'standard',
    session: 's',
    data: { command: 's.1', part: 'statement', index: 1, text, bytes: 0, sha256: '0'.repeat(64) },
  };
}

/** What {@link draft} was given; `closed` for the event that ends a run. */
export function textOf(record: { bytes: Buffer }): string {
  const { data } = decodeEvent(record.bytes) as { data: { text?: string; reason?: string } };
  return data.text ?? data.reason ?? '';
}

/** A draft whose record will take exactly so many bytes, where the spool's next number is `seq`. */
export function draftOfSize(spool: Spool, seq: number, bytes: number): EventDraft {
  const { epoch, node } = spool;
  const empty = JSON.stringify({ v: 1, id: `${epoch}.${seq}`, node, epoch, seq, ...draft('') }).length;
  return draft('o'.repeat(bytes - RECORD_OVERHEAD_BYTES - empty));
}

/** Every record of an epoch that can be read. */
export async function everything(spool: Spool, epoch: Epoch = spool.epoch): Promise<SpoolRecord[]> {
  const all: SpoolRecord[] = [];
  for (;;) {
    const page = await spool.read(epoch, (all.at(-1)?.seq ?? 0) + 1, { count: 7, bytes: 3000 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

/** Numbers without a hole from 1, each chain computed anew. */
export function expectChained(records: SpoolRecord[]): void {
  let chain = GENESIS_CHAIN;
  records.forEach((record, at) => {
    chain = nextChain(chain, eventHash(record.bytes));
    expect([record.seq, record.chain]).toEqual([at + 1, chain]);
    expect(decodeEvent(record.bytes)).toMatchObject({ seq: record.seq, epoch: record.epoch, node: 'edge' });
  });
}

/** A folder for one test's spools, which closes and removes them. */
export class SpoolFolder {
  private readonly folder = mkdtempSync(join(tmpdir(), 'affidavit-spool-'));
  private readonly opened: Spool[] = [];

  path(name = 'spool'): string {
    return join(this.folder, name);
  }

  async open(options: Partial<SpoolOptions> = {}): Promise<Spool> {
    const spool = await openSpool({
      directory: this.path(),
      node: 'edge' as NodeName,
      version: 'test',
      segmentBytes: SEGMENT,
      retryMs: 20,
      ...options,
    });
    this.opened.push(spool);
    return spool;
  }

  /** A copy of a spool's folder as a crash at this moment would leave it, without its lock. @returns its path */
  crashed(name: string, from = 'spool'): string {
    cpSync(this.path(from), this.path(name), { recursive: true, filter: (path) => !path.endsWith('/lock') });
    return this.path(name);
  }

  async remove(): Promise<void> {
    for (const spool of this.opened) await spool.close().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Paths of an epoch's segments, in order. */
export function segmentsOf(directory: string, epoch: Epoch): string[] {
  const folder = readdirSync(directory).find((name) => name.endsWith(epoch));
  if (folder === undefined) return [];
  return readdirSync(join(directory, folder))
    .sort()
    .map((name) => join(directory, folder, name));
}

export function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 0x40;
  writeFileSync(path, bytes);
}
