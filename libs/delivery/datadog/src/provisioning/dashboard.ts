import type { v1 } from '@datadog/datadog-api-client';
import { tag } from '../text.js';
import { type ManagedObject, markerLine } from './managed-object.js';
import { SEARCHES } from './monitors.js';

/** First deliveries: a replay or a backfill would show everything twice. */
const FIRSTS = 'source:affidavit -replay:true -backfill:true $env';
/** What the reader chose. Acts on the record itself have neither identity kind nor connection, so they go without. */
const CHOSEN = `${FIRSTS} $identity $kind $connection`;

/** "AI agent activity by target": who did what where, and whether Datadog has all of it. */
export function dashboard(env: string): ManagedObject {
  const title = `AI agent activity by target (${env})`;
  const body = {
    title,
    // Tags of a dashboard may only name teams; so the marker stands here.
    description: `What agents did to infrastructure, as Affidavit recorded it.\n\n${markerLine('activity', env)}`,
    layoutType: 'ordered',
    reflowType: 'auto',
    templateVariables: [
      { name: 'env', prefix: 'env', defaults: [tag('env', env).slice('env:'.length)] },
      { name: 'connection', prefix: '@connection.name', defaults: ['*'] },
      { name: 'identity', prefix: '@usr.id', defaults: ['*'] },
      { name: 'kind', prefix: '@usr.type', defaults: ['*'] },
    ],
    widgets: [
      group('Now', [
        value('Sessions opened', `${CHOSEN} @evt.name:session.opened`),
        value('Commands', `${CHOSEN} ${SEARCHES.commands}`),
        value('Sessions denied', `${FIRSTS} @evt.name:session.denied`, 'warn'),
        value('Without an expected approval', `${CHOSEN} ${SEARCHES.missingApproval}`, 'alarm'),
        value('Holes, forks, foreign entries', `${FIRSTS} ${SEARCHES.integrity}`, 'alarm'),
        value('Dead letters', `${FIRSTS} ${SEARCHES.deadLetters}`, 'alarm'),
      ]),
      group('By target', [
        over('Sessions by connection', `${CHOSEN} @evt.name:session.opened`, '@connection.name'),
        over('Commands by identity', `${CHOSEN} ${SEARCHES.commands}`, '@usr.id'),
        top('Connections', `${CHOSEN} @evt.name:session.opened`, '@connection.name'),
        top('Identities', `${CHOSEN} @evt.name:session.opened`, '@usr.id'),
        top('Agents on sensitive connections', `${CHOSEN} ${SEARCHES.sensitiveConnection}`, '@usr.id'),
      ]),
      group('Commands', [
        over('Outcomes of commands', `${CHOSEN} @evt.name:command.completed`, '@evt.outcome'),
        top('Top commands', `${CHOSEN} ${SEARCHES.commands}`, '@db.statement', 25),
        top('Operations', `${CHOSEN} @evt.name:command.completed`, '@db.operation'),
        list('Failed commands', `${CHOSEN} @evt.name:command.completed @evt.outcome:failure`),
      ]),
      group('Approvals and refusals', [
        top('Approvals by state', `${CHOSEN} @evt.category:approval`, '@approval.state'),
        list('Without an expected approval', `${CHOSEN} ${SEARCHES.missingApproval}`),
        top('Denied, by reason', `${FIRSTS} @evt.name:session.denied`, '@error.kind'),
        list('Denied', `${FIRSTS} @evt.name:session.denied`),
      ]),
      group('Does Datadog have everything?', [
        lag('Longest delivery lag, seconds (needs the measure @delivery.lag_s)', `${FIRSTS} @delivery.lag_s:*`),
        over('Shown at the time of receipt, for they came late', `${FIRSTS} late:true`, '@delivery.lane'),
        list('Holes, forks, foreign entries', `${FIRSTS} ${SEARCHES.integrity}`),
        list('Dead letters', `${FIRSTS} @evt.category:deadletter`),
      ]),
    ],
  } as v1.Dashboard;
  return { kind: 'dashboard', slug: 'activity', title, body };
}

function group(title: string, widgets: v1.Widget[]): v1.Widget {
  return { definition: { type: 'group', layoutType: 'ordered', title, showTitle: true, widgets } } as v1.Widget;
}

/** Different ids: a log that was sent again counts once. */
const COUNTED = { aggregation: 'cardinality', metric: '@evt.id' } as const;

function query(search: string, by?: string, limit = 10, compute: object = COUNTED): object {
  return {
    dataSource: 'logs',
    name: 'found',
    indexes: ['*'],
    search: { query: search },
    compute,
    groupBy: by === undefined ? [] : [{ facet: by, limit, sort: { ...compute, order: 'desc' } }],
  };
}

function value(title: string, search: string, sign?: 'warn' | 'alarm'): v1.Widget {
  const palette = sign === 'alarm' ? 'white_on_red' : 'white_on_yellow';
  return {
    definition: {
      type: 'query_value',
      title,
      autoscale: true,
      precision: 0,
      requests: [
        {
          responseFormat: 'scalar',
          formulas: [{ formula: 'found' }],
          queries: [query(search)],
          conditionalFormats: sign === undefined ? [] : [{ comparator: '>', value: 0, palette }],
        },
      ],
    },
  } as v1.Widget;
}

function over(title: string, search: string, by: string): v1.Widget {
  return {
    definition: {
      type: 'timeseries',
      title,
      showLegend: true,
      requests: [
        {
          responseFormat: 'timeseries',
          displayType: 'bars',
          formulas: [{ formula: 'found' }],
          queries: [query(search, by)],
        },
      ],
    },
  } as v1.Widget;
}

function lag(title: string, search: string): v1.Widget {
  const longest = { aggregation: 'max', metric: '@delivery.lag_s' };
  return {
    definition: {
      type: 'timeseries',
      title,
      showLegend: true,
      requests: [
        {
          responseFormat: 'timeseries',
          displayType: 'line',
          formulas: [{ formula: 'found' }],
          queries: [query(search, '@delivery.lane', 10, longest)],
        },
      ],
      markers: [{ value: 'y = 64800', displayType: 'error dashed', label: 'lost to Datadog at its own date: 18 h' }],
    },
  } as v1.Widget;
}

function top(title: string, search: string, by: string, limit = 10): v1.Widget {
  return {
    definition: {
      type: 'toplist',
      title,
      requests: [{ responseFormat: 'scalar', formulas: [{ formula: 'found' }], queries: [query(search, by, limit)] }],
    },
  } as v1.Widget;
}

function list(title: string, search: string): v1.Widget {
  return {
    definition: {
      type: 'list_stream',
      title,
      requests: [
        {
          responseFormat: 'event_list',
          columns: [
            { field: 'status_line', width: 'auto' },
            { field: 'timestamp', width: 'auto' },
            { field: '@connection.name', width: 'auto' },
            { field: '@usr.id', width: 'auto' },
            { field: 'content', width: 'full' },
          ],
          query: { dataSource: 'logs_stream', queryString: search, indexes: [] },
        },
      ],
    },
  } as v1.Widget;
}
