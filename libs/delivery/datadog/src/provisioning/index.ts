export { type ClientOptions, connectDatadog, DatadogClient, type LogsIndex } from './client.js';
export { definitions } from './definitions.js';
export type { Difference } from './differences.js';
export { FACETS, type Facet } from './facets.js';
export type { FoundObject, ManagedObject, ObjectKind } from './managed-object.js';
export type { DatadogSettings } from './monitors.js';
export { type ObjectStore, Planner, type Step } from './planner.js';
export { StateFile } from './state-file.js';
