import { createServer } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { PlatformError } from './errors.js';
import { Health, type HealthCheck } from './health.js';
import type { Metrics } from './metrics.js';

export interface AdminServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export interface AdminServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Asked for at each look: a process that is still starting has others. */
  checks: () => readonly HealthCheck[];
  metrics: Metrics;
  /** Further plain answers, by path, as JSON. */
  pages?: Record<string, () => unknown>;
  /** What every other path is told. Default: 404 with the paths there are. */
  otherwise?: () => { status: number; contentType: string; body: object };
}

/**
 * `/healthz` (this process is alive), `/readyz` (each check with hop, since, reason and remedy; 503 if a required one fails) and `/metrics`.
 * @throws PLATFORM_PORT_TAKEN
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const health = new Health(options.checks);
  const unwatch = health.watch(options.metrics);
  const startedAt = new Date().toISOString();
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'application/json; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const page = options.pages && Object.hasOwn(options.pages, path) ? options.pages[path] : undefined;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const respond = async () => {
      if (isRead && path === '/healthz') answer(200, json({ alive: true, startedAt }));
      else if (isRead && path === '/readyz') {
        const report = await health.report();
        answer(report.ready ? 200 : 503, json(report));
      } else if (isRead && path === '/metrics') answer(200, await options.metrics.text(), options.metrics.contentType);
      else if (isRead && page) answer(200, json(await page()));
      else if (options.otherwise) {
        const { status, body, contentType } = options.otherwise();
        answer(status, json(body), contentType);
      } else if (isRead) answer(404, json({ detail: 'try /healthz, /readyz or /metrics' }));
      else answer(405, json({ detail: 'only GET' }));
    };
    respond().catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else answer(500, json({ detail: error instanceof Error ? error.message : String(error) }));
    });
  });
  try {
    await listen(server, options.host, options.port);
  } catch (error) {
    unwatch();
    throw error;
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    port,
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        unwatch();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Starts listening, with an error that names the port.
 * @throws PLATFORM_PORT_TAKEN, PLATFORM_LISTEN
 */
export function listen(server: Pick<NetServer, 'listen' | 'once' | 'off'>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new PlatformError({
          code: taken ? 'PLATFORM_PORT_TAKEN' : 'PLATFORM_LISTEN',
          message: taken
            ? `port ${port} on ${host} is already in use`
            : `cannot listen on ${host}:${port}: ${cause.message}`,
          remedy: taken
            ? 'Stop what listens there, or choose another port (docs/reference/config.md, Network).'
            : 'Set AFFIDAVIT_HOST to an address of this machine and the port to one that this user may open.',
          retry: 'never',
          cause,
        }),
      );
    };
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
