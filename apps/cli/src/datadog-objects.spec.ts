import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type StandIn, startStandIn } from '#delivery/datadog';
import { testFolder } from '../../../test/support/servers.js';

const run = promisify(execFile);

interface Shown {
  steps: { action: string; slug: string; id?: string; differences: { path: string }[] }[];
}

/**
 * The built command line against the stand-in for Datadog, which plays a Datadog with keys. Between them stands a proxy that kills
 * the command with SIGKILL at the instant after an object was made and before it heard of it.
 */
describe('Datadog as code, on the command line', () => {
  const folder = testFolder();
  let standIn: StandIn;
  let proxy: Server;
  let apiUrl = '';
  /** Creations until the kill; undefined: none. */
  let killAfter: number | undefined;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    standIn = await startStandIn({ port: 0, apiKeys: ['hunter2-api'] });
    proxy = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const { method = 'GET', url = '', headers } = request;
        const answer = await fetch(`${standIn.url}${url}`, {
          method,
          headers: {
            'dd-api-key': String(headers['dd-api-key']),
            'dd-application-key': String(headers['dd-application-key'] ?? ''),
          },
          ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
        });
        const body = await answer.text();
        if (method === 'POST' && killAfter !== undefined && --killAfter < 0) {
          killAfter = undefined;
          child?.kill('SIGKILL');
          return;
        }
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    apiUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await standIn.close();
    folder.remove();
  });

  function environment(more: Record<string, string> = {}): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      DD_API_KEY: 'hunter2-api',
      DD_APP_KEY: 'hunter2-app',
      DD_API_URL: apiUrl,
      AFFIDAVIT_CONFIG: join(folder.path, 'affidavit.yaml'),
      AFFIDAVIT_DATA: join(folder.path, 'data'),
      ...more,
    };
  }
  function policy(text = ''): void {
    writeFileSync(join(folder.path, 'affidavit.yaml'), `version: 1\n${text}`);
  }
  async function cli(args: string[], more: Record<string, string> = {}) {
    try {
      const { stdout, stderr } = await run(process.execPath, ['bin/affidavit.mjs', ...args], {
        env: environment(more),
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  }
  async function steps(command: string, ...args: string[]): Promise<Shown['steps']> {
    const { stdout, stderr } = await cli(['datadog', command, '--json', ...args]);
    expect(stderr).toBe('');
    return (JSON.parse(stdout) as Shown).steps;
  }
  async function slugs(): Promise<string[]> {
    const headers = { 'dd-api-key': 'hunter2-api', 'dd-application-key': 'x' };
    const get = async (path: string) => (await fetch(`${standIn.url}${path}`, { headers })).json();
    const monitors = (await get('/api/v1/monitor')) as { tags: string[] }[];
    const { dashboards } = (await get('/api/v1/dashboard')) as { dashboards: { description: string }[] };
    const pipelines = (await get('/api/v1/logs/config/pipelines')) as { description: string }[];
    const marked = [...dashboards, ...pipelines].map(({ description }) => description);
    return [...monitors.map(({ tags }) => tags.join(' ')), ...marked].map(
      (text) => /object:(\S+)/.exec(text)?.[1] ?? '',
    );
  }

  it('a run that is killed between a creation and its notice leads to one of each', async () => {
    policy();
    const all = (await steps('plan')).map(({ slug }) => slug);
    // The pipeline, a monitor in the middle, and the dashboard, which comes last.
    for (const creations of [0, 4, all.length - 7]) {
      killAfter = creations;
      child = spawn(process.execPath, ['bin/affidavit.mjs', 'datadog', 'apply'], { env: environment() });
      await new Promise((resolve) => child?.once('exit', resolve));
      expect(killAfter).toBeUndefined();
      expect(child.signalCode).toBe('SIGKILL');
      const made = await slugs();
      expect(made.length).toBeGreaterThan(creations);
      expect(new Set(made).size).toBe(made.length);
    }
    expect((await steps('apply')).length).toBe(all.length);
    expect((await slugs()).sort()).toEqual([...all].sort());
    expect((await steps('apply')).filter(({ action }) => action !== 'unchanged')).toEqual([]);
  }, 180_000);

  it('says what drifted, with exit code 1, and brings it back', async () => {
    expect((await cli(['datadog', 'drift'])).code).toBe(0);
    policy('datadog:\n  monitors:\n    commandSpike: { threshold: 50 }\n    silence: { enabled: false }\n');
    const { code, stdout } = await cli(['datadog', 'drift']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/update .*Spike of commands from one identity .*query: .*→/);
    expect(stdout).toMatch(/delete .*Silence of a producer/);
    expect(stdout).not.toMatch(/unchanged {2}/);
    expect((await cli(['datadog', 'plan'])).code).toBe(0);
    await steps('apply');
    expect((await cli(['datadog', 'drift'])).code).toBe(0);
  }, 120_000);

  it('shows table, summary, state file and facets, and never a key', async () => {
    const { stdout } = await cli(['datadog', 'apply']);
    expect(stdout).toContain(join(folder.path, 'data', 'datadog-objects.json'));
    expect(stdout).toContain('@delivery.lag_s');
    expect(stdout).not.toContain('hunter2');
    const data = join(folder.path, 'data');
    for (const name of readdirSync(data)) expect(readFileSync(join(data, name), 'utf8')).not.toContain('hunter2');
  }, 60_000);

  it('destroys only when it is told to', async () => {
    const asked = await cli(['datadog', 'destroy']);
    expect(asked.code).toBe(1);
    expect(asked.stdout).toContain('Repeat it with --yes');
    expect(await slugs()).not.toEqual([]);
    await steps('destroy', '--yes');
    expect(await slugs()).toEqual([]);
  }, 60_000);

  it('says what is missing: an application key, Datadog itself, a right key', async () => {
    const { DD_APP_KEY: _, ...without } = environment();
    for (const args of [
      ['datadog', 'plan'],
      ['retention', 'compare'],
    ]) {
      const failed = (await run(process.execPath, ['bin/affidavit.mjs', ...args], { env: without }).catch(
        (error: unknown) => error,
      )) as { code: number; stderr: string };
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/CLI_NO_DATADOG_API.*application key/);
    }
    const away = await cli(['datadog', 'drift'], { DD_API_URL: 'http://127.0.0.1:1' });
    expect(away.code).toBe(3);
    expect(away.stderr).toContain('CLI_DATADOG_UNREACHABLE');
    const wrong = await cli(['datadog', 'plan'], { DD_API_KEY: 'hunter2-wrong' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('DELIVERY_DATADOG_REFUSED');
    expect(wrong.stderr + wrong.stdout + away.stderr).not.toContain('hunter2');
  }, 60_000);

  it('compares retention on both ends', async () => {
    mkdirSync(join(folder.path, 'data'), { recursive: true });
    const index = (more: object) => [{ name: 'main', filter: { query: '*' }, num_retention_days: 30, ...more }];
    policy('retention:\n  evidence: { record: 365d, datadog: 30d }\n');
    standIn.setIndexes(index({}));
    const agreeing = await cli(['retention', 'compare']);
    expect([agreeing.code, agreeing.stdout]).toEqual([0, expect.stringContaining('Both ends agree')]);
    standIn.setIndexes(
      index({
        daily_limit: 5,
        exclusion_filters: [
          { name: 'noise', is_enabled: true, filter: { query: 'source:affidavit', sample_rate: 0.5 } },
        ],
      }),
    );
    const { code, stdout } = await cli(['retention', 'compare', '--json']);
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as { agrees: boolean; classes: { class: string; disagreements: object[] }[] };
    expect(report.agrees).toBe(false);
    expect(report.classes.map((one) => [one.class, one.disagreements.length])).toEqual([
      ['system', 2],
      ['standard', 2],
    ]);
    policy('retention:\n  evidence: 365d\n');
    expect((await cli(['retention', 'compare'])).stdout).toMatch(/keeps logs for 30 days, evidence needs 365 days/);
  }, 60_000);
});
