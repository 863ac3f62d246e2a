/** Who gets in, and what the others are told. Real PostgreSQL; faked: the spool's disk. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { freePort, makeVerifier } from '#platform';
import { type TestGateway, testGateway } from '../../../../test/support/gateway.js';
import { RawPostgres, say, sqlstateOf, startupPacket, told } from '../../../../test/support/raw-postgres.js';
import { type TestDatabase, testDatabase, testFolder, until } from '../../../../test/support/servers.js';
import { cString, FRONT, int32, message, STARTUP } from './messages.js';

let database: TestDatabase;
let gate: TestGateway;

const folder = testFolder();
let tls: { cert: Buffer; key: Buffer };

beforeAll(async () => {
  database = await testDatabase();
  const [key, cert] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=localhost',
    ],
    { stdio: 'ignore' },
  );
  tls = { cert: readFileSync(cert), key: readFileSync(key) };
});
afterAll(async () => {
  await database.drop();
  folder.remove();
});
beforeEach(async () => {
  const verifier = makeVerifier('stale');
  gate = await testGateway(database.url, {
    identity: `  - id: old
    kind: service
    tokens: [{ id: t, verifier: '${verifier}', expiresAt: 2020-01-01 }]
  - id: elsewhere
    kind: agent
    connections: [down]
    tokens: [{ id: t, verifier: '${makeVerifier('right')}' }]`,
    connections: `  - name: down
    type: postgres
    target: { host: 127.0.0.1, port: ${await freePort('127.0.0.1')}, database: x, user: x, password: { file: password } }
  - name: wrong
    type: postgres
    target: { host: 127.0.0.1, port: ${new URL(database.url).port}, database: nowhere, user: postgres, password: { file: password } }
  - name: plain
    type: postgres
    target: { host: 127.0.0.1, port: ${new URL(database.url).port}, database: ${database.name}, user: postgres, password: { file: password }, tls: { mode: require } }`,
    gateway: { loginTimeoutMs: 1500, tls: () => undefined },
  });
});
afterEach(async () => {
  await gate.stop();
  expect(gate.spool.reserved).toBe(0);
});

const as = (user: string, password: string, connection = 'orders') =>
  `postgresql://${user}:${password}@127.0.0.1:${gate.port}/${connection}`;
const login = (url: string, extra?: Record<string, string>) =>
  RawPostgres.login(url, extra).then(
    (raw) => {
      raw.close();
      return 'in';
    },
    (error: Error) => error.message,
  );
const denied = () => gate.of('session.denied').map((event) => event.data);

describe('a login', () => {
  it('tells a wrong token, an unknown identity and an expired token in the same words', async () => {
    const said = [];
    for (const [user, password] of [
      ['agent-7', 'wrong'],
      ['nobody', 'wrong'],
      ['old', 'stale'],
    ] as const) {
      said.push((await login(as(user, password))).replace(user, '…'));
    }
    expect(said).toEqual(Array(3).fill('28P01 authentication failed for identity "…"'));
    expect(denied().map((data) => [data.claimedUser, data.claimedConnection, data.error.code])).toEqual(
      ['agent-7', 'nobody', 'old'].map((user) => [user, 'orders', 'GATEWAY_AUTHENTICATION_FAILED']),
    );
    expect(gate.of('session.denied')[0]?.identity).toEqual({ id: 'agent-7', kind: 'agent', verified: false });
  });

  it('offers an unknown identity the same salt each time', async () => {
    const saltOf = async () => {
      const raw = await RawPostgres.open(gate.port);
      raw.send(startupPacket({ user: 'nobody', database: 'orders' }));
      await raw.next();
      const first = Buffer.from('n,,n=,r=abc');
      raw.send(message(FRONT.password, cString('SCRAM-SHA-256'), int32(first.length), first));
      const { body } = await raw.next();
      raw.close();
      return /s=([^,]+),i=4096/.exec(body.toString('latin1'))?.[1];
    };
    expect(await saltOf()).toBe(await saltOf());
    expect(Buffer.from((await saltOf()) ?? '', 'base64')).toHaveLength(16);
  });

  it('needs a connection that exists and is allowed, and a target that answers', async () => {
    expect(await login(as('agent-7', gate.token, 'nowhere'))).toMatch(/^3D000 there is no connection "nowhere"/);
    expect(await login(as('elsewhere', 'right'))).toMatch(/^42501 identity "elsewhere" may not use/);
    expect(await login(as('elsewhere', 'right', 'down'))).toMatch(/^08001 the target 127.0.0.1:\d+ cannot be reached/);
    expect(await login(as('agent-7', gate.token, 'wrong'))).toMatch(/^08001 .*refused the login \(3D000\)/);
    expect(await login(as('agent-7', gate.token, 'plain'))).toMatch(/^08001 .*does not speak TLS/);
    expect(denied().map((data) => data.error.code)).toEqual(['GATEWAY_CONNECTION_UNKNOWN', 'GATEWAY_NOT_ALLOWED']);
    await gate.closed(3);
    expect(gate.of('session.closed').map((event) => event.data.error?.code)).toEqual(
      Array(3).fill('GATEWAY_TARGET_UNAVAILABLE'),
    );
  });

  it('is not let in when it cannot be recorded', async () => {
    gate.spool.isFull = true;
    expect(await login(gate.url)).toMatch(/^53100 /);
    gate.spool.isFull = false;
    gate.spool.failures = 1;
    expect(await login(gate.url)).toMatch(/^53100 /);
    expect(gate.of('session.opened')).toEqual([]);
  });

  it('never shows the target’s password or key', async () => {
    const raw = await RawPostgres.login(gate.url);
    raw.send(say.query('SELECT pg_backend_pid()'));
    const pid = Number((await raw.untilReady()).find((one) => one.type === 'D')?.body.toString('latin1', 6));
    expect(raw.pid).not.toBe(pid);
    const password = decodeURIComponent(new URL(database.url).password);
    expect(JSON.stringify(gate.spool.drafts)).not.toContain(`"${password}"`);
    raw.close();
  });
});

describe('a startup packet', () => {
  it.each([
    ['replication', { replication: 'true' }, '42501'],
    ['replication=database', { replication: 'database' }, '42501'],
    ['a setting that is not on the list', { session_replication_role: 'replica' }, '42501'],
    ['the same in options', { options: '-c session_replication_role=replica' }, '42501'],
    ['the same in options, otherwise', { options: '--session-replication-role=replica' }, '42501'],
    ['an option that is no setting', { options: '-d 5' }, '42501'],
  ])('with %s is refused', async (_name, extra, sqlstate) => {
    expect(await login(gate.url, extra)).toMatch(new RegExp(`^${sqlstate} `));
    expect(denied()).toHaveLength(1);
  });

  it('with allowed settings passes them on, and they are on record', async () => {
    const raw = await RawPostgres.login(gate.url, {
      application_name: 'robot',
      options: '-c statement_timeout=1234 --lock_timeout=77',
      replication: 'false',
    });
    raw.send(
      say.query(
        `SELECT current_setting('statement_timeout') || current_setting('application_name') || current_setting('lock_timeout')`,
      ),
    );
    expect((await raw.untilReady()).find((one) => one.type === 'D')?.body.toString('latin1', 6)).toBe(
      '1234msrobot77ms',
    );
    expect(gate.of('session.opened')[0]?.data).toMatchObject({
      client: { application: 'robot' },
      settings: { statement_timeout: '1234', application_name: 'robot' },
    });
    raw.close();
  });

  it('of a newer minor version is answered with NegotiateProtocolVersion', async () => {
    const raw = await RawPostgres.open(gate.port);
    raw.send(startupPacket({ user: 'agent-7', '_pq_.wish': '1' }, 0x0003_0002));
    const { type, body } = await raw.next();
    expect([type, body.readInt32BE(0), body.readInt32BE(4), body.toString('latin1', 8)]).toEqual([
      'v',
      0,
      1,
      '_pq_.wish\0',
    ]);
    raw.close();
  });

  it.each([
    ['of protocol 2', Buffer.concat([int32(8), int32(0x0002_0000)])],
    ['that says it is 2 GB long', Buffer.concat([int32(0x7fff_ffff), int32(STARTUP.protocol3)])],
    ['that says it is 10,001 bytes long', Buffer.concat([int32(10_001), int32(STARTUP.protocol3)])],
    ['of 4 bytes', Buffer.concat([int32(4), int32(STARTUP.protocol3)])],
    ['without its end', Buffer.concat([int32(12), int32(STARTUP.protocol3), Buffer.from('user')])],
    ['without a user', startupPacket({ database: 'orders' })],
    ['that is HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['with bytes after SSLRequest', Buffer.concat([int32(8), int32(STARTUP.ssl), startupPacket({ user: 'agent-7' })])],
    [
      'with bytes after GSSENCRequest',
      Buffer.concat([int32(8), int32(STARTUP.gss), startupPacket({ user: 'agent-7' })]),
    ],
  ])('%s is refused with 08P01, and on record', async (_name, bytes) => {
    const raw = await RawPostgres.open(gate.port);
    raw.send(bytes);
    expect(told(await raw.untilClosed())).toBe('E:08P01');
    expect(denied()[0]?.error.code).toBe('GATEWAY_PROTOCOL_VIOLATION');
  });

  it('that never comes, or stops in its middle, does not hold a connection', async () => {
    const silent = await RawPostgres.open(gate.port);
    const half = await RawPostgres.open(gate.port);
    half.send(startupPacket({ user: 'agent-7', database: 'orders' }).subarray(0, 11));
    expect([await silent.untilClosed(), told(await half.untilClosed())]).toEqual([[], '']);
  });

  it('asking for GSS or TLS where there is none is told N, and may go on', async () => {
    const raw = await RawPostgres.open(gate.port);
    raw.send(int32(8), int32(STARTUP.gss));
    expect((await raw.input.readExactly(1)).toString()).toBe('N');
    raw.send(int32(8), int32(STARTUP.ssl));
    expect((await raw.input.readExactly(1)).toString()).toBe('N');
    raw.send(startupPacket({ user: 'agent-7', database: 'orders' }));
    expect((await raw.next()).type).toBe('R');
    raw.close();
  });
});

describe('TLS', () => {
  it('is spoken where there is a certificate, and the session says so', async () => {
    const secure = await testGateway(database.url, { gateway: { tls: () => tls } });
    const client = new pg.Client({ connectionString: secure.url, ssl: { ca: tls.cert, servername: 'localhost' } });
    await client.connect();
    const { rows } = await client.query("SELECT repeat('x', 100000) AS x");
    expect(rows[0].x).toHaveLength(100_000);
    await client.end();
    await secure.closed();
    expect(secure.of('session.opened')[0]?.data.client.tls).toBe(true);
    await secure.stop();
  });

  it('refuses what was sent in clear before it began', async () => {
    const secure = await testGateway(database.url, { gateway: { tls: () => tls } });
    const raw = await RawPostgres.open(secure.port);
    raw.send(int32(8), int32(STARTUP.ssl), Buffer.from('x'));
    expect(told(await raw.untilClosed())).toBe('E:08P01');
    await secure.stop();
  });

  it('towards the target verifies what the policy says', async () => {
    // A TLS door of the gateway stands for a target with a certificate of its own.
    const inner = await testGateway(database.url, { gateway: { tls: () => tls } });
    const target = (mode: string, ca: string) =>
      `{ host: localhost, port: ${inner.port}, database: orders, user: agent-7, password: { file: password }, tls: { mode: ${mode}${ca} } }`;
    const cert = join(folder.path, 'cert.pem');
    for (const [tlsTarget, expected] of [
      [target('require', ''), 'in'],
      [target('verify-full', `, ca: ${cert}`), 'in'],
      [target('verify-full', ''), expect.stringMatching(/^08001 .*self-signed/)],
      [target('verify-full', `, ca: ${cert}`).replace('localhost', '127.0.0.1'), expect.stringMatching(/^08001 /)],
    ] as const) {
      const outer = await testGateway(database.url.replace(/:[^:@/]+@/, `:${inner.token}@`), { target: tlsTarget });
      expect(await login(outer.url)).toEqual(expected);
      await outer.stop();
    }
    await inner.stop();
  });
});

describe('the target', () => {
  it('that talks nonsense is an 08001, not a crash', async () => {
    const liar = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    const port = (liar.address() as { port: number }).port;
    const other = await testGateway(database.url, {
      target: `{ host: 127.0.0.1, port: ${port}, database: x, user: x, password: { file: password } }`,
    });
    expect(await login(other.url)).toMatch(/^08001 /);
    await other.stop();
    liar.close();
  });
});

describe('a stop', () => {
  it('ends open sessions with 57P01, and their last events are written', async () => {
    const raw = await RawPostgres.login(gate.url);
    raw.send(say.query('SELECT 1'));
    await raw.untilReady();
    const ended = raw.untilClosed();
    await gate.gateway.close();
    const [last] = await ended;
    expect(sqlstateOf(last?.body as Buffer)).toBe('57P01 the gateway is stopping');
    await until('session.closed', () => gate.of('session.closed').length === 1);
    await expect(RawPostgres.open(gate.port)).rejects.toThrow();
  });
});

it('TLS cannot be spoken without asking', async () => {
  const socket = connectTls({ host: '127.0.0.1', port: gate.port, rejectUnauthorized: false });
  await new Promise<void>((resolve) => socket.once('error', () => resolve()).once('close', () => resolve()));
  socket.destroy();
});
