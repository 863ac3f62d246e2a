// What the Merkle log costs, and how fast evidence is made and verified. One run, one machine, a PostgreSQL of its own; what is compared is
// measured side by side.
//   npm run bench:evidence                         a million events, some ten minutes, 6 GB of disk
//   npm run bench:evidence -- --events 100000      scaled down
//   npm run bench:evidence -- --json file.json     the figures for machines, too
//   recording      the same events into two logs, in turns: one with its tree, one whose tree is behind, which is how a log without one records
//   proof          of random positions, as a receipt has it
//   bundle         of the whole log, by what the api runs; memory of this process meanwhile
//   verification   of that bundle with worker threads, next to SHA-256 over as many bytes in one piece after the other, and next to nothing but
//                  the hashes that it needs, message by message; both in one thread
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { watchMemory } from './watch-memory.mjs';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    json: { type: 'string' },
    /** A bundle: verifies it and nothing else, and prints the figures. */
    verify: { type: 'string' },
    'event-bytes': { type: 'string' },
  },
});
const events = Number(values.events);
const root = new URL('..', import.meta.url).pathname;
if (!existsSync(join(root, 'dist'))) throw new Error('nothing is built: npm run build');
const dist = (path) => import(join(root, 'dist', path));
const lib = (name) => dist(`libs/${name}/src/index.js`);
const say = (text) => process.stderr.write(`${text}\n`);

const { freePort, startLocalPostgres } = await lib('platform');
const record = await lib('record');
const { batchReceipts } = await lib('delivery');
const { encodeEvent, instantOfMillis, stampEvent } = await lib('events');
const ledger = await lib('ledger');
const { decodeFrame, encodeFrame } = await lib('streams');
const { WorkerPool } = await dist('apps/cli/src/evidence/worker-pool.js');

/** As the recorder commits them at full load. */
const PER_COMMIT = 2_000;
const PER_FRAME = 200;
/** Commits of one log before it is the other's turn. */
const TURN = 5;
const PER_SESSION = 24;
const PROOFS = 2_000;
const NODE = 'bench';
/** `0x00` and the data of a leaf of class `standard`. */
const LEAF_BYTES = 67;

if (values.verify) {
  process.stdout.write(JSON.stringify(await verifying(values.verify)));
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), 'affidavit-bench-'));
chmodSync(folder, 0o755);
const postgres = await startLocalPostgres({
  directory: join(folder, 'postgres'),
  port: await freePort('127.0.0.1'),
  settings: { shared_buffers: '512MB', max_wal_size: '4GB' },
});
const results = { events, cpus: cpus().length, model: cpus()[0]?.model, node: process.version, load: loadavg() };
const logs = [];
/** Of all events, and how many there are. */
const generated = { bytes: 0, events: 0 };
try {
  const withTree = await openLog('with_tree', true);
  const without = await openLog('without_tree', false);
  await recording(withTree, without);
  await proofs(withTree);
  const bundle = await bundling(withTree);
  // It needs no database, and one that tidies up beside it would be measured with it.
  await stopPostgres();
  results.verification = await inOwnProcess(bundle);
  const text = JSON.stringify(results, null, 2);
  if (values.json) writeFileSync(values.json, `${text}\n`);
  process.stdout.write(`${table()}\n${values.json ? '' : `${text}\n`}`);
} finally {
  await stopPostgres();
  rmSync(folder, { recursive: true, force: true });
}

async function stopPostgres() {
  for (const log of logs.splice(0)) await log.pool.end();
  await postgres.stop();
}

async function openLog(name, hasTree) {
  const admin = record.createPool(postgres.url('postgres'), { applicationName: 'bench' });
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const pool = record.createPool(postgres.url(name), { applicationName: 'bench' });
  logs.push({ pool });
  await record.migrate(pool);
  const mark = generateKeyPairSync('ed25519');
  const gateway = generateKeyPairSync('ed25519');
  const checkpoint = generateKeyPairSync('ed25519');
  const spki = gateway.publicKey.export({ type: 'spki', format: 'der' });
  await record.pinMarkKey(pool, mark.publicKey.export({ type: 'spki', format: 'der' }));
  await record.adoptCheckpointKey(pool, ledger.rawPublicKey(checkpoint.publicKey), undefined);
  await pool.query('INSERT INTO producer_node (node) VALUES ($1)', [NODE]);
  await pool.query('INSERT INTO producer_key (key_id, node, public_key) VALUES ($1, $2, $3)', [
    record.producerKeyId(spki),
    NODE,
    spki,
  ]);
  const { log } = await record.readHead(pool);
  const head = ({ node, epoch, prevChain, last }) =>
    decodeFrame(encodeFrame({ header: { log, node, epoch, prevChain }, records: [last], privateKey: mark.privateKey }))
      .signatureProof;
  const writer = new record.LogWriter({ pool, version: 'bench', signHead: head, leaseMs: 600_000 });
  await writer.begin();
  if (!hasTree) {
    await pool.query(`UPDATE log_head SET tree_size = 0, root_edge = ''`);
    await writer.begin();
  }
  const epoch = '00000000000000be';
  const state = { seq: 0, chain: ledger.GENESIS_CHAIN, seconds: 0 };
  return { pool, log, writer, gateway, checkpoint, epoch, state };
}

/** The next events of a gateway, in frames as it would send them; made before the clock runs. */
function nextBatch({ log, gateway, epoch, state }) {
  const made = [];
  const prevChain = state.chain;
  let headSignature;
  for (let at = 0; at < PER_COMMIT; at += PER_FRAME) {
    const frameChain = state.chain;
    const records = [];
    for (let n = 0; n < PER_FRAME; n++) {
      state.seq += 1;
      const event = stampEvent(draftOf(state.seq), NODE, epoch, state.seq);
      const bytes = encodeEvent(event);
      generated.bytes += bytes.length;
      generated.events += 1;
      state.chain = ledger.nextChain(state.chain, ledger.eventHash(bytes));
      records.push({ seq: state.seq, chain: state.chain, bytes });
      made.push({ seq: state.seq, chain: state.chain, bytes, event });
    }
    const header = { log, node: NODE, epoch, prevChain: frameChain };
    headSignature = decodeFrame(encodeFrame({ header, records, privateKey: gateway.privateKey })).signatureProof;
  }
  return {
    advances: [{ node: NODE, epoch, prevChain, events: made, gap: false, headSignature }],
    forks: [],
    foreign: [],
  };
}

/** Sessions of eleven commands each, as a gateway tells them. */
function draftOf(seq) {
  if (seq === 1)
    return { type: 'producer.started', time: instantOfMillis(Date.now()), class: 'system', data: { version: 'bench' } };
  const session = Math.floor((seq - 2) / PER_SESSION);
  const step = (seq - 2) % PER_SESSION;
  const id = `bench-${session}`;
  const approval = { required: false, state: 'none' };
  const client = { address: '10.0.0.7', port: 50_000, application: 'psql', tls: true };
  const target = { host: 'db-1', port: 5432, database: 'orders', user: 'app' };
  const common = {
    ...{ time: instantOfMillis(Date.now()), class: 'standard', session: id },
    identity: {
      id: `agent-${session % 40}`,
      name: `Agent ${session % 40}`,
      kind: 'agent',
      provider: 'token',
      verified: true,
    },
    connection: { name: `connection-${session % 12}`, type: 'postgres', sensitivity: 'normal' },
  };
  if (step === 0) return { ...common, type: 'session.opened', data: { client, target, approval } };
  const command = `${id}.${Math.ceil(step / 2)}`;
  if (step === PER_SESSION - 1) {
    const counts = { commands: 11, failed: 0, rows: 11, bytesIn: 700, bytesOut: 1_100 };
    const data = {
      outcome: 'success',
      reason: 'the client ended the session',
      openedAt: common.time,
      durationUs: 5_000_000,
    };
    return { ...common, type: 'session.closed', data: { ...data, ...counts, client, target, approval, context: [] } };
  }
  if (step % 2 === 1) {
    const text = `SELECT id, total, status FROM invoices WHERE customer = ${seq} ORDER BY created_at DESC LIMIT 50`;
    const statement = { text, bytes: text.length, sha256: '0'.repeat(64) };
    return { ...common, type: 'command.issued', data: { command, kind: 'query', statement, approval } };
  }
  const data = {
    command,
    outcome: 'success',
    tags: ['SELECT 1'],
    rows: 1,
    bytesOut: 100,
    bytesIn: 64,
    durationUs: 900,
    committed: 'yes',
  };
  return { ...common, type: 'command.completed', data };
}

async function recording(withTree, without) {
  const commits = Math.ceil(events / PER_COMMIT);
  // As much is recorded without a tree as tells the difference; the rest only fills the log that the bundle is made of.
  const compared = Math.min(commits, 100);
  for (let done = 0; done < commits; done += TURN) {
    const turns = done < compared ? [withTree, without] : [withTree];
    if (done % (2 * TURN) > 0) turns.reverse();
    for (const log of turns) {
      for (let n = 0; n < TURN && done + n < commits; n++) {
        const batch = nextBatch(log);
        const begun = performance.now();
        await log.writer.commit(batch);
        // The first are not what is measured: nothing is warm.
        if (done >= TURN && done < compared) log.state.seconds += (performance.now() - begun) / 1000;
      }
    }
    if (done % 50 === 0) say(`${(done + TURN) * PER_COMMIT} of ${events} events recorded`);
  }
  const measured = (compared - TURN) * PER_COMMIT;
  results.recording = {
    withTreePerSecond: Math.round(measured / withTree.state.seconds),
    withoutTreePerSecond: Math.round(measured / without.state.seconds),
    ratio: Number((without.state.seconds / withTree.state.seconds).toFixed(2)),
  };
  if (without.writer.treeBehind === 0 || withTree.writer.treeBehind > 0)
    throw new Error('the trees are not as they should be');
}

function signer({ checkpoint }) {
  return {
    publicKey: ledger.rawPublicKey(checkpoint.publicKey),
    sign: (text, name) => ledger.signNote(text, name, checkpoint.privateKey),
  };
}

async function signOne(log) {
  await log.writer.commit(record.EMPTY_BATCH);
  await record.signCheckpoint(log.pool, {
    signer: signer(log),
    holder: log.writer.holder,
    keepElsewhere: async () => {},
  });
}

async function proofs(log) {
  await signOne(log);
  const { treeSize } = await record.readHead(log.pool);
  const took = [];
  for (let n = 0; n < PROOFS; n++) {
    const position = BigInt(Math.floor(Math.random() * Number(treeSize)));
    const begun = performance.now();
    const { leaf, path, checkpoint, size } = await record.readInclusion(log.pool, position);
    took.push(performance.now() - begun);
    const { root } = ledger.parseCheckpoint(ledger.parseNote(checkpoint).text);
    const leads = ledger.rootFromInclusion(ledger.leafHash(leaf), Number(position), Number(size), path);
    if (ledger.toHex(leads) !== ledger.toHex(root)) throw new Error(`the proof of ${position} does not hold`);
  }
  took.sort((a, b) => a - b);
  const at = (share) => Number(took[Math.floor(took.length * share)].toFixed(2));
  results.proof = { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

async function bundling(log) {
  const exports = record.ExportFolder.open(join(folder, 'exports'));
  const key = await record.createApiKey(log.pool, { role: 'operator', by: 'bench' });
  const { size } = await record.readHead(log.pool);
  const selection = { to: String(size) };
  const asked = await record.requestExport(log.pool, { kind: 'evidence', format: 'zip', selection }, key, exports.name);
  let isOver = false;
  const recorder = (async () => {
    while (!isOver) {
      await signOne(log);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  globalThis.gc?.();
  const memory = watchMemory(process.pid);
  const begun = performance.now();
  const made = await record.makeNextExport({
    ...{ pool: log.pool, folder: exports, keepMs: 3_600_000 },
    evidence: {
      software: 'affidavit bench',
      reportPage: join(root, 'dist/apps/report/report.html'),
      receipts: batchReceipts,
    },
  });
  const seconds = (performance.now() - begun) / 1000;
  isOver = true;
  await recorder;
  if (made?.outcome !== 'finished') throw new Error(`the bundle is ${made?.outcome}`);
  const one = await record.readExport(log.pool, asked.id);
  results.bundle = {
    seconds: Number(seconds.toFixed(1)),
    bytes: one.savepoint.bytes,
    events: Number(size),
    rssMb: memory.end(),
  };
  return exports.fileOf(one.id, one.attempt);
}

/** As somebody verifies it who has nothing else to do. */
async function inOwnProcess(file) {
  const args = [
    process.argv[1],
    '--verify',
    file,
    '--event-bytes',
    String(Math.round(generated.bytes / generated.events)),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

async function verifying(file) {
  const handle = await open(file);
  const { size } = await handle.stat();
  let unpacked = 0;
  const source = {
    size,
    async read(from, to) {
      const bytes = new Uint8Array(to - from);
      await handle.read(bytes, 0, bytes.length, from);
      return bytes;
    },
  };
  const pool = new WorkerPool();
  const memory = watchMemory(process.pid);
  const begun = performance.now();
  const report = await ledger.verifyBundle(source, {
    ...{ worker: pool.work, ahead: pool.ahead },
    onProgress: (_, total) => {
      unpacked = total;
    },
  });
  const seconds = (performance.now() - begun) / 1000;
  const rssMb = memory.end();
  await pool.close();
  await handle.close();
  if (report.verdict !== 'valid') throw new Error(JSON.stringify(report.problems.slice(0, 3)));
  const piece = Buffer.alloc(1 << 20, 'x');
  const hash = createHash('sha256');
  const hashed = performance.now();
  for (let done = 0; done < unpacked; done += piece.length) hash.update(piece);
  hash.digest();
  const hashSeconds = (performance.now() - hashed) / 1000;
  const messageSeconds = hashSeconds + hashMessages(report.summary.events);
  return {
    seconds: Number(seconds.toFixed(1)),
    unpacked,
    eventsPerSecond: Math.round(report.summary.events / seconds),
    rssMb,
    sha256Seconds: Number(hashSeconds.toFixed(2)),
    ratio: Number((hashSeconds / seconds).toFixed(2)),
    messagesSeconds: Number(messageSeconds.toFixed(1)),
    messagesRatio: Number((messageSeconds / seconds).toFixed(2)),
  };
}

/** Seconds for what each event needs by itself: its bytes, its leaf, its link in the chain, its node of the tree. */
function hashMessages(count) {
  const messages = [Number(values['event-bytes']), LEAF_BYTES, 64, 65].map((length) => Buffer.alloc(length, 'x'));
  const begun = performance.now();
  for (let n = 0; n < count; n++) for (const message of messages) ledger.sha256(message);
  return (performance.now() - begun) / 1000;
}

function table() {
  const { recording: recorded, proof, bundle, verification } = results;
  return [
    '| what | measured |',
    '|---|---|',
    `| recorded with the tree; without | ${recorded.withTreePerSecond}/s; ${recorded.withoutTreePerSecond}/s: ${recorded.ratio} of it |`,
    `| proof of a random position, p50 / p95 / p99 | ${proof.p50} / ${proof.p95} / ${proof.p99} ms |`,
    `| bundle of ${bundle.events} events | ${bundle.seconds} s, ${Math.round(bundle.bytes / 1e6)} MB; ${JSON.stringify(bundle.rssMb)} MB resident |`,
    `| verified, with threads | ${verification.seconds} s, ${verification.eventsPerSecond} events/s; ${JSON.stringify(verification.rssMb)} MB resident |`,
    `| SHA-256 of as many bytes (${Math.round(verification.unpacked / 1e6)} MB), one thread | ${verification.sha256Seconds} s: the verifier does ${verification.ratio} of it |`,
    `| SHA-256 of the same messages, one thread | ${verification.messagesSeconds} s: the verifier does ${verification.messagesRatio} of it |`,
    `| load of the machine at the start: ${results.load.map((one) => one.toFixed(1)).join(' ')} |`,
  ].join('\n');
}
