import type {
  Absence,
  BatchCount,
  Difference,
  ListQuery,
  Look,
  LookWindow,
  ReadBack,
  SeenLog,
  SeenPage,
  SentEvent,
} from '../../src/read-back.js';
import { absenceJudge, readIndexes } from './absence.js';
import { SAFE_AGE_MS } from './limits.js';
import { SearchApi, type SearchApiOptions } from './search-api.js';
import { isObject, type JsonObject, valueAt } from './stand-in/arrived-log.js';

/** Buckets of one aggregate, at most; documented as 10,000, of which we never need as many. */
const MOST_BATCHES = 500;
/** Datadog's own default retention of logs. */
const CHECKPOINTS_FROM = 'now-15d';
/** Ids that one query names: some 35 bytes each, in one text. */
const MOST_IDS = 100;

/**
 * Datadog's log search: `POST /api/v2/logs/analytics/aggregate` and `/api/v2/logs/events/search`, documented at
 * docs.datadoghq.com/api/latest/logs (read November 2026). Needs API and application key and the right `logs_read_data`. Everything
 * asked for is a string term: numbers can be searched only through a facet that somebody made by hand.
 */
export class DatadogReadBack implements ReadBack {
  readonly mostBatches = MOST_BATCHES;
  readonly mostIds = MOST_IDS;
  readonly freshMs = SAFE_AGE_MS;
  private readonly api: SearchApi;

  constructor(options: SearchApiOptions) {
    this.api = new SearchApi(options);
  }

  count(batches: readonly bigint[], window: LookWindow, signal: AbortSignal): Promise<Look<Map<bigint, BatchCount>>> {
    const body = {
      filter: filterOf(`@delivery.batch:(${batches.join(' OR ')})`, window),
      compute: [
        { aggregation: 'count', type: 'total' },
        { aggregation: 'cardinality', metric: '@evt.id', type: 'total' },
      ],
      group_by: [{ facet: '@delivery.batch', limit: batches.length }],
    };
    return this.api.ask({ method: 'POST', path: '/api/v2/logs/analytics/aggregate', body }, signal, countsOf);
  }

  list(
    query: ListQuery,
    window: LookWindow,
    page: { limit: number; cursor?: string },
    signal: AbortSignal,
  ): Promise<Look<SeenPage>> {
    const body = {
      filter: 'batch' in query ? filterOf(`@delivery.batch:${query.batch}`, window) : idFilter(query.ids, window),
      sort: 'timestamp',
      page: { limit: page.limit, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) },
    };
    return this.api.ask({ method: 'POST', path: '/api/v2/logs/events/search', body }, signal, pageOf);
  }

  async explain(signal: AbortSignal): Promise<Look<(event: SentEvent, nowMs: number) => Absence>> {
    const look = await this.api.ask({ method: 'GET', path: '/api/v1/logs/config/indexes' }, signal, readIndexes);
    // Reading the configuration is a right of its own (logs_read_config): without it the rest can be judged all the same.
    if (look.kind === 'refused') return { kind: 'seen', found: absenceJudge(undefined) };
    return look.kind === 'seen' ? { ...look, found: absenceJudge(look.found) } : look;
  }

  checkpoints(log: string, limit: number, signal: AbortSignal): Promise<Look<string[]>> {
    const filter = {
      query: `@evt.name:checkpoint.signed @checkpoint.log:"${log}"`,
      from: CHECKPOINTS_FROM,
      to: 'now+3h',
    };
    const body = { filter, sort: '-timestamp', page: { limit } };
    return this.api.ask({ method: 'POST', path: '/api/v2/logs/events/search', body }, signal, notesOf);
  }

  compare(rendered: string, log: SeenLog): Difference {
    const sent = JSON.parse(rendered) as JsonObject;
    const there = attributesOf(log);
    const difference: Difference = { gone: [], altered: [] };
    for (const path of COMPARED) {
      const wanted = valueAt(sent, path);
      if (wanted === undefined) continue;
      const found = valueAt(there, path);
      if (found === undefined) difference.gone.push(path);
      else if (String(found) !== String(wanted)) difference.altered.push(path);
    }
    return difference;
  }

  close(): Promise<void> {
    return this.api.close();
  }
}

function notesOf(answer: unknown): string[] {
  return pageOf(answer).logs.flatMap((log) => {
    const note = valueAt(attributesOf(log), 'checkpoint.note');
    return typeof note === 'string' ? [note] : [];
  });
}

/**
 * What identifies an event, who did it and what was decided: strings that Datadog keeps as they come, and that nobody has a reason to
 * remap. Not compared: what Datadog itself makes something of (status, service, source, the date) and what differs from attempt to attempt.
 */
const COMPARED = [
  'message',
  'evt.id',
  'evt.position',
  'evt.name',
  'evt.time',
  'evt.outcome',
  'evt.recorded_at',
  'evt.node',
  'evt.seq',
  'evt.retention',
  'usr.id',
  'usr.type',
  'usr.on_behalf_of',
  'connection.name',
  'session.id',
  'approval.required',
  'approval.state',
  'db.statement_sha256',
] as const;

function filterOf(what: string, { epochs, fromMs, untilMs }: LookWindow) {
  return {
    query: `${what} @evt.epoch:(${epochs.join(' OR ')})`,
    // Epoch milliseconds as text: ISO 8601 would do as well, date math would not be as exact.
    from: String(fromMs),
    to: String(untilMs),
  };
}

/** By attribute, or, where the attributes are gone, as words of the message. An id holds a dot, so it is quoted. */
function idFilter(ids: readonly string[], { fromMs, untilMs }: LookWindow) {
  const quoted = ids.map((id) => `"${id}"`);
  return {
    query: `@evt.id:(${quoted.join(' OR ')}) OR ${quoted.join(' OR ')}`,
    from: String(fromMs),
    to: String(untilMs),
  };
}

interface AggregateAnswer {
  data?: { buckets?: { by?: Record<string, unknown>; computes?: Record<string, unknown> }[] };
}

function countsOf(answer: unknown): Map<bigint, BatchCount> {
  const counts = new Map<bigint, BatchCount>();
  for (const { by, computes } of (answer as AggregateAnswer).data?.buckets ?? []) {
    const batch = batchOf(by?.['@delivery.batch']);
    const logs = Number(computes?.c0);
    const events = Number(computes?.c1);
    if (batch === undefined) continue;
    if (!Number.isFinite(logs) || !Number.isFinite(events)) throw new TypeError('a bucket without its counts');
    counts.set(batch, { logs, events });
  }
  return counts;
}

interface SearchAnswer {
  data?: { id?: unknown; attributes?: { message?: unknown; attributes?: unknown } }[];
  meta?: { page?: { after?: unknown } };
}

function pageOf(answer: unknown): SeenPage {
  const { data = [], meta } = answer as SearchAnswer;
  const logs = data.map(({ id, attributes }): SeenLog => {
    if (typeof id !== 'string') throw new TypeError('a log without an id');
    const content: JsonObject = isObject(attributes as JsonObject) ? (attributes as JsonObject) : {};
    const log = { id, eventId: undefined, batch: undefined, attempt: undefined, content };
    const there = attributesOf(log);
    const eventId = valueAt(there, 'evt.id');
    const attempt = valueAt(there, 'delivery.attempt');
    return {
      ...log,
      eventId: typeof eventId === 'string' ? eventId : undefined,
      batch: batchOf(valueAt(there, 'delivery.batch')),
      attempt: /^\d{1,9}$/.test(String(attempt)) ? Number(attempt) : undefined,
    };
  });
  const after = meta?.page?.after;
  // The page behind a full last one is empty and says nothing of a cursor.
  return { logs, ...(typeof after === 'string' && logs.length > 0 ? { cursor: after } : {}) };
}

/** A log's own attributes, with the message beside them. */
function attributesOf({ content }: SeenLog): JsonObject {
  const { attributes, message } = content as { attributes?: JsonObject; message?: string };
  return { ...(isObject(attributes) ? attributes : {}), ...(typeof message === 'string' ? { message } : {}) };
}

function batchOf(value: unknown): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}
