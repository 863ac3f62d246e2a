import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { NODE_PATTERN } from '#events';
import { ConfigError } from './errors.js';
import { DURATION_FORM, formatDuration, formatSize, parseDurationMs, parseSizeBytes, SIZE_FORM } from './quantities.js';

/** What a person has to know about one setting; docs/reference/config.md is made of it. */
export interface AboutSetting {
  /** The environment variable. */
  env: string;
  /** Why one would set it. */
  reason: string;
  group: 'Stores' | 'Datadog' | 'Files' | 'Network' | 'Gateway' | 'Process' | 'Command line';
  unit?: string;
  /** Never printed, logged or shown. No secret has a default. */
  secret?: true;
  /** The default as a person would write it; absent: unset. */
  defaultText?: string;
}

const about = z.registry<AboutSetting>();

function setting<T extends z.ZodType>(schema: T, facts: AboutSetting): T {
  about.add(schema, facts);
  return schema;
}

const url = (protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });

const port = (env: string, preset: number, reason: string) =>
  setting(z.coerce.number({ error: 'must be a port, 1–65535' }).int().min(1).max(65_535).default(preset), {
    env,
    reason,
    group: 'Network',
    unit: 'TCP port',
    defaultText: String(preset),
  });

const duration = (preset: number, facts: Omit<AboutSetting, 'unit' | 'defaultText'>) =>
  setting(quantity(parseDurationMs, `must be ${DURATION_FORM}`).default(preset), {
    ...facts,
    unit: 'duration',
    defaultText: formatDuration(preset),
  });

const size = (preset: number, facts: Omit<AboutSetting, 'unit' | 'defaultText'>) =>
  setting(quantity(parseSizeBytes, `must be ${SIZE_FORM}`).default(preset), {
    ...facts,
    unit: 'size',
    defaultText: formatSize(preset),
  });

function quantity(parse: (text: string) => number | undefined, error: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: error, input: text });
    return z.NEVER;
  });
}

const addressRanges = z.string().transform((text, context) => {
  const ranges = text.split(',').map((one) => one.trim());
  if (ranges.every(isAddressRange)) return ranges;
  const message = 'must be addresses or CIDR ranges such as 10.0.0.7,192.168.0.0/16';
  context.issues.push({ code: 'custom', message, input: text });
  return z.NEVER;
});

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...others] = text.split('/');
  if (isIP(address) === 0 || others.length > 0) return false;
  // A range of everybody would believe everybody.
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128));
}

const loginPassword = (process: 'api' | 'forwarder' | 'recorder') =>
  setting(z.string().min(1).optional(), {
    env: `AFFIDAVIT_${process.toUpperCase()}_LOGIN_PASSWORD`,
    reason: `Given to \`affidavit migrate\`: it makes the PostgreSQL login affidavit_login_${process} with this password and the rights of the ${process}.`,
    group: 'Stores',
    secret: true,
  });

/** Every setting there is. A property is named as the code uses it; its environment variable stands beside it. */
const SettingsSchema = z.object({
  databaseUrl: setting(url(['postgres:', 'postgresql:']).optional(), {
    env: 'DATABASE_URL',
    reason: 'PostgreSQL 15 or newer that holds the record. Unset: `affidavit up` starts an embedded one.',
    group: 'Stores',
    secret: true,
  }),
  redisUrl: setting(url(['redis:', 'rediss:']).optional(), {
    env: 'REDIS_URL',
    reason: 'Redis 7 or Valkey that may not evict. Unset: `affidavit up` starts a local one.',
    group: 'Stores',
    secret: true,
  }),
  postgresPort: setting(z.coerce.number().int().min(1).max(65_535).optional(), {
    env: 'AFFIDAVIT_POSTGRES_PORT',
    reason: 'Port of the embedded PostgreSQL. Unset: the one of the last start, at first 15433 or any free one.',
    group: 'Stores',
    unit: 'TCP port',
  }),
  apiLoginPassword: loginPassword('api'),
  forwarderLoginPassword: loginPassword('forwarder'),
  recorderLoginPassword: loginPassword('recorder'),
  redisPort: setting(z.coerce.number().int().min(1).max(65_535).optional(), {
    env: 'AFFIDAVIT_REDIS_PORT',
    reason: 'Port of the local Redis. Unset: the one of the last start, at first 16379 or any free one.',
    group: 'Stores',
    unit: 'TCP port',
  }),

  ddApiKey: setting(z.string().min(1).optional(), {
    env: 'DD_API_KEY',
    reason: 'Datadog API key, for sending. Unset: events go to the local stand-in for Datadog.',
    group: 'Datadog',
    secret: true,
  }),
  ddAppKey: setting(z.string().min(1).optional(), {
    env: 'DD_APP_KEY',
    reason: 'Datadog application key, for reading back what arrived.',
    group: 'Datadog',
    secret: true,
  }),
  ddSite: setting(
    z
      .string()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a Datadog site, such as datadoghq.eu')
      .default('datadoghq.com'),
    {
      env: 'DD_SITE',
      reason: 'Datadog site, from which the intake and API addresses follow.',
      group: 'Datadog',
      defaultText: 'datadoghq.com',
    },
  ),
  ddLogsUrl: setting(url(['http:', 'https:']).optional(), {
    env: 'DD_LOGS_URL',
    reason: 'Whole URL of the logs intake, for a proxy or a private link. Unset: from DD_SITE.',
    group: 'Datadog',
  }),
  ddApiUrl: setting(url(['http:', 'https:']).optional(), {
    env: 'DD_API_URL',
    reason: 'Base URL of the rest of the Datadog API. Unset: from DD_SITE.',
    group: 'Datadog',
  }),
  ddEnv: setting(z.string().min(1).max(200).default('dev'), {
    env: 'DD_ENV',
    reason: 'Value of the tag `env` on everything sent to Datadog.',
    group: 'Datadog',
    defaultText: 'dev',
  }),
  forwarderLeaseMs: duration(30_000, {
    env: 'AFFIDAVIT_FORWARDER_LEASE',
    reason: 'How long a batch stays with a forwarder that vanished; a request to Datadog may take four fifths of it.',
    group: 'Datadog',
  }),

  readBackSettleMs: duration(5 * 60_000, {
    env: 'AFFIDAVIT_READ_BACK_SETTLE',
    reason:
      'With DD_APP_KEY: from an answer, or its loss, to the first look at what Datadog shows. Longer than Datadog takes to show a log.',
    group: 'Datadog',
  }),
  reconcileEveryMs: duration(24 * 3_600_000, {
    env: 'AFFIDAVIT_RECONCILE_EVERY',
    reason: 'With DD_APP_KEY: how often what was accepted is compared with what Datadog shows; `0s` only on demand.',
    group: 'Datadog',
  }),

  configFile: setting(z.string().min(1).default('./affidavit.yaml').transform(absolute), {
    env: 'AFFIDAVIT_CONFIG',
    reason: 'The policy file: identities, tokens, connections.',
    group: 'Files',
    unit: 'path',
    defaultText: './affidavit.yaml',
  }),
  dataDir: setting(z.string().min(1).default('./.affidavit').transform(absolute), {
    env: 'AFFIDAVIT_DATA',
    reason: 'Folder for spools, keys, logs and the local servers. On a gateway it must survive restarts.',
    group: 'Files',
    unit: 'path',
    defaultText: './.affidavit',
  }),
  checkpointKey: setting(z.string().min(1).optional(), {
    env: 'AFFIDAVIT_CHECKPOINT_KEY',
    reason:
      'The Ed25519 key that signs checkpoints, as PKCS #8 PEM text. Unset: it is read from AFFIDAVIT_CHECKPOINT_KEY_FILE.',
    group: 'Files',
    secret: true,
  }),
  checkpointKeyFile: setting(z.string().min(1).transform(absolute).optional(), {
    env: 'AFFIDAVIT_CHECKPOINT_KEY_FILE',
    reason:
      'File of the key that signs checkpoints, made at the first start. Unset: recorder/checkpoint.key in AFFIDAVIT_DATA.',
    group: 'Files',
    unit: 'path',
  }),
  previousCheckpointKeyFile: setting(z.string().min(1).transform(absolute).optional(), {
    env: 'AFFIDAVIT_CHECKPOINT_PREVIOUS_KEY_FILE',
    reason:
      'File of the key that signed checkpoints before: it swears to its successor at the first start with that. Unset: recorder/checkpoint.previous.key in AFFIDAVIT_DATA.',
    group: 'Files',
    unit: 'path',
  }),
  checkpointEvery: setting(
    quantity(parseDurationMs, `must be ${DURATION_FORM}`)
      .refine((ms) => ms >= 1_000 && ms <= 60_000, 'must be from 1s to 1m')
      .default(30_000),
    {
      env: 'AFFIDAVIT_CHECKPOINT_EVERY',
      reason: 'How old the newest checkpoint may grow while events are recorded; from 1s to 1m.',
      group: 'Process',
      unit: 'duration',
      defaultText: '30s',
    },
  ),
  verifyRate: setting(z.coerce.number({ error: 'must be a number' }).int().min(0).max(1_000_000).default(500), {
    env: 'AFFIDAVIT_VERIFY_RATE',
    reason: 'How many recorded events a second the recorder reads again and holds against the Merkle log; 0: none.',
    group: 'Process',
    unit: 'events a second',
    defaultText: '500',
  }),
  verifyEvery: duration(24 * 3_600_000, {
    env: 'AFFIDAVIT_VERIFY_EVERY',
    reason: 'From the beginning of one such pass over the record to that of the next.',
    group: 'Process',
  }),
  exportDir: setting(z.string().min(1).transform(absolute).optional(), {
    env: 'AFFIDAVIT_EXPORT_DIR',
    reason:
      'Folder for the files of exports, of an api or shared by several. Unset: `exports` in AFFIDAVIT_DATA. Needs room for what people ask for.',
    group: 'Files',
    unit: 'path',
  }),
  exportKeepMs: duration(24 * 3_600_000, {
    env: 'AFFIDAVIT_EXPORT_KEEP',
    reason: 'How long the file of a finished export is kept; its manifest stays.',
    group: 'Files',
  }),

  host: setting(z.string().min(1).default('127.0.0.1'), {
    env: 'AFFIDAVIT_HOST',
    reason: 'Address on which everything listens.',
    group: 'Network',
    defaultText: '127.0.0.1',
  }),
  gatewayPort: port('AFFIDAVIT_GATEWAY_PORT', 15_432, 'Where PostgreSQL clients connect.'),
  apiPort: port('AFFIDAVIT_API_PORT', 8470, 'Audit-log API, its documentation, health and metrics.'),
  apiTrustedProxies: setting(addressRanges.default([]), {
    env: 'AFFIDAVIT_API_TRUSTED_PROXIES',
    reason:
      'Addresses or CIDR ranges, separated by commas, of the proxies before the API: from them, and from nobody else, X-Forwarded-For is believed. Unset: nobody.',
    group: 'Network',
  }),
  recorderPort: port('AFFIDAVIT_RECORDER_PORT', 8471, 'Health and metrics of the recorder.'),
  forwarderPort: port('AFFIDAVIT_FORWARDER_PORT', 8472, 'Health and metrics of the forwarder.'),
  gatewayAdminPort: port('AFFIDAVIT_GATEWAY_ADMIN_PORT', 8473, 'Health and metrics of the gateway.'),
  datadogPort: port('AFFIDAVIT_DATADOG_PORT', 8474, 'The local stand-in for Datadog.'),

  node: setting(
    z
      .string()
      .regex(NODE_PATTERN, 'must be 1–40 of a-z, 0-9 and -')
      .refine((name) => name !== 'record', {
        error: "must not be 'record', which is the node of the record itself",
      })
      .default('local'),
    { env: 'AFFIDAVIT_NODE', reason: 'Enrolled name of this gateway.', group: 'Gateway', defaultText: 'local' },
  ),
  enrollToken: setting(z.string().min(1).optional(), {
    env: 'AFFIDAVIT_ENROLL_TOKEN',
    reason: 'One-time token of `affidavit enroll`; only the first start of a gateway needs it.',
    group: 'Gateway',
    secret: true,
  }),
  heartbeatMs: duration(300_000, {
    env: 'AFFIDAVIT_HEARTBEAT',
    reason: 'How often a gateway says on the record that it is there, so that silence can be told from rest.',
    group: 'Gateway',
  }),
  spool: z.object({
    segmentBytes: size(16 * 1024 ** 2, {
      env: 'AFFIDAVIT_SPOOL_SEGMENT',
      reason: 'Size of one preallocated spool file.',
      group: 'Gateway',
    }),
    keepMs: duration(24 * 3_600_000, {
      env: 'AFFIDAVIT_SPOOL_KEEP',
      reason: 'How long recorded events stay in the spool, in case PostgreSQL is restored to an earlier point.',
      group: 'Gateway',
    }),
    keepBytes: size(2 * 1024 ** 3, {
      env: 'AFFIDAVIT_SPOOL_KEEP_BYTES',
      reason: 'Recorded events beyond this go earlier than AFFIDAVIT_SPOOL_KEEP says.',
      group: 'Gateway',
    }),
    maxBytes: setting(quantity(parseSizeBytes, `must be ${SIZE_FORM}`).optional(), {
      env: 'AFFIDAVIT_SPOOL_MAX',
      reason: 'Cap over the whole spool; when reached, new commands are refused. Unset: the disk decides.',
      group: 'Gateway',
      unit: 'size',
    }),
  }),

  logLevel: setting(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'), {
    env: 'AFFIDAVIT_LOG_LEVEL',
    reason: 'Least severe log line that is written.',
    group: 'Process',
    defaultText: 'info',
  }),
  logFormat: setting(z.enum(['auto', 'json', 'text']).default('auto'), {
    env: 'AFFIDAVIT_LOG_FORMAT',
    reason: '`auto` writes text to a terminal and JSON elsewhere.',
    group: 'Process',
    defaultText: 'auto',
  }),
  stopTimeoutMs: duration(10_000, {
    env: 'AFFIDAVIT_STOP_TIMEOUT',
    reason: 'How long a process may take to close in order before it ends without.',
    group: 'Process',
  }),

  apiUrl: setting(url(['http:', 'https:']).optional(), {
    env: 'AFFIDAVIT_API_URL',
    reason: 'Audit-log API that the command line talks to. Unset: AFFIDAVIT_HOST and AFFIDAVIT_API_PORT.',
    group: 'Command line',
  }),
  apiKey: setting(z.string().min(1).optional(), {
    env: 'AFFIDAVIT_API_KEY',
    reason: 'API key of the command line. Unset: the file admin.key in AFFIDAVIT_DATA.',
    group: 'Command line',
    secret: true,
  }),
});

/** All settings of a process, read once at its start. */
export type Settings = z.infer<typeof SettingsSchema>;

type Leaf = { path: [string] | [string, string]; about: AboutSetting; schema: z.ZodType };

const LEAVES: Leaf[] = Object.entries(SettingsSchema.shape).flatMap(([name, schema]): Leaf[] => {
  if (!(schema instanceof z.ZodObject)) return [{ path: [name], about: aboutOf(schema, name), schema }];
  return Object.entries(schema.shape).map(([inner, leaf]) => ({
    path: [name, inner],
    about: aboutOf(leaf, `${name}.${inner}`),
    schema: leaf,
  }));
});

function aboutOf(schema: z.ZodType, name: string): AboutSetting {
  const facts = about.get(schema);
  if (!facts) throw new TypeError(`setting ${name} has no description`);
  return facts;
}

/** Every setting with its description, in the order of the schema. */
export const SETTINGS: readonly AboutSetting[] = LEAVES.map((leaf) => leaf.about);

/** One thing wrong with the environment. `value` is never part of it where the setting is secret. */
export interface SettingProblem {
  env: string;
  problem: string;
}

type Environment = Record<string, string | undefined>;

/**
 * Reads the environment. An empty variable counts as unset.
 * @throws CONFIG_INVALID names every variable that is wrong or unknown, never a secret's value
 */
export function loadSettings(env: Environment = process.env): Settings {
  const { settings, problems } = inspectSettings(env);
  if (settings && problems.length === 0) return settings;
  throw new ConfigError({
    code: 'CONFIG_INVALID',
    message: problems.map(({ env: name, problem }) => `${name} ${problem}`).join('; '),
    remedy:
      'Correct or unset the variable; docs/reference/config.md lists all of them, `affidavit config show` those in force.',
    retry: 'never',
  });
}

/** As {@link loadSettings}, but says everything that is wrong instead of throwing. `settings` is there where it can be. */
export function inspectSettings(env: Environment = process.env): { settings?: Settings; problems: SettingProblem[] } {
  const problems = unknownVariables(env);
  const input: Record<string, unknown> = {};
  for (const { path, about: facts } of LEAVES) {
    const text = env[facts.env]?.trim() || undefined;
    const [first, inner] = path;
    input[first] = inner === undefined ? text : { ...(input[first] as object | undefined), [inner]: text };
  }
  const result = SettingsSchema.safeParse(input);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const leaf = LEAVES.find(({ path }) => path.every((name, at) => issue.path[at] === name));
      const shown = leaf && !leaf.about.secret ? ` (it is ${JSON.stringify(env[leaf.about.env])})` : '';
      problems.push({ env: leaf?.about.env ?? issue.path.join('.'), problem: `${issue.message}${shown}` });
    }
    return { problems };
  }
  problems.push(...badCombinations(result.data));
  return { settings: result.data, problems };
}

function unknownVariables(env: Environment): SettingProblem[] {
  const known = new Set(SETTINGS.map((facts) => facts.env));
  return Object.keys(env)
    .filter((name) => name.startsWith('AFFIDAVIT_') && !known.has(name))
    .map((name) => {
      const close = SETTINGS.map((facts) => ({ name: facts.env, far: distance(facts.env, name) })).sort(
        (a, b) => a.far - b.far,
      )[0];
      const hint = close && close.far <= 3 ? `; did you mean ${close.name}?` : '';
      return { env: name, problem: `is not a setting${hint}` };
    });
}

function badCombinations(settings: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const ports = LEAVES.filter((leaf) => leaf.about.unit === 'TCP port').map((leaf) => ({
    env: leaf.about.env,
    port: (settings as unknown as Record<string, number | undefined>)[leaf.path[0]],
  }));
  ports.forEach(({ env, port: own }, at) => {
    const twin = ports.slice(0, at).find((other) => own !== undefined && other.port === own);
    if (twin) problems.push({ env, problem: `is ${own}, as ${twin.env} is; each needs a port of its own` });
  });
  if (settings.ddAppKey && !settings.ddApiKey) {
    problems.push({
      env: 'DD_APP_KEY',
      problem: 'is set without DD_API_KEY; set both, or neither for the local stand-in',
    });
  }
  for (const [env, value] of [
    ['DD_LOGS_URL', settings.ddLogsUrl],
    ['DD_API_URL', settings.ddApiUrl],
  ] as const) {
    if (value && !settings.ddApiKey)
      problems.push({ env, problem: 'is set without DD_API_KEY; nothing would go there' });
  }
  const { maxBytes, segmentBytes } = settings.spool;
  if (maxBytes !== undefined && maxBytes < 2 * segmentBytes) {
    problems.push({
      env: 'AFFIDAVIT_SPOOL_MAX',
      problem: `must be at least two segments (AFFIDAVIT_SPOOL_SEGMENT is ${formatSize(segmentBytes)})`,
    });
  }
  return problems;
}

/** One setting as `affidavit config show` prints it. */
export interface ShownSetting extends AboutSetting {
  /** The value in force, `(set)` for a secret, `(unset)`; the raw text where the whole is invalid. */
  value: string;
  from: 'environment' | 'default' | 'unset';
  problem?: string;
}

/** Every setting, masked; works also where some are invalid. */
export function describeSettings(env: Environment = process.env): ShownSetting[] {
  const { problems } = inspectSettings(env);
  const shown: ShownSetting[] = SETTINGS.map((facts) => {
    const text = env[facts.env]?.trim();
    const problem = problems.find((found) => found.env === facts.env)?.problem;
    return {
      ...facts,
      value: text ? (facts.secret ? '(set)' : text) : (facts.defaultText ?? '(unset)'),
      from: text ? 'environment' : facts.defaultText === undefined ? 'unset' : 'default',
      ...(problem === undefined ? {} : { problem }),
    };
  });
  for (const { env: name, problem } of problems) {
    if (SETTINGS.some((facts) => facts.env === name)) continue;
    shown.push({ env: name, reason: '', group: 'Process', value: '(not shown)', from: 'environment', problem });
  }
  return shown;
}

/** The environment for a child process: this one's, and `overrides`; undefined unsets. */
export function childEnvironment(overrides: Environment): Environment {
  return { ...process.env, ...overrides };
}

/** Base URL of the audit-log API for its clients. */
export function apiUrlOf(settings: Settings): string {
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  return (settings.apiUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${settings.apiPort}`).replace(
    /\/+$/,
    '',
  );
}

function absolute(path: string): string {
  return resolve(path);
}

/** Levenshtein distance, for hints. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
