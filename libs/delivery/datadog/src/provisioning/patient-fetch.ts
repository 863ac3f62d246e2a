import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '#events';
import { DeliveryError } from '../../../src/errors.js';

// Datadog's client has no timeout, tries nothing again that broke on the way, and sleeps for whatever a header says. This stands
// below it. Writing pipelines may be allowed twice a minute only, so a 429 is no failure here: it is waited for, as its
// X-RateLimit-Reset says (seconds, documented at docs.datadoghq.com/api/latest/rate-limits), within bounds.

export interface PatienceOptions {
  timeoutMs?: number;
  /** In all, for one request. */
  longestWaitMs?: number;
  /** Called before a wait. */
  onWait?: (waitMs: number, status: number) => void;
}

const TIMEOUT_MS = 30_000;
const LONGEST_WAIT_MS = 150_000;
const MOST_RETRIES = 4;
/** Of a line that broke: nobody may be there at all, and a person waits. */
const MOST_RECONNECTS = 2;

/**
 * A fetch that follows no redirect and gives up in bounded time. 429 is tried again after the wait that the answer asks for;
 * 5xx and broken lines only where repeating is harmless, so never a POST: it may have created something.
 * @throws DELIVERY_DATADOG_UNREACHABLE
 */
export function patientFetch(options: PatienceOptions = {}): typeof fetch {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const longestWaitMs = options.longestWaitMs ?? LONGEST_WAIT_MS;
  return async (input, init) => {
    const mayRepeat = (init?.method ?? 'GET') !== 'POST';
    for (let attempt = 0, waitedMs = 0; ; attempt++) {
      const answer = await once(input, init, timeoutMs).catch((error: unknown) => {
        if (mayRepeat && attempt < MOST_RECONNECTS && waitedMs < longestWaitMs) return undefined;
        throw unreachable(input, error);
      });
      const status = answer?.status ?? 0;
      if (answer && status !== 429 && (status < 500 || !mayRepeat)) return answer;
      const waitMs = Math.max(status === 429 ? resetMs(answer) : 0, 1_000 * 2 ** attempt);
      if (answer && (attempt >= MOST_RETRIES || waitedMs + waitMs > longestWaitMs)) return answer;
      await answer?.body?.cancel();
      options.onWait?.(waitMs, status);
      await sleep(waitMs);
      waitedMs += waitMs;
    }
  };
}

async function once(input: Parameters<typeof fetch>[0], init: RequestInit | undefined, timeoutMs: number) {
  return fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
}

/** What the answer asks to wait; a header that is no number asks for nothing. */
function resetMs(answer: Response | undefined): number {
  const seconds = Number(answer?.headers.get('x-ratelimit-reset') ?? answer?.headers.get('retry-after'));
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) * 1_000 : 0;
}

function unreachable(input: Parameters<typeof fetch>[0], cause: unknown): DeliveryError {
  const { origin } = new URL(input instanceof Request ? input.url : input);
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  return new DeliveryError({
    code: 'DELIVERY_DATADOG_UNREACHABLE',
    message: `Datadog at ${origin} does not answer: ${describeError(inner)}`,
    remedy:
      'Check DD_SITE and DD_API_URL; without DD_API_KEY this is the local stand-in, which `affidavit up` runs. Repeating does no harm.',
    retry: 'later',
    cause,
  });
}
