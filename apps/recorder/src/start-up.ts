import { AffidavitError, describeError } from '#events';
import type { Logger } from '#platform';

const LOOK_AGAIN_MS = 300;
const SAY_AGAIN_MS = 10_000;

/**
 * Repeats an act of the start until it succeeds: servers may come up later than this process, and migrations are applied by whoever
 * brings the stack up. Said every ten seconds. Only what waiting cannot mend is thrown.
 */
export async function untilDone<T>(logger: Pick<Logger, 'warn'>, sentence: string, act: () => Promise<T>): Promise<T> {
  // Not at the first failure: a moment is nothing to speak of.
  let saidAtMs = Date.now() - SAY_AGAIN_MS + 1_000;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof AffidavitError && error.retry === 'never') throw error;
      if (Date.now() - saidAtMs >= SAY_AGAIN_MS) {
        saidAtMs = Date.now();
        logger.warn({ reason: describeError(error) }, sentence);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
