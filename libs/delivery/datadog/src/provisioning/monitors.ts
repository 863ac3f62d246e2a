import type { v1 } from '@datadog/datadog-api-client';
import { type ManagedObject, markerTags, metricId, tagTerm } from './managed-object.js';

// Monitors in brief. A log monitor looks at logs by their date, over a window that ends now. An event that is delivered an hour
// after it happened lies an hour back: with a window of five minutes nobody would ever hear of it. So what must be heard once
// however late it comes is counted over a day, by the hour in which it happened (`@evt.hour`, on every log): each hour is a group
// of its own and tells once, and a day is more than the 17 hours after which events lose their date. Those later than that carry
// `late:true` and show at the time of their receipt; they have monitors of their own, since "now" would be untrue. What was
// replayed or backfilled was told when it was first delivered, and sets off nothing.
// All terms are strings: Datadog compares numbers only through a facet that somebody made by hand.

export interface MonitorSettings {
  enabled: boolean;
  notify?: string[] | undefined;
}
type WithThreshold = MonitorSettings & { threshold: number };

/** The section `datadog` of affidavit.yaml. */
export interface DatadogSettings {
  notify: string[];
  monitors: {
    sensitiveConnection: WithThreshold;
    missingApproval: WithThreshold;
    commandSpike: WithThreshold & { withinMs: number; latePerHour: number; anomaly: boolean };
    silence: MonitorSettings & { afterMs: number };
    integrity: MonitorSettings;
    deadLetters: WithThreshold;
    deliveryLag: MonitorSettings & { thresholdMs: number };
  };
}

/** Longer than the events of a date can be late, in the unit of a monitor. */
const A_DAY = '24h';
/** What the pipeline writes into `@delivery.lag`, from the number of seconds in `@delivery.age_s`. */
export const LAG_DELAYED = 'delayed';
export const LAG_BEHIND = 'behind';

/** Searches that monitors and dashboard share. None of them names an environment or excludes copies: {@link firsts} does. */
export const SEARCHES = {
  sensitiveConnection: '@evt.name:session.opened @usr.type:agent @connection.sensitivity:sensitive',
  // An approval that is not needed is no missing one; "not granted" alone would be true of every event without one.
  missingApproval:
    '@evt.name:(session.closed OR command.issued OR approval.bypassed) @approval.required:true -@approval.state:granted',
  commands: '@evt.name:command.issued',
  // Whatever producers report of themselves but that they are there: lost, forked, foreign.
  integrity:
    '((@evt.category:producer -@evt.name:(producer.started OR producer.alive OR producer.stopped)) OR @evt.name:(quarantined OR log.restored OR checkpoint.contradicted OR record.differs))',
  deadLetters: '@evt.name:deadletter.opened',
  behind: `(late:true OR @delivery.lag:${LAG_BEHIND})`,
} as const;

/** First deliveries of an environment. */
export function firsts(env: string): string {
  return `source:affidavit ${tagTerm('env', env)} -replay:true -backfill:true`;
}

/** All monitors that the settings ask for. */
export function monitors(env: string, settings: DatadogSettings): ManagedObject[] {
  const { sensitiveConnection, missingApproval, commandSpike, silence, integrity, deadLetters, deliveryLag } =
    settings.monitors;
  const all: (ManagedObject | false)[] = [
    ...withLateTwin(sensitiveConnection, {
      slug: 'agent-sensitive',
      title: 'Agent reached a sensitive connection',
      what: '{{[@usr.id].name}} opened a session on a sensitive connection',
      todo: 'See it: `affidavit sessions list --identity {{[@usr.id].name}}`.',
      search: SEARCHES.sensitiveConnection,
      by: '@usr.id,',
      priority: 2,
    }),
    ...withLateTwin(missingApproval, {
      slug: 'approval-missing',
      title: 'Action without an expected approval',
      what: 'Something went ahead although it needed an approval that was not granted',
      todo: 'The samples name session, identity and connection: `affidavit sessions show <id>`.',
      search: SEARCHES.missingApproval,
      by: '',
      priority: 1,
    }),
    commandSpike.enabled && spike(),
    commandSpike.enabled && lateSpike(),
    commandSpike.enabled && commandSpike.anomaly && anomaly(),
    silence.enabled &&
      make('silence', 'Silence of a producer', silence, {
        // What comes late or again is no sign of life.
        query: count('@evt.node:* -@evt.node:record -late:true', 'count', '@evt.node', window(silence.afterMs), '<', 1),
        critical: 1,
        message: `{{#is_alert}}Nothing of {{[@evt.node].name}} arrived for ${hours(silence.afterMs)}. Either nobody works through it, or it cannot send: see its /readyz, \`affidavit status\` and \`affidavit doctor\`.{{/is_alert}}{{#is_recovery}}{{[@evt.node].name}} sends again.{{/is_recovery}}`,
        priority: 2,
        // A group is forgotten after a day unless told otherwise, and with it the silence.
        options: { groupRetentionDuration: '72h' },
      }),
    integrity.enabled &&
      make('integrity', 'Hole, fork or foreign entry in the record', integrity, {
        // Each has its own alert, however many copies of it came.
        query: count(SEARCHES.integrity, 'count', '@evt.id', A_DAY, '>', 0),
        critical: 0,
        message: once(
          'The record names something that is missing, doubled or foreign: event {{[@evt.id].name}}',
          'The sample says which node and which numbers. `affidavit doctor` says what to do; docs/guarantees.md what it means.',
        ),
        priority: 1,
      }),
    deadLetters.enabled &&
      make('dead-letter', 'Dead letter', deadLetters, {
        query: count(SEARCHES.deadLetters, 'count', '@evt.hour', A_DAY, '>', deadLetters.threshold),
        critical: deadLetters.threshold,
        message: once(
          'A destination refused events for good in the hour {{[@evt.hour].name}} (UTC)',
          'They stand in the record, with the reason: `affidavit deadletters list`.',
        ),
        priority: 2,
      }),
    deliveryLag.enabled &&
      make('delivery-lag', 'Delivery falls behind', deliveryLag, {
        query: count(SEARCHES.behind, 'count', undefined, A_DAY, '>', 0),
        critical: 0,
        message: `{{#is_alert}}Events arrive ${hours(deliveryLag.thresholdMs)} or more after they happened. From 17 hours on Datadog shows them at the time of their receipt. Nothing is lost: \`affidavit status\` says what waits and why.{{/is_alert}}{{#is_recovery}}Events arrive in time again.{{/is_recovery}}`,
        priority: 2,
      }),
  ];
  return all.filter((one) => one !== false);

  function spike(): ManagedObject {
    const { threshold, withinMs } = commandSpike;
    // Different ids, not logs: an answer that got lost leaves copies.
    const search = `${SEARCHES.commands} -late:true -@delivery.lag:*`;
    return make('command-spike', 'Spike of commands from one identity', commandSpike, {
      query: count(search, 'cardinality', '@usr.id', window(withinMs), '>', threshold),
      critical: threshold,
      message: once(
        `{{[@usr.id].name}} issued more than ${threshold} commands in ${window(withinMs)}`,
        'See them: `affidavit sessions list --identity {{[@usr.id].name}}`.',
      ),
      priority: 3,
    });
  }

  function lateSpike(): ManagedObject {
    const { latePerHour } = commandSpike;
    // By the hour in which they happened: on the axis they all stand at the time of their receipt.
    const search = `${SEARCHES.commands} (late:true OR @delivery.lag:*)`;
    return make('command-spike-late', `Spike of commands from one identity${EARLIER}`, commandSpike, {
      query: count(search, 'cardinality', '@usr.id,@evt.hour', A_DAY, '>', latePerHour),
      critical: latePerHour,
      message: once(
        `Happened earlier, delivered now: {{[@usr.id].name}} issued more than ${latePerHour} commands in the hour {{[@evt.hour].name}} (UTC)`,
        'See them: `affidavit sessions list --identity {{[@usr.id].name}}`.',
      ),
      priority: 3,
    });
  }

  function anomaly(): ManagedObject {
    const metric = metricId('commands', env);
    return make('command-anomaly', 'Unusually many commands from one identity', commandSpike, {
      type: 'query alert',
      query: `avg(last_4h):anomalies(sum:${metric}{*} by {usr_id}.as_count(), 'agile', 3, direction='above', interval=60, alert_window='last_15m', count_default_zero='true', seasonality='daily') >= 1`,
      critical: 1,
      message: once(
        '{{usr_id.name}} issues more commands than is usual for it at this time',
        'The metric is not filled for the time before it was made: give this monitor some days.',
      ),
      priority: 4,
      options: {
        thresholds: { critical: 1, criticalRecovery: 0 },
        thresholdWindows: { triggerWindow: 'last_15m', recoveryWindow: 'last_15m' },
      },
    });
  }

  interface Twin {
    slug: string;
    title: string;
    what: string;
    todo: string;
    search: string;
    /** Facet and comma, before the time. */
    by: string;
    priority: number;
  }

  /** The monitor, and its twin for first deliveries of events that lost their date. */
  function withLateTwin(given: WithThreshold, twin: Twin): ManagedObject[] {
    if (!given.enabled) return [];
    const { threshold } = given;
    return [
      make(twin.slug, twin.title, given, {
        query: count(`${twin.search} -late:true`, 'cardinality', `${twin.by}@evt.hour`, A_DAY, '>', threshold),
        critical: threshold,
        message: once(`${twin.what}, in the hour {{[@evt.hour].name}} (UTC)`, twin.todo),
        priority: twin.priority,
      }),
      make(`${twin.slug}-late`, `${twin.title}${EARLIER}`, given, {
        query: count(`${twin.search} late:true`, 'cardinality', `${twin.by}@evt.day`, A_DAY, '>', threshold),
        critical: threshold,
        message: once(`Happened earlier, delivered now: ${twin.what}, on {{[@evt.day].name}} (UTC)`, twin.todo),
        priority: twin.priority,
      }),
    ];
  }

  interface Definition {
    type?: v1.MonitorType;
    query: string;
    critical: number;
    message: string;
    priority: number;
    options?: Partial<v1.MonitorOptions>;
  }

  function make(slug: string, title: string, given: MonitorSettings, definition: Definition): ManagedObject {
    const isLog = definition.type === undefined;
    const name = `[Affidavit ${env}] ${title}`;
    const told = (given.notify ?? settings.notify).join(' ');
    const options = {
      thresholds: { critical: definition.critical },
      includeTags: false,
      requireFullWindow: false,
      // A group that appears with what it has to tell must not wait.
      newGroupDelay: 0,
      ...(isLog ? { enableLogsSample: true, groupbySimpleMonitor: false, onMissingData: 'default' as const } : {}),
      ...definition.options,
    } as v1.MonitorOptions;
    const message = told === '' ? definition.message : `${definition.message}\n\n${told}`;
    const body = {
      name,
      type: definition.type ?? ('log alert' as const),
      query: definition.query,
      message,
      tags: markerTags(slug, env),
      priority: definition.priority,
      options,
    } as v1.Monitor;
    return { kind: 'monitor', slug, title: name, body };
  }

  function count(
    search: string,
    rollup: 'count' | 'cardinality',
    by: string | undefined,
    last: string,
    operator: '>' | '<',
    threshold: number,
  ): string {
    const whole = `${firsts(env)} ${search}`.replace(/["\\]/g, '\\$&');
    const counted = rollup === 'count' ? '"count"' : '"cardinality", "@evt.id"';
    const groups = by === undefined ? '' : `.by("${by}")`;
    return `logs("${whole}").index("*").rollup(${counted})${groups}.last("${last}") ${operator} ${threshold}`;
  }
}

const EARLIER = ', happened earlier, delivered now';

/** Tells when it begins and is silent when it ends: the group is an hour that has passed. */
function once(what: string, todo: string): string {
  return `{{#is_alert}}${what}. ${todo}{{/is_alert}}`;
}

/** Minutes, or whole hours, as a monitor's window takes them. */
function window(ms: number): string {
  const minutes = ms / 60_000;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

function hours(ms: number): string {
  const minutes = ms / 60_000;
  return minutes % 60 === 0 ? plural(minutes / 60, 'hour') : plural(minutes, 'minute');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
