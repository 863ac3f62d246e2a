import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainedRecord, decodeRecord, eventHash, LedgerError, nextChain, RECORD_OVERHEAD_BYTES } from '#ledger';
import type { SpoolFiles } from './files.js';
import { encodeSegmentHead, type Segment, segmentName } from './segment.js';

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const SECTOR_OF_ZEROS = Buffer.alloc(SECTOR_BYTES);
const CHAIN_AT = 18;
const CHAIN_BYTES = 32;

/**
 * Behind rot in the last segment of a run there may be whole records, and they were acknowledged. They become a segment of their
 * own, so that one rotten byte costs what it hit and not all that was written after it; the hole between is found, and named,
 * when it is read.
 *
 * A write that a power cut tore can leave whole records behind a missing one, too. Those were never acknowledged and are no
 * loss, and a hole must not be declared for them: a sector that was never written still has its zeros, rot has none.
 * @param segment as scanned: whole up to `usedBytes`, no record there
 * @returns whether there is a new last segment
 */
export async function salvage(
  segment: Segment,
  epochFolder: string,
  directory: string,
  files: SpoolFiles,
): Promise<boolean> {
  const bytes = await readFile(segment.path);
  const found = nextRecord(bytes, segment.usedBytes + 1, segment.lastSeq + 2);
  if (!found || hasEmptySector(bytes, segment.usedBytes, found.at)) return false;
  const chain = chainBefore(bytes, segment.usedBytes, found.record);
  // Without the chain before it the first record cannot be bound to the run; alone it would be of no use.
  if (!chain && !nextRecord(bytes, found.end, found.record.seq + 1, found.end)) return false;
  const head = encodeSegmentHead(found.record.seq, chain ?? Buffer.alloc(CHAIN_BYTES));
  // A head that does not hold says that the chain is not known.
  if (!chain) head.fill(0xff, head.length - 4);
  const whole = Buffer.concat([head, bytes.subarray(found.at)]);
  const draft = join(directory, `spare-salvaged-${segmentName(found.record.seq)}`);
  await files.seal(segment.path, segment.fileBytes);
  await files.allocate(draft, whole.length);
  const fd = files.open(draft);
  try {
    files.write(fd, whole, 0);
    await files.sync(fd);
  } finally {
    files.close(fd);
  }
  await files.rename(draft, join(epochFolder, segmentName(found.record.seq)), [directory, epochFolder]);
  return true;
}

/** The first whole record that begins in `[from, to]`, with a number that can follow. */
function nextRecord(
  bytes: Buffer,
  from: number,
  leastSeq: number,
  to = bytes.length - RECORD_OVERHEAD_BYTES,
): { record: ChainedRecord; at: number; end: number } | undefined {
  // Numbers first: they cost nothing, the checksum of every byte's supposed record would. No segment holds more records than
  // it has room for.
  const most = leastSeq + Math.ceil(bytes.length / RECORD_OVERHEAD_BYTES);
  for (let at = from; at <= Math.min(to, bytes.length - RECORD_OVERHEAD_BYTES); at++) {
    if (bytes.readUInt32BE(at + 8) > Math.floor(most / 2 ** 32)) continue;
    const seq = Number(bytes.readBigUInt64BE(at + 8));
    if (seq < leastSeq || seq > most) continue;
    try {
      const { record, end } = decodeRecord(bytes, at);
      return { record, at, end };
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
  }
  return undefined;
}

function hasEmptySector(bytes: Buffer, from: number, to: number): boolean {
  for (let at = Math.ceil(from / SECTOR_BYTES) * SECTOR_BYTES; at + SECTOR_BYTES <= to; at += SECTOR_BYTES) {
    if (bytes.subarray(at, at + SECTOR_BYTES).equals(SECTOR_OF_ZEROS)) return true;
  }
  return false;
}

/** What the damaged record says of its chain, where the record behind it confirms that. */
function chainBefore(bytes: Buffer, damagedAt: number, next: ChainedRecord): Buffer | undefined {
  const chain = bytes.subarray(damagedAt + CHAIN_AT, damagedAt + CHAIN_AT + CHAIN_BYTES);
  return chain.length === CHAIN_BYTES && nextChain(chain, eventHash(next.bytes)).equals(next.chain) ? chain : undefined;
}
