import fc from 'fast-check';
import { eventHash, GENESIS_CHAIN, nextChain } from './chain.js';
import { decodeLeaves, encodeLeaf, type Leaf, leafHash } from './leaf.js';

const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b));
const leaf: fc.Arbitrary<Leaf> = fc.record({
  recordedAtUs: fc.bigInt({ min: 0n, max: 253402300799999999n }),
  class: fc.stringMatching(/^[a-z0-9]{1,16}$/),
  epoch: hex(8).map((b) => b.toString('hex')),
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  eventHash: hex(32),
});

describe('leaf data', () => {
  it('of a run is read back leaf by leaf', () => {
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 20 }), (leaves) => {
        expect(decodeLeaves(Buffer.concat(leaves.map(encodeLeaf)))).toEqual(leaves);
      }),
    );
  });

  it('that is cut anywhere but between two leaves is refused', () => {
    fc.assert(
      fc.property(leaf, fc.nat(), (one, cut) => {
        const whole = encodeLeaf(one);
        const part = whole.subarray(0, 1 + (cut % (whole.length - 1)));
        expect(() => decodeLeaves(part)).toThrow(expect.objectContaining({ code: 'LEDGER_LEAF_MALFORMED' }));
      }),
    );
  });

  it('and its hashes never change: golden values', () => {
    const hash = eventHash(Buffer.from('{"v":1}'));
    expect(hash.toString('hex')).toBe('afbf9d0f3560b0fd7795e81c42a0a79ee6b6fc67e064f77826aee642cad28d91');
    expect(nextChain(GENESIS_CHAIN, hash).toString('hex')).toBe(
      '9490050b16952100bda34901f546757eef31f0ee9e8e65b98f9fd25cb6803de1',
    );
    const data = encodeLeaf({
      recordedAtUs: 1_700_000_000_000_001n,
      class: 'standard',
      epoch: '00112233445566ff',
      seq: 7,
      eventHash: hash,
    });
    expect(data.toString('hex')).toBe(
      '0100060a24181e4001087374616e6461726400112233445566ff0000000000000007afbf9d0f3560b0fd7795e81c42a0a79ee6b6fc67e064f77826aee642cad28d91',
    );
    expect(leafHash(data).toString('hex')).toBe('c03310becbd2d226d1449560fc57854465c7e48f29d2bb5b508e6576f8180877');
  });
});
