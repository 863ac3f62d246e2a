import fc from 'fast-check';
import type pg from 'pg';
import { startedDraft } from '../../../test/support/producer.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { SignedRecord } from '../../../test/support/signed-record.js';
import { readHead } from './head.js';
import { beginPass, countDifferences, latestPass, openDifferences, verifyStep } from './verification.js';
import { verifyPositions } from './verify-positions.js';
import { verifyRuns } from './verify-runs.js';

// Real PostgreSQL. Whoever tampers here has every right in the database, and switches the triggers off.

let record: SignedRecord;
let pool: pg.Pool;
let size: number;

beforeAll(async () => {
  record = await SignedRecord.open();
  pool = record.pool;
  const producer = await record.producer('gw-1');
  for (let n = 0; n < 30; n++) {
    const session = new SessionEvents(`s-${n}`);
    const commands = Array.from({ length: 10 }, (_, c) => session.command(`SELECT ${c}`)).flat();
    await record.record(producer, [session.opened(), ...commands, session.closed()]);
  }
  await record.work();
  size = Number((await readHead(pool)).treeSize);
  expect(size).toBeGreaterThan(2 * 256);
});
afterAll(() => record.close());

/** Tampers, looks, and takes it back: nothing of it is committed. */
async function tampered<T>(sql: string | readonly string[], look: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    for (const one of [sql].flat()) await client.query(one);
    return await look(client);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const found = (sql: string | readonly string[]) =>
  tampered(sql, async (client) =>
    (await verifyPositions(client, 0, size)).map(({ position, code }) => `${position} ${code}`),
  );

describe('verification', () => {
  it('finds nothing in what nobody touched', async () => {
    expect(await verifyPositions(pool, 0, size)).toEqual([]);
    expect(await verifyPositions(pool, 256, 512)).toEqual([]);
  });

  it.each([
    [
      'a byte of an event',
      `UPDATE event SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE position = 77`,
      ['77 bytes-altered'],
    ],
    ['a byte and its hash', [`UPDATE event SET body = body || ' ' WHERE position = 1`], ['1 bytes-altered']],
    ['who did it', `UPDATE event SET identity_id = 'somebody' WHERE position = 77`, ['77 column-altered']],
    ['what kind it is', `UPDATE event SET type = 'session.closed' WHERE position = 77`, ['77 column-altered']],
    ['how it ended', `UPDATE event SET outcome = 'failure' WHERE position = 300`, ['300 column-altered']],
    [
      'when it happened',
      `UPDATE event SET occurred_at = occurred_at + interval '1 microsecond' WHERE position = 300`,
      ['300 column-altered'],
    ],
    ['its session', `UPDATE event SET session_id = NULL WHERE position = 300`, ['300 column-altered']],
    ['its number', `UPDATE event SET seq = seq + 1 WHERE position = 300`, ['300 column-altered']],
    ['its node', `UPDATE event SET node = 'gw-2' WHERE position = 300`, ['300 column-altered']],
    [
      'that it is called quarantined',
      `UPDATE event SET type = 'quarantined' WHERE position = 300`,
      ['300 column-altered'],
    ],
    ['an event that is gone', 'DELETE FROM event WHERE position = 511', ['511 row-missing']],
    [
      'two that changed places',
      [
        'CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT position, body FROM event WHERE position IN (40, 41)',
        'UPDATE event e SET body = k.body FROM kept k WHERE e.position IN (40, 41) AND k.position = 81 - e.position',
      ],
      ['40 bytes-altered', '41 bytes-altered'],
    ],
    [
      'a tile',
      `UPDATE merkle_tile SET hashes = set_byte(hashes, 33, get_byte(hashes, 33) # 1) WHERE index = 1`,
      ['257 tree-differs'],
    ],
    ['a tile that is gone', `DELETE FROM merkle_tile WHERE index = 1`, ['256 tree-differs']],
  ])('names the position of %s', async (_, sql, expected) => {
    expect(await found(sql)).toEqual(expected);
  });

  it('finds leaf data that was changed together with its event', async () => {
    const differences = await found([
      `UPDATE event SET body = set_byte(body, 40, get_byte(body, 40) # 1) WHERE position = 100`,
      `UPDATE run SET leaf_data = overlay(leaf_data placing sha256((SELECT body FROM event WHERE position = 100))
         from (octet_length(leaf_data) / (last_position - first_position + 1) * (100 - first_position + 1) - 31)::int)
        WHERE first_position <= 100 AND last_position >= 100`,
    ]);
    expect(differences).toContain('100 tree-differs');
    expect(differences).not.toContain('100 bytes-altered');
  });

  it('names every position of a run that is gone, or that begins elsewhere', async () => {
    const { rows } = await pool.query<{ first: bigint; last: bigint }>(
      'SELECT first_position AS first, last_position AS last FROM run WHERE first_position > 100 ORDER BY 1 LIMIT 1',
    );
    const { first, last } = rows[0]!;
    const positions = Array.from({ length: Number(last - first) + 1 }, (_, at) => Number(first) + at);
    expect(await found(`DELETE FROM run WHERE first_position = ${first}`)).toEqual(
      positions.map((position) => `${position} leaf-missing`),
    );
    const moved = await found(`UPDATE run SET first_seq = first_seq + 1 WHERE first_position = ${first}`);
    expect(moved).toEqual(positions.map((position) => `${position} leaf-altered`));
  });

  it('calls what a purge took purged, and what is gone beyond it missing', async () => {
    const range = 'SELECT min(recorded_at), max(recorded_at) FROM event WHERE position BETWEEN 50 AND 60';
    const purge = `INSERT INTO purge (class, from_at, to_at, count, digest)
      SELECT 'standard', min, max + interval '1 microsecond', 1, '' FROM (${range}) AS r`;
    const within = await tampered(
      [
        purge,
        `DELETE FROM event WHERE class = 'standard' AND recorded_at IN (SELECT recorded_at FROM event WHERE position BETWEEN 50 AND 60)`,
      ],
      (client) => verifyPositions(client, 0, size),
    );
    expect(within).toEqual([]);
    const beyond = await tampered([purge, 'DELETE FROM event WHERE position = 400'], (client) =>
      verifyPositions(client, 0, size),
    );
    expect(beyond.map(({ position, code }) => `${position} ${code}`)).toEqual(['400 row-missing']);
  });

  it('finds, of random rows that are gone, exactly those', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: 40 }),
        async (positions) => {
          const gone = await found(`DELETE FROM event WHERE position IN (${positions.join(',')})`);
          expect(gone).toEqual(
            positions.sort((one, other) => one - other).map((position) => `${position} row-missing`),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a pass of it', () => {
  async function wholePass() {
    let pass = await beginPass(pool);
    while (pass.finishedAt === null) pass = await verifyStep(pool, pass, 256);
    return pass;
  }
  const told = async () => {
    await record.drainOutbox();
    const { rows } = await pool.query(
      `SELECT type, convert_from(body, 'UTF8')::json->'data' AS data FROM event WHERE type LIKE 'record.%' ORDER BY position`,
    );
    return rows.map(({ type, data }) => `${type} ${data.position ?? data.size} ${data.code ?? data.differences}`);
  };
  const direct = async (sql: string) => {
    await pool.query(`SET session_replication_role = replica; ${sql}; SET session_replication_role = DEFAULT`);
  };

  it('says that it is through, tells what differs once, and that it is in order again', async () => {
    const first = await wholePass();
    expect([first.differences, first.next, await countDifferences(pool)]).toEqual([0n, first.to, 0]);
    const said = await told();
    expect(said).toEqual([`record.verified ${first.to} 0`]);

    await direct(`UPDATE event SET outcome = 'failure' WHERE position = 300`);
    await direct(`UPDATE checkpoint SET root = set_byte(root, 0, get_byte(root, 0) # 1)`);
    expect((await wholePass()).differences).toBe(2n);
    await wholePass();
    expect((await openDifferences(pool, { limit: 10 })).map(({ position, code }) => `${position} ${code}`)).toEqual([
      '300 column-altered',
      `${size - 1} checkpoint-differs`,
    ]);
    expect(await openDifferences(pool, { from: 0n, to: 300n, limit: 10 })).toEqual([]);
    const after = await told();
    expect(after.filter((one) => one.startsWith('record.differs'))).toEqual([
      'record.differs 300 column-altered',
      `record.differs ${size - 1} checkpoint-differs`,
    ]);

    await direct(`UPDATE event SET outcome = 'success' WHERE position = 300`);
    await direct(`UPDATE checkpoint SET root = set_byte(root, 0, get_byte(root, 0) # 1)`);
    await wholePass();
    expect(await countDifferences(pool)).toBe(0);
  });

  it('goes on where another process stopped', async () => {
    const begun = await beginPass(pool);
    const moved = await verifyStep(pool, begun, 256);
    expect(moved.next).toBe(256n);
    expect(await beginPass(pool)).toEqual(await latestPass(pool));
    expect((await beginPass(pool)).next).toBe(256n);
  });
});

describe('verification of what producers sent', () => {
  let signed: SignedRecord;

  beforeAll(async () => {
    signed = await SignedRecord.open();
    for (const node of ['gw-1', 'gw-2']) {
      const gateway = await signed.producer(node);
      await signed.record(gateway, [startedDraft()]);
      for (let n = 0; n < 10; n++) {
        const session = new SessionEvents(`${node}-${n}`);
        await signed.record(gateway, [session.opened(), ...session.command('SELECT 1'), session.closed()]);
      }
      gateway.emit(new SessionEvents('lost').opened());
      gateway.emit(new SessionEvents('kept').opened());
      await signed.recordMade(gateway, 1);
    }
  });
  afterAll(() => signed.close());

  async function foundAfter(sql: string): Promise<string[]> {
    const client = await signed.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SET LOCAL session_replication_role = replica');
      await client.query(sql);
      const { treeSize } = await readHead(client);
      return (await verifyRuns(client, Number(treeSize), async () => {})).map((one) => one.message);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  it('finds nothing in what nobody touched, a hole that the producer signed among it', async () => {
    expect(await foundAfter('SELECT 1')).toEqual([]);
  });

  it('names a run that was left out and closed over, one that was put in, and leaf data that nobody signed', async () => {
    const third = `(SELECT first_position FROM run WHERE node = 'gw-1' ORDER BY first_position OFFSET 3 LIMIT 1)`;
    const left = await foundAfter(`DELETE FROM run WHERE first_position = ${third}`);
    expect(left.join('\n')).toMatch(/hole: .*gw-1/);
    expect(left.join('\n')).toMatch(/missing: /);
    const changed = await foundAfter(
      `UPDATE run SET leaf_data = set_byte(leaf_data, octet_length(leaf_data) - 1, get_byte(leaf_data, octet_length(leaf_data) - 1) # 1) WHERE first_position = ${third}`,
    );
    expect(changed.join('\n')).toMatch(/head: .*another chain/);
    const moved = await foundAfter(`UPDATE run SET node = 'gw-2' WHERE first_position = ${third}`);
    expect(moved.join('\n')).toMatch(/head: |fork: /);
    const unsigned = await foundAfter(`UPDATE run SET head = NULL WHERE first_position = ${third}`);
    expect(unsigned.join('\n')).toMatch(/head: no signature/);
    const without = await foundAfter(`DELETE FROM event WHERE type = 'producer.lost'`);
    expect(without.filter((one) => one.startsWith('hole: '))).toHaveLength(2);
  });
});
