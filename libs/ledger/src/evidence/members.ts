import { runningSha256 } from '../chain.js';
import { isEqual } from '../proofs.js';
import { toHex } from '../text-bytes.js';
import { canonicalValue, textOf } from './form.js';
import { LISTED_MEMBERS, type Manifest, type MemberName } from './format.js';
import type { Answer, Job, JobKind, JobResults, VerifyKeys, Worker } from './jobs.js';
import { inOrder, lineChunks } from './lines.js';
import { Fault, type Findings } from './report.js';
import type { Zip } from './zip.js';

/** Members that are read as one: keys, holds, the seal. Those that grow with the log are read in pieces. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

export interface Work {
  worker: Worker;
  /** Pieces that are worked on at once. */
  ahead: number;
}

/** The members of a bundle, each read at least once to its end, and held against its digest in the manifest. */
export class Members {
  private readonly read = new Map<MemberName, Uint8Array>();
  private done = 0;

  constructor(
    private readonly zip: Zip,
    private readonly work: Work,
    private readonly signal: AbortSignal | undefined,
    private readonly onProgress: ((done: number, total: number) => void) | undefined,
  ) {}

  /** A member's bytes in pieces. */
  async *bytes(name: MemberName): AsyncGenerator<Uint8Array, void, void> {
    const running = runningSha256();
    // Runs are read twice.
    const total = this.zip.bytes + this.zip.entry('runs.ndjson').bytes;
    for await (const chunk of this.zip.read(name)) {
      this.signal?.throwIfAborted();
      running.update(chunk);
      yield chunk;
      this.done = Math.min(total, this.done + chunk.length);
      this.onProgress?.(this.done, total);
    }
    const digest = running.digest();
    const before = this.read.get(name);
    if (before && !isEqual(before, digest))
      throw new Fault('manifest-digest', 'it was read twice, and was changed in between', name);
    this.read.set(name, digest);
  }

  /** @throws Fault `too-large` */
  async whole(name: MemberName): Promise<Uint8Array> {
    const { bytes } = this.zip.entry(name);
    if (bytes > MAX_WHOLE_BYTES)
      throw new Fault('too-large', `${bytes} bytes, at most ${MAX_WHOLE_BYTES} are read`, name);
    const whole = new Uint8Array(bytes);
    let at = 0;
    for await (const chunk of this.bytes(name)) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** The value of a member of canonical JSON. @throws Fault `malformed`, `too-large` */
  async json(name: MemberName): Promise<unknown> {
    return canonicalValue(textOf(await this.whole(name), name), name);
  }

  /**
   * What a kind of job makes of a member's lines, in their order.
   * @throws Fault where a piece cannot be used
   */
  async *lines<K extends JobKind>(
    name: MemberName,
    kind: K,
    keys: VerifyKeys,
  ): AsyncGenerator<JobResults[K], void, void> {
    const { worker, ahead } = this.work;
    const answers = inOrder(
      lineChunks(this.bytes(name), name),
      (chunk) => worker({ kind, chunk, where: name, keys } satisfies Job) as Promise<Answer<K>>,
      ahead,
    );
    for await (const answer of answers) {
      if ('fault' in answer) throw new Fault(answer.fault.code, answer.fault.message, answer.fault.where);
      yield answer.result;
    }
  }

  /** Digest of a member that was read to its end. */
  digestOf(name: MemberName): Uint8Array | undefined {
    return this.read.get(name);
  }

  /** Reads what nobody has read to its end, and compares all of it with the manifest. */
  async finish(manifest: Manifest, findings: Findings): Promise<void> {
    for (const [at, name] of LISTED_MEMBERS.entries()) {
      try {
        if (!this.read.has(name)) for await (const _ of this.bytes(name));
      } catch (error) {
        findings.thrown(error, name);
        continue;
      }
      const listed = manifest.members[at]!;
      const digest = this.read.get(name)!;
      if (!isEqual(digest, listed.sha256)) {
        findings.problem(
          'manifest-digest',
          `its SHA-256 is ${toHex(digest)}, the manifest says ${toHex(listed.sha256)}`,
          name,
        );
      }
    }
  }

  /** That the manifest names just the members, with their sizes. */
  checkList(manifest: Manifest, findings: Findings): void {
    const names = manifest.members.map((member) => member.name);
    if (names.length !== LISTED_MEMBERS.length || LISTED_MEMBERS.some((name, at) => names[at] !== name)) {
      throw new Fault(
        'manifest-members',
        'it does not name the members of a bundle, each once and in order',
        'manifest.json',
      );
    }
    for (const { name, bytes } of manifest.members) {
      const found = this.zip.entry(name).bytes;
      if (bytes !== found) findings.problem('manifest-members', `${found} bytes, the manifest says ${bytes}`, name);
    }
  }
}
