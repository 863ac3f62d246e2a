import { testFolder } from '../../../../../test/support/servers.js';
import { type StandIn, type StandInOptions, startStandIn } from './stand-in.js';

// What Datadog documents of its configuration endpoints, held against the stand-in over HTTP.

const NOW = Date.parse('2026-11-25T12:00:30.000Z');
const QUERY = 'logs("source:a").index("*").rollup("count").by("@usr.id").last("5m") > 1';
const MONITOR = { name: 'm', type: 'log alert', query: QUERY, tags: ['a:b'], options: { thresholds: { critical: 1 } } };
const DASHBOARD = { title: 'd', layout_type: 'ordered', widgets: [] };

describe("the stand-in's configuration", () => {
  const open: StandIn[] = [];
  let nowMs = NOW;
  beforeEach(() => {
    nowMs = NOW;
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function start(options: Partial<StandInOptions> = {}): Promise<StandIn> {
    const made = await startStandIn({ port: 0, now: () => nowMs, ...options });
    open.push(made);
    return made;
  }
  async function ask(standIn: StandIn, method: string, path: string, body?: object, keys: object = {}) {
    const answer = await fetch(`${standIn.url}${path}`, {
      method,
      headers: { 'dd-api-key': 'k', 'dd-application-key': 'a', ...keys },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> & { id: string; errors: string[] };
    return { status: answer.status, headers: answer.headers, body: json };
  }
  async function deliver(standIn: StandIn, logs: object[]) {
    await fetch(standIn.logsUrl, {
      method: 'POST',
      headers: { 'dd-api-key': 'k', 'content-type': 'application/json' },
      body: JSON.stringify(logs),
    });
  }

  it('is closed without both keys', async () => {
    const standIn = await start({ apiKeys: ['k'] });
    for (const keys of [{ 'dd-application-key': '' }, { 'dd-api-key': '' }, { 'dd-api-key': 'x' }]) {
      expect((await ask(standIn, 'POST', '/api/v1/monitor', MONITOR, keys)).status).toBe(403);
      expect((await ask(standIn, 'GET', '/api/v1/logs/config/indexes', undefined, keys)).status).toBe(403);
    }
    expect((await ask(standIn, 'GET', '/api/v1/monitor')).body).toEqual([]);
  });

  it.each<[string, object]>([
    ['/api/v1/monitor', MONITOR],
    ['/api/v1/dashboard', DASHBOARD],
    ['/api/v1/logs/config/pipelines', { name: 'p' }],
  ])('%s makes another one with each POST, and has none of an unknown id', async (path, body) => {
    const standIn = await start();
    const first = await ask(standIn, 'POST', path, body);
    const second = await ask(standIn, 'POST', path, body);
    expect(first.status).toBe(200);
    expect(second.body.id).not.toBe(first.body.id);
    expect((await ask(standIn, 'GET', `${path}/${first.body.id}`)).body).toMatchObject(body);
    nowMs += 60_000;
    expect((await ask(standIn, 'DELETE', `${path}/${first.body.id}`)).status).toBe(200);
    for (const method of ['GET', 'DELETE']) {
      expect((await ask(standIn, method, `${path}/${first.body.id}`)).status).toBe(404);
    }
    nowMs += 60_000;
    expect((await ask(standIn, 'PUT', `${path}/nobody`, body)).status).toBe(404);
  });

  it.each([
    'logs("x").index("*").rollup("count").last("5m") ~ 1',
    'logs("x).index("*").rollup("count").last("5m") > 1',
    'logs("x:(").index("*").rollup("count").last("5m") > 1',
    'logs("@a:>5").index("*").rollup("count").last("5m") > 1',
    'logs("x").index("*").rollup("cardinality").last("5m") > 1',
    'logs("x").index("*").rollup("count").last("3d") > 1',
    'logs("x").index("*").rollup("count").last("49h") > 1',
    'logs("x").rollup("count").last("5m") > 1',
    '',
  ])('a monitor is refused for %j', async (query) => {
    const standIn = await start();
    for (const path of ['/api/v1/monitor', '/api/v1/monitor/validate']) {
      expect((await ask(standIn, 'POST', path, { ...MONITOR, query })).status).toBe(400);
    }
  });

  it('a monitor whose threshold is not that of its query is refused', async () => {
    const wrong = { ...MONITOR, options: { thresholds: { critical: 5 } } };
    const { status, body } = await ask(await start(), 'POST', '/api/v1/monitor', wrong);
    expect([status, body.errors]).toEqual([400, ['Alert threshold (5) does not match that used in the query (1).']]);
  });

  it('a dashboard may be tagged with teams only', async () => {
    const { status, body } = await ask(await start(), 'POST', '/api/v1/dashboard', { ...DASHBOARD, tags: ['a:b'] });
    expect([status, body.errors]).toEqual([400, ['Invalid tag format. Valid tag keys are: team.']]);
  });

  it('monitors are listed by their tags, and in pages', async () => {
    const standIn = await start();
    for (let n = 0; n < 3; n++) await ask(standIn, 'POST', '/api/v1/monitor', { ...MONITOR, tags: ['x:y', `n:${n}`] });
    const count = async (asked: string) =>
      ((await ask(standIn, 'GET', `/api/v1/monitor?${asked}`)).body as unknown as []).length;
    expect(await count('monitor_tags=x:y')).toBe(3);
    expect(await count('monitor_tags=x:y,n:1')).toBe(1);
    expect(await count('monitor_tags=x:z')).toBe(0);
    expect(await count('page=0&page_size=2')).toBe(2);
    expect(await count('page=1&page_size=2')).toBe(1);
  });

  it('a monitor looks at the date of a log, by group, and not beyond its window', async () => {
    const standIn = await start();
    const { body } = await ask(standIn, 'POST', '/api/v1/monitor', MONITOR);
    const log = (id: string | undefined, ageMs: number) => ({
      ddsource: 'a',
      message: 'm',
      timestamp: new Date(NOW - ageMs).toISOString(),
      ...(id === undefined ? {} : { usr: { id } }),
    });
    await deliver(standIn, [log('a', 1_000), log('a', 240_000), log('b', 1_000), log('b', 301_000)]);
    await deliver(standIn, [log(undefined, 1_000), log(undefined, 1_000)]);
    expect(standIn.monitorGroups(body.id.toString())).toEqual([
      { name: 'a', value: 2, status: 'Alert' },
      { name: 'b', value: 1, status: 'OK' },
    ]);
    const shown = await ask(standIn, 'GET', `/api/v1/monitor/${body.id}?group_states=all`);
    expect(shown.body).toMatchObject({ overall_state: 'Alert', state: { groups: { a: { status: 'Alert' } } } });
    nowMs += 600_000;
    expect((await ask(standIn, 'GET', `/api/v1/monitor/${body.id}`)).body).toMatchObject({ overall_state: 'OK' });
  });

  it('a pipeline does nothing until it is enabled, and then what its processors say', async () => {
    const standIn = await start();
    const pipeline = {
      name: 'p',
      filter: { query: 'source:a' },
      processors: [
        { type: 'status-remapper', is_enabled: true, sources: ['level'] },
        { type: 'date-remapper', is_enabled: true, sources: ['at'] },
        {
          type: 'category-processor',
          is_enabled: true,
          target: 'x.size',
          categories: [
            { name: 'large', filter: { query: '@x.n:>=10' } },
            { name: 'some', filter: { query: '@x.n:>0' } },
          ],
        },
      ],
    };
    const { body } = await ask(standIn, 'POST', '/api/v1/logs/config/pipelines', pipeline);
    expect(body).toMatchObject({ is_enabled: false });
    await deliver(standIn, [{ ddsource: 'a', level: 'warn', x: { n: 10 } }]);
    await ask(standIn, 'PUT', `/api/v1/logs/config/pipelines/${body.id}`, { ...pipeline, is_enabled: true });
    const at = (ageMs: number) => new Date(NOW - ageMs).toISOString();
    await deliver(standIn, [
      { ddsource: 'a', level: 'warn', x: { n: 10 }, at: at(0) },
      { ddsource: 'a', x: { n: 9 }, at: at(17 * 3_600_000) },
      { ddsource: 'a', x: { n: 0 } },
      { ddsource: 'b', x: { n: 10 } },
      { ddsource: 'a', message: 'dropped for the date that was mapped', at: at(19 * 3_600_000) },
    ]);
    expect(standIn.entries().map(({ status, x }) => [status, (x as { size?: string } | undefined)?.size])).toEqual([
      [undefined, undefined],
      ['warn', 'large'],
      [undefined, 'some'],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(standIn.counts.droppedByDate).toBe(1);
  });

  it('pipelines may be written twice a minute', async () => {
    const standIn = await start();
    const write = () => ask(standIn, 'POST', '/api/v1/logs/config/pipelines', { name: 'p' });
    expect([(await write()).status, (await write()).status]).toEqual([200, 200]);
    const third = await write();
    expect([third.status, third.headers.get('x-ratelimit-reset')]).toEqual([429, '30']);
    nowMs += 30_000;
    expect((await write()).status).toBe(200);
  });

  it('a metric has the id that it is given, once', async () => {
    const standIn = await start();
    const metric = {
      data: { id: 'a.b', type: 'logs_metrics', attributes: { compute: { aggregation_type: 'count' } } },
    };
    const post = () => ask(standIn, 'POST', '/api/v2/logs/config/metrics', metric);
    expect([(await post()).status, (await post()).status]).toEqual([200, 409]);
    const patch = { data: { type: 'logs_metrics', attributes: { filter: { query: 'x' } } } };
    await ask(standIn, 'PATCH', '/api/v2/logs/config/metrics/a.b', patch);
    expect((await ask(standIn, 'GET', '/api/v2/logs/config/metrics/a.b')).body).toMatchObject({
      data: { id: 'a.b', attributes: { compute: { aggregation_type: 'count' }, filter: { query: 'x' } } },
    });
    expect((await ask(standIn, 'DELETE', '/api/v2/logs/config/metrics/a.b')).status).toBe(204);
  });

  it('shows the indexes in their order, and keeps all over a restart', async () => {
    const folder = testFolder();
    const first = await start({ directory: folder.path });
    first.setIndexes([
      { name: 'audit', filter: { query: 'source:a' } },
      { name: 'main', filter: { query: '*' } },
    ]);
    const { body } = await ask(first, 'POST', '/api/v1/monitor', MONITOR);
    await first.close();
    const second = await start({ directory: folder.path });
    expect((await ask(second, 'GET', '/api/v1/logs/config/index-order')).body).toEqual({
      index_names: ['audit', 'main'],
    });
    expect((await ask(second, 'GET', '/api/v1/logs/config/indexes')).body).toMatchObject({
      indexes: [{ name: 'audit' }, { name: 'main' }],
    });
    expect((await ask(second, 'GET', `/api/v1/monitor/${body.id}`)).body).toMatchObject({ name: 'm' });
    await second.close();
    folder.remove();
  });
});
