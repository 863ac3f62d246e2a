import { z } from 'zod';
import { type CanonicalValue, canonicalBytes, parseCanonical } from './canonical.js';
import { EventError } from './errors.js';
import { CLASS_PATTERN, EPOCH_PATTERN, type Epoch, eventIdOf, NODE_PATTERN, type NodeName, type Seq } from './ids.js';
import { INSTANT_PATTERN } from './time.js';

const count = z.int().nonnegative();
const instant = z.string().regex(INSTANT_PATTERN);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const epoch = z.string().regex(EPOCH_PATTERN);
const shortText = z.string().max(1024);

/**
 * Bytes from a wire, shown as text where they decode (NUL written as `\u0000`), else base64.
 * `bytes` and `sha256` are of the raw form and of the whole, also where only the beginning is held here.
 */
export const WireText = z.object({
  text: z.string().optional(),
  base64: z.string().optional(),
  bytes: count,
  sha256,
  /** Number of `command.chunk` events that hold the whole; 0 or absent: it is all here. */
  chunks: count.optional(),
  /** The id under which those chunks stand, where it is not this command's: a large prepared statement is recorded once. */
  chunksOf: z.string().max(1024).optional(),
  /** True where `text` or `base64` is only the beginning. */
  truncated: z.boolean().optional(),
});
export type WireText = z.infer<typeof WireText>;

/** Who acts. What the token proves is in `verified`; all else is the client's claim and is shown as such. */
export const Identity = z.object({
  id: shortText,
  kind: z.enum(['agent', 'human', 'service']),
  email: shortText.optional(),
  name: shortText.optional(),
  /** Who vouched for the identity, for example `affidavit.yaml`. */
  provider: shortText.optional(),
  onBehalfOf: shortText.optional(),
  /** True where a credential proved it; false for a name that was only claimed (a refused login). */
  verified: z.boolean(),
});
export type Identity = z.infer<typeof Identity>;

export const ConnectionRef = z.object({
  name: shortText,
  /** Protocol family, for example `postgres`. */
  type: shortText,
  sensitivity: z.enum(['normal', 'sensitive']).optional(),
});
export type ConnectionRef = z.infer<typeof ConnectionRef>;

export const Approval = z.object({
  required: z.boolean(),
  state: z.enum(['none', 'requested', 'granted', 'rejected', 'expired', 'bypassed']),
  by: shortText.optional(),
  id: shortText.optional(),
});
export type Approval = z.infer<typeof Approval>;

const Client = z.object({
  address: shortText,
  port: count,
  application: shortText.optional(),
  tls: z.boolean(),
});
const Target = z.object({ host: shortText, port: count, database: shortText.optional(), user: shortText.optional() });
const Failure = z.object({ code: shortText, message: shortText });
const ProducerPoint = z.object({ epoch, seq: count, chain: sha256 });

export const Outcome = z.enum(['success', 'failure', 'denied', 'cancelled', 'skipped', 'unknown', 'abandoned']);
export type Outcome = z.infer<typeof Outcome>;

/** The data of each type of event. Additive changes only; anything else is a new version of the envelope. */
export const EVENT_DATA = {
  'session.opened': z.object({
    client: Client,
    target: Target,
    /** Startup settings that the client sent and the gateway passed on. */
    settings: z.record(z.string(), shortText).optional(),
    approval: Approval,
  }),
  'session.denied': z.object({
    client: Client,
    error: Failure,
    claimedUser: shortText.optional(),
    claimedConnection: shortText.optional(),
  }),
  /** The whole session in one event: what the dashboard and the monitors are built on. */
  'session.closed': z.object({
    outcome: Outcome,
    reason: shortText,
    openedAt: instant,
    durationUs: count,
    commands: count,
    failed: count,
    rows: count,
    bytesIn: count,
    bytesOut: count,
    client: Client,
    target: Target,
    approval: Approval,
    /** The first and the last commands, each cut to 200 characters; the whole stands in `command.issued`. */
    context: z.array(z.string().max(256)).max(10),
    error: Failure.optional(),
  }),
  'session.abandoned': z.object({
    openedAt: instant.optional(),
    by: z.enum(['producer', 'person']),
    reason: shortText,
  }),
  'command.issued': z.object({
    command: shortText,
    /** Wire message that carried it: a simple query, a bound portal, a function call, or a cancel request. */
    kind: z.enum(['query', 'bind', 'execute', 'function', 'cancel']),
    statement: WireText.optional(),
    /** Parameters in order; null is SQL NULL. */
    parameters: z.array(z.union([WireText, z.null()])).optional(),
    /** Parameters beyond the size that one event holds: all of them, as they stood on the wire. */
    parametersRaw: WireText.optional(),
    statementName: shortText.optional(),
    portal: shortText.optional(),
    /** True where the wire never showed the text (SQL-level PREPARE or DECLARE). */
    unresolved: z.boolean().optional(),
    functionOid: count.optional(),
    /** For kind `cancel`: the session whose command is to be cancelled. */
    cancels: shortText.optional(),
    encoding: shortText.optional(),
    approval: Approval,
  }),
  'command.completed': z.object({
    command: shortText,
    outcome: Outcome,
    tags: z.array(z.string().max(64)).max(16).optional(),
    /** Number of tags, where more came than are listed. */
    tagCount: count.optional(),
    rows: count,
    bytesOut: count,
    bytesIn: count.optional(),
    durationUs: count,
    /** Whether the transaction it ran in committed, as far as the wire tells. */
    committed: z.enum(['yes', 'no', 'unknown']),
    error: z
      .object({
        sqlstate: z.string().max(5),
        severity: z.string().max(16).optional(),
        message: z.string().max(512),
        stage: z.string().max(16).optional(),
      })
      .optional(),
  }),
  'command.chunk': z.object({
    command: shortText,
    part: z.enum(['statement', 'parameters']),
    /** From 1, in order. */
    index: count,
    text: z.string().optional(),
    base64: z.string().optional(),
    bytes: count,
    sha256,
  }),
  'approval.requested': z.object({
    approval: shortText,
    command: shortText.optional(),
    digest: sha256.optional(),
    reason: shortText.optional(),
  }),
  'approval.granted': z.object({
    approval: shortText,
    command: shortText.optional(),
    digest: sha256.optional(),
    by: shortText,
    reason: shortText.optional(),
  }),
  'approval.rejected': z.object({
    approval: shortText,
    command: shortText.optional(),
    digest: sha256.optional(),
    by: shortText,
    reason: shortText.optional(),
  }),
  'approval.expired': z.object({ approval: shortText, command: shortText.optional() }),
  'approval.bypassed': z.object({
    approval: shortText.optional(),
    command: shortText.optional(),
    by: shortText.optional(),
    reason: shortText,
  }),
  /** `asked`: the first question of the sitting. */
  'record.read': z.object({ key: shortText, what: shortText, count: count.optional(), asked: shortText.optional() }),
  /** What a sitting of reads got, as it ends: how many answers, with how many rows or events. A process of the API says its own part. */
  'record.answered': z.object({ key: shortText, what: shortText, since: instant, reads: count, count }),
  /** Written before the first byte can be fetched. */
  'record.exported': z.object({
    key: shortText,
    what: shortText,
    count: count.optional(),
    /** SHA-256 of the file. */
    digest: sha256.optional(),
    export: shortText.optional(),
    bytes: count.optional(),
    /** Positions; `to` is exclusive. */
    from: z.string().optional(),
    to: z.string().optional(),
    /** What was asked for, as JSON: from, to, session, identity, connection, types, and the limits of the key. */
    selection: z.string().max(1_048_576).optional(),
  }),
  /** The file goes before its time, or the job ends; row and manifest stay. */
  'export.deleted': z.object({ export: shortText, by: shortText }),
  /** What is recorded was read again, all `size` positions of it. */
  'record.verified': z.object({ size: z.string(), differences: count, seconds: count }),
  /** A position is not as it was recorded. `code`: what differs; see docs/evidence.md. */
  'record.differs': z.object({ position: z.string(), code: shortText, message: shortText }),
  'replay.planned': z.object({
    replay: shortText,
    what: shortText,
    count,
    destination: shortText.optional(),
    by: shortText.optional(),
  }),
  'replay.started': z.object({ replay: shortText, by: shortText.optional() }),
  'replay.paused': z.object({ replay: shortText, by: shortText }),
  'replay.resumed': z.object({ replay: shortText, by: shortText }),
  'replay.cancelled': z.object({ replay: shortText, by: shortText }),
  'replay.finished': z.object({
    replay: shortText,
    outcome: Outcome,
    sent: count,
    late: count.optional(),
    by: shortText.optional(),
  }),
  'backfill.planned': z.object({
    backfill: shortText,
    what: shortText,
    count,
    destination: shortText.optional(),
    by: shortText.optional(),
  }),
  'backfill.started': z.object({ backfill: shortText, by: shortText.optional() }),
  'backfill.paused': z.object({ backfill: shortText, by: shortText }),
  'backfill.resumed': z.object({ backfill: shortText, by: shortText }),
  'backfill.finished': z.object({
    backfill: shortText,
    outcome: Outcome,
    sent: count,
    late: count.optional(),
    dead: count.optional(),
    purged: count.optional(),
    possibleDuplicates: count.optional(),
    by: shortText.optional(),
  }),
  /** What lay behind when live went on at the head after an outage is delivered. `late`: shows at its receipt time. */
  'catchup.finished': z.object({
    destination: shortText,
    from: z.string(),
    to: z.string(),
    sent: count,
    late: count,
    dead: count,
  }),
  /** A destination refuses an event for good; the event itself stands in the record. */
  'deadletter.opened': z.object({ destination: shortText, event: shortText, position: z.string(), reason: shortText }),
  'deadletter.retried': z.object({ destination: shortText, count, by: shortText, events: z.array(shortText).max(100) }),
  'deadletter.discarded': z.object({
    destination: shortText,
    count,
    by: shortText,
    reason: shortText,
    events: z.array(shortText).max(100),
  }),
  /** From which position to which (exclusive) a destination is to be compared with the record, and whether what is missing is sent. */
  'reconciliation.requested': z.object({
    reconciliation: shortText,
    destination: shortText,
    from: z.string(),
    to: z.string(),
    sendsMissing: z.boolean(),
    by: shortText,
  }),
  /** What the record and a destination were found to differ in. */
  'reconciliation.finished': z.object({
    reconciliation: shortText,
    destination: shortText,
    from: z.string(),
    to: z.string(),
    outcome: Outcome,
    checked: count,
    missing: count,
    resent: count,
    duplicated: count,
    altered: count,
    by: shortText.optional(),
  }),
  'hold.placed': z.object({
    hold: shortText,
    by: shortText,
    reason: shortText,
    matter: shortText.optional(),
    /** What it keeps, as JSON: session, identity, kind, connection, types, outcome, from, to. */
    selection: z.string().max(8192).optional(),
  }),
  'hold.released': z.object({ hold: shortText, by: shortText, reason: shortText, matter: shortText.optional() }),
  'retention.changed': z.object({
    class: shortText,
    keep: shortText,
    previous: shortText.optional(),
    by: shortText,
    /** The second person, without whom nothing is kept shorter. */
    confirmedBy: shortText.optional(),
    reason: shortText.optional(),
    requirements: z.array(shortText).max(16).optional(),
  }),
  /** A change that keeps less: it waits for a second person. */
  'retention.proposed': z.object({
    change: shortText,
    class: shortText,
    keep: shortText,
    requirements: z.array(shortText).max(16).optional(),
    by: shortText,
    reason: shortText,
  }),
  'retention.withdrawn': z.object({ change: shortText, class: shortText, by: shortText }),
  /** A run begins; `count` partitions are to go, of which the first hundred are named. */
  'retention.planned': z.object({
    run: shortText,
    by: shortText,
    count,
    partitions: z.array(shortText).max(100),
  }),
  'retention.purged': z.object({ class: shortText, from: instant, to: instant, count, digest: sha256 }),
  /** The note is the checkpoint as /log/checkpoint serves it; `root` is its root in hexadecimal. */
  'checkpoint.signed': z.object({
    log: shortText,
    generation: count,
    size: z.string(),
    root: sha256,
    note: z.string().max(65_536),
  }),
  /** Another key signs from here on; `statement` is what the previous one signed to that end, where it was at hand. */
  'checkpoint.rekeyed': z.object({ key: shortText, previous: shortText.optional(), statement: shortText.optional() }),
  /** A copy kept elsewhere names another root for a size that is recorded here: somebody changed what is recorded. */
  'checkpoint.contradicted': z.object({
    generation: count,
    size: z.string(),
    root: sha256,
    knownRoot: sha256,
    source: shortText,
  }),
  'key.created': z.object({
    key: shortText,
    role: shortText,
    by: shortText,
    expiresAt: instant.optional(),
    /** To what an auditor's key is limited. */
    limits: z
      .object({
        from: instant.optional(),
        to: instant.optional(),
        connections: z.array(shortText).max(100).optional(),
      })
      .optional(),
  }),
  /** `previousUntil`: until when the secret that was replaced opens, too. */
  'key.rotated': z.object({ key: shortText, by: shortText, previousUntil: instant.optional() }),
  'key.revoked': z.object({ key: shortText, by: shortText }),
  /**
   * The API let somebody not in, or not so far. The first such attempt of an address within a minute is recorded at once; those that
   * follow are summed, with `since` as the time of the first.
   */
  'access.refused': z.object({
    address: shortText,
    code: shortText,
    /** Method and route, without what was filled into it. */
    what: shortText,
    count,
    /** The key that was used, or whose prefix was. */
    key: shortText.optional(),
    since: instant.optional(),
  }),
  'enrolment.created': z.object({ node: shortText, by: shortText, expiresAt: instant }),
  'loss.declared': z.object({ node: shortText, epoch, to: count, by: shortText, reason: shortText.optional() }),
  'node.enrolled': z.object({ node: shortText, keyId: shortText, by: shortText }),
  'producer.started': z.object({ version: shortText, previous: ProducerPoint.optional() }),
  /** Every few minutes, however quiet it is: silence then means that something is wrong. */
  'producer.alive': z.object({ upSeconds: count }),
  'producer.stopped': z.object({ reason: shortText }),
  'producer.forked': z.object({ node: shortText, epoch, seq: count, recordedChain: sha256, foundChain: sha256 }),
  /** Entries in a producer's stream that no enrolled key signed, or that say something else than what is recorded. */
  'producer.foreign': z.object({
    node: shortText,
    stream: shortText,
    entry: shortText,
    digest: sha256,
    reason: shortText,
    count,
  }),
  'producer.lost': z.object({
    node: shortText,
    epoch,
    from: count,
    to: count,
    by: z.enum(['producer', 'person']),
    reason: shortText.optional(),
  }),
  /**
   * The log goes on from size `to`, as another generation, because PostgreSQL lost what lay between it and `from`, the furthest that a copy
   * elsewhere (`source`) tells of.
   */
  'log.restored': z.object({
    generation: count,
    previous: count,
    from: z.string(),
    to: z.string(),
    lastKnownRoot: sha256.optional(),
    source: shortText,
  }),
} as const;

export type EventType = keyof typeof EVENT_DATA;
export type EventData<T extends EventType> = z.infer<(typeof EVENT_DATA)[T]>;
export const EVENT_TYPES = Object.keys(EVENT_DATA) as EventType[];

/** Version of the envelope. */
export const ENVELOPE_VERSION = 1;

const Envelope = z.strictObject({
  v: z.literal(ENVELOPE_VERSION),
  /** `<epoch>.<seq>`; unique for ever. */
  id: z.string(),
  type: z.enum(EVENT_TYPES as [EventType, ...EventType[]]),
  /** When it happened, by the producer's clock. */
  time: instant,
  node: z.string().regex(NODE_PATTERN),
  epoch,
  seq: z.int().positive(),
  /** Retention class, stamped by the producer; the recorder may record it under a longer one. */
  class: z.string().regex(CLASS_PATTERN),
  session: z.string().max(64).optional(),
  identity: Identity.optional(),
  connection: ConnectionRef.optional(),
  data: z.looseObject({}),
});

interface EnvelopeFields {
  v: typeof ENVELOPE_VERSION;
  id: string;
  time: string;
  node: NodeName;
  epoch: Epoch;
  seq: Seq;
  class: string;
  session?: string | undefined;
  identity?: Identity | undefined;
  connection?: ConnectionRef | undefined;
}

/** One recorded fact. `type` decides the shape of `data`. */
export type AuditEvent<T extends EventType = EventType> = {
  [K in T]: EnvelopeFields & { type: K; data: EventData<K> };
}[T];

/** An event before its producer gave it node, epoch and number. */
export type EventDraft<T extends EventType = EventType> = {
  [K in T]: Pick<EnvelopeFields, 'time' | 'class' | 'session' | 'identity' | 'connection'> & {
    type: K;
    data: EventData<K>;
  };
}[T];

/** Gives a draft its place in an epoch. The result's canonical bytes are what is hashed and stored. */
export function stampEvent(draft: EventDraft, node: NodeName, epoch: Epoch, seq: number): AuditEvent {
  return { v: ENVELOPE_VERSION, id: eventIdOf(epoch, seq), node, epoch, seq: seq as Seq, ...draft } as AuditEvent;
}

/**
 * The canonical bytes of an event.
 * @throws EVENT_NOT_CANONICAL
 */
export function encodeEvent(event: AuditEvent): Buffer {
  return canonicalBytes(event as unknown as CanonicalValue);
}

/**
 * Reads recorded bytes: canonical, and an envelope and data of this version.
 * @throws EVENT_NOT_CANONICAL, EVENT_INVALID (names the first offending path)
 */
export function decodeEvent(bytes: Buffer): AuditEvent {
  const value = parseCanonical(bytes);
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) throw invalid(envelope.error);
  const data = EVENT_DATA[envelope.data.type].safeParse(envelope.data.data);
  if (!data.success) throw invalid(data.error, 'data.');
  if (envelope.data.id !== `${envelope.data.epoch}.${envelope.data.seq}`) {
    throw new EventError({
      code: 'EVENT_INVALID',
      message: `id ${envelope.data.id} is not <epoch>.<seq>`,
      remedy: 'Events are made by stampEvent only.',
      retry: 'never',
    });
  }
  // The value, not zod's copy: members that a later minor version added stay as they were signed.
  return value as unknown as AuditEvent;
}

function invalid(error: z.ZodError, prefix = ''): EventError {
  const issue = error.issues[0];
  return new EventError({
    code: 'EVENT_INVALID',
    message: `${prefix}${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not an event'}`,
    remedy: 'The event was made by another version or by a stranger; see docs/reference/events.md.',
    retry: 'never',
  });
}
