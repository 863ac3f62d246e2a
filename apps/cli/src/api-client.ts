import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import createClient, { type Client } from 'openapi-fetch';
import type { PathsWithMethod } from 'openapi-typescript-helpers';
import { apiUrlOf, type Settings } from '#platform';
import { CliError, EXIT, usageError } from './errors.js';
import type { paths } from './generated/api.js';

export type Query = Record<string, string | number | boolean | undefined>;

// Paths, names and answers are held to the API's own document. Values of queries and bodies are what somebody typed: the API judges
// them, and says what is wrong with them better than this could.
type Named<T, V> = { [K in keyof T]?: V | undefined };
type PathOf<O> = O extends { parameters: { path: infer P } } ? { path: Record<keyof P, string> } : { path?: never };
type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? { query?: Named<Q, Query[string]> } : object;
type BodyOf<O> = O extends { requestBody?: infer R }
  ? Exclude<R, undefined> extends { content: { 'application/json': infer B } }
    ? { body?: Named<B, unknown> }
    : object
  : object;
type AnswerOf<O> = O extends { responses: infer R }
  ? R[keyof R & (200 | 201 | 202)] extends { content: { 'application/json': infer T } }
    ? T
    : undefined
  : never;
type Asked<T> = { path?: never } extends T ? [asked?: T] : [asked: T];

/** The audit-log API with this machine's key. */
export class ApiClient {
  private readonly routes: Client<paths>;

  constructor(
    readonly baseUrl: string,
    private readonly key: string,
    private readonly timeoutMs = 30_000,
  ) {
    this.routes = createClient<paths>({ baseUrl, fetch: (request) => this.send(request) });
  }

  /** With AFFIDAVIT_API_KEY, else the key of the first start in AFFIDAVIT_DATA. @throws CLI_NO_KEY */
  static of(settings: Settings, timeoutMs?: number): ApiClient {
    const file = adminKeyFile(settings);
    const key = settings.apiKey ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
    if (!key) {
      throw new CliError({
        code: 'CLI_NO_KEY',
        message: `no API key: AFFIDAVIT_API_KEY is unset and ${file} is not there`,
        remedy: 'Set AFFIDAVIT_API_KEY, or AFFIDAVIT_DATA to the folder of `affidavit up`.',
        retry: 'never',
      });
    }
    return new ApiClient(apiUrlOf(settings), key, timeoutMs);
  }

  /** The one at another address. @throws CLI_USAGE, CLI_NO_KEY */
  static at(address: string | undefined, settings: Settings): ApiClient {
    if (address === undefined) return ApiClient.of(settings);
    if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) {
      return ApiClient.of({ ...settings, apiUrl: address });
    }
    throw usageError(
      `'${address}' is no address of an audit-log API`,
      'Write it whole, for example https://audit.internal:8470.',
    );
  }

  /** @throws CLI_API_UNREACHABLE, or the API's own code with its remedy */
  async read<P extends PathsWithMethod<paths, 'get'>>(
    path: P,
    ...[asked]: Asked<PathOf<paths[P]['get']> & QueryOf<paths[P]['get']>>
  ): Promise<AnswerOf<paths[P]['get']>> {
    const { data } = await this.routes.GET(path, { params: asked ?? {} } as never);
    return data as AnswerOf<paths[P]['get']>;
  }

  /** @throws CLI_API_UNREACHABLE, or the API's own code with its remedy */
  async act<P extends PathsWithMethod<paths, 'post'>>(
    path: P,
    ...[asked]: Asked<PathOf<paths[P]['post']> & BodyOf<paths[P]['post']>>
  ): Promise<AnswerOf<paths[P]['post']>> {
    const { path: filled, body = {} } = (asked ?? {}) as { path?: object; body?: unknown };
    const { data } = await this.routes.POST(path, { params: { path: filled }, body } as never);
    return data as AnswerOf<paths[P]['post']>;
  }

  /** @throws CLI_API_UNREACHABLE, or the API's own code with its remedy */
  async remove<P extends PathsWithMethod<paths, 'delete'>>(path: P, asked: PathOf<paths[P]['delete']>): Promise<void> {
    await this.routes.DELETE(path, { params: asked } as never);
  }

  /** For who knows the API by himself: the ledger of a backfill, which `libs/delivery` reads through it. */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const suffix = parameters.size > 0 ? `?${parameters}` : '';
    return bodyOf<T>(await this.send(new Request(`${this.baseUrl}${path}${suffix}`)));
  }

  /** What is no JSON, as it is. */
  async text(path: string): Promise<string> {
    return (await this.send(new Request(`${this.baseUrl}${path}`))).text();
  }

  async bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.send(new Request(`${this.baseUrl}${path}`))).arrayBuffer());
  }

  /** As {@link get}. */
  async post<T>(path: string, body: unknown = {}): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    const request = new Request(`${this.baseUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return bodyOf<T>(await this.send(request));
  }

  private async send(request: Request): Promise<Response> {
    request.headers.set('authorization', `Bearer ${this.key}`);
    const answer = await fetch(request, { signal: AbortSignal.timeout(this.timeoutMs) }).catch((cause: unknown) => {
      throw unreachable(this.baseUrl, cause);
    });
    if (answer.ok) return answer;
    const what = `${request.method} ${new URL(request.url).pathname}`;
    throw refused(answer.status, await answer.text(), what);
  }
}

async function bodyOf<T>(answer: Response): Promise<T> {
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export function adminKeyFile(settings: Settings): string {
  return join(settings.dataDir, 'admin.key');
}

function unreachable(baseUrl: string, cause: unknown): CliError {
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
  return new CliError({
    code: 'CLI_API_UNREACHABLE',
    message: `the audit-log API at ${baseUrl} does not answer: ${reason}`,
    remedy: 'Start it (`affidavit up`), or set AFFIDAVIT_API_URL.',
    retry: 'later',
    exitCode: EXIT.unreachable,
    cause,
  });
}

function refused(status: number, text: string, what: string): CliError {
  let problem: { code?: string; detail?: string; title?: string; remedy?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // Not problem+json: a proxy answered.
  }
  return new CliError({
    code: problem.code ?? 'CLI_API_REFUSED',
    message: problem.detail ?? problem.title ?? `${what} was answered with ${status}`,
    remedy: problem.remedy ?? 'Is AFFIDAVIT_API_URL the audit-log API, and the key one of its keys?',
    retry: status >= 500 ? 'later' : 'never',
    exitCode: status === 503 ? EXIT.unreachable : EXIT.failed,
  });
}
