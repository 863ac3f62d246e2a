import type { v1, v2 } from '@datadog/datadog-api-client';
import { type ManagedObject, markerLine, metricId, tagTerm } from './managed-object.js';
import { type DatadogSettings, firsts, LAG_BEHIND, LAG_DELAYED, SEARCHES } from './monitors.js';

/** From here on an event counts as delayed: what looks at the last minutes may not have seen it. */
const DELAYED_AFTER_S = 300;

/**
 * The pipeline for our logs. Datadog reads status, message, service and date of a JSON log before any pipeline, but from lists that
 * a customer may have changed; the remappers name ours again. The date is mapped from `timestamp` alone, which a late event does
 * not carry: it then keeps the time of its receipt, instead of being dropped for its age. A category processor compares numbers
 * without a facet, and makes of `@delivery.age_s` the words that monitors ask for.
 */
export function pipeline(env: string, settings: DatadogSettings): ManagedObject {
  const name = `Affidavit audit events (${env})`;
  const lagS = settings.monitors.deliveryLag.thresholdMs / 1_000;
  const body = {
    name,
    description: markerLine('events', env),
    // Without it the API makes a pipeline that does nothing.
    isEnabled: true,
    filter: { query: `source:affidavit ${tagTerm('env', env)}` },
    processors: [
      { type: 'date-remapper', name: 'Date', isEnabled: true, sources: ['timestamp'] },
      { type: 'status-remapper', name: 'Status', isEnabled: true, sources: ['status'] },
      { type: 'message-remapper', name: 'Message', isEnabled: true, sources: ['message'] },
      { type: 'service-remapper', name: 'Service', isEnabled: true, sources: ['service'] },
      {
        type: 'category-processor',
        name: 'How far delivery was behind',
        isEnabled: true,
        target: 'delivery.lag',
        // The first that matches counts.
        categories: [
          { name: LAG_BEHIND, filter: { query: `@delivery.age_s:>=${lagS}` } },
          { name: LAG_DELAYED, filter: { query: `@delivery.age_s:>=${DELAYED_AFTER_S}` } },
        ],
      },
    ],
  } as v1.LogsPipeline;
  return { kind: 'pipeline', slug: 'events', title: name, body };
}

/** The metric under the anomaly monitor, where that is asked for. It counts what comes in, also what no index keeps. */
export function metrics(env: string, settings: DatadogSettings): ManagedObject[] {
  const { enabled, anomaly } = settings.monitors.commandSpike;
  if (!enabled || !anomaly) return [];
  const body = {
    compute: { aggregationType: 'count' },
    // What is late would be a burst at the time of its receipt.
    filter: { query: `${firsts(env)} -late:true ${SEARCHES.commands}` },
    groupBy: [{ path: '@usr.id', tagName: 'usr_id' }],
  } as v2.LogsMetricCreateAttributes;
  return [{ kind: 'metric', slug: 'commands', title: metricId('commands', env), body }];
}
