import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import yazl from 'yazl';
import {
  type AuditEvent,
  canonicalJson,
  decodeEvent,
  type Epoch,
  type EventDraft,
  encodeEvent,
  instantOfMicros,
  type NodeName,
  SYSTEM_CLASS,
  stampEvent,
} from '#events';
import {
  type ByteSource,
  checkpointText,
  consistencyProof,
  EVIDENCE_FORMAT,
  encodeCheckpointLine,
  encodeKeys,
  encodeLeaf,
  encodeManifest,
  encodeQuarantinedLine,
  encodeRunLine,
  encodeSeal,
  encodeTileLine,
  eventHash,
  GENESIS_CHAIN,
  inclusionProof,
  LISTED_MEMBERS,
  leafHash,
  type Manifest,
  MEMBERS,
  type MemberName,
  nextChain,
  originOf,
  perfectRoot,
  type RunLine,
  rawPublicKey,
  rekeyingStatement,
  type Scope,
  type SessionEvent,
  SessionFold,
  sessionsCsv,
  sessionsJson,
  sha256,
  signEd25519,
  signNote,
  type TileSource,
  tileWidth,
  treeRoot,
} from '#ledger';
import { decodeFrame, encodeFrame, keyIdOf } from '#streams';
import { keyPair } from '../../libs/streams/test/keys.js';

// A log and its evidence, made up in memory from drafts of events, with fixed keys and times: the same calls make the same bytes. It keeps
// to the format by the product's encoders, and to the tree by its own.

/** One event in the made-up log. */
export interface LoggedEvent {
  position: number;
  node: string;
  epoch: string;
  seq: number;
  bytes: Buffer;
  /** Undefined where the bytes are none. */
  event: AuditEvent | undefined;
  class: string;
  recordedAtUs: bigint;
  leaf: Buffer;
  isPurged: boolean;
}

export interface LoggedRun extends RunLine {
  events: LoggedEvent[];
}

interface EpochState {
  node: string;
  epoch: string;
  seq: number;
  chain: Buffer;
}

interface SignedNote {
  note: string;
  generation: number;
  size: number;
  root: Uint8Array;
  /** Id of the event log.restored that began its generation. */
  restored: string | undefined;
  /** From which size on the generation goes its own way. */
  restoredTo: number;
  /** As they were when it was signed. */
  tiles: MemoryTiles;
}

const RECORD = 'record';
const SECOND_US = 1_000_000n;
const BEGIN_US = BigInt(Date.UTC(2026, 10, 25, 12)) * 1000n;

export class EvidenceLog {
  readonly log = 'log-a1b2';
  generation = 1;
  runs: LoggedRun[] = [];
  checkpoints: SignedNote[] = [];
  private readonly nodes = new Map<string, number>([[RECORD, 2]]);
  private readonly epochs = new Map<string, EpochState>();
  private readonly checkpointKeys: { seed: number; since: string; previous?: number }[] = [];
  private ownEpoch = '';
  private restored: { id: string; to: number } | undefined;
  private epochCount = 0;
  private nowUs = BEGIN_US;
  quarantined: { position: number; reason: string }[] = [];

  constructor() {
    this.checkpointKeys.push({ seed: 1, since: this.now });
    this.beginOwn();
  }

  get now(): string {
    return instantOfMicros(this.nowUs);
  }

  get size(): number {
    const last = this.runs.at(-1);
    return last ? last.first + last.events.length : 0;
  }

  get events(): LoggedEvent[] {
    return this.runs.flatMap((run) => run.events);
  }

  wait(seconds: number): void {
    this.nowUs += BigInt(seconds) * SECOND_US;
  }

  /** Enrols a node, with a key that is made of one byte. */
  enrol(node: string, seed: number): void {
    this.nodes.set(node, seed);
  }

  /** A new run of a producer; its first event names the one before. */
  begin(node: string): string {
    const previous = [...this.epochs.values()].filter((one) => one.node === node).at(-1);
    this.epochCount += 1;
    const epoch = createHash('sha256').update(`${node} ${this.epochCount}`).digest('hex').slice(0, 16);
    this.epochs.set(epoch, { node, epoch, seq: 0, chain: GENESIS_CHAIN });
    const data = {
      version: '0.1.0',
      ...(previous && previous.seq > 0
        ? { previous: { epoch: previous.epoch, seq: previous.seq, chain: previous.chain.toString('hex') } }
        : {}),
    };
    const started = { type: 'producer.started', time: this.now, class: SYSTEM_CLASS, data } as EventDraft;
    if (node === RECORD) this.ownEpoch = epoch;
    this.record(epoch, [started]);
    return epoch;
  }

  private beginOwn(): void {
    this.begin(RECORD);
  }

  /** Records events of a producer in one transaction. @returns them */
  record(epoch: string, drafts: readonly (EventDraft | Buffer)[]): LoggedEvent[] {
    const state = this.epochs.get(epoch)!;
    const bodies = drafts.map((draft, at) =>
      Buffer.isBuffer(draft)
        ? draft
        : encodeEvent(stampEvent(draft, state.node as NodeName, epoch as Epoch, state.seq + at + 1)),
    );
    return this.recordBytes(state, bodies);
  }

  private recordBytes(state: EpochState, bodies: readonly Buffer[]): LoggedEvent[] {
    const { node, epoch } = state;
    const first = this.size;
    const chainBefore = state.chain;
    const firstSeq = state.seq + 1;
    const events = bodies.map((bytes, at): LoggedEvent => {
      const seq = firstSeq + at;
      const event = decoded(bytes);
      if (!event) this.quarantined.push({ position: first + at, reason: 'EVENT_INVALID: not an event' });
      const name = event?.class ?? 'standard';
      const leaf = encodeLeaf({ recordedAtUs: this.nowUs, class: name, epoch, seq, eventHash: eventHash(bytes) });
      return {
        position: first + at,
        node,
        epoch,
        seq,
        bytes,
        event,
        class: name,
        recordedAtUs: this.nowUs,
        leaf,
        isPurged: false,
      };
    });
    const records = events.map(({ seq, bytes }) => {
      state.chain = nextChain(state.chain, eventHash(bytes));
      state.seq = seq;
      return { seq, bytes, chain: state.chain };
    });
    const header = { log: this.log, node: node as NodeName, epoch: epoch as Epoch, prevChain: chainBefore };
    // A frame holds at most 256 events; a run may be made of several, of which the last one's head is kept.
    const lastFrame = records.slice(-200);
    const prevChain = records.length > 200 ? records.at(-201)!.chain : chainBefore;
    const frame = encodeFrame({
      header: { ...header, prevChain },
      records: lastFrame,
      privateKey: keyPair(this.nodes.get(node)!).privateKey,
    });
    const head = decodeFrame(frame).signatureProof;
    const leaves = Buffer.concat(events.map((event) => event.leaf));
    this.runs.push({ first, node, chainBefore, leaves, head, events });
    this.wait(1);
    return events;
  }

  /** What the record says itself. */
  say(type: string, data: object): LoggedEvent {
    const draft = { type, time: this.now, class: SYSTEM_CLASS, data } as EventDraft;
    return this.record(this.ownEpoch, [draft])[0]!;
  }

  /** Numbers of an epoch that never come; the producer signs it, the record says it. */
  lose(epoch: string, count: number): void {
    const state = this.epochs.get(epoch)!;
    const from = state.seq + 1;
    state.seq += count;
    state.chain = sha256(state.chain);
    this.say('producer.lost', { node: state.node, epoch, from, to: state.seq, by: 'producer' });
  }

  /** Numbers of an epoch that never come, and of which nothing is said. */
  skip(epoch: string, count: number): void {
    const state = this.epochs.get(epoch)!;
    for (let at = 0; at < count; at++) {
      state.seq += 1;
      state.chain = sha256(state.chain);
    }
  }

  /** What comes next follows something else than what was recorded. */
  breakChain(epoch: string): void {
    const state = this.epochs.get(epoch)!;
    state.chain = sha256(state.chain);
  }

  /** Drops what a class has of a time, and says so. */
  purge(name: string, fromUs: bigint, toUs: bigint): LoggedEvent {
    let count = 0;
    for (const event of this.events) {
      if (event.class !== name || event.recordedAtUs < fromUs || event.recordedAtUs >= toUs) continue;
      event.isPurged = true;
      count += 1;
    }
    const [from, to] = [instantOfMicros(fromUs), instantOfMicros(toUs)];
    return this.say('retention.purged', { class: name, from, to, count, digest: '0'.repeat(64) });
  }

  /** Another key signs checkpoints from here on. */
  rotate(seed: number): void {
    const previous = this.checkpointKeys.at(-1)!.seed;
    this.checkpointKeys.push({ seed, since: this.now, previous });
    this.say('checkpoint.rekeyed', { key: 'see keys.json' });
  }

  /** PostgreSQL comes back without what lies from `to` on. */
  restore(to: number): void {
    const from = this.size;
    this.generation += 1;
    this.runs = this.runs.filter((run) => run.first < to);
    this.quarantined = this.quarantined.filter((one) => one.position < to);
    for (const state of this.epochs.values()) {
      const last = this.events.filter((event) => event.epoch === state.epoch).at(-1);
      if (!last) this.epochs.delete(state.epoch);
    }
    for (const run of this.runs) {
      const state = this.epochs.get(run.events[0]!.epoch)!;
      state.seq = run.events.at(-1)!.seq;
      state.chain = GENESIS_CHAIN;
    }
    for (const run of this.runs) {
      const state = this.epochs.get(run.events[0]!.epoch)!;
      state.chain = run.events.reduce<Buffer>(
        (chain, { bytes }) => nextChain(chain, eventHash(bytes)),
        Buffer.from(run.chainBefore),
      );
    }
    this.beginOwn();
    const { epoch, seq } = this.say('log.restored', {
      ...{
        generation: this.generation,
        previous: this.generation - 1,
        from: String(from),
        to: String(to),
        source: 'redis',
      },
    });
    this.restored = { id: `${epoch}.${seq}`, to };
  }

  /** Puts other bytes at a position, and makes every leaf and chain anew that follows from it; what gateways signed stays as it is. */
  rewrite(position: number, change: (bytes: Buffer) => Buffer): void {
    const chains = new Map<string, Buffer>();
    const ownKey = keyPair(this.nodes.get(RECORD)!).privateKey;
    this.runs = this.runs.map((run) => {
      const { epoch } = run.events[0]!;
      const chainBefore = chains.get(epoch) ?? Buffer.from(run.chainBefore);
      let chain = chainBefore;
      const events = run.events.map((event) => {
        const bytes = event.position === position ? change(event.bytes) : event.bytes;
        const leaf = encodeLeaf({ ...event, eventHash: eventHash(bytes) });
        chain = nextChain(chain, eventHash(bytes));
        return { ...event, bytes, leaf, event: decoded(bytes) };
      });
      if (!chains.has(epoch) && events.every((event, at) => event.bytes === run.events[at]!.bytes)) return run;
      chains.set(epoch, chain);
      const leaves = Buffer.concat(events.map((event) => event.leaf));
      if (run.node !== RECORD) return { ...run, chainBefore, leaves, events };
      const last = events.at(-1)!;
      const prevChain = events
        .slice(0, -1)
        .reduce((before, { bytes }) => nextChain(before, eventHash(bytes)), chainBefore);
      const header = { log: this.log, node: RECORD as NodeName, epoch: epoch as Epoch, prevChain };
      const records = [{ seq: last.seq, bytes: last.bytes, chain }];
      const head = decodeFrame(encodeFrame({ header, records, privateKey: ownKey })).signatureProof;
      return { ...run, chainBefore, leaves, head, events };
    });
  }

  async checkpoint(): Promise<SignedNote> {
    const { size, generation } = this;
    const tiles = this.tiles();
    const root = await treeRoot(tiles, size);
    const origin = originOf(this.log, generation);
    const { privateKey } = keyPair(this.checkpointKeys.at(-1)!.seed);
    const note = signNote(checkpointText({ origin, size, root }), origin, privateKey);
    const signed: SignedNote = {
      note,
      generation,
      size,
      root,
      restored: this.restored?.id,
      restoredTo: this.restored?.to ?? 0,
      tiles,
    };
    this.checkpoints.push(signed);
    return signed;
  }

  tiles(): MemoryTiles {
    return new MemoryTiles(this.events.map((event) => leafHash(event.leaf)));
  }

  /** The same log, to be gone on with apart from this one. */
  clone(): EvidenceLog {
    const copy = new EvidenceLog();
    Object.assign(copy, this);
    copy.runs = [...this.runs];
    copy.checkpoints = [...this.checkpoints];
    Object.assign(copy, {
      epochs: new Map([...this.epochs].map(([epoch, state]) => [epoch, { ...state }])),
      nodes: new Map(this.nodes),
      checkpointKeys: [...this.checkpointKeys],
      quarantined: [...this.quarantined],
    });
    return copy;
  }

  get keys(): string {
    return encodeKeys({
      checkpoint: this.checkpointKeys.map(({ seed, since, previous }) => {
        const publicKey = publicOf(seed);
        if (previous === undefined) return { publicKey, since };
        const statement = signEd25519(keyPair(previous).privateKey, rekeyingStatement(this.log, publicKey));
        return { publicKey, since, previous: publicOf(previous), statement };
      }),
      producers: [...this.nodes].map(([node, seed]) => {
        const { publicKey } = keyPair(seed);
        const der = publicKey.export({ type: 'spki', format: 'der' });
        return { node, keyId: keyIdOf(publicKey), publicKey: der, enrolledAt: instantOfMicros(BEGIN_US) };
      }),
    });
  }

  /** A bundle of this log as it is now; the newest checkpoint, made for it where there is none of this size, is the anchor. */
  async bundle(options: BundleOptions = {}): Promise<MadeBundle> {
    return new BundleWriter(this, options).write();
  }
}

function decoded(bytes: Buffer): AuditEvent | undefined {
  try {
    return decodeEvent(bytes);
  } catch {
    return undefined;
  }
}

export function publicOf(seed: number): Uint8Array {
  return new Uint8Array(rawPublicKey(keyPair(seed).publicKey as KeyObject));
}

/** Pieces of text, put together. */
export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

/** Tiles over leaves in memory. */
export class MemoryTiles implements TileSource {
  private readonly levels: Uint8Array[][];

  constructor(leaves: Uint8Array[]) {
    this.levels = [leaves];
    for (let below = leaves; below.length >= 256; below = this.levels.at(-1)!) {
      const above: Uint8Array[] = [];
      for (let at = 0; at + 256 <= below.length; at += 256)
        above.push(perfectRoot(Buffer.concat(below.slice(at, at + 256))));
      this.levels.push(above);
    }
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array> {
    return Promise.resolve(Buffer.concat(this.levels[level]!.slice(index * 256, index * 256 + width)));
  }
}

export interface BundleOptions {
  kind?: Scope['kind'];
  from?: number;
  to?: number;
  selection?: Record<string, unknown>;
  /** Which events of the range the query fits. */
  fits?: (event: LoggedEvent) => boolean;
  /** Which events outside of it explain it. */
  supports?: (event: LoggedEvent) => boolean;
  findings?: Manifest['findings'];
  /** Which checkpoints stand before the anchor. */
  checkpoints?: (signed: SignedNote) => boolean;
  reportHtml?: string;
}

const SUPPORTING = ['retention.purged', 'log.restored', 'checkpoint.rekeyed', 'producer.lost'];

class BundleWriter {
  private readonly from: number;
  private readonly to: number;

  constructor(
    private readonly log: EvidenceLog,
    private readonly options: BundleOptions,
  ) {
    this.from = options.from ?? 0;
    this.to = options.to ?? log.size;
  }

  async write(): Promise<MadeBundle> {
    const { log, options, from, to } = this;
    const anchor = log.checkpoints.at(-1)?.size === log.size ? log.checkpoints.at(-1)! : await log.checkpoint();
    const { kind = 'range', selection } = options;
    const isBad = new Set(log.quarantined.map((one) => one.position));
    const within = log.events.filter((event) => event.position >= from && event.position < to);
    const fitting = within.filter(
      (event) => !event.isPurged && !isBad.has(event.position) && (options.fits?.(event) ?? true),
    );
    const isFitting = new Set(fitting);
    const supports = options.supports ?? ((event: LoggedEvent) => SUPPORTING.includes(event.event?.type ?? ''));
    const supporting = log.events.filter((event) => !event.isPurged && !isFitting.has(event) && supports(event));
    const isSupporting = new Set(supporting);
    // No query fits what cannot be read.
    const quarantined = log.quarantined.filter((one) => kind === 'range' && one.position >= from && one.position < to);
    const isIn = (event: LoggedEvent) =>
      isFitting.has(event) ||
      isSupporting.has(event) ||
      (kind === 'range' && event.position >= from && event.position < to);
    const runs = log.runs.filter((run) => run.events.some(isIn));
    const tiles = await tileLines(log.tiles(), runs, anchor.size);
    const notes = [...log.checkpoints.slice(0, -1).filter(options.checkpoints ?? (() => true)), anchor];
    const fold = new SessionFold();
    for (const { event, position } of fitting) {
      if (event?.session !== undefined) fold.add(event as unknown as SessionEvent, position);
    }
    const rows = [...fold.rows()];
    const bytesOf = (events: readonly LoggedEvent[]) =>
      Buffer.concat(events.flatMap(({ bytes }) => [bytes, Buffer.from('\n')]));
    const members = new Map<MemberName, Buffer>(
      Object.entries({
        'checkpoints.ndjson': lines(await checkpointLines(notes)),
        'keys.json': log.keys,
        'runs.ndjson': lines(runs.map(encodeRunLine)),
        'tiles.ndjson': lines(tiles),
        'events.ndjson': bytesOf(fitting),
        'supporting.ndjson': bytesOf(supporting),
        'quarantined.ndjson': lines(
          quarantined.map(({ position, reason }) =>
            encodeQuarantinedLine({ position, reason, body: log.events[position]!.bytes }),
          ),
        ),
        'sessions.json': await textOf(sessionsJson(rows)),
        'sessions.csv': await textOf(sessionsCsv(rows)),
        'receipts.ndjson': lines([canonicalJson({ batch: 1, destination: 'datadog', state: 'accepted' })]),
        'holds.json': canonicalJson([{ hold: 'hold-1', reason: 'a claim' }]),
        'retention.json': canonicalJson({ classes: [] }),
        'README.txt': 'What this is, and how to check it.\n',
        'report.html': options.reportHtml ?? '<!doctype html><title>Evidence</title>\n',
      }).map(([name, content]) => [name as MemberName, Buffer.from(content)]),
    );
    const manifest: Manifest = {
      ...{
        format: EVIDENCE_FORMAT,
        log: log.log,
        generation: log.generation,
        madeAt: log.now,
        software: 'affidavit 0.1.0',
      },
      scope: { kind, from, to, ...(selection ? { selection } : {}) },
      checkpoint: { origin: originOf(log.log, log.generation), size: anchor.size, root: anchor.root },
      counts: {
        ...{
          events: fitting.length,
          supporting: supporting.length,
          quarantined: quarantined.length,
          runs: runs.length,
        },
        ...{ tiles: tiles.length, sessions: rows.length, checkpoints: notes.length },
      },
      findings: options.findings ?? [],
      members: [],
    };
    return MadeBundle.sealed(log, manifest, members);
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

async function checkpointLines(notes: readonly SignedNote[]): Promise<string[]> {
  let continued: SignedNote[] = [];
  const all: string[] = [];
  for (const signed of notes) {
    const begins = continued.length > 0 && signed.generation > continued.at(-1)!.generation;
    if (begins) continued = continued.filter((one) => one.size <= signed.restoredTo);
    const base = continued.at(-1);
    const proof = base ? await consistencyProof(signed.tiles, base.size, signed.size) : [];
    all.push(encodeCheckpointLine({ note: signed.note, proof, ...(begins ? { restored: signed.restored } : {}) }));
    continued.push(signed);
  }
  return all;
}

/** All tiles on the way from these runs to the root, and the unfinished one of each level. */
async function tileLines(tiles: MemoryTiles, runs: readonly LoggedRun[], size: number): Promise<string[]> {
  const all: string[] = [];
  let wanted = new Set(runs.flatMap((run) => run.events.map((event) => Math.floor(event.position / 256))));
  for (let level = 0, atLevel = size; atLevel > 0; level++, atLevel = Math.floor(atLevel / 256)) {
    if (atLevel % 256 > 0) wanted.add(Math.floor(atLevel / 256));
    const above = new Set<number>();
    for (const index of [...wanted].sort((one, other) => one - other)) {
      const width = tileWidth(level, index, size);
      all.push(encodeTileLine({ level, index, width }, await tiles.tile(level, index, width)));
      if (width === 256) above.add(Math.floor(index / 256));
    }
    wanted = above;
  }
  return all;
}

/** A bundle in parts, which a test may change before it is zipped. */
export class MadeBundle {
  private constructor(
    readonly log: EvidenceLog,
    readonly manifest: Manifest,
    readonly members: ReadonlyMap<MemberName, Buffer>,
  ) {}

  /** Makes manifest and seal for these members. @param log is not changed */
  static async sealed(
    log: EvidenceLog,
    manifest: Manifest,
    members: ReadonlyMap<MemberName, Buffer>,
  ): Promise<MadeBundle> {
    const made = listed(manifest, members);
    const bytes = Buffer.from(encodeManifest(made));
    const all = new Map(members);
    all.set('manifest.json', bytes);
    all.set('seal.json', await sealOf(log, bytes, manifest.checkpoint.size));
    return new MadeBundle(log, made, all);
  }

  /**
   * The same with other bytes in some members.
   * @param swears kept: manifest and seal stay as they were; remade: the manifest names the new digests, and only the seal stays; sealed:
   * the log swears to the new manifest, as whoever has its keys can make it do
   */
  async with(
    changes: Partial<Record<MemberName, Buffer | string>>,
    swears: 'kept' | 'remade' | 'sealed' = 'kept',
    change: (manifest: Manifest) => Manifest = (manifest) => manifest,
  ): Promise<MadeBundle> {
    const members = new Map(this.members);
    for (const [name, bytes] of Object.entries(changes)) members.set(name as MemberName, Buffer.from(bytes));
    if (swears === 'kept') return new MadeBundle(this.log, this.manifest, members);
    const changed = change(this.manifest);
    if (swears === 'sealed') {
      const made = await MadeBundle.sealed(this.log, changed, members);
      const seal = changes['seal.json'];
      return seal === undefined ? made : made.with({ 'seal.json': seal });
    }
    const manifest = listed(changed, members);
    members.set('manifest.json', Buffer.from(encodeManifest(manifest)));
    return new MadeBundle(this.log, manifest, members);
  }

  member(name: MemberName): Buffer {
    return this.members.get(name)!;
  }

  /** Lines of a member, without their newlines. */
  lines(name: MemberName): string[] {
    return this.member(name).toString('utf8').split('\n').slice(0, -1);
  }

  /** As the product writes it. */
  async zip(): Promise<Buffer> {
    const zip = new yazl.ZipFile();
    const mtime = new Date(Date.UTC(2026, 10, 25, 12));
    for (const name of MEMBERS) zip.addBuffer(this.member(name), name, { mtime, mode: 0o100644, compress: true });
    zip.end();
    const parts: Buffer[] = [];
    for await (const part of zip.outputStream) parts.push(part as Buffer);
    return Buffer.concat(parts);
  }
}

function listed(manifest: Manifest, members: ReadonlyMap<MemberName, Buffer>): Manifest {
  return {
    ...manifest,
    members: LISTED_MEMBERS.map((name) => {
      const bytes = members.get(name)!;
      return { name, bytes: bytes.length, sha256: sha256(bytes) };
    }),
  };
}

/** What the log says when it swears to a manifest. */
async function sealOf(log: EvidenceLog, manifest: Uint8Array, anchor: number): Promise<Buffer> {
  const after = log.clone();
  const digest = sha256(manifest).toString('hex');
  const { position, bytes } = after.say('record.exported', { key: 'auditor', what: 'evidence', digest });
  const sealing = await after.checkpoint();
  const tiles = after.tiles();
  return Buffer.from(
    encodeSeal({
      event: bytes.toString('utf8'),
      run: after.runs.at(-1)!,
      index: position,
      proof: await inclusionProof(tiles, position, sealing.size),
      note: sealing.note,
      consistency: await consistencyProof(tiles, anchor, sealing.size),
    }),
  );
}

/** Bytes as something that a bundle is read from. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
}
