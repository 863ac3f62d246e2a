import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { AuditEvent } from '#events';
import { type EventPage, readEventPage } from './event-pages.js';
import { readHead } from './head.js';
import { inTransaction, type Queryable } from './pool.js';
import { claimReading, endReading } from './reading-claims.js';
import {
  mergeSessionFacts,
  SESSION_EVENT_TYPES,
  type SessionFacts,
  type SessionRow,
  sessionFactsOf,
  sessionRowOf,
} from './session-fold.js';

// The projection in brief: one transaction reads a page of the log, folds it into the rows it touches, writes them and moves the
// cursor, all under the lock of the cursor's row. A crash leaves rows and cursor as they were. Two at once: the second finds
// the row locked and leaves it to the first.

const PAGE_EVENTS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** A rebuild renews its claim on what it reads long before this. */
const CLAIM_MS = 10 * 60_000;

/** Tables that hold rows of the fold: the one that is read, and the one beside it during a rebuild. */
type SessionTable = 'session' | 'pg_temp.session_rebuild';

export interface ProjectionProgress {
  /** Every position below it is folded in. */
  position: bigint;
  /** The log's size when it was looked at. */
  head: bigint;
  /** Events folded by this call. */
  events: number;
  /** True where another process is projecting now; nothing was done. */
  busy: boolean;
}

/**
 * Folds what the log holds beyond the cursor, page by page, up to its head. Repeating it is harmless, also from several
 * processes at once.
 * @param options.signal ends it after the page under way
 */
export async function projectSessions(
  pool: pg.Pool,
  options: { signal?: AbortSignal; pageEvents?: number } = {},
): Promise<ProjectionProgress> {
  let events = 0;
  for (let arePurgesLeft = false; ; ) {
    const page = await inTransaction(pool, async (client): Promise<ProjectionProgress> => {
      const position = await lockCursor(client);
      const { size: head } = await readHead(client);
      if (position === undefined) return { position: await sessionCursor(client), head, events: 0, busy: true };
      arePurgesLeft = await foldAnewAfterPurge(client, position);
      if (position >= head) return { position, head, events: 0, busy: false };
      const folded = await foldPage(client, 'session', position, head, options.pageEvents ?? PAGE_EVENTS);
      await client.query(`UPDATE projection SET position = $1 WHERE name = 'sessions'`, [folded.position]);
      return { ...folded, head, busy: false };
    });
    events += page.events;
    const isDone = page.position >= page.head && !arePurgesLeft;
    if (page.busy || isDone || options.signal?.aborted) return { ...page, events };
  }
}

export interface RebuildResult {
  position: bigint;
  events: number;
  sessions: number;
  /** Rows that were missing, different or too many; 0 where the table was right. */
  corrected: number;
}

/**
 * Folds the whole log anew beside the table, then corrects the table in one transaction: readers see the old rows or the new
 * ones, and a table that was right stays untouched. Meanwhile the projection goes on. A crash leaves nothing behind.
 * @param onProgress after each page: position reached, and the one to reach
 */
export async function rebuildSessions(
  pool: pg.Pool,
  onProgress: (progress: { position: bigint; until: bigint }) => void = () => {},
): Promise<RebuildResult> {
  // What it has folded must not be purged before it is done.
  const claim = { id: `rebuild-${randomUUID()}`, what: 'a rebuild of the sessions', validMs: CLAIM_MS };
  const client = await pool.connect();
  let broken = true;
  let claimedAt = performance.now();
  try {
    await claimReading(client, claim);
    await client.query('DROP TABLE IF EXISTS pg_temp.session_rebuild');
    await client.query('CREATE TEMPORARY TABLE session_rebuild (LIKE session INCLUDING DEFAULTS INCLUDING INDEXES)');
    const result = await rebuildThrough(client, (progress) => {
      if (performance.now() - claimedAt > CLAIM_MS / 4) {
        claimedAt = performance.now();
        // Where this fails the next page fails, too.
        claimReading(client, claim).catch(() => undefined);
      }
      onProgress(progress);
    });
    await client.query('DROP TABLE pg_temp.session_rebuild');
    await endReading(client, claim.id);
    broken = false;
    return result;
  } finally {
    // On any error the connection goes, and the temporary table and an open transaction with it.
    client.release(broken);
  }
}

async function rebuildThrough(
  client: pg.PoolClient,
  onProgress: (progress: { position: bigint; until: bigint }) => void,
): Promise<RebuildResult> {
  let position = 0n;
  let events = 0;
  const foldUntil = async (until: bigint) => {
    while (position < until) {
      const page = await foldPage(client, 'pg_temp.session_rebuild', position, until, PAGE_EVENTS);
      position = page.position;
      events += page.events;
      onProgress({ position, until });
    }
  };
  for (let until = await sessionCursor(client); position < until; until = await sessionCursor(client)) {
    await foldUntil(until);
  }
  await client.query('ANALYZE pg_temp.session_rebuild');
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  const { rows } = await client.query<{ position: bigint }>(
    `SELECT position FROM projection WHERE name = 'sessions' FOR UPDATE`,
  );
  await foldUntil(rows[0]?.position ?? 0n);
  const corrected = await correctTable(client);
  await client.query('COMMIT');
  const { rows: counted } = await client.query<{ sessions: number }>(
    'SELECT count(*)::float8 AS sessions FROM pg_temp.session_rebuild',
  );
  return { position, events, sessions: counted[0]?.sessions ?? 0, corrected };
}

const CORRECTED_AT_ONCE = 20_000;

/** Makes `session` equal to what was rebuilt, by ranges of ids, so that no statement runs long. */
async function correctTable(client: pg.PoolClient): Promise<number> {
  let corrected = 0;
  let after = '';
  for (;;) {
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM pg_temp.session_rebuild WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1`,
      [after, CORRECTED_AT_ONCE - 1],
    );
    const to = rows[0]?.id ?? null;
    const within = (table: string) => `${table}.id > $1 AND ($2::text IS NULL OR ${table}.id <= $2)`;
    const removed = await client.query(
      `DELETE FROM session s WHERE ${within('s')}
          AND NOT EXISTS (SELECT FROM pg_temp.session_rebuild r WHERE r.id = s.id)`,
      [after, to],
    );
    const written = await client.query(
      `INSERT INTO session SELECT r.* FROM pg_temp.session_rebuild r LEFT JOIN session s USING (id)
        WHERE ${within('r')} AND r IS DISTINCT FROM s ${REPLACING}`,
      [after, to],
    );
    corrected += (removed.rowCount ?? 0) + (written.rowCount ?? 0);
    if (to === null) return corrected;
    after = to;
  }
}

/** Position below which every event is in the `session` table. */
export async function sessionCursor(db: Queryable): Promise<bigint> {
  const { rows } = await db.query<{ position: bigint }>(`SELECT position FROM projection WHERE name = 'sessions'`);
  return rows[0]?.position ?? 0n;
}

/** The last position that answers from the `session` table take into account; -1n before the first event. */
export async function sessionHorizon(db: Queryable): Promise<bigint> {
  return (await sessionCursor(db)) - 1n;
}

const PURGED_AT_ONCE = 500;

/**
 * Rows of sessions of which a purge took events are made anew from what is left of them, as a rebuild would make them: so many at once
 * that new events need not wait for all.
 * @returns whether there may be more
 */
async function foldAnewAfterPurge(client: pg.PoolClient, cursor: bigint): Promise<boolean> {
  const { rows } = await client.query<{ id: string; isLeft: boolean }>(
    `WITH taken AS (
       DELETE FROM session_purged WHERE (partition, session_id) IN (
         SELECT partition, session_id FROM session_purged JOIN partition p ON p.name = partition WHERE p.state = 'purged' LIMIT $1)
       RETURNING session_id)
     SELECT session_id AS id, EXISTS (SELECT FROM event e WHERE e.session_id = t.session_id) AS "isLeft"
       FROM (SELECT DISTINCT session_id FROM taken) t`,
    [PURGED_AT_ONCE],
  );
  if (rows.length === 0) return false;
  await client.query('DELETE FROM session WHERE id = ANY($1)', [rows.map((row) => row.id)]);
  for (const { id } of rows.filter((row) => row.isLeft)) {
    for (let from = 0n; from < cursor; ) {
      from = (await foldPage(client, 'session', from, cursor, PAGE_EVENTS, id)).position;
    }
  }
  return true;
}

async function lockCursor(client: pg.PoolClient): Promise<bigint | undefined> {
  const { rows } = await client.query<{ position: bigint }>(
    `SELECT position FROM projection WHERE name = 'sessions' FOR UPDATE SKIP LOCKED`,
  );
  return rows[0]?.position;
}

async function foldPage(
  client: pg.PoolClient,
  table: SessionTable,
  from: bigint,
  until: bigint,
  limit: number,
  session?: string,
): Promise<{ position: bigint; events: number }> {
  const page = await readEventPage(
    client,
    { from, until, limit, maxBytes: PAGE_BYTES },
    { types: SESSION_EVENT_TYPES, originalsOnly: true, ...(session === undefined ? {} : { session }) },
  );
  const told = factsBySession(page.events);
  if (told.size > 0) {
    const { rows } = await client.query<{ id: string; facts: SessionFacts }>(
      `SELECT id, facts FROM ${table} WHERE id = ANY($1)`,
      [[...told.keys()]],
    );
    for (const { id, facts } of rows) told.set(id, mergeSessionFacts(facts, told.get(id)!));
    await writeRows(
      client,
      table,
      [...told].map(([id, facts]) => sessionRowOf(id, facts)),
    );
  }
  return { position: page.rest.from, events: page.events.length };
}

function factsBySession(events: EventPage['events']): Map<string, SessionFacts> {
  const told = new Map<string, SessionFacts>();
  for (const { sessionId, class: recordedClass, body } of events) {
    if (sessionId === null) continue;
    // Recorded as what it says it is: the recorder has decoded it, and set aside what could not be.
    const facts = sessionFactsOf(JSON.parse(body.toString('utf8')) as AuditEvent, recordedClass);
    if (!facts) continue;
    const before = told.get(sessionId);
    told.set(sessionId, before ? mergeSessionFacts(before, facts) : facts);
  }
  return told;
}

const COLUMNS = {
  id: 'id',
  node: 'node',
  epoch: 'epoch',
  class: 'class',
  state: 'state',
  identityId: 'identity_id',
  identityKind: 'identity_kind',
  identityName: 'identity_name',
  identityEmail: 'identity_email',
  onBehalfOf: 'on_behalf_of',
  identityVerified: 'identity_verified',
  connection: 'connection',
  connectionType: 'connection_type',
  sensitivity: 'sensitivity',
  openedAt: 'opened_at',
  closedAt: 'closed_at',
  lastActivityAt: 'last_activity_at',
  outcome: 'outcome',
  reason: 'reason',
  commands: 'commands',
  failed: 'failed',
  rows: 'rows',
  bytesIn: 'bytes_in',
  bytesOut: 'bytes_out',
  approvalRequired: 'approval_required',
  approvalState: 'approval_state',
  client: 'client',
  target: 'target',
  claimed: 'claimed',
  context: 'context',
  error: 'error',
  facts: 'facts',
} as const satisfies Record<keyof SessionRow, string>;

const REPLACING = `ON CONFLICT (id) DO UPDATE SET ${Object.values(COLUMNS)
  .filter((column) => column !== 'id')
  .map((column) => `${column} = excluded.${column}`)
  .join(', ')}`;

async function writeRows(db: Queryable, table: SessionTable, rows: readonly SessionRow[]): Promise<void> {
  const named = rows.map((row) =>
    Object.fromEntries(Object.entries(COLUMNS).map(([member, column]) => [column, row[member as keyof SessionRow]])),
  );
  await db.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::session, $1) ${REPLACING}`, [
    withoutNul(JSON.stringify(named)),
  ]);
}

/** PostgreSQL keeps no NUL in text: the row shows its symbol. The event's bytes keep it. */
function withoutNul(json: string): string {
  if (!json.includes('\\u0000')) return json;
  // Every escape is looked at whole, so that a backslash before the text u0000 stays what it is.
  return json.replace(/\\(u0000|.)/g, (whole, what: string) => (what === 'u0000' ? '\\u2400' : whole));
}
