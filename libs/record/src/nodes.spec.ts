import { generateKeyPairSync } from 'node:crypto';
import type pg from 'pg';
import { type TestDatabase, testDatabase, until } from '../../../test/support/servers.js';
import { CommitListener, LOG_CHANNEL, OUTBOX_CHANNEL } from './commit-listener.js';
import { pinMarkKey } from './head.js';
import { migrate } from './migrate.js';
import {
  createEnrolment,
  decodeEnrolmentToken,
  encodeEnrolmentToken,
  enrolNode,
  findProducerKey,
  fingerprintOf,
  listNodes,
  producerKeyId,
} from './nodes.js';
import { createPool } from './pool.js';

// Real PostgreSQL; nothing is faked.

const newKey = (): Buffer => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });

describe('with a database of its own', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  const markKey = newKey();
  beforeEach(async () => {
    database = await testDatabase();
    pool = createPool(database.url, { applicationName: 'test' });
    await migrate(pool);
    await pinMarkKey(pool, markKey);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  describe('enrolment', () => {
    const enrolment = (node = 'gw-1', validMs = 60_000) =>
      createEnrolment(pool, { node, by: 'admin', api: 'http://127.0.0.1:8470', validMs });
    const refusal = { code: 'RECORD_ENROLMENT_REFUSED' };

    it('takes in a key once, names the log, and says so on the record', async () => {
      const { token } = await enrolment();
      expect(decodeEnrolmentToken(token)).toMatchObject({ node: 'gw-1', markFingerprint: fingerprintOf(markKey) });
      const key = newKey();
      const enrolled = await enrolNode(pool, { token, publicKey: key });
      expect(enrolled).toMatchObject({ node: 'gw-1', keyId: producerKeyId(key).toString('hex') });
      expect(enrolled.markPublicKey.equals(markKey)).toBe(true);
      expect(await findProducerKey(pool, producerKeyId(key))).toMatchObject({ node: 'gw-1', revoked: false });
      expect(await listNodes(pool)).toMatchObject([{ node: 'gw-1', keys: 1, revokedAt: null }]);
      const { rows } = await pool.query('SELECT body FROM outbox ORDER BY id');
      expect(rows).toMatchObject([
        { body: { type: 'enrolment.created', data: { node: 'gw-1', by: 'admin' } } },
        { body: { type: 'node.enrolled', data: { node: 'gw-1', by: 'admin' } } },
      ]);
    });

    it('answers the same again to who lost the answer, and refuses the token to anyone else', async () => {
      const { token } = await enrolment();
      const key = newKey();
      const first = await enrolNode(pool, { token, publicKey: key });
      expect(await enrolNode(pool, { token, publicKey: key })).toEqual(first);
      await expect(enrolNode(pool, { token, publicKey: newKey() })).rejects.toMatchObject(refusal);
      const { rowCount } = await pool.query(`SELECT FROM outbox WHERE body->>'type' = 'node.enrolled'`);
      expect(rowCount).toBe(1);
    });

    it('lets only one of two that use a token at once have it', async () => {
      const { token } = await enrolment();
      const both = await Promise.allSettled([1, 2].map(() => enrolNode(pool, { token, publicKey: newKey() })));
      expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('refuses what is expired, invented, of another log, revoked, or no Ed25519 key', async () => {
      const late = await enrolment('gw-1', -1);
      await expect(enrolNode(pool, { token: late.token, publicKey: newKey() })).rejects.toMatchObject(refusal);
      await expect(enrolNode(pool, { token: 'nonsense', publicKey: newKey() })).rejects.toMatchObject(refusal);
      const { token } = await enrolment();
      const parts = decodeEnrolmentToken(token);
      for (const changed of [{ secret: 'x' }, { log: 'log-other' }]) {
        const forged = encodeEnrolmentToken({ ...parts, ...changed });
        await expect(enrolNode(pool, { token: forged, publicKey: newKey() })).rejects.toMatchObject(refusal);
      }
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const publicKey = rsa.publicKey.export({ type: 'spki', format: 'der' });
      await expect(enrolNode(pool, { token, publicKey })).rejects.toMatchObject(refusal);
      await pool.query(`INSERT INTO producer_node (node, revoked_at) VALUES ('gw-1', now())`);
      await expect(enrolNode(pool, { token, publicKey: newKey() })).rejects.toMatchObject(refusal);
      expect((await pool.query('SELECT FROM producer_key')).rowCount).toBe(0);
    });

    it.each(['record', 'Has Capitals', '', 'x'.repeat(41)])('refuses the name %p', async (name) => {
      await expect(enrolment(name)).rejects.toMatchObject({ code: 'RECORD_NODE_NAME' });
    });
  });

  it('keeps the first mark key for ever', async () => {
    await pinMarkKey(pool, markKey);
    await expect(pinMarkKey(pool, newKey())).rejects.toMatchObject({ code: 'RECORD_MARK_KEY_DIFFERS' });
  });

  it('hears commits at once, and again after its connection was cut', async () => {
    const listener = new CommitListener(pool);
    try {
      await listener.ready();
      let heard = 0;
      listener.onCommit(() => {
        heard += 1;
      });
      const notify = () => pool.query(`SELECT pg_notify('${LOG_CHANNEL}', '')`);
      const before = performance.now();
      await notify();
      await until('heard', () => heard > 0);
      expect(performance.now() - before).toBeLessThan(900);
      await pool.query(`SELECT pg_notify('${OUTBOX_CHANNEL}', '')`);
      await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
      await until('listening again', async () => {
        const { rowCount } = await pool.query(`SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND query = 'LISTEN ${LOG_CHANNEL}'`);
        return rowCount === 1;
      });
    } finally {
      await listener.close();
    }
  });
});
