import { runningSha256 } from '../chain.js';
import { parseOrigin } from '../checkpoint.js';
import { HASH_BYTES } from '../merkle.js';
import { isEqual } from '../proofs.js';
import { toHex, utf8 } from '../text-bytes.js';
import { CheckpointChecker, type Restore } from './checkpoints.js';
import { type Contents, checkContents, isLimited, RunIndex, type ToldAt } from './contents.js';
import { anyObject, canonicalValue, textOf } from './form.js';
import { keysForm, type Manifest, MEMBERS, type MemberName, manifestForm } from './format.js';
import { type CheckedEvents, type CheckedNote, doJob, type Told, type VerifyKeys, type Worker } from './jobs.js';
import { KeyRing, parseTrustedKey } from './keys.js';
import { lineChunks, linesOf } from './lines.js';
import { Members } from './members.js';
import { type EvidenceReport, type EvidenceSummary, Fault, Findings } from './report.js';
import { RunChecker } from './runs.js';
import { checkSeal } from './seal.js';
import { sessionsCsv, sessionsJson } from './sessions.js';
import { GrowingRoot, TileChecker } from './tiles.js';
import { type ByteSource, Zip } from './zip.js';

export interface VerifyOptions {
  /** Keys that the auditor has from elsewhere; see {@link parseTrustedKey}. */
  keys?: readonly string[];
  /** Checkpoints that the auditor holds: signed notes. */
  checkpoints?: readonly string[];
  /** A bundle that unpacks to more is refused. */
  maxBytes?: number;
  signal?: AbortSignal;
  /** Bytes that are read, of how many. */
  onProgress?(done: number, total: number): void;
  /** Where the work is done that can be done side by side; in this thread where there is none. */
  worker?: Worker;
  /** Pieces of work that are under way at once. */
  ahead?: number;
}

const DEFAULT_MAX_BYTES = 2 ** 40;

/**
 * Checks an evidence bundle, format `affidavit/evidence/1`: whether what it holds is what was recorded, and whether anything is missing.
 * Needs nothing but the bundle. Memory stays flat but for a hash for each 256 leaves, a few numbers for each run, and the sessions. It
 * never throws, and `valid` means that every check was made and found nothing.
 */
export async function verifyBundle(source: ByteSource, options: VerifyOptions = {}): Promise<EvidenceReport> {
  const findings = new Findings();
  const check = new BundleCheck(source, options, findings);
  const isComplete = await check.run();
  const isValid = isComplete && findings.problemCount === 0;
  if (!isComplete && findings.problemCount === 0)
    findings.problem('unfinished', 'not every check was made', 'the bundle');
  return {
    verdict: isValid ? 'valid' : 'invalid',
    problems: findings.problems,
    problemCount: findings.problemCount,
    remarks: findings.remarks,
    proven: isValid ? check.proven() : [],
    notProven: check.notProven(isValid),
    summary: check.summary,
  };
}

/** What the parts of a check hand to each other. */
class BundleCheck {
  readonly summary: EvidenceSummary = {};
  private manifest: Manifest | undefined;
  private ring: KeyRing | undefined;
  private held = { agreed: 0, compared: 0 };
  private told: ToldAt[] = [];

  constructor(
    private readonly source: ByteSource,
    private readonly options: VerifyOptions,
    private readonly findings: Findings,
  ) {}

  /** @returns whether every part came to its end */
  async run(): Promise<boolean> {
    const opened = await this.part('the ZIP file', () => this.open());
    if (!opened) return false;
    const { members, manifestBytes, manifest } = opened;
    this.manifest = manifest;
    const keys = await this.part('keys.json', () => this.readKeys(members, manifest));
    const isChecked = keys !== undefined && (await this.checkLog(members, manifest, manifestBytes, keys));
    const isRead = await this.part('the members', () => this.checkOpaque(members));
    const isFinished = await this.part('the members', () => members.finish(manifest, this.findings).then(() => true));
    return isChecked && isRead === true && isFinished === true;
  }

  /** Makes a part of the check; what it throws becomes a problem. */
  private async part<T>(where: string, check: () => Promise<T>): Promise<T | undefined> {
    try {
      return await check();
    } catch (error) {
      this.findings.thrown(error, where);
      return undefined;
    }
  }

  private async open(): Promise<{ members: Members; manifest: Manifest; manifestBytes: Uint8Array }> {
    const {
      maxBytes = DEFAULT_MAX_BYTES,
      worker = async (job) => doJob(job),
      ahead = 1,
      signal,
      onProgress,
    } = this.options;
    const zip = await Zip.open(this.source, MEMBERS);
    if (zip.bytes > maxBytes)
      throw new Fault('too-large', `it unpacks to ${zip.bytes} bytes, at most ${maxBytes} are read`, 'the ZIP file');
    const members = new Members(zip, { worker, ahead }, signal, onProgress);
    const manifestBytes = await members.whole('manifest.json');
    const manifest = manifestForm(
      canonicalValue(textOf(manifestBytes, 'manifest.json'), 'manifest.json'),
      'manifest.json',
    );
    const { log, generation, scope, checkpoint, madeAt } = manifest;
    Object.assign(this.summary, { log, generation, madeAt, from: String(scope.from), to: String(scope.to) });
    Object.assign(this.summary, { size: checkpoint.size, root: toHex(checkpoint.root) });
    Object.assign(this.summary, { events: manifest.counts.events, sessions: manifest.counts.sessions });
    members.checkList(manifest, this.findings);
    if (scope.from > scope.to)
      this.findings.problem('scope', `from ${scope.from} up to ${scope.to}`, 'manifest.json, scope');
    for (const { code, message, position } of manifest.findings) {
      const at = position === undefined ? 'manifest.json, findings' : `position ${position}`;
      this.findings.problem('finding', `the record's own verification found ${code}: ${message}`, at);
    }
    return { members, manifest, manifestBytes };
  }

  private async readKeys(members: Members, { log }: Manifest): Promise<KeyRing> {
    const given = (this.options.keys ?? []).map((text) => {
      const key = parseTrustedKey(text);
      if (!key) throw new Fault('key', `${JSON.stringify(text.slice(0, 80))} is no key`, 'your keys');
      return key;
    });
    this.ring = new KeyRing(log, keysForm(await members.json('keys.json'), 'keys.json'), given, this.findings);
    return this.ring;
  }

  /** Everything that is about the log. */
  private async checkLog(
    members: Members,
    manifest: Manifest,
    manifestBytes: Uint8Array,
    ring: KeyRing,
  ): Promise<boolean> {
    const { findings } = this;
    const { scope, checkpoint: anchor, log } = manifest;
    const notes = await this.part('checkpoints.ndjson', () => this.readNotes(members, manifest, ring.verify));
    const expected = await this.part('supporting.ndjson', () =>
      toldIn(members.lines('supporting.ndjson', 'events', ring.verify)),
    );
    const computed = new GrowingRoot(scope.kind === 'range' && scope.from === 0 ? this.heldSizes() : []);
    const stretch = {
      from: scope.from,
      to: scope.to,
      isWhole: scope.kind === 'range',
      reachesEnd: scope.to === anchor.size,
    };
    const runs = new RunChecker(stretch, findings);
    const index = new RunIndex();
    const isTree = await this.part('runs.ndjson', () =>
      this.checkTree(members, manifest, ring.verify, runs, index, computed),
    );
    const contents = await this.part('events.ndjson', () =>
      checkContents({
        ...{ scope, index, runs, findings, expected: expected ?? [] },
        leaves: members.lines('runs.ndjson', 'leaves', ring.verify),
        events: members.lines('events.ndjson', 'events', ring.verify),
        supporting: members.lines('supporting.ndjson', 'events', ring.verify),
        quarantined: members.bytes('quarantined.ndjson'),
      }),
    );
    runs.finish();
    this.told = contents?.told ?? [];
    const isAgreed =
      contents !== undefined &&
      (await this.part('sessions.json', () => this.checkSessions(members, manifest, contents)));
    const checkpoints = new CheckpointChecker(log, ring, restoresIn(this.told), findings);
    checkpoints.follow(notes ?? []);
    const isSealed = await this.part('seal.json', async () => {
      checkSeal(await members.json('seal.json'), manifestBytes, { keys: ring, checkpoints, anchor, findings });
      return true;
    });
    const isCompared = await this.part('your checkpoints', async () => this.compareHeld(checkpoints, computed));
    return Boolean(notes && expected && isTree && isAgreed && isSealed && isCompared);
  }

  private async readNotes(
    members: Members,
    { checkpoint, counts, generation, log, scope }: Manifest,
    keys: VerifyKeys,
  ): Promise<CheckedNote[]> {
    const notes: CheckedNote[] = [];
    for await (const some of members.lines('checkpoints.ndjson', 'checkpoints', keys)) notes.push(...some);
    this.count('checkpoints', notes.length, counts.checkpoints);
    const last = notes.at(-1);
    const isAnchor =
      last?.origin === checkpoint.origin && last.size === checkpoint.size && isEqual(last.root, checkpoint.root);
    const origin = parseOrigin(checkpoint.origin);
    if (!isAnchor || origin?.log !== log || origin.generation !== generation) {
      this.findings.problem(
        'anchor',
        'the last line of checkpoints.ndjson is not the checkpoint that the manifest names',
        'manifest.json, checkpoint',
      );
    }
    if (checkpoint.size < scope.to) {
      this.findings.problem(
        'anchor',
        `the anchor, of size ${checkpoint.size}, does not cover positions up to ${scope.to}`,
        'manifest.json, scope',
      );
    }
    return notes;
  }

  private async checkTree(
    members: Members,
    { checkpoint, counts }: Manifest,
    keys: VerifyKeys,
    runs: RunChecker,
    index: RunIndex,
    computed: GrowingRoot,
  ): Promise<boolean> {
    const tiles = new TileChecker(
      checkpoint.size,
      flattened(members.lines('tiles.ndjson', 'tiles', keys)),
      this.findings,
    );
    let line = 0;
    for await (const { runs: some, leafHashes } of members.lines('runs.ndjson', 'runs', keys)) {
      let at = 0;
      for (const run of some) {
        line += 1;
        runs.run(run, `runs.ndjson, line ${line}`);
        index.add(run);
        const hashes = leafHashes.subarray(at, at + run.count * HASH_BYTES);
        at += hashes.length;
        await tiles.leaves(run.first, hashes);
        computed.leaves(run.first, hashes);
      }
    }
    await tiles.finish(checkpoint.root);
    this.count('runs', line, counts.runs);
    this.count('tiles', tiles.count, counts.tiles);
    return true;
  }

  private async checkSessions(members: Members, { counts }: Manifest, contents: Contents): Promise<boolean> {
    for (const name of ['events', 'supporting', 'quarantined'] as const) this.count(name, contents[name], counts[name]);
    const { sessions } = contents;
    this.count('sessions', sessions.parts.size, counts.sessions);
    await this.compare(members, 'sessions.json', sessionsJson(sessions.rows()));
    await this.compare(members, 'sessions.csv', sessionsCsv(sessions.rows()));
    return true;
  }

  private async compare(members: Members, name: MemberName, pieces: AsyncIterable<string>): Promise<void> {
    const running = runningSha256();
    for await (const piece of pieces) running.update(utf8(piece));
    for await (const _ of members.bytes(name));
    if (isEqual(running.digest(), members.digestOf(name)!)) return;
    this.findings.problem('sessions', 'it is not what the events in the bundle amount to', name);
  }

  private count(what: string, found: number, said: number): void {
    if (found === said) return;
    this.findings.problem('manifest-count', `${found} ${what}, the manifest says ${said}`, 'manifest.json, counts');
  }

  /** Members of which only the form can be checked. */
  private async checkOpaque(members: Members): Promise<boolean> {
    for await (const chunk of lineChunks(members.bytes('receipts.ndjson'), 'receipts.ndjson')) {
      let line = chunk.firstLine;
      for (const bytes of linesOf(chunk.bytes)) {
        const where = `receipts.ndjson, line ${line++}`;
        anyObject(canonicalValue(textOf(bytes, where), where), where);
      }
    }
    await members.json('holds.json');
    await members.json('retention.json');
    return true;
  }

  private heldSizes(): number[] {
    // Which text they have is checked when they are compared; here only the number in the second line counts.
    return (this.options.checkpoints ?? []).map((note) => Number(note.split('\n')[1])).filter(Number.isSafeInteger);
  }

  private compareHeld(checkpoints: CheckpointChecker, computed: GrowingRoot): boolean {
    for (const [at, note] of (this.options.checkpoints ?? []).entries()) {
      const agrees = checkpoints.hold(note, computed.roots, `your checkpoint ${at + 1}`);
      if (agrees !== undefined) this.held.compared += 1;
      if (agrees) this.held.agreed += 1;
    }
    return true;
  }

  /** Call it for a valid bundle only. */
  proven(): string[] {
    const { scope, checkpoint, counts, madeAt, log } = this.manifest!;
    const range = `positions ${scope.from} to ${scope.to - 1} of the log ${log}`;
    const isWhole = scope.kind === 'range' && !isLimited(scope);
    const proven = [
      `Each of the ${counts.events} events is, byte for byte, what the log committed to with the checkpoint of size ${checkpoint.size} (root ${toHex(checkpoint.root)}).`,
      `Every checkpoint in the bundle continues the one before it, except where it is said that the database went back.`,
      `The bundle as a whole is what the log swore to when it was made, at ${madeAt}: no byte of it was changed since.`,
      'Sessions are what the events in the bundle amount to.',
    ];
    if (isWhole) {
      proven.push(
        `Nothing is missing of ${range}: each position is an event in the bundle, or its absence is stated above.`,
      );
      proven.push('No number of any producer is left out between them, but for the holes that are named above.');
    }
    if (this.findings.remarked('unsigned') === 0) {
      proven.push(
        'Every run of events was signed by its producer: nobody behind it could change one, leave one out or put one in.',
      );
    }
    if (this.ring!.hasGiven)
      proven.push('The checkpoints that count are signed by a key that you brought, or by one that it leads to.');
    if (this.held.agreed > 0)
      proven.push(`${this.held.agreed} checkpoints that you hold agree with this log: it was not rewritten since.`);
    return proven;
  }

  notProven(isValid: boolean): string[] {
    if (!this.manifest) return ['Nothing: the check did not come as far as the contents.'];
    if (!isValid) return ['Nothing is proven by a bundle that has a problem. What was found is listed above.'];
    const { scope } = this.manifest;
    const notProven = [
      'That what a producer recorded is what happened: the log swears to what it was told, and to when.',
    ];
    if (!this.ring!.hasGiven) {
      notProven.push(
        'Whose keys these are: they are taken from the bundle itself. Bring the key that you have from elsewhere.',
      );
    }
    if (this.held.compared === 0) {
      notProven.push(
        'That nobody else was shown another log: bring a checkpoint from another time or place, such as one from Datadog.',
      );
    }
    if (scope.kind === 'selection' || isLimited(scope)) {
      notProven.push(
        'That the selection is complete: which events fit a query cannot be seen from outside. A range bundle shows it.',
      );
    }
    notProven.push(
      'Receipts, holds and retention are as the record stated them at export: the log swears to these bytes, not to their truth.',
    );
    return notProven;
  }
}

async function* flattened<T>(lists: AsyncIterable<readonly T[]>): AsyncGenerator<T, void, void> {
  for await (const list of lists) yield* list;
}

async function toldIn(events: AsyncIterable<CheckedEvents>): Promise<Told[]> {
  const all: Told[] = [];
  for await (const { told } of events) for (const one of told) all.push(one.told);
  return all;
}

function restoresIn(told: readonly ToldAt[]): Restore[] {
  return told.flatMap(({ told: one, id }) =>
    one.type === 'log.restored'
      ? [{ id, generation: one.generation, from: Number(one.from), to: Number(one.to), time: one.time }]
      : [],
  );
}
