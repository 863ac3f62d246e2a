import { createHash, hash } from 'node:crypto';

/** The chain before an epoch's first event: 32 zero bytes. */
export const GENESIS_CHAIN: Buffer = Buffer.alloc(32);

export function sha256(...parts: Uint8Array[]): Buffer {
  // In one call it takes half the time: the bytes hashed here are few.
  return hash('sha256', parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'buffer');
}

/** SHA-256 over bytes that come one after the other. */
export interface RunningSha256 {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

export function runningSha256(): RunningSha256 {
  return createHash('sha256');
}

/** SHA-256 of an event's canonical bytes, which contain its node, epoch and number. */
export function eventHash(canonical: Uint8Array): Buffer {
  return sha256(canonical);
}

/** The running hash of an epoch up to and including this event: SHA-256(chain before it | event hash). */
export function nextChain(previous: Uint8Array, eventHash: Uint8Array): Buffer {
  return sha256(previous, eventHash);
}
