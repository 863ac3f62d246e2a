import { mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Epoch } from '#events';
import { EpochLog } from './epoch-log.js';
import { scanSegment, segmentFirstSeq } from './segment.js';

/** Epoch folders are numbered, since epochs themselves say nothing of their order and clocks are not to be trusted. */
const EPOCH_FOLDER = /^(\d{8})-([0-9a-f]{16})$/;

export function epochFolder(directory: string, number: number, epoch: Epoch): string {
  return join(directory, `${String(number).padStart(8, '0')}-${epoch}`);
}

/**
 * Reads what earlier runs left, oldest first: up to the last whole record of each segment, and of each segment no further than
 * where the next one begins. Runs that never made anything durable, and prepared space, are removed.
 */
export async function recoverEpochs(directory: string): Promise<{ epochs: EpochLog[]; nextNumber: number }> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const names = readdirSync(directory).sort();
  const epochs: EpochLog[] = [];
  let nextNumber = 1;
  for (const name of names) {
    if (name.startsWith('spare-')) await rm(join(directory, name), { force: true });
    const match = EPOCH_FOLDER.exec(name);
    if (!match) continue;
    nextNumber = Number(match[1]) + 1;
    const log = await recoverEpoch(join(directory, name), match[2] as Epoch);
    if (log.lastSeq === 0) await rm(log.folder, { recursive: true, force: true });
    else epochs.push(log);
  }
  return { epochs, nextNumber };
}

async function recoverEpoch(folder: string, epoch: Epoch): Promise<EpochLog> {
  const log = new EpochLog(epoch, folder);
  const paths = readdirSync(folder)
    .filter((name) => segmentFirstSeq(name) !== undefined)
    .sort()
    .map((name) => join(folder, name));
  for (const [at, path] of paths.entries()) {
    const segment = await scanSegment(path);
    if (!segment) continue;
    const next = paths[at + 1];
    const end = next === undefined ? undefined : (segmentFirstSeq(next) as number) - 1;
    if (end !== undefined && segment.lastSeq > end) {
      // What lies beyond was never acknowledged: its write failed, and the next segment begins in its place.
      const following = next && (await scanSegment(next));
      if (following) {
        segment.lastSeq = end;
        segment.lastChain = following.prevChain;
      }
    }
    log.recovered(segment);
  }
  return log;
}
