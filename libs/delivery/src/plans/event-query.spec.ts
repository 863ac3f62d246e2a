import fc from 'fast-check';
import { parseEventQuery } from './event-query.js';

describe('a query', () => {
  it.each([
    ['type:session.closed', { types: ['session.closed'] }],
    [
      '  type:command.*,session.denied   connection:orders ',
      { types: ['command.*', 'session.denied'], connections: ['orders'] },
    ],
    [
      'identity:"billing agent",api-key:abc session:s-1',
      { identities: ['billing agent', 'api-key:abc'], sessions: ['s-1'] },
    ],
    ['connection:"a \\"b\\" \\\\ c"', { connections: ['a "b" \\ c'] }],
    ['type:quarantined', { types: ['quarantined'] }],
  ])('%s', (text, selection) => {
    expect(parseEventQuery(text)).toEqual(selection);
  });

  it.each([
    ['', 1, 'it is empty'],
    ['   ', 1, 'it is empty'],
    ['orders', 1, '"orders" is no term'],
    ['type:session.closed AND connection:a', 21, '"AND" is no term'],
    ['tpye:session.closed', 1, 'there is no field "tpye"'],
    ['toString:a', 1, 'there is no field "toString"'],
    ['type:session.closed,sesion.opened', 21, 'there is no type "sesion.opened"'],
    ['type:sess*', 6, 'there is no type "sess*"'],
    ['type:nothing.*', 6, 'there is no type "nothing.*"'],
    ['connection:', 12, 'a value is missing'],
    ['connection:a,', 14, 'a value is missing'],
    ['connection:a, b', 14, 'a value is missing'],
    ['connection:""', 12, 'a value is missing'],
    ['connection:"a', 12, 'a quote is not closed'],
    ['connection:"a"b', 15, 'a blank is missing before "b"'],
    ['connection:a connection:b', 14, 'connection stands here a second time'],
  ])('%j goes wrong at character %d: %s', (text, at, what) => {
    expect(() => parseEventQuery(text)).toThrow(
      expect.objectContaining({
        code: 'DELIVERY_SELECTION_INVALID',
        message: `the query goes wrong at character ${at}: ${what}`,
      }),
    );
  });

  it('takes any value in quotes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1 }), (values) => {
        const quoted = values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`);
        expect(parseEventQuery(`identity:${quoted.join(',')}`)).toEqual({ identities: values });
      }),
    );
  });

  it('never throws anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseEventQuery(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'DELIVERY_SELECTION_INVALID' });
        }
      }),
    );
  });
});
