import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { recordBackdated } from '../../../../test/support/backdated.js';
import { testDatabase, testFolder } from '../../../../test/support/servers.js';
import { SessionEvents } from '../../../../test/support/session-events.js';
import { TestRecord } from '../../../../test/support/test-record.js';
import { createApiKey } from '../api-keys.js';
import { instantSql, readHead } from '../head.js';
import { placeHold } from '../holds.js';
import { migrate } from '../migrate.js';
import { createPool } from '../pool.js';
import { readEvents } from '../read-events.js';
import { beginRetentionRun, carryOutRun } from '../retention.js';
import {
  deleteExport,
  type Export,
  type ExportFormat,
  type ExportSelection,
  listExports,
  readExport,
  requestExport,
} from './export.js';
import { ExportFolder } from './export-folder.js';
import { opensLink, signLink } from './export-link.js';
import { type ExportOutcome, type ExportWork, makeNextExport, tidyExports } from './run-export.js';

// Real PostgreSQL and a real folder. The log is written as the recorder writes it; an attempt that is cut off is one whose signal is
// aborted (it rests at a savepoint) or whose lease is taken from it.

const KEEP_MS = 3_600_000;

describe('exports', () => {
  let record: TestRecord;
  let place: ReturnType<typeof testFolder>;
  let folder: ExportFolder;
  let work: ExportWork;
  let key: { id: string; prefix: string };

  beforeEach(async () => {
    record = await TestRecord.open();
    place = testFolder();
    folder = ExportFolder.open(join(place.path, 'exports'));
    // Pages of three events: every export has many.
    work = { pool: record.pool, folder, keepMs: KEEP_MS, pageSize: { events: 3, bytes: 1 << 20 } };
    key = await createApiKey(record.pool, { role: 'operator', by: 'test' });
    const gateway = await record.producer('gw-1');
    for (let n = 0; n < 5; n++) {
      const session = new SessionEvents(`s-${n}`, { connection: n % 2 ? 'orders' : 'people', identity: `agent-${n}` });
      await record.record(gateway, [session.opened(), ...session.command(`SELECT ${n}\nFROM "t"`), session.closed()]);
    }
    await record.drainOutbox();
  });
  afterEach(async () => {
    await record.close();
    place.remove();
  });

  const ask = (format: ExportFormat = 'ndjson', selection: ExportSelection = {}) =>
    requestExport(record.pool, { kind: 'events', format, selection }, key, folder.name);

  async function made(one: Export, with_: ExportWork = work): Promise<Export> {
    const result = await makeNextExport(with_);
    const { error } = await readExport(record.pool, one.id);
    expect({ ...result, error }).toMatchObject({ one: { id: one.id }, outcome: 'finished', error: null });
    return readExport(record.pool, one.id);
  }
  const bytesOf = (one: Export) => readFileSync(folder.fileOf(one.id, one.attempt));
  const manifestOf = (one: Export) => JSON.parse(one.manifest!) as Record<string, unknown>;

  async function bodies(
    wanted: (event: { sessionId: string | null; type: string; position: bigint }) => boolean = () => true,
  ) {
    const events = await readEvents(record.pool, { after: -1n, limit: 1000 });
    return events.filter(wanted).map(({ body }) => `${body}\n`);
  }

  it('NDJSON holds the recorded bytes, an event a line, in the order of the log, and the manifest fits it', async () => {
    const one = await made(await ask());
    const bytes = bytesOf(one);
    const lines = await bodies();
    expect(bytes.toString()).toBe(lines.join(''));
    const { size, log } = await readHead(record.pool);
    expect(manifestOf(one)).toMatchObject({
      export: one.id,
      log,
      positions: { from: '0', to: String(size) },
      count: lines.length,
      firstPosition: '0',
      lastPosition: String(size - 1n),
      files: [{ name: `${one.id}.ndjson`, bytes: bytes.length, sha256: sha256(bytes) }],
      purged: { positions: 0, purges: [] },
      missing: { positions: 0 },
      holds: { inForce: [] },
    });
  });

  it('holds nothing beyond the limits of the key, whatever was asked for; they are part of what was asked', async () => {
    const begins = async (session: string) => {
      const { rows } = await record.pool.query<{ at: string; position: bigint }>(
        `SELECT ${instantSql('recorded_at')} AS at, position FROM event WHERE session_id = $1 ORDER BY position LIMIT 1`,
        [session],
      );
      return rows[0]!;
    };
    const [first, second, end] = [await begins('s-1'), await begins('s-2'), await begins('s-4')];
    const limits = { from: first.at, to: end.at, connections: ['orders', 'nowhere'] };
    const one = await made(await ask('ndjson', { limits }));
    expect(bytesOf(one).toString()).toBe((await bodies(({ sessionId }) => /s-[13]/.test(sessionId ?? ''))).join(''));
    expect(manifestOf(one)).toMatchObject({
      selection: { limits },
      positions: { from: String(first.position), to: String(end.position) },
    });
    const wide = await made(await ask('csv', { from: '0', to: '9999', limits: { to: second.at } }));
    expect([wide.from, wide.to]).toEqual([0n, second.position]);
    const narrow = await made(await ask('json', { from: String(second.position), connection: 'orders', limits }));
    expect([narrow.from, narrow.to, narrow.savepoint?.count]).toEqual([second.position, end.position, 4]);
    for (const beyond of [{ connection: 'people' }, { connection: 'none' }, { to: first.at }, { from: end.at }]) {
      await expect(ask('ndjson', { ...beyond, limits })).rejects.toMatchObject({ code: 'RECORD_EXPORT_EMPTY' });
    }
  });

  it('goes on the record in the transaction that lets it be fetched: who, what was asked, what was returned', async () => {
    const one = await made(await ask('ndjson', { session: 's-1', types: ['command.issued'] }));
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 1000 });
    const [said] = events.filter(({ type }) => type === 'record.exported');
    const { data } = JSON.parse(String(said!.body)) as { data: object };
    expect(data).toEqual({
      key: `api-key:${key.prefix}`,
      what: 'events as ndjson',
      count: 1,
      digest: sha256(bytesOf(one)),
      export: one.id,
      bytes: bytesOf(one).length,
      from: '0',
      to: String(one.to),
      selection: '{"types":["command.issued"],"session":"s-1"}',
    });
  });

  it('selects by position, time, session, identity, connection and type', async () => {
    const expected: [ExportSelection, Parameters<typeof bodies>[0]][] = [
      [{ from: '3', to: '9' }, ({ position }) => position >= 3n && position < 9n],
      [{ from: '1970-01-01T00:00:00Z' }, () => true],
      [{ session: 's-3' }, ({ sessionId }) => sessionId === 's-3'],
      [{ identity: 'agent-2' }, ({ sessionId }) => sessionId === 's-2'],
      [{ connection: 'orders' }, ({ sessionId }) => sessionId === 's-1' || sessionId === 's-3'],
      [{ types: ['session.closed', 'session.opened'] }, ({ type }) => type.startsWith('session.')],
      [{ identity: "x' OR true --" }, () => false],
    ];
    for (const [selection, wanted] of expected) {
      const one = await made(await ask('ndjson', selection));
      expect({ selection, text: bytesOf(one).toString() }).toEqual({
        selection,
        text: (await bodies(wanted)).join(''),
      });
    }
  });

  it('JSON is one document with each event as the API shows it, CSV a line an event', async () => {
    const events = await readEvents(record.pool, { after: -1n, limit: 1000 });
    const json = JSON.parse(String(bytesOf(await made(await ask('json'))))) as unknown[];
    expect(json).toEqual(
      events.map(({ position, recordedAt, class: name, body }) => ({
        ...{ position: String(position), recordedAt, class: name },
        event: JSON.parse(String(body)) as unknown,
      })),
    );
    expect(JSON.parse(String(bytesOf(await made(await ask('json', { session: 'nobody' })))))).toEqual([]);
    const csv = String(bytesOf(await made(await ask('csv'))));
    expect(csv.match(/\r\n/g)).toHaveLength(events.length + 1);
    expect(csv).toContain('\r\n0,');
  });

  it('a quarantined event is a line of its own, in base64', async () => {
    await record.pool.query(
      `INSERT INTO event (class, recorded_at, position, node, epoch, seq, type, body)
       SELECT 'standard', recorded_at, size, 'gw-1', '00000000000000aa', 1, 'quarantined', '\\x0aff'::bytea || convert_to(repeat('x', 200), 'UTF8') FROM log_head`,
    );
    await record.pool.query(
      `INSERT INTO run SELECT size, size, recorded_at, 'gw-1', '00000000000000aa', 1, '' FROM log_head`,
    );
    await record.pool.query('UPDATE log_head SET size = size + 1');
    const { size } = await readHead(record.pool);
    const line = String(bytesOf(await made(await ask('ndjson', { types: ['quarantined'] })))).trimEnd();
    const found = JSON.parse(line) as Record<string, string>;
    expect(found).toMatchObject({ position: String(size - 1n), node: 'gw-1', epoch: '00000000000000aa', seq: 1 });
    expect(Buffer.from(found.quarantined!, 'base64')).toEqual(Buffer.from(`\nÿ${'x'.repeat(200)}`, 'latin1'));
    const [shown] = JSON.parse(String(bytesOf(await made(await ask('json', { types: ['quarantined'] }))))) as [object];
    expect(shown).toMatchObject({ quarantined: { position: String(size - 1n) } });
  });

  /** Attempts that are each stopped after their first page, until it is finished. */
  async function inPieces(one: Export, between: (attempt: number) => Promise<void> | void): Promise<Export> {
    for (let attempt = 1; attempt < 50; attempt++) {
      const stopped = AbortSignal.abort();
      const outcome = (await makeNextExport({ ...work, signal: stopped }))?.outcome;
      if (outcome === 'finished') return readExport(record.pool, one.id);
      expect(outcome).toBe('rests');
      await between(attempt);
    }
    throw new Error('it never ends');
  }

  it.each(['ndjson', 'csv', 'json'] as const)(
    '%s cut off after every page is byte for byte what it is in one go',
    async (format) => {
      const whole = bytesOf(await made(await ask(format, { to: '18' })));
      const one = await inPieces(await ask(format, { to: '18' }), () => {});
      expect(one.attempt).toBeGreaterThan(4);
      expect(bytesOf(one)).toEqual(whole);
      expect(readdirSync(join(folder.path, one.id))).toEqual([`${one.attempt}.data`]);
    },
  );

  it('goes on from what the savepoint vouches for: what lies behind it was never synced, and a rotten file is made anew', async () => {
    const whole = String(bytesOf(await made(await ask('ndjson', { to: '18' }))));
    const one = await inPieces(await ask('ndjson', { to: '18' }), async (attempt) => {
      const { savepoint } = (await listExports(record.pool, { limit: 1 }))[0]!;
      const file = folder.fileOf((await listExports(record.pool, { limit: 1 }))[0]!.id, savepoint!.attempt);
      if (attempt === 1) writeFileSync(file, 'half a line', { flag: 'a' });
      if (attempt === 2) truncateSync(file, savepoint!.bytes - 1);
      if (attempt === 3) writeFileSync(file, 'x'.repeat(savepoint!.bytes));
      if (attempt === 4) rmSync(file);
    });
    expect(String(bytesOf(one))).toBe(whole);
    expect(manifestOf(one)).toMatchObject({ count: 18 });
  });

  it('whose lease was taken finishes nothing, and spoils nothing', async () => {
    const one = await ask();
    let taken: Promise<unknown> | undefined;
    // Another process takes it while the first one writes: its clock says that the lease is over.
    const slow: ExportWork = {
      ...work,
      pool: new Proxy<pg.Pool>(record.pool, {
        get(pool, name) {
          if (name !== 'query') return bound(pool, name);
          return async (text: string, values: unknown[]) => {
            if (taken === undefined && /savepoint = \$4/.test(text)) {
              await pool.query(`UPDATE export SET lease_until = clock_timestamp() - interval '1 second'`);
              taken = makeNextExport(work);
              await taken;
            }
            return pool.query(text, values);
          };
        },
      }),
    };
    expect(await makeNextExport(slow)).toMatchObject({ outcome: 'lost' });
    expect(await taken).toMatchObject({ outcome: 'finished' });
    const ended = await readExport(record.pool, one.id);
    expect(ended).toMatchObject({ state: 'finished', attempt: 2 });
    expect(bytesOf(ended).toString()).toBe((await bodies(({ position }) => position < one.to)).join(''));
  });

  it('an export of another folder is left to its node for a minute, and then made anew', async () => {
    const one = await ask();
    await makeNextExport({ ...work, signal: AbortSignal.abort() });
    const other = ExportFolder.open(join(place.path, 'other'));
    expect(await makeNextExport({ ...work, folder: other })).toBeUndefined();
    await record.pool.query(`UPDATE export SET lease_until = clock_timestamp() - interval '61 seconds'`);
    expect(await makeNextExport({ ...work, folder: other })).toMatchObject({ outcome: 'finished' });
    const ended = await readExport(record.pool, one.id);
    expect(readFileSync(other.fileOf(one.id, ended.attempt))).toHaveLength(ended.savepoint!.bytes);
    // The folder that it left loses what lay there.
    await tidyExports(work);
    expect(existsSync(join(folder.path, one.id))).toBe(false);
    await tidyExports({ ...work, folder: other });
    expect(existsSync(other.fileOf(one.id, ended.attempt))).toBe(true);
  });

  it('its file goes when its time is over or a person says so; the manifest stays', async () => {
    const [kept, gone, unwanted] = [await made(await ask()), await made(await ask()), await made(await ask())];
    await record.pool.query(`UPDATE export SET keep_until = clock_timestamp() WHERE id = $1`, [gone.id]);
    await deleteExport(record.pool, unwanted.id, 'test', key.id);
    await deleteExport(record.pool, unwanted.id, 'test', key.id);
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 10_000 });
    const deleted = events.filter(({ type }) => type === 'export.deleted').map(({ body }) => body.toString());
    expect(deleted.filter((body) => body.includes(unwanted.id))).toHaveLength(1);
    await tidyExports(work);
    expect(readdirSync(folder.path).sort()).toEqual([kept.id, 'folder-name'].sort());
    expect(await readExport(record.pool, gone.id)).toMatchObject({ state: 'expired', manifest: gone.manifest });
    expect(await readExport(record.pool, unwanted.id)).toMatchObject({ state: 'deleted' });
  });

  it('deleted while it is written, it ends, and its file goes', async () => {
    const one = await ask();
    await makeNextExport({ ...work, signal: AbortSignal.abort() });
    await deleteExport(record.pool, one.id, 'test');
    expect(await makeNextExport(work)).toBeUndefined();
    await tidyExports(work);
    expect(existsSync(join(folder.path, one.id))).toBe(false);
  });

  it('a folder that cannot be written fails the export, and says so', async () => {
    const one = await ask();
    writeFileSync(join(folder.path, one.id), 'a file in the place of its folder');
    expect(await makeNextExport(work)).toMatchObject({ outcome: 'failed' });
    expect(await readExport(record.pool, one.id)).toMatchObject({
      state: 'failed',
      error: { code: 'RECORD_EXPORT_FOLDER', remedy: expect.stringContaining('AFFIDAVIT_EXPORT_DIR') },
    });
    const { rows } = await record.pool.query('SELECT FROM reading_claim');
    expect(rows).toHaveLength(0);
  });

  it('what goes wrong again and again is tried ten times, and then has failed', async () => {
    const one = await ask();
    const broken: ExportWork = {
      ...work,
      pool: new Proxy<pg.Pool>(record.pool, {
        get(pool, name) {
          if (name === 'connect') return () => Promise.reject(new Error('no connection today'));
          return bound(pool, name);
        },
      }),
    };
    const outcomes: (ExportOutcome | undefined)[] = [];
    while (outcomes.at(-1) !== 'failed' && outcomes.length < 20) outcomes.push((await makeNextExport(broken))?.outcome);
    expect(outcomes).toEqual([...Array(9).fill('rests'), 'failed']);
    expect(await readExport(record.pool, one.id)).toMatchObject({ error: { message: 'no connection today' } });
  });

  it('refuses an empty range, and a key that asks for ever more', async () => {
    await expect(ask('ndjson', { from: '5', to: '5' })).rejects.toMatchObject({ code: 'RECORD_EXPORT_EMPTY' });
    await expect(ask('ndjson', { from: '1000000' })).rejects.toMatchObject({ code: 'RECORD_EXPORT_EMPTY' });
    const asked = await Promise.allSettled(Array.from({ length: 12 }, () => ask()));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('is seen by its own key only', async () => {
    const one = await ask();
    const other = await createApiKey(record.pool, { role: 'operator', by: 'test' });
    await expect(readExport(record.pool, one.id, other.id)).rejects.toMatchObject({ code: 'RECORD_EXPORT_UNKNOWN' });
    await expect(deleteExport(record.pool, one.id, 'test', other.id)).rejects.toMatchObject({
      code: 'RECORD_EXPORT_UNKNOWN',
    });
    expect(await listExports(record.pool, { limit: 10, owner: other.id })).toEqual([]);
    expect(await listExports(record.pool, { limit: 10, owner: key.id })).toHaveLength(1);
  });

  it('a link opens its own file of its own export, for a quarter of an hour', async () => {
    const one = await ask();
    const link = signLink(one, 'events', 1_000_000);
    expect(opensLink(one, 'events', link, 1_000_000)).toBe(true);
    expect(opensLink(one, 'events', link, 1_000_000 + 15 * 60_000)).toBe(false);
    expect(opensLink(one, 'manifest', link, 1_000_000)).toBe(false);
    expect(opensLink(await ask(), 'events', link, 1_000_000)).toBe(false);
    expect(opensLink(one, 'events', { ...link, expires: link.expires + 1 }, 1_000_000)).toBe(false);
    expect(opensLink(one, 'events', { ...link, signature: 'AAAA' }, 1_000_000)).toBe(false);
  });

  it('a hold that keeps some of its events stands in the manifest, with how many; one that does not, does not', async () => {
    await placeHold(record.pool, { selection: { session: 's-2' }, matter: 'M-1', reason: 'a claim', by: 'test' });
    await placeHold(record.pool, { selection: { identity: 'nobody' }, matter: 'M-2', reason: 'another', by: 'test' });
    for (const format of ['ndjson', 'csv'] as const) {
      const { inForce } = manifestOf(await inPieces(await ask(format), () => {})).holds as { inForce: unknown[] };
      expect(inForce).toMatchObject([{ matter: 'M-1', selection: { session: 's-2' }, events: 4 }]);
      expect(inForce).toHaveLength(1);
    }
  });
});

describe('exports beside retention', () => {
  it('no purge drops what an export is still to read; what was purged before, and what is missing, is said', async () => {
    const database = await testDatabase();
    const pool = createPool(database.url, { applicationName: 'test' });
    const place = testFolder();
    try {
      await migrate(pool);
      const folder = ExportFolder.open(place.path);
      const work: ExportWork = { pool, folder, keepMs: KEEP_MS, pageSize: { events: 2, bytes: 1 << 20 } };
      const key = await createApiKey(pool, { role: 'operator', by: 'test' });
      const months = [0, 1, 2].flatMap((month) => [1, 2, 3].map((day) => Date.UTC(2024, month, day)));
      await recordBackdated(
        pool,
        months.map((atMs) => ({ class: 'standard', atMs, session: `s-${atMs}` })),
      );
      const ask = () => requestExport(pool, { kind: 'events', format: 'ndjson', selection: {} }, key, folder.name);
      const one = await ask();
      await makeNextExport({ ...work, signal: AbortSignal.abort() });
      await tidyExports(work);

      const verdicts = async () => Object.values((await carryOutRun(pool, await beginRetentionRun(pool, 'test')))!);
      // Two events are written: the month of the third still waits for it, and those after it. None is even planned.
      const { rows: waits } = await pool.query<{ why: string }>(
        `SELECT partition_waits(name) AS why FROM partition WHERE name LIKE 'event_standard%' ORDER BY name`,
      );
      expect(waits).toHaveLength(3);
      for (const { why } of waits) expect(why).toContain(`export ${one.id} reads it until`);
      expect(await verdicts()).toEqual([]);
      expect(await makeNextExport(work)).toMatchObject({ outcome: 'finished' });
      expect(JSON.parse((await readExport(pool, one.id)).manifest!)).toMatchObject({
        count: 9,
        purged: { positions: 0 },
      });
      expect(await verdicts()).toEqual(['purged', 'purged', 'purged']);

      await recordBackdated(
        pool,
        [1, 2, 3].map((day) => ({ class: 'standard', atMs: Date.UTC(2026, 9, day) })),
      );
      await pool.query(
        'SET session_replication_role = replica; DELETE FROM event WHERE position = 10; RESET session_replication_role',
      );
      const later = await ask();
      expect(await makeNextExport(work)).toMatchObject({ outcome: 'finished' });
      expect(JSON.parse((await readExport(pool, later.id)).manifest!)).toMatchObject({
        count: 2,
        firstPosition: '9',
        lastPosition: '11',
        purged: { positions: 9, purges: [1, 2, 3].map(() => ({ class: 'standard', count: '3' })) },
        missing: { positions: 1, first: ['10'] },
      });
    } finally {
      await pool.end();
      await database.drop();
      place.remove();
    }
  });
});

/** A member of an object behind a proxy, as the object itself has it. */
function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name);
  return typeof member === 'function' ? member.bind(target) : member;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
