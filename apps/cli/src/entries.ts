import { fileURLToPath } from 'node:url';

/** The built main file of a process of ours. */
export function appEntry(app: 'gateway' | 'recorder' | 'forwarder' | 'api' | 'cli'): string {
  return fileURLToPath(new URL(`../../${app}/src/main.js`, import.meta.url));
}

/** The folder that holds dist/, apps/, libs/ and package.json. */
export function rootFolder(): string {
  return fileURLToPath(new URL('../../../../', import.meta.url));
}
