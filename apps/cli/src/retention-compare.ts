import { type ClassComparison, compareRetention, type LogsIndex, sampleLogs } from '#delivery/datadog';
import { type Policy, retentionClassOf } from '#platform';
import { withDatadog } from './datadog-objects.js';

/** Kept at the latest as the record is made; `retention.classes` may say otherwise. */
const BUILT_IN_CLASSES = { system: null, standard: 400 * 86_400_000 };

export interface RetentionReport {
  /** Base URL of Datadog's API. */
  api: string;
  agrees: boolean;
  classes: ClassComparison[];
  /** In the order in which a log is offered to them. */
  indexes: LogsIndex[];
}

/** How long events are kept on both ends. @throws CLI_NO_DATADOG_API, CLI_DATADOG_UNREACHABLE, DELIVERY_DATADOG_REFUSED */
export function compareBothEnds(): Promise<RetentionReport> {
  return withDatadog(async ({ settings, policy, access, client }) => {
    const indexes = await client.indexes();
    const rules = {
      classes: { ...BUILT_IN_CLASSES, ...policy.retention.classes },
      evidence: policy.retention.evidence ?? {},
    };
    const connections = policy.connections.map((connection) => sampled(policy, connection));
    const samples = sampleLogs(settings.ddEnv, Object.keys(rules.classes), connections, Date.now());
    const classes = compareRetention(rules, indexes, samples);
    return { api: access.apiUrl, agrees: classes.every((one) => one.disagreements.length === 0), classes, indexes };
  });
}

function sampled({ retention }: Policy, connection: Policy['connections'][number]) {
  const { name, type, sensitivity } = connection;
  return { name, type, sensitivity, retention: retentionClassOf(retention, { connection, identity: undefined }) };
}
