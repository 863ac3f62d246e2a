export { DatadogDestination, type DatadogOptions, intakeUrl } from './datadog-destination.js';
export { IntakeClock } from './intake-clock.js';
export * from './limits.js';
export { type LogContext, MAPPING_VERSIONS, renderLog } from './log.js';
export * from './provisioning/index.js';
export * from './retention/index.js';
export { IntakeSender, judge } from './sender.js';
export type { JsonObject } from './stand-in/arrived-log.js';
export { type StandIn, type StandInCounts, type StandInOptions, startStandIn } from './stand-in/stand-in.js';
