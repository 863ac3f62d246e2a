import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  freePort,
  type LocalPostgres,
  type LocalRedis,
  replaceFile,
  type Settings,
  startLocalPostgres,
  startLocalRedis,
} from '#platform';
import { type Running, runsStill } from '../running.js';

/** A secret of this installation, made at first use; mode 0600. */
export function loadOrCreateSecret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}

/** Tried first. Not in the range from which systems take ports for outgoing connections, so that they are free next time. */
const FIRST_PORT = { postgres: 15_433, redis: 16_379 };

/** Ports of the local servers: the ones set, else those of the last start, so that URLs stay the same. */
export async function choosePort(settings: Settings, server: 'postgres' | 'redis'): Promise<number> {
  const fixed = server === 'postgres' ? settings.postgresPort : settings.redisPort;
  if (fixed !== undefined) return freePort(settings.host, fixed, false);
  const file = join(settings.dataDir, 'ports.json');
  const known = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as Record<string, number>;
  const port = await freePort('127.0.0.1', known[server] ?? FIRST_PORT[server]);
  // Read again: the other server may have written its own meanwhile.
  const now = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as Record<string, number>;
  if (now[server] !== port) replaceFile(file, `${JSON.stringify({ ...now, [server]: port })}\n`, 0o600);
  return port;
}

/** The embedded PostgreSQL, with this installation's password. Only this machine reaches it. */
export async function startEmbeddedPostgres(settings: Settings): Promise<LocalPostgres> {
  return startLocalPostgres({
    directory: join(settings.dataDir, 'postgres'),
    port: await choosePort(settings, 'postgres'),
    password: loadOrCreateSecret(join(settings.dataDir, 'postgres.password')),
    detached: true,
    // A laptop's server: little memory, no workers standing by for what it does not do.
    settings: {
      max_connections: '80',
      shared_buffers: '24MB',
      max_wal_size: '256MB',
      io_method: 'sync',
      max_wal_senders: '0',
      max_logical_replication_workers: '0',
    },
  });
}

export async function startEmbeddedRedis(settings: Settings): Promise<LocalRedis> {
  return startLocalRedis({
    directory: join(settings.dataDir, 'redis'),
    port: await choosePort(settings, 'redis'),
    detached: true,
  });
}

/**
 * Stops the local servers if this process is killed without a chance to do it: a shell that waits for the end of its input,
 * which comes when this process is gone, and gives the processes a moment to close first.
 */
export function guardServers(pids: number[]): { release(): void } {
  const guard = spawn(
    '/bin/sh',
    ['-c', 'cat >/dev/null; sleep 3; kill -INT "$@" 2>/dev/null', 'affidavit-guard', ...pids.map(String)],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  );
  guard.unref();
  guard.on('error', () => undefined);
  return {
    release: () => {
      guard.kill('SIGKILL');
    },
  };
}

/** Waits until the servers of a killed predecessor are gone; they hold the data folders. */
export async function waitForLeftovers(running: Running | undefined): Promise<void> {
  const until = Date.now() + 15_000;
  for (const { pid, commandLine } of running?.servers ?? []) {
    if (!runsStill(pid, commandLine)) continue;
    process.kill(pid, 'SIGINT');
    while (runsStill(pid, commandLine) && Date.now() < until) await sleep(50);
  }
}
