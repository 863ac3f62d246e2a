import type { Checkpoint } from '../checkpoint.js';
import { parseOrigin } from '../checkpoint.js';
import { isConsistent, isEqual } from '../proofs.js';
import { toHex } from '../text-bytes.js';
import type { CheckedNote } from './jobs.js';
import { checkNote } from './jobs.js';
import type { KeyRing } from './keys.js';
import type { Findings } from './report.js';

// Checkpoints in brief: each continues the one before, which its proof shows, so that the last one, the anchor, speaks for all of them. A
// database that went back (a failover, a restored backup) goes on as another generation: what was signed over what it lost is not
// continued by anything, and the event log.restored says from where on that is so.

/** The event log.restored, as it stands in the bundle. */
export interface Restore {
  id: string;
  generation: number;
  /** Furthest size that a copy elsewhere told of. */
  from: number;
  /** Size from which the new generation goes on. */
  to: number;
  time: string;
}

interface Signed extends Checkpoint {
  generation: number;
}

/** Follows the checkpoints of a bundle, then compares those that the auditor holds. */
export class CheckpointChecker {
  /** Those that the anchor continues, by size. */
  private readonly continued = new Map<number, Signed>();
  private newest: Signed | undefined;
  private generation = 0;
  private size = -1;

  constructor(
    private readonly log: string,
    private readonly keys: KeyRing,
    private readonly restores: readonly Restore[],
    private readonly findings: Findings,
  ) {}

  /** Checks lines of checkpoints.ndjson. */
  follow(notes: readonly CheckedNote[]): void {
    for (const [at, note] of notes.entries()) {
      this.next(note, `checkpoints.ndjson, line ${at + 1}`, at === notes.length - 1);
    }
    // Without it, whoever rewrites a log would only have to count one generation further to be compared with nothing.
    if (this.generation > 1 && !this.restores.some((one) => one.generation === this.generation)) {
      const what = `no event log.restored in the bundle says why generation ${this.generation} began`;
      this.findings.problem('restore', what, 'supporting.ndjson');
    }
  }

  private next(note: CheckedNote, where: string, isAnchor: boolean): void {
    const signed = this.signed(note, where, isAnchor);
    if (!signed) return;
    const { generation, size } = signed;
    const before = this.continued.get(size);
    if (generation === this.generation && before && !isEqual(before.root, signed.root)) {
      this.findings.problem('checkpoint-fork', forkOf(signed, before), where);
      return;
    }
    if (generation < this.generation || (generation === this.generation && size <= this.size)) {
      const last = `size ${this.size} of generation ${this.generation}`;
      this.findings.problem('checkpoint-order', `size ${size} of generation ${generation} comes after ${last}`, where);
      return;
    }
    const isNewGeneration = this.newest !== undefined && generation > this.generation;
    if (isNewGeneration) this.goBack(note, generation, where);
    else if (note.restored !== undefined) this.findings.problem('restore', 'no generation begins here', where);
    const base = this.newest;
    const isContinued = base ? isConsistent(base, signed, note.proof) : note.proof.length === 0;
    if (!isContinued) {
      const what = base
        ? `the tree of size ${size} is not shown to continue the one of size ${base.size}`
        : 'a proof from nothing';
      this.findings.problem('checkpoint-proof', what, where);
    }
    this.continued.set(size, signed);
    this.newest = signed;
    this.generation = generation;
    this.size = size;
  }

  private signed(note: Omit<CheckedNote, 'proof'>, where: string, mustBeTrusted: boolean): Signed | undefined {
    const origin = parseOrigin(note.origin);
    if (origin?.log !== this.log) {
      this.findings.problem(
        'checkpoint-log',
        `it is one of ${JSON.stringify(note.origin)}, not of the log ${this.log}`,
        where,
      );
      return undefined;
    }
    if (note.isForged || note.signers.length === 0) {
      const what = note.isForged ? 'its signature is not of its key' : 'no key that the bundle lists signed it';
      this.findings.problem('checkpoint-signature', what, where);
    } else if (!this.keys.isTrusted(note.signers)) {
      if (mustBeTrusted)
        this.findings.problem('untrusted-key', 'none of your keys signed it, nor one that they lead to', where);
      else
        this.findings.remark(
          'older-key',
          `${where}: signed by a key that yours do not lead to; what yours signed continues it`,
        );
    }
    return { origin: note.origin, size: note.size, root: note.root, generation: origin.generation };
  }

  /** What was signed beyond the place from which the new generation goes on is continued by nothing. */
  private goBack(note: CheckedNote, generation: number, where: string): void {
    const restore = this.restores.find((one) => one.id === note.restored);
    if (!restore || restore.generation !== generation) {
      const what = `generation ${generation} begins, and no event log.restored in the bundle says why`;
      this.findings.problem('restore', what, where);
      return;
    }
    for (const [size, signed] of this.continued) {
      if (size <= restore.to) continue;
      this.continued.delete(size);
      this.findings.remark('rolled-back', rolledBack(signed, restore));
    }
    this.newest = [...this.continued.values()].at(-1);
  }

  /** Checks the checkpoint under which the bundle was sealed. @returns undefined where it is none of this log's generation */
  seal(
    note: Omit<CheckedNote, 'proof'>,
    consistency: readonly Uint8Array[],
    anchor: Checkpoint,
    where: string,
  ): Checkpoint | undefined {
    const signed = this.signed(note, where, true);
    if (!signed) return undefined;
    if (signed.origin !== anchor.origin || !isConsistent(anchor, signed, consistency)) {
      this.findings.problem(
        'seal',
        `the tree of size ${signed.size} is not shown to continue the anchor, of size ${anchor.size}`,
        where,
      );
      return undefined;
    }
    this.continued.set(signed.size, signed);
    return signed;
  }

  /**
   * Compares a checkpoint that the auditor holds.
   * @param computed roots that follow from the leaves in the bundle, by size
   * @returns whether it agrees; undefined where it could not be compared
   */
  hold(note: string, computed: ReadonlyMap<number, Uint8Array>, where: string): boolean | undefined {
    const held = checkNote(note, this.keys.verify.checkpoints, where);
    const origin = parseOrigin(held.origin);
    const refuse = (why: string) => {
      this.findings.problem('held-checkpoint', `the checkpoint that you hold ${why}`, where);
      return false;
    };
    if (origin?.log !== this.log) return refuse(`is one of ${JSON.stringify(held.origin)}, not of the log ${this.log}`);
    if (held.isForged) return refuse('bears a signature that is not of its key');
    if (held.signers.length === 0) return refuse('is signed by no key that the bundle lists');
    const signed = { ...held, generation: origin.generation };
    const later = this.restores
      .filter((one) => one.generation > signed.generation)
      .sort((one, other) => one.to - other.to);
    if (later[0] && held.size > later[0].to) {
      this.findings.remark('rolled-back', rolledBack(signed, later[0]));
      return undefined;
    }
    const here = this.continued.get(held.size)?.root ?? computed.get(held.size);
    const isOfNow = signed.generation === this.generation || later.length > 0;
    if (!here || !isOfNow) {
      const why =
        held.size > this.size
          ? 'it is newer than the bundle'
          : 'the bundle has no root for that size; one of all events from 0 has';
      this.findings.remark(
        'not-compared',
        `the checkpoint of size ${held.size} that you hold could not be compared: ${why}`,
      );
      return undefined;
    }
    if (isEqual(here, held.root)) return true;
    this.findings.problem('checkpoint-fork', forkOf(signed, { ...signed, root: here }), where);
    return false;
  }
}

function forkOf(signed: Signed, other: Signed): string {
  return `two trees of size ${signed.size} were signed, with the roots ${toHex(signed.root)} and ${toHex(other.root)}: the log was rewritten`;
}

function rolledBack({ generation, size }: Signed, { from, to, time }: Restore): string {
  const what = `the checkpoint of size ${size}, generation ${generation}, was signed over events that were lost since`;
  return `rolled back from ${from} to ${to} on ${time}: ${what}; that is not a forgery`;
}
