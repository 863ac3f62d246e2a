// Retry in brief: whatever is not final is tried again for ever. A batch waits longer after each of its attempts, with full
// jitter, so that many batches and many forwarders do not come back in step. A destination that failed eight times in a row gets
// one probe at a time until one is accepted. A destination that names a wait gets at least that.

/** How long to wait, and when to stop sending side by side. */
export interface RetryPolicy {
  /** Bound of the first wait; doubles with each attempt. */
  baseMs: number;
  /** Bound of every wait of ours. Long enough to be no burden, short enough that a recovery is seen soon. */
  capMs: number;
  /** Bound of a wait that the destination asks for: a wrong header must not stop deliveries for a day. */
  serverCapMs: number;
  /** Between probes of a destination that refuses our key. */
  pausedProbeMs: number;
  /** Failures in a row after which only one probe at a time is sent. */
  failuresBeforeProbing: number;
}

export const RETRY_POLICY: RetryPolicy = {
  baseMs: 1_000,
  capMs: 30_000,
  serverCapMs: 300_000,
  pausedProbeMs: 15_000,
  failuresBeforeProbing: 8,
};

/**
 * Milliseconds until the next attempt: uniformly between 0 and the bound (full jitter), but at least what the destination
 * asked for, plus up to a tenth of it.
 * @param attempts attempts so far, from 1
 * @param random in [0, 1)
 */
export function retryDelayMs(policy: RetryPolicy, attempts: number, random: number, serverWaitMs = 0): number {
  const bound = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(Math.max(attempts, 1) - 1, 30));
  const asked = Math.min(Math.max(serverWaitMs, 0), policy.serverCapMs);
  return Math.round(asked > 0 ? asked + random * Math.min(asked / 10, policy.capMs) : random * bound);
}

/** Milliseconds until the next probe: never at once, so that a refused key is not hammered. */
export function probeDelayMs(
  policy: RetryPolicy,
  state: 'failing' | 'paused',
  failures: number,
  random: number,
  serverWaitMs = 0,
): number {
  if (state === 'paused') return Math.round(policy.pausedProbeMs * (0.5 + random / 2));
  const least = Math.min(policy.baseMs, policy.capMs);
  return Math.max(least, retryDelayMs(policy, failures, random, serverWaitMs));
}

/**
 * The wait that an HTTP answer asks for: `Retry-After` (seconds or a date) or `X-RateLimit-Reset` (seconds), whichever is
 * longer. Undefined where neither is there or can be read.
 */
export function serverWaitMs(header: (name: string) => string | undefined, nowMs: number): number | undefined {
  const waits = [secondsOrDateMs(header('retry-after'), nowMs), secondsMs(header('x-ratelimit-reset'))].filter(
    (wait) => wait !== undefined,
  );
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

function secondsMs(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}(\.\d+)?$/.test(text.trim()) ? Math.ceil(Number(text) * 1000) : undefined;
}

function secondsOrDateMs(text: string | undefined, nowMs: number): number | undefined {
  const seconds = secondsMs(text);
  if (seconds !== undefined || text === undefined) return seconds;
  // Only the form of RFC 9110: Date.parse alone would take "-5" or "1e3" for a date.
  const at = / GMT$/.test(text.trim()) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
