import { type CanonicalValue, canonicalJson, EPOCH_PATTERN, INSTANT_PATTERN, NODE_PATTERN } from '#events';
import { toBase64 } from '../native-bytes.js';
import { toHex } from '../text-bytes.js';
import { type TileAddress, tilePath } from '../tile-path.js';
import {
  anyObject,
  base64,
  count,
  either,
  type Form,
  hex,
  list,
  matching,
  nullable,
  position,
  record,
  text,
} from './form.js';

// The members of a bundle: their names, what they look like, and how they are written. docs/evidence-format.md is the whole of it.

export const EVIDENCE_FORMAT = 'affidavit/evidence/1';

/** All members, in the order in which they stand. */
export const MEMBERS = [
  ...(['manifest.json', 'checkpoints.ndjson', 'keys.json', 'runs.ndjson', 'tiles.ndjson', 'events.ndjson'] as const),
  ...(['supporting.ndjson', 'quarantined.ndjson', 'sessions.json', 'sessions.csv', 'receipts.ndjson'] as const),
  ...(['holds.json', 'retention.json', 'README.txt', 'report.html', 'seal.json'] as const),
] as const;
export type MemberName = (typeof MEMBERS)[number];

/** Those that the manifest names: all but itself and the seal, which swears to it. */
export const LISTED_MEMBERS = MEMBERS.slice(1, -1);

const instant = matching(INSTANT_PATTERN, 'a time: RFC 3339, UTC, six digits');
const node = matching(NODE_PATTERN, 'the name of a node');

/** What a bundle is about. */
export interface Scope {
  /** range: all of `[from, to)`; selection: what of it a query fits. */
  kind: 'range' | 'selection';
  from: number;
  to: number;
  /** As asked for: session, identity, connection, types; and the limits of the key. */
  selection?: Record<string, unknown> | undefined;
}

export interface Manifest {
  format: typeof EVIDENCE_FORMAT;
  log: string;
  generation: number;
  madeAt: string;
  software: string;
  scope: Scope;
  /** The anchor: the last line of checkpoints.ndjson. */
  checkpoint: { origin: string; size: number; root: Uint8Array };
  counts: Counts;
  findings: { code: string; message: string; position?: number | undefined }[];
  members: { name: string; bytes: number; sha256: Uint8Array }[];
}

export interface Counts {
  events: number;
  supporting: number;
  quarantined: number;
  runs: number;
  tiles: number;
  sessions: number;
  checkpoints: number;
}

export const manifestForm: Form<Manifest> = record({
  format: either(EVIDENCE_FORMAT),
  log: matching(/^[!-*,-.0-~]{1,64}$/, 'the name of a log'),
  generation: count,
  madeAt: instant,
  software: text,
  scope: record({ kind: either('range', 'selection'), from: position, to: position }, { selection: anyObject }),
  checkpoint: record({ origin: text, size: count, root: hex(32) }),
  counts: record({
    ...{ events: count, supporting: count, quarantined: count, runs: count, tiles: count, sessions: count },
    checkpoints: count,
  }),
  findings: list(record({ code: text, message: text }, { position })),
  members: list(record({ name: text, bytes: count, sha256: hex(32) })),
});

/** A line of checkpoints.ndjson. */
export interface CheckpointLine {
  note: string;
  /** Consistency proof from the line that it continues. */
  proof: Uint8Array[];
  /** Id of the event log.restored, where this line begins a generation. */
  restored?: string | undefined;
}

export const checkpointLineForm: Form<CheckpointLine> = record(
  { note: text, proof: list(base64(32)) },
  { restored: text },
);

export interface EvidenceKeys {
  /** Keys that sign or signed checkpoints. */
  checkpoint: {
    publicKey: Uint8Array;
    since: string;
    previous?: Uint8Array | undefined;
    /** By the previous key: that this one follows it. */
    statement?: Uint8Array | undefined;
  }[];
  producers: {
    node: string;
    keyId: Uint8Array;
    /** SubjectPublicKeyInfo, DER. */
    publicKey: Uint8Array;
    enrolledAt: string;
    revokedAt?: string | undefined;
  }[];
}

export const keysForm: Form<EvidenceKeys> = record({
  checkpoint: list(record({ publicKey: base64(32), since: instant }, { previous: base64(32), statement: base64(64) })),
  producers: list(record({ node, keyId: hex(8), publicKey: base64(), enrolledAt: instant }, { revokedAt: instant })),
});

/** A line of runs.ndjson: events of one epoch that took adjoining positions in one transaction. */
export interface RunLine {
  /** Position of its first event. */
  first: number;
  node: string;
  /** Chain of the epoch before its first event. */
  chainBefore: Uint8Array;
  /** Leaf data, one behind the other. */
  leaves: Uint8Array;
  /** What the producer signed: header of a frame, chain after the last event, signature. Null before the log kept any. */
  head: Uint8Array | null;
}

export const runLineForm: Form<RunLine> = record({
  ...{ first: position, node, chainBefore: hex(32), leaves: base64(), head: nullable(base64()) },
});

/** A line of tiles.ndjson. */
export interface TileLine {
  /** See tilePath. */
  tile: string;
  hashes: Uint8Array;
}

export const tileLineForm: Form<TileLine> = record({ tile: text, hashes: base64() });

/** A line of quarantined.ndjson: bytes that have their place in the log, and are no event. */
export interface QuarantinedLine {
  position: number;
  reason: string;
  body: Uint8Array;
}

export const quarantinedLineForm: Form<QuarantinedLine> = record({ position, reason: text, body: base64() });

/** Under which the log swears to the manifest, and so to every byte of the bundle. */
export interface Seal {
  /** Exact bytes of the event record.exported. */
  event: string;
  run: RunLine;
  /** The event's position. */
  index: number;
  /** Its inclusion in the tree of the sealing checkpoint. */
  proof: Uint8Array[];
  /** The sealing checkpoint. */
  note: string;
  /** From the anchor to the sealing checkpoint. */
  consistency: Uint8Array[];
}

export const sealForm: Form<Seal> = record({
  ...{
    event: text,
    run: runLineForm,
    index: position,
    proof: list(base64(32)),
    note: text,
    consistency: list(base64(32)),
  },
});

/** Id of an event: `<epoch>.<seq>`. Undefined where the text is none. */
export function parseEventId(id: string): { epoch: string; seq: number } | undefined {
  const [epoch = '', digits = ''] = id.split('.');
  const seq = Number(digits);
  return EPOCH_PATTERN.test(epoch) && Number.isSafeInteger(seq) && `${epoch}.${seq}` === id
    ? { epoch, seq }
    : undefined;
}

// ── How they are written ────────────────────────────────────────────────────────────────────────────────────────────────

/** Canonical JSON without a newline: the whole of a .json member, a line of a .ndjson one. */
type Text = string;

export function encodeManifest({ scope, checkpoint, findings, members, ...rest }: Manifest): Text {
  return canonicalJson({
    ...rest,
    counts: { ...rest.counts },
    scope: {
      kind: scope.kind,
      from: String(scope.from),
      to: String(scope.to),
      selection: scope.selection as CanonicalValue | undefined,
    },
    checkpoint: { ...checkpoint, root: toHex(checkpoint.root) },
    findings: findings.map(({ code, message, position: at }) => ({
      ...{ code, message, position: at === undefined ? undefined : String(at) },
    })),
    members: members.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256: toHex(sha256) })),
  });
}

export function encodeCheckpointLine({ note, proof, restored }: CheckpointLine): Text {
  return canonicalJson({ note, proof: proof.map(toBase64), restored });
}

export function encodeKeys(keys: EvidenceKeys): Text {
  return canonicalJson({
    checkpoint: keys.checkpoint.map(({ publicKey, since, previous, statement }) => ({
      publicKey: toBase64(publicKey),
      since,
      previous: previous && toBase64(previous),
      statement: statement && toBase64(statement),
    })),
    producers: keys.producers.map(({ keyId, publicKey, ...rest }) => ({
      ...rest,
      keyId: toHex(keyId),
      publicKey: toBase64(publicKey),
    })),
  });
}

function runValue({ first, node: name, chainBefore, leaves, head }: RunLine): CanonicalValue {
  return {
    first: String(first),
    node: name,
    chainBefore: toHex(chainBefore),
    leaves: toBase64(leaves),
    head: head && toBase64(head),
  };
}

export function encodeRunLine(run: RunLine): Text {
  return canonicalJson(runValue(run));
}

export function encodeTileLine(address: TileAddress, hashes: Uint8Array): Text {
  return canonicalJson({ tile: tilePath(address), hashes: toBase64(hashes) });
}

export function encodeQuarantinedLine({ position: at, reason, body }: QuarantinedLine): Text {
  return canonicalJson({ position: String(at), reason, body: toBase64(body) });
}

export function encodeSeal({ event, run, index, proof, note, consistency }: Seal): Text {
  return canonicalJson({
    ...{ event, note, run: runValue(run), index: String(index) },
    proof: proof.map(toBase64),
    consistency: consistency.map(toBase64),
  });
}
