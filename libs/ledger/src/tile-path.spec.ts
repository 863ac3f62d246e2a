import fc from 'fast-check';
import { encodeEntries, parseTilePath, tilePath } from './tile-path.js';

describe('paths of tiles', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, '0/000'],
    [{ level: 1, index: 1_234_067, width: 256 }, '1/x001/x234/067'],
    [{ level: 0, index: 273, width: 112 }, '0/273.p/112'],
    [{ level: 'entries', index: 1_000, width: 1 }, 'entries/x001/000.p/1'],
  ] as const)('%j is %s', (address, path) => {
    expect(tilePath(address)).toBe(path);
    expect(parseTilePath(path)).toEqual(address);
  });

  it('are read as they were written', () => {
    const addresses = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.nat({ max: 2 ** 45 }),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(fc.property(addresses, (address) => expect(parseTilePath(tilePath(address))).toEqual(address)));
  });

  it.each([
    '',
    '0',
    '0/0',
    '00/000',
    '64/000',
    '0/x000/000',
    '0/1000',
    '0/000.p/256',
    '0/000.p/0',
    '0/000.p/01',
    '0/000/',
    '/0/000',
    '0/../000',
  ])('%j is none', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });
});

describe('bundles of entries', () => {
  it('have a length before each', () => {
    const bytes = encodeEntries([Uint8Array.of(7), new Uint8Array(0), new Uint8Array(300).fill(1)]);
    expect([...bytes.subarray(0, 8)]).toEqual([0, 1, 7, 0, 0, 1, 44, 1]);
    expect(bytes.length).toBe(3 * 2 + 301);
  });
});
