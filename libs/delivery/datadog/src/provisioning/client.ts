import type { v1, v2 } from '@datadog/datadog-api-client';
import { DeliveryError } from '../../../src/errors.js';
import { type FoundObject, listTags, type ManagedObject, metricId, type ObjectKind, slugOf } from './managed-object.js';
import { type PatienceOptions, patientFetch } from './patient-fetch.js';
import type { ObjectStore } from './planner.js';

export interface ClientOptions extends PatienceOptions {
  /** `https://api.datadoghq.eu` */
  apiUrl: string;
  apiKey: string;
  appKey: string;
  /** Value of the tag `env`: whose objects are ours. */
  env: string;
}

/** An index of Datadog's, as far as we ask for it. */
export interface LogsIndex {
  name: string;
  /** Which logs enter it. */
  query: string;
  /** Days in the standard tier; undefined: none, or it does not say. */
  retentionDays?: number;
  /** Days in both tiers together. */
  flexRetentionDays?: number;
  /** Logs a day; undefined: no bound. */
  dailyLimit?: number;
  isRateLimited: boolean;
  exclusions: { name: string; query: string; sampleRate: number; isEnabled: boolean }[];
}

const PAGE = 100;
const RIGHTS: Record<ObjectKind | 'index', string> = {
  pipeline: 'logs_write_pipelines',
  metric: 'logs_generate_metrics',
  monitor: 'monitors_write (and, as Datadog documents for log monitors, an application key without scopes)',
  dashboard: 'dashboards_write',
  index: 'logs_read_config',
};

/**
 * Datadog's API through its own client, which takes seconds and some 130 MB to load: call this only where it is needed.
 */
export async function connectDatadog(options: ClientOptions): Promise<DatadogClient> {
  const { client, v1: one, v2: two, logger } = await import('@datadog/datadog-api-client');
  // It prints every broken line to stderr; we say it once, with what to do.
  logger.setLevel('silent');
  const configuration = client.createConfiguration({
    authMethods: { apiKeyAuth: options.apiKey, appKeyAuth: options.appKey },
    baseServer: new client.BaseServerConfiguration(options.apiUrl.replace(/\/+$/, ''), {}),
    // One that is set on its HTTP library is overwritten with this, also where this is left out.
    fetch: patientFetch(options),
  });
  return new DatadogClient(options.env, {
    pipelines: new one.LogsPipelinesApi(configuration),
    metrics: new two.LogsMetricsApi(configuration),
    monitors: new one.MonitorsApi(configuration),
    dashboards: new one.DashboardsApi(configuration),
    indexes: new one.LogsIndexesApi(configuration),
  });
}

interface Apis {
  pipelines: v1.LogsPipelinesApi;
  metrics: v2.LogsMetricsApi;
  monitors: v1.MonitorsApi;
  dashboards: v1.DashboardsApi;
  indexes: v1.LogsIndexesApi;
}

export class DatadogClient implements ObjectStore {
  constructor(
    private readonly env: string,
    private readonly apis: Apis,
  ) {}

  async list(kind: ObjectKind): Promise<FoundObject[]> {
    return ask(kind, `the list of ${kind}s`, async () => {
      const found = await this.listAll(kind);
      return found.filter(({ slug }) => slug !== undefined);
    });
  }

  async get(kind: ObjectKind, id: string): Promise<FoundObject | undefined> {
    try {
      return await ask(kind, `${kind} ${id}`, () => this.getOne(kind, id));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  async create(object: ManagedObject): Promise<string> {
    return ask(object.kind, `the creation of ${object.kind} '${object.title}'`, async () => {
      switch (object.kind) {
        case 'pipeline':
          return text((await this.apis.pipelines.createLogsPipeline({ body: object.body })).id);
        case 'metric': {
          const id = metricId(object.slug, this.env);
          await this.apis.metrics.createLogsMetric({
            body: { data: { id, type: 'logs_metrics', attributes: object.body } },
          });
          return id;
        }
        case 'monitor':
          return text((await this.apis.monitors.createMonitor({ body: object.body })).id);
        case 'dashboard':
          return text((await this.apis.dashboards.createDashboard({ body: object.body })).id);
      }
    });
  }

  async update(object: ManagedObject, id: string): Promise<void> {
    await ask(object.kind, `the change of ${object.kind} '${object.title}'`, async () => {
      switch (object.kind) {
        case 'pipeline':
          return this.apis.pipelines.updateLogsPipeline({ pipelineId: id, body: object.body });
        case 'metric':
          return this.apis.metrics.updateLogsMetric({
            metricId: id,
            body: {
              data: {
                type: 'logs_metrics',
                attributes: { filter: object.body.filter ?? {}, groupBy: object.body.groupBy ?? [] },
              },
            },
          });
        case 'monitor':
          return this.apis.monitors.updateMonitor({ monitorId: Number(id), body: object.body });
        case 'dashboard':
          return this.apis.dashboards.updateDashboard({ dashboardId: id, body: object.body });
      }
    });
  }

  async remove(kind: ObjectKind, id: string): Promise<void> {
    try {
      await ask(kind, `the removal of ${kind} ${id}`, async () => {
        switch (kind) {
          case 'pipeline':
            return this.apis.pipelines.deleteLogsPipeline({ pipelineId: id });
          case 'metric':
            return this.apis.metrics.deleteLogsMetric({ metricId: id });
          case 'monitor':
            return this.apis.monitors.deleteMonitor({ monitorId: Number(id) });
          case 'dashboard':
            return this.apis.dashboards.deleteDashboard({ dashboardId: id });
        }
      });
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  /** The indexes in the order in which a log is offered to them: it enters the first whose query it matches. */
  async indexes(): Promise<LogsIndex[]> {
    return ask('index', 'the list of indexes', async () => {
      const { indexes = [] } = await this.apis.indexes.listLogIndexes();
      const { indexNames } = await this.apis.indexes.getLogsIndexOrder();
      const place = (name: string) => (indexNames.includes(name) ? indexNames.indexOf(name) : indexNames.length);
      return indexes.sort((a, b) => place(a.name) - place(b.name)).map(indexOf);
    });
  }

  private async listAll(kind: ObjectKind): Promise<FoundObject[]> {
    switch (kind) {
      case 'pipeline':
        return (await this.apis.pipelines.listLogsPipelines()).map((one) => this.pipelineOf(one));
      case 'metric':
        return ((await this.apis.metrics.listLogsMetrics()).data ?? []).map((one) => this.metricOf(one));
      case 'monitor': {
        const found: FoundObject[] = [];
        for await (const one of this.apis.monitors.listMonitorsWithPagination({
          monitorTags: listTags(this.env),
          pageSize: PAGE,
        }))
          found.push(this.monitorOf(one));
        return found;
      }
      case 'dashboard': {
        const found: FoundObject[] = [];
        for await (const { id, description } of this.apis.dashboards.listDashboardsWithPagination({ count: PAGE })) {
          // The list shows title and description only.
          if (id === undefined || slugOf(description, this.env) === undefined) continue;
          const whole = await this.get('dashboard', id);
          if (whole) found.push(whole);
        }
        return found;
      }
    }
  }

  private async getOne(kind: ObjectKind, id: string): Promise<FoundObject> {
    switch (kind) {
      case 'pipeline':
        return this.pipelineOf(await this.apis.pipelines.getLogsPipeline({ pipelineId: id }));
      case 'metric':
        return this.metricOf((await this.apis.metrics.getLogsMetric({ metricId: id })).data ?? { id });
      case 'monitor':
        return this.monitorOf(await this.apis.monitors.getMonitor({ monitorId: Number(id) }));
      case 'dashboard':
        return this.dashboardOf(await this.apis.dashboards.getDashboard({ dashboardId: id }));
    }
  }

  private pipelineOf(one: v1.LogsPipeline): FoundObject {
    return { id: text(one.id), slug: slugOf(one.description, this.env), title: one.name, body: one };
  }

  /** Its id is its marker. */
  private metricOf({ id = '', attributes = {} }: v2.LogsMetricResponseData): FoundObject {
    const slug = /^affidavit\.([a-z0-9_]+)\./.exec(id)?.[1];
    return { id, slug: slug && id === metricId(slug, this.env) ? slug : undefined, title: id, body: attributes };
  }

  private monitorOf(one: v1.Monitor): FoundObject {
    return { id: text(one.id), slug: slugOf(one.tags, this.env), title: one.name ?? '', body: one };
  }

  private dashboardOf(one: v1.Dashboard): FoundObject {
    return { id: text(one.id), slug: slugOf(one.description, this.env), title: one.title, body: one };
  }
}

function indexOf(one: v1.LogsIndex): LogsIndex {
  return {
    name: one.name,
    query: one.filter.query ?? '',
    ...(one.numRetentionDays === undefined ? {} : { retentionDays: one.numRetentionDays }),
    ...(one.numFlexLogsRetentionDays === undefined ? {} : { flexRetentionDays: one.numFlexLogsRetentionDays }),
    ...(one.dailyLimit === undefined || one.dailyLimit === null ? {} : { dailyLimit: one.dailyLimit }),
    isRateLimited: one.isRateLimited === true,
    exclusions: (one.exclusionFilters ?? []).map(({ name, isEnabled, filter }) => ({
      name,
      query: filter?.query ?? '',
      sampleRate: filter?.sampleRate ?? 1,
      isEnabled: isEnabled === true,
    })),
  };
}

function text(id: string | number | undefined): string {
  if (id === undefined) throw new TypeError('the answer has no id');
  return String(id);
}

/** The client's `ApiException`, without loading its class. */
function statusOf(error: unknown): number | undefined {
  const cause = error instanceof DeliveryError ? error.cause : error;
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined;
  return typeof cause.code === 'number' ? cause.code : undefined;
}

/** Runs one call, and says what went wrong in our words. @throws DELIVERY_DATADOG_REFUSED, DELIVERY_DATADOG_UNREACHABLE */
async function ask<T>(kind: ObjectKind | 'index', what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof DeliveryError) throw cause;
    const status = statusOf(cause);
    if (status !== undefined && status < 500) throw refused(kind, what, status, cause);
    throw new DeliveryError({
      code: 'DELIVERY_DATADOG_UNREACHABLE',
      message: `Datadog did not answer ${what} as documented: ${status === undefined ? messageOf(cause) : `status ${status}`}`,
      remedy: 'Repeat it: what was made is found by its marker, and nothing is made twice.',
      retry: 'later',
      cause,
    });
  }
}

function refused(kind: ObjectKind | 'index', what: string, status: number, cause: unknown): DeliveryError {
  return new DeliveryError({
    code: 'DELIVERY_DATADOG_REFUSED',
    message: `Datadog refused ${what} with ${status}: ${bodyOf(cause)}`,
    remedy: remedyOf(kind, status),
    retry: status === 429 ? 'later' : 'never',
    cause,
  });
}

function remedyOf(kind: ObjectKind | 'index', status: number): string {
  switch (status) {
    case 401:
    case 403:
      return `DD_API_KEY and DD_APP_KEY must be of the site in DD_SITE, and the application key needs ${RIGHTS[kind]}.`;
    case 429:
      return 'Repeat it in some minutes: Datadog limits how often its configuration is read and written.';
    default:
      return 'The answer says what it does not take; correct the section datadog of affidavit.yaml, or report it.';
  }
}

function bodyOf(cause: unknown): string {
  const body = typeof cause === 'object' && cause !== null && 'body' in cause ? cause.body : undefined;
  const errors = typeof body === 'object' && body !== null && 'errors' in body ? body.errors : undefined;
  return (Array.isArray(errors) ? errors.map(String).join('; ') : messageOf(cause)).slice(0, 500);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
