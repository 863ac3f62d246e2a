import { tooFarAhead, tooLarge } from './errors.js';
import { untilPossible } from './until-possible.js';

describe('what a start cannot do without', () => {
  const said: string[] = [];
  const options = { logger: { error: (_fields: object, text: string) => void said.push(text) }, retryMs: 1 };

  it('is tried until it succeeds, and the trouble is said once', async () => {
    let tries = 0;
    const work = async () => {
      if (++tries < 4) throw tooFarAhead('not yet');
      return 'done';
    };
    expect(await untilPossible('opening', work, options)).toBe('done');
    expect([tries, said]).toEqual([4, ['opening is not possible now; it is tried again']]);
  });

  it('ends the start where waiting does not help', async () => {
    await expect(untilPossible('opening', () => Promise.reject(tooLarge(2, 1)), options)).rejects.toMatchObject({
      code: 'GATEWAY_STATEMENT_TOO_LARGE',
    });
    await expect(untilPossible('opening', () => Promise.reject(new Error('a bug')), options)).rejects.toThrow('a bug');
  });
});
