import { EPOCH_PATTERN, NODE_PATTERN } from '#events';
import { GENESIS_CHAIN, sha256Into } from '../chain.js';
import { verifyEd25519 } from '../ed25519.js';
import { leafHash } from '../leaf.js';
import { HASH_BYTES } from '../merkle.js';
import { fastView } from '../native-bytes.js';
import { isEqual } from '../proofs.js';
import { joinBytes, toHex, utf8 } from '../text-bytes.js';
import type { RunLine } from './format.js';
import { Fault, type Problem } from './report.js';

// Leaf data is `version u8 | recorded_at µs i64 | class (u8 length, ASCII) | epoch[8] | seq u64 | eventHash[32]`, big-endian (leaf.ts).
const LEAF_VERSION = 1;
const CLASS_AT = 9;
/** Of a leaf, but for the letters of its class. */
const LEAF_BYTES = 58;
/** Of a run; an index of theirs is one byte. */
const MAX_CLASSES = 256;

/** The leaves of a run, taken apart. */
export interface RunLeaves {
  epoch: string;
  firstSeq: number;
  count: number;
  /** Microseconds since 1970. */
  recordedAtUs: bigint;
  /** Names of classes; of each leaf, which. */
  classes: string[];
  classOf: Uint8Array;
  /** One behind the other. */
  eventHashes: Uint8Array;
}

/**
 * Takes the leaf data of a run apart.
 * @param each gets every leaf's bytes
 * @throws Fault `run-form` where they are not leaves of one epoch with adjoining numbers and one time of recording
 */
export function readLeaves(bytes: Uint8Array, where: string, each?: (leaf: Uint8Array) => void): RunLeaves {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const most = Math.floor(bytes.length / LEAF_BYTES);
  const classes = new Classes();
  const classOf = new Uint8Array(most);
  const eventHashes = new Uint8Array(most * HASH_BYTES);
  let epoch = '';
  let epochNumber = 0n;
  let firstSeq = 0;
  let recordedAtUs = 0n;
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const classBytes = at + LEAF_BYTES <= bytes.length ? bytes[at + CLASS_AT]! : 0;
    const end = at + LEAF_BYTES + classBytes;
    if (end > bytes.length || bytes[at] !== LEAF_VERSION) {
      throw new Fault('run-form', `leaf data is cut, or of another version, at byte ${at}`, where);
    }
    const epochAt = at + CLASS_AT + 1 + classBytes;
    if (count === 0) {
      recordedAtUs = view.getBigInt64(1);
      epochNumber = view.getBigUint64(epochAt);
      epoch = toHex(bytes.subarray(epochAt, epochAt + 8));
      firstSeq = Number(view.getBigUint64(epochAt + 8));
      if (firstSeq < 1 || !Number.isSafeInteger(firstSeq + most))
        throw new Fault('run-form', `event ${firstSeq}`, where);
    }
    const isNext =
      view.getBigInt64(at + 1) === recordedAtUs &&
      view.getBigUint64(epochAt) === epochNumber &&
      view.getUint32(epochAt + 8) * 2 ** 32 + view.getUint32(epochAt + 12) === firstSeq + count;
    if (!isNext) {
      throw new Fault(
        'run-form',
        `leaf ${count} has another epoch or time than the first, or does not follow the one before`,
        where,
      );
    }
    classOf[count] = classes.indexOf(bytes.subarray(at + CLASS_AT + 1, epochAt), where);
    eventHashes.set(bytes.subarray(epochAt + 16, end), count * HASH_BYTES);
    each?.(bytes.subarray(at, end));
    at = end;
  }
  if (count === 0) throw new Fault('run-form', 'no leaf', where);
  return {
    ...{ epoch, firstSeq, count, recordedAtUs, classes: classes.names, classOf: classOf.subarray(0, count) },
    eventHashes: eventHashes.subarray(0, count * HASH_BYTES),
  };
}

/** Names of classes that a run uses; nearly always one. */
class Classes {
  readonly names: string[] = [];
  private last: Uint8Array = new Uint8Array();

  /** Index of a name. @param letters ASCII */
  indexOf(letters: Uint8Array, where: string): number {
    if (this.names.length === 1 && isEqual(letters, this.last)) return 0;
    const name = String.fromCharCode(...letters);
    this.last = letters;
    const known = this.names.indexOf(name);
    if (known >= 0) return known;
    if (!/^[a-z0-9]{1,16}$/.test(name)) throw new Fault('run-form', 'a class has no valid name', where);
    if (this.names.length === MAX_CLASSES) throw new Fault('run-form', `more than ${MAX_CLASSES} classes`, where);
    return this.names.push(name) - 1;
  }
}

/** A key by which a node signs its frames. */
export interface HeadKey {
  node: string;
  /** 16 hex digits. */
  keyId: string;
  /** 32 bytes. */
  publicKey: Uint8Array;
  /** Microseconds since 1970. */
  revokedAtUs?: bigint | undefined;
}

/** A run that was looked at by itself: what the checks over all runs need of it. */
export interface CheckedRun {
  first: number;
  node: string;
  epoch: string;
  firstSeq: number;
  count: number;
  recordedAtUs: bigint;
  chainBefore: Uint8Array;
  /** After its last event. */
  chain: Uint8Array;
  hasHead: boolean;
  /** It was signed by a key that was revoked before this run was recorded. */
  isByRevokedKey: boolean;
  problems: Problem[];
}

/**
 * Checks a run by itself: its leaves, its chain, and that its producer signed it.
 * @returns the run, and the hashes of its leaves, one behind the other
 * @throws Fault `run-form`
 */
export function checkRun(
  run: RunLine,
  log: string,
  keys: readonly HeadKey[],
  where: string,
): { run: CheckedRun; leafHashes: Uint8Array } {
  const hashes = new Uint8Array(Math.floor(run.leaves.length / LEAF_BYTES) * HASH_BYTES);
  let hashed = 0;
  const leaves = readLeaves(run.leaves, where, (leaf) => {
    hashes.set(leafHash(leaf), hashed);
    hashed += HASH_BYTES;
  });
  const chain = chainOver(run.chainBefore, leaves.eventHashes);
  const { first, node, chainBefore, head } = run;
  const { epoch, firstSeq, count, recordedAtUs } = leaves;
  const checked: CheckedRun = {
    ...{ first, node, epoch, firstSeq, count, recordedAtUs, chainBefore, chain },
    ...{ hasHead: head !== null, isByRevokedKey: false, problems: [] },
  };
  const problem = (code: 'head' | 'chain', message: string) => checked.problems.push({ code, message, where });
  if (firstSeq === 1 && !isEqual(chainBefore, GENESIS_CHAIN)) {
    problem('chain', `epoch ${epoch} of node ${node} does not begin with the empty chain`);
  }
  if (head) {
    const verdict = checkHead(head, checked, log, keys);
    if (typeof verdict === 'string')
      problem('head', `events up to ${firstSeq + count - 1} of epoch ${epoch} of node ${node}: ${verdict}`);
    else checked.isByRevokedKey = verdict.revokedAtUs !== undefined && recordedAtUs > verdict.revokedAtUs;
  }
  return { run: checked, leafHashes: hashes.subarray(0, hashed) };
}

/** As nextChain over one event after the other. @param eventHashes one behind the other */
function chainOver(before: Uint8Array, eventHashes: Uint8Array): Uint8Array {
  const link = fastView(new Uint8Array(2 * HASH_BYTES));
  link.set(before);
  for (let at = 0; at < eventHashes.length; at += HASH_BYTES) {
    link.set(eventHashes.subarray(at, at + HASH_BYTES), HASH_BYTES);
    sha256Into(link, link, 0);
  }
  return new Uint8Array(link.subarray(0, HASH_BYTES));
}

const SIGNED_NAME = utf8('affidavit/frame/v1');
const KEY_ID_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** The key that signed a run's end; or what is wrong, in words. */
function checkHead(head: Uint8Array, run: CheckedRun, log: string, keys: readonly HeadKey[]): HeadKey | string {
  const header = readHeader(head);
  if (!header) return 'what was signed for them is no header of a frame';
  const last = run.firstSeq + run.count - 1;
  const names = `log ${header.log}, node ${header.node}, epoch ${header.epoch}, event ${header.lastSeq}`;
  if (header.log !== log || header.node !== run.node || header.epoch !== run.epoch || header.lastSeq !== last) {
    return `what was signed is about ${names}`;
  }
  if (!isEqual(header.chain, run.chain))
    return 'what was signed is another chain: an event was changed, left out or put in';
  const key = keys.find((one) => one.node === run.node && one.keyId === header.keyId);
  if (!key) return `they are signed by the key ${header.keyId}, which is not listed for this node`;
  const message = joinBytes(SIGNED_NAME, head.subarray(0, head.length - SIGNATURE_BYTES));
  if (!verifyEd25519(key.publicKey, message, head.subarray(head.length - SIGNATURE_BYTES)))
    return 'the signature is not of its key';
  return key;
}

interface HeadHeader {
  keyId: string;
  log: string;
  node: string;
  epoch: string;
  lastSeq: number;
  /** After the last event. */
  chain: Uint8Array;
}

/**
 * `version u8 | flags u8 | keyId[8] | log | node | epoch[8] | firstSeq u64 | count u16 | prevChain[32]` of the frame, with log and node as a
 * u8 length and ASCII; then `chain[32] | signature[64]`. Undefined where the bytes are something else.
 */
function readHeader(head: Uint8Array): HeadHeader | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const logAt = 2 + KEY_ID_BYTES;
  const nodeAt = logAt + 1 + (head[logAt] ?? 0);
  const epochAt = nodeAt + 1 + (head[nodeAt] ?? 0);
  const end = epochAt + 8 + 8 + 2 + HASH_BYTES;
  if (head.length !== end + HASH_BYTES + SIGNATURE_BYTES || head[0] !== 1 || head[1]! > 1) return undefined;
  const count = view.getUint16(epochAt + 16);
  const lastSeq = Number(view.getBigUint64(epochAt + 8)) + count - 1;
  const node = String.fromCharCode(...head.subarray(nodeAt + 1, epochAt));
  const epoch = toHex(head.subarray(epochAt, epochAt + 8));
  if (count < 1 || !NODE_PATTERN.test(node) || !EPOCH_PATTERN.test(epoch)) return undefined;
  return {
    keyId: toHex(head.subarray(2, logAt)),
    log: String.fromCharCode(...head.subarray(logAt + 1, nodeAt)),
    ...{ node, epoch, lastSeq, chain: head.subarray(end, end + HASH_BYTES) },
  };
}
