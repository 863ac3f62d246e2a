import { execFileSync } from 'node:child_process';
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
  /** The local servers: process, and what its command line holds. */
  servers: { pid: number; commandLine: string }[];
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

/** Whether this process still runs a program whose command line holds `program`: numbers are given anew, and a killed process
 * that nobody waited for keeps its own. */
export function runsStill(pid: number, program: string): boolean {
  return commandOf(pid).includes(program);
}

function commandOf(pid: number): string {
  try {
    // Empty for a process that has ended and was not waited for.
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Whether the `affidavit up` that left this is still there. */
export function isUp(running: Running): boolean {
  return runsStill(running.pid, 'affidavit');
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
  if (found && isUp(found)) return found;
  throw new CliError({
    code: 'CLI_NOT_RUNNING',
    message: `${variable} is unset, and no \`affidavit up\` runs with the data in ${settings.dataDir}`,
    remedy: `Set ${variable}, start \`affidavit up\`, or set AFFIDAVIT_DATA to its folder.`,
    retry: 'later',
    exitCode: EXIT.unreachable,
  });
}
