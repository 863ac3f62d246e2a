import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { makeVerifier, parseVerifier, verifyPassword } from './scram.js';

/** Against the verifiers that PostgreSQL itself makes and takes. */
describe('a SCRAM verifier', () => {
  const role = `scram_${randomBytes(4).toString('hex')}`;
  let admin: pg.Client;
  beforeAll(async () => {
    admin = new pg.Client({ connectionString: process.env.TEST_POSTGRES_URL });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.query(`DROP ROLE IF EXISTS ${role}`);
    await admin.end();
  });

  it('is, for the same salt, the one that PostgreSQL writes', async () => {
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'afd_a-token_of-ours'`);
    const { rows } = await admin.query<{ rolpassword: string }>(
      'SELECT rolpassword FROM pg_authid WHERE rolname = $1',
      [role],
    );
    const written = rows[0]?.rolpassword ?? '';
    const { salt, iterations } = parseVerifier(written);
    expect(makeVerifier('afd_a-token_of-ours', salt, iterations)).toBe(written);
    expect(verifyPassword('afd_a-token_of-ours', parseVerifier(written))).toBe(true);
    expect(verifyPassword('afd_a-token_of-theirs', parseVerifier(written))).toBe(false);
  });

  it('that we made lets a client in at PostgreSQL', async () => {
    await admin.query(`ALTER ROLE ${role} LOGIN PASSWORD '${makeVerifier('afd_second')}'`);
    const url = new URL(process.env.TEST_POSTGRES_URL ?? '');
    url.username = role;
    url.password = 'afd_second';
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('has a salt of its own each time', () => {
    expect(makeVerifier('same')).not.toBe(makeVerifier('same'));
  });

  it.each(['', 'md5abc', 'SCRAM-SHA-256$4096:c2FsdA==$short:short', 'SCRAM-SHA-256$0:c2FsdA==$a:b'])(
    '%j is refused without being repeated',
    (text) => {
      expect(() => parseVerifier(text)).toThrow(expect.objectContaining({ code: 'CONFIG_VERIFIER_MALFORMED' }));
    },
  );
});
