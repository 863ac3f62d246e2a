import { type KeyObject, sign, verify } from 'node:crypto';
import { EPOCH_PATTERN, type Epoch, NODE_PATTERN, type NodeName } from '#events';
import { type ChainedRecord, decodeRecord, eventHash, nextChain, recordBytes, writeRecord } from '#ledger';
import { malformedFrame } from './errors.js';
import { KEY_ID_BYTES, keyIdOf } from './key-id.js';

/*
 * A frame in brief: the durable events of one epoch that waited while the last append was under way, signed as one.
 *   version u8 | flags u8 | keyId[8] | log | node | epoch[8] | firstSeq u64 | count u16 | prevChain[32] | records… | signature[64]
 * Big-endian; log and node are a u8 length and ASCII. The signature is Ed25519 over "affidavit/frame/v1" | the header up to
 * prevChain | the chain of the last event. It binds every byte: chains bind the events, and no other field may vary.
 */

export const MAX_FRAME_EVENTS = 256;
/** A frame of several events is never larger; one event alone may make a larger one. */
export const MAX_JOINT_FRAME_BYTES = 256 * 1024;
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

const VERSION = 1;
const GAP_FLAG = 1;
const SIGNED_NAME = Buffer.from('affidavit/frame/v1');
const CHAIN_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** All of the header but the letters of log and node. */
const FIXED_HEADER_BYTES = 1 + 1 + KEY_ID_BYTES + 1 + 1 + 8 + 8 + 2 + CHAIN_BYTES;
/** Printable ASCII without spaces, as long as a log name may ever be. */
const LOG_PATTERN = /^[!-~]{1,64}$/;

export interface FrameHeader {
  /** The producer signs that it can no longer read anything between the mark and `firstSeq`. */
  gap: boolean;
  /** Which key of the node signed; see {@link keyIdOf}. */
  keyId: Buffer;
  log: string;
  node: NodeName;
  epoch: Epoch;
  firstSeq: number;
  /** 1–256. */
  count: number;
  /** Chain before the first event; 32 zero bytes where that is number 1. */
  prevChain: Buffer;
}

export interface Frame {
  header: FrameHeader;
  /** `count` events with adjoining numbers from `firstSeq`. Views of the frame's bytes. */
  records: ChainedRecord[];
  signature: Buffer;
  /** Header, chain of the last event, and signature: what is kept as evidence of provenance. */
  signatureProof: Buffer;
}

/** What a frame is made of; numbers, count and key id follow from records and key. */
export interface FrameParts {
  header: { log: string; node: NodeName; epoch: Epoch; prevChain: Buffer; gap?: boolean };
  /** 1–256 events of one epoch with adjoining numbers. */
  records: readonly ChainedRecord[];
  privateKey: KeyObject;
}

/** Bytes of a frame of these events; `names` is the length of log and node together. */
export function frameBytes(names: number, records: readonly ChainedRecord[]): number {
  let bytes = FIXED_HEADER_BYTES + names + SIGNATURE_BYTES;
  for (const record of records) bytes += recordBytes(record);
  return bytes;
}

/**
 * Cuts and signs a frame.
 * @throws STREAM_FRAME_MALFORMED where the parts make no valid frame
 */
export function encodeFrame({ header, records, privateKey }: FrameParts): Buffer {
  const first = records[0];
  const last = records.at(-1);
  if (!first || !last || records.length > MAX_FRAME_EVENTS) throw malformedFrame(`${records.length} events`);
  if (last.seq !== first.seq + records.length - 1) throw malformedFrame('its numbers do not adjoin');
  const size = frameBytes(header.log.length + header.node.length, records);
  assertSize(size, records.length);
  const head = encodeHeader({
    ...header,
    gap: header.gap ?? false,
    keyId: keyIdOf(privateKey),
    firstSeq: first.seq,
    count: records.length,
  });
  const signature = sign(null, signedBytes(head, last.chain), privateKey);
  const frame = Buffer.allocUnsafe(size);
  let at = head.copy(frame);
  for (const record of records) at = writeRecord(record, frame, at);
  signature.copy(frame, at);
  return frame;
}

function encodeHeader(header: FrameHeader): Buffer {
  if (!LOG_PATTERN.test(header.log)) throw malformedFrame('its log has no valid name');
  if (!NODE_PATTERN.test(header.node)) throw malformedFrame('its node has no valid name');
  if (!EPOCH_PATTERN.test(header.epoch)) throw malformedFrame('its epoch is not 16 hex digits');
  const out = Buffer.alloc(FIXED_HEADER_BYTES + header.log.length + header.node.length);
  let at = out.writeUInt8(VERSION, 0);
  at = out.writeUInt8(header.gap ? GAP_FLAG : 0, at);
  at += header.keyId.copy(out, at);
  for (const name of [header.log, header.node]) {
    at = out.writeUInt8(name.length, at);
    at += out.write(name, at, 'ascii');
  }
  at += out.write(header.epoch, at, 'hex');
  at = out.writeBigUInt64BE(BigInt(header.firstSeq), at);
  at = out.writeUInt16BE(header.count, at);
  header.prevChain.copy(out, at);
  return out;
}

function signedBytes(head: Buffer, lastChain: Buffer): Buffer {
  return Buffer.concat([SIGNED_NAME, head, lastChain]);
}

function assertSize(bytes: number, count: number): void {
  if (bytes > MAX_FRAME_BYTES) throw malformedFrame(`${bytes} bytes`);
  if (count > 1 && bytes > MAX_JOINT_FRAME_BYTES) throw malformedFrame(`${bytes} bytes for ${count} events`);
}

/**
 * Takes bytes from a stream apart. Proves nothing yet: see {@link verifyFrame}. Whatever the bytes are, it does bounded
 * work, allocates only views, and throws nothing else.
 * @throws STREAM_FRAME_MALFORMED
 */
export function decodeFrame(bytes: Buffer): Frame {
  if (bytes.length > MAX_FRAME_BYTES) throw malformedFrame(`${bytes.length} bytes`);
  const { header, end } = decodeHeader(bytes);
  assertSize(bytes.length, header.count);
  const signatureAt = bytes.length - SIGNATURE_BYTES;
  const body = bytes.subarray(0, Math.max(signatureAt, end));
  const records: ChainedRecord[] = [];
  let at = end;
  for (let index = 0; index < header.count; index++) {
    const next = readRecord(body, at);
    if (next.record.seq !== header.firstSeq + index) throw malformedFrame('its numbers do not adjoin');
    records.push(next.record);
    at = next.end;
  }
  if (at !== signatureAt) throw malformedFrame(`${signatureAt - at} bytes between its events and its signature`);
  const signature = bytes.subarray(signatureAt);
  const lastChain = records[records.length - 1]?.chain ?? header.prevChain;
  return {
    header,
    records,
    signature,
    signatureProof: Buffer.concat([bytes.subarray(0, end), lastChain, signature]),
  };
}

function readRecord(body: Buffer, at: number): { record: ChainedRecord; end: number } {
  try {
    return decodeRecord(body, at);
  } catch (cause) {
    throw malformedFrame('an event in it is torn', cause);
  }
}

function decodeHeader(bytes: Buffer): { header: FrameHeader; end: number } {
  if (bytes.length < FIXED_HEADER_BYTES + SIGNATURE_BYTES) throw malformedFrame('the bytes end within its header');
  if (bytes.readUInt8(0) !== VERSION) throw malformedFrame(`version ${bytes.readUInt8(0)}`);
  const flags = bytes.readUInt8(1);
  if ((flags & ~GAP_FLAG) !== 0) throw malformedFrame(`flags ${flags}`);
  const logAt = 2 + KEY_ID_BYTES;
  const nodeAt = logAt + 1 + bytes.readUInt8(logAt);
  const epochAt = nodeAt < bytes.length ? nodeAt + 1 + bytes.readUInt8(nodeAt) : bytes.length;
  const end = epochAt + 8 + 8 + 2 + CHAIN_BYTES;
  if (end > bytes.length) throw malformedFrame('the bytes end within its header');
  // latin1, not ascii: that would drop the high bit, and two byte strings would read as one name.
  const log = bytes.toString('latin1', logAt + 1, nodeAt);
  const node = bytes.toString('latin1', nodeAt + 1, epochAt);
  if (!LOG_PATTERN.test(log) || !NODE_PATTERN.test(node)) throw malformedFrame('log or node have no valid name');
  const firstSeq = bytes.readBigUInt64BE(epochAt + 8);
  const count = bytes.readUInt16BE(epochAt + 16);
  if (count < 1 || count > MAX_FRAME_EVENTS) throw malformedFrame(`${count} events`);
  if (firstSeq < 1n || firstSeq + BigInt(count) > BigInt(Number.MAX_SAFE_INTEGER))
    throw malformedFrame(`number ${firstSeq}`);
  const header: FrameHeader = {
    gap: flags === GAP_FLAG,
    keyId: bytes.subarray(2, logAt),
    log,
    node: node as NodeName,
    epoch: bytes.toString('hex', epochAt, epochAt + 8) as Epoch,
    firstSeq: Number(firstSeq),
    count,
    prevChain: bytes.subarray(epochAt + 18, end),
  };
  return { header, end };
}

/**
 * True where this key signed the frame and the chain holds from `prevChain` over every event's bytes. Whether log, node and
 * epoch are those of the stream, and whether `prevChain` is the record's, the caller must compare.
 */
export function verifyFrame(frame: Frame, publicKey: KeyObject): boolean {
  if (!frame.header.keyId.equals(keyIdOf(publicKey))) return false;
  let chain = frame.header.prevChain;
  for (const record of frame.records) {
    chain = nextChain(chain, eventHash(record.bytes));
    if (!chain.equals(record.chain)) return false;
  }
  const head = frame.signatureProof.subarray(0, -CHAIN_BYTES - SIGNATURE_BYTES);
  return verify(null, signedBytes(head, chain), publicKey, frame.signature);
}
