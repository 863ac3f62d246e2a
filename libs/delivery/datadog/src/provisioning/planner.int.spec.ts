import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { v1 } from '@datadog/datadog-api-client';
import { testFolder } from '../../../../../test/support/servers.js';
import { type StandIn, startStandIn } from '../stand-in/stand-in.js';
import { connectDatadog, type DatadogClient } from './client.js';
import { definitions } from './definitions.js';
import type { ManagedObject } from './managed-object.js';
import type { DatadogSettings } from './monitors.js';
import { type ObjectStore, Planner, type Step } from './planner.js';
import { StateFile } from './state-file.js';

/** Faked: Datadog, by the stand-in, where creating always makes another object. Real: its client, and the state file. */
const on = { enabled: true };
const SETTINGS: DatadogSettings = {
  notify: ['@slack-audit'],
  monitors: {
    sensitiveConnection: { ...on, threshold: 0, notify: ['@pagerduty-audit'] },
    missingApproval: { ...on, threshold: 0 },
    commandSpike: { ...on, threshold: 300, withinMs: 600_000, latePerHour: 1_000, anomaly: true },
    silence: { ...on, afterMs: 86_400_000 },
    integrity: on,
    deadLetters: { ...on, threshold: 0 },
    deliveryLag: { ...on, thresholdMs: 6 * 3_600_000 },
  },
};
const ENV = 'test';
const WANTED = definitions(ENV, SETTINGS);
const MINUTE_MS = 60_000;

describe('Datadog as code', () => {
  let standIn: StandIn;
  let client: DatadogClient;
  let folder: ReturnType<typeof testFolder>;
  // The configuration of logs may be written twice a minute; each test has some of its own.
  let minutes = 0;

  beforeEach(async () => {
    minutes += 10;
    folder = testFolder();
    standIn = await startStandIn({ port: 0, now: () => Date.now() + minutes * MINUTE_MS });
    client = await connect(ENV);
  }, 120_000);
  afterEach(async () => {
    await standIn.close();
    folder.remove();
  });

  function connect(env: string): Promise<DatadogClient> {
    return connectDatadog({ apiUrl: standIn.url, apiKey: 'k', appKey: 'a', env });
  }
  function stateFile(env = ENV): StateFile {
    return new StateFile(join(folder.path, 'data', 'datadog-objects.json'), standIn.url, env);
  }
  function planner(store: ObjectStore = client, settleMs = 0): Planner {
    return new Planner(store, stateFile(), { settleMs });
  }
  async function raw(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${standIn.url}${path}`, {
      method,
      headers: { 'dd-api-key': 'k', 'dd-application-key': 'a', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.status === 204 ? undefined : answer.json();
  }
  const monitors = () => raw('GET', '/api/v1/monitor') as Promise<(v1.Monitor & { id: number })[]>;
  const idOf = (steps: Step[], slug: string) => steps.find((step) => step.slug === slug)?.id ?? '';
  const actions = (steps: Step[]) => [...new Set(steps.map(({ action }) => action))].sort();
  const changed = (steps: Step[]) => steps.filter(({ action }) => action !== 'unchanged');

  it('creates all once, and then finds nothing to do', async () => {
    expect(actions(await planner().plan(WANTED))).toEqual(['create']);
    expect(await monitors()).toEqual([]);
    const made = await planner().apply(WANTED);
    expect(made.map(({ action }) => action)).toEqual(WANTED.map(() => 'create'));
    expect(actions(await planner().plan(WANTED))).toEqual(['unchanged']);
    const again = await planner().apply(WANTED);
    expect(actions(again)).toEqual(['unchanged']);
    expect(again.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    expect(await monitors()).toHaveLength(WANTED.filter(({ kind }) => kind === 'monitor').length);
  });

  it('sends every field that is defined, under the name that the API knows', async () => {
    // The client leaves out what it does not know, without a word.
    const made = await planner().apply(WANTED);
    const paths: Record<ManagedObject['kind'], string> = {
      pipeline: '/api/v1/logs/config/pipelines',
      metric: '/api/v2/logs/config/metrics',
      monitor: '/api/v1/monitor',
      dashboard: '/api/v1/dashboard',
    };
    for (const { kind, slug, body } of WANTED) {
      const found = (await raw('GET', `${paths[kind]}/${idOf(made, slug)}`)) as { data?: { attributes: object } };
      expect(found.data?.attributes ?? found).toMatchObject(snakeCase(body) as object);
    }
  });

  it('knows its own without the state file, and without the marker', async () => {
    const made = await planner().apply(WANTED);
    writeFileSync(stateFile().path, '{"version":1,"objects":{}}');
    expect(actions(await planner().apply(WANTED))).toEqual(['unchanged']);
    const id = idOf(made, 'integrity');
    const body = (await raw('GET', `/api/v1/monitor/${id}`)) as object;
    await raw('PUT', `/api/v1/monitor/${id}`, { ...body, tags: ['team:audit'] });
    const back = changed(await planner().apply(WANTED));
    expect(back).toMatchObject([{ action: 'update', slug: 'integrity', id, differences: [{ path: 'tags' }] }]);
    expect(actions(await planner().plan(WANTED))).toEqual(['unchanged']);
  });

  it('sees what somebody changed, names the fields, and writes that object only', async () => {
    const made = await planner().apply(WANTED);
    const id = idOf(made, 'silence');
    const body = (await raw('GET', `/api/v1/monitor/${id}`)) as { options: object };
    await raw('PUT', `/api/v1/monitor/${id}`, {
      ...body,
      message: 'muted',
      options: { ...body.options, renotify_interval: 7 },
    });
    const drift = changed(await planner().plan(WANTED));
    expect(drift).toMatchObject([{ action: 'update', slug: 'silence', id }]);
    expect(drift[0]?.differences.map(({ path }) => path)).toEqual(['message']);
    let writes = 0;
    const counting = wrap(client, {
      update: (object, at) => {
        writes += 1;
        return client.update(object, at);
      },
    });
    await planner(counting).apply(WANTED);
    expect(writes).toBe(1);
    expect(actions(await planner().plan(WANTED))).toEqual(['unchanged']);
  });

  it('makes again what somebody deleted', async () => {
    const made = await planner().apply(WANTED);
    await raw('DELETE', `/api/v1/monitor/${idOf(made, 'dead-letter')}`);
    await raw('DELETE', `/api/v1/dashboard/${idOf(made, 'activity')}`);
    expect(changed(await planner().apply(WANTED))).toMatchObject([
      { action: 'create', slug: 'dead-letter' },
      { action: 'create', slug: 'activity' },
    ]);
  });

  it('stops at two of one, and says which', async () => {
    const made = await planner().apply(WANTED);
    const body = (await raw('GET', `/api/v1/monitor/${idOf(made, 'integrity')}`)) as object;
    const copy = (await raw('POST', '/api/v1/monitor', body)) as { id: number };
    const failing = planner().apply(WANTED);
    await expect(failing).rejects.toMatchObject({ code: 'DELIVERY_OBJECT_TWICE' });
    await expect(failing).rejects.toThrow(String(copy.id));
    await raw('DELETE', `/api/v1/monitor/${copy.id}`);
    expect(actions(await planner().apply(WANTED))).toEqual(['unchanged']);
  });

  it.each(['before', 'after'])(
    'an answer that never came, %s it was made, leads to one and not to two',
    async (when) => {
      const broken = wrap(client, {
        create: async (object) => {
          if (object.slug !== 'approval-missing') return client.create(object);
          if (when === 'after') await client.create(object);
          throw new Error('the line broke');
        },
      });
      await expect(planner(broken).apply(WANTED)).rejects.toThrow('the line broke');
      // The list shows it a moment later than the object itself.
      let looks = 0;
      const slow = wrap(client, {
        list: async (kind) => {
          const listed = await client.list(kind);
          looks += kind === 'monitor' ? 1 : 0;
          return kind === 'monitor' && looks === 1 ? listed.filter(({ slug }) => slug !== 'approval-missing') : listed;
        },
      });
      await planner(slow, 100).apply(WANTED);
      expect(looks).toBe(2);
      const tags = (await monitors()).filter(({ tags = [] }) => tags.includes('object:approval-missing'));
      expect(tags).toHaveLength(1);
      expect(actions(await planner().plan(WANTED))).toEqual(['unchanged']);
    },
  );

  it('what was refused leaves no trace', async () => {
    const wrong = WANTED.map((object) =>
      object.slug === 'integrity' ? { ...object, body: { ...object.body, query: 'logs("x").last("5m") ~ 1' } } : object,
    ) as ManagedObject[];
    const failing = planner().apply(wrong);
    await expect(failing).rejects.toMatchObject({ code: 'DELIVERY_DATADOG_REFUSED' });
    await expect(failing).rejects.toThrow("The value provided for parameter 'query' is invalid");
    expect(stateFile().get('monitor', 'integrity')).toBeUndefined();
    expect(stateFile().get('monitor', 'agent-sensitive')).toHaveProperty('id');
  });

  it('deletes what is not wanted any more, and nothing that is not its own', async () => {
    const foreign = (await raw('POST', '/api/v1/monitor', {
      name: 'theirs',
      type: 'log alert',
      query: 'logs("*").index("*").rollup("count").last("5m") > 1',
      tags: ['managed_by:somebody', 'object:integrity'],
    })) as { id: number };
    await planner().apply(WANTED);
    const elsewhere = await connect('prod');
    const prod = definitions('prod', SETTINGS).filter(({ kind }) => kind === 'monitor' || kind === 'metric');
    await new Planner(elsewhere, stateFile('prod'), { settleMs: 0 }).apply(prod);
    const fewer = definitions(ENV, {
      ...SETTINGS,
      monitors: {
        ...SETTINGS.monitors,
        integrity: { enabled: false },
        commandSpike: { ...SETTINGS.monitors.commandSpike, anomaly: false },
      },
    });
    expect(changed(await planner().apply(fewer)).map(({ action, slug }) => [action, slug])).toEqual(
      [
        ['delete', 'commands'],
        ['delete', 'command-anomaly'],
        ['delete', 'integrity'],
      ].sort((a, b) => (a[1] === 'commands' ? -1 : b[1] === 'commands' ? 1 : 0)),
    );
    minutes += 1;
    await planner().apply([]);
    const left = await monitors();
    expect(left).toHaveLength(1 + prod.filter(({ kind }) => kind === 'monitor').length);
    expect(left.map(({ id }) => id)).toContain(foreign.id);
    expect(await new Planner(elsewhere, stateFile('prod'), { settleMs: 0 }).plan(prod)).toMatchObject(
      prod.map(() => ({ action: 'unchanged' })),
    );
    expect(await planner().plan([])).toEqual([]);
  });

  it('an id of another object is not believed', async () => {
    const made = await planner().apply(WANTED);
    const content = JSON.parse(readFileSync(stateFile().path, 'utf8')) as { objects: Record<string, object> };
    const [scope = ''] = Object.keys(content.objects);
    content.objects[scope] = { ...content.objects[scope], 'monitor/integrity': { id: idOf(made, 'silence') } };
    writeFileSync(stateFile().path, JSON.stringify(content));
    expect(actions(await planner().apply(WANTED))).toEqual(['unchanged']);
    expect(stateFile().get('monitor', 'integrity')).toEqual({ id: idOf(made, 'integrity') });
  });

  it('a state file that cannot be read is not overwritten', () => {
    stateFile().set('monitor', 'integrity', { id: '1' });
    for (const text of ['{', '[]', 'null', '{"version":2,"objects":{}}']) {
      writeFileSync(stateFile_path(), text);
      expect(stateFile).toThrow(expect.objectContaining({ code: 'DELIVERY_STATE_FILE_INVALID' }));
    }
  });
  const stateFile_path = () => join(folder.path, 'data', 'datadog-objects.json');

  it('waits where pipelines may be written twice a minute only', async () => {
    await standIn.close();
    // Two seconds before a minute ends.
    const startedMs = Date.now();
    const endsMs = startedMs - (startedMs % MINUTE_MS) + MINUTE_MS;
    standIn = await startStandIn({ port: 0, now: () => endsMs - 2_000 + (Date.now() - startedMs) });
    for (const name of ['a', 'b']) await raw('POST', '/api/v1/logs/config/pipelines', { name });
    const waits: number[] = [];
    const patient = await connectDatadog({
      apiUrl: standIn.url,
      apiKey: 'k',
      appKey: 'a',
      env: ENV,
      onWait: (ms) => waits.push(ms),
    });
    const [pipeline] = WANTED;
    await new Planner(patient, stateFile(), { settleMs: 0 }).apply(pipeline ? [pipeline] : []);
    expect(waits).toEqual([expect.any(Number)]);
    expect(waits[0]).toBeLessThanOrEqual(2_000);
    expect(await raw('GET', '/api/v1/logs/config/pipelines')).toHaveLength(3);
  });

  it('says which right is missing, and no key', async () => {
    const refused = await connectDatadog({ apiUrl: standIn.url, apiKey: 'hunter2', appKey: '', env: ENV });
    const error = await refused.list('monitor').catch((caught: unknown) => caught as Error & { remedy: string });
    expect(error).toMatchObject({ code: 'DELIVERY_DATADOG_REFUSED', message: expect.stringContaining('403') });
    expect(error).toMatchObject({ remedy: expect.stringContaining('monitors_write') });
    expect(JSON.stringify(error) + String((error as Error).message)).not.toContain('hunter2');
  });
});

/** The same, with some of its methods replaced. */
function wrap(store: ObjectStore, replaced: Partial<ObjectStore>): ObjectStore {
  return {
    list: (kind) => store.list(kind),
    get: (kind, id) => store.get(kind, id),
    create: (object) => store.create(object),
    update: (object, id) => store.update(object, id),
    remove: (kind, id) => store.remove(kind, id),
    ...replaced,
  };
}

/** As it stands on the wire. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}
