import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStandIn } from '#delivery/datadog';
import { describeError } from '#events';
import { apiUrlOf, type Lifecycle, type LocalPostgres, loadPolicy, type Settings } from '#platform';
import { ensureLogin, LOGIN_OWNERS, type LoginOwner, migrate } from '#record';
import { assertRedisKeepsData, connectRedis } from '#streams';
import { ApiClient } from '../api-client.js';
import { STAND_IN_KEY, standInUrl } from '../datadog-reader.js';
import { appEntry } from '../entries.js';
import { CliError } from '../errors.js';
import { withRecordDatabase } from '../record-database.js';
import { readRunning, writeRunning } from '../running.js';
import { Child } from './child.js';
import {
  ensureDatabase,
  ensurePolicyFile,
  ensureSampleDatabase,
  pointSampleAt,
  sampleToken,
  usesSample,
} from './sample.js';
import {
  guardServers,
  loadOrCreateSecret,
  startEmbeddedPostgres,
  startEmbeddedRedis,
  waitForLeftovers,
} from './servers.js';
import type { Steps } from './steps.js';

/**
 * Flags of node for a laptop: without them each process would put off collecting until it had taken far more. Measured, idle,
 * after a session (RSS): the api 240 MB → 138 MB, the others some 25 MB less each. `liftoff-only` keeps V8 from optimising the
 * WebAssembly of Prisma's query compiler, which the api needs for single rows. Whoever stands on the way of every event keeps a
 * larger young generation: with 1 MB a third of the recorder's time under load went into collecting.
 */
const NODE_FLAGS = {
  recorder: ['--max-old-space-size=192', '--max-semi-space-size=4'],
  forwarder: ['--max-old-space-size=192', '--max-semi-space-size=4'],
  api: ['--max-old-space-size=192', '--max-semi-space-size=1', '--liftoff-only'],
  gateway: ['--max-old-space-size=320', '--max-semi-space-size=8'],
} as const;
const ENROLMENT_TIMEOUT_MS = 20_000;

/** Everything that `affidavit up` runs. */
export class Stack {
  readonly children: Child[] = [];

  private constructor(
    /** Address of the local stand-in for Datadog, where it is used. */
    readonly standIn: string | undefined,
    /** Whether the policy has a sample connection to a database of this installation. */
    readonly hasSample: boolean,
  ) {}

  /** Starts servers, database, processes; all of it is registered to be closed in reverse order. */
  static async start(settings: Settings, steps: Steps, lifecycle: Lifecycle): Promise<Stack> {
    await waitForLeftovers(readRunning(settings));
    const made = ensurePolicyFile(settings);
    // Loaded here, so that a wrong file stops the start before anything runs.
    const { connections } = loadPolicy(settings.configFile);
    const hasSample = usesSample(settings);
    const standIn = settings.ddApiKey ? undefined : standInUrl(settings);
    const stack = new Stack(standIn, hasSample);

    const [postgres, redis] = await Promise.all([
      stack.startPostgres(settings, steps, lifecycle),
      steps.step(
        'Redis',
        () => stack.startRedis(settings, lifecycle),
        ({ text }) => text,
      ),
    ]);
    const pids = [postgres?.pid, redis.pid].filter((pid) => pid !== undefined);
    if (pids.length > 0) {
      const guard = guardServers(pids);
      lifecycle.onClose('guard', () => guard.release());
    }
    const databaseUrl = settings.databaseUrl ?? postgres?.url('affidavit') ?? '';
    await steps.step(
      'record',
      () => stack.prepareDatabases(settings, databaseUrl, postgres),
      (applied) => (applied === 0 ? 'database up to date' : `${applied} migration${applied === 1 ? '' : 's'} applied`),
    );
    // A database of somebody else's has logins of his making: docs/retention.md, "Roles".
    const urls = settings.databaseUrl
      ? { api: databaseUrl, recorder: databaseUrl, forwarder: databaseUrl }
      : await ensureLogins(settings, databaseUrl);
    if (made) steps.say(`  ${settings.configFile} was written, with a sample identity and connection`);
    else steps.say(`  ${settings.configFile}: ${connections.length} connection${connections.length === 1 ? '' : 's'}`);

    writeRunning(settings, {
      pid: process.pid,
      startedAt: new Date().toISOString(),
      databaseUrl,
      redisUrl: redis.url,
      datadogLogsUrl: settings.ddLogsUrl ?? (standIn ? `${standIn}/api/v2/logs` : ''),
      datadogApiUrl: settings.ddApiUrl ?? standIn ?? '',
      servers: [
        ...(postgres ? [{ pid: postgres.pid, commandLine: `-D ${postgres.directory} ` }] : []),
        ...(redis.pid === undefined ? [] : [{ pid: redis.pid, commandLine: `-server ${new URL(redis.url).host}` }]),
      ],
    });
    if (standIn) {
      // In this process, which has nothing else to do; a process of its own would take 80 MB.
      const starting = startStandIn({ port: settings.datadogPort, directory: join(settings.dataDir, 'datadog') });
      lifecycle.onClose('Datadog', () =>
        starting.then(
          (server) => server.close(),
          () => undefined,
        ),
      );
      await steps.step(
        'Datadog',
        () => starting,
        ({ url }) => `local stand-in at ${url}`,
      );
    }
    await stack.startProcesses(settings, { databaseUrls: urls, redisUrl: redis.url }, steps, lifecycle);
    return stack;
  }

  /** Stops all processes and starts them again, for new code. */
  async restart(): Promise<void> {
    await Promise.all(this.children.map((child) => child.restart()));
  }

  private async startPostgres(
    settings: Settings,
    steps: Steps,
    lifecycle: Lifecycle,
  ): Promise<LocalPostgres | undefined> {
    if (settings.databaseUrl && !this.hasSample) return undefined;
    const what = settings.databaseUrl ? 'for the sample only; the record is at DATABASE_URL' : 'embedded';
    return steps.step(
      'PostgreSQL',
      () => opened(lifecycle, 'PostgreSQL', startEmbeddedPostgres(settings)),
      (server) => `127.0.0.1:${server.port} (${what})`,
    );
  }

  private async startRedis(
    settings: Settings,
    lifecycle: Lifecycle,
  ): Promise<{ url: string; pid?: number; text: string }> {
    let found: { url: string; pid?: number; text: string };
    if (settings.redisUrl) {
      found = { url: settings.redisUrl, text: new URL(settings.redisUrl).host };
    } else {
      const server = await opened(lifecycle, 'Redis', startEmbeddedRedis(settings));
      found = { url: server.url, pid: server.pid, text: `127.0.0.1:${server.port} (local)` };
    }
    const redis = connectRedis(found.url, 'plain');
    try {
      await assertRedisKeepsData(redis);
    } finally {
      redis.disconnect();
    }
    return found;
  }

  private async prepareDatabases(
    settings: Settings,
    databaseUrl: string,
    postgres: LocalPostgres | undefined,
  ): Promise<number> {
    if (postgres && !settings.databaseUrl) await ensureDatabase(postgres, 'affidavit');
    const migrated = () =>
      withRecordDatabase(databaseUrl, 'affidavit-up', async (pool) => (await migrate(pool)).applied.length);
    const sampled = async () => {
      if (!postgres || !this.hasSample) return;
      await ensureSampleDatabase(postgres, settings);
      pointSampleAt(settings, postgres.port);
      // Before the gateway reads the policy.
      sampleToken(settings);
    };
    const [applied] = await Promise.all([migrated(), sampled()]);
    return applied;
  }

  private async startProcesses(
    settings: Settings,
    stores: { databaseUrls: Record<LoginOwner, string>; redisUrl: string },
    steps: Steps,
    lifecycle: Lifecycle,
  ): Promise<void> {
    const toDatadog = this.standIn
      ? {
          DD_API_KEY: STAND_IN_KEY,
          DD_APP_KEY: STAND_IN_KEY,
          DD_LOGS_URL: `${this.standIn}/api/v2/logs`,
          DD_API_URL: this.standIn,
        }
      : {};
    const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
    const child = (name: keyof typeof NODE_FLAGS, port: number, env: Environment) => {
      const made = new Child(
        {
          name,
          args: [...NODE_FLAGS[name], appEntry(name)],
          env: {
            ...NOT_FOR_EVERYBODY,
            REDIS_URL: stores.redisUrl,
            AFFIDAVIT_CONFIG: settings.configFile,
            AFFIDAVIT_DATA: settings.dataDir,
            AFFIDAVIT_LOG_FORMAT: 'json',
            ...env,
          },
          logFile: join(settings.dataDir, 'logs', `${name}.log`),
          readyUrl: `http://${host}:${port}/readyz`,
        },
        (text) => steps.say(text),
      );
      this.children.push(made);
      lifecycle.onClose(name, () => made.stop());
      return made;
    };
    const run = (made: Child, port: number) =>
      steps.step(
        made.name,
        () => made.start(),
        () => `ready on port ${port}`,
      );

    const { databaseUrls } = stores;
    const api = child('api', settings.apiPort, { DATABASE_URL: databaseUrls.api });
    const recorder = child('recorder', settings.recorderPort, { DATABASE_URL: databaseUrls.recorder });
    const forwarder = child('forwarder', settings.forwarderPort, {
      DATABASE_URL: databaseUrls.forwarder,
      ...datadogKeys(settings),
      ...toDatadog,
    });
    // The recorder gives the log its mark key, which an enrolment names.
    const mayEnrol = Promise.all([run(api, settings.apiPort), run(recorder, settings.recorderPort)]);
    const starting: Promise<unknown>[] = [mayEnrol, run(forwarder, settings.forwarderPort)];

    const startGateway = async () => {
      const pinned = existsSync(join(settings.dataDir, 'gateway', settings.node, 'pinned.json'));
      const token = pinned
        ? undefined
        : (settings.enrollToken ?? (await mayEnrol.then(() => enrolmentToken(settings, lifecycle))));
      if (lifecycle.isStopping) return;
      const gateway = child('gateway', settings.gatewayAdminPort, { AFFIDAVIT_ENROLL_TOKEN: token });
      await run(gateway, settings.gatewayPort);
      gateway.forget('AFFIDAVIT_ENROLL_TOKEN');
    };
    starting.push(startGateway());
    await Promise.all(starting);
  }
}

/** A login of its own for each process, with a password that this installation keeps. @returns where each connects */
async function ensureLogins(settings: Settings, ownerUrl: string): Promise<Record<LoginOwner, string>> {
  return withRecordDatabase(ownerUrl, 'affidavit-up', async (pool) => {
    const client = await pool.connect();
    try {
      const urls: Partial<Record<LoginOwner, string>> = {};
      for (const owner of LOGIN_OWNERS) {
        const url = new URL(ownerUrl);
        url.password = loadOrCreateSecret(join(settings.dataDir, `postgres.${owner}.password`));
        url.username = await ensureLogin(client, owner, url.password);
        urls[owner] = url.href;
      }
      return urls as Record<LoginOwner, string>;
    } finally {
      client.release();
    }
  });
}

type Environment = Record<string, string | undefined>;

/** Given only to the process that needs it: a gateway knows neither the record's database nor a key of Datadog. */
const NOT_FOR_EVERYBODY: Environment = {
  DATABASE_URL: undefined,
  DD_API_KEY: undefined,
  DD_APP_KEY: undefined,
  DD_LOGS_URL: undefined,
  DD_API_URL: undefined,
  AFFIDAVIT_API_KEY: undefined,
  AFFIDAVIT_ENROLL_TOKEN: undefined,
};

function datadogKeys(settings: Settings): Environment {
  return {
    DD_API_KEY: settings.ddApiKey,
    DD_APP_KEY: settings.ddAppKey,
    DD_LOGS_URL: settings.ddLogsUrl,
    DD_API_URL: settings.ddApiUrl,
  };
}

/** Registers the end of a server before it is up, so that ctrl-C during the start stops it too. */
function opened<T extends { stop(): Promise<void> }>(
  lifecycle: Lifecycle,
  name: string,
  starting: Promise<T>,
): Promise<T> {
  lifecycle.onClose(name, () =>
    starting.then(
      (server) => server.stop(),
      () => undefined,
    ),
  );
  return starting;
}

/** Asks until the recorder has given the log its mark key, which the token names. @throws CLI_ENROLMENT_FAILED */
async function enrolmentToken(settings: Settings, lifecycle: Lifecycle): Promise<string> {
  const until = Date.now() + ENROLMENT_TIMEOUT_MS;
  for (;;) {
    try {
      return (await ApiClient.of(settings).act('/v1/enrolments', { body: { node: settings.node } })).token;
    } catch (error) {
      if (error instanceof CliError && error.retry !== 'never' && Date.now() < until && !lifecycle.isStopping) {
        await sleep(100);
        continue;
      }
      throw new CliError({
        code: 'CLI_ENROLMENT_FAILED',
        message: `the gateway could not be enrolled at ${apiUrlOf(settings)}: ${describeError(error)}`,
        remedy: error instanceof CliError ? error.remedy : 'affidavit doctor checks every part.',
        retry: 'later',
        cause: error,
      });
    }
  }
}
