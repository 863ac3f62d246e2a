import { sign } from 'node:crypto';
import fc from 'fast-check';
import type { Epoch, NodeName } from '#events';
import { keyPair } from '../test/keys.js';
import { type Mark, signMark, verifyMark } from './mark.js';

const { privateKey, publicKey } = keyPair(3);
const forged = expect.objectContaining({ code: 'STREAM_MARK_FORGED' });
const mark: Mark = {
  log: 'log-a1b2',
  generation: 1,
  node: 'gateway-1' as NodeName,
  epoch: '00112233445566ff' as Epoch,
  seq: 42,
  chain: 'ab'.repeat(32),
  state: 'open',
  at: '2026-11-25T12:00:00.000001Z',
};

describe('a mark', () => {
  it('is read back as it was signed', () => {
    expect(verifyMark(signMark(mark, privateKey), publicKey)).toEqual(mark);
  });

  it('with any character changed, cut or added is refused', () => {
    const text = signMark(mark, privateKey);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), (at, other) => {
        const changed = String.fromCharCode(text.charCodeAt(at) ^ other);
        for (const wrong of [
          text.slice(0, at) + changed + text.slice(at + 1),
          text.slice(0, at),
          text.slice(0, at) + changed + text.slice(at),
        ]) {
          expect(() => verifyMark(wrong, publicKey)).toThrow(forged);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of another key, or of any text at all, is refused', () => {
    expect(() => verifyMark(signMark(mark, keyPair(4).privateKey), publicKey)).toThrow(forged);
    fc.assert(fc.property(fc.string(), (text) => expect(() => verifyMark(text, publicKey)).toThrow(forged)));
    expect(() => verifyMark('x'.repeat(1_000_000), publicKey)).toThrow(forged);
  });

  it('of a signed text that is no mark is refused', () => {
    const json = '{"seq":1}';
    const signature = sign(null, Buffer.from(`affidavit/mark/v1${json}`), privateKey).toString('base64');
    expect(() => verifyMark(`${json}\n${signature}`, publicKey)).toThrow(forged);
  });

  it('never changes its bytes: golden value', () => {
    expect(signMark(mark, privateKey)).toMatchInlineSnapshot(`
"{"at":"2026-11-25T12:00:00.000001Z","chain":"abababababababababababababababababababababababababababababababab","epoch":"00112233445566ff","generation":1,"log":"log-a1b2","node":"gateway-1","seq":42,"state":"open"}
cmLFFdsJ6tXG5G0gED9CwGLpoNt/bIdJMA62eH35tBkdnjxyegI/JqSwMrP77TvPYUs6Y41gbsoHdKpOAR6VAw=="
`);
  });
});
