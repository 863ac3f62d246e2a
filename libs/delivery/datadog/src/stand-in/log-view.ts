import type { ArrivedLog } from './arrived-log.js';
import { type LogMatcher, parseQuery } from './log-query.js';

/** How what arrived can be searched. */
export interface ViewSettings {
  /** From arrival until a search finds it. */
  visibleAfterMs: number;
  /** Searches and aggregates that are answered in an hour; null: any number, and no headers. */
  searchesPerHour: number | null;
}

/** As far as it decides what is found. */
interface IndexBody {
  filter?: { query?: string };
  exclusion_filters?: { is_enabled?: boolean; filter?: { query?: string; sample_rate?: number } }[];
  num_retention_days?: number;
  is_rate_limited?: boolean;
}

const DAY_MS = 86_400_000;
const HOUR_S = 3_600;

/**
 * What of all that arrived a search finds. A log enters the first index whose filter it matches as it arrives; an exclusion filter
 * or a used up quota of that index keeps it out for ever, without a word. And how often it may be asked.
 */
export class LogView {
  private settings: ViewSettings = { visibleAfterMs: 0, searchesPerHour: null };
  private readonly outside = new WeakSet<ArrivedLog>();
  private hour = 0;
  private asked = 0;

  constructor(private readonly indexes: () => readonly IndexBody[]) {}

  set(changes: Partial<ViewSettings>): void {
    this.settings = { ...this.settings, ...changes };
  }

  arrived(logs: readonly ArrivedLog[]): void {
    for (const log of logs) {
      const index = this.indexOf(log);
      const isExcluded = index?.exclusion_filters?.some(
        ({ is_enabled, filter }) => is_enabled && filter?.sample_rate !== 0 && matcher(filter?.query)(log),
      );
      if (!index || index.is_rate_limited || isExcluded) this.outside.add(log);
    }
  }

  visible(logs: readonly ArrivedLog[], nowMs: number): ArrivedLog[] {
    return logs.filter((log) => {
      if (this.outside.has(log) || log.receivedAtMs > nowMs - this.settings.visibleAfterMs) return false;
      const days = this.indexOf(log)?.num_retention_days;
      return days === undefined || log.receivedAtMs > nowMs - days * DAY_MS;
    });
  }

  /** One more request: the headers of its answer, and whether it is one too many. Periods are aligned with the clock, as documented. */
  ask(nowMs: number): { headers: Record<string, string>; isTooMany: boolean } {
    const limit = this.settings.searchesPerHour;
    if (limit === null) return { headers: {}, isTooMany: false };
    const second = Math.floor(nowMs / 1_000);
    const hour = Math.floor(second / HOUR_S);
    if (hour !== this.hour) {
      this.hour = hour;
      this.asked = 0;
    }
    this.asked += 1;
    const headers = {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-period': String(HOUR_S),
      'x-ratelimit-remaining': String(Math.max(0, limit - this.asked)),
      'x-ratelimit-reset': String((hour + 1) * HOUR_S - second),
      'x-ratelimit-name': 'logs_public_search_api',
    };
    return { headers, isTooMany: this.asked > limit };
  }

  private indexOf(log: ArrivedLog): IndexBody | undefined {
    return this.indexes().find((index) => matcher(index.filter?.query)(log));
  }
}

const matchers = new Map<string, LogMatcher>();

function matcher(query = '*'): LogMatcher {
  const known = matchers.get(query) ?? parseQuery(query);
  matchers.set(query, known);
  return known;
}
