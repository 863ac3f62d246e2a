import fc from 'fast-check';
import { until } from '../../../test/support/servers.js';
import { draft, draftOfSize, everything, expectChained, SEGMENT, SpoolFolder, textOf } from '../test/spool-folder.js';
import { DISK, type SpoolFiles } from './files.js';
import type { Reservation } from './space.js';
import type { Spool } from './spool.js';

const full = expect.objectContaining({ code: 'SPOOL_FULL', retry: 'later' });

describe('the space of a spool', () => {
  let folder: SpoolFolder;

  beforeEach(() => {
    folder = new SpoolFolder();
  });

  afterEach(() => folder.remove());

  /** Appends until there is no room. @returns how many */
  async function fill(spool: Spool): Promise<number> {
    for (let taken = 0; ; taken++) {
      try {
        await spool.append(draft('c'.repeat(900)));
      } catch (error) {
        expect(error).toEqual(full);
        return taken;
      }
    }
  }

  it('has room for every outcome it promised, whatever else was asked for at the same time', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ kind: 'reserve' as const, count: 1, size: 0 }) },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('command' as const),
          count: fc.integer({ min: 1, max: 4 }),
          size: fc.integer({ min: 0, max: 1900 }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('outcome' as const),
          count: fc.constant(1),
          size: fc.integer({ min: 400, max: 1500 }),
        }),
      },
      // With its command beside it: only the outcome was promised.
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('both' as const),
          count: fc.integer({ min: 1, max: 4 }),
          size: fc.integer({ min: 0, max: 1500 }),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ kind: 'release' as const, count: 1, size: 0 }) },
      { weight: 2, arbitrary: fc.constant({ kind: 'pause' as const, count: 1, size: 0 }) },
    );
    let run = 0;
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
        const spool = await folder.open({ directory: folder.path(`run-${run++}`), maxBytes: 4 * SEGMENT });
        const held: Reservation[] = [];
        const outcomes: Promise<unknown>[] = [];
        const commands: Promise<unknown>[] = [];
        const refused = (error: unknown) => {
          refusals += 1;
          expect(error).toEqual(full);
        };
        for (const { kind, count, size } of steps) {
          if (kind === 'reserve') {
            try {
              held.push(spool.reserve());
            } catch (error) {
              refused(error);
            }
          } else if (kind === 'pause') await new Promise((resolve) => setImmediate(resolve));
          else if (kind === 'release') held.pop()?.release();
          else if (kind === 'command') {
            commands.push(spool.appendAll(Array.from({ length: count }, () => draft('c'.repeat(size)))).catch(refused));
          } else {
            const reservation = held.shift();
            if (!reservation) continue;
            if (kind === 'outcome') outcomes.push(spool.append(draft('o'.repeat(size)), reservation));
            else {
              const drafts = Array.from({ length: count }, () => draft('b'.repeat(size)));
              commands.push(
                spool.appendAll(drafts, reservation).catch((error: unknown) => {
                  refused(error);
                  held.push(reservation);
                }),
              );
            }
          }
        }
        await Promise.all(commands);
        // The largest that was promised.
        for (const reservation of held) {
          await Promise.all(outcomes);
          const next = (spool.epochs().at(-1)?.lastSeq ?? 0) + 1;
          await spool.append(draftOfSize(spool, next, reservation.bytes), reservation);
        }
        await Promise.all(outcomes);
        expectChained(await everything(spool));
        await spool.close();
        // Its own last word was promised, too.
        expect(textOf((await everything(spool)).at(-1)!)).toBe('closed');
      }),
      { numRuns: 40 },
    );
    expect(refusals).toBeGreaterThan(5);
  }, 60_000);

  it('counts what is being synced as taken', async () => {
    let gate: Promise<void> | undefined;
    const sync = async (fd: number) => {
      await gate;
      await DISK.sync(fd);
    };
    const spool = await folder.open({ files: { ...DISK, sync }, maxBytes: SEGMENT, reserveBytes: 512 });
    let go: () => void = () => undefined;
    gate = new Promise((resolve) => {
      go = resolve;
    });
    const underWay = spool.append(draft('c'.repeat(3000)));
    await until('it is being written', () => spool.usage().bytes === SEGMENT).then(
      () => new Promise((resolve) => setTimeout(resolve, 20)),
    );
    const held: Reservation[] = [];
    expect(() => {
      for (;;) held.push(spool.reserve());
    }).toThrow(full);
    gate = undefined;
    go();
    await underWay;
    for (const reservation of held) {
      const next = (spool.epochs().at(-1)?.lastSeq ?? 0) + 1;
      await spool.append(draftOfSize(spool, next, 512), reservation);
    }
    expect(held.length).toBeGreaterThan(4);
  });

  it('gives nothing for a reservation that was used or given back', async () => {
    const spool = await folder.open({ maxBytes: 2 * SEGMENT });
    const used = spool.reserve();
    await spool.append(draft('o'), used);
    const held: Reservation[] = [];
    await fill(spool);
    expect(() => {
      for (;;) held.push(spool.reserve());
    }).toThrow(full);
    await expect(spool.append(draft('o'.repeat(900)), used)).rejects.toEqual(full);
    used.release();
    for (const reservation of held) await spool.append(draft('o'.repeat(900)), reservation);
  });

  it('stays reserved for an outcome whose write failed', async () => {
    let isBroken = false;
    const sync = (fd: number) => (isBroken ? Promise.reject(new Error('EIO')) : DISK.sync(fd));
    const spool = await folder.open({ files: { ...DISK, sync }, maxBytes: 4 * SEGMENT });
    const reservation = spool.reserve();
    isBroken = true;
    await expect(spool.append(draft('o'.repeat(900)), reservation)).rejects.toMatchObject({
      code: 'SPOOL_WRITE_FAILED',
    });
    isBroken = false;
    await fill(spool);
    await spool.append(draft('o'.repeat(900)), reservation);
    expectChained(await everything(spool));
  });

  it('that a disk does not give is asked for again by itself, and not with every refused command', async () => {
    let isFull = false;
    let asked = 0;
    const files = {
      ...DISK,
      allocate: async (path: string, bytes: number) => {
        asked += 1;
        if (isFull) throw new Error('ENOSPC: no space left on device');
        await DISK.allocate(path, bytes);
      },
    };
    const spool = await folder.open({ files, retryMs: 200 });
    const promised = [spool.reserve(), spool.reserve()];
    isFull = true;
    await fill(spool);
    asked = 0;
    for (let i = 0; i < 50; i++) await expect(spool.append(draft('c'.repeat(900)))).rejects.toEqual(full);
    expect(asked).toBeLessThan(5);
    expect(spool.usage()).toMatchObject({ state: 'full', reason: expect.stringContaining('ENOSPC') });
    for (const reservation of promised) await spool.append(draft('o'.repeat(900)), reservation);
    isFull = false;
    await until('there is room again, with nobody asking', () => spool.usage().state === 'ok');
    await spool.append(draft('c'.repeat(900)));
    expectChained(await everything(spool));
  });

  it('may be used up when it is opened: what it holds can be sent, and then it takes events again', async () => {
    const first = await folder.open({ maxBytes: 4 * SEGMENT });
    await fill(first);
    const { epoch } = first;
    await first.close();
    let gives = false;
    const files = {
      ...DISK,
      allocate: (path: string, bytes: number) =>
        gives ? DISK.allocate(path, bytes) : Promise.reject(new Error('ENOSPC')),
    };
    const spool = await folder.open({ maxBytes: 4 * SEGMENT, keepMs: 0, files });
    expect(() => spool.reserve()).toThrow(full);
    await expect(spool.append(draft('c'))).rejects.toEqual(full);
    expect(spool.usage().state).toBe('full');
    expect(spool.epochs().at(-1)).toMatchObject({ epoch: spool.epoch, lastSeq: 0 });
    const kept = await everything(spool, epoch);
    expectChained(kept);
    gives = true;
    const last = kept.at(-1)!;
    expect(await spool.confirm(epoch, last.seq, last.chain)).toBe('advanced');
    await until('there is room', () => spool.usage().state === 'ok');
    await spool.append(draft('c'), spool.reserve());
    const records = await everything(spool);
    expectChained(records);
    expect(JSON.parse(records[0]!.bytes.toString())).toMatchObject({
      type: 'producer.started',
      data: { previous: { epoch, seq: last.seq, chain: last.chain.toString('hex') } },
    });
    expect(records.map(textOf)).toEqual(['', 'c']);
  });

  it('that is only slow in coming is no reason to refuse: large appends wait for it, commands do not', async () => {
    let isSlow = false;
    const files: SpoolFiles = {
      ...DISK,
      allocate: async (path, bytes) => {
        if (isSlow) await new Promise((resolve) => setTimeout(resolve, 30));
        await DISK.allocate(path, bytes);
      },
    };
    const spool = await folder.open({ files });
    await spool.append(draft('first'));
    isSlow = true;
    let isDone = false;
    const large = Promise.all(Array.from({ length: 24 }, () => spool.append(draft('x'.repeat(3700))))).then(() => {
      isDone = true;
    });
    while (!isDone) {
      spool.reserve().release();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await large;
  });
});
