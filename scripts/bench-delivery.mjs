// How fast the forwarder drains a backlog, next to a bare loop that serialises, compresses and posts the same mapped events; what a
// backfill does to the latency of live events; and what memory the forwarder takes meanwhile. One run, one machine, a local sink.
//   npm run bench:delivery                          a million events, some five minutes
//   npm run bench:delivery -- --events 100000       scaled down
//   npm run bench:delivery -- --only drain          or: --only backfill
//   npm run bench:delivery -- --json file.json      the figures for machines, too
import { fork, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { watchMemory } from './watch-memory.mjs';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    json: { type: 'string' },
    role: { type: 'string' },
  },
});
const events = Number(values.events);
const root = new URL('..', import.meta.url).pathname;
const dist = (path) => import(join(root, 'dist/libs', path, 'src/index.js'));
const say = (text) => process.stderr.write(`${text}\n`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const GZIP_LEVEL = 6;
const CONCURRENCY = 4;
const PER_REQUEST = 1000;
/** Of mapped events that the bare loop goes round, so that it need not hold a million. */
const SAMPLE = 20_000;

if (values.role === 'sink') await sink();
else if (values.role === 'bare') await bareLoop();
else await bench();

/** Answers 202 to whatever comes, and counts it. */
async function sink() {
  const counts = { requests: 0, bytes: 0, firstAt: 0, lastAt: 0 };
  const server = createServer((request, response) => {
    request.on('data', (chunk) => {
      counts.bytes += chunk.length;
    });
    request.on('end', () => {
      counts.requests += 1;
      counts.firstAt ||= Date.now();
      counts.lastAt = Date.now();
      response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
  process.on('message', (what) => {
    if (what === 'counts') process.send({ ...counts });
    if (what === 'reset') {
      Object.assign(counts, { requests: 0, bytes: 0, firstAt: 0, lastAt: 0 });
      process.send({});
    }
  });
  process.on('disconnect', () => process.exit(0));
}

/** Serialises, compresses and posts; nothing else. One batch after the other, or as many side by side as the forwarder has. */
async function bareLoop() {
  const { Pool } = await import('undici');
  const compress = promisify(gzip);
  const [{ url, file, total, concurrency }] = await new Promise((resolve) =>
    process.once('message', (...all) => resolve(all)),
  );
  const logs = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const pool = new Pool(new URL(url).origin, { connections: concurrency });
  const begun = performance.now();
  let next = 0;
  const work = async () => {
    while (next < total) {
      const from = next;
      next += PER_REQUEST;
      const batch = [];
      for (let n = from; n < Math.min(next, total); n++) batch.push(JSON.stringify(logs[n % logs.length]));
      const body = await compress(Buffer.from(`[${batch.join(',')}]`), { level: GZIP_LEVEL });
      const answer = await pool.request({
        method: 'POST',
        path: '/api/v2/logs',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'DD-API-KEY': 'bench' },
        body,
      });
      await answer.body.dump();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  process.send({ seconds: (performance.now() - begun) / 1000, cpu: cpuSeconds(process.pid) });
  await pool.close();
  process.disconnect();
}

async function bench() {
  if (!existsSync(join(root, 'dist'))) throw new Error('nothing is built: npm run build');
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-bench-'));
  chmodSync(folder, 0o755);
  const { freePort, startLocalPostgres, startLocalRedis } = await dist('platform');
  const host = '127.0.0.1';
  const [postgres, redis] = await Promise.all([
    startLocalPostgres({ directory: join(folder, 'postgres'), port: await freePort(host) }),
    startLocalRedis({ directory: join(folder, 'redis'), port: await freePort(host) }),
  ]);
  const sinkProcess = child('sink');
  const { port } = await answerOf(sinkProcess);
  const world = {
    folder,
    host,
    postgres,
    redis,
    sink: sinkProcess,
    url: `http://${host}:${port}/api/v2/logs`,
    results: { events, cpus: cpus().length, model: cpus()[0]?.model, node: process.version, load: loadavg() },
    running: new Set(),
  };
  try {
    await record(world, events);
    if (values.only !== 'backfill') await drain(world);
    if (values.only !== 'drain') await backfill(world);
    const text = JSON.stringify(world.results, null, 2);
    if (values.json) writeFileSync(values.json, `${text}\n`);
    process.stdout.write(`${table(world.results)}\n${values.json ? '' : `${text}\n`}`);
  } finally {
    for (const one of world.running) await ended(one, 'SIGKILL');
    sinkProcess.disconnect();
    await world.pool?.end();
    await Promise.all([postgres.stop(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes events as the recorder writes them: COPY, 2,000 a transaction, sessions of a dozen commands. */
async function record(world, count) {
  const { createPool, migrate, LogWriter, EMPTY_BATCH } = await dist('record');
  const client = createPool(world.postgres.url(), { applicationName: 'bench' });
  await client.query('CREATE DATABASE affidavit');
  await client.end();
  world.databaseUrl = world.postgres.url('affidavit');
  const pool = createPool(world.databaseUrl, { applicationName: 'bench' });
  world.pool = pool;
  await migrate(pool);
  await pool.query(`INSERT INTO producer_node (node) VALUES ('bench')`);
  const writer = new LogWriter({ pool, version: 'bench', signHead: () => Buffer.from('-'), leaseMs: 3_600_000 });
  await writer.begin();
  const producer = await makeProducer('bench');
  world.write = async (many) => {
    const prevChain = producer.chain;
    const made = Array.from({ length: many }, () => producer.next());
    const commit = await writer.commit({
      ...EMPTY_BATCH,
      advances: [
        { node: 'bench', epoch: producer.epoch, prevChain, events: made, gap: false, headSignature: Buffer.from('-') },
      ],
    });
    return commit.to;
  };
  const begun = performance.now();
  for (let done = 0; done < count; done += 2000) await world.write(Math.min(2000, count - done));
  const seconds = (performance.now() - begun) / 1000;
  await pool.query('ANALYZE');
  say(`${count} events of about ${producer.bytes()} bytes recorded in ${seconds.toFixed(1)} s`);
  world.results.eventBytes = producer.bytes();
}

async function makeProducer(node) {
  const { encodeEvent, stampEvent } = await dist('events');
  const { eventHash, GENESIS_CHAIN, nextChain } = await dist('ledger');
  const { randomBytes } = await import('node:crypto');
  const epoch = randomBytes(8).toString('hex');
  const statements = [
    'SELECT o.id, o.status, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = $1 AND o.created_at > $2',
    "UPDATE orders SET status = 'shipped', shipped_at = now() WHERE id = 4711 AND status = 'paid'",
    'INSERT INTO invoices (order_id, amount_cents, currency, due_on) VALUES ($1, $2, $3, $4) RETURNING id',
    "SELECT count(*) FROM payments WHERE failed_at > now() - interval '1 hour' GROUP BY provider",
  ];
  let seq = 0;
  let bytesMade = 0;
  const state = { chain: GENESIS_CHAIN };
  const draft = (n) => {
    const command = Math.floor(n / 2);
    const common = {
      time: `${new Date().toISOString().slice(0, -1)}${String(n % 1000).padStart(3, '0')}Z`,
      class: 'standard',
      session: `session-${Math.floor(command / 12)}`,
      identity: {
        id: `agent-${command % 40}`,
        kind: 'agent',
        onBehalfOf: 'finance',
        provider: 'affidavit.yaml',
        verified: true,
      },
      connection: { name: 'orders', type: 'postgres', sensitivity: 'sensitive' },
    };
    const text = statements[command % statements.length];
    if (n % 2 === 0) {
      const statement = { text, bytes: text.length, sha256: randomBytes(32).toString('hex') };
      const data = {
        command: `${common.session}.${command}`,
        kind: 'query',
        statement,
        approval: { required: false, state: 'none' },
      };
      return { type: 'command.issued', ...common, data };
    }
    const data = {
      ...{
        command: `${common.session}.${command}`,
        outcome: 'success',
        rows: n % 97,
        bytesOut: n % 9973,
        bytesIn: 40,
        durationUs: n % 50_000,
      },
      ...{ committed: 'yes', tags: [`SELECT ${n % 97}`] },
    };
    return { type: 'command.completed', ...common, data };
  };
  return {
    epoch,
    bytes: () => Math.round(bytesMade / seq),
    get chain() {
      return state.chain;
    },
    next() {
      seq += 1;
      const event = stampEvent(draft(seq), node, epoch, seq);
      const bytes = encodeEvent(event);
      bytesMade += bytes.length;
      state.chain = nextChain(state.chain, eventHash(bytes));
      return { seq, chain: state.chain, bytes, event };
    },
  };
}

/** The whole backlog through the real forwarder; then the bare loop with the same mapped events. */
async function drain(world) {
  const { pool, results } = world;
  await ask(world.sink, 'reset');
  const forwarder = await start(world, 'forwarder');
  const memory = watchMemory(forwarder.pid);
  const accepted = () =>
    pool
      .query(`SELECT coalesce(sum(count), 0)::float8 AS n FROM delivery_batch WHERE state = 'accepted'`)
      .then(({ rows }) => rows[0].n);
  const size = Number((await pool.query('SELECT size FROM log_head')).rows[0].size);
  const from = performance.now();
  for (let n = await accepted(); n < size; n = await accepted()) {
    await wait(250);
    if (performance.now() - from > 30 * 60_000)
      throw new Error(`after half an hour ${n} of ${size} events are delivered`);
  }
  const { firstAt, lastAt, requests, bytes } = await ask(world.sink, 'counts');
  const cpu = cpuSeconds(forwarder.pid);
  const seconds = (lastAt - firstAt) / 1000;
  const rss = memory.end();
  await ended(forwarder, 'SIGTERM');
  world.running.delete(forwarder);
  results.forwarder = {
    seconds,
    eventsPerSecond: Math.round(size / seconds),
    requests,
    wireBytes: bytes,
    cpuSeconds: cpu,
    rssMb: rss,
  };
  say(`forwarder: ${JSON.stringify(results.forwarder)}`);

  const file = await mappedSample(world);
  const bare = async (concurrency) => {
    await ask(world.sink, 'reset');
    const loop = child('bare');
    loop.send({ url: world.url, file, total: size, concurrency });
    const { seconds: took, cpu: cpuTaken } = await answerOf(loop);
    const counts = await ask(world.sink, 'counts');
    return {
      seconds: took,
      eventsPerSecond: Math.round(size / took),
      requests: counts.requests,
      wireBytes: counts.bytes,
      cpuSeconds: cpuTaken,
    };
  };
  results.bareLoop = await bare(1);
  results.bareLoops = await bare(CONCURRENCY);
  const share = (other) => Number((results.forwarder.eventsPerSecond / other.eventsPerSecond).toFixed(2));
  results.ratio = share(results.bareLoop);
  results.ratioSideBySide = share(results.bareLoops);
  say(`bare loop: ${JSON.stringify(results.bareLoop)}; the forwarder does ${results.ratio} of it`);
  say(
    `${CONCURRENCY} side by side: ${JSON.stringify(results.bareLoops)}; the forwarder does ${results.ratioSideBySide} of it`,
  );
}

/** Mapped events as the forwarder posts them, a line each. */
async function mappedSample({ pool, folder }) {
  const { readEvents } = await dist('record');
  const { renderLog } = await import(join(root, 'dist/libs/delivery/datadog/src/index.js'));
  const file = join(folder, 'mapped.ndjson');
  const read = await readEvents(pool, { after: -1n, limit: Math.min(SAMPLE, events) });
  const context = { batch: 1n, attempt: 1, lane: 'catchup', mappingVersion: 2, env: 'bench', nowMs: Date.now() };
  writeFileSync(file, read.map((event) => `${renderLog(event, context)}\n`).join(''));
  return file;
}

/** Latency of a trickle of live events, alone and while the whole record is sent once more through the audit-log API. */
async function backfill(world) {
  const { pool, results } = world;
  const api = await start(world, 'api');
  const forwarder = await start(world, 'forwarder');
  const settled = () =>
    pool
      .query(
        `SELECT (SELECT coalesce(bool_and(next_pos >= coalesce(to_pos, size)), true) FROM delivery_range, log_head WHERE lane <> 'backfill')
            AND NOT EXISTS (SELECT FROM delivery_batch WHERE lane <> 'backfill' AND state IN ('due', 'sending', 'paused')) AS done`,
      )
      .then(({ rows }) => rows[0].done);
  while (!(await settled())) await wait(250);
  const alone = await trickle(world, 60_000);
  const { size } = (await pool.query('SELECT size FROM log_head')).rows[0];
  const from = performance.now();
  const cli = spawn(
    process.execPath,
    ['bin/affidavit.mjs', 'backfill', '--from', '0', '--to', String(size), '--json'],
    { cwd: root, env: environment(world), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  cli.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const memory = watchMemory(cli.pid);
  let isOver = false;
  const over = new Promise((resolve) => cli.once('exit', resolve)).then((code) => {
    isOver = true;
    if (code !== 0) throw new Error(`affidavit backfill ended with code ${code}: ${said}`);
  });
  await wait(2_000);
  const during = await trickle(world, Number.POSITIVE_INFINITY, () => isOver);
  await over;
  const seconds = (performance.now() - from) / 1000;
  const { report } = JSON.parse(said);
  results.backfill = {
    ...{ seconds, eventsPerSecond: Math.round(report.sent / seconds), sent: report.sent },
    ...{ possibleDuplicates: report.possibleDuplicates, rssMb: memory.end() },
  };
  results.liveMs = { alone, during, p99Ratio: Number((during.p99 / alone.p99).toFixed(2)) };
  say(`backfill: ${JSON.stringify(results.backfill)}; live: ${JSON.stringify(results.liveMs)}`);
  for (const one of [forwarder, api]) {
    await ended(one, 'SIGTERM');
    world.running.delete(one);
  }
}

/**
 * A few live events, some five times a second: from the commit to the batch that is accepted. At random, since a steady beat of 200 ms
 * would keep step with the forwarder's own pace (decision 0008) and show one phase of it only.
 */
async function trickle({ pool, write }, forMs, isOver = () => false) {
  const latencies = [];
  const waiting = [];
  const begun = performance.now();
  let isWriting = true;
  const look = async () => {
    while (isWriting || waiting.length > 0) {
      const { rows } = await pool.query(
        `SELECT coalesce(max(to_pos), 0)::float8 AS up_to FROM (SELECT to_pos FROM delivery_batch
            WHERE lane = 'live' AND state = 'accepted' ORDER BY id DESC LIMIT 20) AS newest`,
      );
      const now = performance.now();
      while (waiting.length > 0 && waiting[0].position <= rows[0].up_to) latencies.push(now - waiting.shift().at);
      await wait(5);
    }
  };
  const looking = look();
  while (performance.now() - begun < forMs && !isOver()) {
    const next = performance.now() + 20 + Math.random() * 360;
    const position = await write(5);
    waiting.push({ position: Number(position), at: performance.now() });
    await wait(Math.max(0, next - performance.now()));
  }
  isWriting = false;
  await looking;
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  return { measured: sorted.length, p50: at(0.5), p99: at(0.99), most: at(1) };
}

function environment(world) {
  return {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME },
    ...{ DATABASE_URL: world.databaseUrl, REDIS_URL: world.redis.url, DD_API_KEY: 'bench', DD_LOGS_URL: world.url },
    ...{ AFFIDAVIT_DATA: join(world.folder, 'data'), AFFIDAVIT_CONFIG: join(world.folder, 'affidavit.yaml') },
    ...{ AFFIDAVIT_API_PORT: String(world.ports.api), AFFIDAVIT_FORWARDER_PORT: String(world.ports.forwarder) },
    AFFIDAVIT_LOG_LEVEL: 'warn',
  };
}

async function start(world, app) {
  const { freePort } = await dist('platform');
  world.ports ??= { api: await freePort(world.host), forwarder: await freePort(world.host) };
  const process_ = spawn(process.execPath, [`dist/bin/${app}.js`], {
    cwd: root,
    env: environment(world),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  world.running.add(process_);
  for (;;) {
    if (process_.exitCode !== null) throw new Error(`${app} ended with code ${process_.exitCode}`);
    const answer = await fetch(`http://${world.host}:${world.ports[app]}/healthz`).catch(() => undefined);
    if (answer?.ok && (app !== 'api' || existsSync(join(world.folder, 'data', 'admin.key')))) return process_;
    await wait(20);
  }
}

async function ended(process_, signal) {
  if (process_.exitCode !== null || process_.signalCode !== null) return;
  const gone = new Promise((resolve) => process_.once('exit', resolve));
  process_.kill(signal);
  await gone;
}

function child(role) {
  return fork(new URL(import.meta.url).pathname, ['--role', role], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function answerOf(process_) {
  return new Promise((resolve) => process_.once('message', resolve));
}

function ask(process_, what) {
  const answer = answerOf(process_);
  process_.send(what);
  return answer;
}

/** Processor time of a process so far. */
function cpuSeconds(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

function table({ forwarder, bareLoop, bareLoops, ratio, ratioSideBySide, backfill: sent, liveMs, load, eventBytes }) {
  const memory = (rss) =>
    rss ? `${rss.most} MB at most, ${rss.atQuarter} MB at a quarter, ${rss.atEnd} MB at the end` : 'not known';
  const rows = [`| what | measured |\n|---|---|\n| events | ${events} of about ${eventBytes} bytes |`];
  if (forwarder) {
    rows.push(
      `| forwarder, record to sink | ${forwarder.eventsPerSecond}/s |`,
      `| bare loop | ${bareLoop.eventsPerSecond}/s |`,
      `| forwarder / bare loop | ${ratio} |`,
      `| bare loop, four requests side by side | ${bareLoops.eventsPerSecond}/s (${ratioSideBySide}) |`,
      `| memory of the forwarder | ${memory(forwarder.rssMb)} |`,
    );
  }
  if (sent) {
    rows.push(
      `| backfill through the API | ${sent.eventsPerSecond}/s |`,
      `| memory of the backfilling process | ${memory(sent.rssMb)} |`,
      `| live, commit to accepted, alone | p50 ${liveMs.alone.p50} ms, p99 ${liveMs.alone.p99} ms |`,
      `| live during the backfill | p50 ${liveMs.during.p50} ms, p99 ${liveMs.during.p99} ms (${liveMs.p99Ratio}×) |`,
    );
  }
  return `${rows.join('\n')}\n| load of the machine at the start | ${load.map((one) => one.toFixed(1)).join(' ')} |`;
}
