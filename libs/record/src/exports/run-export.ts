import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type pg from 'pg';
import { AffidavitError, describeError, instantOfMillis, SYSTEM_CLASS } from '#events';
import { RecordError } from '../errors.js';
import { type BundleWork, makeBundle } from '../evidence/index.js';
import { instantSql, readHead } from '../head.js';
import { listHolds } from '../holds.js';
import { enqueueOutbox } from '../outbox.js';
import { inTransaction } from '../pool.js';
import { endReading } from '../reading-claims.js';
import { CSV_HEAD, csvLine } from './csv.js';
import { EXPORT_CLAIM_MS, type Export, type ExportFailure, findExport } from './export.js';
import { ExportFile } from './export-file.js';
import type { ExportFolder } from './export-folder.js';
import { exportManifest } from './manifest.js';
import type { ExportSavepoint } from './savepoint.js';
import { absencesBetween, LINES, type Page, type PageSize, SelectedEvents } from './selected-events.js';

/** For so long an export stays with a process that says no more. */
const LEASE_MS = 15_000;
/** Whoever has another folder than the one it began in takes it no earlier: that one's node may be restarting. */
const OTHER_FOLDER_AFTER_MS = 60_000;
const SAVEPOINT_EVERY_MS = 1_000;
/** After so many attempts that brought nothing forward it has failed. */
const MOST_TRIES = 10;
/** What is in memory: a page being written, and the next one being read. */
const PAGE: PageSize = { events: 5_000, bytes: 4 * 1024 * 1024 };
const MISSING_LISTED = 1_000;

export interface ExportWork {
  pool: pg.Pool;
  folder: ExportFolder;
  /** How long a finished export is kept. */
  keepMs: number;
  /** Aborted when the process stops: the export rests at a savepoint, for whoever takes it next. */
  signal?: AbortSignal;
  pageSize?: PageSize;
  /** What bundles of evidence need; absent: this process makes none. */
  evidence?: Pick<BundleWork, 'software' | 'reportPage' | 'receipts'>;
}

/** What became of an attempt: it goes on later (`rests`), or another process or a person decided otherwise (`lost`). */
export type ExportOutcome = 'finished' | 'failed' | 'rests' | 'lost';

interface Attempt {
  work: ExportWork;
  one: Export;
  holder: string;
}

/**
 * Takes the oldest export that nobody writes now, and makes it.
 * @returns undefined where there is none
 * @throws what PostgreSQL says where the export could not even be let go: its lease ends by itself
 */
export async function makeNextExport(work: ExportWork): Promise<{ one: Export; outcome: ExportOutcome } | undefined> {
  const { pool, folder } = work;
  const holder = randomUUID();
  const { rows } = await pool.query<{ id: string }>(
    `UPDATE export SET state = 'running', holder = $1, lease_until = clock_timestamp() + $2 * interval '1 millisecond', attempt = attempt + 1,
            tries = tries + 1, folder = $3, savepoint = CASE WHEN folder = $3 THEN savepoint END
      WHERE id = (SELECT id FROM export WHERE state IN ('waiting', 'running') AND coalesce(lease_until, '-infinity') < clock_timestamp()
                     AND (folder = $3 OR coalesce(lease_until, created_at) < clock_timestamp() - $4 * interval '1 millisecond')
                   ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING id`,
    [holder, LEASE_MS, folder.name, OTHER_FOLDER_AFTER_MS],
  );
  const one = rows[0] && (await findExport(pool, rows[0].id));
  if (!one) return undefined;
  const attempt = { work, one, holder };
  try {
    const outcome = await make(attempt);
    // What other attempts left goes at once; where that fails, the next tidying does it.
    if (outcome === 'finished') await folder.sweep(pool).catch(() => undefined);
    return { one, outcome };
  } catch (error) {
    return { one, outcome: await letGo(attempt, error) };
  }
}

async function make(attempt: Attempt): Promise<ExportOutcome> {
  const { pool, pageSize = PAGE } = attempt.work;
  const { one } = attempt;
  const { generation } = await readHead(pool);
  if (generation !== one.generation) throw logRestored(one);
  const path = writtenTo(attempt, one.attempt);
  const before = one.savepoint;
  const copiedFrom = before ? writtenTo(attempt, before.attempt) : undefined;
  const resumed =
    before && (await ExportFile.create(path, { path: copiedFrom!, bytes: before.bytes, sha256: before.sha256 }));
  const file = resumed ?? (await ExportFile.create(path))!;
  const state = resumed && before ? { ...before, attempt: one.attempt } : await firstSavepoint(attempt);
  const client = await pool.connect();
  let isWhole = false;
  try {
    if (file.bytes === 0) await file.append(Buffer.from(HEAD[one.format]));
    const events = new SelectedEvents(
      one.selection,
      state.holds.map(({ selection }) => selection),
      pageSize,
      one.kind === 'evidence',
    );
    const outcome = await writeAll(attempt, { client, events, file, state, copiedFrom });
    isWhole = true;
    return outcome;
  } finally {
    await file.close();
    // A statement may still run on it.
    client.release(!isWhole);
  }
}

interface Writing {
  client: pg.PoolClient;
  events: SelectedEvents;
  file: ExportFile;
  state: ExportSavepoint;
  /** Of the attempt before: needed until a savepoint vouches for this one's. */
  copiedFrom: string | undefined;
}

async function writeAll(attempt: Attempt, writing: Writing): Promise<ExportOutcome> {
  const { one, work } = attempt;
  const { file, state } = writing;
  const notes = new Notes(attempt, writing);
  let position = BigInt(state.next);
  let coming = position < one.to ? readPage(writing, one, position) : undefined;
  while (coming) {
    const page = await coming;
    // The next one is read while this one is written.
    coming = page.next < one.to ? readPage(writing, one, page.next) : undefined;
    coming?.catch(() => undefined);
    for (const part of page.parts(state.count > 0)) await file.append(part);
    add(state, page);
    position = page.next;
    if (coming && work.signal?.aborted) {
      await coming.catch(() => undefined);
      if (!(await notes.last(position))) return 'lost';
      await release(attempt);
      return 'rests';
    }
    if (!notes.goOn(position)) return 'lost';
  }
  if (!(await notes.last(position))) return 'lost';
  if (one.kind === 'evidence') return bundle(attempt, writing);
  await file.append(Buffer.from(FOOT[one.format]));
  await file.sync();
  return (await finish(attempt, writing, file)) ? 'finished' : 'lost';
}

/** The file that the events are written to. */
function writtenTo({ work: { folder }, one }: Attempt, attempt: number): string {
  return one.kind === 'evidence' ? folder.partsOf(one.id, attempt).events : folder.fileOf(one.id, attempt);
}

/** Makes a bundle of the events that are written, and of what proves them. */
async function bundle(attempt: Attempt, { client, events, file, state }: Writing): Promise<ExportOutcome> {
  const { work, one } = attempt;
  const { folder, pool, evidence, signal } = work;
  if (!evidence) throw new TypeError('this process makes no bundles of evidence');
  const { members } = folder.partsOf(one.id, one.attempt);
  const kept = new Keeping(attempt);
  const out = (await ExportFile.create(folder.fileOf(one.id, one.attempt)))!;
  try {
    await makeBundle({
      ...{ pool, client, one, selected: events, folder: members, out, ...evidence },
      eventsFile: file.path,
      savepoint: { ...state, bytes: file.bytes, sha256: file.sha256 },
      goOn: () => {
        kept.check();
        if (signal?.aborted) throw new Resting();
      },
    });
    await out.sync();
    return (await finish(attempt, { state }, out)) ? 'finished' : 'lost';
  } catch (error) {
    if (!(error instanceof Resting)) throw error;
    if (kept.isLost) return 'lost';
    await release(attempt);
    return 'rests';
  } finally {
    kept.end();
    await out.close();
    await rm(members, { recursive: true, force: true });
  }
}

/** Not an error: the attempt ends here, and another goes on. */
class Resting extends Error {}

/** Renews the lease of an attempt while it works. */
class Keeping {
  isLost = false;
  private failure: unknown;
  private readonly timer: NodeJS.Timeout;

  constructor(attempt: Attempt) {
    const renewed = `tries = 0, lease_until = clock_timestamp() + $4 * interval '1 millisecond'`;
    this.timer = setInterval(() => {
      update(attempt, renewed, [LEASE_MS]).then(
        (isOurs) => {
          this.isLost ||= !isOurs;
        },
        (error: unknown) => {
          this.failure = error;
        },
      );
    }, LEASE_MS / 5);
  }

  /** @throws where the export is no longer this attempt's, or that cannot be known */
  check(): void {
    if (this.failure) throw this.failure;
    if (this.isLost) throw new Resting();
  }

  end(): void {
    clearInterval(this.timer);
  }
}

/** Savepoints beside the writing, which does not wait for the disk: one at a time, of what was written when it began. */
class Notes {
  private beganAt = performance.now();
  private current: Promise<boolean> | undefined;
  private isLost = false;
  private failure: { error: unknown } | undefined;

  constructor(
    private readonly attempt: Attempt,
    private readonly writing: Writing,
  ) {}

  /** Begins one where it is time. @returns false where the export is no longer this attempt's @throws what the one before met */
  goOn(position: bigint): boolean {
    if (this.failure) throw this.failure.error;
    if (this.current || performance.now() - this.beganAt < SAVEPOINT_EVERY_MS) return !this.isLost;
    this.beganAt = performance.now();
    this.current = note(this.attempt, this.writing, position);
    this.current
      .then(
        (isOurs) => {
          this.isLost ||= !isOurs;
        },
        (error: unknown) => {
          this.failure = { error };
        },
      )
      .finally(() => {
        this.current = undefined;
      });
    return !this.isLost;
  }

  /** Of all that was written. @returns as {@link goOn} */
  async last(position: bigint): Promise<boolean> {
    await this.current;
    if (this.failure) throw this.failure.error;
    return !this.isLost && note(this.attempt, this.writing, position);
  }
}

const HEAD = { ndjson: '', csv: CSV_HEAD, json: '[\n', zip: '' } as const;
const FOOT = { ndjson: '', csv: '', json: '\n]\n', zip: '' } as const;
const NEWLINE = Buffer.from('\n');
const BETWEEN = Buffer.from(',\n');

interface WrittenPage extends Page {
  /** What is appended for it. */
  parts(isBegun: boolean): Buffer[];
}

async function readPage({ client, events }: Writing, one: Export, from: bigint): Promise<WrittenPage> {
  const range = { from, until: one.to };
  if (one.format === 'csv') {
    const page = await events.readRows(client, range);
    return { ...page, parts: () => [Buffer.from(page.events.map(csvLine).join(''))] };
  }
  const isJson = one.format === 'json';
  const page = await events.readLines(client, range, LINES[one.format], isJson ? ',\n' : '\n');
  const parts = (isBegun: boolean) => {
    if (page.count === 0) return [];
    if (!isJson) return [page.lines, NEWLINE];
    return isBegun ? [BETWEEN, page.lines] : [page.lines];
  };
  return { ...page, parts };
}

async function firstSavepoint({ one, work }: Attempt): Promise<ExportSavepoint> {
  const holds = await listHolds(work.pool, { all: false });
  return {
    attempt: one.attempt,
    next: String(one.from),
    bytes: 0,
    sha256: '',
    count: 0,
    first: null,
    last: null,
    purged: 0,
    missing: 0,
    missingFirst: [],
    holds: holds.map(({ id, matter, reason, selection, placedBy, placedAt }) => ({
      ...{ id, matter, reason, selection, placedBy, placedAt },
      events: 0,
    })),
    holdsAt: await clock(work.pool),
  };
}

function add(state: ExportSavepoint, page: Page): void {
  state.count += page.count;
  if (page.first !== null) state.first ??= String(page.first);
  if (page.last !== null) state.last = String(page.last);
  state.holds.forEach((hold, index) => {
    hold.events += page.held[index] ?? 0;
  });
}

/** Makes sure of what was written, and says so. @returns false where the export is no longer this attempt's */
async function note(attempt: Attempt, writing: Writing, position: bigint): Promise<boolean> {
  const { file, state } = writing;
  // As it is now: what is written meanwhile belongs to the next savepoint.
  const noted = { ...structuredClone(state), next: String(position), bytes: file.bytes, sha256: file.sha256 };
  const { purged, missing } = await absencesBetween(attempt.work.pool, BigInt(state.next), position);
  const absent = {
    purged: state.purged + purged,
    missing: state.missing + missing.length,
    missingFirst: [...state.missingFirst, ...missing.map(String)].slice(0, MISSING_LISTED),
  };
  await file.sync();
  const isOurs = await update(
    attempt,
    `savepoint = $4, tries = 0, lease_until = clock_timestamp() + $5 * interval '1 millisecond'`,
    [JSON.stringify({ ...noted, ...absent }), LEASE_MS],
  );
  Object.assign(state, absent, { next: noted.next });
  if (isOurs && writing.copiedFrom !== undefined) {
    await rm(writing.copiedFrom, { force: true });
    writing.copiedFrom = undefined;
  }
  return isOurs;
}

/** What the export was asked for and what it holds goes on the record in the transaction that lets it be fetched. */
async function finish(
  { work, one, holder }: Attempt,
  { state }: Pick<Writing, 'state'>,
  file: ExportFile,
): Promise<boolean> {
  const { pool, keepMs } = work;
  const finishedAt = await clock(pool);
  const content = { bytes: file.bytes, sha256: file.sha256 };
  const manifest = await exportManifest(pool, one, { ...state, ...content }, finishedAt);
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE export SET state = 'finished', finished_at = $4, keep_until = clock_timestamp() + $5 * interval '1 millisecond', manifest = $6,
              savepoint = $7, lease_until = NULL, error = NULL
        WHERE id = $1 AND holder = $2 AND attempt = $3 AND state = 'running'`,
      [one.id, holder, one.attempt, finishedAt, keepMs, manifest, JSON.stringify({ ...state, ...content })],
    );
    if (rowCount !== 1) return false;
    await endReading(client, one.id);
    // A bundle has it on the record already: it swears to it.
    if (one.kind === 'evidence') return true;
    await enqueueOutbox(client, {
      type: 'record.exported',
      time: instantOfMillis(Date.now()),
      class: SYSTEM_CLASS,
      identity: { id: one.requestedBy, kind: 'service', provider: 'affidavit-api', verified: true },
      data: {
        key: one.requestedBy,
        what: `${one.kind} as ${one.format}`,
        count: state.count,
        digest: content.sha256,
        export: one.id,
        bytes: content.bytes,
        from: String(one.from),
        to: String(one.to),
        selection: JSON.stringify(one.selection),
      },
    });
    return true;
  });
}

/** Something went wrong: either it is tried again, or the export has failed for good and says why. */
async function letGo(attempt: Attempt, error: unknown): Promise<ExportOutcome> {
  const { one, work } = attempt;
  const known = error instanceof AffidavitError ? error : undefined;
  const failure: ExportFailure = {
    code: known?.code ?? 'RECORD_EXPORT_INTERRUPTED',
    message: describeError(error).slice(0, 1000),
    remedy: known?.remedy ?? 'See the log of the api, and PostgreSQL; then ask for the export again.',
  };
  if (known?.retry !== 'never') {
    const { rowCount } = await work.pool.query(
      `UPDATE export SET lease_until = clock_timestamp(), error = $4
        WHERE id = $1 AND holder = $2 AND attempt = $3 AND state = 'running' AND tries < $5`,
      [one.id, attempt.holder, one.attempt, JSON.stringify(failure), MOST_TRIES],
    );
    if (rowCount === 1) return 'rests';
  }
  if (!(await update(attempt, `state = 'failed', error = $4, lease_until = NULL`, [JSON.stringify(failure)])))
    return 'lost';
  await endReading(work.pool, one.id);
  await work.folder.sweep(work.pool);
  return 'failed';
}

async function release(attempt: Attempt): Promise<void> {
  await update(attempt, 'lease_until = clock_timestamp()', []);
}

/** @param set SQL, with parameters from $4 */
async function update({ work, one, holder }: Attempt, set: string, values: unknown[]): Promise<boolean> {
  const { rowCount } = await work.pool.query(
    `UPDATE export SET ${set} WHERE id = $1 AND holder = $2 AND attempt = $3 AND state = 'running'`,
    [one.id, holder, one.attempt, ...values],
  );
  return rowCount === 1;
}

/**
 * What is to be done from time to time: exports whose time is over lose their files, and what is still to be read is claimed on, also where
 * nobody has got to it yet. Every node does it; repeating it is harmless.
 */
export async function tidyExports({ pool, folder }: Pick<ExportWork, 'pool' | 'folder'>): Promise<void> {
  await pool.query(`UPDATE export SET state = 'expired' WHERE state = 'finished' AND keep_until <= clock_timestamp()`);
  await pool.query(
    `INSERT INTO reading_claim (id, what, from_pos, to_pos, until_at)
     SELECT id, 'export ' || id, next_pos, to_pos, clock_timestamp() + $1 * interval '1 millisecond'
       FROM (SELECT *, CASE kind WHEN 'evidence' THEN from_pos ELSE coalesce((savepoint ->> 'next')::bigint, from_pos) END AS next_pos FROM export WHERE state IN ('waiting', 'running')) AS open
      WHERE next_pos < to_pos
     ON CONFLICT (id) DO UPDATE SET from_pos = excluded.from_pos, until_at = excluded.until_at`,
    [EXPORT_CLAIM_MS],
  );
  await folder.sweep(pool);
}

async function clock(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ now: string }>(`SELECT ${instantSql('clock_timestamp()')} AS now`);
  return rows[0]!.now;
}

function logRestored(one: Export): RecordError {
  return new RecordError({
    code: 'RECORD_EXPORT_STALE',
    message: `the log was restored from a copy since ${one.id} was asked for: its positions are others now`,
    remedy: 'Ask for the export again.',
    retry: 'never',
  });
}
