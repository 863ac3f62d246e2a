import { AffidavitError } from '#events';
import { decodeFrame, entryIdOf, type Frame, type StreamEntry, verifyFrame } from '#streams';
import type { VerifiedFrame } from './judge-frame.js';
import type { ProducerKeys } from './producer-keys.js';

/**
 * Opens an entry: it must be a frame of this log, signed with a key that is enrolled for the very node in whose stream it lies, under the id of
 * its last event, with a chain that holds.
 * @returns the frame, or why the entry is foreign
 */
export async function verifyEntry(
  entry: StreamEntry,
  log: string,
  keys: ProducerKeys,
): Promise<VerifiedFrame | { foreign: string }> {
  let frame: Frame;
  try {
    frame = decodeFrame(entry.bytes);
  } catch (error) {
    if (error instanceof AffidavitError && error.code === 'STREAM_FRAME_MALFORMED') return { foreign: error.message };
    throw error;
  }
  const { header, records } = frame;
  if (header.log !== log) return { foreign: `it is of log ${header.log}` };
  if (header.node !== entry.node || header.epoch !== entry.epoch) {
    return { foreign: `it is of epoch ${header.epoch} of node ${header.node}` };
  }
  if (entry.entryId !== entryIdOf(header.firstSeq + header.count - 1)) {
    return { foreign: 'its entry id is not the number of its last event' };
  }
  const key = await keys.find(header.keyId);
  if (key?.node !== header.node)
    return { foreign: `key ${header.keyId.toString('hex')} is not enrolled for this node` };
  if (key.revoked) return { foreign: `key ${header.keyId.toString('hex')} was revoked` };
  if (!verifyFrame(frame, key.publicKey)) return { foreign: 'its signature or chain does not hold' };
  return {
    node: header.node,
    epoch: header.epoch,
    gap: header.gap,
    prevChain: header.prevChain,
    records,
    proof: frame.signatureProof,
  };
}
