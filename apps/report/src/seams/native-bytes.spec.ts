import fc from 'fast-check';
import * as ledger from '../../../../libs/ledger/src/native-bytes.js';
import * as browser from './native-bytes.js';

/** What stands in for Node in a browser does the same. */
describe('bytes in a browser', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const letters = fc.string({ unit: fc.constantFrom(...'AQgw+/=-_ \n\u00e9'), maxLength: 12 });

  it('are the same base64, and of base64 the same spellings are taken', () => {
    fc.assert(
      fc.property(bytes, letters, (some, text) => {
        const base64 = ledger.toBase64(some);
        expect(browser.toBase64(some)).toBe(base64);
        for (const spelling of [base64, text, base64.slice(1), `${base64}${text}`, base64.replace(/=+$/, '')]) {
          expect(browser.fromBase64(spelling)).toEqual(ledger.fromBase64(spelling));
        }
        expect(ledger.fromBase64(base64)).toEqual(some);
      }),
    );
  });

  it('are the same lines', () => {
    const lines = fc.array(
      fc.oneof(
        bytes,
        fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
      ),
    );
    fc.assert(
      fc.property(lines, (some) => {
        const all = Buffer.concat(some.flatMap((line) => [line, Buffer.from('\n')]));
        expect(browser.lineTexts(all).slice(0, -1)).toEqual(ledger.lineTexts(all));
        expect(ledger.asciiText(all)).toBe(all.every((byte) => byte < 128) ? all.toString() : undefined);
      }),
    );
  });
});
