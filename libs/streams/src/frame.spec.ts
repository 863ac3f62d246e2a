import fc from 'fast-check';
import type { Epoch, NodeName } from '#events';
import { type ChainedRecord, eventHash, GENESIS_CHAIN, nextChain } from '#ledger';
import { keyPair } from '../test/keys.js';
import { decodeFrame, encodeFrame, MAX_FRAME_BYTES, MAX_JOINT_FRAME_BYTES, verifyFrame } from './frame.js';
import { keyIdOf } from './key-id.js';

const { privateKey, publicKey } = keyPair(7);
const malformed = expect.objectContaining({ code: 'STREAM_FRAME_MALFORMED' });
const header = {
  log: 'log-a1b2',
  node: 'gateway-1' as NodeName,
  epoch: '00112233445566ff' as Epoch,
  prevChain: GENESIS_CHAIN,
};

function chained(bodies: readonly Uint8Array[], firstSeq = 1, prevChain = GENESIS_CHAIN): ChainedRecord[] {
  let chain = prevChain;
  return bodies.map((body, index) => {
    const bytes = Buffer.from(body);
    chain = nextChain(chain, eventHash(bytes));
    return { seq: firstSeq + index, chain, bytes };
  });
}

const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 6 });

describe('a frame', () => {
  it('is read back as it was cut, and verifies with the key that signed it only', () => {
    fc.assert(
      fc.property(bodies, fc.integer({ min: 1, max: 2 ** 50 }), fc.boolean(), (some, firstSeq, gap) => {
        const records = chained(some, firstSeq);
        const frame = decodeFrame(encodeFrame({ header: { ...header, gap }, records, privateKey }));
        expect(frame.header).toEqual({ ...header, gap, firstSeq, count: some.length, keyId: keyIdOf(publicKey) });
        expect(frame.records).toEqual(records);
        expect(verifyFrame(frame, publicKey)).toBe(true);
        expect(verifyFrame(frame, keyPair(8).publicKey)).toBe(false);
      }),
    );
  });

  it('with any bit flipped, any byte cut or added, is malformed or does not verify', () => {
    fc.assert(
      fc.property(bodies, fc.nat(), (some, at) => {
        const whole = encodeFrame({ header, records: chained(some), privateKey });
        const flipped = Buffer.from(whole);
        const bit = at % (whole.length * 8);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const others = [
          flipped,
          whole.subarray(0, at % whole.length),
          Buffer.concat([whole, Buffer.alloc(1 + (at % 9))]),
        ];
        for (const other of others) expect(isAccepted(other)).toBe(false);
        expect(isAccepted(whole)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('whose events are not those of its chains does not verify, though its signature holds', () => {
    const records = chained([Buffer.from('{"a":1}'), Buffer.from('{"a":2}'), Buffer.from('{"a":3}')]);
    for (let at = 0; at < 3; at++) {
      const replaced = records.map((record, i) => (i === at ? { ...record, bytes: Buffer.from('{"a":9}') } : record));
      const frame = decodeFrame(encodeFrame({ header, records: replaced, privateKey }));
      expect(frame.signature).toEqual(decodeFrame(encodeFrame({ header, records, privateKey })).signature);
      expect(verifyFrame(frame, publicKey)).toBe(false);
    }
  });

  it('that a stranger signed under the key id of another does not verify', () => {
    const forged = encodeFrame({ header, records: chained([Buffer.from('{}')]), privateKey: keyPair(9).privateKey });
    keyIdOf(publicKey).copy(forged, 2);
    expect(verifyFrame(decodeFrame(forged), publicKey)).toBe(false);
  });

  it('of any bytes at all is refused with one code, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, likely) => {
        const bytes = Buffer.from(noise);
        // Half of the cases get past the first checks, where noise alone hardly ever would.
        if (likely && bytes.length > 30) Buffer.from(`${'\x01\x00'}12345678\x01l\x01n`, 'latin1').copy(bytes);
        expect(() => decodeFrame(bytes)).toThrow(malformed);
      }),
      { numRuns: 2000 },
    );
    expect(() => decodeFrame(Buffer.alloc(0))).toThrow(malformed);
    expect(() => decodeFrame(Buffer.alloc(MAX_FRAME_BYTES + 1, 1))).toThrow(malformed);
  });

  it('holds 256 events and 256 KiB, or one event alone up to 8 MiB', () => {
    const cut = (records: ChainedRecord[]) => encodeFrame({ header, records, privateKey });
    const small = Buffer.from('{}');
    expect(decodeFrame(cut(chained(Array(256).fill(small)))).records).toHaveLength(256);
    expect(() => cut(chained(Array(257).fill(small)))).toThrow(malformed);
    expect(() => cut([])).toThrow(malformed);
    expect(() => cut(chained([Buffer.alloc(MAX_JOINT_FRAME_BYTES), small]))).toThrow(malformed);
    const largest = cut(chained([Buffer.alloc(MAX_FRAME_BYTES - 600)]));
    expect(verifyFrame(decodeFrame(largest), publicKey)).toBe(true);
    expect(() => cut(chained([Buffer.alloc(MAX_FRAME_BYTES)]))).toThrow(malformed);
    const [one, , three] = chained([small, small, small]);
    expect(() => cut([one!, three!])).toThrow(malformed);
  });

  it('gives its header, last chain and signature as evidence', () => {
    const records = chained([Buffer.from('{"a":1}')]);
    const whole = encodeFrame({ header, records, privateKey });
    const { signatureProof, signature } = decodeFrame(whole);
    expect(signatureProof.subarray(-64)).toEqual(signature);
    expect(signatureProof.subarray(-96, -64)).toEqual(records[0]?.chain);
    expect(whole.subarray(0, signatureProof.length - 96)).toEqual(signatureProof.subarray(0, -96));
  });

  it('never changes its bytes: golden vector', () => {
    const records = chained([Buffer.from('{"v":1}'), Buffer.from('{"v":2}')], 41, Buffer.alloc(32, 0xcd));
    const golden = encodeFrame({
      header: { ...header, prevChain: Buffer.alloc(32, 0xcd), gap: true },
      records,
      privateKey,
    });
    expect(golden.toString('hex')).toMatchInlineSnapshot(
      `"0101324be2dea8bc4446086c6f672d6131623209676174657761792d3100112233445566ff00000000000000290002cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd000000353db892a600000000000000290000a7162f6a26d038376fd1d652f33764b816468cdc01ade9999cb29e0013a814e1000000007b2276223a317d0000003511f8b518000000000000002a0000b090ae108361f975bf9bbd1c89cf49a35d8091027c2e83707fa4ca67adb73af2000000007b2276223a327d7c73d4e1351dc627cb27ce926084f5be4ee41ec2f29734c775f374204df4d1e22fe5dfb5f28d682f9e968b28b9fc0da72a9e29b641bd338765292edc2876ab0f"`,
    );
    expect(verifyFrame(decodeFrame(golden), publicKey)).toBe(true);
  });
});

function isAccepted(bytes: Buffer): boolean {
  try {
    return verifyFrame(decodeFrame(bytes), publicKey);
  } catch (error) {
    expect(error).toEqual(malformed);
    return false;
  }
}
