import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PlatformError } from './errors.js';

const run = promisify(execFile);
const PROGRAMS = ['redis-server', 'valkey-server'];
/** How long another installation that is under way is waited for, and how often it is looked at. */
const INSTALL_PATIENCE_MS = 180_000;
const INSTALL_AGAIN_MS = 1_000;

/** A Redis (or Valkey) that this process started and stops. */
export interface LocalRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
  readonly exited: Promise<number | null>;
}

export interface LocalRedisOptions {
  directory: string;
  port: number;
  host?: string;
  /** Extra command-line settings, for example `{ appendonly: 'no' }`. */
  settings?: Record<string, string>;
  /** As for a local PostgreSQL: ctrl-C in the terminal does not reach the server by itself. */
  detached?: boolean;
}

/**
 * Starts redis-server or valkey-server, whichever is installed; installs one through the system's package manager
 * where that asks no question (apt-get as root, Homebrew).
 * @throws PLATFORM_REDIS_MISSING, PLATFORM_REDIS_START
 */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const program = await findOrInstall();
  const host = options.host ?? '127.0.0.1';
  mkdirSync(options.directory, { recursive: true });
  const settings = {
    port: String(options.port),
    bind: host,
    dir: options.directory,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.detached ?? false,
  });
  let said = '';
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-2000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  await answering(child, host, options.port, () => said);
  return {
    url: `redis://${host}:${options.port}`,
    port: options.port,
    pid: child.pid ?? 0,
    exited,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  };
}

async function answering(child: ChildProcess, host: string, port: number, said: () => string): Promise<void> {
  const until = Date.now() + 20_000;
  while (Date.now() < until && child.exitCode === null) {
    if ((await ping(host, port)).startsWith('+PONG')) return;
    await sleep(20);
  }
  child.kill('SIGKILL');
  throw new PlatformError({
    code: 'PLATFORM_REDIS_START',
    message: `Redis on port ${port} did not come up; it said: ${said().trim().slice(-500)}`,
    remedy: 'Set REDIS_URL to a running Redis 7 or Valkey, or free the port.',
    retry: 'never',
  });
}

function ping(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port }, () => socket.write('PING\r\n'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

async function find(): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    try {
      await run(program, ['--version']);
      return program;
    } catch {
      // Not installed; the next one may be.
    }
  }
  return undefined;
}

async function findOrInstall(): Promise<string> {
  const giveUpAt = Date.now() + INSTALL_PATIENCE_MS;
  let found = await find();
  // Another start may be installing it just now: the package manager lets in one at a time.
  for (let next: Installation = 'busy'; !found && next === 'busy' && Date.now() < giveUpAt; found = await find()) {
    next = await install();
    if (next === 'busy') await sleep(INSTALL_AGAIN_MS);
  }
  if (found) return found;
  throw new PlatformError({
    code: 'PLATFORM_REDIS_MISSING',
    message: 'neither redis-server nor valkey-server is installed, and it could not be installed without asking',
    remedy: 'Install one (Debian: sudo apt-get install redis-server, macOS: brew install redis), or set REDIS_URL.',
    retry: 'never',
  });
}

/** `busy`: somebody else holds the package manager. */
type Installation = 'done' | 'busy' | 'impossible';

async function install(): Promise<Installation> {
  const attempt = async (program: string, args: string[]) => {
    await run(program, args, {
      timeout: 180_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    });
  };
  try {
    if (process.platform === 'darwin') {
      await attempt('brew', ['install', '--quiet', 'redis']);
      return 'done';
    }
    if (process.getuid?.() !== 0) return 'impossible';
    process.stderr.write('redis-server is not installed; installing it with apt-get …\n');
    await attempt('apt-get', ['update', '-qq']);
    await attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server']);
    return 'done';
  } catch (error) {
    return /\block\b/i.test(error instanceof Error ? error.message : '') ? 'busy' : 'impossible';
  }
}
