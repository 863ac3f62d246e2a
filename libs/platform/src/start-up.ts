import { AffidavitError } from '#events';
import { type Hindrance, type Trouble, troubleOf } from './health.js';
import type { Logger } from './logger.js';

const LOOK_AGAIN_MS = 300;
const SAY_AGAIN_MS = 10_000;

/** What the check of a start says until there is more to say. */
export const STARTING: Trouble = { reason: 'it is still starting', remedy: 'Wait a moment.' };

/**
 * Repeats an act of the start until it succeeds: servers may come up later than this process, and migrations are applied by whoever
 * brings the stack up. Said every ten seconds, and by `hindrance` at /readyz. Only what waiting cannot mend is thrown.
 */
export async function untilDone<T>(
  logger: Pick<Logger, 'warn'>,
  hindrance: Hindrance,
  sentence: string,
  act: () => Promise<T>,
): Promise<T> {
  // Not at the first failure: a moment is nothing to speak of.
  let saidAtMs = Date.now() - SAY_AGAIN_MS + 1_000;
  for (;;) {
    try {
      const result = await act();
      hindrance.over();
      return result;
    } catch (error) {
      if (error instanceof AffidavitError && error.retry === 'never') throw error;
      hindrance.failed(error);
      if (Date.now() - saidAtMs >= SAY_AGAIN_MS) {
        saidAtMs = Date.now();
        logger.warn(troubleOf(error), sentence);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
