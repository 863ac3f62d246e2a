import fc from 'fast-check';
import { probeDelayMs, RETRY_POLICY, retryDelayMs, serverWaitMs } from './retry.js';

const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const attempts = fc.integer({ min: 1, max: 1_000_000 });

describe('the wait before the next attempt', () => {
  it('is uniform between nothing and a bound that doubles, up to the cap', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 500].map((n) => retryDelayMs(RETRY_POLICY, n, 0.999_999))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
    expect(retryDelayMs(RETRY_POLICY, 9, 0)).toBe(0);
    expect(retryDelayMs(RETRY_POLICY, 2, 0.5)).toBe(1_000);
  });

  it('never ends and never passes the cap, however often it was tried', () => {
    fc.assert(
      fc.property(attempts, random, (n, r) => {
        const delay = retryDelayMs(RETRY_POLICY, n, r);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(RETRY_POLICY.capMs);
      }),
    );
  });

  it('is at least what the destination asks for, and that no longer than five minutes', () => {
    fc.assert(
      fc.property(attempts, random, fc.integer({ min: 1, max: 2 ** 53 - 1 }), (n, r, asked) => {
        const delay = retryDelayMs(RETRY_POLICY, n, r, asked);
        expect(delay).toBeGreaterThanOrEqual(Math.min(asked, 300_000));
        expect(delay).toBeLessThanOrEqual(330_000);
      }),
    );
  });

  it('is never nothing for a probe', () => {
    fc.assert(
      fc.property(attempts, random, (n, r) => {
        expect(probeDelayMs(RETRY_POLICY, 'failing', n, r)).toBeGreaterThanOrEqual(RETRY_POLICY.baseMs);
        expect(probeDelayMs(RETRY_POLICY, 'paused', n, r)).toBeGreaterThanOrEqual(RETRY_POLICY.pausedProbeMs / 2);
      }),
    );
  });
});

describe('the wait that an answer asks for', () => {
  const now = Date.parse('2026-11-25T08:00:00Z');
  const asked = (headers: Record<string, string>) => serverWaitMs((name) => headers[name], now);

  it.each([
    [{}, undefined],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Wed, 25 Nov 2026 08:01:00 GMT' }, 60_000],
    [{ 'retry-after': 'Wed, 25 Nov 2026 07:00:00 GMT' }, 0],
    [{ 'x-ratelimit-reset': '3' }, 3_000],
    [{ 'x-ratelimit-reset': '0' }, 0],
    [{ 'retry-after': '2', 'x-ratelimit-reset': '9' }, 9_000],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'x-ratelimit-reset': 'NaN' }, undefined],
    [{ 'retry-after': '1e9' }, undefined],
  ])('in %j is %p ms', (headers, expected) => {
    expect(asked(headers as Record<string, string>)).toBe(expected);
  });
});
