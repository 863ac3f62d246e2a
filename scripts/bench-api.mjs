// How fast the audit-log API answers, searches and exports at two sizes of the record. Events are generated straight into the record, by COPY, as
// the recorder would leave them; the same statement loads both sizes, so that the second is the first and more.
//   npm run bench:api                                one and ten million events, some twenty minutes and 15 GB of disk
//   npm run bench:api -- --sizes 100000,1000000      scaled down
//   npm run bench:api -- --only pages,search         or: --only stream,export
//   npm run bench:api -- --kinds 'not there|a page'  of pages and searches those whose names fit
//   npm run bench:api -- --json file.json            the figures for machines, too
// An export is held against `COPY … TO STDOUT` of the same rows in the same run: by a bare client that throws them away, in binary and in
// text, and by the same client writing them to the same disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { watchMemory } from './watch-memory.mjs';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000000,10000000' },
    requests: { type: 'string', default: '400' },
    only: { type: 'string' },
    kinds: { type: 'string' },
    json: { type: 'string' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const requests = Number(values.requests);
const root = new URL('..', import.meta.url).pathname;
const dist = (path) => import(join(root, 'dist/libs', path, 'src/index.js'));
const say = (text) => process.stderr.write(`${text}\n`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const RUN = 1000;
/** Events of one session: opened, eleven commands with their outcomes, closed. */
const PER_SESSION = 24;
const IDENTITIES = 40;
const CONNECTIONS = 12;
/** Events from one command with the rare word to the next. */
const RARE_EVERY = 40_000;
const FIRST_AT = Date.UTC(2026, 9, 1);
/** So many events fall into a month, however many there are: partitions of one size, and more of them. */
const PER_MONTH = 2_500_000;

if (!existsSync(join(root, 'dist'))) throw new Error('nothing is built: npm run build');
const folder = mkdtempSync(join(tmpdir(), 'affidavit-bench-'));
chmodSync(folder, 0o755);
const { freePort, startLocalPostgres } = await dist('platform');
const record = await dist('record');
const host = '127.0.0.1';
const postgres = await startLocalPostgres({
  directory: join(folder, 'postgres'),
  port: await freePort(host),
  settings: { shared_buffers: '1GB', max_wal_size: '4GB' },
});
const results = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version, load: loadavg(), sizes: [] };
let pool;
let api;
try {
  await openRecord();
  for (const [index, size] of sizes.entries()) {
    await fill(index === 0 ? 0 : sizes[index - 1], size);
    const found = { events: size };
    if (does('pages')) found.pages = await measured(pages(size));
    if (does('search')) found.search = await measured(searches(size));
    if (does('search')) found.index = await indexCost();
    if (does('stream')) found.stream = await streaming(size);
    if (does('export')) found.export = await exporting(size);
    results.sizes.push(found);
    say(JSON.stringify(found));
  }
  const text = JSON.stringify(results, null, 2);
  if (values.json) writeFileSync(values.json, `${text}\n`);
  process.stdout.write(`${table()}\n${values.json ? '' : `${text}\n`}`);
} finally {
  await stopApi();
  await pool?.end();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

function does(part) {
  return values.only === undefined || values.only.split(',').includes(part);
}

async function openRecord() {
  const admin = record.createPool(postgres.url(), { applicationName: 'bench' });
  await admin.query('CREATE DATABASE affidavit');
  await admin.end();
  pool = record.createPool(postgres.url('affidavit'), { applicationName: 'bench' });
  await record.migrate(pool);
  await pool.query(`INSERT INTO producer_node (node) VALUES ('bench')`);
}

/** Events `from` to `to`, and their leaf data, as rows. Rows of sessions are those that the projection makes of them. */
async function fill(from, to) {
  const { encodeEvent, stampEvent, instantOfMillis } = await dist('events');
  const { encodeLeaf, eventHash } = await dist('ledger');
  const { from: copyFrom } = await import('pg-copy-streams');
  const epoch = '00000000000000be';
  const begun = performance.now();
  const atOf = (n) => FIRST_AT - Math.round(((sizes.at(-1) - n) / PER_MONTH) * 30 * 86_400_000);
  await pool.query(`SELECT ensure_partitions('standard', $1, $2)`, [
    instantOfMillis(atOf(from)),
    instantOfMillis(atOf(to) + 86_400_000),
  ]);
  const client = await pool.connect();
  let bytes = 0;
  for (let first = from; first < to; first += 50 * RUN) {
    const last = Math.min(first + 50 * RUN, to);
    const lines = [];
    const runs = [];
    for (let run = first; run < last; run += RUN) {
      const end = Math.min(run + RUN, last);
      const recordedAt = instantOfMillis(atOf(run));
      const leaves = [];
      for (let n = run; n < end; n++) {
        const event = stampEvent(draft(n, instantOfMillis(atOf(n))), 'bench', epoch, n + 1);
        const body = encodeEvent(event);
        bytes += body.length;
        const recordedAtUs = BigInt(atOf(run)) * 1000n;
        leaves.push(encodeLeaf({ recordedAtUs, class: 'standard', epoch, seq: n + 1, eventHash: eventHash(body) }));
        lines.push(
          `standard\t${recordedAt}\t${n}\tbench\t${epoch}\t${n + 1}\t${event.type}\t${event.time}\t${event.session}\t${event.identity.id}\tagent\t${event.connection.name}\t${event.data.outcome ?? '\\N'}\t\\\\x${body.toString('hex')}\n`,
        );
      }
      runs.push([run, end - 1, recordedAt, run + 1, Buffer.concat(leaves)]);
    }
    await client.query('BEGIN');
    const copy = client.query(
      copyFrom(
        'COPY event (class, recorded_at, position, node, epoch, seq, type, occurred_at, session_id, identity_id, identity_kind, connection, outcome, body) FROM STDIN',
      ),
    );
    copy.end(lines.join(''));
    await once(copy, 'finish');
    for (const [a, b, at, seq, leaf] of runs) {
      await client.query(`INSERT INTO run VALUES ($1, $2, $3, 'bench', '${epoch}', $4, $5)`, [a, b, at, seq, leaf]);
    }
    await client.query('UPDATE log_head SET size = $1, recorded_at = $2', [last, runs.at(-1)[2]]);
    await client.query('COMMIT');
  }
  results.eventBytes ??= Math.round(bytes / (to - from));
  say(`${to - from} events of ${results.eventBytes} bytes written in ${seconds(begun)} s`);
  const folded = performance.now();
  if (does('pages') || does('search')) await sessions(client, from / PER_SESSION, to / PER_SESSION, atOf);
  await client.query('SET statement_timeout = 0');
  await client.query('VACUUM (ANALYZE)');
  client.release(true);
  say(`sessions written, and all vacuumed, in ${seconds(folded)} s`);
  if (!does('search')) return;
  const projected = performance.now();
  await record.projectCommands(pool);
  results.indexing = {
    ...results.indexing,
    [to]: Number((((performance.now() - projected) * 1000) / (to - from)).toFixed(1)),
  };
  say(`words of ${to - from} events indexed in ${seconds(projected)} s, ${results.indexing[to]} µs an event`);
  await pool.query('ANALYZE command_words');
}

async function sessions(client, from, to, atOf) {
  const instant = (ms) => `to_char(to_timestamp((${ms}) / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  // atOf() is a straight line.
  const opened = instant(`${atOf(0)} + s * ${(atOf(PER_SESSION * 1e6) - atOf(0)) / 1e6}`);
  await client.query('SET statement_timeout = 0');
  await client.query(
    `INSERT INTO session (id, node, epoch, class, state, identity_id, identity_kind, on_behalf_of, identity_verified, connection, connection_type,
       sensitivity, opened_at, closed_at, last_activity_at, outcome, reason, commands, failed, rows, bytes_in, bytes_out, approval_required,
       approval_state, client, target, context, facts)
     SELECT 'session-' || s, 'bench', '00000000000000be', 'standard', CASE WHEN s % 499 = 0 THEN 'abandoned' ELSE 'closed' END,
       'agent-' || s % ${IDENTITIES}, CASE WHEN s % 1009 = 0 THEN 'human' ELSE 'agent' END, 'finance', true, 'orders-' || s % ${CONNECTIONS},
       CASE WHEN s % 2003 = 0 THEN 'mysql' ELSE 'postgres' END, 'sensitive', ${opened}, ${opened}, ${opened},
       CASE WHEN s % 797 = 0 THEN 'failure' ELSE 'success' END, 'the client ended the session',
       11, 0, 400, 900, 90000, false, CASE WHEN s % 1499 = 0 THEN 'bypassed' ELSE 'none' END, '{"address": "10.0.0.7", "port": 50000, "application": "psql", "tls": true}',
       '{"host": "db-1", "port": 5432, "database": "orders", "user": "app"}', '{SELECT 1}', jsonb_build_object('filler', repeat('x', 700))
       FROM generate_series(${Math.ceil(from)}, ${Math.floor(to) - 1}) AS s`,
  );
  await client.query(`UPDATE projection SET position = (SELECT size FROM log_head) WHERE name = 'sessions'`);
}

function draft(n, time) {
  const session = Math.floor(n / PER_SESSION);
  const step = n % PER_SESSION;
  const common = {
    ...{ time, class: 'standard', session: `session-${session}` },
    identity: {
      ...{ id: `agent-${session % IDENTITIES}`, kind: 'agent', onBehalfOf: 'finance' },
      ...{ provider: 'affidavit.yaml', verified: true },
    },
    connection: { name: `orders-${session % CONNECTIONS}`, type: 'postgres', sensitivity: 'sensitive' },
  };
  const client = { address: '10.0.0.7', port: 50_000, application: 'psql', tls: true };
  const target = { host: 'db-1', port: 5432, database: 'orders', user: 'app' };
  const approval = { required: false, state: 'none' };
  if (step === 0) return { type: 'session.opened', ...common, data: { client, target, approval } };
  const command = `${common.session}.${Math.ceil(step / 2)}`;
  if (step === PER_SESSION - 1) {
    const counts = { durationUs: 5_000_000, commands: 11, failed: 0, rows: 400, bytesIn: 900, bytesOut: 90_000 };
    const ended = { outcome: 'success', reason: 'the client ended the session', openedAt: time, context: ['SELECT 1'] };
    return { type: 'session.closed', ...common, data: { ...ended, ...counts, client, target, approval } };
  }
  if (step % 2 === 1) {
    const text = statementOf(n, session);
    const statement = { text, bytes: text.length, sha256: n.toString(16).padStart(64, '0') };
    return { type: 'command.issued', ...common, data: { command, kind: 'query', statement, approval } };
  }
  const counts = { rows: n % 97, bytesOut: n % 9973, bytesIn: 40, durationUs: n % 50_000 };
  return {
    ...{ type: 'command.completed', ...common },
    data: { command, outcome: 'success', committed: 'yes', tags: [`SELECT ${n % 97}`], ...counts },
  };
}

/** Half of the sessions ask, half change; a number of its own in each, a ticket, one table of five thousand, a word that is rare. */
function statementOf(n, session) {
  const ends = `-- ticket T${session % 997}${n % RARE_EVERY < 2 ? ' break_glass' : ''}`;
  if (session % 2)
    return `UPDATE invoices SET paid = true, paid_at = now() WHERE id = ${n} RETURNING id, status ${ends}`;
  return `SELECT o.id, o.status, c.name FROM orders o JOIN customers c ON c.id = o.customer_id JOIN stock_${session % 5003} s ON s.id = o.id WHERE c.id = ${n} AND o.created_at > $2 ${ends}`;
}

/** What is asked for text inside commands, and of the newest first. */
function searches(size) {
  const random = dice(11);
  const some = (most) => Math.floor(random() * most);
  const events = (text) => `/v1/events?before=head&limit=20&text=${encodeURIComponent(text)}`;
  /** The place of some command, which its statement names. */
  const numbered = () => Math.floor(some(size) / PER_SESSION) * PER_SESSION + 1 + 2 * some(11);
  return {
    'search, a frequent word': () => events('select'),
    'search, a rare word': () => events('break_glass'),
    'search, a word that is there once': () => events(`${numbered()}`),
    'search, two words': () => events(`T${some(997)} customers`),
    'search, two frequent words that never meet': () => events('customers invoices'),
    'search, a beginning': () => events(`stock_${10 + some(40)}*`),
    'search, nothing to be found': () => events(`nosuchword${some(1e6)}`),
    'search, a word of an identity': () => events(`T${some(997)}`).concat(`&identity=agent-${some(IDENTITIES)}`),
    'search, a word before some position': () => events(`T${some(997)}`).replace('head', String(some(size))),
    'search, sessions by a word': () => `/v1/sessions?limit=20&text=T${some(997)}`,
    'search, sessions by a rare word': () => '/v1/sessions?limit=20&text=break_glass',
  };
}

/** Bytes that the index takes for each event. */
async function indexCost() {
  const { rows } = await pool.query(
    `SELECT sum(pg_table_size(inhrelid))::float8 AS rows, sum(pg_indexes_size(inhrelid))::float8 AS indexes, (SELECT size::float8 FROM log_head) AS size
       FROM pg_inherits WHERE inhparent = 'command_words'::regclass`,
  );
  const [{ rows: table, indexes, size }] = rows;
  return { rowBytesPerEvent: Math.round(table / size), indexBytesPerEvent: Math.round(indexes / size) };
}

/** Pages of events and sessions, each of another place of the log. */
function pages(size) {
  const random = dice(7);
  const session = () => `session-${Math.floor((random() * size) / PER_SESSION)}`;
  const instant = () => new Date(FIRST_AT - random() * (size / PER_MONTH) * 30 * 86_400_000).toISOString();
  return {
    'events, a page': () => `/v1/events?after=${Math.floor(random() * size)}&limit=100`,
    'events, the newest': () => '/v1/events?before=head&limit=100',
    'events of a session': () => `/v1/events?after=-1&session=${session()}&limit=100`,
    'events of an identity': () =>
      `/v1/events?before=head&identity=agent-${Math.floor(random() * IDENTITIES)}&limit=100`,
    'one session': () => `/v1/sessions/${session()}`,
    'sessions, the newest': () => '/v1/sessions?limit=50',
    'sessions before an instant': () => `/v1/sessions?limit=50&to=${instant()}`,
    'sessions of an identity': () => `/v1/sessions?limit=50&identity=agent-${Math.floor(random() * IDENTITIES)}`,
    'sessions on a connection': () => `/v1/sessions?limit=50&connection=orders-${Math.floor(random() * CONNECTIONS)}`,
    'sessions by state': () => '/v1/sessions?limit=50&state=closed',
    'sessions by outcome': () => '/v1/sessions?limit=50&outcome=success',
    'sessions by identity and connection': () =>
      `/v1/sessions?limit=50&identity=agent-${Math.floor(random() * IDENTITIES)}&connection=orders-${Math.floor(random() * CONNECTIONS)}`,
    'sessions by a connection that is not there': () => '/v1/sessions?limit=50&connection=none',
    'sessions by an outcome that is not there': () => '/v1/sessions?limit=50&outcome=denied',
    'sessions of people': () => '/v1/sessions?limit=50&kind=human',
    'sessions by a rare type': () => '/v1/sessions?limit=50&type=mysql',
    'sessions by a rare outcome': () => '/v1/sessions?limit=50&outcome=failure',
    'sessions by a rare state': () => '/v1/sessions?limit=50&state=abandoned',
    'sessions that went around an approval': () => '/v1/sessions?limit=50&approval=bypassed',
    'sessions of an identity, by a rare outcome': () =>
      `/v1/sessions?limit=50&outcome=failure&identity=agent-${Math.floor(random() * IDENTITIES)}`,
    'sessions by two rare facets that never meet': () => '/v1/sessions?limit=50&outcome=failure&approval=requested',
    'sessions by three frequent facets and a rare one': () =>
      '/v1/sessions?limit=50&kind=agent&state=closed&outcome=success&approval=bypassed',
  };
}

/** Requests one after the other, as people and pollers make them. */
async function measured(kinds) {
  await startApi();
  const found = {};
  const wanted = new RegExp(values.kinds ?? '');
  for (const [kind, path] of Object.entries(kinds)) {
    if (!wanted.test(kind)) continue;
    // A key may ask so often and no more: that is not what is measured.
    await get('/v1/events?after=-1&limit=1');
    await wait(Math.max(0, requests + 40 - api.left) * 10);
    for (let n = 0; n < 20; n++) await get(path());
    const took = [];
    for (let n = 0; n < requests; n++) {
      const begun = performance.now();
      await get(path());
      took.push(performance.now() - begun);
    }
    took.sort((a, b) => a - b);
    const at = (share) => Number(took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1));
    found[kind] = { p50: at(0.5), p99: at(0.99) };
  }
  await stopApi();
  return found;
}

/** The whole log in one answer, an event a line. */
async function streaming(size) {
  await startApi();
  const memory = watchMemory(api.pid);
  const begun = performance.now();
  const answer = await fetch(`http://${host}:${api.port}/v1/events`, {
    headers: { authorization: `Bearer ${api.key}`, accept: 'application/x-ndjson' },
  });
  let lines = 0;
  for await (const chunk of answer.body) for (const byte of chunk) if (byte === 10) lines++;
  const took = (performance.now() - begun) / 1000;
  // What the api itself puts on the record meanwhile comes behind.
  if (lines < size) throw new Error(`${lines} events came, not ${size}`);
  const found = { eventsPerSecond: Math.round(lines / took), rssMb: memory.end() };
  await stopApi();
  return found;
}

/** The whole log as a file by the real api, next to the bare COPYs. */
async function exporting(size) {
  const bare = {
    binary: await copied(size, 'binary'),
    text: await copied(size, 'text'),
    binaryToDisk: await copied(size, 'binary', join(folder, 'bare.copy')),
  };
  await startApi();
  const memory = watchMemory(api.pid);
  const begun = performance.now();
  let one = await get('/v1/exports', { format: 'ndjson' });
  while (one.state !== 'finished') {
    await wait(100);
    one = await get(`/v1/exports/${one.id}`);
    if (one.state === 'failed') throw new Error(JSON.stringify(one.error));
  }
  const took = (performance.now() - begun) / 1000;
  if (one.count !== size) throw new Error(`${one.count} events were exported, not ${size}`);
  const rss = memory.end();
  const loading = watchMemory(api.pid);
  const fetched = performance.now();
  const answer = await fetch(`http://${host}:${api.port}${one.links.events}`);
  let bytes = 0;
  for await (const chunk of answer.body) bytes += chunk.length;
  if (bytes !== one.bytes) throw new Error(`${bytes} bytes came, not ${one.bytes}`);
  const download = {
    megabytesPerSecond: Math.round(bytes / 1e6 / ((performance.now() - fetched) / 1000)),
    rssMb: loading.end(),
  };
  await stopApi();
  const rate = Math.round(size / took);
  const share = (other) => Number((rate / other).toFixed(2));
  return {
    ...{ eventsPerSecond: rate, megabytesPerSecond: Math.round(one.bytes / 1e6 / took), rssMb: rss, download, bare },
    ratio: { binary: share(bare.binary), text: share(bare.text), binaryToDisk: share(bare.binaryToDisk) },
  };
}

/** Events a second of `COPY … TO STDOUT` by a client that does nothing with them, or writes them to a file. */
async function copied(size, format, file) {
  const { to: copyTo } = await import('pg-copy-streams');
  const client = await pool.connect();
  await client.query('SET statement_timeout = 0');
  const begun = performance.now();
  const sql = `COPY (SELECT body FROM event WHERE position < ${size} ORDER BY position) TO STDOUT (FORMAT ${format})`;
  const out = file && createWriteStream(file);
  for await (const chunk of client.query(copyTo(sql))) {
    if (out && !out.write(chunk)) await once(out, 'drain');
  }
  if (out) {
    out.end();
    await once(out, 'close');
  }
  const rate = Math.round(size / ((performance.now() - begun) / 1000));
  if (file) rmSync(file);
  client.release(true);
  return rate;
}

async function startApi() {
  const port = await freePort(host);
  const data = join(folder, 'data');
  api = spawn(process.execPath, ['dist/bin/api.js'], {
    cwd: root,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: postgres.url('affidavit') },
      ...{ AFFIDAVIT_DATA: data, AFFIDAVIT_API_PORT: String(port), AFFIDAVIT_LOG_LEVEL: 'warn' },
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  api.port = port;
  for (;;) {
    if (api.exitCode !== null) throw new Error(`the api ended with code ${api.exitCode}`);
    const answer = await fetch(`http://${host}:${port}/readyz`).catch(() => undefined);
    if (answer?.ok && existsSync(join(data, 'admin.key'))) break;
    await wait(20);
  }
  api.key = readFileSync(join(data, 'admin.key'), 'utf8').trim();
}

async function stopApi() {
  if (!api || api.exitCode !== null || api.signalCode !== null) return;
  const gone = once(api, 'exit');
  api.kill('SIGTERM');
  await gone;
}

async function get(path, body) {
  const answer = await fetch(`http://${host}:${api.port}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${api.key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  api.left = Number(answer.headers.get('ratelimit-remaining') ?? 0);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

function seconds(begun) {
  return ((performance.now() - begun) / 1000).toFixed(1);
}

/** The same places in every run. */
function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function table() {
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  const heads = results.sizes.map(({ events }) => `${(events / 1e6).toLocaleString('en-US')} million`);
  const lines = [row('what', ...heads), `|${'---|'.repeat(heads.length + 1)}`];
  for (const part of ['pages', 'search']) {
    for (const kind of Object.keys(results.sizes[0][part] ?? {})) {
      const figures = results.sizes.map((one) => `${one[part][kind].p50} / ${one[part][kind].p99} ms`);
      lines.push(row(`${kind}, p50 / p99`, ...figures));
    }
  }
  if (results.sizes[0].index) {
    const figures = results.sizes.map(
      ({ events, index: one }) =>
        `${results.indexing[events]} µs, ${one.rowBytesPerEvent} + ${one.indexBytesPerEvent} bytes`,
    );
    lines.push(row('index of the commands, of each event: time, rows + indexes', ...figures));
  }
  if (results.sizes[0].stream) {
    const figures = results.sizes.map(
      ({ stream: { eventsPerSecond, rssMb } }) =>
        `${eventsPerSecond}/s, memory ${rssMb.atQuarter}, ${rssMb.atEnd}, at most ${rssMb.most} MB`,
    );
    lines.push(row('all events as one NDJSON answer', ...figures));
  }
  if (results.sizes[0].export) {
    const of = (name, text) => lines.push(row(name, ...results.sizes.map(({ export: one }) => text(one))));
    of('export, NDJSON', (one) => `${one.eventsPerSecond}/s, ${one.megabytesPerSecond} MB/s`);
    of('bare COPY, binary / text', (one) => `${one.bare.binary}/s / ${one.bare.text}/s`);
    of('bare COPY, binary, to the same disk', (one) => `${one.bare.binaryToDisk}/s`);
    of(
      'export / bare COPY: binary, text, binary to disk',
      ({ ratio }) => `${ratio.binary}, ${ratio.text}, ${ratio.binaryToDisk}`,
    );
    of(
      'memory of the api: a quarter, end, most',
      ({ rssMb }) => `${rssMb.atQuarter}, ${rssMb.atEnd}, ${rssMb.most} MB`,
    );
    of('download', ({ download }) => `${download.megabytesPerSecond} MB/s, ${download.rssMb?.most} MB at most`);
  }
  return `${lines.join('\n')}\n| load of the machine at the start: ${results.load.map((one) => one.toFixed(1)).join(' ')} |`;
}
