import { DeliveryError } from '../../../src/errors.js';
import type { LogsIndex } from '../provisioning/client.js';
import { type LogMatcher, parseQuery } from '../stand-in/log-query.js';
import type { SampleLog } from './sample-logs.js';

const DAY_MS = 86_400_000;

/** What our side says. */
export interface RetentionRules {
  /** Milliseconds by class; null: for ever. */
  classes: Readonly<Record<string, number | null>>;
  /** How long events must be there, milliseconds; undefined: nobody said. */
  evidence: { record?: number | undefined; datadog?: number | undefined };
}

export interface Disagreement {
  problem: string;
  remedy: string;
}

/** One class of events, and where its logs go. */
export interface ClassComparison {
  class: string;
  /** Null: for ever. */
  recordDays: number | null;
  indexes: { name: string; days: number }[];
  disagreements: Disagreement[];
}

interface Entered {
  index: LogsIndex;
  samples: SampleLog[];
}

/**
 * Compares how long the record keeps the events of each class with how long Datadog keeps their logs, and both with what evidence
 * needs. Logs of ours, as they are really sent, are held against the filters of the indexes: a log enters the first index that takes it.
 * @param indexes in their order
 */
export function compareRetention(
  rules: RetentionRules,
  indexes: readonly LogsIndex[],
  samples: readonly SampleLog[],
): ClassComparison[] {
  return Object.entries(rules.classes).map(([name, keepMs]) => {
    const unread: Disagreement[] = [];
    const { entered, outside } = distribute(
      indexes,
      samples.filter((sample) => sample.class === name),
      unread,
    );
    return {
      class: name,
      recordDays: keepMs === null ? null : keepMs / DAY_MS,
      indexes: entered.map(({ index }) => ({ name: index.name, days: daysOf(index) })),
      disagreements: [
        ...judgeRecord(name, keepMs, rules.evidence.record),
        ...judgeOutside(outside),
        ...entered.flatMap((one) => [
          ...judgeDays(name, keepMs, one.index, rules.evidence.datadog),
          ...judgeLosses(one, unread),
        ]),
        ...unread,
      ],
    };
  });
}

function distribute(indexes: readonly LogsIndex[], samples: SampleLog[], unread: Disagreement[]) {
  const entered: Entered[] = [];
  let left = samples;
  for (const index of indexes) {
    const matches = matcherOf(index.query, `the filter of index ${index.name}`, unread);
    if (!matches) continue;
    const taken = left.filter(({ log }) => matches(log));
    if (taken.length > 0) entered.push({ index, samples: taken });
    left = left.filter((sample) => !taken.includes(sample));
  }
  return { entered, outside: left };
}

function judgeRecord(name: string, keepMs: number | null, neededMs: number | undefined): Disagreement[] {
  if (neededMs === undefined || keepMs === null || keepMs >= neededMs) return [];
  return [
    {
      problem: `the record keeps class ${name} for ${days(keepMs)}, evidence needs ${days(neededMs)}`,
      remedy: `Raise retention.classes.${name} to ${days(neededMs, 'd')}, or lower retention.evidence.`,
    },
  ];
}

function judgeOutside(outside: readonly SampleLog[]): Disagreement[] {
  if (outside.length === 0) return [];
  return [
    {
      problem: `no index takes ${listed(outside)}`,
      remedy:
        'Give an index the filter source:affidavit, and put it first. Without one, Datadog shows such logs nowhere.',
    },
  ];
}

function judgeDays(
  name: string,
  keepMs: number | null,
  index: LogsIndex,
  neededMs: number | undefined,
): Disagreement[] {
  const haveMs = daysOf(index) * DAY_MS;
  const found: Disagreement[] = [];
  if (neededMs !== undefined && haveMs < neededMs) {
    found.push({
      problem: `index ${index.name} keeps logs for ${days(haveMs)}, evidence needs ${days(neededMs)} at Datadog`,
      remedy: `Raise the retention of index ${index.name}, add Flex storage, or lower retention.evidence.datadog. The record has them until then.`,
    });
  } else if (neededMs === undefined && haveMs < (keepMs ?? Number.POSITIVE_INFINITY)) {
    found.push({
      problem: `index ${index.name} keeps logs for ${days(haveMs)}, the record keeps class ${name} ${keepMs === null ? 'for ever' : `for ${days(keepMs)}`}`,
      remedy: `If that is meant, say so: retention.evidence: { datadog: ${days(haveMs, 'd')} }. Else raise the retention of index ${index.name}.`,
    });
  }
  if (keepMs !== null && haveMs > keepMs) {
    found.push({
      problem: `the record purges class ${name} after ${days(keepMs)}, index ${index.name} shows it for ${days(haveMs)}`,
      remedy: `What must be gone is still at Datadog: send this class to an index of its own (retention:${name}) that keeps it no longer.`,
    });
  }
  return found;
}

/** What an index throws away of the logs that enter it. */
function judgeLosses({ index, samples }: Entered, unread: Disagreement[]): Disagreement[] {
  const found: Disagreement[] = [];
  let left = samples;
  for (const exclusion of index.exclusions) {
    if (!exclusion.isEnabled) continue;
    const matches = matcherOf(exclusion.query, `exclusion filter '${exclusion.name}' of index ${index.name}`, unread);
    // Only the first that matches counts.
    const hit = matches ? left.filter(({ log }) => matches(log)) : [];
    left = left.filter((sample) => !hit.includes(sample));
    if (hit.length === 0 || exclusion.sampleRate === 0) continue;
    found.push({
      problem: `exclusion filter '${exclusion.name}' of index ${index.name} hides ${Math.round(exclusion.sampleRate * 100)} % of ${listed(hit)}`,
      remedy: `Add -source:affidavit to the query of '${exclusion.name}', or give these logs an index of their own before ${index.name}.`,
    });
  }
  if (index.dailyLimit !== undefined) {
    const now = index.isRateLimited ? ', and has reached it today' : '';
    found.push({
      problem: `index ${index.name} takes at most ${index.dailyLimit} logs a day${now}; beyond, they are hidden`,
      remedy: `Give source:affidavit an index without a daily quota, before ${index.name}.`,
    });
  }
  return found;
}

/** Undefined where the query is beyond us, which is said. */
function matcherOf(query: string, what: string, unread: Disagreement[]): LogMatcher | undefined {
  try {
    return parseQuery(query === '' ? '*' : query, { numbers: true });
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const problem = `${what} cannot be judged here: ${query}`;
    if (!unread.some((one) => one.problem === problem))
      unread.push({ problem, remedy: 'Look at Datadog whether it takes logs of source:affidavit.' });
    return undefined;
  }
}

function daysOf(index: LogsIndex): number {
  return Math.max(index.retentionDays ?? 0, index.flexRetentionDays ?? 0);
}

function listed(samples: readonly SampleLog[]): string {
  const all = [...new Set(samples.map(({ what }) => what))];
  return all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ');
}

function days(ms: number, unit?: 'd'): string {
  const count = Math.round((ms / DAY_MS) * 10) / 10;
  return unit ? `${Math.ceil(count)}d` : `${count} day${count === 1 ? '' : 's'}`;
}
