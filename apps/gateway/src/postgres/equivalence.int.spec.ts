/** The gateway is not to be noticed: what a client hears through it is what it hears from PostgreSQL itself. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import pg from 'pg';
import { freePort } from '#platform';
import { describeWith } from '../../../../test/support/clients.js';
import { type TestGateway, testGateway } from '../../../../test/support/gateway.js';
import { RawPostgres, say, told } from '../../../../test/support/raw-postgres.js';
import { type TestDatabase, testDatabase, testFolder, until } from '../../../../test/support/servers.js';
import { FRONT, message } from './messages.js';

const run = promisify(execFile);
let database: TestDatabase;
let gate: TestGateway;

beforeAll(async () => {
  database = await testDatabase();
  gate = await testGateway(database.url);
});
afterAll(async () => {
  await gate.stop();
  expect(gate.spool.reserved).toBe(0);
  await database.drop();
});

/** Steps of a pipeline. */
const steps: Record<string, () => Buffer> = {
  select: () => say.run('SELECT generate_series(1, 3)'),
  fails: () => say.run('SELECT 1/0'),
  syntax: () => say.run('SELEKT'),
  insert: () => say.run('INSERT INTO t VALUES (1)'),
  begin: () => say.run('BEGIN'),
  commit: () => say.run('COMMIT'),
  rollback: () => say.run('ROLLBACK'),
  named: () => Buffer.concat([say.parse('SELECT 1', 's'), say.bind('s', 'p'), say.execute('p')]),
  again: () => Buffer.concat([say.bind('s'), say.execute()]),
  close: () => say.closeStatement('s'),
  portion: () => Buffer.concat([say.parse('SELECT generate_series(1, 5)'), say.bind('', 'c'), say.execute('c', 2)]),
  more: () => say.execute('c', 2),
  describe: () => say.describePortal('c'),
  empty: () => say.run(''),
  flush: () => say.flush(),
  sync: () => say.sync(),
  query: () => say.query('SELECT 1; SELECT 2'),
  queryFails: () => say.query('INSERT INTO t VALUES (2); SELECT 1/0'),
  queryBegin: () => say.query('BEGIN'),
  queryCommit: () => say.query('COMMIT'),
  functionCall: () => say.functionCall(2998),
  stray: () => say.copyData('stray'),
};

/** Sends a pipeline, a Sync, and two queries that can always run; what comes up to the second's answer is the whole answer. */
async function ask(raw: RawPostgres, bytes: Buffer, isSlow: boolean): Promise<string> {
  const all = Buffer.concat([bytes, say.sync(), say.query('ROLLBACK'), say.query(`SELECT 'the end'`)]);
  if (isSlow) await raw.sendSlowly(all);
  else raw.send(all);
  const got = [];
  for (let isOver = false; ; ) {
    const one = await raw.next();
    got.push(one);
    if (one.type === 'D' && one.body.includes('the end')) isOver = true;
    if (isOver && one.type === 'Z') return told(got);
  }
}

/** A session with a table of its own, whose constraint fails only at the commit. */
async function session(url: string): Promise<RawPostgres> {
  const raw = await RawPostgres.login(url);
  raw.send(say.query('CREATE TEMP TABLE t (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)'));
  await raw.untilReady();
  return raw;
}

describe('any pipeline', () => {
  it('is answered as by the server itself, and every command on record ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 1, maxLength: 14 }),
        fc.boolean(),
        async (names, isSlow) => {
          const bytes = Buffer.concat(names.map((name) => steps[name]?.() ?? Buffer.alloc(0)));
          const direct = await session(database.url);
          const through = await session(gate.url);
          try {
            const expected = await ask(direct, bytes, false);
            expect(await ask(through, bytes, isSlow)).toBe(expected);
          } finally {
            direct.close();
            through.close();
          }
        },
      ),
      { numRuns: 60 },
    );
    await until('all sessions closed', () => gate.of('session.closed').length === gate.of('session.opened').length);
    const ended = new Set(gate.of('command.completed').map((event) => event.data.command));
    expect(gate.of('command.issued').filter((event) => !ended.has(event.data.command))).toEqual([]);
    expect(gate.of('session.closed').filter((event) => event.data.outcome !== 'success')).toEqual([]);
  });

  it('with COPY in it keeps its place: the Sync that COPY swallows, a failed COPY, an empty one', async () => {
    const copy = (text: string, ...ends: Buffer[]) =>
      Buffer.concat([say.run('COPY t FROM STDIN'), say.sync(), say.copyData(text), ...ends]);
    const fail = message(FRONT.copyFail, Buffer.from('no\0'));
    for (const [bytes, ready] of [
      [Buffer.concat([copy('10\n11\n', say.copyDone(), say.sync())]), 1],
      [Buffer.concat([copy('', say.copyDone(), say.sync())]), 1],
      [Buffer.concat([copy('x\n', fail, say.sync())]), 1],
      [Buffer.concat([say.query('COPY t FROM STDIN'), say.copyData('20\n'), say.copyDone()]), 1],
      [Buffer.concat([say.query('COPY t TO STDOUT')]), 1],
    ] as const) {
      const answers = [];
      for (const url of [database.url, gate.url]) {
        const raw = await session(url);
        raw.send(bytes);
        const first = told(await raw.untilReady(ready));
        raw.send(say.query('SELECT 1'));
        answers.push(`${first} | ${told(await raw.untilReady())}`);
        raw.close();
      }
      expect(answers[1]).toBe(answers[0]);
    }
  });
});

describe('what is said about commits', () => {
  it('is true: what is said to be committed is there, what is said not to be is not', async () => {
    const admin = new pg.Client({ connectionString: database.url });
    // Whatever fails below, the database goes while this client is still there.
    admin.on('error', () => undefined);
    await admin.connect();
    await admin.query('CREATE TABLE effects (what text)');
    let count = 0;
    const next = () => `INSERT INTO effects VALUES ('e${++count}')`;
    const acts: Record<string, () => Buffer> = {
      insert: () => say.run(next()),
      insertTwice: () => say.run(next()),
      query: () => say.query(next()),
      queries: () => say.query(`${next()}; SELECT 1`),
      halfFails: () => say.query(`${next()}; SELECT 1/0`),
      commitsThenFails: () => say.query(`${next()}; COMMIT; SELECT 1/0`),
      fails: () => say.run('SELECT 1/0'),
      begin: () => say.run('BEGIN'),
      commit: () => say.run('COMMIT'),
      rollback: () => say.run('ROLLBACK'),
      savepoint: () => say.run('SAVEPOINT a'),
      rollbackTo: () => say.run('ROLLBACK TO a'),
      queryBegin: () => say.query('BEGIN'),
      queryCommit: () => say.query('COMMIT'),
      queryRollback: () => say.query('ROLLBACK'),
      sync: () => say.sync(),
      syncAgain: () => say.sync(),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(acts)), { minLength: 1, maxLength: 12 }),
        async (names) => {
          const from = gate.spool.drafts.length;
          const raw = await RawPostgres.login(gate.url);
          raw.send(...names.map((name) => acts[name]?.() ?? Buffer.alloc(0)), say.sync(), say.terminate());
          await raw.untilClosed();
          const mine = () => gate.spool.drafts.slice(from);
          await until('the end', () => mine().some((draft) => draft.type === 'session.closed'));
          const there = new Set(
            (await admin.query<{ what: string }>('SELECT what FROM effects')).rows.map((r) => r.what),
          );
          const fate = new Map<string, string>();
          for (const draft of mine())
            if (draft.type === 'command.completed') fate.set(draft.data.command, draft.data.committed);
          for (const draft of mine()) {
            if (draft.type !== 'command.issued') continue;
            const what = /'(e\d+)'/.exec(draft.data.statement?.text ?? '')?.[1];
            const committed = fate.get(draft.data.command);
            if (!what || committed === 'unknown') continue;
            expect([what, committed]).toEqual([what, there.has(what) ? 'yes' : 'no']);
          }
        },
      ),
      { numRuns: 60 },
    );
    await admin.end();
  });
});

describe('a large result', () => {
  it('of 500 MB to a slow reader does not grow the gateway', async () => {
    const raw = await RawPostgres.login(gate.url);
    const before = process.memoryUsage().rss;
    let peak = 0;
    let bytes = 0;
    raw.input.detach();
    raw.send(say.query(`SELECT repeat('x', 100000) FROM generate_series(1, 5000)`));
    await new Promise<void>((resolve) => {
      let last = Buffer.alloc(0);
      raw.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        peak = Math.max(peak, process.memoryUsage().rss);
        // A reader slower than the server: it stops for a moment now and then.
        if (Math.random() < 0.02) {
          raw.socket.pause();
          setTimeout(() => raw.socket.resume(), 2);
        }
        last = Buffer.concat([last, chunk]).subarray(-6);
        if (last.equals(message('Z'.charCodeAt(0), Buffer.from('I')))) resolve();
      });
      raw.socket.resume();
    });
    raw.close();
    expect(bytes).toBeGreaterThan(500_000_000);
    expect((peak - before) / 1024 ** 2).toBeLessThan(150);
    await until('its outcome', () => gate.of('command.completed').some((event) => event.data.rows === 5000));
    const outcome = gate.of('command.completed').find((event) => event.data.rows === 5000);
    expect(outcome?.data.bytesOut).toBeGreaterThan(500_000_000);
  }, 60_000);
});

describeWith('pg_dump', 'pg_dump', () => {
  /** A server of pg_dump's own version, where this machine has one: it refuses servers newer than itself. */
  async function ownServer(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
    const major = /(\d+)/.exec((await run('pg_dump', ['--version'])).stdout)?.[1] as string;
    const bin = `/usr/lib/postgresql/${major}/bin`;
    if (!existsSync(join(bin, 'initdb'))) return undefined;
    const folder = testFolder();
    const data = join(folder.path, 'data');
    mkdirSync(data);
    const isRoot = process.getuid?.() === 0;
    const ids = isRoot
      ? {
          uid: Number((await run('id', ['-u', 'postgres'])).stdout),
          gid: Number((await run('id', ['-g', 'postgres'])).stdout),
        }
      : {};
    if (isRoot) await run('chown', ['-R', 'postgres', folder.path]);
    const as = { ...ids, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' } };
    await run('sh', ['-c', `printf secret > '${data}.pw'`], as);
    await run(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', `${data}.pw`, '--no-sync', '-E', 'UTF8'],
      as,
    );
    const port = await freePort('127.0.0.1');
    const child = spawn(
      join(bin, 'postgres'),
      [
        '-D',
        data,
        '-p',
        String(port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
        '-c',
        'fsync=off',
      ],
      { ...as, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const exited = once(child, 'exit');
    await until('the server', () =>
      run('pg_isready', ['-h', '127.0.0.1', '-p', String(port)]).then(
        () => true,
        () => false,
      ),
    );
    return {
      url: `postgresql://postgres:secret@127.0.0.1:${port}/postgres`,
      stop: async () => {
        child.kill('SIGINT');
        await exited;
        folder.remove();
      },
    };
  }

  it('says the same through the gateway as without', async () => {
    const server = await ownServer();
    const url = server?.url ?? database.url;
    const { hostname, port, username, password, pathname } = new URL(url);
    const direct = {
      PATH: process.env.PATH ?? '',
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
    };
    await run('pgbench', ['-i', '-q', pathname.slice(1)], { env: direct });
    const through = await testGateway(url);
    const dump = (env: Record<string, string>, name: string) =>
      run('pg_dump', ['--restrict-key=x', name], { env, maxBuffer: 64 * 1024 * 1024 })
        .catch(() => run('pg_dump', [name], { env, maxBuffer: 64 * 1024 * 1024 }))
        .then(
          ({ stdout }) => stdout,
          (error: { stderr: string }) => error.stderr.split('\n')[0],
        );
    const [expected, got] = [await dump(direct, pathname.slice(1)), await dump(through.env, 'orders')];
    await through.stop();
    await server?.stop();
    expect(got).toBe(expected);
    if (server) expect(expected).toContain('COPY public.pgbench_accounts');
  }, 60_000);
});
