import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import pg from 'pg';
import { parseDocument } from 'yaml';
import {
  createToken,
  type LocalPostgres,
  loadPolicy,
  parseVerifier,
  readPolicyText,
  replaceFile,
  type Settings,
  verifyPassword,
} from '#platform';
import { CliError } from '../errors.js';
import { loadOrCreateSecret } from './servers.js';

/** The agent, the connection and the database of the sample. */
export const SAMPLE = {
  identity: 'quickstart-agent',
  connection: 'sample',
  database: 'sample',
  role: 'affidavit_sample',
};

const TABLES = `
CREATE TABLE IF NOT EXISTS customers (
  id integer PRIMARY KEY, name text NOT NULL, plan text NOT NULL, signed_up date NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES customers, status text NOT NULL, total_cents integer NOT NULL);
INSERT INTO customers SELECT n, (ARRAY['Ada','Grace','Edsger','Barbara','Donald'])[1 + n % 5] || ' ' || n,
  (ARRAY['free','team','enterprise'])[1 + n % 3], date '2026-01-01' + n FROM generate_series(1, 50) n ON CONFLICT DO NOTHING;
INSERT INTO orders SELECT n, 1 + n % 50, (ARRAY['paid','open','refunded'])[1 + n % 3], 1000 + (n * 37) % 9000
  FROM generate_series(1, 400) n ON CONFLICT DO NOTHING;
`;

export function samplePasswordFile(settings: Settings): string {
  return join(settings.dataDir, 'sample.password');
}

/** Makes database, role and tables where they are missing. Running it again changes nothing. */
export async function ensureSampleDatabase(postgres: LocalPostgres, settings: Settings): Promise<void> {
  const password = loadOrCreateSecret(samplePasswordFile(settings));
  await ensureDatabase(postgres, SAMPLE.database);
  await withClient(postgres.url(SAMPLE.database), async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [SAMPLE.role]);
    const verb = rowCount ? 'ALTER' : 'CREATE';
    await client.query(`${verb} ROLE ${SAMPLE.role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('orders') IS NOT NULL AS there`);
    if (rows[0]?.there) return;
    await client.query(TABLES);
    await client.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${SAMPLE.role}`);
    await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${SAMPLE.role}`);
  });
}

export async function ensureDatabase(postgres: LocalPostgres, name: string): Promise<void> {
  await withClient(postgres.url(), async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${name} ENCODING 'UTF8' TEMPLATE template0`);
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** Writes the first affidavit.yaml where there is none. @returns whether it did */
export function ensurePolicyFile(settings: Settings): boolean {
  if (existsSync(settings.configFile)) return false;
  const folder = dirname(settings.configFile);
  mkdirSync(folder, { recursive: true });
  replaceFile(settings.configFile, firstPolicy(shownPath(settings, samplePasswordFile(settings))), 0o600);
  return true;
}

function firstPolicy(passwordFile: string): string {
  return `# Who may use which connection. Reloaded on change; a wrong file leaves the running one in force.
# A token for an identity: affidavit token create --identity <id>
version: 1
identities:
  # The agent of the sample session.
  - id: ${SAMPLE.identity}
    kind: agent
    name: Quickstart agent
    onBehalfOf: quickstart
    connections:
      - ${SAMPLE.connection}
connections:
  # Clients give this name as the database. The target's password never reaches them.
  - name: ${SAMPLE.connection}
    type: postgres
    sensitivity: normal
    target:
      host: 127.0.0.1
      port: 5432
      database: ${SAMPLE.database}
      user: ${SAMPLE.role}
      password: { file: ${JSON.stringify(passwordFile)} }
      tls: { mode: disable }
`;
}

/** Whether the policy has a sample connection that leads to a server of this installation. */
export function usesSample(settings: Settings): boolean {
  const target = loadPolicy(settings.configFile).connections.find((one) => one.name === SAMPLE.connection)?.target;
  return target?.user === SAMPLE.role && target.host === '127.0.0.1';
}

/** The embedded server may have moved to another port, or this is another data folder, since the policy was written. */
export function pointSampleAt(settings: Settings, port: number): void {
  const connections = loadPolicy(settings.configFile).connections;
  const at = connections.findIndex((one) => one.name === SAMPLE.connection);
  const target = connections[at]?.target;
  if (!target) return;
  const file = samplePasswordFile(settings);
  if (target.port === port && 'file' in target.password && target.password.file === file) return;
  const document = parseDocument(readPolicyText(settings.configFile));
  document.setIn(['connections', at, 'target', 'port'], port);
  document.setIn(
    ['connections', at, 'target', 'password'],
    document.createNode({ file: shownPath(settings, file) }, { flow: true }),
  );
  replaceFile(settings.configFile, document.toString({ lineWidth: 0 }));
}

/** A path as the policy names it: relative to the policy where that stays short. */
function shownPath(settings: Settings, file: string): string {
  const path = relative(dirname(settings.configFile), file);
  return path.startsWith('..') || isAbsolute(path) ? file : `./${path}`;
}

/** The sample agent's token: the one of an earlier start if it still holds, else a new one. */
export function sampleToken(settings: Settings): string {
  const file = join(settings.dataDir, 'quickstart.token');
  const identity = loadPolicy(settings.configFile).identities.find((one) => one.id === SAMPLE.identity);
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  const holds = identity?.tokens.some(
    (token) =>
      kept !== undefined &&
      (token.expiresAt === undefined || Date.parse(token.expiresAt) > Date.now()) &&
      verifyPassword(kept, parseVerifier(token.verifier)),
  );
  if (kept !== undefined && holds) return kept;
  const { token } = createToken(settings.configFile, SAMPLE.identity);
  replaceFile(file, `${token}\n`, 0o600);
  return token;
}

/** What the sample agent asks for; one of it fails. */
const STATEMENTS: { sql: string; values?: unknown[] }[] = [
  { sql: 'SELECT id, name, plan FROM customers ORDER BY id LIMIT 5' },
  { sql: 'SELECT status, count(*), sum(total_cents) FROM orders GROUP BY status ORDER BY status' },
  { sql: 'SELECT id, total_cents FROM orders WHERE customer_id = $1 AND status = $2', values: [7, 'open'] },
  { sql: 'BEGIN' },
  { sql: "UPDATE orders SET status = 'paid' WHERE id = $1", values: [7] },
  { sql: 'COMMIT' },
  { sql: 'SELECT * FROM salaries' },
];

export const STATEMENTS_THAT_FAIL = 1;

/** Runs the sample agent's session through the gateway, as any client would. @throws CLI_SAMPLE_FAILED */
export async function runSampleSession(settings: Settings, token: string, applicationName: string): Promise<void> {
  const client = new pg.Client({
    host: settings.host === '0.0.0.0' ? '127.0.0.1' : settings.host,
    port: settings.gatewayPort,
    user: SAMPLE.identity,
    password: token,
    database: SAMPLE.connection,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  let failed = 0;
  try {
    await client.connect();
    for (const { sql, values } of STATEMENTS) {
      await client.query(sql, values).catch((error: unknown) => {
        if (!(error instanceof pg.DatabaseError) || error.code !== '42P01') throw error;
        failed += 1;
      });
    }
    await client.end();
  } catch (cause) {
    throw sampleFailed(`the sample session failed: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (failed !== STATEMENTS_THAT_FAIL) throw sampleFailed('the statement that must fail in the sample session did not');
}

function sampleFailed(message: string, cause?: unknown): CliError {
  return new CliError({
    code: 'CLI_SAMPLE_FAILED',
    message,
    remedy: 'affidavit doctor checks every part; the log of the gateway is in AFFIDAVIT_DATA/logs/gateway.log.',
    retry: 'never',
    cause,
  });
}
