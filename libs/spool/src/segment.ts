import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ChainedRecord, crc32c, decodeRecord, LedgerError, MAX_RECORD_BYTES } from '#ledger';

// A segment in brief: `"AFDSPL1\0" | firstSeq u64 | chain before it[32] | crc32c u32`, then records, then zeros. Its name is the
// number of its first record. What it holds from the first number of the next segment on was never acknowledged and does not count.

const MAGIC = Buffer.from('AFDSPL1\0', 'ascii');
export const SEGMENT_HEAD_BYTES = 8 + 8 + 32 + 4;
const INDEX_STEP_BYTES = 64 * 1024;
const SCAN_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(SCAN_BYTES);

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
  /** From this number on its bytes were found rotten; what it has behind them cannot be read. */
  rottenFrom: number | undefined;
  /** Chain before the first record; undefined where the head is rotten. */
  prevChain: Buffer | undefined;
  /** Bytes up to the end of the last durable record; the whole file while nobody had to look. */
  usedBytes: number;
  fileBytes: number;
  /** When it was last written, ms since 1970. */
  writtenAt: number;
  /** Every 64 KiB or so, as far as it was written or read in this run: which number begins where. */
  index: { seq: number; at: number }[];
}

/** Notes where a record begins, if it lies far enough behind the last note. */
export function indexRecord(segment: Segment, seq: number, at: number): void {
  const last = segment.index.at(-1);
  if (!last || at - last.at >= INDEX_STEP_BYTES) segment.index.push({ seq, at });
}

/**
 * What an earlier run left under this name, taken at its head's word: its records are looked at when they are read.
 * @param lastSeq its last number, which the next segment's name says
 */
export async function describeSegment(path: string, lastSeq: number): Promise<Segment> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const firstSeq = segmentFirstSeq(path) as number;
    // A rotten head costs only the chain before it: the records carry their own numbers and sums.
    const isWhole =
      bytesRead === head.length &&
      head.subarray(0, 8).equals(MAGIC) &&
      crc32c(head.subarray(0, 48)) === head.readUInt32BE(48) &&
      Number(head.readBigUInt64BE(8)) === firstSeq;
    return {
      path,
      firstSeq,
      lastSeq,
      rottenFrom: undefined,
      prevChain: isWhole ? head.subarray(16, 48) : undefined,
      usedBytes: size,
      fileBytes: size,
      writtenAt: mtimeMs,
      index: [],
    };
  } finally {
    await file.close();
  }
}

/**
 * Reads a run's last segment from its beginning to the first byte that is no record: the zeros, a torn end, a rotten byte.
 * @returns the chain at its last record, and whether nothing but zeros follows
 */
export async function scanSegment(
  path: string,
): Promise<{ segment: Segment; lastChain: Buffer | undefined; isClean: boolean }> {
  const segment = await describeSegment(path, (segmentFirstSeq(path) as number) - 1);
  segment.usedBytes = Math.min(SEGMENT_HEAD_BYTES, segment.fileBytes);
  let lastChain = segment.prevChain;
  const file = await open(path, 'r');
  try {
    for await (const { record, at, end } of recordsFrom(file, SEGMENT_HEAD_BYTES, segment.fileBytes)) {
      if (record.seq !== segment.lastSeq + 1) break;
      indexRecord(segment, record.seq, at);
      segment.lastSeq = record.seq;
      segment.usedBytes = end;
      lastChain = Buffer.from(record.chain);
    }
    return { segment, lastChain, isClean: await isZero(file, segment.usedBytes, segment.fileBytes) };
  } finally {
    await file.close();
  }
}

export interface SegmentPage {
  records: ChainedRecord[];
  /** Set where the bytes end before the segment's last number: the last one before `fromSeq + records.length` that is whole. */
  endsAt: { seq: number; chain: Buffer | undefined } | undefined;
}

/** Records of a segment from a number on, at most so many and so many bytes, but at least one if it is there. */
export async function readSegment(
  segment: Segment,
  fromSeq: number,
  limit: { count: number; bytes: number },
): Promise<SegmentPage> {
  const records: ChainedRecord[] = [];
  let from = SEGMENT_HEAD_BYTES;
  let seq = segment.firstSeq - 1;
  let chain = segment.prevChain;
  for (const note of segment.index) {
    if (note.seq > fromSeq) break;
    from = note.at;
    seq = note.seq - 1;
    chain = note.seq === segment.firstSeq ? segment.prevChain : undefined;
  }
  const lastIndexed = segment.index.at(-1)?.seq ?? 0;
  const file = await open(segment.path, 'r');
  try {
    let bytes = 0;
    // Not much more than is asked for: the way there from the index, and the records.
    const window = Math.min(SCAN_BYTES, limit.bytes + 2 * INDEX_STEP_BYTES);
    for await (const { record, at } of recordsFrom(file, from, segment.usedBytes, window)) {
      if (record.seq !== seq + 1) break;
      seq = record.seq;
      chain = record.chain;
      if (seq > lastIndexed) indexRecord(segment, seq, at);
      if (seq >= fromSeq) {
        bytes += record.bytes.length;
        if (records.length > 0 && bytes > limit.bytes) return { records, endsAt: undefined };
        records.push({ seq, chain: Buffer.from(record.chain), bytes: Buffer.from(record.bytes) });
      }
      const isEnough = records.length >= Math.max(1, limit.count);
      if (isEnough || seq >= segment.lastSeq) return { records, endsAt: undefined };
    }
  } finally {
    await file.close();
  }
  return { records, endsAt: { seq, chain: chain && Buffer.from(chain) } };
}

interface ReadableFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/** Walks over records in `[from, to)` of a file; ends quietly where no whole record follows. */
async function* recordsFrom(
  file: ReadableFile,
  from: number,
  to: number,
  windowBytes = SCAN_BYTES,
): AsyncGenerator<{ record: ChainedRecord; at: number; end: number }> {
  let base = from;
  let size = windowBytes;
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
      size = windowBytes;
      continue;
    }
    // Not even one whole record: either one larger than the window, or the end.
    if (base + window.length >= to || size > MAX_RECORD_BYTES) return;
    const length = window.length >= 4 ? window.readUInt32BE(0) : 0;
    if (length === 0 || length > MAX_RECORD_BYTES || length + 8 <= window.length) return;
    size = length + 8;
  }
}

async function isZero(file: ReadableFile, from: number, to: number): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(Math.min(SCAN_BYTES, Math.max(0, to - from)));
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, to - at), at);
    if (bytesRead === 0) return true;
    if (!buffer.subarray(0, bytesRead).equals(ZEROS.subarray(0, bytesRead))) return false;
    at += bytesRead;
  }
  return true;
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
