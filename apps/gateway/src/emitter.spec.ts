import type { EventDraft } from '#events';
import { MemorySpool } from '../../../test/support/gateway.js';
import { until } from '../../../test/support/servers.js';
import { Emitter, type Reservation } from './emitter.js';

/** Any valid event; its reason tells it from others. */
const draft = (reason: string): EventDraft => ({
  type: 'producer.stopped',
  time: '2026-01-01T00:00:00.000000Z',
  class: 'system',
  data: { reason },
});
const reasons = (spool: MemorySpool) =>
  spool.drafts.map((one) => (one.type === 'producer.stopped' ? one.data.reason : ''));
const logger = { warn: () => undefined };

describe('the emitter', () => {
  it('writes outcomes before the next command, in order', async () => {
    const spool = new MemorySpool();
    const emitter = new Emitter(spool, { logger });
    emitter.outcome(draft('first'), spool.reserve());
    emitter.outcome(draft('second'), spool.reserve());
    await emitter.record([draft('third')]);
    expect(reasons(spool)).toEqual(['first', 'second', 'third']);
    expect(spool.reserved).toBe(0);
  });

  it('writes an outcome soon also when no command follows, and says when it is durable', async () => {
    const spool = new MemorySpool();
    const emitter = new Emitter(spool, { logger });
    let written = false;
    emitter.outcome(draft('alone'), spool.reserve(), () => {
      written = true;
    });
    await until('the outcome', () => written);
    expect(spool.drafts).toHaveLength(1);
  });

  it('tries an outcome until it is written', async () => {
    const spool = new MemorySpool();
    let fails = 2;
    const failing = Object.assign(Object.create(spool) as MemorySpool, {
      append: (one: EventDraft, reservation?: Reservation) => {
        fails -= 1;
        return fails >= 0 ? Promise.reject(new Error('the disk failed')) : spool.append(one, reservation);
      },
    });
    const emitter = new Emitter(failing, { logger });
    emitter.outcome(draft('late'), spool.reserve());
    expect(await emitter.drain(5000)).toBe(0);
    expect(spool.drafts).toHaveLength(1);
    expect(spool.reserved).toBe(0);
  });

  it('refuses where the record is too far behind, by bytes or by age', () => {
    const spool = new MemorySpool();
    let now = 1_000_000;
    const emitter = new Emitter(spool, { logger, now: () => now });
    const ahead = { bytes: 100, ageMs: 1000 };
    emitter.admit(ahead).release();
    spool.unconfirmedBytes = 101;
    now += 100;
    expect(() => emitter.admit(ahead)).toThrow(
      expect.objectContaining({ code: 'GATEWAY_TOO_FAR_AHEAD', retry: 'later' }),
    );
    spool.unconfirmedBytes = 100;
    spool.oldestUnconfirmedAtMs = now - 1101;
    now += 100;
    expect(() => emitter.admit(ahead)).toThrow(expect.objectContaining({ code: 'GATEWAY_TOO_FAR_AHEAD' }));
    spool.oldestUnconfirmedAtMs = null;
    now += 100;
    emitter.admit(ahead).release();
  });

  it('says that there is no room in the words of a database', async () => {
    const spool = new MemorySpool();
    const emitter = new Emitter(spool, { logger });
    spool.isFull = true;
    const noRoom = expect.objectContaining({ code: 'GATEWAY_NO_ROOM', sqlstate: '53100', retry: 'later' });
    expect(() => emitter.admit({ bytes: 1, ageMs: 1 })).toThrow(noRoom);
    await expect(emitter.record([draft('x')])).rejects.toEqual(noRoom);
  });
});
