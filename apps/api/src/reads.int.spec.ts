import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { projectSessions } from '#record';
import { TestApi } from '../../../test/support/api.js';
import type { TestProducer } from '../../../test/support/producer.js';
import { until } from '../../../test/support/servers.js';
import { SessionEvents } from '../../../test/support/session-events.js';
import { TestRecord } from '../../../test/support/test-record.js';

// How evidence is read over HTTP: pages, streams, tables, conditional and compressed answers; on a real PostgreSQL.

const NOON = Date.UTC(2026, 10, 25, 12);
const NDJSON = { accept: 'application/x-ndjson' };
const CSV = { accept: 'text/csv' };

interface Page {
  sessions: { id: string; openedAt: string }[];
  events: { position: string; event: { type: string; session: string } }[];
  identities: { id: string; identity: string; sessions: number; lastSession: string; bypassed: number }[];
  connections: { name: string; type: string }[];
  approvals: { position: string; state: string; session: string; by: string | null; reason: string | null }[];
  next: string;
  more: boolean;
  head: string;
  code: string;
}

describe('reading evidence over the API', () => {
  let record: TestRecord;
  let api: TestApi;
  let gateway: TestProducer;
  let key: string;

  beforeAll(async () => {
    record = await TestRecord.open();
    api = await TestApi.open(record, { requests: { burst: 100_000, perSecond: 1_000 } });
    key = (await api.key({ role: 'viewer' })).key;
    gateway = await record.producer('gw-1');
  });
  afterAll(async () => {
    await api?.close();
    await record?.close();
  });

  const get = (path: string, headers: Record<string, string> = {}) => api.ask<Page>(path, key, { headers });

  describe('pages', () => {
    it('of events show each once and miss none, however they are cut and whatever is recorded meanwhile', async () => {
      let round = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ limit: fc.integer({ min: 1, max: 9 }), arriving: fc.integer({ min: 0, max: 4 }) }), {
            minLength: 1,
            maxLength: 12,
          }),
          fc.boolean(),
          async (steps, isStreamed) => {
            const run = `e-${round++}`;
            const made: string[] = [];
            const write = async (count: number) => {
              for (let n = 0; n < count; n++) {
                const id = `${run}-${made.length}`;
                made.push(id);
                await record.record(gateway, [new SessionEvents(id, { identity: run }).opened()]);
              }
            };
            await write(5);
            const seen: string[] = [];
            let after = '-1';
            for (const { limit, arriving } of steps) {
              const reading = get(`/v1/events?identity=${run}&after=${after}&limit=${limit}`);
              const [{ body }] = await Promise.all([reading, write(arriving)]);
              seen.push(...body.events.map(({ event }) => event.session));
              after = body.next;
            }
            if (isStreamed) {
              const { text } = await get(`/v1/events?identity=${run}&after=${after}`, NDJSON);
              seen.push(
                ...text.split('\n').flatMap((line) => (line ? [JSON.parse(line).event.session as string] : [])),
              );
            } else {
              for (let more = true; more; ) {
                const { body } = await get(`/v1/events?identity=${run}&after=${after}&limit=7`);
                seen.push(...body.events.map(({ event }) => event.session));
                ({ next: after, more } = body);
              }
            }
            expect(seen).toEqual(made);
          },
        ),
        { numRuns: 12 },
      );
    }, 120_000);

    it('of sessions, identities and connections show each once and miss none that was there', async () => {
      let round = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 12 }),
          async (limit, minutes) => {
            const run = `r${round++}`;
            let arrived = 0;
            const write = async (id: string, openedAtMs: number, name = id) => {
              const facts = { openedAtMs, kind: 'service' as const, identity: name, connection: `${run}-${id}` };
              await record.record(gateway, [new SessionEvents(`${run}-${id}`, facts).opened()]);
              await projectSessions(record.pool);
            };
            for (const [n, minute] of minutes.entries())
              await write(`${n}`, NOON + minute * 60_000, `${run}-i${n % 4}`);
            const pages = async <T>(path: string, rowsOf: (page: Page) => T[], between: () => Promise<void>) => {
              const rows: T[] = [];
              for (let cursor = ''; ; ) {
                const { body } = await get(`${path}&limit=${limit}${cursor && `&cursor=${cursor}`}`);
                rows.push(...rowsOf(body));
                if (!body.next) return rows;
                cursor = body.next;
                await between();
              }
            };
            const isOwn = (id: string) => id.startsWith(`${run}-`);
            const sessions = (
              await pages(
                '/v1/sessions?kind=service',
                ({ sessions }) => sessions.map(({ id }) => id),
                // Newer and older ones than the page that was read last.
                () => write(`new${arrived++}`, NOON + (arrived % 2 ? 9 : -9) * 60_000, `${run}-i0`),
              )
            ).filter(isOwn);
            expect(new Set(sessions).size).toBe(sessions.length);
            for (const n of minutes.keys()) expect(sessions).toContain(`${run}-${n}`);
            const identities = (
              await pages(
                '/v1/identities?kind=service',
                ({ identities }) => identities.map(({ id }) => id),
                () => write(`more${arrived++}`, NOON, `${run}-i1`),
              )
            ).filter(isOwn);
            expect(identities).toEqual([...new Set([...minutes.keys()].map((n) => `${run}-i${n % 4}`))].sort());
            const { body } = await get(`/v1/connections?identity=${run}-i2&limit=100`);
            const expected = [...minutes.keys()].filter((n) => n % 4 === 2).map((n) => `${run}-${n}`);
            expect(body.connections.map(({ name }) => name)).toEqual(expected.sort());
          },
        ),
        { numRuns: 6 },
      );
    }, 120_000);
  });

  describe('filters', () => {
    beforeAll(async () => {
      for (const [id, facts, approval] of [
        ['f-agent', { identity: 'robin', kind: 'agent', connection: 'ledger' }, 'approval.bypassed'],
        ['f-human', { identity: 'kim', kind: 'human', connection: 'ledger' }, 'approval.granted'],
        ['f-else', { identity: 'kim', kind: 'human', connection: 'archive' }, undefined],
      ] as const) {
        const session = new SessionEvents(id, { openedAtMs: NOON, ...facts });
        await record.record(gateway, [
          session.opened(),
          ...(approval ? [session.approval('approval.requested'), session.approval(approval)] : []),
          ...session.command('SELECT 1', 'failure'),
          session.closed(),
        ]);
      }
      await projectSessions(record.pool);
    });

    it('select sessions by approval, kind, connection, its type and outcome', async () => {
      const ids = async (query: string) =>
        (await get(`/v1/sessions?${query}`)).body.sessions.map(({ id }) => id).filter((id) => id.startsWith('f-'));
      expect(await ids('approval=bypassed')).toEqual(['f-agent']);
      expect(await ids('kind=human&connection=ledger')).toEqual(['f-human']);
      expect(await ids('identity=kim&type=postgres')).toEqual(['f-human', 'f-else']);
      expect(await ids('identity=kim&type=mysql')).toEqual([]);
      expect(await ids('identity=robin&outcome=success')).toEqual(['f-agent']);
    });

    it('select events by kind, outcome and the time they were recorded', async () => {
      const { body: all } = await get('/v1/events?identity=kim&limit=1000');
      expect(all.events.length).toBe(10);
      const outcomes = (await get('/v1/events?identity=kim&outcome=failure')).body.events;
      expect(outcomes.map(({ event }) => event.type)).toEqual(['command.completed', 'command.completed']);
      expect((await get('/v1/events?kind=human&connection=archive')).body.events.length).toBe(4);
      expect((await get('/v1/events?identity=kim&to=2026-01-01T00:00:00Z')).body.events).toEqual([]);
      expect((await get('/v1/events?identity=kim&from=2026-01-01T00:00:00Z')).body.events.length).toBe(10);
      const future = await get('/v1/events?from=2100-01-01T00:00:00Z');
      expect(future.body).toMatchObject({ events: [], more: false, next: String(BigInt(future.body.head) - 1n) });
    });

    it('find approvals without reading the log for them, newest first', async () => {
      const { body } = await get('/v1/approvals?connection=ledger&limit=3');
      expect(body.approvals.map(({ state, session }) => [state, session])).toEqual([
        ['granted', 'f-human'],
        ['requested', 'f-human'],
        ['bypassed', 'f-agent'],
      ]);
      const rest = await get(`/v1/approvals?connection=ledger&limit=3&cursor=${body.next}`);
      expect(rest.body.approvals.map(({ state }) => state)).toEqual(['requested']);
      expect(rest.body.next).toBeNull();
      const bypassed = await get('/v1/approvals?state=bypassed&identity=robin');
      expect(bypassed.body.approvals).toMatchObject([{ session: 'f-agent', reason: 'break glass', by: null }]);
    });

    it('tell who touched a connection', async () => {
      const { body } = await get('/v1/connections/ledger/identities');
      expect(body.identities).toMatchObject([
        { identity: 'kim', sessions: 1, bypassed: 0, lastSession: 'f-human' },
        { identity: 'robin', sessions: 1, bypassed: 1, lastSession: 'f-agent' },
      ]);
      expect((await get('/v1/connections/none/identities')).body.identities).toEqual([]);
    });
  });

  describe('whatever is put into a filter', () => {
    const EVIL = [
      `'; DROP TABLE event; --`,
      `' OR '1'='1`,
      `%' UNION SELECT hash FROM api_key --`,
      '=HYPERLINK("http://evil.example","x")',
      '\u001b[2J\u001b]0;owned\u0007',
      'line\r\n{"level":60,"msg":"forged"}',
      '__proto__',
      'constructor',
      '{{7*7}}',
      '\ud83d\ude00 \u202e txt.exe',
    ];
    it.each(EVIL)('it is only compared: %j', async (text) => {
      const value = encodeURIComponent(text);
      for (const path of [
        ...['identity', 'connection', 'type', 'outcome'].map((name) => `/v1/sessions?${name}=${value}`),
        ...['session', 'identity', 'connection', 'outcome'].map((name) => `/v1/events?${name}=${value}`),
        ...['session', 'identity', 'connection'].map((name) => `/v1/approvals?${name}=${value}`),
        `/v1/identities?connection=${value}`,
        `/v1/connections?identity=${value}`,
        `/v1/connections/${value}/identities`,
      ]) {
        const answer = await get(path);
        expect([path, [200, 400]]).toEqual([path, expect.arrayContaining([answer.status])]);
        if (answer.status === 200) {
          const { sessions, events, approvals, identities, connections } = answer.body;
          const all: (object[] | undefined)[] = [sessions, events, approvals, identities, connections];
          expect(all.flatMap((rows) => rows ?? [])).toEqual([]);
        }
        expect(answer.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
      }
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect((await get('/v1/events?limit=1')).body.events.length).toBe(1);
    });

    it.each([
      ['a cursor that is none', '/v1/sessions?cursor=AAAA'],
      ['a cursor of JSON', `/v1/sessions?cursor=${Buffer.from('["a","b","c"]').toString('base64url')}`],
      ['a cursor with a prototype', `/v1/sessions?cursor=${Buffer.from('{"__proto__":[]}').toString('base64url')}`],
      ['a cursor with a NUL', `/v1/identities?cursor=${Buffer.from('["x","a\\u0000"]').toString('base64url')}`],
      ['a very long cursor', `/v1/sessions?cursor=${'A'.repeat(5000)}`],
      ['a leap day that is none', '/v1/sessions?from=2025-02-29T00:00:00Z'],
      ['no zone', '/v1/events?from=2026-01-01T00:00:00'],
      ['a zone that is none', '/v1/events?from=2026-01-01T00:00:00%2B99:99'],
      ['a time turned round', '/v1/sessions?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z'],
      ['a huge page', '/v1/identities?limit=1000000000'],
      ['half a thing', '/v1/approvals?limit=1.5'],
      ['a kind that is none', '/v1/connections?kind=alien'],
      ['a prototype', '/v1/sessions?__proto__[admin]=1'],
      ['a NUL in a path', '/v1/connections/%00/identities'],
      ['what is no text', '/v1/connections/%ff/identities'],
    ])('what is no filter is refused: %s', async (_what, path) => {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.text).not.toMatch(/select|prisma|node_modules|\.ts:/i);
    });

    it('a cursor of other filters is refused', async () => {
      const { body } = await get('/v1/sessions?limit=1');
      expect((await get(`/v1/sessions?limit=1&cursor=${body.next}`)).status).toBe(200);
      for (const path of [`/v1/sessions?kind=agent&cursor=${body.next}`, `/v1/identities?cursor=${body.next}`]) {
        expect(await get(path)).toMatchObject({ status: 400, body: { code: 'RECORD_CURSOR_INVALID' } });
      }
    });
  });

  describe('as a table', () => {
    it('sessions come whole, and nothing in it runs as a formula', async () => {
      const names = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '"quoted", with a comma', '＝1'];
      for (const [n, identity] of names.entries()) {
        const facts = { identity, connection: 'sheet', openedAtMs: NOON + n };
        await record.record(gateway, [new SessionEvents(`csv-${n}`, facts).opened()]);
      }
      await projectSessions(record.pool);
      const answer = await get('/v1/sessions?connection=sheet', CSV);
      expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
      const lines = answer.text.split('\r\n');
      expect(lines[0]).toMatch(/^id,openedAt,closedAt/);
      expect(lines.length).toBe(names.length + 2);
      expect(answer.text).toContain(`"'=1+1"`);
      expect(answer.text).toContain('"""quoted"", with a comma"');
      expect(answer.text).not.toMatch(/[,\n]"[\s]*[=+\-@＝]/);
      expect((await get('/v1/sessions?connection=sheet&cursor=nonsense', CSV)).status).toBe(400);
      expect((await get('/v1/sessions?connection=none', CSV)).text.split('\r\n').length).toBe(2);
    });
  });

  describe('conditional and compressed', () => {
    it('an answer that has not changed is not sent again, and what grows beside it does not count', async () => {
      const path = '/v1/sessions/f-agent';
      const first = await get(path);
      const etag = first.headers.get('etag')!;
      expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
      await record.record(gateway, [new SessionEvents('beside', { openedAtMs: NOON }).opened()]);
      await projectSessions(record.pool);
      const second = await get(path, { 'if-none-match': `"other", ${etag}` });
      expect([second.status, second.text]).toEqual([304, '']);
      expect(second.headers.get('etag')).toBe(etag);
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
      expect((await get('/v1/sessions?limit=1', { 'if-none-match': etag })).status).toBe(200);
    });

    it('answers are compressed for whoever takes that', async () => {
      const raw = async (encoding: string) => {
        const { hostname, port } = new URL(api.url);
        const socket = connect(Number(port), hostname);
        socket.write(
          `GET /v1/events?limit=50 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nAccept-Encoding: ${encoding}\r\nConnection: close\r\n\r\n`,
        );
        const chunks: Buffer[] = [];
        for await (const chunk of socket) chunks.push(chunk as Buffer);
        const whole = Buffer.concat(chunks);
        const at = whole.indexOf('\r\n\r\n');
        return { head: whole.subarray(0, at).toString().toLowerCase(), body: whole.subarray(at + 4) };
      };
      const [plain, packed] = [await raw('identity'), await raw('gzip, br')];
      expect(plain.head).not.toContain('content-encoding');
      expect(packed.head).toContain('content-encoding: gzip');
      expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
      expect(packed.body.length).toBeLessThan(plain.body.length / 2);
      expect((await raw('gzip;q=0')).head).not.toContain('content-encoding');
    });

    it('an address that cannot answer as is asked says so', async () => {
      expect(await get('/v1/events', { accept: 'image/png' })).toMatchObject({ status: 406 });
    });
  });

  describe('as a stream', () => {
    const PADDING = 'x'.repeat(60_000);
    const LARGE = 600;
    beforeAll(async () => {
      const session = new SessionEvents('big', { identity: 'streamer', openedAtMs: NOON });
      for (let n = 0; n < LARGE; n += 50) {
        await record.record(
          gateway,
          Array.from({ length: 50 }, () => session.command(PADDING)[0]!),
        );
      }
    }, 120_000);

    it('all of a range comes in one answer, an event a line, with the bytes that were recorded', async () => {
      const answer = await get('/v1/events?identity=streamer', NDJSON);
      expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
      const lines = answer.text.split('\n');
      expect(lines.pop()).toBe('');
      expect(lines.length).toBe(LARGE);
      const [from, end] = answer.headers.get('affidavit-range')!.split('-').map(BigInt);
      expect([from, end]).toEqual([0n, BigInt(answer.headers.get('affidavit-head')!)]);
      for (const { bytes } of gateway.made.slice(-3)) expect(answer.text).toContain(bytes.toString('utf8'));
      expect((await get('/v1/events?identity=streamer&limit=5', NDJSON)).text.split('\n').length).toBe(6);
      const reverse = await get('/v1/events?identity=streamer&before=head&limit=1', NDJSON);
      expect(JSON.parse(reverse.text).position).toBe(JSON.parse(lines.at(-1)!).position);
    });

    it('it waits for a slow client without a transaction, holding little, and is over when he leaves', async () => {
      const { hostname, port } = new URL(api.url);
      const socket = connect(Number(port), hostname);
      socket.write(
        `GET /v1/events?identity=streamer HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer ${key}\r\n\r\n`,
      );
      await once(socket, 'readable');
      socket.read(1);
      await sleep(500);
      const busy = async () => {
        const { rows } = await record.pool.query(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`,
        );
        return (rows[0] as { n: number }).n;
      };
      expect(await busy()).toBe(0);
      // 36 MB were asked for; what was made of them and not taken is a page or two.
      expect(socket.bytesRead).toBeLessThan(5_000_000);
      socket.destroy();
      const others = await Promise.all(
        Array.from({ length: 4 }, () => get('/v1/events?identity=streamer&limit=3', NDJSON)),
      );
      expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    });

    it('a key has only so many of them open', async () => {
      const { hostname, port } = new URL(api.url);
      const sockets = Array.from({ length: 4 }, () => {
        const socket = connect(Number(port), hostname);
        socket.write(
          `GET /v1/events?identity=streamer HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer ${key}\r\n\r\n`,
        );
        return socket;
      });
      try {
        await Promise.all(sockets.map((socket) => once(socket, 'readable')));
        const refused = await get('/v1/events', NDJSON);
        expect(refused).toMatchObject({ status: 429, body: { code: 'API_TOO_MANY_STREAMS' } });
        expect(refused.headers.get('retry-after')).toBe('10');
      } finally {
        for (const socket of sockets) socket.destroy();
      }
      await until('the streams are let go', async () => (await get('/v1/events?limit=1', NDJSON)).status === 200);
    });

    it('a part is not taken for the whole when PostgreSQL fails in the middle', async () => {
      const { hostname, port } = new URL(api.url);
      const socket = connect(Number(port), hostname);
      socket.write(
        `GET /v1/events?identity=streamer HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer ${key}\r\n\r\n`,
      );
      await once(socket, 'readable');
      await sleep(200);
      await record.pool.query('ALTER TABLE run RENAME TO run_away');
      try {
        let tail = '';
        socket.on('data', (chunk: Buffer) => {
          tail = (tail + chunk.toString('latin1')).slice(-20);
        });
        socket.on('error', () => undefined);
        await once(socket, 'close');
        expect(tail.endsWith('\r\n0\r\n\r\n')).toBe(false);
      } finally {
        await record.pool.query('ALTER TABLE run_away RENAME TO run');
      }
    });
  });
});
