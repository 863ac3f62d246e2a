import { readdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Epoch } from '#events';
import { EpochLog, type SpoolDamage } from './epoch-log.js';
import { writeFailed } from './errors.js';
import type { SpoolFiles } from './files.js';
import { salvage } from './salvage.js';
import { describeSegment, scanSegment, segmentFirstSeq } from './segment.js';

/** Epoch folders are numbered, since epochs themselves say nothing of their order and clocks are not to be trusted. */
const EPOCH_FOLDER = /^(\d{8})-([0-9a-f]{16})$/;

export function epochFolder(directory: string, number: number, epoch: Epoch): string {
  return join(directory, `${String(number).padStart(8, '0')}-${epoch}`);
}

/**
 * Finds what earlier runs left, oldest first. Only the last segment of a run is read, up to its last whole record; of the others
 * the next one's name says how far they count, and they are looked at when they are sent. So it takes as long for a spool of
 * 50 GB as for a small one.
 *
 * What is found is made durable before anybody builds on it: a killed process may have left a record that only the page cache holds.
 * Runs that never wrote anything, and prepared space, are removed; a run of which nothing can be read is set aside.
 * Whole records behind rot in the last segment are kept, as a segment of their own.
 */
export async function recoverEpochs(
  directory: string,
  files: SpoolFiles,
  onDamage: (damage: SpoolDamage) => void,
): Promise<{ epochs: EpochLog[]; nextNumber: number }> {
  const epochs: EpochLog[] = [];
  let nextNumber = 1;
  for (const name of readdirSync(directory).sort()) {
    if (name.startsWith('spare-')) await rm(join(directory, name), { force: true });
    const match = EPOCH_FOLDER.exec(name);
    if (!match) continue;
    nextNumber = Number(match[1]) + 1;
    const log = new EpochLog(match[2] as Epoch, join(directory, name), onDamage);
    const isClean = await recoverEpoch(log, directory, files, onDamage);
    if (log.lastSeq > 0) epochs.push(log);
    else if (isClean) await rm(log.folder, { recursive: true, force: true });
    // Perhaps events that were acknowledged: not ours to delete.
    else await rename(log.folder, join(directory, `unreadable-${name}`));
  }
  return { epochs, nextNumber };
}

/** @returns whether nothing but records and zeros was found */
async function recoverEpoch(
  log: EpochLog,
  directory: string,
  files: SpoolFiles,
  onDamage: (damage: SpoolDamage) => void,
): Promise<boolean> {
  let paths = segmentPaths(log.folder);
  let last = paths.pop();
  if (last === undefined) return true;
  let scan = await scanSegment(last);
  // Where the disk gives no room for it now, what lies behind stays where it is until the next start.
  while (!scan.isClean && (await salvage(scan.segment, log.folder, directory, files).catch(() => false))) {
    paths = segmentPaths(log.folder);
    last = paths.pop() as string;
    scan = await scanSegment(last);
  }
  for (const [at, path] of paths.entries()) {
    // What lies beyond was never acknowledged: its write failed, and the next segment began in its place.
    const next = segmentFirstSeq(paths[at + 1] ?? last) as number;
    log.recovered(await describeSegment(path, next - 1));
  }
  const { segment, lastChain, isClean } = scan;
  // The zeros go back to the disk, else each short run would cost a whole segment; bytes that are no record stay as they are.
  if (isClean) segment.fileBytes = segment.usedBytes;
  else onDamage({ epoch: log.epoch, path: last, fromSeq: segment.lastSeq + 1, toSeq: undefined });
  await files.seal(last, segment.fileBytes).catch((cause) => {
    throw writeFailed(last, cause);
  });
  log.recovered(segment, lastChain);
  await reachLast(log);
  return isClean;
}

function segmentPaths(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => segmentFirstSeq(name) !== undefined)
    .sort()
    .map((name) => join(folder, name));
}

/** Where the last segment holds nothing, the run ends with the segment before it, as far as that can be read. */
async function reachLast(log: EpochLog): Promise<void> {
  const last = log.segments.at(-1);
  const before = log.segments.at(-2);
  if (!last || !before || last.lastSeq >= last.firstSeq || last.prevChain) return;
  const [record] = await log.read(before.lastSeq, { count: 1, bytes: 0 });
  if (record?.seq === log.lastSeq) log.lastChain = record.chain;
}
