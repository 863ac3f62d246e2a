import { sha256 } from './chain.js';
import { LedgerError } from './errors.js';

/**
 * What the log keeps of an event for ever, also after its retention ended:
 * `version u8 | recorded_at µs i64 | class (u8 length, ASCII) | epoch[8] | seq u64 | eventHash[32]`, big-endian.
 */
export interface Leaf {
  /** Microseconds since 1970, UTC, Postgres' clock. */
  recordedAtUs: bigint;
  /** The class in force, which may be longer than the one the producer stamped. */
  class: string;
  /** 16 hex digits. */
  epoch: string;
  seq: number;
  eventHash: Buffer;
}

const LEAF_VERSION = 1;
const FIXED_BYTES = 1 + 8 + 1 + 8 + 8 + 32;

export function encodeLeaf(leaf: Leaf): Buffer {
  const out = Buffer.allocUnsafe(FIXED_BYTES + leaf.class.length);
  let at = out.writeUInt8(LEAF_VERSION, 0);
  at = out.writeBigInt64BE(leaf.recordedAtUs, at);
  at = out.writeUInt8(leaf.class.length, at);
  at += out.write(leaf.class, at, 'ascii');
  at += out.write(leaf.epoch, at, 'hex');
  at = out.writeBigUInt64BE(BigInt(leaf.seq), at);
  leaf.eventHash.copy(out, at);
  return out;
}

/**
 * Takes the leaf data of a run apart: leaves one behind the other, as views.
 * @throws LEDGER_LEAF_MALFORMED where the bytes end early or have another version
 */
export function splitLeaves(bytes: Buffer): Buffer[] {
  const leaves: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const classLength = bytes.length >= at + 10 ? bytes.readUInt8(at + 9) : 0;
    const end = at + FIXED_BYTES + classLength;
    if (end > bytes.length || bytes.readUInt8(at) !== LEAF_VERSION) {
      throw new LedgerError({
        code: 'LEDGER_LEAF_MALFORMED',
        message: `leaf data is cut or of an unknown version at byte ${at} of ${bytes.length}`,
        remedy: 'Restore the run from a backup; leaf data is never rewritten.',
        retry: 'never',
      });
    }
    leaves.push(bytes.subarray(at, end));
    at = end;
  }
  return leaves;
}

/** Reads the leaf data of a run. @throws LEDGER_LEAF_MALFORMED */
export function decodeLeaves(bytes: Buffer): Leaf[] {
  return splitLeaves(bytes).map((data) => {
    const afterClass = 10 + data.readUInt8(9);
    return {
      recordedAtUs: data.readBigInt64BE(1),
      class: data.toString('ascii', 10, afterClass),
      epoch: data.toString('hex', afterClass, afterClass + 8),
      seq: Number(data.readBigUInt64BE(afterClass + 8)),
      eventHash: data.subarray(afterClass + 16),
    };
  });
}

const scratch = new Uint8Array(1 + FIXED_BYTES + 255);

/** RFC 6962 leaf hash: SHA-256(0x00 | leaf data). */
export function leafHash(leafData: Uint8Array): Buffer {
  if (leafData.length >= scratch.length) return sha256(Uint8Array.of(0), leafData);
  scratch.set(leafData, 1);
  return sha256(scratch.subarray(0, 1 + leafData.length));
}
