// Measures the built product on this machine, whole: start times, memory, events recorded and delivered a second, latency, and
// pgbench through the gateway beside the same pgbench direct and through PgBouncer. Ratios are taken side by side in one run.
// Needs pgbench for its part (and pgbouncer, if that is to be compared); says so and goes on where they are missing.
//   npm run bench                       everything, some three minutes
//   npm run bench -- --seconds 10       longer pgbench runs
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, rounds: { type: 'string', default: '3' } },
});
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);
const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'affidavit-bench-'));
chmodSync(folder, 0o755);

const { freePort } = await import('../dist/libs/platform/src/index.js');
const host = '127.0.0.1';
const ports = {};
for (const name of ['GATEWAY', 'API', 'RECORDER', 'FORWARDER', 'GATEWAY_ADMIN', 'DATADOG'])
  ports[name] = await freePort(host);
const env = {
  ...process.env,
  AFFIDAVIT_DATA: join(folder, 'data'),
  AFFIDAVIT_CONFIG: join(folder, 'affidavit.yaml'),
  ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [`AFFIDAVIT_${name}_PORT`, String(port)])),
};
delete env.DATABASE_URL;
delete env.REDIS_URL;
delete env.DD_API_KEY;

const results = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
const say = (text) => process.stderr.write(`${text}\n`);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts everything; resolves with the milliseconds until it said that it is up. */
async function up() {
  const started = performance.now();
  const child = spawn(process.execPath, ['bin/affidavit.mjs', 'up'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (/Up after/.test(said)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`affidavit up ended with code ${code}: ${said}`)));
  });
  return { child, ms: Math.round(performance.now() - started) };
}

async function down(child) {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await gone;
}

/** Proportional set size of a process and all below it, in MB: memory that is shared counts once. */
function memoryMb(pid) {
  const parents = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Gone meanwhile.
    }
  }
  const tree = new Set([pid]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [child, parent] of parents) {
      if (tree.has(parent) && !tree.has(child)) grew = Boolean(tree.add(child));
    }
  }
  let kb = 0;
  for (const member of tree) {
    try {
      kb += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // Gone meanwhile.
    }
  }
  return Math.round(kb / 1024);
}

function pgbench(target, args) {
  const { status, stdout, stderr } = spawnSync('pgbench', [...args, target.conninfo], {
    encoding: 'utf8',
    env: { ...process.env, PGPASSWORD: target.password },
  });
  if (status !== 0) throw new Error(`pgbench at ${target.name}: ${stderr}`);
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1] ?? 0);
}

async function compare(running) {
  if (spawnSync('pgbench', ['--version']).status !== 0) {
    say('pgbench is not installed: no comparison (Debian: postgresql-contrib)');
    return;
  }
  const database = new URL(running.databaseUrl);
  const direct = {
    name: 'direct',
    conninfo: `host=${host} port=${database.port} user=postgres dbname=sample`,
    password: decodeURIComponent(database.password),
  };
  const gateway = {
    name: 'gateway',
    conninfo: `host=${host} port=${ports.GATEWAY} user=quickstart-agent dbname=sample`,
    password: readFileSync(join(env.AFFIDAVIT_DATA, 'quickstart.token'), 'utf8').trim(),
  };
  pgbench(direct, ['-i', '-q', '-s', '5']);
  // The gateway's own target user must see the tables.
  spawnSync('psql', [direct.conninfo, '-qc', 'GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC'], {
    env: { ...process.env, PGPASSWORD: direct.password },
  });
  const targets = [direct, gateway];
  const bouncer = await startBouncer(database);
  if (bouncer) targets.splice(1, 0, bouncer.target);
  results.pgbench = {};
  for (const mode of ['simple', 'extended', 'prepared']) {
    for (const clients of [1, 8]) {
      const tps = Object.fromEntries(targets.map((target) => [target.name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const target of targets)
          tps[target.name].push(
            pgbench(target, ['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(seconds)]),
          );
      }
      const row = Object.fromEntries(Object.entries(tps).map(([name, all]) => [name, Math.round(median(all))]));
      results.pgbench[`${mode} c=${clients}`] = {
        ...row,
        gatewayShare: Number((row.gateway / row.direct).toFixed(2)),
        ...(row.pgbouncer ? { pgbouncerShare: Number((row.pgbouncer / row.direct).toFixed(2)) } : {}),
      };
      say(`pgbench -S ${mode}, ${clients} clients: ${JSON.stringify(results.pgbench[`${mode} c=${clients}`])}`);
    }
  }
  await bouncer?.stop();
}

async function startBouncer(database) {
  if (spawnSync('pgbouncer', ['--version']).status !== 0) return undefined;
  const port = await freePort(host);
  const at = join(folder, 'pgbouncer');
  mkdirSync(at, { mode: 0o777 });
  chmodSync(at, 0o777);
  const password = decodeURIComponent(database.password);
  writeFileSync(join(at, 'users.txt'), `"postgres" "${password}"\n`);
  writeFileSync(
    join(at, 'pgbouncer.ini'),
    `[databases]\nsample = host=${host} port=${database.port} dbname=sample user=postgres password=${password}\n[pgbouncer]\nlisten_addr = ${host}\nlisten_port = ${port}\nauth_type = scram-sha-256\nauth_file = ${at}/users.txt\npool_mode = session\nmax_client_conn = 100\nunix_socket_dir =\nlogfile = ${at}/log\n`,
  );
  const child = spawn(
    'pgbouncer',
    ['-q', ...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), join(at, 'pgbouncer.ini')],
    { stdio: 'ignore' },
  );
  await wait(500);
  if (child.exitCode !== null) return undefined;
  return {
    target: { name: 'pgbouncer', conninfo: `host=${host} port=${port} user=postgres dbname=sample`, password },
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await gone;
    },
  };
}

const STATEMENT =
  'SELECT o.id, o.status, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = $1 AND o.created_at > $2 ORDER BY o.id LIMIT 50';

function draft(n) {
  return {
    type: 'command.issued',
    time: `${new Date().toISOString().slice(0, -1)}000Z`,
    class: 'standard',
    session: `bench-${n % 50}`,
    identity: { id: 'bench-agent', kind: 'agent', verified: true },
    connection: { name: 'sample', type: 'postgres' },
    data: {
      command: `bench-${n % 50}.${n}`,
      kind: 'query',
      statement: { text: STATEMENT, bytes: STATEMENT.length, sha256: '0'.repeat(64) },
      approval: { required: false, state: 'none' },
    },
  };
}

/** A spool with nothing behind it: events a second that are durable, with so many who wait for theirs. */
async function spoolAlone() {
  const { openSpool } = await import('../dist/libs/spool/src/index.js');
  const spool = await openSpool({ directory: join(folder, 'spool-alone'), node: 'bench', version: 'bench' });
  results.spoolPerSecond = {};
  for (const waiting of [1, 8, 32]) {
    let appended = 0;
    const begun = performance.now();
    const append = async () => {
      while (performance.now() - begun < 1000 * seconds) await spool.append(draft(appended++));
    };
    await Promise.all(Array.from({ length: waiting }, append));
    results.spoolPerSecond[waiting] = Math.round(appended / ((performance.now() - begun) / 1000));
  }
  await spool.close();
  say(`appended to a spool and durable, a second: ${JSON.stringify(results.spoolPerSecond)}`);
}

/** A second node fills its spool and sends it, as fast as the way goes: events a second into the record and out to Datadog. */
async function throughput(running) {
  const { openSpool } = await import('../dist/libs/spool/src/index.js');
  const { StreamSender, connectRedis } = await import('../dist/libs/streams/src/index.js');
  const { default: pg } = await import('pg');
  const api = `http://${host}:${ports.API}`;
  const key = readFileSync(join(env.AFFIDAVIT_DATA, 'admin.key'), 'utf8').trim();
  const post = async (path, body, headers = {}) => {
    const answer = await fetch(`${api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { token } = await post('/v1/enrolments', { node: 'bench' }, { authorization: `Bearer ${key}` });
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const enrolled = await post('/v1/nodes', {
    token,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  });
  const { createPublicKey } = await import('node:crypto');
  const markPublicKey = createPublicKey({
    key: Buffer.from(enrolled.markPublicKey, 'base64'),
    type: 'spki',
    format: 'der',
  });

  const count = 100_000;
  const spool = await openSpool({ directory: join(folder, 'bench-spool'), node: 'bench', version: 'bench' });
  const spooled = performance.now();
  for (let n = 0; n < count; n += 1000) {
    await spool.appendAll(Array.from({ length: 1000 }, (_, i) => draft(n + i)));
  }
  say(
    `${count} events of ${Buffer.byteLength(JSON.stringify(draft(1)))} bytes spooled in ${Math.round(performance.now() - spooled)} ms`,
  );

  const client = new pg.Client({ connectionString: running.databaseUrl });
  await client.connect();
  const sizeOf = async () => Number((await client.query('SELECT size FROM log_head')).rows[0].size);
  const arrived = async () =>
    Number(
      (
        await client.query(
          `SELECT coalesce(sum(count), 0) AS n FROM delivery_batch WHERE state IN ('accepted', 'observed')`,
        )
      ).rows[0].n,
    );
  const before = { size: await sizeOf(), arrived: await arrived() };
  const redis = connectRedis(running.redisUrl, 'producer');
  const sender = new StreamSender({
    redis,
    spool,
    node: 'bench',
    log: enrolled.log,
    privateKey,
    publicKey,
    markPublicKey,
  });
  const started = performance.now();
  sender.start();
  const until = async (read, from) => {
    while ((await read()) - from < count) await wait(20);
    return (performance.now() - started) / 1000;
  };
  const [recorded, delivered] = await Promise.all([until(sizeOf, before.size), until(arrived, before.arrived)]);
  results.recordedPerSecond = Math.round(count / recorded);
  results.deliveredPerSecond = Math.round(count / delivered);
  say(
    `recorded ${results.recordedPerSecond} events/s, delivered to the stand-in ${results.deliveredPerSecond} events/s (all processes on this machine)`,
  );

  // Latency of single events when nothing is behind: from the append to the record, and from the record to the settled batch.
  await wait(1000);
  const toRecord = [];
  const toDatadog = [];
  for (let n = 0; n < 100; n++) {
    const at = performance.now();
    const size = await sizeOf();
    const sent = await arrived();
    await spool.append(draft(count + n));
    while ((await sizeOf()) === size) await wait(1);
    const recordedAt = performance.now();
    while ((await arrived()) === sent) await wait(1);
    toRecord.push(recordedAt - at);
    toDatadog.push(performance.now() - recordedAt);
    await wait(20);
  }
  const at = (all, share) =>
    Math.round([...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))]);
  results.appendToRecordMs = { p50: at(toRecord, 0.5), p99: at(toRecord, 0.99) };
  results.recordToDatadogMs = { p50: at(toDatadog, 0.5), p99: at(toDatadog, 0.99) };
  say(
    `latency ${JSON.stringify({ appendToRecordMs: results.appendToRecordMs, recordToDatadogMs: results.recordToDatadogMs })}`,
  );
  await sender.stop();
  redis.disconnect();
  await spool.close();
  await client.end();
}

let current;
try {
  if (!existsSync(join(root, 'dist'))) throw new Error('nothing is built: npm run build');
  await spoolAlone();
  const first = await up();
  results.firstStartMs = first.ms;
  await down(first.child);
  const later = await up();
  current = later.child;
  results.laterStartMs = later.ms;
  say(`first start ${first.ms} ms, later start ${later.ms} ms`);
  await wait(15_000);
  results.idleMemoryMb = memoryMb(current.pid);
  say(`idle memory, all processes: ${results.idleMemoryMb} MB`);
  const running = JSON.parse(readFileSync(join(env.AFFIDAVIT_DATA, 'running.json'), 'utf8'));
  await throughput(running);
  await compare(running);
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
} finally {
  if (current) await down(current);
  rmSync(folder, { recursive: true, force: true });
}
