import type pg from 'pg';
import type { Epoch, NodeName } from '#events';
import { type Absences, explainAbsences } from '../absences.js';
import { copyRows, RowMemory } from '../binary-rows.js';
import { instantSql } from '../head.js';
import type { HoldSelection } from '../holds.js';
import type { Queryable } from '../pool.js';
import { RECORDED_EVENT_COLUMNS, type RecordedEvent } from '../read-events.js';
import { QUARANTINED } from '../recorded-row.js';
import type { ExportSelection } from './export.js';

// A selection is read in windows of positions, each in pages: no statement runs long, however few of the events are wanted and however
// large the log is, and what is in memory is one page.

/** An event that cannot be taken apart is no line: it comes in base64, with what is known of it. */
const QUARANTINED_LINE = `convert_to(json_build_object('quarantined', replace(encode(body, 'base64'), E'\\n', ''), 'position', position::text,
  'node', node, 'epoch', epoch, 'seq', seq)::text, 'UTF8')`;

/** How an event is written, in SQL; `body` are its recorded bytes. */
export const LINES = {
  zip: 'body',
  ndjson: `CASE WHEN type = '${QUARANTINED}' THEN ${QUARANTINED_LINE} ELSE body END`,
  json: `convert_to(format('{"position":"%s","recordedAt":"%s","class":%s,%s', position, ${instantSql('recorded_at')}, to_json(class),
    CASE WHEN type = '${QUARANTINED}' THEN '"quarantined":' ELSE '"event":' END), 'UTF8')
    || CASE WHEN type = '${QUARANTINED}' THEN ${QUARANTINED_LINE} ELSE body END || '}'`,
} as const;

export interface Page {
  count: number;
  first: bigint | null;
  last: bigint | null;
  /** How many of the events each hold fits, in the order in which they were given. */
  held: number[];
  /** Every wanted event before it is in this page, or in one before. */
  next: bigint;
}

export interface LinesPage extends Page {
  /** Lines with the separator between them. */
  lines: Buffer;
}

export interface RowsPage extends Page {
  events: RecordedEvent[];
}

export interface PageSize {
  events: number;
  /** A page ends with the event that reaches it. One alone may have 8 MiB. */
  bytes: number;
}

/** Positions that one statement looks through at most. */
const WINDOW = 100_000n;
/** Leaf data of so many positions are held against the rows at a time. */
const EXPLAINED_AT_ONCE = 10_000n;

/** Bounds of the time in which a window was recorded, so that only its partitions are read. */
interface Window {
  until: bigint;
  fromAt: string;
  toAt: string;
}

/** Reads the events of a selection, page by page, in the order of the log. */
export class SelectedEvents {
  private window: Window | undefined;
  /** One for the page that is read, one for the page before. */
  private memories: [RowMemory, RowMemory] = [new RowMemory(), new RowMemory()];

  constructor(
    private readonly selection: Omit<ExportSelection, 'from' | 'to'>,
    private readonly holds: readonly HoldSelection[],
    private readonly size: PageSize,
    /** Only what can be read as an event. */
    private readonly readable = false,
  ) {}

  /**
   * The next events, each as a line: PostgreSQL puts them together, so that nothing has to be done for each of them here. The lines of a page
   * are there until the page after the next is read.
   * @param line SQL of a line, of {@link LINES}
   */
  async readLines(
    client: pg.PoolClient,
    range: { from: bigint; until: bigint },
    line: string,
    separator: string,
  ): Promise<LinesPage> {
    const window = await this.windowAt(client, range.from, range.until);
    const [memory, other] = this.memories;
    this.memories = [other, memory];
    const row = await copyRows(
      client,
      `SELECT string_agg(${line}, convert_to(${client.escapeLiteral(separator)}, 'UTF8') ORDER BY position), count(*), min(position),
              max(position), coalesce(sum(octet_length(body)), 0)::bigint,
              concat_ws(',', NULL${this.holds.map((hold) => `, count(*) FILTER (WHERE ${heldSql(client, hold)})`).join('')})
         FROM ${this.pageSql(client, range.from, window)}`,
      memory,
    );
    row.next();
    const lines = row.bytes() ?? Buffer.alloc(0);
    const count = Number(row.int64());
    const [first, last] = [row.int64(), row.int64()];
    const bytes = Number(row.int64());
    const held = countsOf(row.text());
    return { lines, count, first, last, held, next: this.nextAfter(window, { count, last, bytes }) };
  }

  /** The next events, taken apart. */
  async readRows(client: pg.PoolClient, range: { from: bigint; until: bigint }): Promise<RowsPage> {
    const window = await this.windowAt(client, range.from, range.until);
    const { rows } = await client.query<RecordedEvent & { held: string }>(
      `SELECT ${RECORDED_EVENT_COLUMNS}, concat_ws(',', NULL${this.holds.map((hold) => `, coalesce((${heldSql(client, hold)})::int, 0)`).join('')}) AS held
         FROM ${this.pageSql(client, range.from, window)} ORDER BY position`,
    );
    const events = rows.map(
      ({ held: _, ...event }): RecordedEvent => ({
        ...event,
        node: event.node as NodeName,
        epoch: event.epoch as Epoch,
      }),
    );
    const held = this.holds.map((_, index) => rows.reduce((sum, row) => sum + (countsOf(row.held)[index] ?? 0), 0));
    const last = events.at(-1)?.position ?? null;
    const bytes = events.reduce((sum, { body }) => sum + body.length, 0);
    return {
      events,
      count: events.length,
      first: events[0]?.position ?? null,
      last,
      held,
      next: this.nextAfter(window, { count: events.length, last, bytes }),
    };
  }

  /** Positions of the next events, at most so many. */
  async readPositions(
    client: pg.PoolClient,
    range: { from: bigint; until: bigint },
    limit: number,
  ): Promise<{ positions: bigint[]; next: bigint }> {
    const window = await this.windowAt(client, range.from, range.until);
    const { rows } = await client.query<{ position: bigint }>(
      `SELECT position FROM event WHERE ${this.wantedSql(client, range.from, window)} ORDER BY position LIMIT ${limit}`,
    );
    const positions = rows.map((row) => row.position);
    return { positions, next: rows.length === limit ? positions.at(-1)! + 1n : window.until };
  }

  private nextAfter(window: Window, page: { count: number; last: bigint | null; bytes: number }): bigint {
    const isFull = page.count >= this.size.events || page.bytes >= this.size.bytes;
    return isFull && page.last !== null ? page.last + 1n : window.until;
  }

  private wantedSql(client: pg.PoolClient, from: bigint, { until, fromAt, toAt }: Window): string {
    const quoted = (text: string) => client.escapeLiteral(text);
    const { session, identity, connection, types, limits } = this.selection;
    return [
      `position >= ${from} AND position < ${until} AND recorded_at BETWEEN ${quoted(fromAt)} AND ${quoted(toAt)}`,
      ...(session === undefined ? [] : [`session_id = ${quoted(session)}`]),
      ...(identity === undefined ? [] : [`identity_id = ${quoted(identity)}`]),
      ...(connection === undefined ? [] : [`connection = ${quoted(connection)}`]),
      ...(types === undefined ? [] : [`type IN (${types.map(quoted).join(', ')})`]),
      ...(limits?.connections ? [`connection IN (${limits.connections.map(quoted).join(', ')})`] : []),
      ...(this.readable ? [`type <> '${QUARANTINED}'`] : []),
    ].join(' AND ');
  }

  /** A page as a subquery with all columns of `event`. */
  private pageSql(client: pg.PoolClient, from: bigint, window: Window): string {
    // The sizes are summed over the bodies' headers: what lies beyond the bound is never fetched or decompressed.
    return `(SELECT * FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) AS bytes_before
      FROM event WHERE ${this.wantedSql(client, from, window)} ORDER BY position LIMIT ${this.size.events}) AS sized
      WHERE bytes_before < ${this.size.bytes}) AS page`;
  }

  private async windowAt(client: pg.PoolClient, from: bigint, until: bigint): Promise<Window> {
    const known = this.window;
    if (known && from < known.until && from >= known.until - WINDOW) return known;
    const end = (from / WINDOW + 1n) * WINDOW < until ? (from / WINDOW + 1n) * WINDOW : until;
    const times = await recordedBetween(client, from, end);
    this.window = { until: end, ...times };
    return this.window;
  }
}

/** When the events of these positions were recorded: recorded_at rises with position. */
async function recordedBetween(db: Queryable, from: bigint, until: bigint): Promise<{ fromAt: string; toAt: string }> {
  const { rows } = await db.query<{ fromAt: string; toAt: string }>(
    `SELECT ${instantSql("coalesce((SELECT recorded_at FROM run WHERE first_position <= $1 ORDER BY first_position DESC LIMIT 1), timestamptz 'epoch')")} AS "fromAt",
            ${instantSql("coalesce((SELECT recorded_at FROM run WHERE first_position < $2 ORDER BY first_position DESC LIMIT 1), timestamptz 'epoch')")} AS "toAt"`,
    [from, until],
  );
  return rows[0]!;
}

function countsOf(text: string | null): number[] {
  return text === null || text === '' ? [] : text.split(',').map(Number);
}

/** As holds_on() judges a row: what stands in quarantine cannot be read, so it fits every hold of its time. */
function heldSql(client: pg.PoolClient, hold: HoldSelection): string {
  const quoted = (text: string) => client.escapeLiteral(text);
  const within = (column: string) =>
    [
      ...(hold.from === undefined ? [] : [`${column} >= ${quoted(hold.from)}`]),
      ...(hold.to === undefined ? [] : [`${column} < ${quoted(hold.to)}`]),
    ].join(' AND ') || 'true';
  const fits = [
    ...(hold.session === undefined ? [] : [`session_id = ${quoted(hold.session)}`]),
    ...(hold.identity === undefined ? [] : [`identity_id = ${quoted(hold.identity)}`]),
    ...(hold.kind === undefined ? [] : [`identity_kind = ${quoted(hold.kind)}`]),
    ...(hold.connection === undefined ? [] : [`connection = ${quoted(hold.connection)}`]),
    ...(hold.types === undefined ? [] : [`type IN (${hold.types.map(quoted).join(', ')})`]),
    ...(hold.outcome === undefined ? [] : [`outcome = ${quoted(hold.outcome)}`]),
    `(${within('recorded_at')} OR ${within('occurred_at')})`,
  ].join(' AND ');
  return `(${fits}) OR (type = '${QUARANTINED}' AND ${within('recorded_at')})`;
}

/** What there is no row for among all positions of a range, whatever was selected. */
export async function absencesBetween(db: Queryable, from: bigint, until: bigint): Promise<Absences> {
  const absences: Absences = { purged: 0, missing: [] };
  for (let at = from; at < until; at += WINDOW) {
    const end = at + WINDOW < until ? at + WINDOW : until;
    const { fromAt, toAt } = await recordedBetween(db, at, end);
    const { rows } = await db.query<{ n: bigint }>(
      'SELECT count(*) AS n FROM event WHERE position >= $1 AND position < $2 AND recorded_at BETWEEN $3 AND $4',
      [at, end, fromAt, toAt],
    );
    if (rows[0]!.n === end - at) continue;
    for (let part = at; part < end; part += EXPLAINED_AT_ONCE) {
      const partEnd = part + EXPLAINED_AT_ONCE < end ? part + EXPLAINED_AT_ONCE : end;
      const found = await explainAbsences(db, part, partEnd);
      absences.purged += found.purged;
      absences.missing.push(...found.missing);
    }
  }
  return absences;
}
