import { generateKeyPairSync } from 'node:crypto';
import type pg from 'pg';
import {
  checkpointText,
  decodeLeaves,
  GENESIS_CHAIN,
  inclusionProof,
  leafHash,
  nextChain,
  noteKey,
  originOf,
  parseCheckpoint,
  parseNote,
  rawPublicKey,
  rekeyingStatement,
  rootFromInclusion,
  signersOf,
  signNote,
  splitLeaves,
  toHex,
} from '#ledger';
import { referenceRoot, referenceTile } from '../../../test/reference/merkle.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { adoptCheckpointKey, latestCheckpoint, readCheckpointKeys, signCheckpoint } from './checkpoints.js';
import { readHead } from './head.js';
import { readInclusion } from './inclusion.js';
import { LogWriter } from './log-writer.js';
import { readEdge, readLeaves, rootOfHead, StoredTiles } from './merkle-tree.js';
import { enqueueOutbox } from './outbox.js';
import { EMPTY_BATCH } from './record-batch.js';

// Real PostgreSQL. What the tree must be is computed by test/reference/merkle.ts from the leaf data alone.

const SIGNATURE = Buffer.from('signature');

let record: TestRecord;
let pool: pg.Pool;
let producer: Awaited<ReturnType<TestRecord['producer']>>;

beforeEach(async () => {
  record = await TestRecord.open();
  pool = record.pool;
  producer = await record.producer('gw-1');
});
afterEach(() => record.close());

async function recordSome(sessions: number): Promise<void> {
  const drafts = Array.from({ length: sessions }, (_, n) => new SessionEvents(`s-${n}`)).flatMap((session) => [
    session.opened(),
    ...session.command('SELECT 1'),
    session.closed(),
  ]);
  await record.record(producer, drafts);
}

async function allLeaves(): Promise<Buffer[]> {
  const { rows } = await pool.query<{ leaf_data: Buffer }>('SELECT leaf_data FROM run ORDER BY first_position');
  return rows.flatMap((row) => splitLeaves(row.leaf_data));
}

/** The whole tree, by its own tables, against the second implementation. */
async function expectTree(): Promise<void> {
  const head = await readHead(pool);
  const leaves = await allLeaves();
  expect([head.treeSize, head.size]).toEqual([BigInt(leaves.length), BigInt(leaves.length)]);
  expect(toHex(rootOfHead(head))).toBe(toHex(referenceRoot(leaves)));
  const { rows } = await pool.query<{ level: number; index: bigint; hashes: Buffer }>(
    'SELECT level, index, hashes FROM merkle_tile ORDER BY level, index',
  );
  expect(rows.map(({ level, index }) => `${level}/${index}`)).toEqual(
    Array.from({ length: Math.floor(leaves.length / 256) }, (_, index) => `0/${index}`),
  );
  for (const { level, index, hashes } of rows) {
    expect(toHex(hashes)).toBe(toHex(referenceTile(level, Number(index), 256, leaves)));
  }
  const edge = await readEdge(pool, head);
  expect(toHex(edge.root())).toBe(toHex(referenceRoot(leaves)));
}

function newWriter(options: Partial<ConstructorParameters<typeof LogWriter>[0]> = {}): LogWriter {
  return new LogWriter({ pool, version: 'test', signHead: () => SIGNATURE, leaseMs: 600_000, ...options });
}

/** As after the migration of a record that was there before: events, and no tree. */
async function forgetTree(): Promise<void> {
  await pool.query(
    `SET session_replication_role = replica; DELETE FROM merkle_tile; SET session_replication_role = DEFAULT`,
  );
  await pool.query(`UPDATE log_head SET tree_size = 0, root_edge = '', lease_holder = NULL`);
}

describe('the Merkle tree', () => {
  it('grows in the transaction that records, over tiles that become full', async () => {
    await expectTree();
    for (const sessions of [1, 30, 64, 70, 1]) {
      await recordSome(sessions);
      await expectTree();
    }
  });

  it('stays as it is where a transaction is rolled back', async () => {
    await recordSome(63);
    const before = await readHead(pool);
    const events = producer.made.slice(-1);
    const advance = {
      node: producer.node,
      epoch: producer.epoch,
      prevChain: Buffer.alloc(32, 1),
      events,
      gap: false,
      headSignature: SIGNATURE,
    };
    await expect(record.writer.commit({ ...EMPTY_BATCH, advances: [advance] })).rejects.toMatchObject({
      code: 'RECORD_OUT_OF_ORDER',
    });
    expect(await readHead(pool)).toEqual(before);
    await record.writer.begin();
    await recordSome(5);
    await expectTree();
  });

  it('keeps with each run the signed head of its last event, and the chain that it follows', async () => {
    await recordSome(2);
    await recordSome(1);
    const { rows } = await pool.query<{ epoch: string; head: Buffer; before: Buffer; leaf_data: Buffer }>(
      'SELECT epoch, head, chain_before AS before, leaf_data FROM run ORDER BY first_position',
    );
    expect(rows.length).toBeGreaterThan(2);
    const chains = new Map<string, Buffer>();
    for (const { epoch, head, before, leaf_data } of rows) {
      expect(head).toEqual(SIGNATURE);
      expect(before).toEqual(chains.get(epoch) ?? GENESIS_CHAIN);
      chains.set(
        epoch,
        decodeLeaves(leaf_data).reduce((chain, leaf) => nextChain(chain, leaf.eventHash), before),
      );
    }
  });

  it('is built over events of before, step by step, from where it stopped, while recording goes on', async () => {
    for (let n = 0; n < 6; n++) await recordSome(1_250);
    await forgetTree();
    const writer = newWriter();
    expect(await writer.begin()).toBe(true);
    // Recording does not wait for the tree, and does not spoil it.
    expect(writer.treeBehind).toBeGreaterThan(20_000);
    expect(await writer.extendTree()).toBe(true);
    await enqueueOutbox(pool, {
      type: 'producer.foreign',
      time: '2026-11-29T00:00:00.000000Z',
      class: 'system',
      data: { node: 'gw-1', stream: 's', entry: '0-1', digest: '0'.repeat(64), reason: 'r', count: 1 },
    });
    await writer.commit(EMPTY_BATCH);
    const half = await readHead(pool);
    expect([half.treeSize, half.size > 30_000n]).toEqual([20_000n, true]);

    // Another process takes over, and goes on where it stopped.
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    const next = newWriter();
    await next.begin();
    while (await next.extendTree());
    expect(next.treeBehind).toBe(0);
    await next.commit(EMPTY_BATCH);
    await expectTree();
  }, 60_000);

  it.each([
    ['a tile', `UPDATE merkle_tile SET hashes = set_byte(hashes, 8191, get_byte(hashes, 8191) # 1) WHERE index = 1`],
    ['a tile that is gone', 'DELETE FROM merkle_tile WHERE index = 1'],
    [
      'leaf data',
      `UPDATE run SET leaf_data = set_byte(leaf_data, octet_length(leaf_data) - 1, get_byte(leaf_data, octet_length(leaf_data) - 1) # 1) WHERE last_position = (SELECT max(last_position) FROM run)`,
    ],
    [
      'leaf data that is cut',
      `UPDATE run SET leaf_data = substr(leaf_data, 1, octet_length(leaf_data) - 9) WHERE last_position = (SELECT max(last_position) FROM run)`,
    ],
    ['the head', `UPDATE log_head SET root_edge = set_byte(root_edge, 0, get_byte(root_edge, 0) # 1)`],
  ])('that does not fit %s is not continued; events are recorded all the same', async (_, tampering) => {
    await recordSome(130);
    await pool.query(`SET session_replication_role = replica; ${tampering}; SET session_replication_role = DEFAULT`);
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    const writer = newWriter();
    expect(await writer.begin()).toBe(true);
    expect(writer.treeError?.code).toMatch(/^(RECORD_(TREE_DIFFERS|TILE_MISSING)|LEDGER_LEAF_MALFORMED)$/);
    const { size, treeSize } = await readHead(pool);
    expect(size).toBeGreaterThan(treeSize);
    expect(await writer.extendTree()).toBe(false);
    // Also for whoever comes after it.
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    const next = newWriter();
    await next.begin();
    expect(await next.extendTree()).toBe(false);
    expect(next.treeError).toBeDefined();
  });

  it('proves each position in any later size', async () => {
    await recordSome(90);
    const leaves = await allLeaves();
    const tiles = new StoredTiles(pool);
    for (const [index, size] of [
      [0, 1],
      [255, 256],
      [256, 300],
      [17, leaves.length],
      [leaves.length - 1, leaves.length],
    ] as const) {
      const path = await inclusionProof(tiles, index, size);
      const root = rootFromInclusion(leafHash(leaves[index]!), index, size, path);
      expect(toHex(root!)).toBe(toHex(referenceRoot(leaves.slice(0, size))));
    }
    expect(await readLeaves(pool, 100, 300)).toEqual(leaves.slice(100, 300));
    await expect(readLeaves(pool, 0, leaves.length + 1)).rejects.toMatchObject({ code: 'RECORD_LEAVES_MISSING' });
  });
});

describe('checkpoints', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = {
    publicKey: rawPublicKey(privateKey),
    sign: (text: string, name: string) => signNote(text, name, privateKey),
  };
  let kept: string[];
  const sign = (holder = record.writer.holder) =>
    signCheckpoint(pool, {
      signer,
      holder,
      keepElsewhere: async ({ note }) => {
        kept.push(note);
      },
    });

  beforeEach(() => {
    kept = [];
  });

  it('are signed over what is committed, kept elsewhere first, and said on the record', async () => {
    await recordSome(3);
    const { log, size } = await readHead(pool);
    const signed = (await sign())!;
    expect(signed).toMatchObject({ generation: 1, size });
    const note = parseNote(signed.note);
    const origin = originOf(log, 1);
    expect(signersOf(note, [noteKey(origin, signer.publicKey)])).toHaveLength(1);
    expect(parseCheckpoint(note.text)).toEqual({ origin, size: Number(size), root: Uint8Array.from(signed.root) });
    expect(toHex(signed.root)).toBe(toHex(referenceRoot(await allLeaves())));
    expect(kept).toEqual([signed.note]);
    expect((await latestCheckpoint(pool))?.note).toBe(signed.note);

    await record.drainOutbox();
    const { rows } = await pool.query(
      `SELECT convert_from(body, 'UTF8')::json AS event FROM event WHERE type = 'checkpoint.signed'`,
    );
    expect(rows[0].event.data).toEqual({
      log,
      generation: 1,
      size: String(size),
      root: toHex(signed.root),
      note: signed.note,
    });
  });

  it('say the same for one size, whoever signs, and never a second root', async () => {
    await recordSome(1);
    const [one, two] = await Promise.all([sign(), sign()]);
    expect([one, two].filter((signed) => signed)).toHaveLength(1);
    expect(await sign()).toBeUndefined();
    expect(new Set(kept).size).toBe(1);
    const { rows } = await pool.query<{ size: bigint }>('SELECT size FROM checkpoint');
    await expect(
      pool.query(`INSERT INTO checkpoint (generation, size, root, note) VALUES (1, $1, $2, '')`, [
        rows[0]!.size,
        Buffer.alloc(32),
      ]),
    ).rejects.toMatchObject({ code: '23505' });
  });

  it('are signed by nobody but the active recorder', async () => {
    await recordSome(1);
    expect(await sign('somebody-else')).toBeUndefined();
    await pool.query('UPDATE log_head SET lease_until = now()');
    expect(await sign()).toBeUndefined();
    expect(await latestCheckpoint(pool)).toBeUndefined();
  });

  it('do not call for the next by what they say of themselves', async () => {
    await recordSome(1);
    await sign();
    await record.drainOutbox();
    const { size } = (await latestCheckpoint(pool))!;
    const { isUnsealed } = await import('./checkpoints.js');
    expect(await isUnsealed(pool, size)).toBe(false);
    await recordSome(1);
    expect(await isUnsealed(pool, size)).toBe(true);
  });

  it('prove an event to whoever has the note', async () => {
    const position = await record.record(producer, [new SessionEvents('s-1').opened()]);
    expect(await readInclusion(pool, position)).toBeUndefined();
    await recordSome(80);
    await sign();
    const { leaf, size, path, checkpoint } = (await readInclusion(pool, position))!;
    const { root } = parseCheckpoint(parseNote(checkpoint).text);
    expect(toHex(rootFromInclusion(leafHash(leaf), Number(position), Number(size), path)!)).toBe(toHex(root));
  });

  it('cannot be changed or removed, also by the recorder', async () => {
    await recordSome(70);
    await sign();
    const recorder = await record.poolOf('recorder');
    for (const table of ['checkpoint', 'merkle_tile', 'checkpoint_key']) {
      for (const act of [
        `DELETE FROM ${table}`,
        `TRUNCATE ${table}`,
        `UPDATE ${table} SET ${table === 'checkpoint_key' ? 'since = now()' : table === 'checkpoint' ? `note = ''` : `hashes = ''`}`,
      ]) {
        await expect(recorder.query(act)).rejects.toMatchObject({ code: '42501' });
      }
    }
  });

  it('change their key with the word of the one before, where it is at hand, and never back', async () => {
    const next = generateKeyPairSync('ed25519').privateKey;
    const third = rawPublicKey(generateKeyPairSync('ed25519').privateKey);
    const { signEd25519, verifyEd25519 } = await import('#ledger');
    const own = { publicKey: signer.publicKey, sign: (statement: Uint8Array) => signEd25519(privateKey, statement) };
    await adoptCheckpointKey(pool, signer.publicKey, undefined);
    await adoptCheckpointKey(pool, signer.publicKey, undefined);
    await adoptCheckpointKey(pool, rawPublicKey(next), own);
    await adoptCheckpointKey(pool, third, own);
    const { log } = await readHead(pool);
    const keys = await readCheckpointKeys(pool);
    expect(keys.map((key) => toHex(key.publicKey))).toEqual([third, rawPublicKey(next), signer.publicKey].map(toHex));
    const [lost, sworn, first] = keys;
    expect([first?.previous, lost?.statement]).toEqual([null, null]);
    expect(verifyEd25519(sworn!.previous!, rekeyingStatement(log, sworn!.publicKey), sworn!.statement!)).toBe(true);
    await expect(adoptCheckpointKey(pool, signer.publicKey, undefined)).rejects.toMatchObject({
      code: 'RECORD_CHECKPOINT_KEY_OLD',
    });
    await record.drainOutbox();
    const { rows } = await pool.query(`SELECT FROM event WHERE type = 'checkpoint.rekeyed'`);
    expect(rows).toHaveLength(3);
  });

  it('have the text of their own tree', () => {
    expect(checkpointText({ origin: 'a', size: 0, root: new Uint8Array(32) })).toBe(`a\n0\n${'A'.repeat(43)}=\n`);
  });
});

describe('a database that went back', () => {
  it('goes on as the next generation, and says from where to where', async () => {
    await recordSome(3);
    const { size, generation } = await readHead(pool);
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    const known = { generation, size: Number(size) + 40, root: 'ab'.repeat(32), source: 'a test' };
    const writer = newWriter({ knownHeads: async () => [known, { ...known, size: 1 }] });
    expect(await writer.begin()).toBe(true);
    await writer.commit(EMPTY_BATCH);
    expect((await readHead(pool)).generation).toBe(2);
    const { rows } = await pool.query(
      `SELECT convert_from(body, 'UTF8')::json AS event FROM event WHERE type = 'log.restored'`,
    );
    expect(rows.map((row) => row.event.data)).toEqual([
      {
        generation: 2,
        previous: 1,
        from: String(known.size),
        to: String(size),
        lastKnownRoot: known.root,
        source: 'a test',
      },
    ]);
    // What was told is of the generation before: once is enough.
    await writer.begin();
    expect((await readHead(pool)).generation).toBe(2);
    await expectTree();
  });

  it('is known by the recorder itself, from before the line broke', async () => {
    await recordSome(2);
    const before = await readHead(pool);
    await pool.query('UPDATE log_head SET size = size + 10');
    await expect(record.writer.commit(EMPTY_BATCH)).rejects.toMatchObject({ code: 'RECORD_SUPERSEDED' });
    await pool.query('UPDATE log_head SET size = size - 10');
    await record.writer.begin();
    expect((await readHead(pool)).generation).toBe(before.generation);
    // Gone back by more than was ever committed here.
    await pool.query(`SET session_replication_role = replica`);
    await pool.query(`DELETE FROM run WHERE first_position >= 1; DELETE FROM event WHERE position >= 1; DELETE FROM producer_epoch;
      UPDATE log_head SET size = 1, tree_size = 0, root_edge = '', lease_holder = NULL; SET session_replication_role = DEFAULT`);
    await record.writer.begin();
    expect((await readHead(pool)).generation).toBe(before.generation + 1);
  });

  it('is told from one in which somebody changed what is recorded: then nothing is signed', async () => {
    await recordSome(3);
    const { size, generation } = await readHead(pool);
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    const known = { generation, size: Number(size) - 1, root: 'ab'.repeat(32), source: 'a test' };
    const writer = newWriter({ knownHeads: async () => [known] });
    await writer.begin();
    expect(writer.treeError?.code).toBe('RECORD_CONTRADICTED');
    await writer.commit(EMPTY_BATCH);
    const after = await readHead(pool);
    expect([after.generation, after.treeSize < after.size]).toEqual([generation, true]);
    const { rows } = await pool.query(
      `SELECT convert_from(body, 'UTF8')::json AS event FROM event WHERE type = 'checkpoint.contradicted'`,
    );
    expect(rows[0].event.data).toMatchObject({ size: String(known.size), knownRoot: known.root, source: 'a test' });
  });

  it('goes on in its own generation where the copies say what it says, or less', async () => {
    await recordSome(3);
    const { size, generation, ...head } = await readHead(pool);
    await pool.query('UPDATE log_head SET lease_holder = NULL');
    const known = { generation, size: Number(size), root: toHex(rootOfHead(head)), source: 'a test' };
    const writer = newWriter({ knownHeads: async () => [known, { generation, size: 2, source: 'without a root' }] });
    await writer.begin();
    expect([writer.treeError, (await readHead(pool)).generation]).toEqual([undefined, generation]);
    await expectTree();
  });
});
