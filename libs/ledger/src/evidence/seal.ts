import { sha256 } from '../chain.js';
import type { Checkpoint } from '../checkpoint.js';
import { HASH_BYTES } from '../merkle.js';
import { isEqual, rootFromInclusion } from '../proofs.js';
import { toHex, utf8 } from '../text-bytes.js';
import type { CheckpointChecker } from './checkpoints.js';
import { sealForm } from './format.js';
import { checkNote, eventOf } from './jobs.js';
import type { KeyRing } from './keys.js';
import type { Findings } from './report.js';
import { checkRun, readLeaves } from './run-lines.js';

const WHERE = 'seal.json';

/**
 * Checks that the log swears to the manifest: that an event record.exported names its digest, and lies in a tree that continues the anchor's.
 * @param value of seal.json
 * @param manifest its bytes
 */
export function checkSeal(
  value: unknown,
  manifest: Uint8Array,
  {
    keys,
    checkpoints,
    anchor,
    findings,
  }: { keys: KeyRing; checkpoints: CheckpointChecker; anchor: Checkpoint; findings: Findings },
): Checkpoint | undefined {
  const seal = sealForm(value, WHERE);
  const wrong = (what: string) => findings.problem('seal', what, WHERE);
  const { run, leafHashes } = checkRun(seal.run, keys.verify.log, keys.verify.heads, `${WHERE}, run`);
  for (const { code, message, where } of run.problems) findings.problem(code, message, where);
  const at = seal.index - run.first;
  if (at < 0 || at >= run.count) {
    wrong(`position ${seal.index} is not in its run`);
    return undefined;
  }
  const bytes = utf8(seal.event);
  const { eventHashes } = readLeaves(seal.run.leaves, `${WHERE}, run`);
  if (!isEqual(sha256(bytes), eventHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)))
    wrong('its event is not the recorded one');
  const event = eventOf(seal.event);
  const isItsOwn =
    event?.node === 'record' && run.node === 'record' && event.epoch === run.epoch && event.seq === run.firstSeq + at;
  if (!isItsOwn || event.type !== 'record.exported') wrong('its event is no record.exported of the record itself');
  const digest = toHex(sha256(manifest));
  if (event?.data.digest !== digest) {
    wrong(
      `the log swears to a manifest with the SHA-256 ${String(event?.data.digest).slice(0, 64)}, and this one has ${digest}`,
    );
  }
  const note = checkNote(seal.note, keys.verify.checkpoints, `${WHERE}, note`);
  const sealing = checkpoints.seal(note, seal.consistency, anchor, `${WHERE}, note`);
  const leaf = leafHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
  const root = rootFromInclusion(leaf, seal.index, note.size, seal.proof);
  if (!root || !isEqual(root, note.root)) wrong(`its event is not shown to lie in the tree of size ${note.size}`);
  return sealing;
}
