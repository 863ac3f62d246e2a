import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError } from '#events';
import type { ArrivedLog } from './arrived-log.js';
import { parseQuery } from './log-query.js';
import { evaluate, type GroupState, type LogMonitorQuery, parseMonitorQuery } from './monitor-query.js';
import type { PipelineBody } from './pipelines.js';

// Datadog's configuration endpoints in brief, as far as we use them: monitors, dashboards, pipelines, metrics made of logs, indexes.
// Creating always makes another object. What a request leaves out is gone after a PUT. Monitors are evaluated when asked for.

const KINDS = {
  monitor: '/api/v1/monitor',
  dashboard: '/api/v1/dashboard',
  pipeline: '/api/v1/logs/config/pipelines',
  metric: '/api/v2/logs/config/metrics',
} as const;
type Kind = keyof typeof KINDS;

type Body = Record<string, unknown>;
interface Kept {
  id: string;
  body: Body;
}
type Content = Record<Kind, Kept[]> & { indexes: Body[] };

/** An answer of one of these endpoints. */
export interface ObjectAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

const FILE = 'objects.json';
/** Documented of old: writes to the configuration of logs, in a minute of the calendar. */
const WRITES_PER_MINUTE = 2;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const DEFAULT_INDEX = { name: 'main', filter: { query: '*' }, num_retention_days: 15, exclusion_filters: [] };

/** The objects of the organisation that the stand-in plays. */
export class Objects {
  private readonly content: Content;
  private writes = { minute: 0, count: 0 };

  /** @param directory undefined: in memory only */
  constructor(
    private readonly directory: string | undefined,
    private readonly logs: () => readonly ArrivedLog[],
    private readonly now: () => number,
  ) {
    this.content = this.load();
  }

  /** In the order in which logs run through them. */
  pipelines(): PipelineBody[] {
    return this.content.pipeline.map(({ body }) => body as PipelineBody);
  }

  /** As the API shows them. */
  indexes(): readonly Body[] {
    return this.content.indexes;
  }

  /** The indexes, in their order. At Datadog people make them; here a test does. */
  setIndexes(indexes: Body[]): void {
    this.content.indexes = indexes;
    this.save();
  }

  /** State of each group of a log monitor. */
  groupsOf(id: string): GroupState[] {
    const found = this.content.monitor.find((one) => one.id === id);
    return found ? this.states(found.body) : [];
  }

  /** @returns undefined for a path that is none of these */
  answer(method: string, path: string, asked: URLSearchParams, body: Body): ObjectAnswer | undefined {
    if (method === 'GET' && path === '/api/v1/logs/config/indexes')
      return { status: 200, body: { indexes: this.content.indexes } };
    if (method === 'GET' && path === '/api/v1/logs/config/index-order')
      return { status: 200, body: { index_names: this.content.indexes.map((index) => index.name) } };
    const kind = (Object.keys(KINDS) as Kind[]).find((one) => path === KINDS[one] || path.startsWith(`${KINDS[one]}/`));
    if (!kind) return undefined;
    const id = path.slice(KINDS[kind].length + 1);
    if (kind === 'pipeline' && method !== 'GET') {
      const limited = this.limit();
      if (limited) return limited;
    }
    try {
      return id === '' ? this.collection(kind, method, asked, body) : this.one(kind, method, id, asked, body);
    } catch (error) {
      return { status: 400, body: { errors: [error instanceof Error ? error.message : describeError(error)] } };
    }
  }

  private collection(kind: Kind, method: string, asked: URLSearchParams, body: Body): ObjectAnswer | undefined {
    if (method === 'GET') return { status: 200, body: this.list(kind, asked) };
    if (method !== 'POST') return undefined;
    const made = { id: this.newId(kind, body), body: this.checked(kind, body) };
    if (this.content[kind].some((one) => one.id === made.id)) return { status: 409, body: { errors: ['Conflict'] } };
    this.content[kind].push(made);
    this.save();
    return { status: 200, body: this.shown(kind, made) };
  }

  private one(kind: Kind, method: string, id: string, asked: URLSearchParams, body: Body): ObjectAnswer | undefined {
    if (kind === 'monitor' && method === 'POST' && id === 'validate') {
      this.checked(kind, body);
      return { status: 200, body: {} };
    }
    const found = this.content[kind].find((one) => one.id === id);
    if (!found) return { status: 404, body: { errors: [`${kind} not found`] } };
    switch (method) {
      case 'GET':
        return { status: 200, body: this.shown(kind, found, asked.has('group_states')) };
      case 'PATCH':
      case 'PUT':
        found.body = this.checked(kind, body, found.body);
        this.save();
        return { status: 200, body: this.shown(kind, found) };
      case 'DELETE': {
        this.content[kind] = this.content[kind].filter((one) => one !== found);
        this.save();
        const answers: Record<Kind, ObjectAnswer> = {
          monitor: { status: 200, body: { deleted_monitor_id: Number(id) } },
          dashboard: { status: 200, body: { deleted_dashboard_id: id } },
          pipeline: { status: 200, body: {} },
          metric: { status: 204, body: undefined },
        };
        return answers[kind];
      }
      default:
        return undefined;
    }
  }

  private list(kind: Kind, asked: URLSearchParams): unknown {
    const all = this.content[kind];
    switch (kind) {
      case 'monitor': {
        const tags = asked.get('monitor_tags')?.split(',') ?? [];
        const found = all.filter(({ body }) => tags.every((tag) => tagsOf(body).includes(tag)));
        const size = Number(asked.get('page_size') ?? 1_000);
        const from = Number(asked.get('page') ?? 0) * size;
        // Without a page it answers with all of them.
        return (asked.has('page') ? found.slice(from, from + size) : found).map((one) => this.shown(kind, one));
      }
      case 'dashboard': {
        const from = Number(asked.get('start') ?? 0);
        const page = all.slice(from, from + Number(asked.get('count') ?? 100));
        return {
          dashboards: page.map(({ id, body }) => ({
            id,
            title: body.title,
            description: body.description ?? null,
            layout_type: body.layout_type,
          })),
        };
      }
      case 'pipeline':
        return all.map((one) => this.shown(kind, one));
      case 'metric':
        return { data: all.map(({ id, body }) => ({ id, type: 'logs_metrics', attributes: body })) };
    }
  }

  private shown(kind: Kind, { id, body }: Kept, withGroups = false): unknown {
    switch (kind) {
      case 'monitor': {
        const groups = this.states(body);
        return {
          ...body,
          id: Number(id),
          multi: String(body.query).includes('.by('),
          overall_state: body.type !== 'log alert' ? 'No Data' : groups.some(isAlert) ? 'Alert' : 'OK',
          ...(withGroups
            ? { state: { groups: Object.fromEntries(groups.map(({ name, status }) => [name, { name, status }])) } }
            : {}),
        };
      }
      case 'metric':
        return { data: { id, type: 'logs_metrics', attributes: body } };
      case 'dashboard':
        return { ...body, id, url: `/dashboard/${id}` };
      case 'pipeline':
        return { ...body, id, type: 'pipeline', is_read_only: false };
    }
  }

  /** The object as it is kept; what is refused is an error whose text is the answer. */
  private checked(kind: Kind, body: Body, before?: Body): Body {
    switch (kind) {
      case 'monitor':
        checkMonitor(body);
        return { message: '', tags: [], ...body };
      case 'dashboard': {
        for (const name of ['title', 'layout_type', 'widgets'])
          if (body[name] === undefined) throw new TypeError(`Missing required attribute '${name}'.`);
        if (tagsOf(body).some((tag) => !tag.startsWith('team:')))
          throw new TypeError('Invalid tag format. Valid tag keys are: team.');
        return body;
      }
      case 'pipeline': {
        if (typeof body.name !== 'string' || body.name === '')
          throw new TypeError("Missing required attribute 'name'.");
        const { filter, processors } = body as PipelineBody;
        const queries = [filter, ...(processors ?? []).flatMap((one) => (one.categories ?? []).map((c) => c.filter))];
        for (const query of queries) parseQuery(query?.query ?? '*', { numbers: true });
        return { is_enabled: before?.is_enabled ?? false, ...body };
      }
      case 'metric': {
        const { attributes = {} } = (body.data ?? {}) as { attributes?: Body };
        parseQuery((attributes.filter as { query?: string } | undefined)?.query ?? '*');
        return { ...before, ...attributes };
      }
    }
  }

  private newId(kind: Kind, body: Body): string {
    switch (kind) {
      case 'metric':
        return String((body.data as { id?: unknown } | undefined)?.id);
      case 'monitor':
        return String(randomInt(1e8, 1e9));
      default:
        return `${randomInt(1e6).toString(36)}-${randomInt(1e6).toString(36)}-${randomInt(1e6).toString(36)}`;
    }
  }

  private states(body: Body): GroupState[] {
    if (body.type !== 'log alert') return [];
    const options = (body.options ?? {}) as { group_retention_duration?: string };
    return evaluate(queryOf(body), this.logs(), this.now(), durationMs(options.group_retention_duration) ?? DAY_MS);
  }

  private limit(): ObjectAnswer | undefined {
    const minute = Math.floor(this.now() / MINUTE_MS);
    if (this.writes.minute !== minute) this.writes = { minute, count: 0 };
    this.writes.count += 1;
    if (this.writes.count <= WRITES_PER_MINUTE) return undefined;
    const reset = Math.ceil(((minute + 1) * MINUTE_MS - this.now()) / 1_000);
    return {
      status: 429,
      body: { errors: ['Too many requests'] },
      headers: {
        'x-ratelimit-limit': String(WRITES_PER_MINUTE),
        'x-ratelimit-period': '60',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(reset),
      },
    };
  }

  private load(): Content {
    const file = this.directory === undefined ? undefined : join(this.directory, FILE);
    const kept =
      file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Content) : undefined;
    return kept ?? { monitor: [], dashboard: [], pipeline: [], metric: [], indexes: [DEFAULT_INDEX] };
  }

  private save(): void {
    if (this.directory === undefined) return;
    const file = join(this.directory, FILE);
    writeFileSync(`${file}.new`, JSON.stringify(this.content), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

function checkMonitor(body: Body): void {
  if (typeof body.type !== 'string') throw new TypeError("The value provided for parameter 'type' is invalid");
  if (typeof body.query !== 'string' || body.query === '')
    throw new TypeError("The value provided for parameter 'query' is invalid");
  if (body.type !== 'log alert') return;
  const { threshold } = queryOf(body);
  const critical = (body.options as { thresholds?: { critical?: number } } | undefined)?.thresholds?.critical;
  if (critical !== undefined && critical !== threshold)
    throw new TypeError(`Alert threshold (${critical}) does not match that used in the query (${threshold}).`);
}

function queryOf(body: Body): LogMonitorQuery {
  return parseMonitorQuery(String(body.query));
}

function tagsOf(body: Body): string[] {
  return Array.isArray(body.tags) ? body.tags.map(String) : [];
}

function isAlert(group: GroupState): boolean {
  return group.status === 'Alert';
}

/** `60m`, `72h`, `2d` */
function durationMs(text: string | undefined): number | undefined {
  const found = /^(\d+)([mhd])$/.exec(text ?? '');
  if (!found) return undefined;
  return Number(found[1]) * { m: MINUTE_MS, h: 60 * MINUTE_MS, d: DAY_MS }[found[2] as 'm' | 'h' | 'd'];
}
