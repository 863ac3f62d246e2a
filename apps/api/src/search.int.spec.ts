import { Agent, request } from 'node:http';
import { projectCommands, projectSessions } from '#record';
import { TestApi } from '../../../test/support/api.js';
import type { TestProducer } from '../../../test/support/producer.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';

// Text inside commands over HTTP, on a real PostgreSQL. What is found at all: libs/record/src/command-search.int.spec.ts.

const DAY = 86_400_000;
const NOON = Date.UTC(2026, 10, 25, 12);

interface Page {
  events: { position: string; event: { session: string; type: string; data: { statement: { text: string } } } }[];
  sessions: { id: string }[];
  next: string;
  more: boolean;
  head: string;
  horizon: string;
  code: string;
  detail: string;
  remedy: string;
}

describe('searching commands over the API', () => {
  let record: TestRecord;
  let api: TestApi;
  let gateway: TestProducer;
  let key: string;

  beforeEach(async () => {
    record = await TestRecord.open();
    api = await TestApi.open(record, { requests: { burst: 100_000, perSecond: 1_000 } });
    key = (await api.key({ role: 'viewer' })).key;
    gateway = await record.producer('gw-1');
  });
  afterEach(async () => {
    await api?.close();
    await record?.close();
  });

  /** Whole sessions, each with these commands. */
  async function recordSession(
    id: string,
    texts: readonly string[],
    facts: ConstructorParameters<typeof SessionEvents>[1] = {},
  ): Promise<void> {
    const session = new SessionEvents(id, { openedAtMs: NOON, ...facts });
    await record.record(gateway, [
      session.opened(),
      ...texts.flatMap((text) => session.command(text)),
      session.closed(),
    ]);
  }

  async function project(): Promise<void> {
    await projectSessions(record.pool);
    await projectCommands(record.pool);
  }

  const ask = (path: string, query: Record<string, string>, as = key) =>
    api.ask<Page>(`${path}?${new URLSearchParams(query)}`, as);

  /** All pages. */
  async function sessionsWith(query: Record<string, string>, as = key): Promise<string[]> {
    const ids: string[] = [];
    for (let cursor: Record<string, string> = {}; ; ) {
      const { status, body } = await ask('/v1/sessions', { ...query, ...cursor }, as);
      expect(status).toBe(200);
      ids.push(...body.sessions.map(({ id }) => id));
      if (body.next === null) return ids;
      cursor = { cursor: body.next };
    }
  }

  it('finds commands in the order that is asked for, beside every other filter, as pages and as a stream', async () => {
    await recordSession('s-1', ['SELECT * FROM orders', 'DROP TABLE orders'], { identity: 'robin' });
    await recordSession('s-2', ['DROP TABLE orders_2026'], { connection: 'payroll' });
    await project();
    const texts = async (query: Record<string, string>) =>
      (await ask('/v1/events', query)).body.events.map(({ event }) => event.data.statement.text);
    expect(await texts({ text: 'table drop', before: 'head' })).toEqual([
      'DROP TABLE orders_2026',
      'DROP TABLE orders',
    ]);
    expect(await texts({ text: 'drop orders*', after: '-1' })).toEqual(['DROP TABLE orders', 'DROP TABLE orders_2026']);
    expect(await texts({ text: 'drop', identity: 'robin' })).toEqual(['DROP TABLE orders']);
    expect(await texts({ text: 'drop', connection: 'payroll' })).toEqual(['DROP TABLE orders_2026']);
    expect(await texts({ text: 'drop', session: 's-1', type: 'command.completed' })).toEqual([]);
    expect(await texts({ text: 'drop', to: '2000-01-01T00:00:00Z' })).toEqual([]);
    const { body, headers } = await ask('/v1/events', { text: 'drop', limit: '1' });
    expect(body).toMatchObject({ more: true, horizon: String(BigInt(body.head) - 1n) });
    expect(headers.get('affidavit-horizon')).toBe(body.horizon);
    expect((await ask('/v1/events', { text: 'drop', after: body.next })).body).toMatchObject({ more: false });
    const stream = await api.ask('/v1/events?text=drop', key, { headers: { accept: 'application/x-ndjson' } });
    expect(stream.text.trim().split('\n')).toHaveLength(2);
    expect(await api.onRecord('record.read')).toMatchObject([{ asked: expect.stringContaining('text=table+drop') }]);
  });

  it('finds sessions by what was done in them: each once, the newest command first, also while they go on', async () => {
    await recordSession('s-1', ['SELECT needle', 'SELECT needle']);
    for (let n = 0; n < 40; n++) await recordSession(`hay-${n}`, ['SELECT hay']);
    await recordSession('s-2', ['SELECT needle'], { identity: 'robin', openedAtMs: NOON - DAY });
    await record.record(gateway, new SessionEvents('s-1').command('SELECT 1'));
    await recordSession('s-3', ['UPDATE needle', 'SELECT needle']);
    const late = new SessionEvents('s-1').command('SELECT needle');
    await record.record(gateway, late);
    await project();
    expect(await sessionsWith({ text: 'needle' })).toEqual(['s-1', 's-3', 's-2']);
    expect(await sessionsWith({ text: 'needle', limit: '1' })).toEqual(['s-1', 's-3', 's-2']);
    expect(await sessionsWith({ text: 'update needle' })).toEqual(['s-3']);
    expect(await sessionsWith({ text: 'needle', identity: 'robin' })).toEqual(['s-2']);
    expect(await sessionsWith({ text: 'needle', to: '2026-11-25T00:00:00Z', outcome: 'success' })).toEqual(['s-2']);
    expect(await sessionsWith({ text: 'needle', state: 'denied' })).toEqual([]);
    expect((await sessionsWith({ text: 'hay', limit: '7' })).length).toBe(40);

    const first = await ask('/v1/sessions', { text: 'needle', limit: '1' });
    await record.record(gateway, new SessionEvents('s-3').command('SELECT needle'));
    await project();
    // It was below when the first page was read, and is still shown once.
    const rest = await ask('/v1/sessions', { text: 'needle', cursor: first.body.next });
    expect(rest.body.sessions.map(({ id }) => id)).toEqual(['s-3', 's-2']);
    const csv = await api.ask('/v1/sessions?text=needle', key, { headers: { accept: 'text/csv' } });
    expect(csv.text.trim().split('\n')).toHaveLength(4);
  });

  it('says how far it has searched, and waits for more where it is asked to', async () => {
    await recordSession('s-1', ['SELECT needle']);
    await projectSessions(record.pool);
    const { body } = await ask('/v1/events', { text: 'needle' });
    expect(body.events).toHaveLength(1);
    const position = String(BigInt(body.head) + 1n);
    for (const path of ['/v1/events', '/v1/sessions']) {
      expect(await ask(path, { text: 'needle', atLeast: position })).toMatchObject({
        status: 503,
        body: { code: 'API_HORIZON_BEHIND' },
      });
    }
    const waiting = ask('/v1/events', { text: 'late', atLeast: position });
    await recordSession('s-2', ['SELECT late']);
    expect((await waiting).body.events).toHaveLength(1);
    expect((await ask('/v1/events', { atLeast: '0' })).status).toBe(400);
  });

  describe('what is no question', () => {
    beforeEach(async () => {
      await recordSession('s-1', ["SELECT 'a' -- \u001b[31m", '\\ ; DROP TABLE event; &|!():* <->']);
      await project();
    });

    it.each([
      ["'; DROP TABLE event; --", 200],
      ["' OR '1'='1", 200],
      ['$1); SELECT pg_sleep(9)', 200],
      ["a' & 'b' | !c:* <-> \\'", 200],
      ['%_\\%', 200],
      ['\u001b[2J\u009b31m', 200],
      ['\u202e\u2066abc', 200],
      ['<script>alert(1)</script>', 200],
      ["';--", 400],
      ['&|!():*<->', 400],
      ['\u001b[', 400],
      ['', 400],
      [' ', 400],
      ['a*', 400],
      ['\u0000', 400],
      ['drop\u0000', 400],
      ['x'.repeat(1025), 400],
      ['x '.repeat(500), 200],
      [Array.from({ length: 17 }, (_, n) => `w${n}`).join(' '), 400],
    ])('as %j does no harm', async (text, status) => {
      for (const path of ['/v1/events', '/v1/sessions']) {
        const answer = await ask(path, { text });
        expect([path, answer.status, answer.body.code]).toEqual([path, status, answer.body.code]);
        if (status === 400) expect(answer.body.remedy).toBeTruthy();
        // Control and bidi characters come back as escapes, if at all.
        if (status === 400) expect(answer.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
      const { rows } = await record.pool.query('SELECT count(*)::int AS n FROM event WHERE session_id IS NOT NULL');
      expect(rows).toEqual([{ n: 6 }]);
      expect((await ask('/v1/events', { text: 'drop table event' })).body.events).toHaveLength(1);
    });

    it('as a text of a megabyte is refused, and as one that is no UTF-8', async () => {
      const refused = async (path: string) =>
        new Promise<number | undefined>((resolve) => {
          const asked = request(`${api.url}${path}`, {
            agent: new Agent(),
            headers: { authorization: `Bearer ${key}` },
          });
          asked.once('response', (answer) => {
            resolve(answer.statusCode);
            answer.destroy();
          });
          asked.once('error', () => resolve(undefined));
          asked.end();
        });
      expect([431, 400]).toContain(await refused(`/v1/events?text=${'x'.repeat(1_000_000)}`));
      expect([200, 400]).toContain(await refused('/v1/events?text=%ff%fe'));
      expect((await ask('/v1/events', { text: 'drop' })).status).toBe(200);
    });

    it('as a cursor that was not given out for it is refused', async () => {
      await recordSession('s-2', ['DROP x']);
      await project();
      const { body } = await ask('/v1/sessions', { text: 'drop', limit: '1' });
      expect(body.next).toBeTruthy();
      const forged = (...values: string[]) => {
        const [digest] = JSON.parse(Buffer.from(body.next, 'base64url').toString());
        return Buffer.from(JSON.stringify([digest, ...values])).toString('base64url');
      };
      for (const cursor of ['x', "'; --", forged('1'), forged('-1', '1'), forged('1', '1e9'), forged("'", '1')]) {
        expect(await ask('/v1/sessions', { text: 'drop', cursor })).toMatchObject({
          status: 400,
          body: { code: 'RECORD_CURSOR_INVALID' },
        });
      }
      expect((await ask('/v1/sessions', { text: 'other', cursor: body.next })).status).toBe(400);
      expect((await ask('/v1/sessions', { cursor: body.next })).status).toBe(400);
      const far = forged('9223372036854775807', '9223372036854775807');
      expect((await ask('/v1/sessions', { text: 'drop', cursor: far })).body.sessions).toHaveLength(2);
    });
  });

  it('shows an auditor nothing beyond his limits, be it by text, by session or by another filter', async () => {
    await recordSession('s-before', ['SELECT needle']);
    await recordSession('s-goes-on', ['SELECT needle']);
    const { rows } = await record.pool.query<{ at: Date }>('SELECT max(recorded_at) AS at FROM run');
    const to = new Date(rows[0]!.at.getTime() + 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    // Within his time it did nothing of the kind.
    await recordSession('s-quiet', ['SELECT 1']);
    await record.record(gateway, new SessionEvents('s-quiet').command('SELECT needle later'));
    await record.record(gateway, new SessionEvents('s-goes-on').command('SELECT needle later'));
    await recordSession('s-payroll', ['SELECT needle'], { connection: 'payroll' });
    await project();
    const limits = { to: to.toISOString().replace('Z', '000Z'), connections: ['orders'] };
    const auditor = (await api.key({ role: 'auditor', limits })).key;
    const found = await ask('/v1/events', { text: 'needle' }, auditor);
    expect(found.body.events.map(({ event }) => event.session)).toEqual(['s-before', 's-goes-on']);
    expect((await ask('/v1/events', { text: 'later' }, auditor)).body.events).toEqual([]);
    const lines = await api.ask('/v1/events?text=needle', auditor, { headers: { accept: 'application/x-ndjson' } });
    expect(lines.text.trim().split('\n')).toHaveLength(2);
    expect((await ask('/v1/events', { text: 'needle', connection: 'payroll' }, auditor)).body.events).toEqual([]);
    for (const limit of ['1', '9']) {
      expect(await sessionsWith({ text: 'needle', limit }, auditor)).toEqual(['s-goes-on', 's-before']);
    }
    expect(await sessionsWith({ text: 'later' }, auditor)).toEqual([]);
    expect(await sessionsWith({ text: 'needle', connection: 'payroll' }, auditor)).toEqual([]);
    // A cursor of somebody who may see more leads him no further.
    const { next } = (await ask('/v1/sessions', { text: 'needle', limit: '1' })).body;
    expect((await ask('/v1/sessions', { text: 'needle', cursor: next }, auditor)).body.sessions ?? []).toEqual([]);
    // The first at once, what follows within a minute as a sum.
    expect(await api.onRecord('access.refused')).toMatchObject([{ code: 'API_BEYOND_LIMITS', what: 'GET /v1/events' }]);
  });
});
