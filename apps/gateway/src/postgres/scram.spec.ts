import fc from 'fast-check';
import { makeVerifier, parseVerifier } from '#platform';
import { ScramClient, ScramServer } from './scram.js';

// The example exchange of RFC 7677 §3. Its user is "user"; PostgreSQL's clients leave that empty, so the client side differs.
const rfc = {
  password: 'pencil',
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  iterations: 4096,
};

function keys(...passwords: string[]) {
  const salt = Buffer.from(rfc.salt, 'base64');
  const candidates = passwords.map((password) => parseVerifier(makeVerifier(password, salt, rfc.iterations)));
  return { salt, iterations: rfc.iterations, candidates };
}

describe('SCRAM-SHA-256', () => {
  it('answers as the example of RFC 7677 does', () => {
    const server = new ScramServer(keys('other', rfc.password), rfc.serverNonce);
    expect(server.first(`n,,n=user,r=${rfc.clientNonce}`)).toBe(
      `r=${rfc.clientNonce}${rfc.serverNonce},s=${rfc.salt},i=4096`,
    );
    const final = `c=biws,r=${rfc.clientNonce}${rfc.serverNonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
    expect(server.final(final)).toEqual({
      candidate: 1,
      serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    });
  });

  it('both sides agree on any password, and on no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.boolean(), async (password, isRight) => {
        const server = new ScramServer({ ...keys(password), iterations: 4096 });
        const client = new ScramClient(isRight ? password : `${password}x`);
        const proved = server.final(await client.final(server.first(client.first)));
        expect(proved !== undefined).toBe(isRight);
        if (proved) client.verify(proved.serverFinal);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a server that does not know the password', async () => {
    const client = new ScramClient('secret', 'abc');
    await client.final(`r=abcdef,s=${rfc.salt},i=4096`);
    expect(() => client.verify('v=AAAA')).toThrow(expect.objectContaining({ code: 'GATEWAY_TARGET_NOT_GENUINE' }));
    await expect(new ScramClient('secret', 'abc').final(`r=xyz,s=${rfc.salt},i=4096`)).rejects.toMatchObject({
      code: 'GATEWAY_TARGET_NOT_GENUINE',
    });
  });

  it.each([
    ['channel binding that we did not offer', 'p=tls-unique,,n=,r=abc'],
    ['no nonce', 'n,,n='],
    ['nothing', ''],
  ])('refuses %s', (_name, first) => {
    expect(() => new ScramServer(keys('x')).first(first)).toThrow(
      expect.objectContaining({ code: 'GATEWAY_PROTOCOL_VIOLATION' }),
    );
  });
});
