import { deliveryOverview, deliveryStatus } from '#delivery';
import { Metrics } from '#platform';
import { ReadingBack } from '../../../test/support/reading-back.js';
import { showLedger } from './delivery-metrics.js';

// Real PostgreSQL and Redis, the whole forwarder. Faked: Datadog, by the stand-in.

describe('the ledger as /metrics shows it', () => {
  let world: ReadingBack;
  let metrics: Metrics;

  beforeEach(async () => {
    world = await ReadingBack.open();
    metrics = new Metrics();
    showLedger(metrics, world.record.pool);
  });
  afterEach(() => world.close());

  const gauge = async (name: string, labels: Record<string, string>) => {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const line = (await metrics.text())
      .split('\n')
      .find((one) => one.startsWith(`affidavit_delivery_${name}{`) && wanted.every((label) => one.includes(label)));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };

  it('holds what waits for a look beside what waits to be sent', async () => {
    // No duty looks: what is in doubt stays so.
    await world.forward([]);
    await world.allArrived();
    await world.settled();
    expect(await gauge('open_batches', { lane: 'live', state: 'doubt' })).toBe(0);
    world.standIn.faults.add({ kind: 'lose-answer' });
    await world.emit(world.drafts(3));
    await world.inDoubt();
    for (const [state, count] of Object.entries({ due: 0, sending: 0, paused: 0, doubt: 1 })) {
      expect([state, await gauge('open_batches', { lane: 'live', state })]).toEqual([state, count]);
    }
    expect(await gauge('lag_events', { lane: 'live' })).toBe(3);
    expect(await deliveryStatus(world.record.pool)).toMatchObject([{ lane: 'live', doubt: 1, lagPositions: 3n }]);
    expect(await deliveryOverview(world.record.pool)).toMatchObject([{ lanes: [{ lane: 'live', doubt: 1, due: 0 }] }]);
  });
});
