import type { Absence, SentEvent } from '../../src/read-back.js';
import { FURTHEST_AHEAD_MS, OLDEST_AGE_MS } from './limits.js';
import { ArrivedLog, isObject, type JsonObject } from './stand-in/arrived-log.js';
import { type LogMatcher, parseQuery } from './stand-in/log-query.js';

// Why a log is not to be seen, told from what Datadog says of its indexes (`GET /api/v1/logs/config/indexes`): a log enters the
// first index whose filter it matches, unless an exclusion filter of that index takes it out or its daily quota is used up, and
// leaves it when its retention ends. Filters are applied to the very log that is missing. A filter in words that we cannot read is
// taken for a cause all the same: to send again, night after night, what an index hides would be worse than to say so. Where the key
// may not read the indexes at all, nobody can tell a loss from an event that is hidden: the cause is unknown.

export interface LogIndex {
  name: string;
  query: string;
  exclusions: { name: string; query: string }[];
  retentionDays: number | undefined;
  /** Its daily quota is used up just now. */
  isLimited: boolean;
}

interface IndexesAnswer {
  indexes?: {
    name?: unknown;
    filter?: { query?: unknown };
    exclusion_filters?: {
      name?: unknown;
      is_enabled?: unknown;
      filter?: { query?: unknown; sample_rate?: unknown };
    }[];
    num_retention_days?: unknown;
    is_rate_limited?: unknown;
  }[];
}

/** Indexes in their order. @throws TypeError for what is no list of them */
export function readIndexes(answer: unknown): LogIndex[] {
  if (!isObject(answer as JsonObject) || !Array.isArray((answer as IndexesAnswer).indexes)) {
    throw new TypeError('no list of indexes');
  }
  return ((answer as IndexesAnswer).indexes ?? []).map((index) => ({
    name: String(index.name),
    query: textOf(index.filter?.query),
    exclusions: (index.exclusion_filters ?? [])
      .filter(({ is_enabled, filter }) => is_enabled === true && filter?.sample_rate !== 0)
      .map(({ name, filter }) => ({ name: String(name), query: textOf(filter?.query) })),
    retentionDays: typeof index.num_retention_days === 'number' ? index.num_retention_days : undefined,
    isLimited: index.is_rate_limited === true,
  }));
}

const DAY_MS = 86_400_000;
const UNREADABLE = 'the key cannot read index filters (logs_read_config): it may be lost, or hidden by one';

/** @param indexes undefined where the key may not read them */
export function absenceJudge(indexes: readonly LogIndex[] | undefined): (event: SentEvent, nowMs: number) => Absence {
  const judged = indexes?.map((index) => ({
    ...index,
    takes: matcher(index.query),
    exclusions: index.exclusions.map((one) => ({ ...one, matches: matcher(one.query) })),
  }));
  return (event, nowMs) => {
    const ageMs = event.acceptedAtMs - Date.parse(`${event.occurredAt.slice(0, 23)}Z`);
    const old = event.oldOnesAreSeen ? undefined : byAge(ageMs);
    if (!judged) return old ?? { cause: 'unknown', detail: UNREADABLE };
    const log = new ArrivedLog('', event.acceptedAtMs, event.acceptedAtMs, event.rendered);
    const index = judged.find((one) => one.takes === undefined || one.takes(log));
    if (!index) return { cause: 'no-index', detail: 'no index has a filter that takes it' };
    const exclusion = index.exclusions.find((one) => one.matches === undefined || one.matches(log));
    if (exclusion) {
      const how = exclusion.matches === undefined ? 'may take' : 'takes';
      return {
        cause: 'exclusion-filter',
        detail: `exclusion filter "${exclusion.name}" of index ${index.name} ${how} it out: ${exclusion.query}`,
      };
    }
    const { retentionDays } = index;
    if (retentionDays !== undefined && nowMs - event.acceptedAtMs > retentionDays * DAY_MS) {
      return { cause: 'retention', detail: `index ${index.name} keeps logs for ${retentionDays} days` };
    }
    if (index.isLimited && nowMs - event.acceptedAtMs < DAY_MS) {
      return { cause: 'quota', detail: `the daily quota of index ${index.name} is used up` };
    }
    return old ?? { cause: 'lost', detail: `index ${index.name} takes it, and no filter of it hides it` };
  };
}

/** We send no date that is out of the window; a date remapper in a pipeline may put the old one back. */
function byAge(ageMs: number): Absence | undefined {
  if (ageMs <= OLDEST_AGE_MS && ageMs >= -FURTHEST_AHEAD_MS) return undefined;
  const hours = Math.round(Math.abs(ageMs) / 3_600_000);
  return {
    cause: 'window',
    detail: `it was ${hours} h ${ageMs > 0 ? 'old' : 'ahead'} when it was sent; is there a pipeline that dates logs by evt.time?`,
  };
}

/** Undefined where the query holds what we cannot judge, such as a comparison of numbers. */
function matcher(query: string): LogMatcher | undefined {
  try {
    return parseQuery(query === '' ? '*' : query);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
