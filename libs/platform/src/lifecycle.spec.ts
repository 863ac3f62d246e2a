import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { testFolder, until } from '../../../test/support/servers.js';
import { startAdminServer } from './admin-server.js';
import { loadOrCreateKeyPair } from './keys.js';
import { Lifecycle, type ProcessLike } from './lifecycle.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

class FakeProcess implements ProcessLike {
  readonly listeners = new Map<string, ((value?: unknown) => void)[]>();
  readonly exits: number[] = [];
  connected = true;
  on(event: string, listener: (...args: never[]) => void): void {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener as (value?: unknown) => void]);
  }
  emit(event: string, value?: unknown): void {
    for (const listener of this.listeners.get(event) ?? []) listener(value);
  }
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('the end of a process', () => {
  it.each(['SIGTERM', 'SIGINT', 'disconnect'])(
    '%s closes what was opened last first, then exits with 0',
    async (event) => {
      const host = new FakeProcess();
      const lifecycle = new Lifecycle(quiet as never, 5000, host);
      const closed: string[] = [];
      for (const part of ['database', 'server']) {
        lifecycle.onClose(part, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          closed.push(part);
        });
      }
      host.emit(event);
      await until('the exit', () => host.exits.length > 0);
      expect(closed).toEqual(['server', 'database']);
      expect(host.exits).toEqual([0]);
    },
  );

  it('a part that cannot be closed does not keep the others open', async () => {
    const host = new FakeProcess();
    const lifecycle = new Lifecycle(quiet as never, 5000, host);
    const closed: string[] = [];
    lifecycle.onClose('first', () => closed.push('first'));
    lifecycle.onClose('second', () => Promise.reject(new Error('stuck')));
    await lifecycle.stop('test');
    expect(closed).toEqual(['first']);
    expect(host.exits).toEqual([1]);
  });

  it('a part that hangs ends at the deadline', async () => {
    const host = new FakeProcess();
    const lifecycle = new Lifecycle(quiet as never, 20, host);
    lifecycle.onClose('hanging', () => new Promise(() => undefined));
    void lifecycle.stop('test');
    await until('the exit', () => host.exits.length > 0);
    expect(host.exits).toEqual([1]);
  });

  it('an error that nobody caught closes in order and exits with 1', async () => {
    const host = new FakeProcess();
    const lifecycle = new Lifecycle(quiet as never, 5000, host);
    const closed: string[] = [];
    lifecycle.onClose('spool', () => closed.push('spool'));
    host.emit('uncaughtException', new Error('defect'));
    await until('the exit', () => host.exits.length > 0);
    expect(closed).toEqual(['spool']);
    expect(host.exits).toEqual([1]);
  });

  it('a second signal does not wait', () => {
    const host = new FakeProcess();
    const lifecycle = new Lifecycle(quiet as never, 5000, host);
    lifecycle.onClose('hanging', () => new Promise((resolve) => setTimeout(resolve, 50)));
    host.emit('SIGINT');
    host.emit('SIGINT');
    expect(host.exits).toEqual([130]);
  });

  it('a real child whose parent is killed ends by itself', async () => {
    const folder = testFolder();
    const platform = pathToFileURL(join(process.cwd(), 'dist/libs/platform/src/lifecycle.js')).href;
    const child = join(folder.path, 'child.mjs');
    writeFileSync(
      child,
      `import { Lifecycle } from '${platform}';
       new Lifecycle({ info() {}, warn() {}, error() {} });
       setInterval(() => {}, 1000); process.send({ pid: process.pid });`,
    );
    const parent = join(folder.path, 'parent.mjs');
    writeFileSync(
      parent,
      `import { fork } from 'node:child_process';
       fork('${child}').on('message', (m) => console.log(m.pid)); setInterval(() => {}, 1000);`,
    );
    const outer = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(outer.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    outer.kill('SIGKILL');
    await until('the orphan to end', () => !isAlive(pid));
    folder.remove();
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the admin server', () => {
  it('says alive, ready or not with the reason and since when, and the metrics', async () => {
    const metrics = new Metrics({ service: 'test' });
    metrics.counter('affidavit_test_things_total', 'Things.').inc(3);
    let reason: string | undefined = 'Redis does not answer';
    let strangers = 0;
    const server = await startAdminServer({
      host: '127.0.0.1',
      port: 0,
      metrics,
      checks: () => [
        {
          name: 'redis',
          hop: 'spool → Redis',
          check: () =>
            reason ? { reason, remedy: 'Start it.', sinceMs: Date.parse('2026-01-02T03:04:05Z') } : undefined,
        },
        {
          name: 'postgres',
          hop: 'Redis → record',
          check: () => {
            if (reason) throw new Error('no connection');
            return undefined;
          },
        },
        {
          name: 'strangers',
          hop: 'Redis → record',
          required: false,
          check: () => (strangers ? { reason: `${strangers} entries`, remedy: 'Find out who.' } : undefined),
        },
      ],
    });
    try {
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      const first = await fetch(`${server.url}/readyz`);
      const report = (await first.json()) as { checks: { since: string }[] };
      expect(first.status).toBe(503);
      expect(report).toMatchObject({
        ready: false,
        checks: [
          {
            name: 'redis',
            hop: 'spool → Redis',
            ok: false,
            reason: 'Redis does not answer',
            remedy: 'Start it.',
            since: '2026-01-02T03:04:05.000Z',
          },
          { name: 'postgres', ok: false, reason: 'no connection', remedy: 'See the log of this process.' },
          { name: 'strangers', ok: true, required: false },
        ],
      });
      const again = (await (await fetch(`${server.url}/readyz`)).json()) as { checks: { since: string }[] };
      expect(again.checks[1]?.since).toBe(report.checks[1]?.since);
      const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
      expect(await metrics()).toContain('affidavit_check_up{check="redis",hop="spool → Redis",service="test"} 0');
      reason = undefined;
      strangers = 2;
      const ready = await fetch(`${server.url}/readyz`);
      expect(ready.status).toBe(200);
      // What is only said is said all the same.
      expect(await ready.json()).toMatchObject({ ready: true, checks: [{}, {}, { ok: false, reason: '2 entries' }] });
      expect(await metrics()).toContain('affidavit_check_up{check="redis",hop="spool → Redis",service="test"} 1');
      expect(await metrics()).toContain('affidavit_test_things_total{service="test"} 3');
      expect((await fetch(`${server.url}/other`)).status).toBe(404);
    } finally {
      await server.close();
    }
  });

  it('names the port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(
      startAdminServer({ host: '127.0.0.1', port, checks: () => [], metrics: new Metrics() }),
    ).rejects.toMatchObject({ code: 'PLATFORM_PORT_TAKEN', message: expect.stringContaining(String(port)) });
    other.close();
  });
});

describe('a log line', () => {
  function written(format: 'json' | 'text', log: (logger: ReturnType<typeof createLogger>) => void): string {
    let text = '';
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    log(createLogger('test', { logLevel: 'info', logFormat: format }, stream));
    return text;
  }

  it.each(['json', 'text'] as const)('holds no secret (%s)', (format) => {
    const text = written(format, (logger) =>
      logger.info(
        { token: 'hunter2', target: { password: 'hunter2', host: 'db' }, a: { b: { apiKey: 'hunter2' } } },
        'hello',
      ),
    );
    expect(text).not.toContain('hunter2');
    expect(text).toContain('db');
    expect(text).toContain('hello');
  });
});

describe('a key file', () => {
  it('is made once, is for its owner only, and gives the same key again', () => {
    const folder = testFolder();
    const file = join(folder.path, 'deep', 'mark.key');
    const first = loadOrCreateKeyPair(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadOrCreateKeyPair(file).publicKey.equals(first.publicKey)).toBe(true);
    writeFileSync(file, 'not a key');
    expect(() => loadOrCreateKeyPair(file)).toThrow(expect.objectContaining({ code: 'PLATFORM_KEY_UNREADABLE' }));
    folder.remove();
  });
});
