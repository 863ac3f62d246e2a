import type { TestProducer } from '../../../test/support/producer.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { createApiKey, ensureAdminKey, findApiKey, listApiKeys, revokeApiKey, rotateApiKey } from './api-keys.js';
import { type EventPageRange, readEventPage } from './event-pages.js';
import { readHead } from './head.js';
import { createPool } from './pool.js';
import { openPrisma, type PrismaClient } from './prisma.js';
import { listProducers } from './producers.js';
import { readEvents } from './read-events.js';
import { ReadSittings, SITTING_MS } from './read-sittings.js';
import { readRecordStatus } from './record-status.js';
import { scanEvents } from './scan-events.js';
import { listSessions } from './session-reads.js';
import { projectSessions } from './sessions.js';

// Real PostgreSQL; the log is written as the recorder writes it.

const NOON = Date.UTC(2026, 10, 25, 12);

describe('reading the record', () => {
  let record: TestRecord;
  let prisma: PrismaClient;
  let gateway: TestProducer;

  beforeEach(async () => {
    record = await TestRecord.open();
    prisma = await openPrisma(record.pool);
    gateway = await record.producer('gw-1');
  });
  afterEach(async () => {
    await prisma.$disconnect();
    await record.close();
  });

  async function eventsOf(type: string): Promise<Record<string, unknown>[]> {
    await record.drainOutbox();
    const events = await readEvents(record.pool, { after: -1n, limit: 1000 });
    return events.filter((event) => event.type === type).map((event) => JSON.parse(event.body.toString()));
  }

  describe('scanEvents', () => {
    it('reads what readEvents reads, whatever the events hold and wherever it begins and ends', async () => {
      gateway.emitBytes(Buffer.from('{"no":"event\\u0000"}'));
      for (let n = 0; n < 30; n++) {
        const session = new SessionEvents(`s-${n}`, {
          openedAtMs: NOON + n,
          identity: n % 3 ? 'é "\\ \u{1f600}' : 'a',
        });
        await record.record(gateway, [
          session.opened(),
          ...session.command('SELECT '.padEnd(n * 40, 'ü')),
          session.closed(),
        ]);
      }
      const client = await record.pool.connect();
      try {
        const { size } = await readHead(client);
        for (const range of [
          { after: -1n, limit: 1_000 },
          { after: -1n, limit: 7 },
          { after: 11n, until: 50n, limit: 1_000 },
          { after: 11n, until: 12n, limit: 1_000 },
          { after: size - 2n, limit: 5 },
          { after: size, limit: 5 },
          { after: 3n, until: 90n, limit: 60, bytes: 10_000 },
          { after: 3n, until: 90n, limit: 60, bytes: 1 },
        ]) {
          expect([range, await scanEvents(client, range)]).toEqual([range, await readEvents(client, range)]);
        }
        expect((await scanEvents(client, { after: -1n, limit: 1_000 })).map(({ type }) => type)).toContain(
          'quarantined',
        );
      } finally {
        client.release();
      }
    });

    it('leaves the connection in order where PostgreSQL ends it', async () => {
      const session = new SessionEvents('s', { openedAtMs: NOON });
      await record.record(gateway, [session.opened()]);
      const client = await record.pool.connect();
      try {
        await client.query('BEGIN; DROP TABLE event CASCADE');
        await expect(scanEvents(client, { after: -1n, limit: 10 })).rejects.toThrow('event');
        await client.query('ROLLBACK');
        expect((await scanEvents(client, { after: -1n, limit: 10 })).length).toBeGreaterThan(0);
      } finally {
        client.release();
      }
    });
  });

  describe('listSessions', () => {
    async function recordSession(id: string, openedAtMs: number, identity = 'agent-1'): Promise<void> {
      await record.record(gateway, [new SessionEvents(id, { openedAtMs, identity }).opened()]);
    }

    async function idsOfPages(limit: number, between?: () => Promise<void>): Promise<string[]> {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listSessions(prisma, {}, { limit, ...(cursor ? { cursor } : {}) });
        ids.push(...page.sessions.map((session) => session.id));
        cursor = page.cursor;
        await between?.();
      } while (cursor);
      return ids;
    }

    it('shows each session once and newest first, also where many began in the same microsecond and more arrive', async () => {
      for (let n = 0; n < 12; n++) await recordSession(`s-${String(n).padStart(2, '0')}`, NOON + Math.floor(n / 5));
      await projectSessions(record.pool);
      let arrived = 0;
      const ids = await idsOfPages(5, async () => {
        await recordSession(`new-${arrived++}`, NOON + 60_000 + arrived);
        await projectSessions(record.pool);
      });
      expect(ids).toEqual([...Array(12).keys()].map((n) => `s-${String(11 - n).padStart(2, '0')}`));
    });

    it('restricts by every filter', async () => {
      await recordSession('mine', NOON, 'agent-1');
      await recordSession('other', NOON + 1000, 'agent-2');
      await projectSessions(record.pool);
      const found = async (filter: Parameters<typeof listSessions>[1]) =>
        (await listSessions(prisma, filter, { limit: 10 })).sessions.map((session) => session.id);
      expect(await found({ identity: 'agent-1' })).toEqual(['mine']);
      expect(await found({ from: '2026-11-25T12:00:01.000000Z' })).toEqual(['other']);
      expect(await found({ to: '2026-11-25T12:00:01.000000Z' })).toEqual(['mine']);
      expect(await found({ kind: 'agent', connection: 'orders', state: 'open' })).toEqual(['other', 'mine']);
      expect(await found({ kind: 'human' })).toEqual([]);
      expect(await found({ state: 'closed' })).toEqual([]);
      expect(await found({ outcome: 'success' })).toEqual([]);
    });

    it('reads about a page for each filter, however many sessions there are and however rare it is', async () => {
      const rare = "CASE WHEN s % 9973 = 0 THEN 'rare' ELSE 'frequent' END";
      // Both frequent, and hardly ever together.
      const identity = "CASE WHEN s % 9973 = 0 THEN 'rare' WHEN s % 2 = 1 THEN 'odd' ELSE 'frequent' END";
      const connection =
        "CASE WHEN s % 9973 = 0 THEN 'rare' WHEN s % 2 = 1 AND s % 5000 <> 1 THEN 'odd' ELSE 'frequent' END";
      await record.pool.query(
        `INSERT INTO session (id, class, state, identity_id, identity_kind, connection, connection_type, opened_at, last_activity_at, outcome, commands,
           failed, rows, bytes_in, bytes_out, approval_required, approval_state, facts)
         SELECT 's-' || s, 'standard', CASE WHEN s % 9973 = 0 THEN 'denied' ELSE 'closed' END, ${identity}, ${rare}, ${connection}, ${rare}, at, at, ${rare},
           0, 0, 0, 0, 0, false, ${rare}, jsonb_build_object('filler', repeat('x', 400))
           FROM generate_series(1, 100000) AS s,
                LATERAL (SELECT to_char(to_timestamp(1.7e9 + s) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at) AS opened`,
      );
      await record.pool.query('ANALYZE session');
      const single = createPool(record.database.url, { applicationName: 'test', max: 1 });
      const own = await openPrisma(single);
      const blocksRead = async () => {
        await single.query('SELECT pg_stat_force_next_flush()');
        const { rows } = await single.query<{ n: number }>(
          `SELECT (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::float8 AS n FROM pg_statio_user_tables WHERE relname = 'session'`,
        );
        return rows[0]!.n;
      };
      const read: Record<string, number> = {};
      const reads = async (filter: Parameters<typeof listSessions>[1], expected: number) => {
        const before = await blocksRead();
        const { sessions } = await listSessions(own, filter, { limit: 50 });
        expect([filter, sessions.length]).toEqual([filter, expected]);
        read[JSON.stringify(filter)] = (await blocksRead()) - before;
      };
      for (const value of ['rare', 'frequent', 'none'] as const) {
        const state = ({ rare: 'denied', frequent: 'closed', none: 'open' } as const)[value];
        const [identity, kind, connection, type, outcome, approval] = Array<string>(6).fill(value) as [
          string,
          string,
          string,
          string,
          string,
          string,
        ];
        for (const filter of [{ identity }, { kind }, { connection }, { type }, { outcome }, { approval }, { state }]) {
          await reads(filter, { rare: 10, frequent: 50, none: 0 }[value]);
        }
      }
      await reads({ identity: 'odd', connection: 'frequent' }, 20);
      await own.$disconnect();
      await single.end();
      // The table has more than ten thousand.
      expect(Object.entries(read).filter(([, blocks]) => blocks > 150)).toEqual([]);
    }, 60_000);

    it.each([
      ['garbage'],
      [Buffer.from('["a"]').toString('base64url')],
      [Buffer.from('["a","\\u0000"]').toString('base64url')],
    ])('refuses a cursor that it did not give out: %s', async (cursor) => {
      await expect(listSessions(prisma, {}, { limit: 1, cursor })).rejects.toMatchObject({
        code: 'RECORD_CURSOR_INVALID',
      });
    });
  });

  describe('readEventPage', () => {
    async function wholeRange(overrides: Partial<EventPageRange> = {}): Promise<EventPageRange> {
      const { size } = await readHead(record.pool);
      return { from: 0n, until: size, limit: 1000, maxBytes: 1_000_000, ...overrides };
    }

    async function allPages(range: EventPageRange, filter = {}): Promise<bigint[][]> {
      const pages: bigint[][] = [];
      let rest = { from: range.from, until: range.until };
      while (rest.from < rest.until) {
        const page = await readEventPage(record.pool, { ...range, ...rest }, filter);
        pages.push(page.events.map((event) => event.position));
        rest = page.rest;
      }
      return pages;
    }

    beforeEach(async () => {
      for (const id of ['a', 'b']) {
        const session = new SessionEvents(id);
        await record.record(gateway, [session.opened(), ...session.command('SELECT 1'), session.closed()]);
      }
    });

    it('reads every position once, in either direction, however small its pages', async () => {
      const range = await wholeRange({ limit: 3 });
      const up = await allPages(range);
      expect(up.flat()).toEqual([...Array(Number(range.until)).keys()].map(BigInt));
      const down = await allPages({ ...range, newestFirst: true });
      expect(down.flat()).toEqual(up.flat().reverse());
    });

    it('ends a page before the event that would make it too large, but never without one', async () => {
      const pages = await allPages(await wholeRange({ maxBytes: 1 }));
      expect(pages.every((page) => page.length === 1)).toBe(true);
      const large = await allPages(await wholeRange({ maxBytes: 1500 }));
      expect(large.flat()).toEqual(pages.flat());
      expect(large.length).toBeLessThan(pages.length);
    });

    it('finds by session, identity, connection and type', async () => {
      const range = await wholeRange({ limit: 2 });
      const types = async (filter: object) => {
        const positions = (await allPages(range, filter)).flat();
        const events = await readEvents(record.pool, { after: -1n, limit: 1000 });
        return positions.map((position) => events[Number(position)]!.type);
      };
      expect(await types({ session: 'a' })).toEqual([
        'session.opened',
        'command.issued',
        'command.completed',
        'session.closed',
      ]);
      expect(await types({ identity: 'agent-1', types: ['session.closed'] })).toEqual([
        'session.closed',
        'session.closed',
      ]);
      expect(await types({ connection: 'nothing' })).toEqual([]);
      expect(await types({ types: ['producer.started'] })).toEqual(['producer.started']);
    });
  });

  describe('API keys', () => {
    it('open by the whole key only, until they are revoked or expire', async () => {
      const made = await createApiKey(record.pool, { role: 'viewer', label: 'auditor', by: 'test' });
      expect(made.key).toMatch(/^afd_[0-9a-z]{8}_[\w-]{43}$/);
      expect(await findApiKey(prisma, made.key)).toMatchObject({
        key: { id: made.id, role: 'viewer', label: 'auditor', limits: null },
      });
      for (const wrong of [
        '',
        made.prefix,
        `${made.key}x`,
        made.key.slice(0, -1),
        made.key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
      ]) {
        expect((await findApiKey(prisma, wrong)).key).toBeUndefined();
      }
      const { rows } = await record.pool.query('SELECT api_key::text AS row FROM api_key');
      expect(rows[0].row).not.toContain(made.key.slice(`afd_${made.prefix}_`.length));
      await revokeApiKey(record.pool, made.id, 'test');
      await revokeApiKey(record.pool, made.id, 'test');
      expect(await findApiKey(prisma, made.key)).toEqual({ meant: made.prefix });
      expect(await eventsOf('key.created')).toMatchObject([
        { data: { key: `api-key:${made.prefix}`, role: 'viewer', by: 'test' } },
      ]);
      expect((await eventsOf('key.revoked')).length).toBe(1);

      const short = await createApiKey(record.pool, {
        role: 'viewer',
        by: 'test',
        expiresAt: new Date(Date.now() + 60_000),
      });
      expect((await findApiKey(prisma, short.key)).key).toBeDefined();
      expect((await findApiKey(prisma, short.key, new Date(Date.now() + 61_000))).key).toBeUndefined();
    });

    it('get a new secret while the one before still opens, for as long as was said', async () => {
      const made = await createApiKey(record.pool, { role: 'operator', label: 'sender', by: 'test' });
      const rotated = await rotateApiKey(record.pool, made.id, { by: 'test', overlapMs: 60_000 });
      expect(rotated).toMatchObject({ id: made.id, prefix: made.prefix, role: 'operator' });
      const opens = async (text: string, inMs = 0) =>
        (await findApiKey(prisma, text, new Date(Date.now() + inMs))).key !== undefined;
      expect([await opens(made.key), await opens(rotated.key)]).toEqual([true, true]);
      expect([await opens(made.key, 61_000), await opens(rotated.key, 61_000)]).toEqual([false, true]);
      const again = await rotateApiKey(record.pool, made.id, { by: 'test', overlapMs: 0 });
      expect([await opens(made.key), await opens(rotated.key), await opens(again.key)]).toEqual([false, false, true]);
      expect((await eventsOf('key.rotated')).map(({ data }) => data)).toEqual([
        { key: `api-key:${made.prefix}`, by: 'test', previousUntil: expect.any(String) },
        { key: `api-key:${made.prefix}`, by: 'test' },
      ]);
      await revokeApiKey(record.pool, made.id, 'test');
      await expect(rotateApiKey(record.pool, made.id, { by: 'test', overlapMs: 0 })).rejects.toMatchObject({
        code: 'RECORD_KEY_OVER',
      });
      const nobody = '7f0b7f9e-7e1e-4f0e-9a5e-4a9f0a4f6a11';
      await expect(rotateApiKey(record.pool, nobody, { by: 'test', overlapMs: 0 })).rejects.toMatchObject({
        code: 'RECORD_KEY_UNKNOWN',
      });
    });

    it('of auditors carry their limits, which the database keeps from all others', async () => {
      const limits = {
        from: '2026-01-01T00:00:00.000000Z',
        to: '2026-02-01T00:00:00.000000Z',
        connections: ['orders'],
      };
      const made = await createApiKey(record.pool, { role: 'auditor', by: 'test', limits });
      expect((await findApiKey(prisma, made.key)).key).toMatchObject({ role: 'auditor', limits });
      expect((await eventsOf('key.created'))[0]).toMatchObject({ data: { role: 'auditor', limits } });
      await expect(createApiKey(record.pool, { role: 'admin', by: 'test', limits })).rejects.toMatchObject({
        code: '23514',
      });
    });

    it('say when they were last used, in UTC also on a server that is set to another zone', async () => {
      await record.pool.query(`ALTER DATABASE ${record.database.name} SET timezone = 'Asia/Tokyo'`);
      const pool = createPool(record.database.url, { applicationName: 'test-tokyo' });
      const fresh = await openPrisma(pool);
      try {
        const made = await createApiKey(pool, { role: 'viewer', by: 'test' });
        await findApiKey(fresh, made.key);
        const [key] = await listApiKeys(fresh);
        expect(Math.abs(key!.lastUsedAt!.getTime() - Date.now())).toBeLessThan(60_000);
        expect(Math.abs(key!.createdAt.getTime() - Date.now())).toBeLessThan(60_000);
      } finally {
        await fresh.$disconnect();
        await pool.end();
      }
    });

    it('are made once at the first start, also by several processes at once, and not unless they are kept', async () => {
      await expect(
        ensureAdminKey(record.pool, () => {
          throw new Error('disk full');
        }),
      ).rejects.toThrow('disk full');
      expect(await listApiKeys(prisma)).toEqual([]);
      const kept: string[] = [];
      const made = await Promise.all([1, 2, 3].map(() => ensureAdminKey(record.pool, (key) => void kept.push(key))));
      expect(made.filter(Boolean).length).toBe(1);
      expect(kept.length).toBe(1);
      expect(await findApiKey(prisma, kept[0]!)).toMatchObject({ key: { role: 'admin' } });
    });

    it('never lock everybody out', async () => {
      const first = await createApiKey(record.pool, { role: 'admin', by: 'test' });
      const second = await createApiKey(record.pool, { role: 'admin', by: 'test' });
      const outcomes = await Promise.allSettled([first, second].map(({ id }) => revokeApiKey(record.pool, id, 'test')));
      expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find((outcome) => outcome.status === 'rejected')).toMatchObject({
        reason: { code: 'RECORD_LAST_ADMIN_KEY' },
      });
    });
  });

  describe('reads', () => {
    it('are one event a sitting, across processes, and a new one after it', async () => {
      const made = await createApiKey(record.pool, { role: 'viewer', label: 'auditor', by: 'test' });
      const key = { ...made, label: 'auditor' };
      let now = Date.now();
      const processes = [1, 2].map(() => new ReadSittings(record.pool, () => now));
      for (let round = 0; round < 5; round++)
        await Promise.all(processes.map((sittings) => sittings.note(key, 'events')));
      await processes[0]!.note(key, 'sessions');
      expect((await eventsOf('record.read')).map((event) => (event.data as { what: string }).what)).toEqual([
        'events',
        'sessions',
      ]);
      now += SITTING_MS;
      await processes[1]!.note(key, 'events');
      await processes[0]!.note(key, 'events');
      const events = await eventsOf('record.read');
      expect(events.length).toBe(3);
      expect(events[0]).toMatchObject({ class: 'system', identity: { id: `api-key:${made.prefix}`, name: 'auditor' } });
    });

    it('are counted, and their totals are one more event a sitting', async () => {
      const made = await createApiKey(record.pool, { role: 'viewer', by: 'test' });
      const key = { ...made, label: null };
      let now = NOON;
      const sittings = new ReadSittings(record.pool, () => now);
      for (let round = 0; round < 20; round++) {
        await sittings.note(key, 'events');
        sittings.tally(key, 'events', 100);
      }
      await sittings.settle();
      expect(await eventsOf('record.answered')).toEqual([]);
      now += SITTING_MS;
      await sittings.note(key, 'events');
      sittings.tally(key, 'events', 1);
      await record.pool.query('ALTER TABLE outbox RENAME TO outbox_away');
      await expect(sittings.settle()).rejects.toThrow('outbox');
      await record.pool.query('ALTER TABLE outbox_away RENAME TO outbox');
      await sittings.settle();
      const total = { key: `api-key:${made.prefix}`, what: 'events', since: '2026-11-25T12:00:00.000000Z' };
      expect((await eventsOf('record.answered')).map(({ data }) => data)).toEqual([
        { ...total, reads: 20, count: 2_000 },
      ]);
      await sittings.close();
      expect((await eventsOf('record.answered')).at(-1)).toMatchObject({ data: { reads: 1, count: 1 } });
    });
  });

  it('shows each run with its newest event and how late that came', async () => {
    await record.record(gateway, [new SessionEvents('a', { openedAtMs: Date.now() - 5000 }).opened()]);
    const [run] = await listProducers(record.pool, { node: 'gw-1', limit: 10 });
    expect(run).toMatchObject({ node: 'gw-1', epoch: gateway.epoch, state: 'open', seq: 1, last: { position: 1n } });
    expect(run!.last!.lagMs).toBeGreaterThan(4000);
    expect(run!.last!.lagMs).toBeLessThan(60_000);
    expect((await listProducers(record.pool, { limit: 10 })).map((one) => one.node)).toEqual(['gw-1', 'record']);
    expect(await listProducers(record.pool, { state: 'forked', limit: 10 })).toEqual([]);
  });

  it('says at a glance how far everything is', async () => {
    await record.record(gateway, [new SessionEvents('a').opened()]);
    expect(await readRecordStatus(record.pool)).toMatchObject({
      head: { size: 2n },
      recorder: { active: true },
      sessions: { horizon: -1n, behind: 2n, open: 0 },
      producers: { nodes: 1, open: 1 },
      outbox: { waiting: 0, oldestAt: null },
    });
    await projectSessions(record.pool);
    await createApiKey(record.pool, { role: 'viewer', by: 'test' });
    expect(await readRecordStatus(record.pool)).toMatchObject({
      sessions: { horizon: 1n, behind: 0n, open: 1 },
      outbox: { waiting: 1 },
    });
  });
});
