/** Real clients, unchanged, through the gateway to a real PostgreSQL. Faked: the spool's disk (MemorySpool). */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { describeWith } from '../../../../test/support/clients.js';
import { type TestGateway, testGateway } from '../../../../test/support/gateway.js';
import { RawPostgres, say, told } from '../../../../test/support/raw-postgres.js';
import { type TestDatabase, testDatabase, until } from '../../../../test/support/servers.js';

const run = promisify(execFile);
let database: TestDatabase;
let gate: TestGateway;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  gate = await testGateway(database.url);
});
afterEach(async () => {
  await gate.stop();
  expect(gate.spool.reserved).toBe(0);
});

const psql = (...args: string[]) => run('psql', ['-X', '-v', 'ON_ERROR_STOP=1', '-At', ...args], { env: gate.env });
const texts = () => gate.of('command.issued').map((event) => event.data.statement?.text);
const completed = () => gate.of('command.completed').map((event) => event.data);

describeWith('psql', 'psql', () => {
  it('runs a statement, whose event is there before its outcome', async () => {
    const { stdout } = await psql('-c', 'SELECT 40 + 2');
    expect(stdout).toBe('42\n');
    await gate.closed();
    const types = gate.spool.drafts.map((draft) => draft.type);
    expect(types).toEqual(['session.opened', 'command.issued', 'command.completed', 'session.closed']);
    expect(gate.spool.drafts.every((draft) => draft.identity?.id === 'agent-7' && draft.identity.verified)).toBe(true);
    expect(gate.of('command.issued')[0]?.data).toMatchObject({
      kind: 'query',
      statement: { text: 'SELECT 40 + 2', bytes: 13 },
      approval: { required: false, state: 'none' },
    });
    expect(completed()[0]).toMatchObject({ outcome: 'success', tags: ['SELECT 1'], rows: 1, committed: 'yes' });
    expect(gate.of('session.closed')[0]?.data).toMatchObject({
      outcome: 'success',
      commands: 1,
      rows: 1,
      context: ['SELECT 40 + 2'],
    });
  });

  it('shows an error of the server as the server said it', async () => {
    await expect(psql('-v', 'VERBOSITY=verbose', '-c', 'SELECT 1/0')).rejects.toMatchObject({
      stderr: expect.stringContaining('22012: division by zero'),
    });
    await gate.closed();
    expect(completed()[0]).toMatchObject({ outcome: 'failure', committed: 'no', error: { sqlstate: '22012' } });
  });

  it('copies in and out, with the bytes and the rows counted', async () => {
    const script = `CREATE TABLE IF NOT EXISTS sheet (n int, t text);
COPY sheet FROM STDIN;
1\tone
2\ttwo
\\.
COPY sheet TO STDOUT;
DROP TABLE sheet;
`;
    const child = run('psql', ['-X', '-At', '-q', '-v', 'ON_ERROR_STOP=1'], { env: gate.env });
    child.child.stdin?.end(script);
    expect((await child).stdout).toBe('1\tone\n2\ttwo\n');
    await gate.closed();
    expect(completed().map((one) => one.tags)).toEqual([['CREATE TABLE'], ['COPY 2'], ['COPY 2'], ['DROP TABLE']]);
    expect(completed()[1]?.bytesIn).toBeGreaterThan(12);
    expect(completed()[2]?.bytesOut).toBeGreaterThan(12);
  });
});

describe('node-postgres', () => {
  let client: pg.Client;
  beforeEach(async () => {
    client = new pg.Client({ connectionString: gate.url });
    await client.connect();
  });
  afterEach(() => client.end());

  it('runs simple, extended and prepared statements', async () => {
    expect((await client.query('SELECT 1 AS a; SELECT 2 AS b')) as unknown).toHaveLength(2);
    expect((await client.query('SELECT $1::int + $2::int AS sum', [40, 2])).rows).toEqual([{ sum: 42 }]);
    for (const n of [1, 2, 3]) {
      const { rows } = await client.query({ name: 'twice', text: 'SELECT $1::int * 2 AS n', values: [n] });
      expect(rows).toEqual([{ n: n * 2 }]);
    }
    expect(texts()).toEqual([
      'SELECT 1 AS a; SELECT 2 AS b',
      'SELECT $1::int + $2::int AS sum',
      ...Array<string>(3).fill('SELECT $1::int * 2 AS n'),
    ]);
    const parameters = gate.of('command.issued').map((event) => event.data.parameters?.map((one) => one?.text));
    expect(parameters.slice(1)).toEqual([['40', '2'], ['1'], ['2'], ['3']]);
    await until('outcomes', () => completed().length === 5);
    expect(completed()[0]?.tags).toEqual(['SELECT 1', 'SELECT 1']);
  });

  it('keeps blocks, errors and their recovery apart', async () => {
    await client.query('CREATE TEMP TABLE t (n int UNIQUE)');
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (1)');
    await expect(client.query('INSERT INTO t VALUES ($1)', [1])).rejects.toMatchObject({ code: '23505' });
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('ROLLBACK');
    expect((await client.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 0 }]);
  });

  it('pipelines many queries at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        client.query('SELECT $1::int AS n', [n]).then((r) => r.rows[0].n as number),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => n));
    await until('outcomes', () => completed().length === 200);
  });

  it('reads a cursor in portions: one command, all its rows', async () => {
    await client.query('BEGIN');
    await client.query('DECLARE c CURSOR FOR SELECT generate_series(1, 25) AS n');
    expect((await client.query('FETCH 10 FROM c')).rows).toHaveLength(10);
    await client.query('COMMIT');
    // `rows` of node-postgres is the row limit of Execute: the portal is suspended and executed again.
    const config = { text: 'SELECT generate_series(1, 25) AS n', rows: 10 } as pg.QueryConfig;
    const { rows } = await client.query(config);
    expect(rows).toHaveLength(25);
    await until('outcomes', () => completed().length === 5);
    expect(completed()[4]).toMatchObject({ rows: 25, outcome: 'success' });
  });

  it('streams COPY in both directions', async () => {
    await client.query('CREATE TEMP TABLE lines (n int, t text)');
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tline ${n}\n`);
    await pipeline(Readable.from(lines), client.query(copyFrom('COPY lines FROM STDIN')));
    let bytes = 0;
    const sink = new Writable({
      write(chunk: Buffer, _encoding, next) {
        bytes += chunk.length;
        next();
      },
    });
    await pipeline(client.query(copyTo('COPY lines TO STDOUT')), sink);
    expect(bytes).toBe(lines.join('').length);
  });

  it('hears notifications, also while it is idle', async () => {
    await client.query('LISTEN bell');
    const heard = once(client, 'notification');
    await psql('-c', "NOTIFY bell, 'ding'");
    expect((await heard)[0]).toMatchObject({ channel: 'bell', payload: 'ding' });
  });

  it('hears notices', async () => {
    const heard = once(client, 'notice');
    await client.query("DO $$ BEGIN RAISE NOTICE 'mind the gap'; END $$");
    expect((await heard)[0]).toMatchObject({ message: 'mind the gap' });
  });

  it('cancels with a key that is not the target’s, and the cancel is on record', async () => {
    const running = client.query('SELECT pg_sleep(30)');
    const failed = expect(running).rejects.toMatchObject({ code: '57014' });
    await until('issued', () => texts().includes('SELECT pg_sleep(30)'));
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const wrong = new pg.Client({ connectionString: gate.url }) as unknown as Canceller;
    wrong.connection.on('connect', () => wrong.connection.cancel(processID, secretKey + 1));
    wrong.connection.connect(gate.port, '127.0.0.1');
    const canceller = new pg.Client({ connectionString: gate.url }) as unknown as Canceller;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(completed()).toEqual([]);
    canceller.connection.on('connect', () => canceller.connection.cancel(processID, secretKey));
    canceller.connection.connect(gate.port, '127.0.0.1');
    await failed;
    await until('outcomes', () => completed().length === 2);
    const cancel = gate.of('command.issued').find((event) => event.data.kind === 'cancel');
    expect(cancel?.data.cancels).toBe(cancel?.session);
    expect(cancel?.session).toBe(gate.of('session.opened')[0]?.session);
    expect(
      completed()
        .map((one) => one.outcome)
        .sort(),
    ).toEqual(['cancelled', 'success']);
  });
});

interface Canceller {
  connection: {
    on(event: 'connect', listener: () => void): void;
    connect(port: number, host: string): void;
    cancel(processId: number, secretKey: number): void;
  };
}

describe('Prisma', () => {
  it('queries and keeps transactions through its driver adapter', async () => {
    const adapter = await new PrismaPg({ connectionString: gate.url }).connect();
    const ask = (sql: string, args: number[]) => ({
      sql,
      args,
      argTypes: args.map(() => ({ scalarType: 'int' as const, arity: 'scalar' as const })),
    });
    await adapter.executeScript('CREATE TABLE IF NOT EXISTS prisma_n (n int)');
    const transaction = await adapter.startTransaction();
    expect(await transaction.executeRaw(ask('INSERT INTO prisma_n VALUES ($1)', [7]))).toBe(1);
    // Prisma's engine says ROLLBACK itself, and lets go of the connection then.
    await transaction.executeRaw(ask('ROLLBACK', []));
    await transaction.rollback();
    expect((await adapter.queryRaw(ask('SELECT count(*)::int AS n FROM prisma_n WHERE n = $1', [7]))).rows).toEqual([
      [0],
    ]);
    await adapter.executeScript('DROP TABLE prisma_n');
    await adapter.dispose();
    expect(texts()).toContain('INSERT INTO prisma_n VALUES ($1)');
  });
});

describe('a client that says all it has to say and closes its side', () => {
  it('is still answered, as by the server itself', async () => {
    const raw = await RawPostgres.login(gate.url);
    raw.socket.end(Buffer.concat([say.query('SELECT pg_sleep(0.1), 42'), say.terminate()]));
    expect(told(await raw.untilClosed())).toBe('T D×1 C:SELECT 1 Z:I');
  });
});

describeWith('pgbench', 'pgbench', () => {
  beforeAll(async () => {
    const { hostname, port, username, password } = new URL(database.url);
    const env = {
      PATH: process.env.PATH ?? '',
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: password,
    };
    await run('pgbench', ['-i', '-q', '-s', '1', database.name], { env });
  });

  it.each(['simple', 'extended', 'prepared'])('%s: each transaction’s statements are on record', async (mode) => {
    const { stdout } = await run('pgbench', ['-n', '-M', mode, '-c', '2', '-t', '20'], { env: gate.env });
    expect(stdout).toContain('number of transactions actually processed: 40/40');
    expect(stdout).toContain('number of failed transactions: 0');
    // One more session: pgbench asks the server some things before it begins.
    await gate.closed(3);
    // A TPC-B transaction is 7 statements. pgbench itself asks for the scale and the partitions first.
    expect(texts().filter((text) => /^(BEGIN|END|UPDATE|INSERT|SELECT abalance)/.test(text ?? ''))).toHaveLength(280);
    expect(completed()).toHaveLength(texts().length);
    expect(completed().every((one) => one.outcome === 'success')).toBe(true);
  });
});
