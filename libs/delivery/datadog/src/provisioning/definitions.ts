import { dashboard } from './dashboard.js';
import type { ManagedObject } from './managed-object.js';
import { type DatadogSettings, monitors } from './monitors.js';
import { metrics, pipeline } from './pipeline.js';

/**
 * Everything that shall be at Datadog, in the order in which it is made: what others rest upon first.
 * @param env value of the tag `env` on everything sent; deployments that share an organisation each have their own objects
 */
export function definitions(env: string, settings: DatadogSettings): ManagedObject[] {
  return [pipeline(env, settings), ...metrics(env, settings), ...monitors(env, settings), dashboard(env)];
}
