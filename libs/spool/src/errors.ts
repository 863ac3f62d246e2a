import { AffidavitError } from '#events';

/** What the spool cannot do, and why. */
export class SpoolError extends AffidavitError {}

export function spoolFull(why: string, cause?: unknown): SpoolError {
  return new SpoolError({
    code: 'SPOOL_FULL',
    message: `the spool has no room: ${why}`,
    remedy: 'Free space on the spool disk or raise its limit; it goes on by itself. See that the recorder is running.',
    retry: 'later',
    cause,
  });
}

export function writeFailed(segment: string, cause: unknown): SpoolError {
  return new SpoolError({
    code: 'SPOOL_WRITE_FAILED',
    message: `writing to ${segment} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'Nothing of it counts as recorded. Check the spool disk; the next append begins a new segment.',
    retry: 'later',
    cause,
  });
}

export function closed(): SpoolError {
  return new SpoolError({
    code: 'SPOOL_CLOSED',
    message: 'the spool is closed',
    remedy: 'The gateway is shutting down; connect to another or wait for its next start.',
    retry: 'later',
  });
}

export function outcomeTooLarge(bytes: number, reservedBytes: number): SpoolError {
  return new SpoolError({
    code: 'SPOOL_OUTCOME_TOO_LARGE',
    message: `an outcome of ${bytes} bytes does not fit the ${reservedBytes} bytes reserved for it`,
    remedy: 'Shorten the event; its full text belongs into the events before it.',
    retry: 'never',
  });
}
