import { AffidavitError, type ErrorFacts } from '#events';

/** What the shell gets. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** Something that a command could not do. */
export class CliError extends AffidavitError {
  readonly exitCode: number;

  constructor(facts: ErrorFacts & { exitCode?: number }) {
    super(facts);
    this.exitCode = facts.exitCode ?? EXIT.failed;
  }
}

export function usageError(message: string, remedy: string): CliError {
  return new CliError({ code: 'CLI_USAGE', message, remedy, retry: 'never', exitCode: EXIT.usage });
}

/** The exit code of any error that ends a command. */
export function exitCodeOf(error: unknown): number {
  return error instanceof CliError ? error.exitCode : EXIT.failed;
}
