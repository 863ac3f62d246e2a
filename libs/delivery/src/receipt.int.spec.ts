import { ReadingBack } from '../../../test/support/reading-back.js';
import { until } from '../../../test/support/servers.js';
import { type ReceiptDestination, readReceipt } from './receipt.js';

// Real PostgreSQL and Redis, the whole forwarder. Faked: Datadog, by the stand-in.

describe('the receipt of an event', () => {
  let world: ReadingBack;

  beforeEach(async () => {
    world = await ReadingBack.open();
  });
  afterEach(() => world.close());

  async function at(id: string, destination = 'datadog'): Promise<ReceiptDestination> {
    const { destinations } = await readReceipt(world.record.pool, id);
    const found = destinations.find((one) => one.destination === destination);
    if (!found) throw new Error(`nothing of ${destination}`);
    return found;
  }

  it('says where it stands in the record before any forwarder ran', async () => {
    const [first, second] = await world.emit(world.drafts(2));
    const receipt = await readReceipt(world.record.pool, second!);
    expect(receipt).toMatchObject({
      event: second,
      node: 'gw-1',
      seq: 2,
      type: 'command.completed',
      occurredAt: '2026-11-25T12:00:00.000000Z',
      destinations: [],
    });
    const { position } = (await readReceipt(world.record.pool, first!)).recorded;
    expect(receipt.recorded.position).toBe(position + 1n);
    expect(receipt.recorded.run).toEqual({ first: position, last: position + 1n });
    for (const id of [`${world.producer.epoch}.3`, '0123456789abcdef.1', 'nonsense', `${world.producer.epoch}.0`]) {
      await expect(readReceipt(world.record.pool, id)).rejects.toMatchObject({ code: 'DELIVERY_EVENT_UNKNOWN' });
    }
  });

  it('claims accepted for a 202, observed only once it was seen, and keeps every attempt', async () => {
    world.standIn.faults.add({ kind: '503' });
    const [id] = await world.emit(world.drafts(1));
    await world.forward([world.doubt()]);
    await world.settled();
    const accepted = await at(id!);
    expect(accepted).toMatchObject({ state: 'accepted', logs: [], deadLetter: null });
    expect(accepted.batches).toMatchObject([
      {
        state: 'accepted',
        parent: null,
        lane: 'live',
        observedAt: null,
        attempts: [
          { attempt: 1, kind: 'retry', status: 503 },
          { attempt: 2, kind: 'accepted', status: 202 },
        ],
      },
    ]);
    await world.stop();
    await world.forward([world.passing()]);
    await until('it is observed', async () => (await at(id!)).state === 'observed');
    expect((await at(id!)).batches[0]).toMatchObject({ state: 'observed', observedAt: expect.any(String) });
  });

  it('says doubt while nobody knows, then names the log that was listed', async () => {
    await world.forward([world.doubt({ settleMs: 1_500 })]);
    await world.allArrived();
    world.standIn.faults.add({ kind: 'drop-for-query', query: '@session.id:s1' });
    world.standIn.faults.add({ kind: 'lose-answer' });
    const [seen, missing] = await world.emit(world.drafts(2));
    await world.inDoubt();
    world.standIn.faults.clear();
    expect(await at(seen!)).toMatchObject({ state: 'doubt', batches: [{ attempts: [{ kind: 'retry' }] }] });
    await world.settled();
    const listed = await at(seen!);
    expect(listed).toMatchObject({ state: 'observed', batches: [{ state: 'split' }] });
    expect(listed.logs).toEqual([
      { logId: expect.any(String), batch: listed.batches[0]?.batch, attempt: 1, observedAt: expect.any(String) },
    ]);
    // The part that was sent again holds this one only.
    const resent = await at(missing!);
    expect(resent).toMatchObject({ state: 'accepted', logs: [] });
    expect(resent.batches).toMatchObject([
      { state: 'split' },
      { state: 'accepted', parent: resent.batches[0]?.batch, count: 1 },
    ]);
    expect(listed.batches).toHaveLength(1);
  });

  it('names the dead letter, and the halves that led to it', async () => {
    const ids = await world.emit(world.drafts(4));
    world.standIn.faults.add({ kind: '400-for-query', query: `@evt.id:"${ids[2]}"` });
    await world.forward([world.doubt()]);
    await world.settled();
    const dead = await at(ids[2]!);
    expect(dead).toMatchObject({
      state: 'dead',
      deadLetter: { state: 'open', reason: expect.stringContaining('400') },
    });
    expect(dead.batches.map(({ state }) => state)).toEqual([...dead.batches.slice(1).map(() => 'split'), 'dead']);
    expect((await at(ids[0]!)).state).toBe('accepted');
  });

  it('says that a filter leaves it out, or that it was sent again', async () => {
    await world.forward([world.doubt(), world.reconciling(1_000)], {
      entry: { selection: { types: ['command.*'] } },
    });
    await world.emit(world.drafts(1, 'a'));
    await world.settled();
    world.standIn.faults.add({ kind: 'drop' });
    const [lost] = await world.emit(world.drafts(1, 'b'));
    await world.settled();
    await until('it is sent again', () => world.copies(lost!) === 1);
    await world.settled();
    const resent = await at(lost!);
    expect(resent.batches).toMatchObject([
      { state: 'accepted', isResend: false, seen: 0 },
      { lane: 'catchup', isResend: true, count: 1 },
    ]);
    const [, unwanted] = await world.recorded().then((all) => all.filter((id) => !id.startsWith(world.producer.epoch)));
    expect(await at(unwanted ?? (await world.recorded())[0]!)).toMatchObject({ state: 'unwanted', batches: [] });
  });
});
