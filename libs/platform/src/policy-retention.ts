import { z } from 'zod';
import { CLASS_PATTERN } from '#events';
import { Evidence } from './policy-datadog.js';
import { name } from './policy-fields.js';
import { DURATION_FORM, formatDuration, parseDurationMs } from './quantities.js';

// The section `retention` of affidavit.yaml: classes, which sessions get which, and what the law asks for at least.

const DAY_MS = 86_400_000;
/** A year counts its longest, so that seven of them are never short of seven years. */
const YEAR_DAYS = 366;
const LONGEST_YEARS = 100;

/** Text of a time that a class is kept: `400d`, `7y`; milliseconds, or undefined. */
export function parseKeepMs(text: string): number | undefined {
  const years = /^(\d{1,3})y$/.exec(text);
  const value = years ? Number(years[1]) * YEAR_DAYS * DAY_MS : parseDurationMs(text);
  return value !== undefined && value > 0 && value <= LONGEST_YEARS * YEAR_DAYS * DAY_MS ? value : undefined;
}

/** `forever`, `7y`, `400d`; null is for ever. */
export const keepMs = z.union([
  z.literal('forever').transform(() => null),
  z
    .string()
    .transform((text, context) => {
      const value = parseKeepMs(text);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: `must be forever, years (7y) or ${DURATION_FORM}`, input: text });
      return z.NEVER;
    })
    .meta({ kind: 'time (400d, 7y)' }),
]);

/** What a named requirement demands. */
export interface Requirement {
  /** Milliseconds, at its longest: 12 months may have 366 days, 6 years 2192, 6 months 184. */
  keepMs: number;
  /** Of them, so much must be at hand at once. Everything in the record is: nothing is moved away before it is purged. */
  atHandMs: number;
  /** Where it is written, and in which words. */
  source: string;
}

/** Known requirements. `requirement_keep()` in the database says the same; a test holds the two together. */
export const REQUIREMENTS = {
  'pci-dss': {
    keepMs: 366 * DAY_MS,
    atHandMs: 92 * DAY_MS,
    source: 'PCI DSS v4 10.5.1: audit log history for at least 12 months, the last three immediately available',
  },
  hipaa: {
    keepMs: 2192 * DAY_MS,
    atHandMs: 0,
    source: 'HIPAA 45 CFR 164.316(b)(2)(i): documentation for 6 years, commonly read to include audit logs',
  },
  'sec-17a-4': {
    keepMs: 2192 * DAY_MS,
    atHandMs: 2 * YEAR_DAYS * DAY_MS,
    source: 'SEC Rule 17a-4(a): records for 6 years, the first two easily accessible',
  },
  'eu-ai-act': {
    keepMs: 184 * DAY_MS,
    atHandMs: 0,
    source: 'EU AI Act (2024/1689) Art. 19(1) and 26(6): automatically generated logs for at least six months',
  },
} as const satisfies Record<string, Requirement>;
export type RequirementName = keyof typeof REQUIREMENTS;

const requirementName = z.enum(Object.keys(REQUIREMENTS) as [RequirementName, ...RequirementName[]]);
const className = z.string().regex(CLASS_PATTERN, 'a class is named with 1–16 of a-z and 0-9');

const Rule = z
  .strictObject({
    class: className.describe('The class of a session that everything given here fits.'),
    connections: z.array(name(63)).min(1).optional(),
    sensitivity: z.enum(['normal', 'sensitive']).optional(),
    identities: z.array(name(64)).min(1).optional(),
  })
  .refine((rule) => rule.connections ?? rule.sensitivity ?? rule.identities, {
    error: 'must name connections, a sensitivity or identities',
  });

export const RetentionSection = z
  .strictObject({
    classes: z
      .record(className, keepMs)
      .default({})
      .describe('How long each class is kept: `400d`, `7y` (a year counts 366 days), `forever`.'),
    rules: z
      .array(Rule)
      .default([])
      .describe(
        'Which sessions get which class. Of several that fit, and the `retention` of the connection, the longest counts.',
      ),
    requirements: z
      .array(
        z.union([
          requirementName.transform((requirement) => ({ requirement, classes: undefined })),
          z.strictObject({ requirement: requirementName, classes: z.array(className).min(1) }),
        ]),
      )
      .default([])
      .describe(
        'What this record falls under, all classes of sessions or those named. A class that is kept shorter is refused.',
      ),
    runAt: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 03:00')
      .default('03:00')
      .describe('When, each day, what is due is purged: UTC.'),
    evidence: Evidence.optional().describe(
      'How long events must be there to be shown: `365d` at both ends, or `{ record: 365d, datadog: 30d }`. `affidavit retention compare` judges it.',
    ),
  })
  .prefault({});
export type RetentionPolicy = z.infer<typeof RetentionSection>;

/** Classes that are there without being named in the policy; null is for ever. */
const BUILT_IN: Readonly<Record<string, number | null>> = { standard: 400 * DAY_MS, system: null };
/** Of sessions that nothing gives another. */
export const DEFAULT_CLASS = 'standard';

/** Every class of sessions with its time and requirements, those that the policy does not name included. */
export function retentionClasses(
  retention: RetentionPolicy,
): { name: string; keepMs: number | null; requirements: RequirementName[] }[] {
  const { system: _, ...classes } = { ...BUILT_IN, ...retention.classes };
  return Object.entries(classes).map(([name, keep]) => ({
    name,
    keepMs: keep,
    requirements: [
      ...new Set(
        retention.requirements.filter((one) => one.classes?.includes(name) ?? true).map((one) => one.requirement),
      ),
    ].sort(),
  }));
}

interface SessionFacts {
  connection: { name: string; sensitivity: 'normal' | 'sensitive'; retention?: string | undefined } | undefined;
  /** Proven, not claimed: nobody gets a class by giving another's name. */
  identity: string | undefined;
}

/** The class of a session: the longest of those that the rules that fit it and its connection give; `standard` where none does. */
export function retentionClassOf(retention: RetentionPolicy, { connection, identity }: SessionFacts): string {
  const given = retention.rules
    .filter(
      ({ connections, sensitivity, identities }) =>
        (!connections || (connection !== undefined && connections.includes(connection.name))) &&
        (!sensitivity || connection?.sensitivity === sensitivity) &&
        (!identities || (identity !== undefined && identities.includes(identity))),
    )
    .map((rule) => rule.class);
  if (connection?.retention !== undefined) given.push(connection.retention);
  const keepOf = (name: string) => ({ ...BUILT_IN, ...retention.classes })[name] ?? Number.POSITIVE_INFINITY;
  return (
    given.reduce<string | undefined>(
      (longest, one) => (longest === undefined || keepOf(one) > keepOf(longest) ? one : longest),
      undefined,
    ) ?? DEFAULT_CLASS
  );
}

type Path = readonly PropertyKey[];
interface Names {
  identities: readonly { id: string }[];
  connections: readonly { name: string; retention?: string | undefined }[];
  retention: RetentionPolicy;
}

/** What does not fit together in the section, and between it and the rest of the policy. */
export function retentionProblems({ identities, connections, retention }: Names): { path: Path; problem: string }[] {
  const problems: { path: Path; problem: string }[] = [];
  const known = new Set([...Object.keys(BUILT_IN), ...Object.keys(retention.classes)]);
  const mustBeKnown = (given: string, path: Path) => {
    if (!known.has(given)) problems.push({ path, problem: `class '${given}' is not in retention.classes` });
  };
  connections.forEach((connection, at) => {
    if (connection.retention !== undefined) mustBeKnown(connection.retention, ['connections', at, 'retention']);
  });
  retention.rules.forEach((rule, at) => {
    const path = ['retention', 'rules', at];
    mustBeKnown(rule.class, [...path, 'class']);
    rule.connections?.forEach((given, index) => {
      if (connections.some((one) => one.name === given)) return;
      problems.push({ path: [...path, 'connections', index], problem: `'${given}' is not a connection of this file` });
    });
    rule.identities?.forEach((given, index) => {
      if (identities.some((one) => one.id === given)) return;
      problems.push({ path: [...path, 'identities', index], problem: `'${given}' is not an identity of this file` });
    });
  });
  retention.requirements.forEach((one, at) => {
    for (const [index, given] of one.classes?.entries() ?? []) {
      mustBeKnown(given, ['retention', 'requirements', at, 'classes', index]);
    }
  });
  for (const { name: of, keepMs: keep, requirements } of retentionClasses(retention)) {
    for (const requirement of requirements) {
      const { keepMs: least, source } = REQUIREMENTS[requirement];
      if (keep === null || keep >= least) continue;
      problems.push({
        path: of in retention.classes ? ['retention', 'classes', of] : ['retention', 'requirements'],
        problem: `keeps class '${of}' ${formatDuration(keep)}, and ${requirement} demands ${formatDuration(least)} (${source})`,
      });
    }
  }
  if (retention.classes.system) {
    problems.push({
      path: ['retention', 'classes', 'system'],
      problem: 'must be forever: events of the record itself are never purged',
    });
  }
  return problems;
}
