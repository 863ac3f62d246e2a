import { z } from 'zod';
import { LANES } from '#delivery';
import { CLASS_PATTERN, EVENT_TYPES, instantOfMicros, microsOfInstant, NODE_PATTERN } from '#events';
import { parseKeepMs } from '#platform';
import { API_ROLES, APPROVAL_ACTS, EXPORT_FILES, EXPORT_FORMATS, EXPORT_KINDS } from '#record';

// What each address takes. Everything unknown is refused: a misspelt filter must not answer with more than was asked for.

const LAST_POSITION = 9_223_372_036_854_775_807n;

/** PostgreSQL takes no NUL. */
const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((value) => value.isWellFormed() && !value.includes('\u0000'), 'holds what is no text');

const position = z
  .string()
  .regex(/^\d{1,19}$/, { error: 'must be a position: a whole number', abort: true })
  .refine((digits) => BigInt(digits) <= LAST_POSITION, 'is beyond every position')
  .transform(BigInt)
  .describe('A position in the log.');

const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant, such as 2026-01-31T08:00:00Z' })
  .transform((value, context) => {
    const [, upToSeconds = '', fraction = '', zone = ''] =
      /^(.*?:\d\d(?::\d\d)?)(?:\.(\d+))?([Zz]|[+-].*)$/.exec(value) ?? [];
    const seconds = Date.parse(`${upToSeconds}${zone.toUpperCase()}`);
    if (!Number.isNaN(seconds) && seconds >= 0) {
      return instantOfMicros(BigInt(seconds) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6)));
    }
    context.issues.push({ code: 'custom', message: 'is not an instant since 1970', input: value });
    return z.NEVER;
  });

const limit = (preset: number) => z.coerce.number().int().min(1).max(1000).default(preset);
const atLeast = position
  .optional()
  .describe('Wait (up to 5 s) until the answer takes this position into account; else 503 API_HORIZON_BEHIND.');

const kind = z.enum(['agent', 'human', 'service']).optional().describe('Of the identity.');
const cursor = text(4096).optional().describe('`next` of the page before, with the same filters.');
const isBefore = ({ from, to }: { from?: string | undefined; to?: string | undefined }) =>
  from === undefined || to === undefined || from < to;
const BEFORE = { error: 'from must be before to' };

const commandText = text(1024)
  .optional()
  .describe('Words that a command holds, all of them; the last may end with `*` (`drop table orders_20*`).');

export const SessionListQuery = z
  .strictObject({
    from: instant.optional().describe('Opened at or after.'),
    to: instant.optional().describe('Opened before.'),
    identity: text(1024).optional(),
    kind,
    connection: text(1024).optional(),
    type: text(64).optional().describe('Of the connection, such as `postgres`.'),
    state: z.enum(['open', 'closed', 'denied', 'abandoned']).optional(),
    outcome: text(64).optional(),
    approval: z
      .enum(['none', 'requested', 'granted', 'rejected', 'expired', 'bypassed'])
      .optional()
      .describe('The weightiest state of its approvals.'),
    text: commandText,
    limit: z.coerce.number().int().min(1).max(1000).optional().describe('Default 50; as text/csv: all.'),
    cursor,
    atLeast,
  })
  .refine(isBefore, BEFORE);
export type SessionListQuery = z.infer<typeof SessionListQuery>;

const after = z
  .union([z.literal('-1').transform(() => -1n), position])
  .describe('Events after this position, oldest first; -1 begins at the start.');

export const SessionQuery = z.strictObject({ after: after.optional(), limit: limit(200), atLeast });
export type SessionQuery = z.infer<typeof SessionQuery>;

export const SessionId = text(64);

const facets = {
  from: instant.optional().describe('Of sessions opened at or after.'),
  to: instant.optional().describe('Of sessions opened before.'),
  limit: limit(100),
  cursor,
};

export const IdentityListQuery = z
  .strictObject({ ...facets, kind, connection: text(1024).optional().describe('That had a session on it.') })
  .refine(isBefore, BEFORE);
export type IdentityListQuery = z.infer<typeof IdentityListQuery>;

export const ConnectionListQuery = z
  .strictObject({
    ...facets,
    type: text(64).optional(),
    identity: text(1024).optional().describe('That had a session there.'),
  })
  .refine(isBefore, BEFORE);
export type ConnectionListQuery = z.infer<typeof ConnectionListQuery>;

export const ConnectionName = text(1024);

export const TouchQuery = z
  .strictObject({ from: facets.from, to: facets.to, kind, limit: limit(100) })
  .refine(isBefore, BEFORE);
export type TouchQuery = z.infer<typeof TouchQuery>;

export const ApprovalListQuery = z
  .strictObject({
    from: instant.optional().describe('Recorded at or after.'),
    to: instant.optional().describe('Recorded before.'),
    state: z.enum(APPROVAL_ACTS).optional(),
    session: text(64).optional(),
    identity: text(1024).optional(),
    kind,
    connection: text(1024).optional(),
    limit: limit(100),
    cursor,
  })
  .refine(isBefore, BEFORE);
export type ApprovalListQuery = z.infer<typeof ApprovalListQuery>;

const EventTypes = z
  .string()
  .transform((list) => list.split(','))
  .pipe(z.array(z.enum([...EVENT_TYPES, 'quarantined'])).min(1))
  .describe('One type or several, with commas.');

export const EventListQuery = z
  .strictObject({
    after: after.optional(),
    before: z
      .union([z.literal('head'), position])
      .optional()
      .describe('Events before this position (or `head`: the end of the log), newest first.'),
    until: position.optional().describe('With `after`: only events before this position.'),
    from: instant.optional().describe('Recorded at or after.'),
    to: instant.optional().describe('Recorded before.'),
    limit: z.coerce.number().int().min(1).max(1000).optional().describe('Default 100; of a stream: all.'),
    type: EventTypes.optional(),
    session: text(64).optional(),
    identity: text(1024).optional(),
    kind,
    connection: text(1024).optional(),
    outcome: text(64).optional(),
    text: commandText,
    atLeast: atLeast.describe('With `text`, as for sessions: waits until this position can be searched.'),
  })
  .refine(isBefore, BEFORE)
  .refine((query) => query.atLeast === undefined || query.text !== undefined, {
    error: 'atLeast goes with text: everything else is seen at once',
  })
  .refine((query) => query.after === undefined || query.before === undefined, {
    error: 'after and before exclude each other',
  })
  .refine((query) => query.until === undefined || query.before === undefined, {
    error: 'until and before exclude each other',
  });
export type EventListQuery = z.infer<typeof EventListQuery>;

const PLANS = /^(replay|backfill)-[0-9a-z]{10}$/;
/** The largest delay that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

const bound = z
  .union([position.transform(String), instant], {
    error: 'must be a position, or an instant such as 2026-01-31T08:00:00Z',
  })
  .describe('A position, or an instant: the first position that was recorded then or later.');

const listOf = (most: number) => z.array(text(most)).min(1).max(1000);

export const BackfillBody = z.strictObject({
  destination: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be 1–40 of a-z, 0-9 and -'),
  kind: z
    .string()
    .regex(/^[a-z]{1,40}$/)
    .describe('Kind of the destination, such as `datadog`.'),
  selection: z
    .strictObject({
      types: listOf(64).exactOptional(),
      connections: listOf(1024).exactOptional(),
      identities: listOf(1024).exactOptional(),
    })
    .optional()
    .describe('Its filter, where the destination is not known yet.'),
  mappingVersion: z.int().positive(),
  from: bound.optional(),
  to: bound.optional().describe('Exclusive. Default: where the deliveries of the destination itself begin.'),
  query: text(4096).optional().describe('`type:… connection:… identity:… session:…`; several values with commas.'),
});
export type BackfillBody = z.infer<typeof BackfillBody>;

export const BackfillId = z.string().regex(PLANS, 'is no id of a backfill');
export const BackfillListQuery = z.strictObject({ limit: limit(50) });
export type BackfillListQuery = z.infer<typeof BackfillListQuery>;
export const BatchId = position;

const sender = z.string().regex(/^[\w.:-]{1,64}$/);

export const LeaseBody = z.strictObject({
  sender: sender.describe('Names the process that asks, for as long as it runs.'),
  leaseMs: z.int().min(1_000).max(3_600_000),
  maxEvents: z.int().min(1).max(10_000),
  maxBytes: z
    .int()
    .min(1)
    .max(64 * 1024 * 1024),
  mappingVersions: z.array(z.int().positive()).min(1).max(100),
  rate: z
    .strictObject({
      eventsPerSecond: z.number().positive().optional(),
      bytesPerSecond: z.number().positive().optional(),
    })
    .optional()
    .describe("The destination's own bound, over all its lanes."),
});
export type LeaseBody = z.infer<typeof LeaseBody>;

export const ReleaseBody = z.strictObject({ sender });
export type ReleaseBody = z.infer<typeof ReleaseBody>;

const answered = { status: z.int().min(0).max(999), reason: z.string().max(2_000) };
const waitMs = z.number().nonnegative().max(LONGEST_MS).exactOptional();
const Retry = z.strictObject({
  kind: z.literal('retry'),
  reason: answered.reason,
  mayBeStored: z.boolean(),
  status: answered.status.exactOptional(),
  waitMs,
});
const Accepted = z.strictObject({ kind: z.literal('accepted'), status: answered.status });
const Unauthorized = z.strictObject({
  kind: z.literal('unauthorized'),
  reason: answered.reason,
  status: answered.status.exactOptional(),
});
const TooLarge = z.strictObject({ kind: z.literal('too-large'), ...answered });
const Invalid = z.strictObject({ kind: z.literal('invalid'), ...answered });
const Refused = z.strictObject({
  kind: z.literal('refused'),
  reason: answered.reason,
  status: answered.status.exactOptional(),
});

const attempt = z.int().positive().describe('Of the lease.');
const elapsedMs = z.number().nonnegative().max(LONGEST_MS);

export const ResultBody = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('accepted'),
    attempt,
    answer: Accepted,
    purged: z.int().nonnegative().describe('Events of the batch that the record no longer has.'),
    late: z.int().nonnegative().describe('Events that show at the time of their receipt.'),
    elapsedMs,
  }),
  z.strictObject({
    outcome: z.literal('later'),
    attempt,
    answer: z.discriminatedUnion('kind', [Retry, Refused, Unauthorized, Invalid]),
    elapsedMs,
  }),
  z.strictObject({
    outcome: z.literal('split'),
    attempt,
    at: position.describe('Where the second part begins.'),
    answer: z.discriminatedUnion('kind', [Retry, Refused, Unauthorized, TooLarge, Invalid]),
    elapsedMs,
  }),
  z.strictObject({
    outcome: z.literal('dead'),
    attempt,
    body: z.string().max(2_000_000).describe('The one event of the batch, as it was rendered.'),
    answer: z.discriminatedUnion('kind', [Retry, Refused, Unauthorized, TooLarge, Invalid]),
    elapsedMs,
  }),
  z.strictObject({
    outcome: z.literal('unsent'),
    attempt,
    probe: z.boolean().describe('As the lease said it: the next one may then probe the destination at once.'),
  }),
  z.strictObject({ outcome: z.literal('reopened'), attempt }).describe('The destination takes requests again.'),
]);
export type ResultBody = z.infer<typeof ResultBody>;

export const ProducerListQuery = z.strictObject({
  node: z.string().regex(NODE_PATTERN).optional(),
  state: z.enum(['open', 'closed', 'forked', 'lost']).optional(),
  limit: limit(100),
});
export type ProducerListQuery = z.infer<typeof ProducerListQuery>;

export const NodeParameter = z.string().regex(NODE_PATTERN);
export const EpochParameter = z.string().regex(/^[0-9a-f]{16}$/);

export const DeclareLostBody = z.strictObject({
  to: z.coerce.number().int().positive().describe('The last number that will never come.'),
  reason: text(1024).optional(),
});
export type DeclareLostBody = z.infer<typeof DeclareLostBody>;

export const EnrolmentBody = z.strictObject({
  node: z.string().describe('1 to 40 of a-z, 0-9 and -.'),
  api: z
    .url({ protocol: /^https?$/ })
    .max(1024)
    .optional()
    .describe('Where that gateway reaches this API, if elsewhere.'),
  validMinutes: z
    .number()
    .int()
    .min(1)
    .max(7 * 24 * 60)
    .default(60),
});
export type EnrolmentBody = z.infer<typeof EnrolmentBody>;

export const NodeBody = z.strictObject({
  token: z.string().min(1).max(8192).describe('The one-time token of `POST /v1/enrolments`.'),
  publicKey: z.string().min(1).max(1024).describe("The node's Ed25519 public key: SPKI, DER in base64, or PEM."),
});
export type NodeBody = z.infer<typeof NodeBody>;

/** Limits are kept to the millisecond: what they say is what is compared. */
const wholeMillis = instant.refine(
  (value) => value.endsWith('000Z'),
  'must have no more than three digits of a second',
);

const KeyLimits = z
  .strictObject({
    from: wholeMillis.optional().describe('Events recorded, sessions opened at or after.'),
    to: wholeMillis.optional().describe('And before.'),
    connections: z.array(text(1024)).min(1).max(100).optional().describe('On one of these.'),
  })
  .refine((limits) => Object.values(limits).some((one) => one !== undefined), 'must limit something')
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, 'from must be before to');

export const KeyBody = z
  .strictObject({
    role: z.enum(API_ROLES),
    label: text(200).optional(),
    expiresAt: instant.optional(),
    limits: KeyLimits.optional().describe('Of an auditor: nothing beyond them is shown, nor that it is there.'),
  })
  .refine(({ role, limits }) => limits === undefined || role === 'auditor', 'only an auditor has limits');
export type KeyBody = z.infer<typeof KeyBody>;

/** Types of events that are meant, those of quarantined ones among them. */
const eventTypes = z
  .array(z.enum([...EVENT_TYPES, 'quarantined']))
  .min(1)
  .max(64);

export const HoldBody = z
  .strictObject({
    session: text(64).optional(),
    identity: text(1024).optional(),
    kind: z.enum(['agent', 'human', 'service']).optional(),
    connection: text(1024).optional(),
    types: eventTypes.optional(),
    outcome: text(64).optional(),
    from: instant.optional().describe('What happened, or was recorded, at or after.'),
    to: instant.optional().describe('And before.'),
    matter: text(200).describe('The number under which lawyers know it.'),
    reason: text(1024),
  })
  .refine(({ matter: _, reason: __, ...selection }) => Object.values(selection).some((one) => one !== undefined), {
    error: 'select at least one of session, identity, kind, connection, types, outcome, from, to',
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, { error: 'from must be before to' });
export type HoldBody = z.infer<typeof HoldBody>;

export const HoldId = z.string().regex(/^hold-[0-9a-z]{10}$/, 'must be the id of a hold');
export const HoldListQuery = z.strictObject({
  all: z.enum(['true', 'false']).optional().describe('Also those that were released.'),
});
export type HoldListQuery = z.infer<typeof HoldListQuery>;
export const HoldReleaseBody = z.strictObject({ reason: text(1024) });
export type HoldReleaseBody = z.infer<typeof HoldReleaseBody>;

export const RetentionChangeBody = z.strictObject({
  class: z.string().regex(CLASS_PATTERN, 'must be the name of a class: 1–16 of a-z and 0-9'),
  keep: z
    .string()
    .transform((given, context) => {
      if (given === 'forever') return null;
      const ms = parseKeepMs(given);
      if (ms !== undefined) return ms;
      context.issues.push({ code: 'custom', message: 'must be a time (400d, 7y) or forever', input: given });
      return z.NEVER;
    })
    .describe('`400d`, `7y` or `forever`.'),
  requirements: z.array(text(40)).max(16).optional().describe('Absent: as they are.'),
  reason: text(1024),
});
export type RetentionChangeBody = z.infer<typeof RetentionChangeBody>;
/** Of a change, or of a run. */
export const NumberId = position;
export const PlanQuery = z.strictObject({ at: instant.optional().describe('As of when; default: now.') });
export type PlanQuery = z.infer<typeof PlanQuery>;
export const RunListQuery = z.strictObject({ limit: limit(20) });
export type RunListQuery = z.infer<typeof RunListQuery>;

export const KeyId = z.uuid();

export const KeyRotationBody = z
  .strictObject({
    overlapMinutes: z
      .int()
      .min(0)
      .max(30 * 24 * 60)
      .default(24 * 60)
      .describe('For how long the secret that is replaced still opens; 0 where somebody else may have it.'),
  })
  .prefault({});
export type KeyRotationBody = z.infer<typeof KeyRotationBody>;

export const EventId = z.string().regex(/^[0-9a-f]{16}\.[1-9]\d{0,15}$/, 'must be an event id: <epoch>.<seq>');

/** A position as digits, or an instant in the record's own form. */
const place = z
  .union([position.transform(String), instant])
  .describe('A position, or an instant: then what was recorded from it on.');

export const ReconciliationBody = z.strictObject({
  destination: text(40).optional().describe('Default: the only one that can be read back.'),
  from: place.optional().describe('Default: a day ago.'),
  to: place.optional().describe('Exclusive. Default: the end of the log.'),
  sendMissing: z.boolean().default(false).describe('Send once more what is lost and was never sent again.'),
});
export type ReconciliationBody = z.infer<typeof ReconciliationBody>;

export const ReconciliationListQuery = z.strictObject({ limit: limit(20) });
export type ReconciliationListQuery = z.infer<typeof ReconciliationListQuery>;

export const ReconciliationQuery = z.strictObject({ limit: limit(1000) });
export type ReconciliationQuery = z.infer<typeof ReconciliationQuery>;

export const ReconciliationId = text(64);

export const ExportBody = z.strictObject({
  kind: z
    .enum(EXPORT_KINDS)
    .default('events')
    .describe(
      '`evidence`: a bundle that proves itself without this API, see docs/evidence-format.md; its format is `zip`.',
    ),
  format: z
    .enum(EXPORT_FORMATS)
    .describe('`ndjson`: the recorded bytes, an event a line; `csv` and `json`: for people; `zip`: of evidence.'),
  from: place.optional().describe('The first position, or instant of recording. Default: the start of the log.'),
  to: place
    .optional()
    .describe('The first position or instant that no longer belongs to it. Default: the end of the log, now.'),
  session: text(64).optional(),
  identity: text(1024).optional(),
  connection: text(1024).optional(),
  types: eventTypes.optional(),
  force: z
    .boolean()
    .default(false)
    .describe('Also where the range is known not to be as it was recorded; the manifest then names what differs.'),
});
export type ExportBody = z.infer<typeof ExportBody>;
export const ExportId = z.string().regex(/^export-[0-9a-z]{10}$/, 'must be the id of an export');
export const ExportListQuery = z.strictObject({ limit: limit(50) });
export type ExportListQuery = z.infer<typeof ExportListQuery>;
export const DownloadQuery = z.strictObject({
  file: z.enum(EXPORT_FILES),
  expires: z.coerce.number().int().nonnegative().max(9_999_999_999),
  signature: z.string().regex(/^[\w-]{1,64}$/),
});
export type DownloadQuery = z.infer<typeof DownloadQuery>;

export const NoQuery = z.strictObject({});

/** An act that needs nothing said beside its address. */
export const NoBody = z.strictObject({}).optional();

const destination = z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be the name of a destination');
const lane = z.enum(LANES);
export const ReplayBody = z.strictObject({
  destination: destination.optional().describe('May be left out where there is only one.'),
  from: place.optional().describe('The first position, or instant of recording. Default: the start of the log.'),
  to: place
    .optional()
    .describe('The first position or instant that no longer belongs to it. Default: the end of the log.'),
  session: text(64).optional(),
  query: text(4096)
    .optional()
    .describe('Terms that must all hold: `type:… connection:… identity:… session:…`; several values with commas.'),
  missingOnly: z.boolean().optional().describe('Leave out what is accepted, observed or on its way.'),
});
export type ReplayBody = z.infer<typeof ReplayBody>;

export const ReplayListQuery = z.strictObject({
  destination: destination.optional(),
  state: z.enum(['planning', 'planned', 'running', 'paused', 'finished', 'cancelled', 'failed']).optional(),
  limit: limit(50),
});
export type ReplayListQuery = z.infer<typeof ReplayListQuery>;

export const ReplayId = z.string().regex(/^replay-[0-9a-z]{10}$/, 'must be the id of a replay');

export const BlockListQuery = z.strictObject({ after: after.optional(), limit: limit(200) });
export type BlockListQuery = z.infer<typeof BlockListQuery>;

export const DeadLetterListQuery = z.strictObject({
  destination: destination.optional(),
  state: z.enum(['open', 'retried', 'discarded', 'any']).default('open'),
  limit: limit(100),
  cursor: z
    .string()
    .regex(/^[a-z0-9-]{1,40}\.\d{1,18}$/, 'is no `next` of a page')
    .transform((cursor) => {
      const [name = '', at = '0'] = cursor.split('.');
      return { destination: name, position: BigInt(at) };
    })
    .optional()
    .describe('`next` of the page before.'),
});
export type DeadLetterListQuery = z.infer<typeof DeadLetterListQuery>;

export const DestinationParameter = destination;
export const PositionParameter = position;

const chosen = {
  destination: destination.optional().describe('May be left out where there is only one.'),
  positions: z.array(position).min(1).max(1_000).optional().describe('Of the dead letters that are meant.'),
  all: z.literal(true).optional().describe('All that are open at this destination.'),
};
const oneOfBoth = (body: { positions?: unknown; all?: unknown }) =>
  (body.positions === undefined) !== (body.all === undefined);
const ONE_OF_BOTH = { error: 'needs either positions or all: true' };

export const RetryBody = z.strictObject(chosen).refine(oneOfBoth, ONE_OF_BOTH);
export type RetryBody = z.infer<typeof RetryBody>;

export const DiscardBody = z
  .strictObject({ ...chosen, reason: text(1024).describe('Why this destination need not have them.') })
  .refine(oneOfBoth, ONE_OF_BOTH);
export type DiscardBody = z.infer<typeof DiscardBody>;

export const BatchListQuery = z.strictObject({
  destination: destination.optional(),
  lane: lane.optional(),
  state: z.enum(['due', 'sending', 'accepted', 'observed', 'doubt', 'split', 'dead', 'paused', 'cancelled']).optional(),
  plan: z
    .string()
    .regex(/^(replay|backfill)-[0-9a-z]{10}$/)
    .optional()
    .describe('Of this replay or backfill.'),
  position: position.optional().describe('Of batches that cover it.'),
  limit: limit(50),
  cursor: position.optional().describe('`next` of the page before.'),
});
export type BatchListQuery = z.infer<typeof BatchListQuery>;

export const SweepBody = z.strictObject({ destination: destination.optional() }).optional();
export type SweepBody = z.infer<typeof SweepBody>;

/** Milliseconds of an instant that has passed {@link KeyBody}. */
export function millisOf(instantText: string): number {
  return Number(microsOfInstant(instantText) / 1000n);
}
