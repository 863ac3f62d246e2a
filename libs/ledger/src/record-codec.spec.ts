import fc from 'fast-check';
import { crc32c } from './crc32c.js';
import {
  type ChainedRecord,
  decodeRecord,
  encodeRecord,
  MAX_RECORD_BYTES,
  RECORD_OVERHEAD_BYTES,
} from './record-codec.js';

const bytes = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map((b) => Buffer.from(b));
const record: fc.Arbitrary<ChainedRecord> = fc.record({
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  chain: bytes({ minLength: 32, maxLength: 32 }),
  bytes: bytes({ maxLength: 200 }),
});
const malformed = expect.objectContaining({ code: 'LEDGER_RECORD_MALFORMED' });

describe('a record', () => {
  it('is read back as it was written, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), (records) => {
        const whole = Buffer.concat(records.map(encodeRecord));
        const read: ChainedRecord[] = [];
        for (let at = 0; at < whole.length; ) {
          const next = decodeRecord(whole, at);
          read.push(next.record);
          at = next.end;
        }
        expect(read).toEqual(records);
      }),
    );
  });

  it('that is cut, or has a flipped bit anywhere, is refused', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(), (one, cut, flip) => {
        const whole = encodeRecord(one);
        expect(() => decodeRecord(whole.subarray(0, cut % whole.length))).toThrow(malformed);
        const bit = flip % (whole.length * 8);
        whole.writeUInt8(whole.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(() => decodeRecord(whole)).toThrow(malformed);
      }),
    );
  });

  it('of any bytes at all is read or refused, never anything else', () => {
    fc.assert(
      fc.property(bytes({ maxLength: 120 }), (noise) => {
        expect(() => decodeRecord(noise)).toThrow(malformed);
      }),
    );
  });

  it('that no frame could carry is not written', () => {
    const chain = Buffer.alloc(32);
    const most = MAX_RECORD_BYTES - RECORD_OVERHEAD_BYTES;
    const largest = encodeRecord({ seq: 1, chain, bytes: Buffer.alloc(most) });
    expect(decodeRecord(largest).end).toBe(MAX_RECORD_BYTES);
    expect(() => encodeRecord({ seq: 1, chain, bytes: Buffer.alloc(most + 1) })).toThrow(
      expect.objectContaining({ code: 'LEDGER_RECORD_TOO_LARGE' }),
    );
  });

  it('never changes its bytes: golden value', () => {
    const encoded = encodeRecord({ seq: 7, chain: Buffer.alloc(32, 0xab), bytes: Buffer.from('{"v":1}') });
    expect(encoded.toString('hex')).toMatchInlineSnapshot(
      `"00000035b159b72000000000000000070000abababababababababababababababababababababababababababababababab000000007b2276223a317d"`,
    );
  });

  it('carries the checksum of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  });
});
