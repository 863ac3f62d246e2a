import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EvidenceReport, rawPublicKey, toBase64, verifyBundle } from '#ledger';
import { sourceOf } from '../../../../test/support/evidence-maker.js';
import { startedDraft } from '../../../../test/support/producer.js';
import { testFolder } from '../../../../test/support/servers.js';
import { SessionEvents } from '../../../../test/support/session-events.js';
import { SignedRecord } from '../../../../test/support/signed-record.js';
import { createApiKey } from '../api-keys.js';
import { type Export, type ExportSelection, readExport, requestExport } from '../exports/export.js';
import { ExportFolder } from '../exports/export-folder.js';
import { type ExportWork, makeNextExport } from '../exports/run-export.js';
import { readHead } from '../head.js';
import { placeHold } from '../holds.js';
import { beginPass, verifyStep } from '../verification.js';

// Real PostgreSQL, real keys, a real folder; the verifier knows nothing of the record but the file. Receipts are made up here.

let record: SignedRecord;
let place: ReturnType<typeof testFolder>;
let folder: ExportFolder;
let work: ExportWork;
let key: { id: string; prefix: string };

beforeEach(async () => {
  record = await SignedRecord.open();
  place = testFolder();
  folder = ExportFolder.open(join(place.path, 'exports'));
  const reportPage = join(place.path, 'report.html');
  writeFileSync(reportPage, '<!doctype html><title>Evidence</title>\n');
  work = {
    pool: record.pool,
    folder,
    keepMs: 3_600_000,
    pageSize: { events: 50, bytes: 1 << 20 },
    evidence: {
      software: 'affidavit test',
      reportPage,
      receipts: async function* (_, from, to) {
        yield { destination: 'datadog', batch: '1', from: String(from), to: String(to) };
      },
    },
  };
  key = await createApiKey(record.pool, { role: 'operator', by: 'test' });
  for (const node of ['gw-1', 'gw-2']) {
    const gateway = await record.producer(node);
    await record.record(gateway, [startedDraft()]);
    for (let n = 0; n < 30; n++) {
      const session = new SessionEvents(`${node}-s-${n}`, {
        connection: n % 2 ? 'orders' : 'people',
        identity: `agent-${n}`,
      });
      const commands = Array.from({ length: 5 }, (_, c) => session.command(`SELECT ${c}`)).flat();
      await record.record(gateway, [session.opened(), ...commands, session.closed()]);
    }
  }
  record.start();
}, 30_000);
afterEach(async () => {
  await record.close();
  place.remove();
});

const ask = (selection: ExportSelection = {}, forced = false) =>
  requestExport(record.pool, { kind: 'evidence', format: 'zip', selection, forced }, key, folder.name);

async function made(one: Export): Promise<Export> {
  const result = await makeNextExport(work);
  const ended = await readExport(record.pool, one.id);
  expect({ ...result, error: ended.error }).toMatchObject({ one: { id: one.id }, outcome: 'finished', error: null });
  return ended;
}

async function verified(one: Export): Promise<EvidenceReport> {
  const bytes = readFileSync(folder.fileOf(one.id, one.attempt));
  const keys = [toBase64(rawPublicKey(record.checkpointKey))];
  return verifyBundle(sourceOf(bytes), { keys });
}

const codes = ({ remarks }: EvidenceReport) => [...new Set(remarks.map((remark) => remark.code))].sort();

describe('a bundle of evidence', () => {
  it('of the whole log proves itself', async () => {
    const one = await made(await ask());
    const report = await verified(one);
    expect(report.problems).toEqual([]);
    expect(report.verdict).toBe('valid');
    expect(report.summary).toMatchObject({ log: record.log, from: '0', to: String(one.to), sessions: 60 });
    expect(report.summary.events).toBe(Number(one.to));
    const { rows } = await record.pool.query(`SELECT count(*)::int AS n FROM event WHERE type = 'record.exported'`);
    expect(rows[0].n).toBe(1);
    expect(JSON.parse(one.manifest!)).toMatchObject({ kind: 'evidence', files: [{ name: `${one.id}.zip` }] });
  });

  it.each([
    ['a range', { from: '100', to: '300' }],
    ['a session', { session: 'gw-1-s-3' }],
    ['an identity on a connection', { identity: 'agent-7', connection: 'orders' }],
    ['a type', { types: ['session.closed'] }],
    ['nothing that fits', { session: 'nobody-s' }],
  ])('of %s proves itself', async (_, selection) => {
    const report = await verified(await made(await ask(selection)));
    expect(report.problems).toEqual([]);
    expect(report.verdict).toBe('valid');
  });

  it('of a key with limits shows what is withheld, and no more than it may', async () => {
    const one = await made(await ask({ limits: { connections: ['orders'] } }));
    const report = await verified(one);
    expect(report.problems).toEqual([]);
    expect(codes(report)).toContain('withheld');
    const bytes = readFileSync(folder.fileOf(one.id, one.attempt));
    expect(bytes.includes('people')).toBe(false);
  });

  it('names what is missing: a hole that the producer signed, a purge, bytes in quarantine; and shows holds', async () => {
    const gateway = await record.producer('gw-1');
    await record.record(gateway, [startedDraft()]);
    for (let n = 0; n < 4; n++) gateway.emit(new SessionEvents('lost').opened());
    await record.recordMade(gateway, 3);
    gateway.emitBytes(Buffer.from('not an\nevent'));
    await record.recordMade(gateway);
    await placeHold(record.pool, { matter: 'M-1', reason: 'a claim', selection: { session: 'gw-2-s-1' }, by: 'test' });
    // A purge as the database itself does it, without the years that it would take.
    await record.pool.query(`SET session_replication_role = replica;
      INSERT INTO purge (class, from_at, to_at, count, digest) SELECT 'standard', min(recorded_at), min(recorded_at) + interval '1 microsecond', 1, ''
        FROM event WHERE session_id = 'gw-1-s-0';
      INSERT INTO outbox (body) SELECT json_build_object('type', 'retention.purged', 'time', '2026-11-29T12:00:00.000000Z', 'class', 'system',
          'data', json_build_object('class', 'standard', 'count', 1, 'digest', repeat('0', 64),
            'from', to_char(from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'to', to_char(to_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))) FROM purge;
      DELETE FROM event e USING purge p WHERE e.class = p.class AND e.recorded_at >= p.from_at AND e.recorded_at < p.to_at;
      SET session_replication_role = DEFAULT`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const report = await verified(await made(await ask({ to: String((await readHead(record.pool)).size) })));
    expect(report.problems).toEqual([]);
    expect(codes(report)).toEqual(expect.arrayContaining(['purged']));
    expect(report.remarks.map((remark) => remark.message).join('\n')).toMatch(/lost|hole/);
  });

  it('goes over a change of generation', async () => {
    const { size, generation } = await readHead(record.pool);
    record.known = [{ generation, size: Number(size) + 50, root: 'ab'.repeat(32), source: 'a test' }];
    await record.pool.query('UPDATE log_head SET lease_until = now()');
    await record.writer.begin();
    const gateway = await record.producer('gw-1');
    await record.record(gateway, [startedDraft()]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const report = await verified(await made(await ask()));
    expect(report.problems).toEqual([]);
    expect(report.summary.generation).toBe(2);
  });

  it('is made again where it was broken off, at any step', async () => {
    const one = await ask();
    let steps = 0;
    for (let at = 1; ; at += 7) {
      const stop = new AbortController();
      let seen = 0;
      const receipts = work.evidence!.receipts;
      const signal = Object.defineProperty(new AbortController().signal, 'aborted', {
        get: () => {
          seen += 1;
          return seen >= at;
        },
      });
      const result = await makeNextExport({ ...work, signal, evidence: { ...work.evidence!, receipts } });
      stop.abort();
      if (result?.outcome === 'finished') break;
      expect(result?.outcome).toBe('rests');
      steps += 1;
    }
    expect(steps).toBeGreaterThan(3);
    const ended = await readExport(record.pool, one.id);
    const report = await verified(ended);
    expect([report.problems, report.verdict]).toEqual([[], 'valid']);
  }, 60_000);

  it('of what is not as it was recorded is refused, unless it is forced; then it says so, and does not verify', async () => {
    await record.pool.query(`SET session_replication_role = replica;
      UPDATE event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'SELECT 3', 'SELECT 4'), 'UTF8') WHERE position = (
        SELECT min(position) FROM event WHERE type = 'command.issued' AND position(convert_to('SELECT 3', 'UTF8') IN body) > 0);
      SET session_replication_role = DEFAULT`);
    let pass = await beginPass(record.pool);
    while (pass.finishedAt === null) pass = await verifyStep(record.pool, pass, 512);
    await expect(ask()).rejects.toMatchObject({ code: 'RECORD_DIFFERS' });
    const report = await verified(await made(await ask({}, true)));
    expect(report.verdict).toBe('invalid');
    expect(report.problems.map((problem) => problem.code)).toContain('altered');
  });
});
