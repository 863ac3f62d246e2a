import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ChainedRecord, crc32c, decodeRecord, LedgerError, MAX_RECORD_BYTES } from '#ledger';

// A segment in brief: `"AFDSPL1\0" | firstSeq u64 | chain before it[32] | crc32c u32`, then records, then zeros. Its name is the
// number of its first record. What it holds from the first number of the next segment on was never acknowledged and does not count.

const MAGIC = Buffer.from('AFDSPL1\0', 'ascii');
export const SEGMENT_HEAD_BYTES = 8 + 8 + 32 + 4;
const INDEX_STEP_BYTES = 64 * 1024;
const SCAN_BYTES = 1024 * 1024;

export function segmentName(firstSeq: number): string {
  return `${String(firstSeq).padStart(16, '0')}.seg`;
}

export function segmentFirstSeq(path: string): number | undefined {
  const match = /^(\d{16})\.seg$/.exec(basename(path));
  return match ? Number(match[1]) : undefined;
}

export function encodeSegmentHead(firstSeq: number, prevChain: Buffer): Buffer {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
  MAGIC.copy(head, 0);
  head.writeBigUInt64BE(BigInt(firstSeq), 8);
  prevChain.copy(head, 16);
  head.writeUInt32BE(crc32c(head.subarray(0, 48)), 48);
  return head;
}

/** What is known of one segment file. */
export interface Segment {
  path: string;
  firstSeq: number;
  /** Last durable number; `firstSeq - 1` while it is empty. */
  lastSeq: number;
  /** Chain before the first record, and at the last. */
  prevChain: Buffer;
  lastChain: Buffer;
  /** Bytes up to the end of the last durable record. */
  usedBytes: number;
  fileBytes: number;
  /** When it was last written, ms since 1970. */
  writtenAt: number;
  /** Every 64 KiB or so: which number begins where. */
  index: { seq: number; at: number }[];
}

/** Notes where a record begins, if the last note is far enough back. */
export function indexRecord(segment: Segment, seq: number, at: number): void {
  const last = segment.index.at(-1);
  if (!last || at - last.at >= INDEX_STEP_BYTES) segment.index.push({ seq, at });
}

/**
 * Reads a segment from its beginning to the first byte that is no record: the zeros, a torn end, a rotten byte.
 * @returns undefined where not even the head is whole
 */
export async function scanSegment(path: string): Promise<Segment | undefined> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const isWhole =
      bytesRead === head.length &&
      head.subarray(0, 8).equals(MAGIC) &&
      crc32c(head.subarray(0, 48)) === head.readUInt32BE(48);
    const firstSeq = Number(head.readBigUInt64BE(8));
    if (!isWhole || firstSeq !== segmentFirstSeq(path)) return undefined;
    const prevChain = Buffer.from(head.subarray(16, 48));
    const segment: Segment = {
      path,
      firstSeq,
      lastSeq: firstSeq - 1,
      prevChain,
      lastChain: prevChain,
      usedBytes: SEGMENT_HEAD_BYTES,
      fileBytes: size,
      writtenAt: mtimeMs,
      index: [],
    };
    for await (const { record, at, end } of recordsFrom(file, SEGMENT_HEAD_BYTES, size)) {
      if (record.seq !== segment.lastSeq + 1) break;
      indexRecord(segment, record.seq, at);
      segment.lastSeq = record.seq;
      segment.lastChain = Buffer.from(record.chain);
      segment.usedBytes = end;
    }
    return segment;
  } finally {
    await file.close();
  }
}

/** Durable records of a segment from a number on, at most so many and so many bytes, but at least one. */
export async function readSegment(
  segment: Segment,
  fromSeq: number,
  limit: { count: number; bytes: number },
): Promise<ChainedRecord[]> {
  const found: ChainedRecord[] = [];
  if (fromSeq > segment.lastSeq) return found;
  let from = SEGMENT_HEAD_BYTES;
  for (const note of segment.index) {
    if (note.seq > fromSeq) break;
    from = note.at;
  }
  const file = await open(segment.path, 'r');
  try {
    let bytes = 0;
    for await (const { record } of recordsFrom(file, from, segment.usedBytes)) {
      if (record.seq > segment.lastSeq) break;
      if (record.seq < fromSeq) continue;
      bytes += record.bytes.length;
      if (found.length > 0 && (found.length >= limit.count || bytes > limit.bytes)) break;
      found.push({ seq: record.seq, chain: Buffer.from(record.chain), bytes: Buffer.from(record.bytes) });
      if (found.length >= limit.count) break;
    }
  } finally {
    await file.close();
  }
  return found;
}

/** Walks over records in `[from, to)` of a file; ends quietly where no whole record follows. */
async function* recordsFrom(
  file: { read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> },
  from: number,
  to: number,
): AsyncGenerator<{ record: ChainedRecord; at: number; end: number }> {
  let base = from;
  let size = SCAN_BYTES;
  while (base < to) {
    const buffer = Buffer.allocUnsafe(Math.min(size, to - base));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, base);
    const window = buffer.subarray(0, bytesRead);
    let at = 0;
    for (;;) {
      const decoded = decodeOrUndefined(window, at);
      if (!decoded) break;
      yield { record: decoded.record, at: base + at, end: base + decoded.end };
      at = decoded.end;
    }
    if (at > 0) {
      base += at;
      size = SCAN_BYTES;
      continue;
    }
    // Not even one whole record: either one larger than the window, or the end.
    if (base + window.length >= to || size > MAX_RECORD_BYTES) return;
    const length = window.length >= 4 ? window.readUInt32BE(0) : 0;
    if (length === 0 || length > MAX_RECORD_BYTES || length + 8 <= window.length) return;
    size = length + 8;
  }
}

function decodeOrUndefined(window: Buffer, at: number): { record: ChainedRecord; end: number } | undefined {
  if (at >= window.length) return undefined;
  try {
    return decodeRecord(window, at);
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}
