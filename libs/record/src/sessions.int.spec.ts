import type { TestProducer } from '../../../test/support/producer.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';
import { projectSessions, rebuildSessions, sessionHorizon } from './sessions.js';

// Real PostgreSQL; the log is written as the recorder writes it.

describe('the sessions projection', () => {
  let record: TestRecord;
  let gateway: TestProducer;

  beforeEach(async () => {
    record = await TestRecord.open();
    gateway = await record.producer('gw-1');
  });
  afterEach(() => record.close());

  async function table(): Promise<Record<string, unknown>[]> {
    const { rows } = await record.pool.query<{ row: Record<string, unknown> }>(
      'SELECT to_jsonb(session) AS row FROM session ORDER BY id',
    );
    return rows.map(({ row }) => row);
  }

  async function recordSessions(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const session = new SessionEvents(`s-${n}`, { openedAtMs: Date.UTC(2026, 10, 25, 12, n) });
      await record.record(gateway, [session.opened(), ...session.command(`SELECT ${n}`), session.closed()]);
    }
  }

  it('follows the log to its head, and says how far it is', async () => {
    expect(await sessionHorizon(record.pool)).toBe(-1n);
    await recordSessions(3);
    const progress = await projectSessions(record.pool);
    expect(progress).toMatchObject({ events: 12, busy: false, position: progress.head });
    expect(await sessionHorizon(record.pool)).toBe(progress.head - 1n);
    expect(await table()).toMatchObject(
      [0, 1, 2].map((n) => ({ id: `s-${n}`, state: 'closed', commands: 1, node: 'gw-1' })),
    );
    expect(await projectSessions(record.pool)).toMatchObject({ events: 0 });
  });

  it('folds each event once, however many project at the same time and however small the pages are', async () => {
    await recordSessions(10);
    for (let round = 0; round < 20; round++) {
      const all = await Promise.all([1, 2, 3].map(() => projectSessions(record.pool, { pageEvents: 3 })));
      if (all.every((progress) => progress.position === progress.head)) break;
    }
    const rows = await table();
    expect(rows.map((row) => row.state)).toEqual(Array(10).fill('closed'));
    const counted = rows.map((row) => (row.facts as { counts: { commands: number } }).counts.commands);
    expect(counted).toEqual(Array(10).fill(1));
  });

  it('is rebuilt to the identical table, whatever stood there', async () => {
    await recordSessions(5);
    await projectSessions(record.pool);
    const before = await table();
    expect(await rebuildSessions(record.pool)).toMatchObject({ sessions: 5, corrected: 0 });
    expect(await table()).toEqual(before);

    await record.pool.query(`DELETE FROM session WHERE id = 's-0'`);
    await record.pool.query(`UPDATE session SET commands = 99 WHERE id = 's-1'`);
    await record.pool.query(
      `INSERT INTO session SELECT (jsonb_populate_record(session, '{"id": "s-invented"}')).* FROM session WHERE id = 's-2'`,
    );
    expect(await table()).not.toEqual(before);
    const seen: bigint[] = [];
    expect(await rebuildSessions(record.pool, ({ position }) => seen.push(position))).toMatchObject({ corrected: 3 });
    expect(await table()).toEqual(before);
    expect(seen.at(-1)).toBe((await sessionHorizon(record.pool)) + 1n);
  });

  it('goes on while a rebuild runs, and both agree in the end', async () => {
    await recordSessions(5);
    await projectSessions(record.pool);
    const rebuilt = rebuildSessions(record.pool);
    for (let n = 5; n < 15; n++) {
      const session = new SessionEvents(`s-${n}`);
      await record.record(gateway, [session.opened()]);
      await projectSessions(record.pool);
    }
    expect(await rebuilt).toMatchObject({ corrected: 0 });
    await projectSessions(record.pool);
    expect((await table()).length).toBe(15);
    expect(await rebuildSessions(record.pool)).toMatchObject({ sessions: 15, corrected: 0 });
  });

  it('is not stopped by what PostgreSQL cannot keep as text', async () => {
    const session = new SessionEvents('s-nul');
    const draft = session.opened();
    if (draft.type === 'session.opened') draft.data.client.application = 'a\u0000b\\u0000';
    await record.record(gateway, [draft, ...session.command('SELECT \u0000'), session.closed()]);
    await projectSessions(record.pool);
    expect(await table()).toMatchObject([{ id: 's-nul', client: { application: 'a␀b\\u0000' } }]);
  });

  it('stops after the page under way when told to', async () => {
    await recordSessions(3);
    const stop = new AbortController();
    stop.abort();
    const progress = await projectSessions(record.pool, { signal: stop.signal, pageEvents: 2 });
    expect(progress.events).toBe(2);
    expect(progress.position < progress.head).toBe(true);
  });
});
