import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { describeError } from '#events';
import { DeliveryError } from '../../../src/errors.js';
import { MAX_REQUEST_BYTES } from '../limits.js';
import { ArrivedLog, type JsonObject } from './arrived-log.js';
import { type Fault, Faults } from './faults.js';
import { takeIn } from './intake.js';
import { parseQuery } from './log-query.js';
import { type AggregateRequest, aggregate, type SearchRequest, search } from './log-search.js';
import { LogStore } from './log-store.js';
import { LogView, type ViewSettings } from './log-view.js';
import type { GroupState } from './monitor-query.js';
import { Objects } from './objects.js';
import { runPipelines } from './pipelines.js';

// The stand-in in brief: Datadog's logs intake, search and configuration as far as documented, on this machine only, so that the whole way runs
// without an account. It is as strict as the documents and as silent where they are: what Datadog would drop without a word, it
// drops. `/_affidavit/…` is ours: what arrived, faults on demand, counts.

export interface StandInOptions {
  /** A loopback address. */
  host?: string;
  /** 0: any free port. */
  port: number;
  /** Where logs are kept over restarts; undefined: in memory only. */
  directory?: string;
  /** Keys that are taken; undefined: any that is not empty. */
  apiKeys?: readonly string[];
  keptBytes?: number;
  now?: () => number;
}

export interface StandInCounts {
  requests: number;
  accepted: number;
  searches: number;
  logs: number;
  droppedByDate: number;
  cut: number;
  refused: number;
}

export interface StandIn {
  readonly url: string;
  readonly port: number;
  /** Whole URL of the intake, as DD_LOGS_URL takes it. */
  readonly logsUrl: string;
  readonly counts: StandInCounts;
  readonly faults: Faults;
  /** What of all that arrived a search finds, and when. */
  readonly view: LogView;
  /** Keys that are taken from now on; undefined: any. */
  setApiKeys(keys: readonly string[] | undefined): void;
  /** Entries as they arrived, oldest first; with what pipelines made of them, also those that no search finds. */
  entries(): JsonObject[];
  /** State of each group of a log monitor, on the logs that are here now. */
  monitorGroups(id: string): GroupState[];
  /** The log indexes, in their order, as the API shows them. */
  setIndexes(indexes: Record<string, unknown>[]): void;
  clear(): void;
  close(): Promise<void>;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;
const NEWEST_SHOWN = 100;

/**
 * Starts the stand-in.
 * @throws DELIVERY_STAND_IN_NOT_LOCAL for an address that other machines reach: it takes any key and keeps audit events in the clear
 * @throws DELIVERY_STAND_IN_LISTEN
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const host = options.host ?? '127.0.0.1';
  if (!LOOPBACK.test(host)) {
    throw new DeliveryError({
      code: 'DELIVERY_STAND_IN_NOT_LOCAL',
      message: `the stand-in for Datadog may not listen on ${host}`,
      remedy: 'Use 127.0.0.1. For more than one machine set DD_API_KEY and send to Datadog itself.',
      retry: 'never',
    });
  }
  const standIn = new StandInServer(options);
  const server = createServer((request, response) => void standIn.answer(request, response));
  server.keepAliveTimeout = 60_000;
  const port = await listen(server, host, options.port);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    url,
    port,
    logsUrl: `${url}/api/v2/logs`,
    counts: standIn.counts,
    faults: standIn.faults,
    view: standIn.view,
    setApiKeys: (keys) => {
      standIn.apiKeys = keys;
    },
    entries: () => standIn.store.all().map((log) => log.entry),
    monitorGroups: (id) => standIn.objects.groupsOf(id),
    setIndexes: (indexes) => standIn.objects.setIndexes(indexes),
    clear: () => standIn.store.clear(),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await standIn.store.close();
    },
  };
}

type Body = Record<string, unknown>;

class StandInServer {
  readonly counts: StandInCounts = {
    requests: 0,
    accepted: 0,
    searches: 0,
    logs: 0,
    droppedByDate: 0,
    cut: 0,
    refused: 0,
  };
  readonly faults = new Faults();
  readonly view: LogView;
  readonly store: LogStore;
  readonly objects: Objects;
  apiKeys: readonly string[] | undefined;
  private readonly now: () => number;

  constructor(options: StandInOptions) {
    this.store = new LogStore(options.directory, options.keptBytes);
    this.apiKeys = options.apiKeys;
    this.now = options.now ?? Date.now;
    this.objects = new Objects(options.directory, () => this.store.all(), this.now);
    this.view = new LogView(() => this.objects.indexes());
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.setHeader('date', new Date(this.now()).toUTCString());
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const route = `${request.method} ${url.pathname}`;
    try {
      switch (route) {
        case 'POST /api/v2/logs':
          return await this.intake(request, response);
        case 'GET /api/v1/validate':
          return this.validate(request, response);
        case 'POST /api/v2/logs/events/search':
        case 'POST /api/v2/logs/analytics/aggregate':
          return await this.query(route.endsWith('search') ? 'search' : 'aggregate', request, response);
        case 'PUT /_affidavit/search':
          this.view.set(JSON.parse((await read(request)).toString('utf8')) as Partial<ViewSettings>);
          return send(response, 200, {});
        case 'GET /_affidavit/logs':
          return this.show(url.searchParams, response);
        case 'DELETE /_affidavit/logs':
          this.store.clear();
          return send(response, 200, {});
        case 'GET /_affidavit/counts':
          return send(response, 200, { ...this.counts });
        case 'GET /_affidavit/faults':
          return send(response, 200, { faults: this.faults.list() });
        case 'POST /_affidavit/faults':
          this.faults.add(JSON.parse((await read(request)).toString('utf8')) as Body);
          return send(response, 201, { faults: this.faults.list() });
        case 'DELETE /_affidavit/faults':
          this.faults.clear();
          return send(response, 200, {});
        case 'GET /healthz':
        case 'GET /readyz':
          return send(response, 200, { ready: true, checks: [] });
      }
      const body = await read(request);
      if (this.configuration(request, url, body, response)) return;
      // The intake answers so to any path it does not know.
      if (request.method === 'POST') return send(response, 400, errors(400, 'Bad Request', 'HTTP path is invalid'));
      send(response, 404, { errors: ['Not found'] });
    } catch (error) {
      const status = error instanceof TooLarge ? 413 : 400;
      if (!response.headersSent) send(response, status, { errors: [describeError(error)] });
    }
  }

  private async intake(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counts.requests += 1;
    const fault = this.faults.take();
    if (fault?.kind === 'reset') return cutLine(request);
    const body = await read(request);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 1_000));
    const status = Number(fault?.kind);
    if (status >= 400) return this.refuse(response, status, 'on demand', fault);
    const key = keyOf(request, 'dd-api-key');
    if (key === undefined) return this.refuse(response, 401, 'API key is missing');
    if (!this.isKnown(key)) return this.refuse(response, 403, 'API key is invalid');
    const taken = await takeIn(
      body,
      {
        ...(request.headers['content-encoding'] === undefined ? {} : { encoding: request.headers['content-encoding'] }),
        ...(request.headers['content-type'] === undefined ? {} : { type: request.headers['content-type'] }),
      },
      this.now(),
    );
    if (taken.status !== 202) return this.refuse(response, taken.status, taken.detail ?? '');
    const bad = this.faults.takeForLogs((matches) => {
      return taken.kept.some(({ dateMs, raw }) => matches(new ArrivedLog('', dateMs, 0, raw)));
    });
    if (bad) return this.refuse(response, Number.parseInt(bad.kind, 10), 'a log of this request is refused on demand');
    this.counts.accepted += 1;
    if (fault?.kind !== 'drop') {
      this.counts.logs += taken.kept.length;
      this.counts.droppedByDate += taken.droppedByDate;
      this.counts.cut += taken.cut;
      const lost = this.faults.matcher('drop-for-query');
      this.keep(lost ? taken.kept.filter(({ dateMs, raw }) => !lost(new ArrivedLog('', dateMs, 0, raw))) : taken.kept);
    }
    if (fault?.kind === 'lose-answer') return cutLine(request);
    send(response, 202, {});
  }

  private keep(taken: readonly { dateMs: number; raw: string }[]): void {
    const pipelines = this.objects.pipelines();
    const kept = taken.flatMap((log) => runPipelines(log, pipelines, this.now()) ?? []);
    this.counts.droppedByDate += taken.length - kept.length;
    this.view.arrived(this.store.add(kept, this.now()));
  }

  /** Monitors, dashboards and the like. @returns false for a path that is none of them */
  private configuration(request: IncomingMessage, url: URL, body: Buffer, response: ServerResponse): boolean {
    if (!/^\/api\/v\d\/(monitor|dashboard|logs\/config)(\/|$)/.test(url.pathname)) return false;
    const key = keyOf(request, 'dd-api-key');
    if (key === undefined || !this.isKnown(key) || keyOf(request, 'dd-application-key') === undefined) {
      send(response, 403, { errors: ['Forbidden'] });
      return true;
    }
    const fault = this.faults.takeFor('config');
    if (fault !== undefined) {
      send(response, fault, { errors: [titleOf(fault)] });
      return true;
    }
    const asked = (body.length === 0 ? {} : JSON.parse(body.toString('utf8'))) as Body;
    const answer = this.objects.answer(request.method ?? '', url.pathname, url.searchParams, asked);
    if (!answer) return false;
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
    if (answer.body === undefined) response.writeHead(answer.status).end();
    else send(response, answer.status, answer.body);
    return true;
  }

  private refuse(response: ServerResponse, status: number, detail: string, fault?: Fault): void {
    this.counts.refused += 1;
    if (fault?.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
    if (fault?.rateLimitReset !== undefined) response.setHeader('x-ratelimit-reset', fault.rateLimitReset);
    send(response, status, errors(status, titleOf(status), detail));
  }

  private validate(request: IncomingMessage, response: ServerResponse): void {
    const key = keyOf(request, 'dd-api-key');
    if (key === undefined) send(response, 403, { errors: ['API key required'] });
    else if (!this.isKnown(key)) send(response, 403, { errors: ['Forbidden'] });
    else send(response, 200, { valid: true });
  }

  private async query(what: 'search' | 'aggregate', request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    this.counts.searches += 1;
    if (!this.mayRead(request, response)) return;
    const fault = this.faults.takeFor('search');
    if (fault !== undefined) return send(response, fault, { errors: [titleOf(fault)] });
    const { headers, isTooMany } = this.view.ask(this.now());
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (isTooMany) return send(response, 429, { errors: ['Rate limit of requests reached. Please try again later.'] });
    const asked = (body.length === 0 ? {} : JSON.parse(body.toString('utf8'))) as SearchRequest & AggregateRequest;
    send(
      response,
      200,
      (what === 'search' ? search : aggregate)(this.view.visible(this.store.all(), this.now()), asked, this.now()),
    );
  }

  /** Both keys, as every read wants them. Answers where they are not right. */
  private mayRead(request: IncomingMessage, response: ServerResponse): boolean {
    const key = keyOf(request, 'dd-api-key');
    if (key === undefined || keyOf(request, 'dd-application-key') === undefined)
      send(response, 401, { errors: ['Unauthorized'] });
    else if (!this.isKnown(key)) send(response, 403, { errors: ['Forbidden'] });
    else return true;
    return false;
  }

  /** What arrived, as it arrived: the newest, in order of arrival. */
  private show(asked: URLSearchParams, response: ServerResponse): void {
    const matches = parseQuery(asked.get('query') ?? '*');
    const limit = Math.max(1, Number(asked.get('limit') ?? NEWEST_SHOWN) || NEWEST_SHOWN);
    const found = this.store.all().filter(matches);
    send(response, 200, { total: found.length, logs: found.slice(-limit).map((log) => log.entry) });
  }

  private isKnown(key: string): boolean {
    return this.apiKeys === undefined || this.apiKeys.includes(key);
  }
}

class TooLarge extends Error {}

/** The whole body, which may be no larger than the intake takes uncompressed. */
async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Read to the end all the same: a client that is cut off in mid-body never sees the answer.
    if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_REQUEST_BYTES) throw new TooLarge('Payload too large');
  return Buffer.concat(chunks);
}

function keyOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function cutLine(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function errors(status: number, title: string, detail: string): object {
  return { errors: [{ status: String(status), title, detail }] };
}

function titleOf(status: number): string {
  const titles: Record<number, string> = {
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    408: 'Request Timeout',
    413: 'Payload Too Large',
    429: 'Too Many Requests',
  };
  return titles[status] ?? (status >= 500 ? 'Server Error' : 'Error');
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new DeliveryError({
          code: 'DELIVERY_STAND_IN_LISTEN',
          message: `the stand-in for Datadog cannot listen on ${host}:${port}: ${describeError(cause)}`,
          remedy: 'Stop what listens there, or set AFFIDAVIT_DATADOG_PORT to another port.',
          retry: 'never',
          cause,
        }),
      ),
    );
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
