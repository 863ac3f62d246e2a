import { fileURLToPath } from 'node:url';

/** The built file of a process of ours. */
export function appEntry(app: 'gateway' | 'recorder' | 'forwarder' | 'api' | 'cli'): string {
  return fileURLToPath(import.meta.resolve(`#bin/${app}`));
}
