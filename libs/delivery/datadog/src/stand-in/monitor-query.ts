import { DeliveryError } from '../../../src/errors.js';
import type { ArrivedLog } from './arrived-log.js';
import { type LogMatcher, parseQuery } from './log-query.js';

// Log monitors as documented (docs.datadoghq.com/api/latest/monitors, /monitors/types/log): a search over an index, a rollup,
// groups, a window that ends now and looks at the date of a log, and a threshold.

/** A log monitor's query, taken apart. */
export interface LogMonitorQuery {
  matches: LogMatcher;
  rollup: 'count' | 'cardinality';
  measure: string | undefined;
  by: string[];
  windowMs: number;
  operator: '>' | '>=' | '<' | '<=';
  threshold: number;
}

export type MonitorStatus = 'OK' | 'Alert' | 'No Data';

/** One group of a monitor; the group of a monitor without groups is `*`. */
export interface GroupState {
  name: string;
  value: number;
  status: MonitorStatus;
}

const FORM =
  /^logs\("((?:[^"\\]|\\.)*)"\)\.index\("([^"]*)"\)\.rollup\("(\w+)"(?:, ?"([^"]+)")?\)(?:\.by\("([^"]+)"\))?\.last\("(\d+)([mh])"\) (\S+) (-?\d+(?:\.\d+)?)$/s;
const OPERATORS = ['>', '>=', '<', '<='];
const MINUTE_MS = 60_000;
const LONGEST_WINDOW_MS = 2 * 24 * 60 * MINUTE_MS;
/** Groups that a monitor follows: of one facet, and of each of two. */
const MOST_OF_ONE = 1_000;
const MOST_OF_EACH = 30;
const MOST_FACETS = 4;

/** @throws DELIVERY_MONITOR_INVALID, DELIVERY_QUERY_INVALID */
export function parseMonitorQuery(text: string): LogMonitorQuery {
  const found = FORM.exec(text);
  if (!found) throw invalid('it is not of the form logs(…).index(…).rollup(…).by(…).last(…) > n');
  const [, search = '', , rollup = '', measure, by, count, unit, operator = '', threshold] = found;
  if (rollup !== 'count' && rollup !== 'cardinality') throw invalid(`rollup ${rollup} is not known here`);
  if ((rollup === 'cardinality') !== (measure !== undefined)) throw invalid(`rollup ${rollup} with a wrong measure`);
  if (!OPERATORS.includes(operator)) throw invalid(`invalid operator specified: ${operator}`);
  const windowMs = Number(count) * (unit === 'h' ? 60 : 1) * MINUTE_MS;
  if (windowMs < MINUTE_MS || windowMs > LONGEST_WINDOW_MS) throw invalid(`a window of ${count}${unit}`);
  const facets = by === undefined ? [] : by.split(',');
  if (facets.length > MOST_FACETS) throw invalid(`more than ${MOST_FACETS} groups`);
  return {
    matches: parseQuery(search.replace(/\\(["\\])/g, '$1')),
    rollup,
    measure,
    by: facets,
    windowMs,
    operator: operator as LogMonitorQuery['operator'],
    threshold: Number(threshold),
  };
}

/**
 * The state of each group now. A group that had logs within `retentionMs` and has none in the window counts as 0, as documented
 * for counts. A log without one of the facets is in no group.
 */
export function evaluate(
  query: LogMonitorQuery,
  logs: readonly ArrivedLog[],
  nowMs: number,
  retentionMs: number,
): GroupState[] {
  const groups = new Map<string, ArrivedLog[]>();
  if (query.by.length === 0) groups.set('*', []);
  const sinceMs = nowMs - Math.max(query.windowMs, retentionMs);
  const dated = logs.filter((log) => log.dateMs > sinceMs && log.dateMs <= nowMs);
  for (const log of followed(query, dated.filter(query.matches))) {
    const name = groupOf(query, log);
    if (name === undefined) continue;
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    if (log.dateMs > nowMs - query.windowMs) group.push(log);
  }
  return [...groups].map(([name, found]) => {
    const value = query.rollup === 'count' ? found.length : cardinality(found, query.measure ?? '');
    return { name, value, status: isBeyond(value, query.operator, query.threshold) ? 'Alert' : 'OK' };
  });
}

/** Only the values with the most logs are followed. */
function followed(query: LogMonitorQuery, matching: ArrivedLog[]): ArrivedLog[] {
  const most = query.by.length > 1 ? MOST_OF_EACH : MOST_OF_ONE;
  return query.by.reduce((kept, facet) => {
    const counts = new Map<string, number>();
    for (const log of kept) {
      const value = log.valuesOf(facet)[0];
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const first = new Set(
      [...counts]
        .sort((a, b) => b[1] - a[1])
        .slice(0, most)
        .map(([value]) => value),
    );
    return kept.filter((log) => first.has(log.valuesOf(facet)[0] ?? ''));
  }, matching);
}

function groupOf(query: LogMonitorQuery, log: ArrivedLog): string | undefined {
  if (query.by.length === 0) return '*';
  const values = query.by.map((facet) => log.valuesOf(facet)[0]);
  return values.includes(undefined) ? undefined : values.join(',');
}

function cardinality(logs: readonly ArrivedLog[], measure: string): number {
  return new Set(logs.flatMap((log) => log.valuesOf(measure))).size;
}

function isBeyond(value: number, operator: LogMonitorQuery['operator'], threshold: number): boolean {
  switch (operator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
  }
}

function invalid(why: string): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_MONITOR_INVALID',
    message: `The value provided for parameter 'query' is invalid: ${why}`,
    remedy: 'See docs.datadoghq.com/api/latest/monitors for what a log monitor takes.',
    retry: 'never',
  });
}
