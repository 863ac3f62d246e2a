import fc from 'fast-check';
import { Admission, type Pass } from './admission.js';
import type { Answer } from './answer.js';
import { LANES, type Lane } from './destination.js';

const ACCEPTED: Answer = { kind: 'accepted', status: 202 };
const THROTTLED: Answer = { kind: 'retry', status: 429, reason: '429', mayBeStored: false };
const NEVER = new AbortController().signal;
const OPTIONS = { most: 4, batchCount: 1_000, slowMs: 5_000 };

/** Lets whoever was admitted note it. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Admission', () => {
  async function pass(admission: Admission, lane: Lane = 'live'): Promise<Pass> {
    const given = await admission.enter(lane, NEVER);
    if (!given) throw new Error('nobody was to be turned away');
    return given;
  }

  it('never lets more in than it may, over all lanes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...LANES), { maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        async (lanes, most) => {
          const admission = new Admission({ ...OPTIONS, most });
          let inside = 0;
          let admitted = 0;
          const all = lanes.map(async (lane) => {
            const given = await pass(admission, lane);
            inside++;
            admitted++;
            expect(inside).toBeLessThanOrEqual(most);
            await settle();
            inside--;
            given.leave();
          });
          await Promise.all(all);
          expect(admitted).toBe(lanes.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('lets live go first, and each lane that waits at least one of twenty', async () => {
    const admission = new Admission({ ...OPTIONS, most: 1 });
    const order: Lane[] = [];
    const holder = await pass(admission);
    const all = LANES.flatMap((lane) =>
      Array.from({ length: 100 }, async () => {
        const given = await pass(admission, lane);
        order.push(lane);
        given.leave();
      }),
    );
    holder.leave();
    await Promise.all(all);
    // While all four wait, three twentieths go to the others.
    const first = order.slice(0, 100);
    expect(first.filter((lane) => lane === 'live').length).toBeGreaterThanOrEqual(80);
    for (const lane of LANES) expect(first.filter((one) => one === lane).length).toBeGreaterThanOrEqual(4);
    // And replay and backfill together have at least their five per cent at every stretch of forty.
    for (let from = 0; from + 40 <= 100; from += 20) {
      const stretch = order.slice(from, from + 40);
      expect(stretch.filter((lane) => lane === 'replay' || lane === 'backfill').length).toBeGreaterThanOrEqual(2);
    }
  });

  it('halves on 429, once for the answers of one moment, and grows back with accepted ones', async () => {
    let now = 0;
    const admission = new Admission(OPTIONS, () => now);
    const learn = async (answer: Answer, elapsedMs = 10, events = 1_000) => {
      const given = await pass(admission);
      given.learn(answer, elapsedMs, events);
      given.leave();
    };
    await learn(THROTTLED);
    await learn(THROTTLED);
    expect(admission.limit).toBe(2);
    now += 2_000;
    await learn(THROTTLED);
    now += 2_000;
    await learn(THROTTLED);
    expect(admission.limit).toBe(1);
    for (let n = 0; n < 20; n++) await learn(ACCEPTED);
    expect(admission.limit).toBe(4);
    expect(admission.batchCount).toBe(1_000);
  });

  it('makes batches smaller for a destination that is slow, and larger again when it is quick', async () => {
    let now = 0;
    const admission = new Admission(OPTIONS, () => now);
    const learn = async (elapsedMs: number, events: number) => {
      now += 2_000;
      const given = await pass(admission);
      given.learn(ACCEPTED, elapsedMs, events);
      given.leave();
    };
    for (let n = 0; n < 10; n++) await learn(9_000, admission.batchCount);
    expect(admission.batchCount).toBe(50);
    // A small batch that is slow says nothing about large ones.
    await learn(9_000, 1);
    expect(admission.batchCount).toBe(50);
    for (let n = 0; n < 20; n++) await learn(20, admission.batchCount);
    expect(admission.batchCount).toBe(1_000);
  });

  it('turns away whoever waits when the process stops, and lets nobody in while the rate is used up', async () => {
    const admission = new Admission({ ...OPTIONS, most: 1 });
    const stop = new AbortController();
    const holder = await pass(admission);
    const waiting = admission.enter('live', stop.signal);
    stop.abort();
    expect(await waiting).toBeUndefined();
    expect(await admission.enter('live', stop.signal)).toBeUndefined();
    const from = performance.now();
    admission.holdBack(30);
    holder.leave();
    (await pass(admission)).leave();
    expect(performance.now() - from).toBeGreaterThan(20);
  });
});
