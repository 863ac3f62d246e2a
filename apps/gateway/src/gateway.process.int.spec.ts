/**
 * The gateway as a process: real spool, real Redis, real PostgreSQL; it is really killed. No recorder runs, so nothing is ever
 * confirmed; what is observed is the spool on disk and what Redis got. Faked: the enrolment, whose pin is written by hand.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type AuditEvent, decodeEvent, type NodeName } from '#events';
import { createToken, freePort } from '#platform';
import { openSpool } from '#spool';
import { decodeFrame } from '#streams';
import { type TestDatabase, testDatabase, testFolder, testRedisUrl, until } from '../../../test/support/servers.js';

const MAIN = join(import.meta.dirname, '../../../dist/bin/gateway.js');
const node = 'edge-1' as NodeName;

let database: TestDatabase;
let redisUrl: string;
let folder: ReturnType<typeof testFolder>;
let ports: { gateway: number; admin: number };
let token: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  database = await testDatabase();
  redisUrl = await testRedisUrl();
  folder = testFolder();
  ports = { gateway: await freePort('127.0.0.1'), admin: await freePort('127.0.0.1') };
  const target = new URL(database.url);
  writeFileSync(
    join(folder.path, 'affidavit.yaml'),
    `version: 1
identities: [{ id: agent-7, kind: agent }]
connections:
  - name: orders
    type: postgres
    target: { host: ${target.hostname}, port: ${target.port}, database: ${database.name}, user: ${target.username}, password: { env: TARGET_PASSWORD } }
`,
  );
  token = createToken(join(folder.path, 'affidavit.yaml'), 'agent-7').token;
});
afterEach(async () => {
  await stop('SIGKILL');
  await database.drop();
  folder.remove();
});

const home = () => join(folder.path, 'data', 'gateway', node);

function pin(): void {
  mkdirSync(home(), { recursive: true });
  const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });
  writeFileSync(
    join(home(), 'pinned.json'),
    JSON.stringify({ log: 'test', node, api: 'http://127.0.0.1:9', markPublicKey: key.toString('base64') }),
  );
}

/** Starts the process. @returns the sentence with which it failed, undefined once it is ready */
async function start(environment: Record<string, string> = {}): Promise<string | undefined> {
  const env = {
    PATH: process.env.PATH,
    AFFIDAVIT_CONFIG: join(folder.path, 'affidavit.yaml'),
    AFFIDAVIT_DATA: join(folder.path, 'data'),
    AFFIDAVIT_NODE: node,
    AFFIDAVIT_GATEWAY_PORT: String(ports.gateway),
    AFFIDAVIT_GATEWAY_ADMIN_PORT: String(ports.admin),
    AFFIDAVIT_LOG_LEVEL: 'error',
    AFFIDAVIT_SPOOL_SEGMENT: '1MiB',
    REDIS_URL: redisUrl,
    TARGET_PASSWORD: decodeURIComponent(new URL(database.url).password),
    ...environment,
  };
  child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const [said] = (await once(child, 'message')) as [{ ready?: boolean; failed?: string }];
  return said.failed;
}

async function stop(signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await ended)[0];
}

/** What the spool holds, read by its own reader after the process is gone; the reading itself adds an epoch, left out here. */
async function spooled(): Promise<AuditEvent[]> {
  const spool = await openSpool({ directory: join(home(), 'spool'), node, version: 'test', segmentBytes: 1024 * 1024 });
  const events: AuditEvent[] = [];
  for (const { epoch, lastSeq } of spool.epochs()) {
    if (epoch === spool.epoch) continue;
    const records = await spool.read(epoch, 1, { count: lastSeq, bytes: 64 * 1024 * 1024 });
    events.push(...records.map((record) => decodeEvent(record.bytes)));
  }
  await spool.close();
  return events;
}

const client = () =>
  new pg.Client({ host: '127.0.0.1', port: ports.gateway, user: 'agent-7', password: token, database: 'orders' });

describe('a gateway process', () => {
  it('brings what it recorded into Redis, in signed frames', async () => {
    pin();
    expect(await start()).toBeUndefined();
    const agent = client();
    await agent.connect();
    await agent.query('SELECT 42');
    await agent.end();
    const redis = new Redis(redisUrl);
    const types = await until('the session in Redis', async () => {
      const [epoch] = await redis.smembers(`audit:{${node}}:epochs`);
      const entries = epoch ? await redis.xrangeBuffer(`audit:{${node}}:${epoch}`, '-', '+') : [];
      const events = entries.flatMap(([, fields]) =>
        decodeFrame(fields[1] as Buffer).records.map((r) => decodeEvent(r.bytes).type),
      );
      return events.length >= 5 && events;
    });
    await redis.quit();
    expect(types).toEqual([
      'producer.started',
      'session.opened',
      'command.issued',
      'command.completed',
      'session.closed',
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${ports.admin}/metrics`)).text();
    expect(metrics).toMatch(/affidavit_spool_unconfirmed_events\{[^}]*\} 5/);
    expect((await fetch(`http://127.0.0.1:${ports.admin}/readyz`)).status).toBe(200);
  });

  it('stopped by SIGTERM ends its sessions, and each has its last event', async () => {
    pin();
    await start();
    const agent = client();
    const errors: unknown[] = [];
    agent.on('error', (error) => errors.push(error));
    await agent.connect();
    await agent.query('BEGIN');
    expect(await stop('SIGTERM')).toBe(0);
    await until('57P01', () => (errors[0] as { code?: string } | undefined)?.code === '57P01');
    const types = (await spooled()).map((event) => event.type);
    expect(types.slice(-2)).toEqual(['session.closed', 'producer.stopped']);
  });

  it('killed leaves a session open, which the next run names as abandoned, once', async () => {
    pin();
    await start();
    const agent = client();
    agent.on('error', () => undefined);
    await agent.connect();
    await agent.query('SELECT 1');
    await stop('SIGKILL');
    expect(await start()).toBeUndefined();
    await stop('SIGKILL');
    expect(await start()).toBeUndefined();
    await stop('SIGTERM');
    const events = await spooled();
    const opened = events.find((event) => event.type === 'session.opened');
    const left = events.filter((event) => event.type === 'session.abandoned');
    expect(left).toHaveLength(1);
    expect(left[0]).toMatchObject({ session: opened?.session, class: opened?.class, identity: opened?.identity });
  });

  it('killed at any moment under load: whatever the target executed has its durable event', async () => {
    pin();
    await start();
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query('CREATE TABLE done (what text)');
    const work = Array.from({ length: 4 }, async (_, worker) => {
      const agent = client();
      agent.on('error', () => undefined);
      await agent.connect();
      try {
        for (let n = 0; ; n++) {
          if (n % 2 === 0) await agent.query(`INSERT INTO done VALUES ('${worker}.${n}')`);
          else await agent.query('INSERT INTO done VALUES ($1)', [`${worker}.${n}`]);
        }
      } catch {
        // The gateway was killed.
      }
    });
    await until('some work', async () => Number((await admin.query('SELECT count(*) FROM done')).rows[0].count) > 100);
    await stop('SIGKILL');
    await Promise.all(work);
    // What was sent before the kill may still be under way at the server.
    await until('the target to be idle', async () => {
      const { rows } = await admin.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      return rows.length === 0;
    });
    const { rows } = await admin.query<{ what: string }>('SELECT what FROM done');
    await admin.end();
    const recorded = new Set<string>();
    for (const event of await spooled()) {
      if (event.type !== 'command.issued') continue;
      const inText = /'(\d+\.\d+)'/.exec(event.data.statement?.text ?? '')?.[1];
      recorded.add(inText ?? event.data.parameters?.[0]?.text ?? '');
    }
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.map((row) => row.what).filter((what) => !recorded.has(what))).toEqual([]);
  });

  it('lets agents work while Redis is away', async () => {
    pin();
    expect(await start({ REDIS_URL: `redis://127.0.0.1:${await freePort('127.0.0.1')}` })).toBeUndefined();
    const agent = client();
    await agent.connect();
    expect((await agent.query('SELECT 42 AS n')).rows).toEqual([{ n: 42 }]);
    await agent.end();
    await stop('SIGTERM');
    expect((await spooled()).map((event) => event.type)).toContain('command.issued');
  });

  it('takes a new policy while it runs, and keeps the old one when the file is wrong', async () => {
    pin();
    await start();
    const file = join(folder.path, 'affidavit.yaml');
    token = createToken(file, 'agent-7').token;
    await until('the new token', async () => {
      const newcomer = client();
      return newcomer.connect().then(
        () => newcomer.end().then(() => true),
        () => false,
      );
    });
    writeFileSync(file, 'version: 1\nidentities: {');
    await until(
      'the policy check to fail',
      async () => (await fetch(`http://127.0.0.1:${ports.admin}/readyz`)).status === 503,
    );
    const agent = client();
    await agent.connect();
    await agent.end();
  });

  it('says what is missing when it cannot start', async () => {
    expect(await start()).toMatch(/^GATEWAY_NOT_ENROLLED: .*edge-1[\s\S]*affidavit enroll edge-1/);
    await stop('SIGKILL');
    pin();
    const { execPath } = process;
    const taken = spawn(execPath, [
      '-e',
      `require('net').createServer().listen(${ports.gateway},'127.0.0.1',()=>console.log('up'))`,
    ]);
    await once(taken.stdout, 'data');
    expect(await start()).toMatch(new RegExp(`^PLATFORM_PORT_TAKEN: port ${ports.gateway}`));
    const ended = once(taken, 'exit');
    taken.kill();
    await ended;
  });

  it('refuses a Redis that may evict', async () => {
    pin();
    const port = await freePort('127.0.0.1');
    const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--maxmemory-policy', 'allkeys-lru'], {
      stdio: 'ignore',
    });
    expect(await start({ REDIS_URL: `redis://127.0.0.1:${port}` })).toMatch(/^STREAM_REDIS_MAY_EVICT/);
    const ended = once(redis, 'exit');
    redis.kill();
    await ended;
  });
});
