import { generateKeyPairSync } from 'node:crypto';
import { checkpointText, originOf, rawPublicKey, signNote } from '#ledger';
import { adoptCheckpointKey, LogWriter, readHead, signCheckpoint } from '#record';
import { sessionDraft } from '../../../test/support/producer.js';
import { ReadingBack } from '../../../test/support/reading-back.js';
import { until } from '../../../test/support/servers.js';
import { CheckpointWatchDuty } from './checkpoint-watch.js';

// Real PostgreSQL and Redis, the whole forwarder. Faked: Datadog, by the stand-in, whose copy nobody here can change.

const { privateKey } = generateKeyPairSync('ed25519');
const signer = {
  publicKey: rawPublicKey(privateKey),
  sign: (text: string, name: string) => signNote(text, name, privateKey),
};

describe('checkpoints at Datadog', () => {
  let world: ReadingBack;

  beforeEach(async () => {
    world = await ReadingBack.open();
    await adoptCheckpointKey(world.record.pool, signer.publicKey, undefined);
  });
  afterEach(() => world.close());

  const duty = () => new CheckpointWatchDuty({ settleMs: 100, checkpointsEveryMs: 100 });

  async function signOne(): Promise<void> {
    const { pool, writer } = world.record;
    await world.emit([sessionDraft('s')]);
    expect(await signCheckpoint(pool, { signer, holder: writer.holder, keepElsewhere: async () => {} })).toBeDefined();
    await world.record.drainOutbox();
  }

  const told = async () =>
    (
      await world.record.pool.query<{ size: bigint; isContradiction: boolean }>(
        'SELECT size, contradicted_at IS NOT NULL AS "isContradiction" FROM told_head ORDER BY size',
      )
    ).rows;
  const contradictions = async () => {
    await world.record.drainOutbox();
    const { rows } = await world.record.pool.query(
      `SELECT convert_from(body, 'UTF8')::json->'data' AS data FROM event WHERE type = 'checkpoint.contradicted'`,
    );
    return rows.map((row) => row.data);
  };

  it('are read back, and agree', async () => {
    await signOne();
    await signOne();
    const { rows } = await world.record.pool.query<{ size: bigint }>('SELECT max(size) AS size FROM checkpoint');
    await world.forward([duty()]);
    await until('the furthest is known', async () => (await told())[0]?.size === rows[0]!.size);
    expect(await told()).toEqual([{ size: rows[0]!.size, isContradiction: false }]);
    expect(await contradictions()).toEqual([]);
  });

  it('are read back at once when a recorder begins, though they were asked for just now', async () => {
    const { pool, writer } = world.record;
    await world.forward([new CheckpointWatchDuty({ settleMs: 100 })]);
    await until(
      'they were asked for',
      async () =>
        (await pool.query(`SELECT FROM duty_turn WHERE next_at > now() + interval '50 minutes'`)).rowCount === 1,
    );
    await signOne();
    await until(
      'one is there',
      async () =>
        (await pool.query(`SELECT FROM delivery_range WHERE next_pos >= (SELECT size FROM log_head)`)).rowCount === 1,
    );
    await writer.end('the test wants another one');
    const signHead = () => Buffer.from('signature');
    const next = new LogWriter({ pool: await world.record.poolOf('recorder'), version: 'test', signHead });
    expect(await next.begin()).toBe(true);
    await until('they are known', async () => (await told()).length === 1);
  });

  it('contradict a record that somebody rewrote, tiles, head, checkpoints and all', async () => {
    await signOne();
    await signOne();
    await world.forward([duty()]);
    await until('they arrived', async () => (await told()).length === 1);
    await world.stop();
    // With every right in the database and the stolen key: another leaf, another tree, other checkpoints.
    const { pool } = world.record;
    await pool.query(`SET session_replication_role = replica`);
    await pool.query(`UPDATE run SET leaf_data = set_byte(leaf_data, octet_length(leaf_data) - 1, get_byte(leaf_data, octet_length(leaf_data) - 1) # 1)
      WHERE first_position = (SELECT max(first_position) FROM run WHERE first_position < (SELECT min(size) FROM checkpoint))`);
    await pool.query(
      `UPDATE log_head SET tree_size = 0, root_edge = '', lease_holder = NULL; SET session_replication_role = DEFAULT`,
    );
    await world.record.writer.begin();
    while (await world.record.writer.extendTree());
    expect((await readHead(pool)).treeSize).toBeGreaterThan(0n);
    await world.forward([duty()]);
    await until('it is contradicted', async () => (await told()).some((one) => one.isContradiction));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const said = await contradictions();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ source: 'datadog', knownRoot: expect.not.stringMatching(said[0].root) });
    // The recorder does not go on with it either.
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    await world.record.writer.begin();
    expect(world.record.writer.treeError?.code).toBe('RECORD_CONTRADICTED');
  });

  it('tell a recorder that its database went back', async () => {
    await signOne();
    const { log, size } = await readHead(world.record.pool);
    const origin = originOf(log, 1);
    // What was signed, and delivered, before the database was restored.
    const note = signer.sign(
      checkpointText({ origin, size: Number(size) + 100, root: new Uint8Array(32).fill(7) }),
      origin,
    );
    const data = { log, generation: 1, size: String(Number(size) + 100), root: '07'.repeat(32), note };
    await world.emit([{ ...sessionDraft('s'), type: 'checkpoint.signed', class: 'system', data } as never]);
    await world.forward([duty()]);
    await until('it is known', async () => (await told()).some((one) => one.size === size + 100n));
    expect(await world.record.writer.mustBeginAnew()).toBe(true);
    await world.record.writer.begin();
    expect((await readHead(world.record.pool)).generation).toBe(2);
    expect(await world.record.writer.mustBeginAnew()).toBe(false);
  });

  it('of another log, or of a key that is not the log’s, say nothing', async () => {
    const { log } = await readHead(world.record.pool);
    const stranger = generateKeyPairSync('ed25519').privateKey;
    for (const [name, key] of [
      [log, stranger],
      ['log-00000000', privateKey],
    ] as const) {
      const origin = originOf(name, 1);
      const note = signNote(checkpointText({ origin, size: 9_000, root: new Uint8Array(32) }), origin, key);
      const data = { log, generation: 1, size: '9000', root: '00'.repeat(32), note };
      await world.emit([{ ...sessionDraft('s'), type: 'checkpoint.signed', class: 'system', data } as never]);
    }
    await signOne();
    const { size } = (await world.record.pool.query<{ size: bigint }>('SELECT max(size) AS size FROM checkpoint'))
      .rows[0]!;
    await world.forward([duty()]);
    await until('ours is known', async () => (await told()).length === 1);
    expect((await told())[0]!.size).toBe(size);
  });
});
