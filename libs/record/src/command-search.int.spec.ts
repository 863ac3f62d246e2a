import fc from 'fast-check';
import type pg from 'pg';
import type { EventDraft } from '#events';
import { recordBackdated } from '../../../test/support/backdated.js';
import type { TestProducer } from '../../../test/support/producer.js';
import { until as untilTrue } from '../../../test/support/servers.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { BLOCK_EVENTS, commandCursor, projectCommands, rebuildCommands } from './command-index.js';
import { commandHorizon, searchCommands } from './command-search.js';
import { commandTextOf } from './command-words.js';
import type { EventFilter } from './event-pages.js';
import { readHead } from './head.js';
import { readEvents } from './read-events.js';
import { beginRetentionRun, carryOutRun } from './retention.js';
import { raiseRetention } from './retention-policy.js';

// Real PostgreSQL; the log is written as the recorder writes it.

const DAY = 86_400_000;
const WORDS = [
  'select',
  'orders',
  'Orders_2026',
  'customer',
  'DROP',
  'naïve',
  'T77',
  "o'neil",
  '数据',
  'x',
  '42',
  '4242',
];

interface Command {
  text: string;
  parameter?: string | undefined;
  class?: string;
  identity?: string;
  connection?: string;
}

interface Asked {
  text: string;
  filter?: EventFilter;
  limit?: number;
  newestFirst?: boolean;
  from?: bigint;
  until?: bigint;
  /** Runs between two pages. */
  between?: () => Promise<void>;
}

describe('text inside commands', () => {
  let record: TestRecord;
  let gateway: TestProducer;
  let sessions = 0;

  beforeEach(async () => {
    record = await TestRecord.open();
    gateway = await record.producer('gw-1');
    sessions = 0;
    await raiseRetention(record.pool, { name: 'brief', keepMs: 30 * DAY, requirements: [] }, 'test');
    // It learns of the class as it begins.
    await record.writer.begin();
    await record.drainOutbox();
  });
  afterEach(() => record.close());

  /** Each in a session of its own, with its answer. @returns position of the last answer */
  async function issue(commands: readonly Command[]): Promise<bigint> {
    const drafts = commands.flatMap(({ text, parameter, ...facts }): EventDraft[] => {
      const [issued, completed] = new SessionEvents(`s-${sessions++}`, facts).command(text);
      if (parameter !== undefined && issued?.type === 'command.issued') {
        issued.data.parameters = [null, { text: parameter, bytes: 1, sha256: '0'.repeat(64) }];
      }
      return [issued!, completed!];
    });
    return record.record(gateway, drafts);
  }

  const times = (count: number, command: (n: number) => Command) => Array.from({ length: count }, (_, n) => command(n));

  async function table(): Promise<unknown[]> {
    const { rows } = await record.pool.query(
      'SELECT partition, block::int, words::text FROM command_words ORDER BY block, partition',
    );
    return rows;
  }

  /** All pages, one after the other. */
  async function found(asked: Asked): Promise<bigint[]> {
    const { text, filter = {}, limit = 100, newestFirst = false, between } = asked;
    const positions: bigint[] = [];
    let rest = { from: asked.from ?? 0n, until: asked.until ?? (await commandHorizon(record.pool)) + 1n };
    while (rest.from < rest.until) {
      const range = { ...rest, limit, maxBytes: 1_000_000, newestFirst };
      const page = await searchCommands(record.pool, range, filter, commandTextOf(text));
      expect(page.events.length).toBeLessThanOrEqual(limit);
      positions.push(...page.events.map(({ position }) => position));
      // It gets on, or is over.
      expect(page.rest.until - page.rest.from).toBeLessThan(rest.until - rest.from);
      rest = page.rest;
      await between?.();
    }
    return positions;
  }

  /** What is to be found, by reading everything, and with another way to part words. */
  async function naive({ text, filter = {}, newestFirst, from = 0n, until = 1_000_000n }: Asked): Promise<bigint[]> {
    const parted = (one: string) =>
      one
        .toLowerCase()
        .split(/[^\p{L}\p{M}\p{N}_]+/u)
        .filter((word) => word !== '');
    const asked = parted(text);
    const prefix = text.endsWith('*') ? asked.pop() : undefined;
    const all = await readEvents(record.pool, { after: from - 1n, until, limit: 100_000 });
    const fitting = all.filter((event) => {
      const { type, data } = JSON.parse(event.body.toString());
      if (type !== 'command.issued') return false;
      if (filter.identity !== undefined && event.identityId !== filter.identity) return false;
      if (filter.session !== undefined && event.sessionId !== filter.session) return false;
      if (filter.connections !== undefined && !filter.connections.includes(event.connection ?? '')) return false;
      const words = parted(`${data.statement.text} ${data.parameters?.[1].text ?? ''}`);
      const isBegun = prefix === undefined || words.some((word) => word.startsWith(prefix));
      return isBegun && asked.every((word) => words.includes(word));
    });
    const positions = fitting.map(({ position }) => position);
    return newestFirst ? positions.reverse() : positions;
  }

  it('is found exactly as by reading everything, however it is asked for, and whatever is recorded and projected meanwhile', async () => {
    const word = fc.constantFrom(...WORDS);
    const identity = "o'neil \\ *";
    const commands = (maxLength: number) =>
      fc.array(
        fc.record({
          text: fc.array(word, { maxLength: 5 }).map((words) => words.join(' ')),
          parameter: fc.option(word, { nil: undefined }),
          class: fc.constantFrom('standard', 'brief'),
          identity: fc.constantFrom('agent-1', identity),
          connection: fc.constantFrom('orders', 'payroll'),
        }),
        { minLength: 1, maxLength },
      );
    const step = fc.record({
      recorded: commands(150),
      arriving: commands(3),
      isProjected: fc.boolean(),
      text: fc.oneof(
        fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
        fc.tuple(word, fc.constantFrom('ord*', 'sel*', '424*', 'cust*')).map((words) => words.join(' ')),
      ),
      limit: fc.integer({ min: 1, max: 30 }),
      newestFirst: fc.boolean(),
      filter: fc.constantFrom<EventFilter>(
        {},
        { identity },
        { connections: ['payroll', 'none'] },
        { session: 's-7' },
        { types: ['session.opened'] },
      ),
      start: fc.bigInt({ min: 0n, max: 99n }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        for (const { recorded, arriving, isProjected, start, ...asked } of steps) {
          await issue(recorded);
          if (isProjected) await projectCommands(record.pool, { pageBlocks: 1n });
          const until = (await commandHorizon(record.pool)) + 1n;
          const fixed = { ...asked, from: (until * start) / 100n, until };
          const expected = asked.filter.types ? [] : await naive(fixed);
          const between = async () => {
            await issue(arriving);
            await projectCommands(record.pool);
          };
          expect([fixed, await found({ ...fixed, between })]).toEqual([fixed, expected]);
        }
        expect(await rebuildCommands(record.pool)).toMatchObject({ corrected: 0 });
      }),
      { numRuns: 25 },
    );
  }, 180_000);

  it('is in the index block by block, and rebuilt to the identical rows, whatever stood there', async () => {
    await issue(times(160, (n) => ({ text: `SELECT ${n} FROM orders`, class: n % 3 ? 'standard' : 'brief' })));
    const { size } = await readHead(record.pool);
    const progress = await projectCommands(await record.poolOf('recorder'), { pageBlocks: 2n });
    expect(progress).toMatchObject({ position: size - (size % BLOCK_EVENTS), head: progress.position, busy: false });
    expect(await projectCommands(record.pool)).toMatchObject({ events: 0 });
    const before = await table();
    // Of both classes each.
    expect(before).toHaveLength(2 * Number(size / BLOCK_EVENTS));
    expect(await rebuildCommands(record.pool)).toMatchObject({ blocks: before.length, corrected: 0 });
    await record.pool.query('DELETE FROM command_words WHERE block = 0');
    await record.pool.query(`UPDATE command_words SET words = words || '''invented''' WHERE block = 1`);
    await record.pool.query('DELETE FROM command_words WHERE block = 2 AND partition LIKE $1', ['%brief%']);
    expect(await rebuildCommands(record.pool)).toMatchObject({ corrected: 5 });
    expect(await table()).toEqual(before);
  });

  it('is projected once, also by several at the same time, and where one is killed in the middle', async () => {
    await issue(times(400, (n) => ({ text: `SELECT ${n}` })));
    const dying = await record.pool.connect();
    const { rows } = await dying.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const dies = projectCommands({ connect: async () => dying } as unknown as pg.Pool, { pageBlocks: 1n });
    await record.pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
    await expect(dies).rejects.toThrow();
    await untilTrue('all is projected', async () => {
      const all = await Promise.all([1, 2, 3].map(() => projectCommands(record.pool, { pageBlocks: 1n })));
      return all.every(({ position, head }) => position === head);
    });
    const { size } = await readHead(record.pool);
    expect(await commandCursor(record.pool)).toBe(size - (size % BLOCK_EVENTS));
    expect(await rebuildCommands(record.pool)).toMatchObject({ corrected: 0 });
  });

  it('is found at once at the end of the log, and up to the horizon where the index lies far behind', async () => {
    const first = await issue([{ text: 'SELECT needle' }]);
    expect(await commandHorizon(record.pool)).toBe(first);
    expect(await found({ text: 'needle' })).toEqual([first - 1n]);
    await issue(times(2_500, () => ({ text: 'hay' })));
    const last = await issue([{ text: 'SELECT needle' }]);
    expect(await commandHorizon(record.pool)).toBe(64n * BLOCK_EVENTS - 1n);
    expect(await found({ text: 'needle', newestFirst: true })).toEqual([first - 1n]);
    await projectCommands(record.pool);
    expect(await commandHorizon(record.pool)).toBe(last);
    expect(await found({ text: 'needle', newestFirst: true })).toEqual([last - 1n, first - 1n]);
    expect(await found({ text: 'hay' })).toHaveLength(2_500);
  });

  it('is found in blocks with more words than a row holds, and of whatever length', async () => {
    const unique = (n: number) => Array.from({ length: 400 }, (_, m) => `u${n}_${m}`).join(' ');
    await issue(times(40, (n) => ({ text: `INSERT ${unique(n)} ${'long'.repeat(600)}` })));
    await projectCommands(record.pool);
    const { rows } = await record.pool.query(`SELECT block FROM command_words WHERE words::text = '''*'''`);
    expect(rows).toHaveLength(1);
    expect(await found({ text: 'u3_399 u3_0' })).toHaveLength(1);
    expect(await found({ text: 'u39_399' })).toHaveLength(1);
    expect(await found({ text: 'u3_399 u4_0' })).toEqual([]);
    expect(await found({ text: 'long'.repeat(700) })).toHaveLength(40);
    expect(await rebuildCommands(record.pool)).toMatchObject({ corrected: 0 });
  });

  it('is looked for so far in one request and no further, where frequent words never meet', async () => {
    for (let n = 0; n < 5; n++) await issue(times(960, (m) => ({ text: m % 2 ? 'red' : 'green' })));
    await projectCommands(record.pool);
    const until = (await commandHorizon(record.pool)) + 1n;
    const range = { from: 0n, until, limit: 10, maxBytes: 1_000_000, newestFirst: true };
    const page = await searchCommands(record.pool, range, {}, commandTextOf('red green'));
    expect(page.events).toEqual([]);
    const looked = until - page.rest.until;
    expect(looked).toBeGreaterThan(63n * BLOCK_EVENTS);
    expect(looked).toBeLessThanOrEqual(64n * BLOCK_EVENTS);
    expect(await found({ text: 'red green', newestFirst: true })).toEqual([]);
  }, 60_000);

  it('goes with a purge, to the last byte, also where it is projected at that moment', async () => {
    // A log that begins in the past.
    await record.close();
    record = await TestRecord.open({ isWritten: false });
    await raiseRetention(record.pool, { name: 'brief', keepMs: 30 * DAY, requirements: [] }, 'test');
    const old = times(130, (n) => ({ text: `SELECT secret_${n} FROM forgotten` }));
    const at = (n: number) => Date.parse('2024-01-10T10:00:00Z') + Math.floor(n / 65) * 20 * DAY;
    await recordBackdated(
      record.pool,
      old.map(({ text }, n) => ({ class: 'brief', atMs: at(n), session: 'old', text })),
    );
    await projectCommands(record.pool);
    expect(await found({ text: 'forgotten' })).toHaveLength(130);
    const relations = async () => {
      const { rows } = await record.pool.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relname LIKE 'command\\_words\\_brief%' AND relkind IN ('r', 'i', 't')`,
      );
      return rows.map(({ name }) => name);
    };
    expect((await relations()).length).toBeGreaterThan(0);

    // Made anew from the start, and held up before its commit: the purge waits for it, and takes what it wrote.
    await record.pool.query(`DELETE FROM command_words`);
    await record.pool.query(`UPDATE projection SET position = 0 WHERE name = 'commands'`);
    const writing = heldUp(record.pool);
    const projected = projectCommands(writing.pool);
    await writing.atCommit;
    const run = await beginRetentionRun(record.pool, 'test');
    expect(run.planned).toHaveLength(2);
    const purged = carryOutRun(record.pool, run);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect((await record.pool.query('SELECT FROM purge')).rowCount).toBe(0);
    writing.commit();
    await projected;
    expect(Object.values((await purged)!)).toEqual(['purged', 'purged']);
    expect(await relations()).toEqual([]);
    expect(await table()).toEqual([]);
    expect(await found({ text: 'forgotten' })).toEqual([]);

    await record.pool.query(`UPDATE projection SET position = 0 WHERE name = 'commands'`);
    await projectCommands(record.pool);
    expect(await relations()).toEqual([]);
    expect(await rebuildCommands(record.pool)).toMatchObject({ corrected: 0, blocks: 0 });
  }, 60_000);
});

/** A pool of one connection, whose first transaction waits before it commits. */
function heldUp(pool: pg.Pool): { pool: pg.Pool; atCommit: Promise<void>; commit: () => void } {
  let arrive = () => {};
  let commit = () => {};
  const atCommit = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const free = new Promise<void>((resolve) => {
    commit = resolve;
  });
  const connect = async () => {
    const client = await pool.connect();
    const query = async (sql: string, values?: unknown[]) => {
      if (sql === 'COMMIT') {
        arrive();
        await free;
      }
      return client.query(sql, values);
    };
    return { query, release: (broken: boolean) => client.release(broken) };
  };
  return { pool: { connect } as never, atCommit, commit: () => commit() };
}
