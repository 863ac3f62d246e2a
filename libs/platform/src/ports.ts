import { createServer } from 'node:net';
import { PlatformError } from './errors.js';

/**
 * A TCP port that is free now: `preferred` if it is, else (where `fallback` allows) any.
 * @throws PLATFORM_PORT_TAKEN when `preferred` is in use and no other will do
 */
export async function freePort(host: string, preferred = 0, fallback = true): Promise<number> {
  try {
    return await tryPort(host, preferred);
  } catch (cause) {
    if (!fallback || preferred === 0) {
      throw new PlatformError({
        code: 'PLATFORM_PORT_TAKEN',
        message: `port ${preferred} on ${host} is already in use`,
        remedy: `Stop what listens there, or choose another port (docs/reference/config.md).`,
        retry: 'never',
        cause,
      });
    }
    return tryPort(host, 0);
  }
}

function tryPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
