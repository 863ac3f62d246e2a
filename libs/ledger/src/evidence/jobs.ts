import { sha256Into } from '../chain.js';
import { type Checkpoint, parseCheckpoint } from '../checkpoint.js';
import { HASH_BYTES, perfectRoot, TILE_WIDTH } from '../merkle.js';
import { fastView, lineTexts } from '../native-bytes.js';
import { noteKey, parseNote, signersOf } from '../note.js';
import { parseTilePath } from '../tile-path.js';
import { canonicalValue, jsonValue, textOf } from './form.js';
import { checkpointLineForm, runLineForm, tileLineForm } from './format.js';
import { type LineChunk, linesOf } from './lines.js';
import { Fault } from './report.js';
import { type CheckedRun, checkRun, type HeadKey, type RunLeaves, readLeaves } from './run-lines.js';
import { SessionFold, type SessionPart } from './sessions.js';

// What costs time, cut into pieces that know nothing of each other: each takes whole lines of one member, and can be done by any thread.
// What comes back is small, or bytes. `doJob` never throws: what is wrong with the lines is part of the answer.

export interface VerifyKeys {
  log: string;
  heads: readonly HeadKey[];
  /** Public keys that sign checkpoints, 32 bytes each. */
  checkpoints: readonly Uint8Array[];
}

export type JobKind = 'checkpoints' | 'runs' | 'leaves' | 'tiles' | 'events';

export interface Job<K extends JobKind = JobKind> {
  kind: K;
  chunk: LineChunk;
  /** Name of the member. */
  where: string;
  keys: VerifyKeys;
}

export interface JobResults {
  checkpoints: CheckedNote[];
  runs: { runs: CheckedRun[]; leafHashes: Uint8Array };
  leaves: (RunLeaves & { first: number })[];
  tiles: CheckedTile[];
  events: CheckedEvents;
}

/** What comes back from a job: its result, or why its lines cannot be used. */
export type Answer<K extends JobKind = JobKind> =
  | { result: JobResults[K] }
  | { fault: Pick<Fault, 'code' | 'message' | 'where'> };

/** Does a job, in this thread or another. */
export type Worker = (job: Job) => Promise<Answer>;

export function doJob(job: Job): Answer {
  try {
    return { result: JOBS[job.kind](job) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { fault: { code: error.code, message: error.message, where: error.where } };
  }
}

const JOBS: { [K in JobKind]: (job: Job) => JobResults[K] } = {
  checkpoints: checkNotes,
  runs: checkRuns,
  leaves: readRunLeaves,
  tiles: checkTiles,
  events: checkEvents,
};

function* valuesOf(
  { chunk, where }: Job,
  parse: typeof canonicalValue = canonicalValue,
): Generator<[value: unknown, where: string], void, void> {
  let line = chunk.firstLine;
  for (const bytes of linesOf(chunk.bytes)) {
    const at = `${where}, line ${line}`;
    yield [parse(textOf(bytes, at), at), at];
    line += 1;
  }
}

// ── checkpoints.ndjson ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A checkpoint, and who signed it. */
export interface CheckedNote extends Checkpoint {
  /** Keys of the bundle that signed it. */
  signers: Uint8Array[];
  /** A signature bears the name of such a key, and is not its own. */
  isForged: boolean;
  proof: Uint8Array[];
  restored?: string | undefined;
}

function checkNotes(job: Job): CheckedNote[] {
  return Array.from(valuesOf(job), ([value, where]) => {
    const { note, proof, restored } = checkpointLineForm(value, where);
    return { ...checkNote(note, job.keys.checkpoints, where), proof, restored };
  });
}

/** Takes a signed checkpoint apart. @throws Fault `malformed` */
export function checkNote(
  text: string,
  publicKeys: readonly Uint8Array[],
  where: string,
): Checkpoint & { signers: Uint8Array[]; isForged: boolean } {
  let note: ReturnType<typeof parseNote>;
  let checkpoint: Checkpoint;
  try {
    note = parseNote(text);
    checkpoint = parseCheckpoint(note.text);
  } catch (error) {
    throw new Fault('malformed', error instanceof Error ? error.message : String(error), where);
  }
  try {
    const keys = publicKeys.map((publicKey) => noteKey(checkpoint.origin, publicKey));
    return { ...checkpoint, signers: signersOf(note, keys).map((key) => key.publicKey), isForged: false };
  } catch {
    return { ...checkpoint, signers: [], isForged: true };
  }
}

// ── runs.ndjson ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function checkRuns(job: Job): JobResults['runs'] {
  const runs: CheckedRun[] = [];
  const hashes: Uint8Array[] = [];
  for (const [value, where] of valuesOf(job)) {
    const { run, leafHashes } = checkRun(runLineForm(value, where), job.keys.log, job.keys.heads, where);
    runs.push(run);
    hashes.push(leafHashes);
  }
  const leafHashes = new Uint8Array(hashes.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of hashes) {
    leafHashes.set(one, at);
    at += one.length;
  }
  return { runs, leafHashes };
}

function readRunLeaves(job: Job): JobResults['leaves'] {
  // Their second reading: that they are the lines which were found canonical, the digest of the member tells.
  return Array.from(valuesOf(job, jsonValue), ([value, where]) => {
    const { first, leaves } = runLineForm(value, where);
    return { first, ...readLeaves(leaves, where) };
  });
}

// ── tiles.ndjson ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface CheckedTile {
  level: number;
  index: number;
  width: number;
  hashes: Uint8Array;
  /** Of a full one: its hash in the level above. */
  root: Uint8Array | undefined;
}

function checkTiles(job: Job): CheckedTile[] {
  return Array.from(valuesOf(job), ([value, where]) => {
    const { tile, hashes } = tileLineForm(value, where);
    const address = parseTilePath(tile);
    if (!address || address.level === 'entries' || hashes.length !== address.width * HASH_BYTES) {
      throw new Fault('malformed', 'this is no hash tile', where);
    }
    const { level, index, width } = address;
    return { level, index, width, hashes, root: width === TILE_WIDTH ? perfectRoot(hashes) : undefined };
  });
}

// ── events.ndjson, supporting.ndjson ────────────────────────────────────────────────────────────────────────────────────

/** What an event tells of other events. */
export type Told =
  | { type: 'retention.purged'; class: string; from: string; to: string }
  | { type: 'producer.lost'; node: string; epoch: string; from: number; to: number }
  | { type: 'producer.started'; previous: { epoch: string; seq: number; chain: string } }
  | { type: 'producer.stopped' }
  | { type: 'producer.forked'; node: string; epoch: string; seq: number }
  | { type: 'log.restored'; generation: number; previous: number; from: string; to: string; time: string };

export interface CheckedEvents {
  count: number;
  firstLine: number;
  /** SHA-256 of each event, one behind the other. */
  hashes: Uint8Array;
  /** What the events' ids name, each once: node and epoch. */
  producers: { node: string; epoch: string }[];
  /** Of each event, which; −1 where its bytes are no event. */
  producerOf: Int32Array;
  seqs: Float64Array;
  told: { line: number; told: Told }[];
  /** By line within the chunk, from 0. */
  sessions: SessionPart[];
}

function checkEvents({ chunk, where }: Job): CheckedEvents {
  const count = chunk.lines;
  const checked: CheckedEvents = {
    ...{ count, firstLine: chunk.firstLine, hashes: new Uint8Array(count * HASH_BYTES) },
    ...{
      producers: [],
      producerOf: new Int32Array(count).fill(-1),
      seqs: new Float64Array(count),
      told: [],
      sessions: [],
    },
  };
  const producers = new Map<string, number>();
  const fold = new SessionFold();
  const isFolded = where === 'events.ndjson';
  let node: string | undefined;
  let epoch: string | undefined;
  let producer = -1;
  // Bytes that are no UTF-8 become another text than the recorded one, and their hash tells.
  const texts = lineTexts(chunk.bytes);
  const hashes = fastView(checked.hashes);
  let line = 0;
  for (const bytes of linesOf(chunk.bytes)) {
    sha256Into(bytes, hashes, line * HASH_BYTES);
    const event = eventOf(texts[line]!);
    if (event) {
      // Events of one producer come one after the other.
      if (event.node !== node || event.epoch !== epoch) {
        ({ node, epoch } = event);
        const key = `${node}/${epoch}`;
        producer = producers.get(key) ?? checked.producers.push({ node, epoch }) - 1;
        producers.set(key, producer);
      }
      checked.producerOf[line] = producer;
      checked.seqs[line] = event.seq;
      if (isFolded && isOfSession(event)) fold.add(event, line);
      const told = toldBy(event);
      if (told) checked.told.push({ line, told });
    }
    line += 1;
  }
  checked.sessions = [...fold.parts.values()];
  return checked;
}

function isOfSession(event: AnyEvent): event is AnyEvent & { session: string } {
  return typeof event.session === 'string';
}

interface AnyEvent {
  node: string;
  epoch: string;
  seq: number;
  type: string;
  time: string;
  session?: unknown;
  identity?: unknown;
  connection?: unknown;
  data: Record<string, unknown>;
}

/** Undefined where the text is no event; whether it is the recorded one, its hash says. */
export function eventOf(text: string): AnyEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const event = value as AnyEvent;
  const isEvent =
    typeof event.node === 'string' &&
    typeof event.epoch === 'string' &&
    Number.isSafeInteger(event.seq) &&
    typeof event.type === 'string' &&
    typeof event.time === 'string' &&
    typeof event.data === 'object' &&
    event.data !== null;
  return isEvent ? event : undefined;
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function areCounts(...values: unknown[]): boolean {
  return values.every((value) => Number.isSafeInteger(value));
}

function toldBy({ type, node, time, data }: AnyEvent): Told | undefined {
  // Only the record's own word counts about others.
  const isRecord = node === 'record';
  switch (type) {
    case 'retention.purged':
      if (!isRecord || !areTexts(data.class, data.from, data.to)) return undefined;
      return { type, class: data.class as string, from: data.from as string, to: data.to as string };
    case 'producer.lost':
      if (!isRecord || !areTexts(data.node, data.epoch) || !areCounts(data.from, data.to)) return undefined;
      return { type, ...(data as { node: string; epoch: string; from: number; to: number }) };
    case 'producer.started': {
      const previous = data.previous as { epoch?: unknown; seq?: unknown; chain?: unknown } | undefined;
      const isWhole =
        typeof previous?.epoch === 'string' && Number.isSafeInteger(previous.seq) && typeof previous.chain === 'string';
      return isWhole ? { type, previous: previous as { epoch: string; seq: number; chain: string } } : undefined;
    }
    case 'producer.stopped':
      return { type };
    case 'producer.forked':
      if (!isRecord || !areTexts(data.node, data.epoch) || !areCounts(data.seq)) return undefined;
      return { type, ...(data as { node: string; epoch: string; seq: number }) };
    case 'log.restored':
      if (!isRecord || !areTexts(data.from, data.to) || !areCounts(data.generation, data.previous)) return undefined;
      return { type, ...(data as { generation: number; previous: number; from: string; to: string }), time };
    default:
      return undefined;
  }
}
