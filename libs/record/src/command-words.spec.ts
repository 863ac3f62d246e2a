import fc from 'fast-check';
import type { AuditEvent } from '#events';
import { bodyHoldsText, commandTextOf, holdsText, LONGEST_WORD, wordsOf } from './command-words.js';

function issued(text?: string, parameters: ({ text?: string; base64?: string } | null)[] = []): AuditEvent {
  const statement = text === undefined ? {} : { statement: { text } };
  return { type: 'command.issued', data: { ...statement, parameters } } as never;
}

describe('words of commands', () => {
  it.each([
    [
      'SELECT o.id FROM public."Orders" WHERE x=$1',
      ['select', 'o', 'id', 'from', 'public', 'orders', 'where', 'x', '1'],
    ],
    ["it's 4.5e-3", ['it', 's', '4', '5e', '3']],
    ['naïve ΣΑΣ_1 数据\u0000表', ['naïve', 'σας_1', '数据', '表']],
    ['cafe\u0301', ['café']],
    ['ΑΣ.Α ΑΣ', ['ας', 'α', 'ας']],
    ['\u001b[31mred\u202e', ['31mred']],
    [`'; -- \\ "`, []],
  ])('of %j are %j', (text, words) => {
    expect([...wordsOf(text)]).toEqual(words);
  });

  it('are cut by characters, so that each can be stored', () => {
    const [word] = wordsOf('\u{20000}'.repeat(1000));
    expect(Array.from(word!)).toHaveLength(LONGEST_WORD);
    expect(word!.isWellFormed()).toBe(true);
  });

  it('are taken apart in a question as in a command: whatever stands in it is found by its own words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ unit: 'binary' }), (asked, around) => {
        const words = [...new Set(wordsOf(asked))];
        fc.pre(words.length > 0 && words.length <= 16);
        const event = issued(`${around}\n${asked}\n${around}`);
        const text = commandTextOf(asked.replaceAll('*', ' '));
        expect(holdsText(event, text)).toBe(true);
        expect(bodyHoldsText(Buffer.from(JSON.stringify(event)), text)).toBe(true);
      }),
    );
  });

  it('are judged alike in an event and in its bytes, of whatever script they are', () => {
    const odd = ['\u212aelvin', '\u0130stanbul', '\n', '"', '\\u0041', 'x'.repeat(70)];
    const word = fc.constantFrom('drop', 'DROP', 'kelvin', 'istanbul', ...odd);
    fc.assert(
      fc.property(fc.array(word), word, fc.boolean(), (words, asked, isPrefix) => {
        fc.pre([...wordsOf(asked)].length > 0);
        const event = issued(words.join(' '), [{ text: 'none' }]);
        const text = commandTextOf(isPrefix ? `${asked}*` : asked);
        expect(bodyHoldsText(Buffer.from(JSON.stringify(event)), text)).toBe(holdsText(event, text));
      }),
    );
  });

  it('are looked for in statement and parameters together; binary ones have none', () => {
    const event = issued('UPDATE invoice SET paid = $1 WHERE owner = $2', [
      null,
      { text: 'robin' },
      { base64: 'cGFpZA==' },
    ]);
    expect(holdsText(event, commandTextOf('robin INVOICE'))).toBe(true);
    expect(holdsText(event, commandTextOf('cGFpZA'))).toBe(false);
    expect(holdsText(event, commandTextOf('invoice inv*'))).toBe(true);
    expect(holdsText(event, commandTextOf('inv'))).toBe(false);
    expect(holdsText(issued(), commandTextOf('robin'))).toBe(false);
    const completed = { type: 'command.completed', data: { tags: ['robin'] } } as never;
    expect(holdsText(completed, commandTextOf('robin'))).toBe(false);
  });

  it('of a question: the last may be a beginning', () => {
    expect(commandTextOf('Drop  TABLE drop')).toEqual({ words: ['drop', 'table'] });
    expect(commandTextOf('drop public.orders_20* ')).toEqual({ words: ['drop', 'public'], prefix: 'orders_20' });
    expect(commandTextOf('count(*)')).toEqual({ words: ['count'] });
    expect(commandTextOf('a * b')).toEqual({ words: ['a', 'b'] });
  });

  it.each([
    ["'; --", 'holds no word'],
    ['\u001b[ \u202e', 'holds no word'],
    ['*', 'holds no word'],
    ['ab*', 'at least 3'],
    [Array.from({ length: 17 }, (_, n) => `w${n}`).join(' '), '17 words'],
  ])('refuses %j', (text, said) => {
    expect(() => commandTextOf(text)).toThrow(
      expect.objectContaining({ code: 'RECORD_TEXT_INVALID', message: expect.stringContaining(said) }),
    );
  });
});
