import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile, type Settings } from '#platform';
import { CliError, EXIT } from './errors.js';

/** What `affidavit up` leaves in AFFIDAVIT_DATA for the other commands; for its owner only. */
export interface Running {
  pid: number;
  startedAt: string;
  databaseUrl: string;
  redisUrl: string;
  datadogLogsUrl: string;
  datadogApiUrl: string;
  postgresPid?: number;
  redisPid?: number;
}

function runningFile(settings: Settings): string {
  return join(settings.dataDir, 'running.json');
}

export function readRunning(settings: Settings): Running | undefined {
  const file = runningFile(settings);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Running;
  } catch {
    return undefined;
  }
}

export function writeRunning(settings: Settings, running: Running): void {
  replaceFile(runningFile(settings), `${JSON.stringify(running, null, 2)}\n`, 0o600);
}

export function forgetRunning(settings: Settings): void {
  rmSync(runningFile(settings), { force: true });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** DATABASE_URL, else the database of the `affidavit up` that runs on this machine. @throws CLI_NOT_RUNNING */
export function databaseUrlOf(settings: Settings): string {
  return settings.databaseUrl ?? running(settings, 'DATABASE_URL').databaseUrl;
}

/** REDIS_URL, else the Redis of the `affidavit up` that runs on this machine. @throws CLI_NOT_RUNNING */
export function redisUrlOf(settings: Settings): string {
  return settings.redisUrl ?? running(settings, 'REDIS_URL').redisUrl;
}

function running(settings: Settings, variable: string): Running {
  const found = readRunning(settings);
  if (found && isAlive(found.pid)) return found;
  throw new CliError({
    code: 'CLI_NOT_RUNNING',
    message: `${variable} is unset, and no \`affidavit up\` runs with the data in ${settings.dataDir}`,
    remedy: `Set ${variable}, start \`affidavit up\`, or set AFFIDAVIT_DATA to its folder.`,
    retry: 'later',
    exitCode: EXIT.unreachable,
  });
}
