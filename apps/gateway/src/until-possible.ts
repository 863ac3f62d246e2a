import { AffidavitError, describeError } from '#events';

/**
 * Does what a start cannot do without, again and again where waiting may help: a process that ends and is started again would do no
 * more, and would say less.
 * @throws what waiting does not mend (retry: never, or no error of ours)
 */
export async function untilPossible<T>(
  what: string,
  work: () => Promise<T>,
  { logger, retryMs = 1000 }: { logger: { error(fields: object, text: string): void }; retryMs?: number },
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AffidavitError) || error.retry === 'never') throw error;
      // Said at once, and then once a minute or so: it is the same trouble.
      if (failures % Math.ceil(60_000 / retryMs) === 0) {
        logger.error(
          { reason: describeError(error), remedy: error.remedy },
          `${what} is not possible now; it is tried again`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
