import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiUrlOf, type Settings } from '#platform';
import { CliError, EXIT, usageError } from './errors.js';

export type Query = Record<string, string | number | boolean | undefined>;

/** The audit-log API with this machine's key. */
export class ApiClient {
  constructor(
    readonly baseUrl: string,
    private readonly key: string,
    private readonly timeoutMs = 30_000,
  ) {}

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

  get<T>(path: string, query: Query = {}): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const suffix = parameters.size > 0 ? `?${parameters}` : '';
    return this.call<T>('GET', `${path}${suffix}`);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.call<T>('DELETE', path);
  }

  /** @throws CLI_API_UNREACHABLE, or the API's own code with its remedy */
  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.timeoutMs),
    }).catch((cause: unknown) => {
      throw unreachable(this.baseUrl, cause);
    });
    const text = await answer.text();
    if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
    throw refused(answer.status, text, `${method} ${path}`);
  }
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
