import type { Epoch, NodeName } from '#events';
import type { EpochAdvance } from '#record';
import { sessionDraft, TestProducer } from '../../../test/support/producer.js';
import { BatchQueue } from './batch-queue.js';

function advances(producer: TestProducer, ...cuts: number[]): EpochAdvance[] {
  let from = 0;
  return cuts.map((count) => {
    const events = producer.made.slice(from, from + count);
    const prevChain = producer.chainBefore(from + 1);
    from += count;
    return {
      node: producer.node,
      epoch: producer.epoch,
      prevChain,
      events,
      gap: false,
      headSignature: Buffer.of(from),
    };
  });
}

function producerOf(count: number): TestProducer {
  const producer = new TestProducer('gw' as NodeName, `${count}`.padStart(16, '0') as Epoch);
  for (let n = 0; n < count; n++) producer.emit(sessionDraft('s'));
  return producer;
}

describe('BatchQueue', () => {
  it('joins adjoining frames of one epoch into one run, also where another epoch stands between', () => {
    const queue = new BatchQueue();
    const [one, two] = advances(producerOf(5), 3, 2);
    const [other] = advances(producerOf(4), 4);
    for (const advance of [one, other, two]) queue.addAdvance(advance!);
    const batch = queue.next();
    expect(batch.advances.map((advance) => advance.events.map((event) => event.seq))).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4],
    ]);
    expect(batch.advances[0]?.headSignature).toEqual(Buffer.of(5));
    expect(queue.isEmpty).toBe(true);
  });

  it('starts a new run at a gap', () => {
    const queue = new BatchQueue();
    const [one, two] = advances(producerOf(5), 3, 2);
    queue.addAdvance(one!);
    queue.addAdvance({ ...two!, gap: true });
    expect(queue.next().advances.length).toBe(2);
  });

  it('keeps a transaction within its limits, but takes a single larger frame', () => {
    const queue = new BatchQueue({ events: 4, bytes: 1e9 });
    for (const advance of advances(producerOf(12), 3, 2, 6, 1)) queue.addAdvance(advance);
    const sizes: number[] = [];
    while (!queue.isEmpty) sizes.push(queue.next().advances[0]!.events.length);
    expect(sizes).toEqual([3, 2, 6, 1]);
    expect(queue.eventCount).toBe(0);
  });

  it('lets the reader wait while two transactions are full, and go on when one is taken', async () => {
    const queue = new BatchQueue({ events: 2, bytes: 1e9 });
    for (const advance of advances(producerOf(4), 2, 2)) queue.addAdvance(advance);
    let roomy = false;
    const waiting = queue.whenRoomy().then(() => {
      roomy = true;
    });
    await Promise.resolve();
    expect(roomy).toBe(false);
    queue.next();
    await waiting;
    expect(roomy).toBe(true);
  });
});
