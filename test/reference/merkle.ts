import { createHash } from 'node:crypto';

// A second Merkle tree, written from RFC 6962's own definitions and nothing else: slow, recursive, over all leaves at once. The
// tests hold what the product computes against it.

const hash = (prefix: number, ...parts: Uint8Array[]): Buffer =>
  parts.reduce((running, part) => running.update(part), createHash('sha256').update(Buffer.of(prefix))).digest();

/** MTH(D[n]), section 2.1. @param leaves leaf data, not hashes */
export function referenceRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return hash(0, leaves[0]!);
  const k = split(leaves.length);
  return hash(1, referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}

/** PATH(m, D[n]), section 2.1.1. */
export function referencePath(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...referencePath(m, leaves.slice(0, k)), referenceRoot(leaves.slice(k))]
    : [...referencePath(m - k, leaves.slice(k)), referenceRoot(leaves.slice(0, k))];
}

/** PROOF(m, D[n]), section 2.1.2. */
export function referenceProof(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  return subproof(m, leaves, true);
}

/** The hashes of a tile as C2SP tlog-tiles defines them: MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]). */
export function referenceTile(level: number, index: number, width: number, leaves: readonly Uint8Array[]): Buffer {
  const span = 256 ** level;
  return Buffer.concat(
    Array.from({ length: width }, (_, i) =>
      referenceRoot(leaves.slice((index * 256 + i) * span, (index * 256 + i + 1) * span)),
    ),
  );
}

function subproof(m: number, leaves: readonly Uint8Array[], b: boolean): Buffer[] {
  if (m === leaves.length) return b ? [] : [referenceRoot(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), b), referenceRoot(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), referenceRoot(leaves.slice(0, k))];
}

/** The largest power of two smaller than n. */
function split(n: number): number {
  return 2 ** (Math.ceil(Math.log2(n)) - 1);
}
