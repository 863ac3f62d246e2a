import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { CLASS_PATTERN } from '#events';
import { ConfigError } from './errors.js';
import { DatadogSection } from './policy-datadog.js';
import { Destination, destinationProblems, withAbsoluteDestination } from './policy-destinations.js';
import { durationMs, name, plainName, sizeBytes } from './policy-fields.js';
import { RetentionSection, retentionProblems } from './policy-retention.js';
import { parseVerifier } from './scram.js';
import { SecretSource } from './secret.js';

const Token = z.strictObject({
  id: plainName(64),
  verifier: z
    .string()
    .refine(isVerifier, 'is not a SCRAM-SHA-256 verifier')
    .describe('SCRAM-SHA-256 verifier, as `affidavit token create` writes it. The token itself is nowhere.'),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'must be an instant such as 2027-01-31T00:00:00Z' })
    .or(z.iso.date())
    .optional()
    .describe('Refused from then on.'),
});

const Identity = z.strictObject({
  id: plainName(64).describe('Also the user name with which a client connects.'),
  kind: z.enum(['agent', 'human', 'service']),
  name: name(64).optional(),
  email: z.email().max(96).optional(),
  onBehalfOf: name(64).optional().describe('A person or team; shown with everything it does.'),
  connections: z.array(name(63)).optional().describe('Connections it may use. Absent: all.'),
  tokens: z.array(Token).default([]),
});

const Target = z.strictObject({
  host: name(255),
  port: z.int().min(1).max(65_535).default(5432),
  database: name(63),
  user: name(63),
  password: SecretSource.describe(
    'Where the password is found; clients never see it. A file name is relative to this file.',
  ),
  tls: z
    .strictObject({ mode: z.enum(['disable', 'require', 'verify-full']), ca: name(4096).optional() })
    .default({ mode: 'disable' }),
});

/** Gateways run ahead of the record at most this far, unless a connection says otherwise. Access outlives an outage of the
 * record of a day; a bound there must be, or a full disk would be the first sign. */
const MAX_UNCONFIRMED = { bytes: 1024 ** 3, ageMs: 24 * 3_600_000 };
/** Whole message; larger ones are refused before a byte goes on. */
const MAX_STATEMENT_BYTES = 16 * 1024 ** 2;

const Connection = z
  .strictObject({
    name: plainName(63).describe('What clients give as the name of the database.'),
    type: z.literal('postgres'),
    sensitivity: z.enum(['normal', 'sensitive']).default('normal').describe('On every event of its sessions.'),
    approval: z.enum(['none']).default('none'),
    retention: z
      .string()
      .regex(CLASS_PATTERN, 'must be the name of a retention class')
      .optional()
      .describe('Retention class of its sessions, where no rule gives a longer one. Default: `standard`.'),
    maxUnconfirmed: z
      .strictObject({
        bytes: sizeBytes.optional().describe('Default 1GiB.'),
        age: durationMs.optional().describe('Default 24h.'),
      })
      .default({})
      .transform(({ bytes, age }) => ({
        bytes: bytes ?? MAX_UNCONFIRMED.bytes,
        ageMs: age ?? MAX_UNCONFIRMED.ageMs,
      }))
      .describe('How far the gateway may run ahead of the record before it refuses new commands.'),
    maxStatement: sizeBytes
      .default(MAX_STATEMENT_BYTES)
      .describe('Longer messages are refused before a byte goes on. Default 16MiB.'),
    target: Target,
  })
  .transform(({ maxStatement, ...rest }) => ({ ...rest, maxStatementBytes: maxStatement }));

/** What a person may write in affidavit.yaml. */
export const PolicySchema = z.strictObject({
  version: z.literal(1),
  identities: z.array(Identity).default([]),
  connections: z.array(Connection).default([]),
  gateway: z.strictObject({ tls: z.strictObject({ cert: name(4096), key: name(4096) }).optional() }).default({}),
  retention: RetentionSection,
  destinations: z
    .array(Destination)
    .default([])
    .describe('Where events are delivered. Empty: to Datadog alone, as DD_API_KEY and DD_SITE say.'),
  datadog: DatadogSection.prefault({}).describe('What `affidavit datadog apply` sets up at Datadog.'),
});

/** affidavit.yaml as the processes use it: sizes in bytes, times in milliseconds, file names absolute. */
export type Policy = z.infer<typeof PolicySchema>;
export type PolicyIdentity = Policy['identities'][number];
export type PolicyConnection = Policy['connections'][number];
export type PolicyToken = PolicyIdentity['tokens'][number];

/**
 * Reads affidavit.yaml.
 * @throws CONFIG_POLICY_MISSING, CONFIG_POLICY_INVALID (names file, line, path and what is wrong)
 */
export function loadPolicy(file: string): Policy {
  return parsePolicy(readPolicyText(file), file);
}

/** The text of affidavit.yaml. @throws CONFIG_POLICY_MISSING */
export function readPolicyText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError({
      code: 'CONFIG_POLICY_MISSING',
      message: `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: 'Set AFFIDAVIT_CONFIG to the policy file, or let `affidavit up` make one.',
      retry: 'never',
      cause,
    });
  }
}

/**
 * @param file its name, for errors and for the files that it names relative to itself
 * @throws CONFIG_POLICY_INVALID
 */
export function parsePolicy(text: string, file: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken) {
    const line = broken.linePos?.[0].line ?? 1;
    throw invalid(file, [{ line, path: '', problem: broken.message.split('\n')[0]?.replace(/ at line.*$/, '') ?? '' }]);
  }
  const result = PolicySchema.safeParse(toPlain(document, file));
  if (!result.success)
    throw invalid(
      file,
      result.error.issues.flatMap((issue) => problemsOf(issue, document, lines)),
    );
  const wrong = crossProblems(result.data).map(({ path, problem }) => ({
    line: lineOf(document, lines, path),
    path: pathText(path),
    problem,
  }));
  if (wrong.length > 0) throw invalid(file, wrong);
  return withAbsoluteFiles(result.data, dirname(resolve(file)));
}

interface Problem {
  line: number;
  path: string;
  problem: string;
}
type Path = readonly PropertyKey[];

function invalid(file: string, problems: Problem[]): ConfigError {
  const shown = problems
    .slice(0, 5)
    .map(({ line, path, problem }) => `line ${line}: ${path ? `${path} ` : ''}${problem}`);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  return new ConfigError({
    code: 'CONFIG_POLICY_INVALID',
    message: `${file}, ${shown.join('; ')}`,
    remedy: `Correct ${file} at line ${problems[0]?.line ?? 1}; docs/reference/config.md describes its shape. A running gateway keeps the policy it has.`,
    retry: 'never',
  });
}

function toPlain(document: Document.Parsed, file: string): unknown {
  try {
    // Aliases are expanded at most a little: a policy has no use for them, a bomb has.
    return document.toJS({ maxAliasCount: 20 });
  } catch (cause) {
    throw invalid(file, [{ line: 1, path: '', problem: cause instanceof Error ? cause.message : String(cause) }]);
  }
}

function problemsOf(issue: z.core.$ZodIssue, document: Document.Parsed, lines: LineCounter): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      line: lineOf(document, lines, [...issue.path, key]),
      path: pathText([...issue.path, key]),
      problem: 'is not known here',
    }));
  }
  const missing =
    (issue.code === 'invalid_type' || issue.code === 'invalid_value') && document.getIn(issue.path, true) === undefined;
  return [
    {
      line: lineOf(document, lines, issue.path),
      path: pathText(issue.path),
      problem: missing ? 'is missing' : issue.message,
    },
  ];
}

function crossProblems(policy: Policy): { path: Path; problem: string }[] {
  const problems: { path: Path; problem: string }[] = [];
  const unique = (values: string[], pathOf: (at: number) => Path) => {
    values.forEach((value, at) => {
      if (values.indexOf(value) < at) problems.push({ path: pathOf(at), problem: `'${value}' is there twice` });
    });
  };
  unique(
    policy.identities.map((identity) => identity.id),
    (at) => ['identities', at, 'id'],
  );
  unique(
    policy.connections.map((connection) => connection.name),
    (at) => ['connections', at, 'name'],
  );
  unique(
    policy.destinations.map((destination) => destination.name),
    (at) => ['destinations', at, 'name'],
  );
  policy.destinations.forEach((destination, at) => {
    for (const { path, problem } of destinationProblems(destination)) {
      problems.push({ path: ['destinations', at, ...path], problem });
    }
  });
  const names = new Set(policy.connections.map((connection) => connection.name));
  policy.identities.forEach((identity, at) => {
    unique(
      identity.tokens.map((token) => token.id),
      (token) => ['identities', at, 'tokens', token, 'id'],
    );
    // A client logs in before it says which token it has, so all of an identity's tokens must answer one challenge.
    const [first, ...others] = identity.tokens.map((token) => challengeOf(token.verifier));
    others.forEach((challenge, index) => {
      if (challenge === first) return;
      problems.push({
        path: ['identities', at, 'tokens', index + 1, 'verifier'],
        problem:
          "has another salt than this identity's first token; make it with `affidavit token create`, which shares it",
      });
    });
    identity.connections?.forEach((connection, index) => {
      if (names.has(connection)) return;
      problems.push({
        path: ['identities', at, 'connections', index],
        problem: `'${connection}' is not a connection of this file`,
      });
    });
  });
  problems.push(...retentionProblems(policy));
  return problems;
}

function withAbsoluteFiles(policy: Policy, folder: string): Policy {
  const at = (path: string) => resolve(folder, path);
  return {
    ...policy,
    gateway: policy.gateway.tls ? { tls: { cert: at(policy.gateway.tls.cert), key: at(policy.gateway.tls.key) } } : {},
    destinations: policy.destinations.map((destination) => withAbsoluteDestination(destination, at)),
    connections: policy.connections.map((connection) => {
      const { password, tls } = connection.target;
      return {
        ...connection,
        target: {
          ...connection.target,
          password: 'file' in password ? { file: at(password.file) } : password,
          tls: tls.ca === undefined ? tls : { ...tls, ca: at(tls.ca) },
        },
      };
    }),
  };
}

/** The line of what stands at `path`, or of the nearest thing around it. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: Path): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const here = path.slice(0, depth);
    const start = (keyAt(document, here) ?? (document.getIn(here, true) as Node | undefined))?.range?.[0];
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}

/** The key itself, so that the line is that of `key:` also where its value stands below. */
function keyAt(document: Document.Parsed, path: Path): Node | undefined {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (!isMap(parent)) return undefined;
  const key = parent.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(path.at(-1)))?.key;
  return isScalar(key) ? key : undefined;
}

function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

function isVerifier(text: string): boolean {
  try {
    parseVerifier(text);
    return true;
  } catch {
    return false;
  }
}

/** Iterations and salt of a verifier: what the server's first message says. */
function challengeOf(verifier: string): string {
  const { iterations, salt } = parseVerifier(verifier);
  return `${iterations}:${salt.toString('base64')}`;
}
