import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '#platform';
import { testFolder, until } from '../support/servers.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const HOST = '127.0.0.1';
const run = promisify(execFile);

/**
 * The two commands of the README as a person runs them: `up --once`, `up` until ctrl-C, and the command line beside it. Every
 * process and server is real and this test's own; Datadog is the stand-in.
 */
describe('affidavit up', () => {
  const folder = testFolder();
  let env: Record<string, string>;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    // Under root the database server runs as another user, who must reach its folder.
    chmodSync(folder.path, 0o755);
    env = {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      AFFIDAVIT_DATA: join(folder.path, 'data'),
      AFFIDAVIT_CONFIG: join(folder.path, 'affidavit.yaml'),
    };
    for (const name of ['GATEWAY', 'API', 'RECORDER', 'FORWARDER', 'GATEWAY_ADMIN', 'DATADOG']) {
      env[`AFFIDAVIT_${name}_PORT`] = String(await freePort(HOST));
    }
  });
  afterAll(async () => {
    for (const child of running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    folder.remove();
  });

  function affidavit(...args: string[]): ChildProcess & { said: () => string; complained: () => string } {
    const child = spawn(process.execPath, [join(ROOT, 'bin/affidavit.mjs'), ...args], {
      cwd: folder.path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let out = '';
    let err = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    return Object.assign(child, { said: () => out, complained: () => err });
  }

  /** One command to its end. */
  async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    try {
      const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'bin/affidavit.mjs'), ...args], {
        cwd: folder.path,
        env,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  }

  async function upOnce(): Promise<{
    sessionId: string;
    recorded: number;
    delivered: number;
    elapsedMs: number;
    said: string;
  }> {
    const child = affidavit('up', '--once');
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`up --once ended with ${code}:\n${child.said()}\n${child.complained()}`);
    const last = child.said().trimEnd().split('\n').at(-1) ?? '';
    return { ...JSON.parse(last), said: child.said() };
  }

  it('--once starts everything, runs a session, and exits once Datadog has all of its events', async () => {
    const first = await upOnce();
    expect(first.recorded).toBeGreaterThanOrEqual(10);
    expect(first.delivered).toBe(first.recorded);
    for (const fact of ['quickstart-agent', 'sample', 'SELECT * FROM salaries', first.sessionId]) {
      expect(first.said).toContain(fact);
    }
    // Nothing of it is left: neither the ports nor the servers.
    for (const [name, port] of Object.entries(env).filter(([key]) => key.endsWith('_PORT'))) {
      expect([name, await freePort(HOST, Number(port), false)]).toEqual([name, Number(port)]);
    }
    expect(existsSync(join(folder.path, 'data', 'running.json'))).toBe(false);
    for (const secret of ['admin.key', 'quickstart.token', 'postgres.password', 'sample.password']) {
      expect(statSync(join(folder.path, 'data', secret)).mode & 0o077).toBe(0);
    }
  }, 90_000);

  it('a second start finds its data, stays up for the command line and for psql, and ends on ctrl-C', async () => {
    const up = affidavit('up');
    await until(
      `the start: ${up.complained()}`,
      () => up.said().includes('Ctrl-C stops all of it') || up.exitCode !== null,
      60_000,
    );
    expect(up.exitCode).toBeNull();

    const sessions = JSON.parse((await cli('sessions', 'list', '--json')).stdout) as { sessions: { id: string }[] };
    expect(sessions.sessions.length).toBeGreaterThanOrEqual(2);

    const token = (await cli('token', 'create', '--identity', 'quickstart-agent', '--json')).stdout;
    const config = {
      host: HOST,
      port: Number(env.AFFIDAVIT_GATEWAY_PORT),
      user: 'quickstart-agent',
      password: (JSON.parse(token) as { token: string }).token,
      database: 'sample',
    };
    const rows = await until('the gateway to take the new token', async () => {
      const client = new pg.Client(config);
      try {
        await client.connect();
        return (await client.query('SELECT count(*)::int AS count FROM customers')).rows;
      } catch {
        return undefined;
      } finally {
        await client.end().catch(() => undefined);
      }
    });
    expect(rows).toEqual([{ count: 50 }]);

    const shown = await cli('sessions', 'show', sessions.sessions[0]?.id ?? '', '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ session: { id: sessions.sessions[0]?.id } });
    const doctor = JSON.parse((await cli('doctor', '--json')).stdout) as {
      name: string;
      ok: boolean | null;
      detail: string;
    }[];
    expect(doctor.filter((finding) => finding.ok === false)).toEqual([]);
    const status = await cli('status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ hops: expect.any(Array) });
    const events = await cli('events', 'tail', '--json');
    expect(events.stdout).toContain('"session.closed"');
    const arrived = await cli('datadog', 'logs', '--json');
    expect(arrived.stdout).toContain('session.closed');
    expect((await cli('rebuild', 'sessions')).code).toBe(0);
    expect((await cli('producer', 'list')).stdout).toContain('local');
    expect((await cli('up')).stderr).toContain('CLI_ALREADY_RUNNING');

    up.kill('SIGINT');
    const [code] = (await once(up, 'close')) as [number | null];
    expect(code).toBe(0);
    expect(readFileSync(join(folder.path, 'affidavit.yaml'), 'utf8')).toContain('# Who may use which connection');
  }, 120_000);

  it('killed with kill -9 it leaves nothing running, and the next start finds its data', async () => {
    const up = affidavit('up');
    await until('the start', () => up.said().includes('Ctrl-C stops all of it') || up.exitCode !== null, 60_000);
    const running = JSON.parse(readFileSync(join(folder.path, 'data', 'running.json'), 'utf8')) as {
      servers: { pid: number }[];
    };
    expect(running.servers).toHaveLength(2);
    up.kill('SIGKILL');
    await once(up, 'close');
    const again = await upOnce();
    expect(again.delivered).toBe(again.recorded);
    for (const { pid } of running.servers) expect(() => process.kill(pid, 0)).toThrow();
  }, 120_000);

  it('a taken port is named, with the variable to set', async () => {
    const other = createServer().listen(Number(env.AFFIDAVIT_API_PORT), HOST);
    await once(other, 'listening');
    const { code, stderr } = await cli('up', '--once');
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${env.AFFIDAVIT_API_PORT}`);
    expect(stderr).toContain('AFFIDAVIT_API_PORT');
  });

  it('without anything running the commands say so and exit with 3', async () => {
    const { code, stderr } = await cli('sessions', 'list');
    expect(code).toBe(3);
    expect(stderr).toContain('CLI_API_UNREACHABLE');
    expect((await cli('sessions', 'lust')).code).toBe(2);
  });
});
