import { crc32c } from './crc32c.js';
import { LedgerError } from './errors.js';

/**
 * An event as it lies in a spool segment and in a frame, big-endian:
 *
 *     len u32 | crc32c u32 | seq u64 | flags u16 | chain[32] | sidecarLen u32 | sidecar | canonical bytes
 *
 * `len` counts what follows the checksum; the checksum is over just that. Flags and sidecars have no meaning yet, and
 * whatever carries them is refused.
 */
export interface ChainedRecord {
  /** From 1, gapless within its epoch. */
  seq: number;
  /** Running hash of the epoch up to and including this event; 32 bytes. */
  chain: Buffer;
  /** The event's canonical bytes. */
  bytes: Buffer;
}

/** Bytes that a record adds to its event. */
export const RECORD_OVERHEAD_BYTES = 4 + 4 + 8 + 2 + 32 + 4;
/** A frame may be 8 MiB, header (at most 166 bytes) and signature included; no record may be larger than fits into one. */
export const MAX_RECORD_BYTES = 8 * 1024 * 1024 - 512;

const PREFIX_BYTES = 8;
const CHAIN_AT = 18;
const SIDECAR_AT = 50;

/** Bytes of a record of this event. */
export function recordBytes(record: ChainedRecord): number {
  return RECORD_OVERHEAD_BYTES + record.bytes.length;
}

/**
 * @throws LEDGER_RECORD_TOO_LARGE for an event that no frame could carry
 */
export function encodeRecord(record: ChainedRecord): Buffer {
  const out = Buffer.allocUnsafe(recordBytes(record));
  writeRecord(record, out, 0);
  return out;
}

/**
 * Writes a record into `out` at byte `at`, where there must be room for {@link recordBytes}.
 * @returns the byte after it
 * @throws LEDGER_RECORD_TOO_LARGE for an event that no frame could carry
 */
export function writeRecord(record: ChainedRecord, out: Buffer, at: number): number {
  const size = recordBytes(record);
  if (size > MAX_RECORD_BYTES) {
    throw new LedgerError({
      code: 'LEDGER_RECORD_TOO_LARGE',
      message: `a record of ${size} bytes; the largest is ${MAX_RECORD_BYTES}`,
      remedy: 'Split the event: large commands travel as command.chunk events.',
      retry: 'never',
    });
  }
  out.writeUInt32BE(size - PREFIX_BYTES, at);
  out.writeBigUInt64BE(BigInt(record.seq), at + 8);
  out.writeUInt16BE(0, at + 16);
  out.set(record.chain, at + CHAIN_AT);
  out.writeUInt32BE(0, at + SIDECAR_AT);
  out.set(record.bytes, at + RECORD_OVERHEAD_BYTES);
  out.writeUInt32BE(crc32c(out.subarray(at + PREFIX_BYTES, at + size)), at + 4);
  return at + size;
}

/**
 * Reads the record that begins at byte `at`. Never reads or allocates beyond `source`; the result's buffers are views of it.
 * @returns the record, and the byte after it
 * @throws LEDGER_RECORD_MALFORMED where the bytes end early, the checksum differs, or a field has no meaning in this version
 */
export function decodeRecord(source: Buffer, at = 0): { record: ChainedRecord; end: number } {
  if (source.length - at < RECORD_OVERHEAD_BYTES) throw malformed(at, 'the bytes end within its head');
  const length = source.readUInt32BE(at);
  const end = at + PREFIX_BYTES + length;
  if (length < RECORD_OVERHEAD_BYTES - PREFIX_BYTES || length + PREFIX_BYTES > MAX_RECORD_BYTES) {
    throw malformed(at, `it says that it is ${length} bytes long`);
  }
  if (end > source.length)
    throw malformed(at, `it says ${length} bytes, ${source.length - at - PREFIX_BYTES} are left`);
  if (crc32c(source.subarray(at + PREFIX_BYTES, end)) !== source.readUInt32BE(at + 4)) {
    throw malformed(at, 'its checksum differs');
  }
  const seq = source.readBigUInt64BE(at + 8);
  if (seq < 1n || seq > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(at, `its number is ${seq}`);
  if (source.readUInt16BE(at + 16) !== 0) throw malformed(at, 'it has flags of another version');
  if (source.readUInt32BE(at + SIDECAR_AT) !== 0) throw malformed(at, 'it has a sidecar of another version');
  const chain = source.subarray(at + CHAIN_AT, at + SIDECAR_AT);
  return { record: { seq: Number(seq), chain, bytes: source.subarray(at + RECORD_OVERHEAD_BYTES, end) }, end };
}

function malformed(at: number, why: string): LedgerError {
  return new LedgerError({
    code: 'LEDGER_RECORD_MALFORMED',
    message: `no whole record at byte ${at}: ${why}`,
    remedy: 'The bytes are torn, rotten or of another version; what was written before them still counts.',
    retry: 'never',
  });
}
