import { createHash, hash } from 'node:crypto';

const SHA256_BYTES = 32;

/** The chain before an epoch's first event: 32 zero bytes. */
export const GENESIS_CHAIN: Buffer = Buffer.alloc(32);

export function sha256(...parts: Uint8Array[]): Buffer {
  const digest = Buffer.allocUnsafe(SHA256_BYTES);
  sha256Into(parts.length === 1 ? parts[0]! : Buffer.concat(parts), digest, 0);
  return digest;
}

/** Writes the SHA-256 of some bytes into others. @param at where its 32 bytes begin */
export function sha256Into(bytes: Uint8Array, out: Uint8Array, at: number): void {
  // The bytes hashed here are few: what takes time is the call. Node makes a text in a third of the time in which it makes a Buffer.
  const digest = hash('sha256', bytes, 'binary');
  const buffer = Buffer.isBuffer(out) ? out : Buffer.from(out.buffer, out.byteOffset, out.byteLength);
  buffer.write(digest, at, SHA256_BYTES, 'latin1');
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
