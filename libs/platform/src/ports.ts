import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { PlatformError } from './errors.js';

/** Below the range from which systems take the ports of outgoing connections, so that what is free now stays free. */
const FROM = 20_000;
const UNTIL = 32_000;
const TRIES = 100;

/**
 * A TCP port that is free now: `preferred` if it is, else (where `fallback` allows) any.
 * @throws PLATFORM_PORT_TAKEN when `preferred` is in use and no other will do
 */
export async function freePort(host: string, preferred = 0, fallback = true): Promise<number> {
  let cause: unknown;
  if (preferred !== 0) {
    cause = await tryPort(host, preferred);
    if (cause === undefined) return preferred;
  }
  for (let attempt = 0; attempt < TRIES && (fallback || preferred === 0); attempt++) {
    const port = randomInt(FROM, UNTIL);
    cause = await tryPort(host, port);
    if (cause === undefined) return port;
  }
  throw new PlatformError({
    code: 'PLATFORM_PORT_TAKEN',
    message: preferred === 0 ? `no free port found on ${host}` : `port ${preferred} on ${host} is already in use`,
    remedy: 'Stop what listens there, or choose another port (docs/reference/config.md).',
    retry: 'never',
    cause,
  });
}

/** @returns why the port cannot be had; undefined if it can */
function tryPort(host: string, port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
