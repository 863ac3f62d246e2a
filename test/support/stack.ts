import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  freePort,
  type LocalPostgres,
  type LocalRedis,
  makeVerifier,
  startLocalPostgres,
  startLocalRedis,
} from '#platform';
import { createPool, ensureLogin, LOGIN_OWNERS, loginName, migrate } from '#record';
import { Cable } from './cable.js';
import { freshCluster } from './fresh-cluster.js';
import { until } from './servers.js';

const ROOT = new URL('../..', import.meta.url).pathname;
const HOST = '127.0.0.1';
const TOKEN = 'afd_test_token_of_the_agent';
const DATADOG_KEY = 'canary-datadog-key-0f1e2d';
const LOGIN_PASSWORD = 'canary-login-password-6a7b8c';
const TARGET_PASSWORD = 'canary-target-password-3c4b5a';

export type AppName = 'recorder' | 'forwarder' | 'api' | 'gateway' | 'datadog';

/** How each process of the stack is started, relative to the checkout. */
const ENTRY: Record<AppName, string[]> = {
  recorder: ['dist/bin/recorder.js'],
  forwarder: ['dist/bin/forwarder.js'],
  api: ['dist/bin/api.js'],
  gateway: ['dist/bin/gateway.js'],
  // It keeps all of it: what it holds is what counts as delivered.
  datadog: ['bin/affidavit.mjs', 'datadog', 'serve', '--keep', '2GiB'],
};

export interface StackOptions {
  apps?: AppName[];
  env?: Record<string, string>;
  postgresSettings?: Record<string, string>;
  /** The target on a server of its own, so that the record's may be harmed under load. */
  separateTarget?: boolean;
  /** Lines to Redis, PostgreSQL and Datadog that can be cut. */
  cables?: boolean;
  /** A checkout to run from instead of this one: it has dist/, bin/, package.json. */
  root?: string;
}

/** A read of the record, within {@link Stack.atOnce}. */
export type RecordQuery = <T extends pg.QueryResultRow>(sql: string) => Promise<T[]>;

/**
 * The real thing, whole: PostgreSQL and Redis of its own, every process as it is built into dist/, and the Datadog stand-in.
 * A crash test kills its parts and starts them again. Faked: Datadog only.
 */
export class Stack {
  readonly processes = new Map<AppName, ChildProcess>();
  readonly folder: string;
  readonly ports: Record<AppName | 'gatewayAdmin', number>;
  /** Lines that a fault may cut; absent where the processes reach the servers directly. */
  readonly cables: { redis: Cable; postgres: Cable; datadog: Cable } | undefined;
  private readonly options: StackOptions;

  private constructor(
    public postgres: LocalPostgres,
    public redis: LocalRedis,
    /** Where the target lies: the record's server, unless they are kept apart. */
    readonly targetServer: LocalPostgres,
    facts: { folder: string; ports: Stack['ports']; cables: Stack['cables']; options: StackOptions },
  ) {
    this.folder = facts.folder;
    this.ports = facts.ports;
    this.cables = facts.cables;
    this.options = facts.options;
  }

  /** Starts servers and processes; resolves when every one of them says that it is ready. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    for (let tries = 1; ; tries++) {
      try {
        return await Stack.startOnce(options);
      } catch (error) {
        // A port that was free when it was chosen may be another's by now, where several stacks start at once.
        if (tries === 3 || !/PORT_TAKEN|EADDRINUSE|[Aa]ddress already in use/.test(String(error))) throw error;
      }
    }
  }

  private static async startOnce(options: StackOptions): Promise<Stack> {
    const folder = mkdtempSync(join(tmpdir(), 'affidavit-stack-'));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'logs'));
    const ports = await differentPorts(['recorder', 'forwarder', 'api', 'gateway', 'gatewayAdmin', 'datadog']);
    const settings = { log_line_prefix: '%m [%p] ', ...options.postgresSettings };
    await freshCluster(join(folder, 'postgres'));
    if (options.separateTarget) await freshCluster(join(folder, 'target'));
    const [postgres, redis, separate] = await Promise.all([
      startLocalPostgres({ directory: join(folder, 'postgres'), port: await freePort(HOST), settings }),
      startLocalRedis({ directory: join(folder, 'redis'), port: await freePort(HOST) }),
      options.separateTarget
        ? startLocalPostgres({
            directory: join(folder, 'target'),
            port: await freePort(HOST),
            settings: { fsync: 'off' },
          })
        : undefined,
    ]);
    const cables = options.cables
      ? {
          redis: await Cable.to(redis.port),
          postgres: await Cable.to(postgres.port),
          datadog: await Cable.to(ports.datadog),
        }
      : undefined;
    const stack = new Stack(postgres, redis, separate ?? postgres, { folder, ports, cables, options });
    try {
      await stack.prepare();
      const apps = options.apps ?? ['datadog', 'recorder', 'forwarder', 'api', 'gateway'];
      const beforeGateway = apps.filter((app) => app !== 'gateway');
      await Promise.all(beforeGateway.map((app) => stack.run(app)));
      if (apps.includes('gateway'))
        await stack.run('gateway', { AFFIDAVIT_ENROLL_TOKEN: await stack.enrolmentToken() });
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  get recordUrl(): string {
    return this.postgres.url('affidavit');
  }

  get targetUrl(): string {
    return this.targetServer.url('sample');
  }

  get apiUrl(): string {
    return `http://${HOST}:${this.ports.api}`;
  }

  /** What must never be seen outside the files that hold it. */
  get secrets(): Record<string, string> {
    const appKey = this.options.env?.DD_APP_KEY;
    return {
      token: TOKEN,
      apiKey: this.adminKey,
      datadogKey: DATADOG_KEY,
      targetPassword: TARGET_PASSWORD,
      login: LOGIN_PASSWORD,
      ...(appKey === undefined ? {} : { datadogAppKey: appKey }),
    };
  }

  /** Whether this process was ever started. */
  has(app: AppName): boolean {
    return this.processes.has(app);
  }

  get adminKey(): string {
    return readFileSync(join(this.folder, 'data', 'admin.key'), 'utf8').trim();
  }

  /** What an agent's client needs to reach the sample database through the gateway. */
  get agent(): pg.ClientConfig {
    return { host: HOST, port: this.ports.gateway, database: 'sample', user: 'test-agent', password: TOKEN };
  }

  /** Starts one process and waits until it is ready. */
  async run(app: AppName, env: Record<string, string> = {}, args: string[] = []): Promise<void> {
    this.begin(app, env, args);
    await this.ready(app);
  }

  /** Starts one process, whatever becomes of it. */
  begin(app: AppName, env: Record<string, string> = {}, args: string[] = []): void {
    const child = spawn(process.execPath, [...ENTRY[app], ...args], {
      cwd: this.options.root ?? ROOT,
      env: { ...this.environment(), ...this.ownLogin(app), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(this.folder, 'logs', `${app}.log`), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('close', () => log.end());
    this.processes.set(app, child);
  }

  /** Until a process that was begun says that it is ready. @throws where it ended instead */
  async ready(app: AppName): Promise<void> {
    const child = this.processes.get(app);
    await until(
      `${app} is ready (its log: ${join(this.folder, 'logs')})`,
      async () => {
        if (child?.exitCode !== null)
          throw new Error(`${app} ended with code ${child?.exitCode}: ${this.log(app).slice(-1500)}`);
        return fetch(`${this.adminUrl(app)}/readyz`).then(
          (answer) => answer.ok,
          () => false,
        );
      },
      30_000,
    );
  }

  /** Ends one process with a signal, and waits until it is gone. */
  async kill(app: AppName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.processes.get(app);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  /** Ends Redis by SIGKILL and starts it again at the same port: with what its append-only file kept, or empty. */
  async restartRedis(options: { empty?: boolean } = {}): Promise<void> {
    const { port, pid, exited } = this.redis;
    const directory = join(this.folder, 'redis');
    process.kill(pid, 'SIGKILL');
    await exited;
    if (options.empty) rmSync(directory, { recursive: true, force: true });
    this.redis = await startLocalRedis({ directory, port });
  }

  /** Ends the record's PostgreSQL by SIGKILL, as a power cut does, and starts it again on the same data. */
  async crashPostgres(): Promise<void> {
    const { port, pid, exited } = this.postgres;
    process.kill(pid, 'SIGKILL');
    await exited;
    const settings = { log_line_prefix: '%m [%p] ', ...this.options.postgresSettings };
    const start = () => startLocalPostgres({ directory: join(this.folder, 'postgres'), port, settings });
    const deadline = Date.now() + 20_000;
    // Its children notice a moment later that it is gone; until then its memory is in use and it cannot start.
    for (;;) {
      try {
        this.postgres = await start();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  log(app: AppName): string {
    return readFileSync(join(this.folder, 'logs', `${app}.log`), 'utf8');
  }

  /**
   * Stops the record's server and starts it again on the same port, perhaps with another cluster in its place.
   * @param whileDown what is done meanwhile
   * @param directory the cluster that comes up
   */
  async restartPostgres(
    whileDown: () => Promise<unknown> = async () => undefined,
    directory = this.postgres.directory,
  ): Promise<void> {
    const { port } = this.postgres;
    await this.postgres.stop();
    await whileDown();
    const settings = { log_line_prefix: '%m [%p] ', ...this.options.postgresSettings };
    this.postgres = await startLocalPostgres({ directory, port, settings });
  }

  /** Runs one statement against the record, as its owner. */
  async query<T extends pg.QueryResultRow>(sql: string, values: unknown[] = [], url = this.recordUrl): Promise<T[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Several reads of the record at one and the same moment: it grows by itself, if only by checkpoints. */
  async atOnce<R>(read: (query: RecordQuery) => Promise<R>): Promise<R> {
    const client = new pg.Client({ connectionString: this.recordUrl });
    await client.connect();
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      return await read(async (sql) => (await client.query(sql)).rows);
    } finally {
      await client.end();
    }
  }

  /** Runs the command line against this stack, as an operator on its machine does. Never throws: the exit code tells. */
  affidavit(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const file = join(this.options.root ?? ROOT, 'bin', 'affidavit.mjs');
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [file, ...args],
        { env: this.environment(), timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  }

  /** Where a process answers to /readyz and /metrics. */
  adminUrl(app: AppName): string {
    return `http://${HOST}:${app === 'gateway' ? this.ports.gatewayAdmin : this.ports[app]}`;
  }

  /** Where it runs from: it has bin/ and dist/. */
  get root(): string {
    return this.options.root ?? ROOT;
  }

  /** What {@link affidavit} runs with, for a command that is to be ended on the way. */
  get commandEnvironment(): Record<string, string> {
    return this.environment();
  }

  /** Every log that the Datadog stand-in holds. */
  async delivered(): Promise<Record<string, unknown>[]> {
    const answer = await fetch(`http://${HOST}:${this.ports.datadog}/_affidavit/logs?limit=1000000`);
    const body = (await answer.json()) as { logs: Record<string, unknown>[] };
    return body.logs;
  }

  async stop(options: { keep?: boolean } = {}): Promise<void> {
    for (const app of ['gateway', 'forwarder', 'recorder', 'api', 'datadog'] as const) await this.kill(app, 'SIGKILL');
    const servers = new Set([this.postgres, this.targetServer]);
    await Promise.all([...[...servers].map((server) => server.stop()), this.redis.stop()]);
    for (const cable of Object.values(this.cables ?? {})) await cable.close();
    if (!options.keep) rmSync(this.folder, { recursive: true, force: true });
  }

  private environment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      DATABASE_URL: rerouted(this.recordUrl, this.cables?.postgres),
      REDIS_URL: rerouted(this.redis.url, this.cables?.redis),
      DD_API_KEY: DATADOG_KEY,
      DD_LOGS_URL: rerouted(`http://${HOST}:${this.ports.datadog}/api/v2/logs`, this.cables?.datadog),
      DD_API_URL: `http://${HOST}:${this.ports.datadog}`,
      AFFIDAVIT_CONFIG: join(this.folder, 'affidavit.yaml'),
      AFFIDAVIT_DATA: join(this.folder, 'data'),
      AFFIDAVIT_NODE: 'test-node',
      AFFIDAVIT_API_PORT: String(this.ports.api),
      AFFIDAVIT_RECORDER_PORT: String(this.ports.recorder),
      AFFIDAVIT_FORWARDER_PORT: String(this.ports.forwarder),
      AFFIDAVIT_GATEWAY_PORT: String(this.ports.gateway),
      AFFIDAVIT_GATEWAY_ADMIN_PORT: String(this.ports.gatewayAdmin),
      AFFIDAVIT_DATADOG_PORT: String(this.ports.datadog),
      TEST_TARGET_PASSWORD: TARGET_PASSWORD,
      ...this.options.env,
    };
  }

  /** Each process connects with the rights that it needs, and no others. */
  private ownLogin(app: AppName): Record<string, string> {
    const owner = LOGIN_OWNERS.find((one) => one === app);
    if (!owner) return {};
    const url = new URL(rerouted(this.recordUrl, this.cables?.postgres));
    url.username = loginName(owner);
    url.password = LOGIN_PASSWORD;
    return { DATABASE_URL: url.href };
  }

  private async prepare(): Promise<void> {
    const target = this.targetServer.url();
    await this.query(`CREATE ROLE sample LOGIN SUPERUSER PASSWORD '${TARGET_PASSWORD}'`, [], target);
    await this.query('CREATE DATABASE sample', [], target);
    await this.makeRecord();
    this.writePolicy();
  }

  /** An empty record, migrated. */
  async makeRecord(): Promise<void> {
    await this.query('CREATE DATABASE affidavit', [], this.postgres.url());
    const pool = createPool(this.recordUrl, { applicationName: 'test' });
    try {
      await migrate(pool, join(this.options.root ?? ROOT, 'prisma', 'migrations'));
      const client = await pool.connect();
      for (const owner of LOGIN_OWNERS) await ensureLogin(client, owner, LOGIN_PASSWORD);
      client.release();
    } finally {
      await pool.end();
    }
  }

  private writePolicy(): void {
    writeFileSync(
      join(this.folder, 'affidavit.yaml'),
      `version: 1
identities:
  - id: test-agent
    kind: agent
    name: Test agent
    onBehalfOf: test-suite
    tokens:
      - id: t1
        verifier: "${makeVerifier(TOKEN)}"
connections:
  - name: sample
    type: postgres
    sensitivity: sensitive
    target:
      host: ${HOST}
      port: ${this.targetServer.port}
      database: sample
      user: sample
      password: { env: TEST_TARGET_PASSWORD }
      tls: { mode: disable }
`,
    );
  }

  /** A one-time token for the gateway. */
  async enrolmentToken(): Promise<string> {
    const answer = await fetch(`${this.apiUrl}/v1/enrolments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ node: 'test-node' }),
    });
    const body = (await answer.json()) as { token?: string };
    if (!body.token) throw new Error(`enrolment refused: ${answer.status} ${JSON.stringify(body)}`);
    return body.token;
  }
}

/** A free port for each name. A port that is free may be found twice, while nobody listens there yet. */
async function differentPorts<T extends string>(names: readonly T[]): Promise<Record<T, number>> {
  const ports = new Set<number>();
  while (ports.size < names.length) ports.add(await freePort(HOST));
  const found = [...ports];
  return Object.fromEntries(names.map((name, index) => [name, found[index]])) as Record<T, number>;
}

function rerouted(url: string, cable: Cable | undefined): string {
  if (!cable) return url;
  const through = new URL(url);
  through.port = String(cable.port);
  return through.href;
}
