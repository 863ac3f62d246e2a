import { sha256 as digest } from '@noble/hashes/sha2.js';

// In a browser, in the place of libs/ledger/src/chain.ts.

export const GENESIS_CHAIN = new Uint8Array(32);

export function sha256(...parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return digest(parts[0]!);
  const running = digest.create();
  for (const part of parts) running.update(part);
  return running.digest();
}

export function sha256Into(bytes: Uint8Array, out: Uint8Array, at: number): void {
  out.set(digest(bytes), at);
}

export function runningSha256() {
  return digest.create();
}
