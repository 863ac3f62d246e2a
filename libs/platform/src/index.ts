export * from './admin-server.js';
export * from './config.js';
export * from './errors.js';
export * from './health.js';
export * from './keys.js';
export * from './lifecycle.js';
export * from './local-postgres.js';
export * from './local-redis.js';
export * from './logger.js';
export * from './metrics.js';
export * from './policy.js';
export type { DatadogPolicy } from './policy-datadog.js';
export {
  type DatadogDestinationPolicy,
  type DestinationFilter,
  type DestinationPolicy,
  type DestinationRate,
  destinationsOf,
  type WebhookDestinationPolicy,
} from './policy-destinations.js';
export * from './policy-file.js';
export {
  parseKeepMs,
  REQUIREMENTS,
  type RequirementName,
  type RetentionPolicy,
  retentionClasses,
  retentionClassOf,
} from './policy-retention.js';
export * from './ports.js';
export * from './quantities.js';
export * from './scram.js';
export { readSecret, type SecretSource } from './secret.js';
export * from './start-up.js';
export * from './version.js';
