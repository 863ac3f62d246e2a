import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from './settings.js';

const LONGEST_MS = 180_000;
const ALL_OF_THEM_MS = 3_600_000;

/**
 * Makes a test of each. Where several processes share the work, whoever is free takes the next: which ones run here is known only then,
 * so they are one test.
 */
export function tryEach<T>(
  what: string,
  all: readonly T[],
  titleOf: (one: T) => string,
  attempt: (one: T) => Promise<void>,
): void {
  const { claims } = settings;
  if (claims !== undefined) {
    it(
      `${what}, where no other process has taken it`,
      async () => {
        const red: string[] = [];
        for (const one of all) {
          const title = titleOf(one);
          if (isTaken(claims, title)) continue;
          await inTime(attempt(one)).catch((error: unknown) => red.push(`${title}: ${error}`));
        }
        expect(red).toEqual([]);
      },
      ALL_OF_THEM_MS,
    );
    return;
  }
  // Where few are asked for there may be none, of which jest makes an error.
  const describeAny = all.length > 0 ? describe : describe.skip;
  describeAny(what, () => {
    it.each(all.map((one) => [titleOf(one), one] as const))('%s', (_, one) => attempt(one), LONGEST_MS);
  });
}

/** Takes it, if nobody has. */
function isTaken(claims: string, title: string): boolean {
  try {
    mkdirSync(join(claims, createHash('sha256').update(title).digest('hex')));
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return true;
    throw error;
  }
}

/** One that hangs must not keep the others waiting. */
async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${LONGEST_MS} ms`)), LONGEST_MS);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
