import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { AuditEvent } from '#events';
import { COMMAND_TEXT_TYPES, commandTexts, cutWord, wordsOf } from './command-words.js';
import { readEventPage } from './event-pages.js';
import { instantSql, readHead } from './head.js';
import { least } from './least-greatest.js';
import { inTransaction, type Queryable } from './pool.js';
import type { RecordedEvent } from './read-events.js';
import { claimReading, endReading } from './reading-claims.js';
import type { ProjectionProgress } from './sessions.js';

// The index in brief: for each block of 64 positions, and each partition in it, the set of words of its commands. A row is written once, when
// its block is full, and depends on nothing but the events; the end of the log, up to a full block, is read by whoever searches. One
// transaction reads the events, writes the rows and moves the cursor under the lock of the cursor's row. Since it has read the partition it
// holds off that partition's purge until its rows are there to be dropped with it.

/** Positions of one row. Fewer make more rows, more make a search read more events beside those that it finds. */
export const BLOCK_EVENTS = 64n;

const PAGE_BLOCKS = 64n;
const PAGE_EVENTS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** A tsvector takes a mebibyte. A block with more words is marked as one that may hold any. */
const MOST_WORDS = 8_192;
const MOST_WORD_BYTES = 512 * 1024;

/** Not a word: it stands for all that a block holds, where that is too much. */
export const ANY_WORD = '*';

/** Lexemes that say whose the commands of a block are. `@` is in no word. */
export const MARKS = { identity: '@i', kind: '@k', connection: '@c', session: '@s' } as const;

/** A lexeme as tsvector and tsquery read it. */
export function quotedLexeme(lexeme: string): string {
  return `'${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function markedLexeme(mark: keyof typeof MARKS, value: string): string {
  return `${MARKS[mark]}${cutWord(value)}`;
}

/** Position below which every event is in the index; the first of a block. */
export async function commandCursor(db: Queryable): Promise<bigint> {
  const { rows } = await db.query<{ position: bigint }>(`SELECT position FROM projection WHERE name = 'commands'`);
  return startOfBlock(rows[0]?.position ?? 0n);
}

/** The first position of the block that holds this one. */
export function startOfBlock(position: bigint): bigint {
  return position - (position % BLOCK_EVENTS);
}

/**
 * Writes the words of all blocks that are full, page by page. Repeating it is harmless, also from several processes at once.
 * @param options.signal ends it after the page under way
 * @returns progress, whose `head` is where the last full block ends
 */
export async function projectCommands(
  pool: pg.Pool,
  options: { signal?: AbortSignal; pageBlocks?: bigint } = {},
): Promise<ProjectionProgress> {
  let events = 0;
  for (;;) {
    const page = await inTransaction(pool, async (client): Promise<ProjectionProgress> => {
      const { rows } = await client.query<{ position: bigint }>(
        `SELECT position FROM projection WHERE name = 'commands' FOR UPDATE SKIP LOCKED`,
      );
      const head = startOfBlock((await readHead(client)).size);
      if (rows.length === 0) return { position: await commandCursor(client), head, events: 0, busy: true };
      const from = startOfBlock(rows[0]!.position);
      const until = least(head, from + (options.pageBlocks ?? PAGE_BLOCKS) * BLOCK_EVENTS);
      if (from >= until) return { position: from, head, events: 0, busy: false };
      const found = await gatherBlocks(client, from, until);
      await writeBlocks(client, found.rows);
      await client.query(`UPDATE projection SET position = $1 WHERE name = 'commands'`, [until]);
      return { position: until, head, events: found.events, busy: false };
    });
    events += page.events;
    if (page.busy || page.position >= page.head || options.signal?.aborted) return { ...page, events };
  }
}

export interface CommandRebuildResult {
  position: bigint;
  events: number;
  blocks: number;
  /** Rows that were missing, different or too many; 0 where the index was right. */
  corrected: number;
}

/** A rebuild renews its claim on what it reads long before this. */
const CLAIM_MS = 10 * 60_000;

/**
 * Gathers all words anew and corrects the index by them, a page in a transaction; one that was right stays untouched. Meanwhile the
 * projection goes on, and searches find what they would have found. A crash leaves whole pages corrected, and the rest as it was.
 * @param onProgress after each page: position reached, and the one to reach
 */
export async function rebuildCommands(
  pool: pg.Pool,
  onProgress: (progress: { position: bigint; until: bigint }) => void = () => {},
): Promise<CommandRebuildResult> {
  const claim = { id: `rebuild-${randomUUID()}`, what: 'a rebuild of the words of commands', validMs: CLAIM_MS };
  const result = { position: 0n, events: 0, blocks: 0, corrected: 0 };
  let claimedAt = Number.NEGATIVE_INFINITY;
  try {
    for (let until = await commandCursor(pool); result.position < until; until = await commandCursor(pool)) {
      if (performance.now() - claimedAt > CLAIM_MS / 4) {
        await claimReading(pool, claim);
        claimedAt = performance.now();
      }
      const end = least(until, result.position + PAGE_BLOCKS * BLOCK_EVENTS);
      const page = await inTransaction(pool, (client) => correctBlocks(client, result.position, end));
      result.position = end;
      result.events += page.events;
      result.blocks += page.blocks;
      result.corrected += page.corrected;
      onProgress({ position: end, until });
    }
  } finally {
    await endReading(pool, claim.id);
  }
  return result;
}

/** A row about to be written; its words as the text of a tsvector. */
interface BlockRow {
  partition: string;
  block: bigint;
  words: string;
}

async function correctBlocks(client: pg.PoolClient, from: bigint, until: bigint) {
  const { rows, events } = await gatherBlocks(client, from, until);
  const made = 'SELECT * FROM unnest($1::text[], $2::bigint[], $3::tsvector[]) AS made (partition, block, words)';
  const removed = await client.query(
    `DELETE FROM command_words w WHERE block >= $4 AND block < $5
        AND NOT EXISTS (SELECT FROM (${made}) AS m WHERE m.partition = w.partition AND m.block = w.block AND m.words = w.words)`,
    [...columnsOf(rows), from / BLOCK_EVENTS, until / BLOCK_EVENTS],
  );
  const written = await writeBlocks(client, rows);
  // A row that differed was removed and written.
  return { events, blocks: rows.length, corrected: Math.max(removed.rowCount ?? 0, written) };
}

/** @returns how many were not there */
async function writeBlocks(client: pg.PoolClient, rows: readonly BlockRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  await client.query('SELECT ensure_command_words(name) FROM unnest($1::text[]) AS name', [
    [...new Set(rows.map(({ partition }) => partition))],
  ]);
  const { rowCount } = await client.query(
    `INSERT INTO command_words (partition, block, words) SELECT * FROM unnest($1::text[], $2::bigint[], $3::tsvector[])
     ON CONFLICT DO NOTHING`,
    columnsOf(rows),
  );
  return rowCount ?? 0;
}

function columnsOf(rows: readonly BlockRow[]): [string[], bigint[], string[]] {
  return [rows.map((row) => row.partition), rows.map((row) => row.block), rows.map((row) => row.words)];
}

/** What the index has to say of the positions from `from` to `until`, both at the start of a block. */
async function gatherBlocks(
  client: pg.PoolClient,
  from: bigint,
  until: bigint,
): Promise<{ rows: BlockRow[]; events: number }> {
  const blocks = new Map<string, BlockWords>();
  let partitions: PartitionTimes | undefined;
  let events = 0;
  for (let rest = { from, until }; rest.from < rest.until; ) {
    const range = { ...rest, limit: PAGE_EVENTS, maxBytes: PAGE_BYTES };
    const page = await readEventPage(client, range, { types: COMMAND_TEXT_TYPES });
    for (const event of page.events) {
      partitions ??= await PartitionTimes.read(client);
      const partition = partitions.of(event);
      const block = event.position / BLOCK_EVENTS;
      const key = `${block} ${partition}`;
      const words = blocks.get(key) ?? new BlockWords(partition, block);
      words.add(event);
      blocks.set(key, words);
    }
    events += page.events.length;
    rest = page.rest;
  }
  return { rows: [...blocks.values()].map((words) => words.row()), events };
}

class BlockWords {
  private readonly lexemes = new Set<string>();
  private bytes = 0;
  private isFull = false;

  constructor(
    private readonly partition: string,
    private readonly block: bigint,
  ) {}

  add({ identityId, identityKind, connection, sessionId, body }: RecordedEvent): void {
    const of = { identity: identityId, kind: identityKind, connection, session: sessionId };
    for (const mark of Object.keys(MARKS) as (keyof typeof MARKS)[]) {
      const value = of[mark];
      if (value !== null) this.put(markedLexeme(mark, value));
    }
    // Recorded as what it says it is: the recorder has decoded it, and set aside what could not be.
    for (const text of commandTexts(JSON.parse(body.toString('utf8')) as AuditEvent)) {
      for (const word of wordsOf(text)) {
        if (this.isFull) return;
        this.put(word);
      }
    }
  }

  row(): BlockRow {
    const lexemes = this.isFull ? [ANY_WORD] : [...this.lexemes];
    return { partition: this.partition, block: this.block, words: lexemes.map(quotedLexeme).join(' ') };
  }

  private put(lexeme: string): void {
    if (this.lexemes.has(lexeme)) return;
    this.lexemes.add(lexeme);
    this.bytes += Buffer.byteLength(lexeme);
    if (this.lexemes.size > MOST_WORDS || this.bytes > MOST_WORD_BYTES) this.isFull = true;
  }
}

/** Which partition holds an event. */
class PartitionTimes {
  private last: { name: string; class: string; from: string; to: string } | undefined;

  private constructor(private readonly all: readonly { name: string; class: string; from: string; to: string }[]) {}

  static async read(db: Queryable): Promise<PartitionTimes> {
    const { rows } = await db.query<{ name: string; class: string; from: string; to: string }>(
      `SELECT name, class, ${instantSql('from_at')} AS from, ${instantSql('to_at')} AS to FROM partition WHERE state = 'open'`,
    );
    return new PartitionTimes(rows);
  }

  of({ class: name, recordedAt: at }: RecordedEvent): string {
    // Instants of one form order as text does.
    const holds = (one: { class: string; from: string; to: string }) =>
      one.class === name && one.from <= at && at < one.to;
    if (!this.last || !holds(this.last)) this.last = this.all.find(holds);
    if (!this.last) throw new Error(`no partition of class ${name} holds ${at}`);
    return this.last.name;
  }
}
