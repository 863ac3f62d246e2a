import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { AffidavitError, describeError } from '#events';
import { formatSize, inspectSettings, loadPolicy, type Policy, readSecret, type Settings } from '#platform';
import { assertMigrated, createPool } from '#record';
import { assertRedisKeepsData, connectRedis } from '#streams';
import { ApiClient } from './api-client.js';
import type { StatusView } from './api-types.js';
import { datadogAccess } from './datadog-reader.js';
import { CliError } from './errors.js';
import { causeOf, lookAtProcesses, type ProcessReport } from './processes.js';
import { databaseUrlOf, redisUrlOf } from './running.js';

/** What one check found. `ok` null: it could not or need not be looked at. */
export interface Finding {
  name: string;
  ok: boolean | null;
  detail: string;
  remedy?: string;
}

/** Below this a spool, a log or the database will soon stand still. */
const LEAST_DISK_BYTES = 2 * 1024 ** 3;
const TIMEOUT_MS = 5000;

/** Looks at every dependency; a check that fails does not keep the others from running. */
export async function examine(): Promise<Finding[]> {
  const { settings, problems } = inspectSettings();
  const config: Finding[] =
    problems.length === 0
      ? [{ name: 'settings', ok: true, detail: 'valid' }]
      : problems.map(({ env, problem }) => ({
          name: `setting ${env}`,
          ok: false,
          detail: problem,
          remedy: 'Correct or unset it; docs/reference/config.md lists all settings.',
        }));
  if (!settings) return config;
  const policy = check('affidavit.yaml', () => loadPolicy(settings.configFile), describePolicy);
  const loaded = await policy;
  const checks: Promise<Finding | Finding[]>[] = [
    check(
      'PostgreSQL',
      () =>
        withTimeout(lookAtPostgres(databaseUrlOf(settings)), () =>
          problem('does not answer', 'See that PostgreSQL runs and DATABASE_URL leads to it.'),
        ),
      (detail) => detail,
    ),
    check(
      'Redis',
      () => lookAtRedis(redisUrlOf(settings)),
      (detail) => detail,
    ),
    lookAtDatadog(settings),
    check(
      'disk',
      () => lookAtDisk(settings.dataDir),
      (detail) => detail,
    ),
    check(
      'data folder',
      () => lookAtFolder(settings.dataDir),
      (detail) => detail,
    ),
    lookAtProcesses(settings).then((processes) => processes.flatMap(findingsOf)),
    lookAtRecord(settings),
  ];
  if (loaded.ok) checks.push(...loadPolicy(settings.configFile).connections.map(lookAtTarget));
  return [...config, loaded, ...(await Promise.all(checks)).flat()];
}

async function check<T>(name: string, work: () => Promise<T> | T, say: (value: T) => string): Promise<Finding> {
  try {
    return { name, ok: true, detail: say(await work()) };
  } catch (error) {
    const remedy = error instanceof AffidavitError ? error.remedy : undefined;
    const detail = error instanceof CliError ? error.message : describeError(error);
    return { name, ok: false, detail, ...(remedy === undefined ? {} : { remedy }) };
  }
}

function describePolicy(policy: Policy): string {
  const tokens = policy.identities.reduce((sum, identity) => sum + identity.tokens.length, 0);
  return `${policy.identities.length} identities, ${tokens} tokens, ${policy.connections.length} connections`;
}

async function lookAtPostgres(url: string): Promise<string> {
  const pool = createPool(url, { applicationName: 'affidavit-doctor', max: 1 });
  try {
    const { rows } = await pool
      .query<{ version: string; major: number; encoding: string }>(
        `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
                current_setting('server_encoding') AS encoding`,
      )
      .catch((cause: unknown) => {
        throw problem(
          `cannot be used: ${describeError(cause)}`,
          'Check DATABASE_URL: host, user, password, and that the server runs.',
        );
      });
    const [server] = rows;
    if (!server || server.major < 15) {
      throw problem(`is version ${server?.version}`, 'Point DATABASE_URL to a PostgreSQL 15 or newer.');
    }
    if (server.encoding !== 'UTF8')
      throw problem(`is encoded in ${server.encoding}`, 'Create the database with ENCODING UTF8.');
    await assertMigrated(pool);
    await assertNotBlocked(pool);
    return `${server.version}, ${new URL(url).host}, migrated`;
  } finally {
    await pool.end();
  }
}

/** Names whoever holds up our own processes. */
async function assertNotBlocked(pool: ReturnType<typeof createPool>): Promise<void> {
  const { rows } = await pool.query<{ waiting: string; pid: number; name: string; since: Date; state: string }>(
    `SELECT w.application_name AS waiting, b.pid, coalesce(nullif(b.application_name, ''), b.usename, 'unnamed') AS name,
            b.xact_start AS since, b.state
       FROM pg_stat_activity w CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocker
       JOIN pg_stat_activity b ON b.pid = blocker
      WHERE w.application_name LIKE 'affidavit-%' AND b.application_name NOT LIKE 'affidavit-%'
        AND w.wait_event_type = 'Lock' AND w.query_start < clock_timestamp() - interval '1 second' LIMIT 1`,
  );
  const [lock] = rows;
  if (!lock) return;
  throw problem(
    `${lock.waiting} waits for a lock of '${lock.name}' (pid ${lock.pid}, ${lock.state}, its transaction began ${lock.since?.toISOString()})`,
    `End what that session does, or the session: SELECT pg_terminate_backend(${lock.pid}).`,
  );
}

async function lookAtRedis(url: string): Promise<string> {
  const redis = connectRedis(url, 'plain');
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await withTimeout(assertRedisKeepsData(redis), () =>
      problem(
        `does not answer${lastError ? `: ${lastError.message}` : ''}`,
        'Check REDIS_URL, and that the server runs.',
      ),
    );
    const info = await redis.info('server');
    const version = /(?:valkey|redis)_version:(\S+)/.exec(info)?.[1] ?? 'unknown version';
    return `${version}, ${new URL(url).host}, keeps what it holds`;
  } finally {
    redis.disconnect();
  }
}

async function lookAtDatadog(settings: Settings): Promise<Finding> {
  const access = datadogAccess(settings);
  if (!settings.ddApiKey) {
    const found = await check(
      'Datadog stand-in',
      () => answers(`${access?.apiUrl}/readyz`),
      () => `answers at ${access?.apiUrl}`,
    );
    return found.ok
      ? found
      : { ...found, remedy: 'Start it with `affidavit up`, or set DD_API_KEY for the real Datadog.' };
  }
  const base = (settings.ddApiUrl ?? `https://api.${settings.ddSite}`).replace(/\/+$/, '');
  const key = settings.ddApiKey;
  return check(
    'Datadog',
    async () => {
      const answer = await fetch(`${base}/api/v1/validate`, {
        headers: { 'dd-api-key': key },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).catch((cause: unknown) => {
        throw problem(
          `${base} does not answer: ${causeOf(cause)}`,
          'Check DD_SITE, DD_API_URL, and the way out to the network.',
        );
      });
      if (answer.status === 403 || answer.status === 401) {
        throw problem(
          `${settings.ddSite} refuses the key`,
          'Is DD_API_KEY an API key (not an application key) of the site in DD_SITE?',
        );
      }
      if (!answer.ok)
        throw problem(`${base} answered ${answer.status}`, 'Try again later; status.datadoghq.com may know more.');
      const intake = settings.ddLogsUrl ?? `https://http-intake.logs.${settings.ddSite}/api/v2/logs`;
      await fetch(intake, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: unknown) => {
        throw problem(
          `the intake ${intake} does not answer: ${causeOf(cause)}`,
          'Check DD_LOGS_URL, DD_SITE and the proxy between.',
        );
      });
      return `key valid at ${settings.ddSite}${settings.ddAppKey ? '' : '; without DD_APP_KEY nothing is read back'}`;
    },
    (detail) => detail,
  );
}

async function lookAtDisk(folder: string): Promise<string> {
  const { bavail, bsize } = await statfs(nearestExisting(folder));
  const free = bavail * bsize;
  const shown = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free < LEAST_DISK_BYTES) {
    throw problem(
      `${shown} at ${folder}`,
      `Free at least ${formatSize(LEAST_DISK_BYTES)}, or set AFFIDAVIT_DATA to a larger disk.`,
    );
  }
  return `${shown} at ${folder}`;
}

function lookAtFolder(folder: string): string {
  const at = nearestExisting(folder);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch {
    throw problem(
      `${at} is not writable for this user`,
      'Give this user the right to write there, or set AFFIDAVIT_DATA.',
    );
  }
  return at === folder ? `${folder} is writable` : `${folder} can be made`;
}

function nearestExisting(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : nearestExisting(dirname(folder));
}

async function answers(url: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: unknown) => {
    throw new Error(`does not answer at ${url}: ${causeOf(cause)}`);
  });
  if (!answer.ok) throw new Error(`answers ${answer.status} at ${url}`);
}

function findingsOf({ name, at, checks, silence }: ProcessReport): Finding[] {
  if (!checks) {
    const remedy = 'Start it (`affidavit up`), or set AFFIDAVIT_HOST and its port; its log says more.';
    return [{ name, ok: false, detail: `does not answer at ${at}: ${silence}`, remedy }];
  }
  const failing = checks.filter((check) => !check.ok);
  const isReady = failing.every((check) => !check.required);
  return [
    ...(isReady ? [{ name, ok: true, detail: `ready on ${at}` }] : []),
    ...failing.map((check) => ({
      name: `${name}: ${check.name}`,
      ok: false,
      detail: `${check.reason} (${check.hop}, since ${check.since})`,
      ...(check.remedy === undefined ? {} : { remedy: check.remedy }),
    })),
  ];
}

/** What the record itself says that a person should look at. */
async function lookAtRecord(settings: Settings): Promise<Finding[]> {
  let status: StatusView | undefined;
  const key = await check(
    'API key',
    async () => {
      status = await ApiClient.of(settings, TIMEOUT_MS).read('/v1/status');
    },
    () => 'accepted',
  );
  if (!status) return [key];
  const worth: Finding[] = [];
  if (status.quarantined > 0) {
    worth.push({
      name: 'quarantine',
      ok: false,
      detail: `${status.quarantined} events stand in the record as their bytes only`,
      remedy:
        'PostgreSQL refused them as rows; the table quarantine has the reasons. Nothing is lost; tell the maintainers.',
    });
  }
  if (status.foreignEntries > 0) {
    worth.push({
      name: 'foreign entries',
      ok: false,
      detail: `${status.foreignEntries} stream entries were signed by no enrolled producer`,
      remedy:
        'Somebody else wrote to Redis: see the table foreign_entry, give Redis users (deploy/redis.acl), change its passwords.',
    });
  }
  return [key, ...worth];
}

async function lookAtTarget(connection: Policy['connections'][number]): Promise<Finding> {
  const { host, port, password } = connection.target;
  return check(
    `connection ${connection.name}`,
    async () => {
      readSecret(password);
      await withTimeout(
        new Promise<void>((resolve, reject) => {
          const socket = createConnection({ host, port }, () => {
            socket.destroy();
            resolve();
          });
          socket.once('error', (cause) => {
            reject(
              problem(
                `${host}:${port} does not answer: ${cause.message}`,
                'Is the target up, and reachable from here?',
              ),
            );
          });
        }),
        () => problem(`${host}:${port} does not answer`, 'Is the target up, and reachable from here?'),
      );
      return `${host}:${port} answers, its password is at hand`;
    },
    (detail) => detail,
  );
}

function problem(message: string, remedy: string): CliError {
  return new CliError({ code: 'CLI_FINDING', message, remedy, retry: 'later' });
}

async function withTimeout<T>(work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
