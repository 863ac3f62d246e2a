import type { Settings } from '#platform';
import { CliError, EXIT } from './errors.js';
import { plain, TYPE_WIDTH } from './output.js';

/** One log as Datadog's search returns it. */
export interface ArrivedLog {
  id: string;
  timestamp: string;
  message: string;
  service?: string;
  status?: string;
  tags: string[];
  attributes: Record<string, unknown>;
}

export interface DatadogAccess {
  apiUrl: string;
  apiKey: string;
  appKey: string;
}

/** Key of the local stand-in, which takes any but wants one. */
export const STAND_IN_KEY = 'local-stand-in';

/** It listens on this machine only. */
export function standInUrl(settings: Settings): string {
  return `http://127.0.0.1:${settings.datadogPort}`;
}

/** Datadog with both keys, or the stand-in without any; undefined where sending is all that the keys allow. */
export function datadogAccess(settings: Settings): DatadogAccess | undefined {
  if (!settings.ddApiKey) return { apiUrl: standInUrl(settings), apiKey: STAND_IN_KEY, appKey: STAND_IN_KEY };
  if (!settings.ddAppKey) return undefined;
  return {
    apiUrl: settings.ddApiUrl ?? `https://api.${settings.ddSite}`,
    apiKey: settings.ddApiKey,
    appKey: settings.ddAppKey,
  };
}

/**
 * Searches logs: the newest `limit` of them, in order of time.
 * @throws CLI_DATADOG_UNREACHABLE, CLI_DATADOG_REFUSED
 */
export async function searchLogs(
  access: DatadogAccess,
  query: string,
  options: { from?: string; to?: string; limit?: number } = {},
): Promise<ArrivedLog[]> {
  const body = {
    filter: { query, from: options.from ?? 'now-1h', to: options.to ?? 'now+1h' },
    sort: '-timestamp',
    page: { limit: options.limit ?? 100 },
  };
  const answer = await fetch(`${access.apiUrl.replace(/\/+$/, '')}/api/v2/logs/events/search`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'dd-api-key': access.apiKey,
      'dd-application-key': access.appKey,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  }).catch((cause: unknown) => {
    throw new CliError({
      code: 'CLI_DATADOG_UNREACHABLE',
      message: `Datadog at ${access.apiUrl} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy:
        'Without DD_API_KEY this is the local stand-in, which `affidavit up` runs. Else check DD_SITE and DD_API_URL.',
      retry: 'later',
      exitCode: EXIT.unreachable,
      cause,
    });
  });
  if (!answer.ok) {
    throw new CliError({
      code: 'CLI_DATADOG_REFUSED',
      message: `Datadog's search answered ${answer.status}: ${(await answer.text()).slice(0, 200)}`,
      remedy: 'Searching needs DD_API_KEY and DD_APP_KEY of the site in DD_SITE, with the right logs_read_data.',
      retry: answer.status === 429 ? 'later' : 'never',
    });
  }
  const page = (await answer.json()) as { data?: RawLog[] };
  return (page.data ?? []).reverse().map(({ id, attributes }) => ({
    id,
    timestamp: attributes.timestamp ?? '',
    message: attributes.message ?? '',
    tags: attributes.tags ?? [],
    attributes: attributes.attributes ?? {},
    ...(attributes.service === undefined ? {} : { service: attributes.service }),
    ...(attributes.status === undefined ? {} : { status: attributes.status }),
  }));
}

interface RawLog {
  id: string;
  attributes: {
    timestamp?: string;
    message?: string;
    service?: string;
    status?: string;
    tags?: string[];
    attributes?: Record<string, unknown>;
  };
}

/** The value at a dotted path, whether it arrived nested or under the dotted name itself. */
export function attribute(log: ArrivedLog, path: string): unknown {
  if (Object.hasOwn(log.attributes, path)) return log.attributes[path];
  return path.split('.').reduce<unknown>((value, part) => {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }, log.attributes);
}

/** One line for people: when, what kind, and the sentence. */
export function logLine(log: ArrivedLog): string {
  const marks = ['late', 'replay', 'backfill'].filter((tag) => log.tags.includes(`${tag}:true`));
  return [
    log.timestamp,
    String(attribute(log, 'evt.name') ?? '').padEnd(TYPE_WIDTH),
    plain(log.message),
    ...marks,
  ].join('  ');
}
