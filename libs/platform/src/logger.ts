import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Settings } from './config.js';

export type { Logger };

/** Fields that never reach a log, wherever they stand up to two levels deep. The only place where this is declared. */
const SECRET_FIELDS = [
  'password',
  'token',
  'apiKey',
  'appKey',
  'privateKey',
  'verifier',
  'authorization',
  'databaseUrl',
  'redisUrl',
  'ddApiKey',
  'ddAppKey',
  'enrollToken',
  'connectionString',
];
const REDACTED = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]).concat(
  '["DD-API-KEY"]',
  '*["DD-API-KEY"]',
  '*["dd-api-key"]',
);

/**
 * A logger whose lines are events: `logger.info({ fields }, 'one sentence')`. Text on a terminal, JSON elsewhere
 * (AFFIDAVIT_LOG_FORMAT). Errors go under `err`; an AffidavitError shows code and remedy.
 */
export function createLogger(
  name: string,
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stdout,
): Logger {
  const asText = settings.logFormat === 'text' || (settings.logFormat === 'auto' && stream.isTTY === true);
  return pino(
    {
      name,
      level: settings.logLevel,
      redact: { paths: REDACTED, censor: '(secret)' },
      serializers: { err: serializeError, error: serializeError },
      base: { name, pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    asText ? textLines(stream) : stream,
  );
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, remedy, retry } = error as { code?: unknown; remedy?: unknown; retry?: unknown };
  // An AffidavitError is an answer, not a defect: its stack would only hide the remedy.
  const known = typeof remedy === 'string';
  return {
    type: error.name,
    message: error.message,
    code,
    remedy,
    retry,
    ...(known ? {} : { stack: error.stack }),
    ...(error.cause instanceof Error ? { cause: error.cause.message } : {}),
  };
}

const HIDDEN = new Set(['level', 'time', 'name', 'pid', 'msg']);

function textLines(out: NodeJS.WritableStream): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      out.write(asText(chunk.toString()), () => done());
    },
  });
}

function asText(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const time = String(entry.time).slice(11, 23);
  return `${time} ${String(entry.level).toUpperCase().padEnd(5)} ${String(entry.name)}: ${String(entry.msg ?? '')}${fields ? `  ${fields}` : ''}\n`;
}
