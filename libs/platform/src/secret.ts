import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { describeError } from '#events';
import { ConfigError } from './errors.js';
import { name } from './policy-fields.js';

/** Where a secret is found. It never stands in affidavit.yaml itself. */
export const SecretSource = z.union([z.strictObject({ env: name(128) }), z.strictObject({ file: name(4096) })], {
  error: 'must be { env: NAME } or { file: PATH }; a secret never stands in this file',
});
export type SecretSource = z.infer<typeof SecretSource>;

/** Far more than any key or password; a log that was named by mistake is not read whole. */
const MAX_SECRET_BYTES = 16 * 1024;

/**
 * The secret that a source names, without white space around it. It is read anew at each call, so that a key that was
 * replaced or put back works at the next use, without a restart.
 * @throws CONFIG_SECRET_MISSING, CONFIG_SECRET_UNUSABLE: name the variable or the file, never what stands there
 */
export function readSecret(source: SecretSource, env: Record<string, string | undefined> = process.env): string {
  const where = 'env' in source ? `the environment variable ${source.env}` : `the file ${source.file}`;
  const secret = ('env' in source ? (env[source.env] ?? '') : textOf(source.file, where)).trim();
  if (secret === '') {
    throw new ConfigError({
      code: 'CONFIG_SECRET_MISSING',
      message: `${where} is empty or not there`,
      remedy: `Set ${where}, or name another source in affidavit.yaml.`,
      retry: 'later',
    });
  }
  if (Buffer.byteLength(secret) > MAX_SECRET_BYTES) throw unusable(where, `is longer than ${MAX_SECRET_BYTES} bytes`);
  // Neither a header nor a login could carry it, and their errors would not say which secret it was.
  if (/[\u0000-\u001f\u007f]/.test(secret)) throw unusable(where, 'holds a line break or another control character');
  return secret;
}

function textOf(file: string, where: string): string {
  let handle: number | undefined;
  try {
    // Without waiting: a pipe that nobody writes into must not stop the process.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(handle).isFile()) throw unusable(where, 'is not a regular file');
    const room = Buffer.alloc(MAX_SECRET_BYTES + 1);
    let bytes = 0;
    for (let read = -1; read !== 0 && bytes < room.length; bytes += read) {
      read = readSync(handle, room, bytes, room.length - bytes, null);
    }
    return room.toString('utf8', 0, bytes);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw unusable(where, `cannot be read: ${describeError(cause)}`, cause);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function unusable(where: string, problem: string, cause?: unknown): ConfigError {
  return new ConfigError({
    code: 'CONFIG_SECRET_UNUSABLE',
    message: `${where} ${problem}`,
    remedy: 'Put the secret there alone, on one line, readable by the user that this process runs as.',
    retry: 'later',
    cause,
  });
}
