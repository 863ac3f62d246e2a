import { DeliveryError } from '../../../src/errors.js';
import type { ArrivedLog } from './arrived-log.js';
import { parseQuery } from './log-query.js';

const LONGEST_PAGE = 1_000;
const DEFAULT_PAGE = 10;
const MAX_BUCKETS = 10_000;

interface Filter {
  query?: string;
  from?: string | number;
  to?: string | number;
}

export interface SearchRequest {
  filter?: Filter;
  page?: { limit?: number; cursor?: string };
  sort?: string;
}

export interface AggregateRequest {
  filter?: Filter;
  compute?: { aggregation?: string; metric?: string; type?: string }[];
  group_by?: { facet?: string; limit?: number }[];
}

/**
 * `POST /api/v2/logs/events/search`. From and to bound the official date. The cursor is there also on a full last page; the page
 * behind that has no `meta`, as recorded from the real one.
 * @throws DELIVERY_QUERY_INVALID
 */
export function search(logs: readonly ArrivedLog[], request: SearchRequest, nowMs: number): object {
  const limit = Math.min(Math.max(request.page?.limit ?? DEFAULT_PAGE, 1), LONGEST_PAGE);
  // Stable: logs of the same millisecond stay in order of arrival.
  const found = filtered(logs, request.filter, nowMs).sort((a, b) => a.dateMs - b.dateMs);
  if (request.sort !== 'timestamp') found.reverse();
  const offset = request.page?.cursor === undefined ? 0 : offsetOf(request.page.cursor);
  const page = found.slice(offset, offset + limit);
  const data = page.map((log) => ({
    id: log.id,
    type: 'log',
    attributes: {
      timestamp: new Date(log.dateMs).toISOString(),
      message: log.message,
      service: log.entry.service,
      status: log.entry.status,
      host: log.entry.hostname,
      tags: log.tags,
      attributes: log.attributes,
    },
  }));
  if (page.length < limit) return page.length === 0 && offset > 0 ? { data } : { data, meta: { status: 'done' } };
  const after = Buffer.from(JSON.stringify({ offset: offset + limit })).toString('base64url');
  return { data, meta: { status: 'done', page: { after } } };
}

/** `POST /api/v2/logs/analytics/aggregate`: count and cardinality, by facets. @throws DELIVERY_QUERY_INVALID */
export function aggregate(logs: readonly ArrivedLog[], request: AggregateRequest, nowMs: number): object {
  const computes = request.compute?.length ? request.compute : [{ aggregation: 'count' }];
  const facets = (request.group_by ?? []).map((group) => group.facet ?? '');
  const groups = new Map<string, { by: Record<string, string>; logs: ArrivedLog[] }>();
  if (facets.length === 0) groups.set('', { by: {}, logs: [] });
  for (const log of filtered(logs, request.filter, nowMs)) {
    const values = facets.map((facet) => log.valuesOf(facet)[0]);
    // A log without the facet is in no bucket.
    if (values.some((value) => value === undefined)) continue;
    const key = JSON.stringify(facets.length === 0 ? '' : values);
    const name = facets.length === 0 ? '' : key;
    const group = groups.get(name) ?? {
      by: Object.fromEntries(facets.map((facet, at) => [facet, values[at] ?? ''])),
      logs: [],
    };
    group.logs.push(log);
    groups.set(name, group);
  }
  const limit = Math.min(request.group_by?.[0]?.limit ?? 10, MAX_BUCKETS);
  const buckets = [...groups.values()]
    .sort((a, b) => b.logs.length - a.logs.length)
    .slice(0, facets.length === 0 ? 1 : limit)
    .map((group) => ({
      by: group.by,
      computes: Object.fromEntries(computes.map((compute, at) => [`c${at}`, computed(group.logs, compute)])),
    }));
  return { meta: { status: 'done' }, data: { buckets } };
}

function computed(logs: readonly ArrivedLog[], compute: { aggregation?: string; metric?: string }): number {
  switch (compute.aggregation) {
    case 'count':
      return logs.length;
    case 'cardinality':
      return new Set(logs.flatMap((log) => log.valuesOf(compute.metric ?? ''))).size;
    default:
      throw invalid(`aggregation ${String(compute.aggregation)} is not one of count, cardinality`);
  }
}

function filtered(logs: readonly ArrivedLog[], filter: Filter | undefined, nowMs: number): ArrivedLog[] {
  const matches = parseQuery(filter?.query ?? '*');
  const from = instant(filter?.from ?? 'now-15m', nowMs);
  const to = instant(filter?.to ?? 'now', nowMs);
  return logs.filter((log) => log.dateMs >= from && log.dateMs <= to && matches(log));
}

const UNIT_MS: Record<string, number> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3, w: 7 * 86_400e3, M: 30 * 86_400e3 };

/** ISO 8601, epoch milliseconds, or `now-15m`. */
function instant(value: string | number, nowMs: number): number {
  if (typeof value === 'number') return value;
  const math = /^now(?:([+-]\d+)([smhdwM]))?$/.exec(value);
  if (math) return nowMs + Number(math[1] ?? 0) * (UNIT_MS[math[2] ?? 's'] ?? 0);
  const at = /^\d+$/.test(value) ? Number(value) : Date.parse(value);
  if (Number.isNaN(at)) throw invalid(`${JSON.stringify(value)} is no time`);
  return at;
}

function offsetOf(cursor: string): number {
  try {
    const { offset } = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as { offset: number };
    if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  } catch {
    // Not one of ours.
  }
  throw invalid('the cursor is not one that this server gave');
}

function invalid(message: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_QUERY_INVALID',
    message,
    remedy: 'See docs.datadoghq.com/api/latest/logs for what a search takes.',
    retry: 'never',
  });
}
