/**
 * Ways round the audit, and refusals, with raw bytes against a real PostgreSQL. Faked: the spool's disk (MemorySpool), which can
 * be slow, full, or fail. Observed: what the target really did, and the events.
 */
import pg from 'pg';
import { type TestGateway, testGateway } from '../../../../test/support/gateway.js';
import { RawPostgres, say, sqlstateOf, told } from '../../../../test/support/raw-postgres.js';
import { type TestDatabase, testDatabase, until } from '../../../../test/support/servers.js';
import { INLINE_LIMIT, message } from './messages.js';

let database: TestDatabase;
let gate: TestGateway;
let raw: RawPostgres;
let admin: pg.Client;

beforeAll(async () => {
  database = await testDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query('CREATE TABLE done (what text)');
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});
beforeEach(async () => {
  await admin.query('TRUNCATE done');
  gate = await testGateway(database.url, { maxStatement: '1MiB' });
  raw = await RawPostgres.login(gate.url);
});
afterEach(async () => {
  raw.close();
  await gate.stop();
  // Whatever happened, no space stays reserved for outcomes that were written.
  expect(gate.spool.reserved).toBe(0);
});

const done = async () =>
  (await admin.query<{ what: string }>('SELECT what FROM done ORDER BY 1')).rows.map((r) => r.what);
const issued = () => gate.of('command.issued').map((event) => event.data);
const texts = () => issued().map((data) => data.statement?.text);
const outcomes = async (count: number) => {
  await until(`${count} outcomes`, () => gate.of('command.completed').length >= count);
  return gate.of('command.completed').map(({ data }) => `${data.outcome} ${data.committed}`);
};
const insert = (what: string) => `INSERT INTO done VALUES ('${what}')`;

describe('no audit, no access', () => {
  it.each([
    ['Query', () => say.query(insert('q'))],
    ['Bind', () => Buffer.concat([say.run(insert('b')), say.sync()])],
    ['FunctionCall', () => say.functionCall(2998)],
  ])('a %s waits for its event, whatever the disk takes', async (_name, bytes) => {
    let open = () => {};
    gate.spool.gate = new Promise((resolve) => {
      open = resolve;
    });
    raw.send(bytes());
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await done()).toEqual([]);
    expect(issued()).toEqual([]);
    open();
    await raw.untilReady();
    expect(issued()).toHaveLength(1);
  });

  it('a function that the planner would run waits too: Bind is held, not only Execute', async () => {
    await admin.query('CREATE SEQUENCE IF NOT EXISTS planned');
    await admin.query(
      `CREATE OR REPLACE FUNCTION peek() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT nextval('planned') $$`,
    );
    gate.spool.failures = 1;
    raw.send(say.parse('SELECT 1 WHERE peek() > 0'), say.bind(), say.sync());
    expect(told(await raw.untilReady())).toBe('1 E:53100 Z:I');
    expect((await admin.query('SELECT is_called FROM planned')).rows[0]).toEqual({ is_called: false });
  });

  it('one packet is one append and its order is kept', async () => {
    raw.send(...['a', 'b', 'c'].map((what) => say.run(insert(what))), say.sync());
    await raw.untilReady();
    expect(texts()).toEqual(['a', 'b', 'c'].map(insert));
    expect(await outcomes(3)).toEqual(['success yes', 'success yes', 'success yes']);
  });

  it('the same holds for bytes that come one by one', async () => {
    await raw.sendSlowly(Buffer.concat([say.run(insert('slow')), say.sync(), say.query(insert('slower'))]));
    expect(told(await raw.untilReady(2))).toBe('1 2 C:INSERT 0 1 Z:I C:INSERT 0 1 Z:I');
    expect(texts()).toEqual([insert('slow'), insert('slower')]);
  });
});

describe('ways round the audit', () => {
  it('a name redefined in vain: the text that runs is the one on record', async () => {
    raw.send(say.parse(insert('A'), 's1'), say.sync());
    await raw.untilReady();
    raw.send(say.parse(insert('B'), 's1'), say.sync(), say.bind('s1'), say.execute(), say.sync());
    expect(told(await raw.untilReady(2))).toBe('E:42P05 Z:I 2 C:INSERT 0 1 Z:I');
    expect(await done()).toEqual(['A']);
    expect(texts()).toEqual([insert('A')]);
  });

  it('two long names that are one to the server are one to the record', async () => {
    const name = 'n'.repeat(63);
    raw.send(say.parse(insert('A'), `${name}1`), say.sync());
    await raw.untilReady();
    raw.send(say.bind(`${name}2`), say.execute(), say.sync());
    await raw.untilReady();
    expect(await done()).toEqual(['A']);
    expect(texts()).toEqual([insert('A')]);
  });

  it('a statement that SQL prepared is recorded as unresolved', async () => {
    raw.send(say.query(`PREPARE p AS ${insert('P')}`));
    await raw.untilReady();
    raw.send(say.bind('p'), say.execute(), say.sync());
    await raw.untilReady();
    expect(await done()).toEqual(['P']);
    expect(issued().at(-1)).toMatchObject({ kind: 'bind', statementName: 'p', unresolved: true });
    expect(issued().at(-1)?.statement).toBeUndefined();
  });

  it('a statement that SQL may have replaced is recorded with its text, and as unresolved', async () => {
    raw.send(say.parse(insert('A'), 's'), say.sync());
    await raw.untilReady();
    raw.send(say.query(`DEALLOCATE s; PREPARE s AS ${insert('B')}`));
    await raw.untilReady();
    raw.send(say.bind('s'), say.execute(), say.sync());
    await raw.untilReady();
    expect(await done()).toEqual(['B']);
    expect(issued().at(-1)).toMatchObject({ statementName: 's', unresolved: true });
  });

  it('an Execute on a cursor that SQL declared is recorded as unresolved', async () => {
    raw.send(say.query('BEGIN; DECLARE c CURSOR FOR SELECT generate_series(1, 3)'));
    await raw.untilReady();
    raw.send(say.execute('c'), say.sync());
    expect(told(await raw.untilReady())).toBe('D×3 C:SELECT 3 Z:T');
    expect(issued().at(-1)).toMatchObject({ kind: 'execute', portal: 'c', unresolved: true });
    expect(gate.of('command.completed').at(-1)?.data.rows ?? (await outcomes(2))).toBeDefined();
  });

  it('a portal keeps its text when the unnamed statement is parsed anew', async () => {
    raw.send(say.parse(insert('A')), say.bind('', 'a'), say.parse(insert('B')), say.execute('a'), say.sync());
    await raw.untilReady();
    expect(await done()).toEqual(['A']);
    expect(texts()).toEqual([insert('A')]);
    expect(await outcomes(1)).toEqual(['success yes']);
  });

  it('a portal executed again after it ended is a command of its own', async () => {
    raw.send(say.query('BEGIN'), say.parse('SELECT 1'), say.bind('', 'a'), say.execute('a'), say.sync());
    await raw.untilReady(2);
    await outcomes(2);
    raw.send(say.execute('a'), say.sync());
    await raw.untilReady();
    expect(issued().at(-1)).toMatchObject({ kind: 'execute', portal: 'a', statement: { text: 'SELECT 1' } });
  });

  it('an unknown message type ends the session', async () => {
    raw.send(message('y'.charCodeAt(0), Buffer.from('x')));
    expect(told(await raw.untilClosed())).toBe('E:08P01');
    await gate.closed();
    expect(gate.of('session.closed')[0]?.data).toMatchObject({
      outcome: 'failure',
      error: { code: 'GATEWAY_PROTOCOL_VIOLATION' },
    });
  });

  it('text is decoded with the encoding of the moment, and raw bytes are hashed', async () => {
    raw.send(say.query("SET client_encoding = 'LATIN1'"));
    await raw.untilReady();
    raw.send(say.query(Buffer.from("SELECT 'caf\xe9'\0", 'latin1')));
    await raw.untilReady();
    expect(issued().at(-1)).toMatchObject({ encoding: 'LATIN1', statement: { text: "SELECT 'café'", bytes: 13 } });
    raw.send(say.query("SET client_encoding = 'UTF8'"));
    await raw.untilReady();
    raw.send(say.query(Buffer.from("SELECT 'caf\xe9'\0", 'latin1')));
    expect(told(await raw.untilReady())).toBe('E:22021 Z:I');
    expect(issued().at(-1)?.statement?.base64).toBe(Buffer.from("SELECT 'caf\xe9'", 'latin1').toString('base64'));
  });

  it('a NUL inside a statement is on record as it was sent, and fails at the server', async () => {
    raw.send(say.query(Buffer.from(`${insert('x')}\0; ${insert('y')}\0`)));
    expect(told(await raw.untilReady())).toBe('E:08P01 Z:I');
    expect(texts()).toEqual([`${insert('x')}\0; ${insert('y')}`]);
    expect(await done()).toEqual([]);
  });

  it('parameters are recorded whole: text, NULL and binary', async () => {
    raw.send(
      say.parse('INSERT INTO done SELECT $1 || coalesce($2, $1)'),
      say.bind('', '', 'Zoë', null),
      say.execute(),
      say.sync(),
    );
    await raw.untilReady();
    expect(issued()[0]?.parameters).toEqual([expect.objectContaining({ text: 'Zoë', bytes: 4 }), null]);
    expect(await done()).toEqual(['ZoëZoë']);
  });
});

describe('a refusal', () => {
  const refuseNext = () => {
    gate.spool.failures = 1;
  };

  it('outside a block leaves the session as after an error, with a clear answer', async () => {
    refuseNext();
    raw.send(say.query(insert('no')));
    const got = await raw.untilReady();
    expect(told(got)).toBe('E:53100 Z:I');
    expect(sqlstateOf(got[0]?.body as Buffer)).toMatch(/^53100 the event of this command cannot be made durable/);
    raw.send(say.query(insert('yes')));
    await raw.untilReady();
    expect(await done()).toEqual(['yes']);
  });

  it('inside a block aborts it: nothing of it can be committed', async () => {
    raw.send(say.query('BEGIN'), say.query(insert('half')));
    await raw.untilReady(2);
    refuseNext();
    raw.send(say.query(insert('no')));
    expect(told(await raw.untilReady())).toBe('E:53100 Z:E');
    raw.send(say.query('COMMIT'));
    expect(told(await raw.untilReady())).toBe('C:ROLLBACK Z:I');
    expect(await done()).toEqual([]);
  });

  it('in a pipeline skips everything up to its Sync, and undoes what the pipeline did before', async () => {
    raw.send(say.run(insert('before')), say.flush());
    for (const type of ['1', '2', 'C']) expect((await raw.next()).type).toBe(type);
    refuseNext();
    raw.send(say.run(insert('no')), say.run(insert('after')), say.query(insert('simple')), say.sync());
    expect(told(await raw.untilReady())).toBe('1 E:53100 Z:I');
    expect(await done()).toEqual([]);
    raw.send(say.query(insert('yes')));
    expect(told(await raw.untilReady())).toBe('C:INSERT 0 1 Z:I');
    expect((await outcomes(2))[0]).toBe('success no');
  });

  it('cannot be turned round by a statement of the name that stands in its place', async () => {
    raw.send(say.query(`PREPARE "affidavit refused" AS ${insert('trick')}`));
    await raw.untilReady();
    refuseNext();
    raw.send(say.run(insert('no')), say.sync());
    expect(told(await raw.untilReady())).toBe('1 E:53100 Z:I');
    expect(await done()).toEqual([]);
  });

  it('of an Execute and of a FunctionCall fails in the same way', async () => {
    raw.send(say.query('BEGIN; DECLARE c CURSOR FOR SELECT 1'));
    await raw.untilReady();
    refuseNext();
    raw.send(say.execute('c'), say.sync());
    expect(told(await raw.untilReady())).toBe('E:53100 Z:E');
    raw.send(say.query('ROLLBACK'));
    await raw.untilReady();
    refuseNext();
    raw.send(say.functionCall(2998));
    expect(told(await raw.untilReady())).toBe('E:53100 Z:I');
  });

  it('for a full spool comes at admission, and the session can go on when there is room', async () => {
    gate.spool.isFull = true;
    raw.send(say.query(insert('no')));
    expect(told(await raw.untilReady())).toBe('E:53100 Z:I');
    gate.spool.isFull = false;
    raw.send(say.query(insert('yes')));
    await raw.untilReady();
    expect(await done()).toEqual(['yes']);
    raw.send(say.terminate());
    await gate.closed();
    expect(gate.of('session.closed')[0]?.data).toMatchObject({ commands: 2, failed: 1 });
  });

  it('comes where the gateway ran too far ahead of the record', async () => {
    gate.spool.unconfirmedBytes = 2 * 1024 ** 3;
    await until('a refusal', async () => {
      raw.send(say.query('SELECT 1'));
      return told(await raw.untilReady()) === 'E:53400 Z:I';
    });
    gate.spool.unconfirmedBytes = 0;
    await until('an answer', async () => {
      raw.send(say.query('SELECT 1'));
      return told(await raw.untilReady()) === 'T D×1 C:SELECT 1 Z:I';
    });
  });
});

describe('a statement', () => {
  const long = (bytes: number) => {
    const head = `INSERT INTO done SELECT md5('`;
    return `${head}${'é'.repeat((bytes - head.length - 2) >> 1)}')`;
  };

  it('just under the limit is recorded in chunks and runs', async () => {
    const text = long(1024 ** 2 - 20);
    raw.send(say.query(text));
    expect(told(await raw.untilReady())).toBe('C:INSERT 0 1 Z:I');
    const chunks = gate.of('command.chunk').map((event) => event.data);
    expect(chunks.map((chunk) => chunk.index)).toEqual(chunks.map((_, at) => at + 1));
    expect(chunks.map((chunk) => chunk.text).join('')).toBe(text);
    expect(Math.max(...chunks.map((chunk) => chunk.bytes))).toBeLessThanOrEqual(INLINE_LIMIT);
    expect(issued()[0]?.statement).toMatchObject({
      bytes: Buffer.byteLength(text),
      chunks: chunks.length,
      truncated: true,
      text: chunks[0]?.text,
    });
    const order = gate.spool.drafts.map((draft) => draft.type);
    expect(order.lastIndexOf('command.chunk')).toBeLessThan(order.indexOf('command.issued'));
  });

  it('above the limit is refused before a byte goes on, and its refusal is on record', async () => {
    raw.send(say.query('BEGIN'), say.query(long(1024 ** 2 + 100)), say.query('COMMIT'));
    expect(told(await raw.untilReady(3))).toBe('C:BEGIN Z:T E:54000 Z:E C:ROLLBACK Z:I');
    await outcomes(3);
    expect(gate.of('command.completed')[1]?.data).toMatchObject({
      outcome: 'denied',
      error: { sqlstate: '54000', stage: 'refused' },
    });
    expect(gate.of('command.chunk')).toEqual([]);
  });

  it('prepared large is recorded once, and each Bind says where it stands', async () => {
    const text = long(400_000);
    raw.send(
      say.parse(text, 'big'),
      say.sync(),
      say.bind('big'),
      say.execute(),
      say.bind('big'),
      say.execute(),
      say.sync(),
    );
    expect(told(await raw.untilReady(2))).toBe('1 Z:I 2 C:INSERT 0 1 2 C:INSERT 0 1 Z:I');
    const chunks = gate.of('command.chunk').map((event) => event.data);
    expect(chunks.map((chunk) => chunk.text).join('')).toBe(text);
    for (const data of issued()) {
      expect(data.statement).toMatchObject({ bytes: Buffer.byteLength(text), chunks: 2, chunksOf: chunks[0]?.command });
    }
  });

  it('with large parameters is recorded raw, as they stood on the wire', async () => {
    const value = 'x'.repeat(600_000);
    raw.send(say.parse('INSERT INTO done VALUES (md5($1))'), say.bind('', '', value), say.execute(), say.sync());
    expect(told(await raw.untilReady())).toBe('1 2 C:INSERT 0 1 Z:I');
    const chunks = gate.of('command.chunk').map((event) => event.data);
    const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk.base64 ?? '', 'base64')));
    expect(whole.includes(value)).toBe(true);
    expect(issued()[0]).toMatchObject({
      statement: { text: 'INSERT INTO done VALUES (md5($1))' },
      parametersRaw: { bytes: whole.length, chunks: chunks.length },
    });
  });

  it('whose client stops in its middle is never executed, and hurts nobody', async () => {
    raw.socket.end(say.query(insert('cut')).subarray(0, 20));
    const other = await RawPostgres.login(gate.url);
    other.socket.end(say.query(long(900_000)).subarray(0, 700_000));
    const third = await RawPostgres.login(gate.url);
    third.send(say.query(insert('whole')), say.terminate());
    await gate.closed(3);
    expect(await done()).toEqual(['whole']);
    expect(texts()).toEqual([insert('whole')]);
    expect(gate.of('session.closed').map((event) => event.data.reason)).toContain(
      'the client went away in the middle of a message',
    );
  });

  it('whose disk fails in its middle takes the target down with it, so that it cannot run', async () => {
    const text = long(900_000);
    const whole = say.query(text);
    raw.send(whole.subarray(0, 700_000));
    await until('chunks', () => gate.of('command.chunk').length >= 2);
    gate.spool.failures = 100;
    raw.send(whole.subarray(700_000));
    expect(told(await raw.untilClosed())).toBe('E:53100');
    gate.spool.failures = 0;
    await gate.closed();
    expect(await done()).toEqual([]);
    expect(issued()).toEqual([]);
  });
});

describe('a command under way', () => {
  it('ends as unknown when the target is killed, and the client hears why', async () => {
    raw.send(say.query('SELECT pg_backend_pid()'));
    const pid = Number((await raw.untilReady()).find((one) => one.type === 'D')?.body.toString('latin1', 6));
    raw.send(say.query('SELECT pg_sleep(30)'));
    await until('it runs', async () => {
      const { rows } = await admin.query(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)' AND pid = ${pid}`,
      );
      return rows.length > 0;
    });
    await admin.query(`SELECT pg_terminate_backend(${pid})`);
    expect(told(await raw.untilClosed())).toBe('T E:57P01');
    expect(await outcomes(2)).toEqual(['success yes', 'unknown unknown']);
    await gate.closed();
    expect(gate.of('session.closed')[0]?.data).toMatchObject({ outcome: 'failure', error: { code: '57P01' } });
  });

  it('still ends with its outcome when the client does not wait for it', async () => {
    raw.send(say.query(`SELECT pg_sleep(0.3); ${insert('late')}`));
    await until('it runs', async () => {
      const { rows } = await admin.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(0.3)%'`);
      return rows.length > 0;
    });
    raw.close();
    expect(await outcomes(1)).toEqual(['success yes']);
    expect(await done()).toEqual(['late']);
  });

  it('is paused with its client when it is not read, and memory stays bounded', async () => {
    // 15,000 queries that nobody reads the answers of: the gateway stops taking them in.
    const burst = Buffer.concat(Array.from({ length: 1000 }, () => say.query('SELECT 1')));
    let sent = 0;
    raw.socket.pause();
    for (let n = 0; n < 15; n++) {
      raw.socket.write(burst);
      sent += 1000;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    raw.socket.resume();
    const got = await raw.untilReady(sent);
    expect(got.filter((one) => one.type === 'D')).toHaveLength(sent);
  });
});
