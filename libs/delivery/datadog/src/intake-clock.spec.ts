import { IntakeClock } from './intake-clock.js';

const NOON = Date.parse('2026-11-25T12:00:00.400Z');

describe("the intake's clock", () => {
  it('is this machine’s where the answers agree with it', () => {
    let now = NOON;
    const clock = new IntakeClock(() => now);
    now += 200;
    clock.learn('Wed, 25 Nov 2026 12:00:00 GMT', NOON);
    expect(clock.nowMs()).toBe(now);
  });

  it('corrects a machine that is hours behind, to within a second', () => {
    const clock = new IntakeClock(() => NOON);
    expect(clock.isCompared).toBe(false);
    clock.learn('Wed, 25 Nov 2026 15:00:00 GMT', NOON - 100);
    expect(clock.isCompared).toBe(true);
    expect(Math.abs(clock.nowMs() - Date.parse('2026-11-25T15:00:00.500Z'))).toBeLessThanOrEqual(1_000);
    clock.learn('Wed, 25 Nov 2026 12:00:00 GMT', NOON - 100);
    expect(clock.skewMs).toBe(0);
  });

  it('keeps what it knows where an answer has no date', () => {
    const clock = new IntakeClock(() => NOON);
    clock.learn('Wed, 25 Nov 2026 15:00:00 GMT', NOON);
    const skew = clock.skewMs;
    clock.learn(undefined, NOON);
    clock.learn('yesterday', NOON);
    expect(clock.skewMs).toBe(skew);
  });
});
