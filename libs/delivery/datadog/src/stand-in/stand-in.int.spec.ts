import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { testFolder } from '../../../../../test/support/servers.js';
import { MAX_LOG_BYTES } from '../limits.js';
import type { JsonObject } from './arrived-log.js';
import { type StandIn, type StandInOptions, startStandIn } from './stand-in.js';

// What Datadog documents of its intake and search, held against the stand-in over HTTP.

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const HOUR = 3_600_000;

describe('the stand-in for Datadog', () => {
  const open: StandIn[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function start(options: Partial<StandInOptions> = {}): Promise<StandIn> {
    const made = await startStandIn({ port: 0, now: () => NOW, ...options });
    open.push(made);
    return made;
  }

  async function post(standIn: StandIn, body: string | object, headers: Record<string, string> = {}) {
    const answer = await fetch(standIn.logsUrl, {
      method: 'POST',
      headers: { 'dd-api-key': 'k', 'content-type': 'application/json', ...headers },
      body: Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as JsonObject };
  }

  async function ask(standIn: StandIn, path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${standIn.url}${path}`, {
      method: 'POST',
      headers: { 'dd-api-key': 'k', 'dd-application-key': 'a' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function found(standIn: StandIn, query: string): Promise<string[]> {
    const filter = { query, from: 'now-1d', to: 'now+1d' };
    const answer = await ask(standIn, '/api/v2/logs/events/search', {
      filter,
      sort: 'timestamp',
      page: { limit: 1_000 },
    });
    return (answer.data as { attributes: { message: string } }[]).map((log) => log.attributes.message);
  }

  it('listens on this machine only', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.4', 'example.com', '127.0.0.1.example.com']) {
      await expect(startStandIn({ host, port: 0 })).rejects.toMatchObject({ code: 'DELIVERY_STAND_IN_NOT_LOCAL' });
    }
    const one = await start();
    await expect(startStandIn({ port: one.port })).rejects.toMatchObject({ code: 'DELIVERY_STAND_IN_LISTEN' });
  });

  it('takes one log or many, plain, gzip or deflate, and answers 202 with {}', async () => {
    const standIn = await start();
    const text = JSON.stringify([{ message: 'b' }]);
    expect(await post(standIn, { message: 'a' })).toEqual({ status: 202, body: {} });
    expect((await post(standIn, gzipSync(text), { 'content-encoding': 'gzip' })).status).toBe(202);
    expect((await post(standIn, deflateSync(text), { 'content-encoding': 'deflate' })).status).toBe(202);
    expect((await post(standIn, 'one\ntwo', { 'content-type': 'text/plain' })).status).toBe(202);
    expect((await post(standIn, {})).status).toBe(202);
    expect(standIn.entries().map((entry) => entry.message)).toEqual(['a', 'b', 'b', 'one', 'two']);
  });

  it('wants a key, and one that it knows', async () => {
    const standIn = await start({ apiKeys: ['right'] });
    expect((await post(standIn, {}, { 'dd-api-key': '' })).status).toBe(401);
    expect((await post(standIn, {}, { 'dd-api-key': 'wrong' })).status).toBe(403);
    expect((await post(standIn, {}, { 'dd-api-key': 'right' })).status).toBe(202);
    const validate = (key: string) => fetch(`${standIn.url}/api/v1/validate`, { headers: { 'dd-api-key': key } });
    expect(await (await validate('right')).json()).toEqual({ valid: true });
    expect((await validate('wrong')).status).toBe(403);
  });

  it('refuses what is no JSON object, a wrong path, more than 1000 logs, and 5 MB', async () => {
    const standIn = await start();
    for (const body of ['{"message":', '[1]', '"text"', 'null']) expect((await post(standIn, body)).status).toBe(400);
    expect((await post(standIn, 'not gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await fetch(`${standIn.url}/api/v2/log`, { method: 'POST', body: '{}' })).status).toBe(400);
    const logs = (count: number, bytes = 1) => Array.from({ length: count }, () => ({ message: 'x'.repeat(bytes) }));
    expect((await post(standIn, logs(1_001))).status).toBe(413);
    expect((await post(standIn, logs(1_000))).status).toBe(202);
    const large = JSON.stringify(logs(10, 500_000));
    expect((await post(standIn, large)).status).toBe(413);
    expect((await post(standIn, gzipSync(large), { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await post(standIn, gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' })).status).toBe(413);
    expect(standIn.counts.logs).toBe(1_000);
  });

  it('cuts a log above 1 MB and answers 202: its attributes are gone', async () => {
    const standIn = await start();
    expect((await post(standIn, [{ message: 'm', evt: { id: 'a' }, text: 'x'.repeat(MAX_LOG_BYTES) }])).status).toBe(
      202,
    );
    expect(standIn.entries()[0]?.evt).toBeUndefined();
    expect(standIn.counts.cut).toBe(1);
  });

  it('forgets attributes beyond the documented number and depth', async () => {
    const standIn = await start();
    const many = Object.fromEntries(Array.from({ length: 2_100 }, (_, n) => [`a${n}`, n]));
    let deep: JsonObject = { end: 'here' };
    for (let n = 0; n < 25; n++) deep = { deep };
    await post(standIn, [{ message: 'm', ...many }, deep]);
    expect(Object.keys(standIn.entries()[0] ?? {})).toHaveLength(2_048);
    expect(JSON.stringify(standIn.entries()[1])).not.toContain('here');
  });

  it.each([
    ['of now', { timestamp: '2026-11-25T12:00:00Z' }, 1],
    ['17 hours back', { timestamp: new Date(NOW - 17 * HOUR).toISOString() }, 1],
    ['19 hours back', { timestamp: new Date(NOW - 19 * HOUR).toISOString() }, 0],
    ['3 hours ahead', { timestamp: new Date(NOW + 3 * HOUR).toISOString() }, 0],
    ['in milliseconds', { date: NOW }, 1],
    ['in seconds, taken for 1970', { date: NOW / 1_000 }, 0],
    ['of syslog', { syslog: { timestamp: '2020-01-01T00:00:00Z' } }, 0],
    ['of RFC 3164', { timestamp: 'Nov 25 11:00:00' }, 1],
    ['that is no date', { timestamp: 'whenever' }, 1],
    ['under a later name, where an earlier one is there', { timestamp: '2026-11-25T12:00:00Z', date: 1 }, 1],
    ['in a message that is JSON', { message: '{"timestamp":"2020-01-01T00:00:00Z"}' }, 0],
    ['under a name that is not reserved', { evt: { time: '2020-01-01T00:00:00Z' } }, 1],
  ])('answers 202 to a date %s, and keeps it or not', async (_what, entry, kept) => {
    const standIn = await start();
    expect((await post(standIn, [entry])).status).toBe(202);
    expect(standIn.entries()).toHaveLength(kept);
    expect(standIn.counts.droppedByDate).toBe(1 - kept);
  });

  it('finds by attribute, tag, reserved name and words, as the search syntax says', async () => {
    const standIn = await start();
    await post(standIn, [
      {
        message: 'first thing',
        ddsource: 'affidavit',
        ddtags: 'env:test,late:true',
        evt: { id: 'a-1', name: 'x.y' },
        n: 5,
      },
      { message: 'second', service: 'other', usr: { id: 'Carol B' }, 'dotted.path': 'v', ok: true },
    ]);
    const one = ['first thing'];
    const two = ['second'];
    for (const [query, expected] of [
      ['*', [...one, ...two]],
      ['', [...one, ...two]],
      ['@evt.id:a-1', one],
      ['@evt.id:"a-1"', one],
      ['@evt.id:a*', one],
      ['@evt.id:"a*"', []],
      ['@evt.id:A-1', []],
      ['@evt.id:*', one],
      ['@evt.id:(a-1 OR b-2)', one],
      ['source:affidavit @evt.name:x.y', one],
      ['source:affidavit AND service:other', []],
      ['source:affidavit OR service:other', [...one, ...two]],
      ['NOT source:affidavit', two],
      ['-late:true', two],
      ['env:TEST', one],
      ['@usr.id:"Carol B"', two],
      ['@usr.id:Carol\\ B', two],
      ['@dotted.path:v @ok:true', two],
      ['@n:5', one],
      ['thing', one],
      ['thin', []],
      ['thin*', one],
      ['"first thing"', one],
      ['a-1', []],
      ['*:a-1', one],
      ['(env:test OR @ok:true) -@ok:true', one],
    ] as [string, string[]][]) {
      expect([query, await found(standIn, query)]).toEqual([query, expected]);
    }
    for (const query of ['@n:>4', '@n:[1 TO 5]', '(a', '"a', '@a:']) {
      const answer = await fetch(`${standIn.url}/api/v2/logs/events/search`, {
        method: 'POST',
        headers: { 'dd-api-key': 'k', 'dd-application-key': 'a' },
        body: JSON.stringify({ filter: { query } }),
      });
      expect([query, answer.status]).toEqual([query, 400]);
    }
  });

  it('pages by cursor, also after a full last page', async () => {
    const standIn = await start();
    await post(
      standIn,
      Array.from({ length: 20 }, (_, n) => ({ message: `m${n}`, timestamp: NOW - 60_000 + n })),
    );
    const pages: unknown[][] = [];
    let cursor: string | undefined;
    do {
      const answer = await ask(standIn, '/api/v2/logs/events/search', {
        filter: { from: 'now-5m', to: 'now' },
        sort: 'timestamp',
        page: { limit: 10, ...(cursor === undefined ? {} : { cursor }) },
      });
      pages.push((answer.data as { attributes: { message: string } }[]).map((log) => log.attributes.message));
      cursor = (answer.meta as { page?: { after: string } } | undefined)?.page?.after;
    } while (cursor !== undefined);
    expect(pages.map((page) => page.length)).toEqual([10, 10, 0]);
    expect(pages.flat()).toEqual(Array.from({ length: 20 }, (_, n) => `m${n}`));
  });

  it('counts logs and different ids, by facet', async () => {
    const standIn = await start();
    const log = (id: string, batch: string) => ({ message: 'm', evt: { id }, delivery: { batch } });
    await post(standIn, [log('a', '1'), log('a', '1'), log('b', '1'), log('c', '2'), { message: 'none' }]);
    const answer = await ask(standIn, '/api/v2/logs/analytics/aggregate', {
      filter: { query: '*', from: 'now-1h', to: 'now' },
      compute: [{ aggregation: 'count' }, { aggregation: 'cardinality', metric: '@evt.id' }],
      group_by: [{ facet: '@delivery.batch', limit: 10 }],
    });
    expect(answer.data).toEqual({
      buckets: [
        { by: { '@delivery.batch': '1' }, computes: { c0: 3, c1: 2 } },
        { by: { '@delivery.batch': '2' }, computes: { c0: 1, c1: 1 } },
      ],
    });
  });

  it('keeps what arrived over a restart, also behind a line that was cut off, and not without bound', async () => {
    const folder = testFolder();
    const options = { directory: folder.path, keptBytes: 4_000 };
    const first = await start(options);
    await post(first, [{ message: 'kept' }]);
    await first.close();
    appendFileSync(join(folder.path, 'logs.ndjson'), '{"id":"half');
    const second = await start(options);
    expect(second.entries()).toEqual([{ message: 'kept' }]);
    await post(second, [{ message: 'after the cut' }]);
    await second.close();
    const third = await start(options);
    expect(third.entries()).toEqual([{ message: 'kept' }, { message: 'after the cut' }]);
    for (let n = 0; n < 20; n++) await post(third, [{ message: `${n} ${'x'.repeat(400)}` }]);
    const last = third.entries();
    expect(last.length).toBeLessThan(12);
    expect(String(last.at(-1)?.message)).toMatch(/^19 /);
    await third.close();
    const fourth = await start(options);
    expect(fourth.entries()).toEqual(last);
    await fourth.close();
    folder.remove();
  });

  it('drops silently on demand', async () => {
    const standIn = await start();
    const demand = await fetch(`${standIn.url}/_affidavit/faults`, {
      method: 'POST',
      body: '{"kind":"drop","count":1}',
    });
    expect(demand.status).toBe(201);
    expect((await post(standIn, [{ message: 'a' }])).status).toBe(202);
    expect((await post(standIn, [{ message: 'b' }])).status).toBe(202);
    expect(standIn.entries()).toEqual([{ message: 'b' }]);
    const shown = await fetch(`${standIn.url}/_affidavit/logs?limit=10`);
    expect(await shown.json()).toEqual({ total: 1, logs: [{ message: 'b' }] });
    const unknown = await fetch(`${standIn.url}/_affidavit/faults`, { method: 'POST', body: '{"kind":"flood"}' });
    expect(unknown.status).toBe(400);
  });
});
