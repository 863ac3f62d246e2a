import fc from 'fast-check';
import { referencePath, referenceProof, referenceRoot, referenceTile } from '../../../test/reference/merkle.js';
import { LedgerError } from './errors.js';
import { leafHash } from './leaf.js';
import { EMPTY_ROOT, hashesOf, joinSubtrees, perfectRoot, type Tile, TreeEdge, tileWidth } from './merkle.js';
import {
  consistencyProof,
  inclusionProof,
  isConsistent,
  rootFromInclusion,
  type TileSource,
  treeRoot,
} from './proofs.js';

// Leaves and roots that Certificate Transparency's own tests publish, for sizes 0 to 8.
const PUBLISHED_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const PUBLISHED_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const PUBLISHED_INCLUSION = {
  index: 5,
  size: 8,
  path: [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ],
};
const PUBLISHED_CONSISTENCY = {
  first: 2,
  second: 5,
  path: [
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  ],
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text, 'hex');
const leavesOf = (count: number) => Array.from({ length: count }, (_, at) => Buffer.from(`leaf ${at}`));

/** A tree as the recorder grows it, which keeps all its tiles. */
class Tree implements TileSource {
  readonly edge = TreeEdge.empty();
  readonly full: Tile[] = [];

  constructor(private readonly leaves: readonly Uint8Array[]) {
    for (const leaf of leaves) this.edge.append(leafHash(leaf), this.full);
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array> {
    const full = this.full.find((tile) => tile.level === level && tile.index === index);
    return full?.hashes.subarray(0, width * 32) ?? referenceTile(level, index, width, this.leaves);
  }
}

describe('Merkle tree', () => {
  it('has the published roots', () => {
    const edge = TreeEdge.empty();
    expect(hex(edge.root())).toBe(PUBLISHED_ROOTS[0]);
    expect(EMPTY_ROOT.equals(edge.root())).toBe(true);
    for (const [at, leaf] of PUBLISHED_LEAVES.entries()) {
      edge.append(leafHash(bytes(leaf)), []);
      expect(hex(edge.root())).toBe(PUBLISHED_ROOTS[at + 1]);
    }
  });

  it('gives the published proofs', async () => {
    const tree = new Tree(PUBLISHED_LEAVES.map(bytes));
    const { index, size, path } = PUBLISHED_INCLUSION;
    expect((await inclusionProof(tree, index, size)).map(hex)).toEqual(path);
    const { first, second, path: consistency } = PUBLISHED_CONSISTENCY;
    expect((await consistencyProof(tree, first, second)).map(hex)).toEqual(consistency);
  });

  it('has the tiles of a tree of 70,000 that the specification names', () => {
    const width = (level: number, index: number) => tileWidth(level, index, 70_000);
    expect([width(0, 272), width(0, 273), width(0, 274)]).toEqual([256, 112, 0]);
    expect([width(1, 0), width(1, 1), width(1, 2)]).toEqual([256, 17, 0]);
    expect([width(2, 0), width(3, 0)]).toEqual([1, 0]);
  });

  it('has the roots, tiles and proofs of a second implementation', async () => {
    const leaves = leavesOf(1_400);
    const tree = new Tree(leaves);
    expect(tree.full.map(({ level, index }) => `${level}/${index}`)).toEqual(['0/0', '0/1', '0/2', '0/3', '0/4']);
    for (const { level, index, hashes } of tree.full) {
      expect(hex(hashes)).toBe(hex(referenceTile(level, index, 256, leaves)));
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_400 }), fc.nat(), fc.nat(), async (size, one, other) => {
        const some = leaves.slice(0, size);
        const root = referenceRoot(some);
        expect(hex(await treeRoot(tree, size))).toBe(hex(root));
        const index = one % size;
        const path = await inclusionProof(tree, index, size);
        expect(path.map(hex)).toEqual(referencePath(index, some).map(hex));
        expect(hex(rootFromInclusion(leafHash(leaves[index]!), index, size, path)!)).toBe(hex(root));
        const first = 1 + (other % size);
        const proof = await consistencyProof(tree, first, size);
        expect(proof.map(hex)).toEqual(referenceProof(first, some).map(hex));
        const before = { size: first, root: referenceRoot(leaves.slice(0, first)) };
        expect(isConsistent(before, { size, root }, proof)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('fills tiles of a level above', () => {
    const leaves = leavesOf(256 * 256);
    const tree = new Tree(leaves);
    const above = tree.full.at(-1)!;
    expect([above.level, above.index, tree.full.length]).toEqual([1, 0, 257]);
    expect(hex(above.hashes)).toBe(hex(referenceTile(1, 0, 256, leaves)));
    expect(hex(tree.edge.root())).toBe(hex(referenceRoot(leaves)));
  });

  it('takes no proof of another leaf, place, size, root, or with a hash more, less or changed', async () => {
    const leaves = leavesOf(300);
    const tree = new Tree(leaves);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), async (size, at, change) => {
        const index = at % size;
        const leaf = leafHash(leaves[index]!);
        const root = hex(referenceRoot(leaves.slice(0, size)));
        const path = await inclusionProof(tree, index, size);
        const leads = (...of: Parameters<typeof rootFromInclusion>) => {
          const to = rootFromInclusion(...of);
          return to !== undefined && hex(to) === root;
        };
        expect(leads(leaf, index, size, path)).toBe(true);
        expect(leads(leafHash(Buffer.from('another')), index, size, path)).toBe(false);
        expect(leads(leaf, (index + 1) % size, size, path)).toBe(false);
        expect(leads(leaf, size, size, path)).toBe(false);
        expect(leads(leaf, index, size, path.slice(1))).toBe(false);
        expect(leads(leaf, index, size, [...path, leaf])).toBe(false);
        const altered = path.map((hash, place) => (place === change % path.length ? flipped(hash, change) : hash));
        expect(leads(leaf, index, size, altered)).toBe(false);

        const first = { size: 1 + (at % (size - 1)), root: referenceRoot(leaves.slice(0, 1 + (at % (size - 1)))) };
        const second = { size, root: bytes(root) };
        const proof = await consistencyProof(tree, first.size, size);
        expect(isConsistent(first, second, proof)).toBe(true);
        expect(isConsistent({ ...first, root: flipped(first.root, change) }, second, proof)).toBe(false);
        expect(isConsistent(first, { ...second, root: flipped(second.root, change) }, proof)).toBe(false);
        expect(isConsistent(first, second, proof.slice(1))).toBe(false);
        expect(isConsistent(first, second, [...proof, leaf])).toBe(false);
        expect(isConsistent(second, first, proof)).toBe(false);
        const other = proof.map((hash, place) => (place === change % proof.length ? flipped(hash, change) : hash));
        expect(isConsistent(first, second, other)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on from what is kept of an edge as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 300 }), (before, after) => {
        const leaves = leavesOf(before + after);
        const whole = new Tree(leaves);
        const first = new Tree(leaves.slice(0, before));
        const kept = [0, 1].map((level) => {
          const width = Math.floor(before / 256 ** level) % 256;
          const index = Math.floor(before / 256 ** (level + 1));
          return hashesOf(referenceTile(level, index, width, leaves));
        });
        const edge = TreeEdge.of(before, kept);
        const copy = edge.clone();
        const full = [...first.full];
        for (const leaf of leaves.slice(before)) edge.append(leafHash(leaf), full);
        expect(full).toEqual(whole.full);
        expect(hex(edge.root())).toBe(hex(whole.edge.root()));
        expect([copy.size, hex(copy.root())]).toEqual([before, hex(first.edge.root())]);
        expect(hex(joinSubtrees(copy.subtrees()))).toBe(hex(copy.root()));
      }),
      { numRuns: 25 },
    );
  });

  it('refuses an edge that does not fit its size', () => {
    expect(() => TreeEdge.of(3, [[Buffer.alloc(32)]])).toThrow(LedgerError);
    expect(() => hashesOf(Buffer.alloc(33))).toThrow(LedgerError);
    for (const length of [0, 16, 33, 63, 96, 255 * 32])
      expect(() => perfectRoot(Buffer.alloc(length))).toThrow(LedgerError);
  });
});

function flipped(hash: Uint8Array, at: number): Uint8Array {
  const other = Uint8Array.from(hash);
  other[at % other.length]! ^= 1 << (at % 8);
  return other;
}
