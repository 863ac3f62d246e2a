// How long the purge of one partition takes, and what recorders and readers feel of it meanwhile: a commit every 50 ms goes into the
// same class and into another, before the purge and while it is prepared and carried out. One run, one machine, a PostgreSQL of its own.
//   npm run bench:retention                         five million events, some ten minutes, 8 GB of disk
//   npm run bench:retention -- --events 500000      scaled down
//   npm run bench:retention -- --json file.json     the figures for machines, too
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { events: { type: 'string', default: '5000000' }, json: { type: 'string' } } });
const events = Number(values.events);
const root = new URL('..', import.meta.url).pathname;
const dist = (path) => import(join(root, 'dist/libs', path, 'src/index.js'));
const say = (text) => process.stderr.write(`${text}\n`);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
if (!existsSync(join(root, 'dist'))) throw new Error('nothing is built: npm run build');

const EPOCH = '00000000000000aa';
/** As the recorder commits them. */
const PER_RUN = 2_000;
/** Rows of one INSERT. */
const AT_ONCE = 100_000;
const MONTH_MS = 31 * 86_400_000;
const FROM_MS = Date.UTC(2024, 0, 1);
const PASSWORD = randomBytes(12).toString('hex');

const { freePort, startLocalPostgres } = await dist('platform');
const {
  beginRetentionRun,
  carryOutRun,
  createPool,
  ensureLogin,
  EMPTY_BATCH,
  loginName,
  LogWriter,
  migrate,
  placeHold,
  raiseRetention,
} = await dist('record');
const { encodeEvent, instantOfMillis, stampEvent } = await dist('events');
const { encodeLeaf, eventHash, GENESIS_CHAIN, nextChain } = await dist('ledger');

const runMs = () => Math.floor((MONTH_MS - 1) / Math.ceil(events / PER_RUN));
const at = (position) => instantOfMillis(FROM_MS + Math.floor(position / PER_RUN) * runMs());

const folder = mkdtempSync(join(tmpdir(), 'affidavit-bench-'));
chmodSync(folder, 0o755);
const postgres = await startLocalPostgres({ directory: join(folder, 'postgres'), port: await freePort('127.0.0.1') });
const results = { events, cpus: cpus().length, model: cpus()[0]?.model, node: process.version, load: loadavg() };
let pool;
let recorder;
try {
  await prepare();
  await fill();
  await measure();
  const text = JSON.stringify(results, null, 2);
  if (values.json) writeFileSync(values.json, `${text}\n`);
  process.stdout.write(`${table()}\n${values.json ? '' : `${text}\n`}`);
} finally {
  await recorder?.end();
  await pool?.end();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function prepare() {
  const first = createPool(postgres.url(), { applicationName: 'bench' });
  await first.query('CREATE DATABASE affidavit');
  await first.end();
  pool = createPool(postgres.url('affidavit'), { applicationName: 'bench' });
  await migrate(pool);
  await pool.query(`INSERT INTO producer_node (node) VALUES ('bench')`);
  const client = await pool.connect();
  await ensureLogin(client, 'recorder', PASSWORD);
  client.release();
  const url = new URL(postgres.url('affidavit'));
  [url.username, url.password] = [loginName('recorder'), PASSWORD];
  recorder = createPool(url.href, { applicationName: 'bench-recorder' });
  await raiseRetention(pool, { name: 'past', keepMs: 100 * 86_400_000, requirements: [] }, 'bench');
  // None fits, and a purge looks for each of them.
  for (const selection of [
    { identity: 'nobody' },
    { session: 'none' },
    { connection: 'elsewhere', outcome: 'failure' },
  ])
    await placeHold(pool, { selection, matter: 'M-1', reason: 'a bench', by: 'bench' });
}

/** One month, of some 600 bytes an event, sessions of two dozen events, forty identities; then vacuumed, as a month that is over is. */
async function fill() {
  const begun = performance.now();
  await pool.query(`SELECT ensure_partitions('past', $1, $2)`, [at(0), at(events - 1)]);
  for (let from = 0; from < events; from += AT_ONCE) {
    const until = Math.min(from + AT_ONCE, events);
    await pool.query(
      `INSERT INTO event (class, recorded_at, position, node, epoch, seq, type, occurred_at, session_id, identity_id, identity_kind,
                          connection, outcome, body)
       SELECT 'past', t, n, 'bench', $3, n + 1, CASE WHEN n % 2 = 0 THEN 'command.issued' ELSE 'command.completed' END, t,
              'session-' || n / 24, 'agent-' || n / 24 % 40, 'agent', 'db-' || n / 24 % 5, CASE WHEN n % 2 = 1 THEN 'success' END,
              convert_to(repeat('x', 520) || n, 'UTF8')
         FROM generate_series($1::bigint, $2::bigint - 1) AS n,
              LATERAL (SELECT $4::timestamptz + (n / ${PER_RUN}) * $5::float8 * interval '1 millisecond' AS t) AS x`,
      [from, until, EPOCH, instantOfMillis(FROM_MS), runMs()],
    );
    for (let first = from; first < until; first += PER_RUN) {
      const last = Math.min(first + PER_RUN, until) - 1;
      const leaves = Array.from({ length: last - first + 1 }, (_, n) =>
        encodeLeaf({
          recordedAtUs: BigInt(Date.parse(at(first))) * 1000n,
          class: 'past',
          epoch: EPOCH,
          seq: first + n + 1,
          eventHash: randomBytes(32),
        }),
      );
      await pool.query(
        `INSERT INTO run (first_position, last_position, recorded_at, node, epoch, first_seq, leaf_data)
         VALUES ($1, $2, $3, 'bench', $4, $5, $6)`,
        [first, last, at(first), EPOCH, first + 1, Buffer.concat(leaves)],
      );
    }
    if (until % 1_000_000 === 0) say(`${until} events are there`);
  }
  await pool.query('UPDATE log_head SET size = $1', [events]);
  const client = await pool.connect();
  await client.query('SET statement_timeout = 0');
  await client.query('VACUUM (ANALYZE) event_past_20240101');
  await client.query('ANALYZE run');
  await client.query('CHECKPOINT');
  client.release();
  const { rows } = await pool.query(`SELECT pg_total_relation_size('event_past_20240101')::float8 AS bytes`);
  results.partitionBytes = rows[0].bytes;
  say(
    `${events} events, ${(rows[0].bytes / 1e9).toFixed(1)} GB with indexes, written in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
  );
}

async function measure() {
  const writer = new LogWriter({
    pool: recorder,
    version: 'bench',
    signHead: () => Buffer.from('-'),
    leaseMs: 3_600_000,
  });
  await writer.begin();
  const write = makeProducer(writer);
  const commits = [];
  let isOver = false;
  const recording = (async () => {
    while (!isOver) {
      const begun = performance.now();
      await write(20);
      commits.push({ at: begun, ms: performance.now() - begun });
      await wait(50);
    }
  })();
  await wait(5_000);
  const alone = [performance.now() - 5_000, performance.now()];
  const run = await beginRetentionRun(pool, 'bench');
  if (run.planned.length !== 1) throw new Error(`the plan is ${run.planned}`);
  const begun = performance.now();
  await recorder.query('SELECT prepare_purge($1)', [run.planned[0]]);
  const prepared = performance.now();
  const report = await carryOutRun(recorder, run);
  const ended = performance.now();
  isOver = true;
  await recording;
  const [outcome] = Object.values(report);
  if (outcome !== 'purged') throw new Error(`it was not purged: ${outcome}`);
  results.prepareSeconds = Number(((prepared - begun) / 1000).toFixed(2));
  results.purgeSeconds = Number(((ended - prepared) / 1000).toFixed(2));
  results.commitMs = {
    alone: latencies(commits.filter((one) => one.at >= alone[0] && one.at < alone[1])),
    during: latencies(commits.filter((one) => one.at + one.ms >= begun && one.at < ended)),
  };
}

/** Twenty events at once, half of them of the class that is purged from. */
function makeProducer(writer) {
  const epoch = randomBytes(8).toString('hex');
  let seq = 0;
  let chain = GENESIS_CHAIN;
  return async (many) => {
    const prevChain = chain;
    const made = Array.from({ length: many }, () => {
      seq += 1;
      const draft = {
        type: 'command.issued',
        time: instantOfMillis(Date.now()),
        class: seq % 2 ? 'past' : 'standard',
        session: `live-${seq >> 4}`,
        data: {
          command: `live.${seq}`,
          kind: 'query',
          statement: { text: 'SELECT 1', bytes: 8, sha256: randomBytes(32).toString('hex') },
          approval: { required: false, state: 'none' },
        },
      };
      const event = stampEvent(draft, 'bench', epoch, seq);
      const bytes = encodeEvent(event);
      chain = nextChain(chain, eventHash(bytes));
      return { seq, chain, bytes, event };
    });
    const advance = { node: 'bench', epoch, prevChain, events: made, gap: false, headSignature: Buffer.from('-') };
    await writer.commit({ ...EMPTY_BATCH, advances: [advance] });
  };
}

function latencies(all) {
  const sorted = all.map((one) => one.ms).sort((a, b) => a - b);
  const of = (share) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(1));
  return { commits: sorted.length, p50: of(0.5), p99: of(0.99), most: of(1) };
}

function table() {
  const { prepareSeconds, purgeSeconds, partitionBytes, commitMs } = results;
  return [
    '| what | measured |',
    '|---|---|',
    `| preparing it, in a transaction of its own | ${prepareSeconds} s |`,
    `| purge of a partition of ${events} events (${(partitionBytes / 1e9).toFixed(1)} GB with indexes), three holds in force | ${purgeSeconds} s |`,
    `| commits of 20 events into the same class and another, before | p50 ${commitMs.alone.p50} ms, p99 ${commitMs.alone.p99} ms |`,
    `| the same during the purge | p50 ${commitMs.during.p50} ms, p99 ${commitMs.during.p99} ms, at most ${commitMs.during.most} ms |`,
  ].join('\n');
}
