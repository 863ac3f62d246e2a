import { z } from 'zod';
import { EVENT_TYPES } from '#events';
import type { Settings } from './config.js';
import { durationMs, name, plainName, sizeBytes } from './policy-fields.js';
import { SecretSource } from './secret.js';

/** Types that a filter may name: those of events, and what could not be taken apart. */
const TYPES: readonly string[] = [...EVENT_TYPES, 'quarantined'];
const FAMILIES = new Set(EVENT_TYPES.map((type) => `${type.split('.', 1)[0]}.*`));

const EventTypes = z.string().refine((text) => TYPES.includes(text) || FAMILIES.has(text), {
  error: ({ input }) =>
    `'${String(input)}' is no type of event; docs/reference/events.md lists them, and command.* means all that begin with command.`,
});

const listOf = <T extends z.ZodType>(one: T) =>
  z.array(one).min(1, 'must name at least one; without it, all are taken').optional();

const Filter = z.strictObject({
  types: listOf(EventTypes).describe('Types of events; `command.*` means all that begin with `command.`. Absent: all.'),
  connections: listOf(plainName(63)).describe(
    'Names of connections, also of ones that are gone. Absent: all, and events of none.',
  ),
  identities: listOf(name(128)).describe(
    'Ids of identities, also of ones that are gone. Absent: all, and events of nobody.',
  ),
});

const Rate = z.strictObject({
  eventsPerSecond: z.int().min(1).optional(),
  bytesPerSecond: sizeBytes.optional(),
});

const httpUrl = name(2048).refine(isHttpUrl, 'must be a URL that begins with https:// or http://, without user or #');

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be 1–40 of a-z, 0-9 and -')
    .describe('Names it in the ledger, in metrics and commands. Another name is another destination.'),
  startAt: z
    .enum(['now', 'beginning'])
    .describe('Where a destination that is new begins: with what is recorded from now on, or with the whole record.'),
  state: z.enum(['active', 'paused']).default('active').describe('`paused`: nothing is sent, everything waits.'),
  filter: Filter.default({}).describe('Which events it gets.'),
  rate: Rate.default({}).describe('At most this much, over all of its lanes. Absent: no bound of ours.'),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe('Whether its address may be a private, loopback or link-local one, and may begin with `http://`.'),
};

const Datadog = z.strictObject({
  ...common,
  kind: z.literal('datadog'),
  site: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a Datadog site, such as datadoghq.eu')
    .optional()
    .describe('Datadog site. Without `site` and `url`: as DD_SITE, DD_LOGS_URL, DD_API_URL and DD_APP_KEY say.'),
  url: httpUrl.optional().describe('Whole URL of the logs intake, instead of `site`: for a relay or a private link.'),
  apiKey: SecretSource.default({ env: 'DD_API_KEY' }).describe('API key. Default: `{ env: DD_API_KEY }`.'),
  appKey: SecretSource.optional().describe('Application key, for reading back what arrived.'),
  apiUrl: httpUrl.optional().describe('Base URL of the rest of the Datadog API. Default: of `site`.'),
});

const MAX_SECRETS = 3;
const MAX_EVENTS = 1_000;
const TIMEOUT_MS = { least: 1_000, most: 300_000 };

const Webhook = z.strictObject({
  ...common,
  kind: z.literal('webhook'),
  url: httpUrl.describe('Where events are posted.'),
  secrets: z
    .array(SecretSource)
    .min(1, 'must name at least one secret')
    .max(MAX_SECRETS, `may name at most ${MAX_SECRETS}`)
    .describe('Secrets `whsec_…` (Standard Webhooks), the newest first. Each request is signed with all of them.'),
  batch: z.enum(['one', 'many']).describe('One event a request, or a batch.'),
  maxEvents: z
    .int()
    .min(1)
    .max(MAX_EVENTS)
    .optional()
    .describe('Most events of a request, with `batch: many`. Default 100.'),
  timeout: durationMs
    .refine((ms) => ms >= TIMEOUT_MS.least && ms <= TIMEOUT_MS.most, 'must be between 1s and 5m')
    .optional()
    .describe('How long an answer may take; AFFIDAVIT_FORWARDER_LEASE bounds it, too. Default 15s.'),
  ca: name(4096)
    .optional()
    .describe("PEM file of the authority of the receiver's certificate, instead of the public ones."),
});

/** One entry of `destinations:`. */
export const Destination = z.discriminatedUnion('kind', [Datadog, Webhook], {
  error: ({ code }) => (code === 'invalid_union' ? 'must be datadog or webhook' : undefined),
});
export type Destination = z.infer<typeof Destination>;

/** Which events a destination gets: those that match each list that is there. `command.*` matches all that begin with `command.`. */
export type DestinationFilter = z.infer<typeof Filter>;
/** Bounds over all lanes of a destination; absent: none. */
export type DestinationRate = z.infer<typeof Rate>;

interface Common {
  name: string;
  /** Where it begins when it is new to the ledger. */
  startAt: 'now' | 'beginning';
  /** What the operator wants; what became of it is in the ledger. */
  state: 'active' | 'paused';
  filter: DestinationFilter;
  rate: DestinationRate;
  /** Whether `url` may lead to an address that is not public. */
  allowPrivate: boolean;
}

export interface DatadogDestinationPolicy extends Common {
  kind: 'datadog';
  site: string;
  /** Whole URL of the intake; undefined: that of `site`. */
  url: string | undefined;
  apiKey: SecretSource;
  /** Undefined: nothing is read back. */
  appKey: SecretSource | undefined;
  /** Base URL of the API; undefined: that of `site`. */
  apiUrl: string | undefined;
  /** Whether `apiUrl` may lead to an address that is not public. */
  apiAllowPrivate: boolean;
}

export interface WebhookDestinationPolicy extends Common {
  kind: 'webhook';
  url: string;
  /** The newest first. */
  secrets: SecretSource[];
  batch: 'one' | 'many';
  maxEvents: number;
  timeoutMs: number;
  /** PEM file. */
  ca: string | undefined;
}

/** A destination as the forwarder needs it: nothing is left to be looked up, except secrets. */
export type DestinationPolicy = DatadogDestinationPolicy | WebhookDestinationPolicy;

const DEFAULT_MAX_EVENTS = 100;
const DEFAULT_TIMEOUT_MS = 15_000;

/**
 * Where events go. Without `destinations:` that is Datadog alone, by the name `datadog`, from the beginning, as the environment
 * says. What is set in DD_LOGS_URL or DD_API_URL may be a private address: whoever starts the process wrote it.
 */
export function destinationsOf(
  policy: { destinations: readonly Destination[] },
  settings: Pick<Settings, 'ddAppKey' | 'ddSite' | 'ddLogsUrl' | 'ddApiUrl'>,
): DestinationPolicy[] {
  const environment = {
    site: settings.ddSite,
    url: settings.ddLogsUrl,
    apiUrl: settings.ddApiUrl,
    appKey: settings.ddAppKey === undefined ? undefined : { env: 'DD_APP_KEY' },
  };
  if (policy.destinations.length === 0) {
    return [
      {
        name: 'datadog',
        kind: 'datadog',
        startAt: 'beginning',
        state: 'active',
        filter: {},
        rate: {},
        ...environment,
        apiKey: { env: 'DD_API_KEY' },
        allowPrivate: settings.ddLogsUrl !== undefined,
        apiAllowPrivate: settings.ddApiUrl !== undefined,
      },
    ];
  }
  return policy.destinations.map((destination): DestinationPolicy => {
    if (destination.kind === 'webhook') {
      const { timeout, ...rest } = destination;
      return {
        ...rest,
        maxEvents: destination.batch === 'one' ? 1 : (destination.maxEvents ?? DEFAULT_MAX_EVENTS),
        timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS,
        ca: destination.ca,
      };
    }
    const isOfEnvironment = destination.site === undefined && destination.url === undefined;
    const url = isOfEnvironment ? environment.url : destination.url;
    const apiUrl = destination.apiUrl ?? (isOfEnvironment ? environment.apiUrl : undefined);
    return {
      ...destination,
      site: destination.site ?? environment.site,
      url,
      apiUrl,
      appKey: destination.appKey ?? (isOfEnvironment ? environment.appKey : undefined),
      allowPrivate: destination.allowPrivate || (url !== undefined && url === environment.url),
      apiAllowPrivate: destination.allowPrivate || (apiUrl !== undefined && apiUrl === environment.apiUrl),
    };
  });
}

/** What is wrong between the members of one entry. */
export function destinationProblems(destination: Destination): { path: PropertyKey[]; problem: string }[] {
  const problems: { path: PropertyKey[]; problem: string }[] = [];
  const secure = (path: 'url' | 'apiUrl', url: string | undefined) => {
    if (url === undefined || destination.allowPrivate || new URL(url).protocol === 'https:') return;
    problems.push({
      path: [path],
      problem: 'must begin with https://; http:// is for a receiver in your own network, with allowPrivate: true',
    });
  };
  secure('url', destination.url);
  if (destination.kind === 'webhook') {
    if (destination.batch === 'one' && destination.maxEvents !== undefined)
      problems.push({ path: ['maxEvents'], problem: 'has no meaning with batch: one' });
    return problems;
  }
  secure('apiUrl', destination.apiUrl);
  if (destination.site !== undefined && destination.url !== undefined)
    problems.push({ path: ['url'], problem: 'stands beside site; name one of both' });
  if (destination.url !== undefined && destination.appKey !== undefined && destination.apiUrl === undefined) {
    // A search at another site than the events went to would find nothing, and call it a loss.
    problems.push({ path: ['appKey'], problem: 'needs apiUrl where url is set' });
  }
  return problems;
}

/** The same with absolute file names. */
export function withAbsoluteDestination(destination: Destination, at: (path: string) => string): Destination {
  const secret = (source: SecretSource): SecretSource => ('file' in source ? { file: at(source.file) } : source);
  if (destination.kind === 'webhook') {
    return {
      ...destination,
      secrets: destination.secrets.map(secret),
      ...(destination.ca === undefined ? {} : { ca: at(destination.ca) }),
    };
  }
  return {
    ...destination,
    apiKey: secret(destination.apiKey),
    ...(destination.appKey === undefined ? {} : { appKey: secret(destination.appKey) }),
  };
}

/** A user or password would be a secret in the policy. */
function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '' && hash === '';
}
