import { ANY_WORD, BLOCK_EVENTS, commandCursor, markedLexeme, quotedLexeme, startOfBlock } from './command-index.js';
import { bodyHoldsText, COMMAND_TEXT_TYPES, type CommandText } from './command-words.js';
import { type EventFilter, type EventPage, type EventPageRange, filterConditions } from './event-pages.js';
import { instantSql, readHead } from './head.js';
import { greatest, least } from './least-greatest.js';
import type { Queryable } from './pool.js';
import { fromInstant, RECORDED_EVENT_COLUMNS, type RecordedEvent } from './read-events.js';

// The search in brief: the range is gone through in page order by windows of blocks, which grow for as long as little is found. The index says
// which blocks of a window hold all the words; the events of those are read and looked at themselves, so that the index may say too much but
// nothing wrong. What is not in the index yet is looked at without asking it. Each request does so much and no more, and then says where to
// go on: what it costs depends on that, not on how much is recorded.

/** Blocks of a window. As many as the last at once, or fewer where the words are frequent. */
const WINDOW_BLOCKS = [128n, 2_048n, 32_768n, 131_072n] as const;
const MOST_WINDOWS = 24;
/** Of which the events are looked at, by one request. */
const MOST_BLOCKS = 64;
/** Of which they are read in one statement: two at first, of which a page of a frequent word is full, then twice as many each time. */
const BLOCKS_AT_ONCE = 16;
const BYTES_AT_ONCE = 8 * 1024 * 1024;
/** Blocks at the end of the log that are looked at though they are not in the index yet. */
const TAIL_BLOCKS = 64n;
/** A window is followed by a larger one where there was less than this part of a page up to its end: what that one holds is then little, too. */
const ENOUGH = 1 / 4;

/** The last position that a search finds: that of the log, unless the index lies far behind it. */
export async function commandHorizon(db: Queryable): Promise<bigint> {
  return commandHorizonOf(await commandCursor(db), (await readHead(db)).size);
}

/** As {@link commandHorizon}, of a cursor and a size that are known. */
export function commandHorizonOf(cursor: bigint, size: bigint): bigint {
  return least(cursor + TAIL_BLOCKS * BLOCK_EVENTS, size) - 1n;
}

/** A block to look into: its first position, and a time in which all its events were recorded. */
interface Block {
  first: bigint;
  from: string;
  to: string;
}

/**
 * One page of the events whose own text holds all the words, as `readEventPage` pages through all: in position order, and possibly
 * short or empty although more follows.
 * @param range must not reach beyond {@link commandHorizon}
 */
export async function searchCommands(
  db: Queryable,
  range: EventPageRange,
  filter: EventFilter,
  text: CommandText,
): Promise<EventPage> {
  const types = COMMAND_TEXT_TYPES.filter((type) => filter.types?.includes(type) ?? true);
  const search = new Search(db, range, { ...filter, types }, text);
  if (types.length > 0 && range.limit > 0) await search.run();
  else search.end();
  return search.page;
}

class Search {
  private readonly events: RecordedEvent[] = [];
  private bytes = 0;
  private from: bigint;
  private until: bigint;
  private blocksLeft = MOST_BLOCKS;
  private readonly query: string;

  constructor(
    private readonly db: Queryable,
    private readonly range: EventPageRange,
    private readonly filter: EventFilter,
    private readonly text: CommandText,
  ) {
    ({ from: this.from, until: this.until } = range);
    if (this.until < this.from) this.until = this.from;
    this.query = queryOf(text, filter);
  }

  get page(): EventPage {
    return { events: this.events, rest: { from: this.from, until: this.until } };
  }

  end(): void {
    if (this.range.newestFirst) this.until = this.from;
    else this.from = this.until;
  }

  async run(): Promise<void> {
    const indexed = await commandCursor(this.db);
    let size = 0;
    for (let windows = 0; this.until > this.from && windows < MOST_WINDOWS; windows++) {
      const window = this.window(indexed, WINDOW_BLOCKS[size]!);
      const blocks = await (window.isIndexed ? this.indexed(window) : this.tail(window));
      if (!(await this.look(blocks))) return;
      this.reach(this.range.newestFirst ? window.from : window.until);
      if (!window.isIndexed) continue;
      if (this.events.length >= this.range.limit * ENOUGH) return;
      size = Math.min(size + 1, WINDOW_BLOCKS.length - 1);
    }
  }

  /** The next positions to ask for, in the index or behind it. */
  private window(indexed: bigint, blocks: bigint): { from: bigint; until: bigint; isIndexed: boolean } {
    const { from, until } = this;
    const positions = blocks * BLOCK_EVENTS;
    if (this.range.newestFirst) {
      if (until > indexed) return { from: greatest(from, indexed), until, isIndexed: false };
      return { from: greatest(from, startOfBlock(until - 1n) + BLOCK_EVENTS - positions), until, isIndexed: true };
    }
    if (from >= indexed) return { from, until, isIndexed: false };
    return { from, until: least(least(until, indexed), startOfBlock(from) + positions), isIndexed: true };
  }

  private async indexed({ from, until }: { from: bigint; until: bigint }): Promise<Block[]> {
    const { rows } = await this.db.query<Block>(
      `SELECT ${BLOCK_EVENTS} * block AS first, ${instantSql('from_at')} AS from, ${instantSql('to_at')} AS to
         FROM command_blocks($1, $2, $3, $4, $5)`,
      [
        from / BLOCK_EVENTS,
        (until - 1n) / BLOCK_EVENTS + 1n,
        this.query,
        this.blocksLeft,
        this.range.newestFirst ?? false,
      ],
    );
    return rows;
  }

  private async tail({ from, until }: { from: bigint; until: bigint }): Promise<Block[]> {
    const recordedFrom = await fromInstant(this.db, from);
    if (recordedFrom === undefined) return [];
    const blocks: Block[] = [];
    for (let first = startOfBlock(from); first < until; first += BLOCK_EVENTS) {
      blocks.push({ first, from: recordedFrom, to: 'infinity' });
    }
    if (this.range.newestFirst) blocks.reverse();
    return blocks.slice(0, this.blocksLeft);
  }

  /** @returns false where the page ends before all of them were looked through */
  private async look(blocks: readonly Block[]): Promise<boolean> {
    for (let at = 0, atOnce = 2; at < blocks.length; atOnce = Math.min(2 * atOnce, BLOCKS_AT_ONCE)) {
      const some = blocks.slice(at, at + atOnce);
      at += some.length;
      const { events, cutAt } = await this.read(some);
      for (const event of events) {
        if (!bodyHoldsText(event.body, this.text)) continue;
        // The first one comes whatever its size.
        if (this.bytes > 0 && this.bytes + event.body.length > this.range.maxBytes) {
          this.reach(this.range.newestFirst ? event.position + 1n : event.position);
          return false;
        }
        this.events.push(event);
        this.bytes += event.body.length;
        this.reach(this.range.newestFirst ? event.position : event.position + 1n);
        if (this.events.length >= this.range.limit) return false;
      }
      if (cutAt !== undefined) {
        this.reach(cutAt);
        return false;
      }
      this.blocksLeft -= some.length;
      const { first } = some.at(-1)!;
      this.reach(this.range.newestFirst ? first : first + BLOCK_EVENTS);
      if (this.blocksLeft <= 0) return false;
    }
    return true;
  }

  /** Everything up to here was looked at; never beyond the range. */
  private reach(position: bigint): void {
    if (this.range.newestFirst) this.until = greatest(this.from, least(this.until, position));
    else this.from = least(this.until, greatest(this.from, position));
  }

  /** @returns the events of these blocks that may fit; `cutAt`: where to go on, since the rest of them was too large to be read with them */
  private async read(blocks: readonly Block[]): Promise<{ events: RecordedEvent[]; cutAt: bigint | undefined }> {
    const values: unknown[] = [
      BYTES_AT_ONCE,
      blocks.map(({ from }) => from).reduce((a, b) => (b < a ? b : a)),
      blocks.map(({ to }) => to).reduce((a, b) => (b > a ? b : a)),
    ];
    const conditions = filterConditions(this.filter, values);
    // Each with values of its own, so that the planner sees how few positions they are: of a join with the blocks it thinks that it is half
    // of the log.
    const within = blocks.map(({ first }) => {
      values.push(greatest(first, this.from), least(first + BLOCK_EVENTS, this.until));
      return `position >= $${values.length - 1} AND position < $${values.length}`;
    });
    const order = `ORDER BY position ${this.range.newestFirst ? 'DESC' : ''}`;
    const { rows } = await this.db.query<RecordedEvent & { found: number }>(
      `SELECT ${RECORDED_EVENT_COLUMNS}, found FROM (
         SELECT *, sum(octet_length(body)) OVER (${order}) - octet_length(body) AS bytes_before, (count(*) OVER ())::float8 AS found
           FROM event WHERE (${within.join(' OR ')}) AND recorded_at >= $2 AND recorded_at < $3 AND ${conditions.join(' AND ')}
       ) AS measured WHERE bytes_before = 0 OR bytes_before + octet_length(body) <= $1 ${order}`,
      values,
    );
    const last = rows.at(-1);
    const isCut = last !== undefined && rows.length < last.found;
    const events = rows.map(({ found: _, ...event }) => event);
    if (!isCut) return { events, cutAt: undefined };
    return { events, cutAt: this.range.newestFirst ? last.position : last.position + 1n };
  }
}

/** What a block must hold, as a tsquery: all the words, and one of the marks of each filter; or anything. */
function queryOf({ words, prefix }: CommandText, filter: EventFilter): string {
  const { session, identity, kind, connection, connections } = filter;
  const marked = (mark: Parameters<typeof markedLexeme>[0], value: string | undefined) =>
    value === undefined ? [] : [quotedLexeme(markedLexeme(mark, value))];
  const all = [
    ...words.map(quotedLexeme),
    ...(prefix === undefined ? [] : [`${quotedLexeme(prefix)}:*`]),
    ...marked('session', session),
    ...marked('identity', identity),
    ...marked('kind', kind),
    ...marked('connection', connection),
    ...(connections ? [`(${connections.flatMap((one) => marked('connection', one)).join(' | ')})`] : []),
  ];
  return `(${all.join(' & ')}) | ${quotedLexeme(ANY_WORD)}`;
}
