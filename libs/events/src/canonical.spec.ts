import fc from 'fast-check';
import { type CanonicalValue, canonicalBytes, canonicalJson, parseCanonical } from './canonical.js';

const value: fc.Arbitrary<CanonicalValue> = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 6 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('canonical JSON', () => {
  it('is read back to the same value, and written back to the same bytes', () => {
    fc.assert(
      fc.property(value, (v) => {
        const bytes = canonicalBytes(v);
        expect(canonicalBytes(parseCanonical(bytes))).toEqual(bytes);
      }),
    );
  });

  it('orders keys by UTF-16 code units and escapes as RFC 8785 does', () => {
    // The ordering example of RFC 8785 §3.2.3.
    const object = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(object)))).toEqual([
      'One',
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(canonicalJson('\u0000\b\t\n\f\r"\\/€')).toBe('"\\u0000\\b\\t\\n\\f\\r\\"\\\\/€"');
  });

  it.each([
    ['white space', '{"a": 1}'],
    ['unsorted keys', '{"b":1,"a":2}'],
    ['duplicate keys', '{"a":1,"a":1}'],
    ['a float', '1.5'],
    ['an exponent', '1e3'],
    ['negative zero', '-0'],
    ['an unsafe integer', '9007199254740993'],
    ['a needless escape', '"\\u0041"'],
    ['a lone surrogate', '"\\ud800"'],
    ['nothing', ''],
    ['10^5 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ])('refuses %s', (_name, text) => {
    expect(() => parseCanonical(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'EVENT_NOT_CANONICAL' }));
  });

  it('refuses invalid UTF-8', () => {
    expect(() => parseCanonical(Buffer.from([0x22, 0xff, 0x22]))).toThrow(
      expect.objectContaining({ code: 'EVENT_NOT_CANONICAL' }),
    );
  });

  it('keeps a key named __proto__ as data', () => {
    const bytes = Buffer.from('{"__proto__":{"polluted":1},"a":1}');
    expect(canonicalBytes(parseCanonical(bytes))).toEqual(bytes);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
