import { z } from 'zod';
import { DURATION_FORM, parseDurationMs } from './quantities.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A duration of whole minutes within bounds, in milliseconds. */
const minutes = (fromMs: number, toMs: number) =>
  z
    .string()
    .transform((text, context) => {
      const value = parseDurationMs(text);
      if (value !== undefined && value >= fromMs && value <= toMs && value % 60_000 === 0) return value;
      const bounds = `whole minutes, from ${fromMs / 60_000}m to ${toMs / HOUR_MS}h`;
      context.issues.push({ code: 'custom', message: `must be ${DURATION_FORM}: ${bounds}`, input: text });
      return z.NEVER;
    })
    .meta({ kind: 'duration (10m)' });

/** `@handle` as a monitor's message takes it. Anything else in there would be a template, or text that nobody is told. */
const Targets = z.array(
  z
    .string()
    .max(200)
    .regex(/^@[^\s{}@]+(@[^\s{}@]+)?$/, 'must be a handle of Datadog, such as @slack-audit or @team@example.com'),
);

const common = {
  enabled: z.boolean().default(true),
  notify: Targets.optional().describe('Instead of datadog.notify.'),
};
const threshold = z.int().min(0).max(1_000_000).default(0).describe('Alerts above so many.');

const SensitiveConnection = z.strictObject({ ...common, threshold });
const MissingApproval = z.strictObject({ ...common, threshold });
const Integrity = z.strictObject(common);
const DeadLetters = z.strictObject({ ...common, threshold });
const CommandSpike = z
  .strictObject({
    ...common,
    threshold: z.int().min(1).max(10_000_000).default(300).describe('Alerts above so many commands of one identity.'),
    within: minutes(10 * 60_000, 2 * DAY_MS)
      .optional()
      .describe('Time in which they are counted. Default 10m.'),
    latePerHour: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(1_000)
      .describe('For what happened earlier and is delivered now: alerts above so many commands in one hour.'),
    anomaly: z
      .boolean()
      .default(false)
      .describe('Also a metric made of logs, and a monitor for what is unusual. Costs a custom metric per identity.'),
  })
  .transform(({ within, ...rest }) => ({ ...rest, withinMs: within ?? 10 * 60_000 }));
const Silence = z
  .strictObject({
    ...common,
    // Beyond two days Datadog's log monitors do not look back.
    after: minutes(5 * 60_000, 2 * DAY_MS)
      .optional()
      .describe(
        'A node that sent nothing for so long is silent; an idle one sends its heartbeat (AFFIDAVIT_HEARTBEAT). Default 30m.',
      ),
  })
  .transform(({ after, ...rest }) => ({ ...rest, afterMs: after ?? 30 * 60_000 }));
const DeliveryLag = z
  .strictObject({
    ...common,
    // At 17 h an event loses its date at Datadog, so a warning must come before.
    threshold: minutes(10 * 60_000, 16 * HOUR_MS)
      .optional()
      .describe('Alerts when an event is delivered so long after it happened. Default 6h.'),
  })
  .transform(({ threshold: given, ...rest }) => ({ ...rest, thresholdMs: given ?? 6 * HOUR_MS }));

/** The section `datadog` of affidavit.yaml: what `affidavit datadog apply` sets up there. */
export const DatadogSection = z.strictObject({
  notify: Targets.default([]).describe('Whom every monitor tells: @slack-…, @pagerduty-…, @name@example.com.'),
  monitors: z
    .strictObject({
      sensitiveConnection: SensitiveConnection.prefault({}).describe('An agent reaches a sensitive connection.'),
      missingApproval: MissingApproval.prefault({}).describe('An action went ahead without an approval it needed.'),
      commandSpike: CommandSpike.prefault({}).describe('Many commands of one identity.'),
      silence: Silence.prefault({}).describe('A node that sends nothing any more.'),
      integrity: Integrity.prefault({}).describe('A hole, a fork, a foreign or unreadable entry.'),
      deadLetters: DeadLetters.prefault({}).describe('An event that a destination refuses for good.'),
      deliveryLag: DeliveryLag.prefault({}).describe('Delivery falls behind.'),
    })
    .prefault({}),
});
export type DatadogPolicy = z.infer<typeof DatadogSection>;

const days = z
  .string()
  .transform((text, context) => {
    const value = parseDurationMs(text);
    if (value !== undefined && value >= DAY_MS && value % DAY_MS === 0) return value;
    context.issues.push({ code: 'custom', message: 'must be whole days (365d)', input: text });
    return z.NEVER;
  })
  .meta({ kind: 'days (365d)' });

/** `retention.evidence`: how long events must be there to be shown, at both ends or at each. */
export const Evidence = z
  .union([days, z.strictObject({ record: days.optional(), datadog: days.optional() })], {
    error: 'must be whole days (365d), or { record: 365d, datadog: 30d }',
  })
  .transform((given) => (typeof given === 'number' ? { record: given, datadog: given } : given));
