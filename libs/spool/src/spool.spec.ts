import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decodeEvent } from '#events';
import { GENESIS_CHAIN } from '#ledger';
import { until } from '../../../test/support/servers.js';
import { draft, draftOfSize, everything, expectChained, SEGMENT, SpoolFolder, textOf } from '../test/spool-folder.js';
import { DISK, type SpoolFiles } from './files.js';
import { SEGMENT_HEAD_BYTES, scanSegment } from './segment.js';
import type { Reservation } from './space.js';
import type { Spool, SpoolOptions } from './spool.js';
import type { SpoolRecord } from './writer.js';

describe('the spool', () => {
  let folder: SpoolFolder;
  const open = (options: Partial<SpoolOptions> = {}) => folder.open(options);
  const crashed = (name: string) => folder.crashed(name);

  beforeEach(() => {
    folder = new SpoolFolder();
  });

  afterEach(() => folder.remove());

  it('begins each run with a new epoch that names the end of the one before', async () => {
    const first = await open();
    const last = await first.append(draft('one'));
    const epoch = first.epoch;
    await first.close();
    const second = await open();
    const [started] = await everything(second);
    expect(second.epoch).not.toBe(epoch);
    const stopped = (await everything(second, epoch)).at(-1) as SpoolRecord;
    expect(stopped.seq).toBe(last.seq + 1);
    expect(decodeEvent((started as SpoolRecord).bytes)).toMatchObject({
      type: 'producer.started',
      data: { previous: { epoch, seq: stopped.seq, chain: stopped.chain.toString('hex') } },
    });
    expect(second.epochs().map((one) => one.state)).toEqual(['closed', 'open']);
  });

  it('refuses a second process', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'SPOOL_IN_USE' });
  });

  it('gives back what any sequence of appends, marks and restarts put in, in order', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        sizes: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 9 }),
      }),
      fc.record({
        kind: fc.constant('together' as const),
        sizes: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 9 }),
      }),
      fc.record({ kind: fc.constant('huge' as const), sizes: fc.tuple(fc.constant(1000)) }),
      fc.record({ kind: fc.constant('confirm' as const), sizes: fc.tuple(fc.nat()) }),
      fc.record({ kind: fc.constant('restart' as const), sizes: fc.constant([] as number[]) }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const directory = folder.path(`run-${run++}`);
        let spool = await open({ directory });
        const expected = new Map<string, string[]>();
        const note = (records: SpoolRecord[]) => {
          for (const record of records)
            expected.set(record.epoch, [...(expected.get(record.epoch) ?? []), textOf(record)]);
        };
        for (const { kind, sizes } of steps) {
          if (kind === 'append')
            note((await Promise.all(sizes.map((size) => spool.append(draft('a'.repeat(size)))))).flat());
          else if (kind === 'together') note(await spool.appendAll(sizes.map((size) => draft('t'.repeat(size)))));
          else if (kind === 'huge')
            note(await spool.appendAll(Array.from({ length: 12 }, () => draft('h'.repeat(1000)))));
          else if (kind === 'confirm') {
            const at = spool.epochs().at(-1) as { lastSeq: number };
            const seq = (sizes[0] as number) % (at.lastSeq + 1);
            await spool.confirm(spool.epoch, seq, (await spool.chainAt(spool.epoch, seq)) as Buffer);
          } else {
            await spool.close();
            spool = await open({ directory });
          }
        }
        for (const [epoch, texts] of expected) {
          const records = await everything(spool, epoch as typeof spool.epoch);
          expectChained(records);
          expect(records.map(textOf).filter((text) => text !== '' && text !== 'closed')).toEqual(
            texts.filter((text) => text !== ''),
          );
        }
        await spool.close();
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('cut at any byte keeps every event that lay wholly before the cut, and invents none', async () => {
    const spool = await open();
    for (let i = 0; i < 4; i++) await spool.append(draft(`event ${i} ${'x'.repeat(i * 7)}`));
    const { epoch } = spool;
    const records = await everything(spool, epoch);
    const copy = crashed('cut');
    const epochFolderName = readdirSync(copy).find((name) => name.endsWith(epoch)) as string;
    const [file] = readdirSync(join(copy, epochFolderName)) as [string];
    const path = join(copy, epochFolderName, file);
    const whole = readFileSync(path);
    const ends = [SEGMENT_HEAD_BYTES];
    for (const record of records) ends.push((ends.at(-1) as number) + 54 + record.bytes.length);
    for (let cut = SEGMENT_HEAD_BYTES; cut <= (ends.at(-1) as number); cut++) {
      // Bytes behind the cut never reached the disk: zeros, or no file that long.
      writeFileSync(
        path,
        cut % 2 === 0
          ? whole.subarray(0, cut)
          : Buffer.concat([whole.subarray(0, cut), Buffer.alloc(whole.length - cut)]),
      );
      const { segment, lastChain } = await scanSegment(path);
      const kept = ends.filter((end) => end <= cut).length - 1;
      // A record whose last bytes are zeros anyway is whole without them.
      expect([kept, segment.lastSeq]).toEqual([kept, kept]);
      expect(lastChain).toEqual(kept === 0 ? GENESIS_CHAIN : records[kept - 1]?.chain);
    }
  });

  it('reopened after a cut goes on, and links to the last event that was kept', async () => {
    const spool = await open();
    for (let i = 0; i < 5; i++) await spool.append(draft(`event ${i}`));
    const { epoch } = spool;
    const records = await everything(spool, epoch);
    const copy = crashed('torn');
    const folderName = readdirSync(copy).find((name) => name.endsWith(epoch)) as string;
    const path = join(copy, folderName, readdirSync(join(copy, folderName))[0] as string);
    const bytes = readFileSync(path);
    const { usedBytes } = (await scanSegment(path)).segment;
    writeFileSync(path, bytes.fill(0, usedBytes - 3));
    const again = await open({ directory: copy });
    expect(await everything(again, epoch)).toEqual(records.slice(0, -1));
    expect(decodeEvent((await everything(again))[0]!.bytes)).toMatchObject({ data: { previous: { epoch, seq: 5 } } });
  });

  it('whose disk fails at random acknowledges only what is there after a restart, at gapless numbers', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat({ max: 9 })), async (dice) => {
        const directory = folder.path(`failing-${run++}`);
        let faults = false;
        const maybe = (what: string) => {
          if (faults && (dice.next().value as number) === 0) throw new Error(`EIO: ${what}`);
        };
        const files: SpoolFiles = {
          ...DISK,
          write: (fd, bytes, at) => {
            if (faults && (dice.next().value as number) === 1) {
              DISK.write(fd, bytes.subarray(0, bytes.length / 2), at);
              throw new Error('EIO: torn write');
            }
            DISK.write(fd, bytes, at);
          },
          sync: async (fd) => {
            maybe('sync');
            await DISK.sync(fd);
          },
        };
        const spool = await open({ directory, files });
        faults = true;
        const acknowledged: string[] = [];
        for (let i = 0; i < 30; i++) {
          const results = await Promise.allSettled(
            [0, 1].map((j) => spool.append(draft(`${i}.${j} ${'z'.repeat(300)}`))),
          );
          for (const result of results) {
            if (result.status === 'fulfilled') acknowledged.push(textOf(result.value));
            else expect(result.reason).toMatchObject({ code: 'SPOOL_WRITE_FAILED', retry: 'later' });
          }
        }
        faults = false;
        const { epoch } = spool;
        const seen = await everything(spool);
        expectChained(seen);
        expect(seen.map(textOf).slice(1)).toEqual(acknowledged);
        await spool.close();
        const after = await open({ directory });
        const kept = await everything(after, epoch);
        expectChained(kept);
        expect(kept.map(textOf).slice(1, -1)).toEqual(acknowledged);
        await after.close();
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('that is full refuses commands, still takes the outcomes it promised, and goes on when the record has confirmed', async () => {
    const spool = await open({ maxBytes: 4 * SEGMENT, keepMs: 0 });
    const promised = [spool.reserve(), spool.reserve()];
    let taken = 0;
    await expect(
      (async () => {
        for (;;) {
          await spool.append(draft('c'.repeat(900)));
          taken += 1;
        }
      })(),
    ).rejects.toMatchObject({ code: 'SPOOL_FULL', retry: 'later' });
    expect(taken).toBeGreaterThan(6);
    expect(spool.usage()).toMatchObject({ state: 'full' });
    for (const reservation of promised) await spool.append(draft('o'.repeat(1000)), reservation);
    expectChained(await everything(spool));

    const { lastSeq, lastChain } = spool.epochs().at(-1) as { lastSeq: number; lastChain: Buffer };
    expect(await spool.confirm(spool.epoch, lastSeq, lastChain)).toBe('advanced');
    await until('there is room again', () => spool.usage().state === 'ok');
    await spool.append(draft('c'.repeat(900)));
  });

  it('never promises more than is prepared', async () => {
    const spool = await open({ maxBytes: 2 * SEGMENT });
    const held: Reservation[] = [];
    const refused = await until('the promises come to an end', async () => {
      try {
        held.push(spool.reserve());
      } catch (error) {
        // Once for want of time, more than once for want of room.
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (spool.usage().state === 'full') return error;
      }
      return undefined;
    });
    expect(refused).toMatchObject({ code: 'SPOOL_FULL' });
    // Two segments of 8 KiB: three outcomes of 2 KiB each beside their heads, less the two that the run itself needs.
    expect(held.length).toBeGreaterThanOrEqual(4);
    for (const reservation of held) await spool.append(draft('o'.repeat(1000)), reservation);
    await spool.close();
    const [before] = (await open({ maxBytes: 16 * SEGMENT })).epochs();
    expect(before?.lastSeq).toBe(held.length + 2);
  });

  it('refuses an outcome that is larger than the space reserved for it, and keeps the reservation', async () => {
    const spool = await open();
    const reservation = spool.reserve();
    await expect(spool.append(draftOfSize(spool, 2, 2049), reservation)).rejects.toMatchObject({
      code: 'SPOOL_OUTCOME_TOO_LARGE',
    });
    await spool.append(draftOfSize(spool, 2, 2048), reservation);
    expect(spool.usage().unconfirmedBytes).toBeGreaterThan(2048);
  });

  it('takes marks forward and back, and none that disagrees with its own chain', async () => {
    const spool = await open();
    const records = await spool.appendAll(Array.from({ length: 10 }, (_, i) => draft(`event ${i}`)));
    const at = (seq: number) => records.find((record) => record.seq === seq)!.chain;
    expect(await spool.confirm(spool.epoch, 5, at(5))).toBe('advanced');
    expect(spool.usage().unconfirmedCount).toBe(6);
    expect(await spool.confirm(spool.epoch, 5, at(5))).toBe('known');
    expect(await spool.confirm(spool.epoch, 6, at(5))).toBe('disagrees');
    expect(await spool.confirm(spool.epoch, 99, at(5))).toBe('disagrees');
    expect(await spool.confirm(spool.epoch, 3, at(3))).toBe('back');
    expect(spool.usage()).toMatchObject({ unconfirmedCount: 8 });
    expect(spool.usage().unconfirmedBytes).toBeGreaterThan(0);
    expect(await spool.confirm(spool.epoch, 11, at(11))).toBe('advanced');
    expect(spool.usage()).toMatchObject({ unconfirmedBytes: 0, unconfirmedCount: 0, oldestUnconfirmedAtMs: null });
  });

  it('deletes only what is confirmed and old enough, and asks before it does', async () => {
    let now = Date.now();
    const asked: number[] = [];
    const options = { keepMs: 1000, now: () => now, beforeDelete: async () => void asked.push(spool.epochs().length) };
    const spool: Spool = await open(options);
    for (let i = 0; i < 40; i++) await spool.append(draft('d'.repeat(500)));
    const { lastSeq, lastChain, epoch } = spool.epochs().at(-1)!;
    await spool.confirm(epoch, lastSeq - 1, (await spool.chainAt(epoch, lastSeq - 1)) as Buffer);
    await spool.close();
    now += 500;
    let again = await open({ ...options, beforeDelete: async () => void asked.push(1) });
    expect(again.epochs()[0]).toMatchObject({ epoch, firstSeq: 1, confirmedSeq: lastSeq - 1 });
    expect(asked).toEqual([]);
    await again.close();
    now += 5000;
    again = await open({ ...options, beforeDelete: async () => void asked.push(1) });
    // The last segment holds what is not confirmed yet.
    expect(asked.length).toBeGreaterThan(0);
    const kept = again.epochs().find((one) => one.epoch === epoch)!;
    expect(kept.firstSeq).toBeGreaterThan(1);
    expect(kept.lastSeq).toBe(lastSeq + 1);
    expect(lastChain).toHaveLength(32);
  });

  it('appends again what followed a fork, to a new epoch, and owes nothing of the old one', async () => {
    const spool = await open();
    const records = await spool.appendAll([draft('both have it'), draft('only here 1'), draft('only here 2')]);
    const old = spool.epoch;
    await spool.confirm(old, records[0]!.seq, records[0]!.chain);
    await spool.startEpoch();
    expect(spool.epoch).not.toBe(old);
    expect(await spool.reappend(old, records[0]!.seq)).toBe(2);
    expect((await everything(spool)).map(textOf).slice(1)).toEqual(['only here 1', 'only here 2']);
    expect(spool.usage().unconfirmedCount).toBe(3);
    await spool.close();
    const again = await open();
    expect(again.epochs().find((one) => one.epoch === old)).toMatchObject({ confirmedSeq: 4, lastSeq: 4 });
  });

  it('goes on with moving the events of a fork where a full disk stopped it, and moves none twice', async () => {
    let isFull = false;
    const allocate = (path: string, bytes: number) =>
      isFull ? Promise.reject(new Error('ENOSPC')) : DISK.allocate(path, bytes);
    const spool = await open({ files: { ...DISK, allocate } });
    const old = spool.epoch;
    const texts = Array.from({ length: 600 }, (_, i) => `event ${i}`);
    await spool.appendAll(texts.map(draft));
    await spool.startEpoch();
    isFull = true;
    await expect(spool.reappend(old, 1)).rejects.toMatchObject({ code: 'SPOOL_FULL', retry: 'later' });
    isFull = false;
    await until('the rest is moved', () =>
      spool.reappend(old, 1).then(
        () => true,
        () => false,
      ),
    );
    const moved = await everything(spool);
    expectChained(moved);
    expect(moved.map(textOf).slice(1)).toEqual(texts);
    expect(await spool.reappend(old, 1)).toBe(0);
  });

  it('stays with its epoch when the disk has no room for another, and still keeps its promises there', async () => {
    const spool = await open({ maxBytes: 2 * SEGMENT });
    const { epoch } = spool;
    const promised = [spool.reserve(), spool.reserve()];
    await expect(
      (async () => {
        for (;;) await spool.append(draft('c'.repeat(900)));
      })(),
    ).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    await expect(spool.startEpoch()).rejects.toMatchObject({ code: 'SPOOL_FULL', retry: 'later' });
    expect(spool.epoch).toBe(epoch);
    for (const reservation of promised) await spool.append(draft('o'.repeat(1500)), reservation);
    expectChained(await everything(spool));
    expect(spool.epochs()).toMatchObject([{ epoch, state: 'open' }]);
  });

  it('deletes nothing that the record says it lost while the deletion was being prepared', async () => {
    let beforeDelete: () => Promise<void> = () => Promise.resolve();
    const spool = await open({ keepMs: 0, beforeDelete: () => beforeDelete() });
    const old = spool.epoch;
    for (let i = 0; i < 40; i++) await spool.append(draft('d'.repeat(500)));
    await spool.startEpoch();
    const { lastSeq, lastChain } = spool.epochs()[0]!;
    const first = (await spool.chainAt(old, 1)) as Buffer;
    let asked = 0;
    beforeDelete = async () => {
      asked += 1;
      if (asked === 1) expect(await spool.confirm(old, 1, first)).toBe('back');
    };
    expect(await spool.confirm(old, lastSeq, lastChain)).toBe('advanced');
    await until('it was asked', () => asked === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await everything(spool, old)).toHaveLength(lastSeq);
    // And the same without the record's change of mind.
    await spool.confirm(old, lastSeq, lastChain);
    await until('the epoch is gone', () => spool.epochs().length === 1);
  });

  it('says by itself that a disk that refused a write is well again', async () => {
    let isBroken = false;
    const sync = (fd: number) => (isBroken ? Promise.reject(new Error('EIO: i/o error')) : DISK.sync(fd));
    const spool = await open({ files: { ...DISK, sync } });
    isBroken = true;
    await expect(spool.append(draft('refused'))).rejects.toMatchObject({ code: 'SPOOL_WRITE_FAILED' });
    expect(spool.usage()).toMatchObject({ state: 'failing', reason: 'EIO: i/o error' });
    isBroken = false;
    await until('it is well', () => spool.usage().state === 'ok');
    await spool.append(draft('taken'));
    expect((await everything(spool)).map(textOf)).toEqual(['', 'taken']);
  });

  it('takes no harm from a listener, a mark of an unknown epoch, or a call after its end', async () => {
    const spool = await open();
    let heard = 0;
    const forget = spool.onDurable(() => {
      heard += 1;
    });
    await spool.append(draft('heard'));
    await until('it was heard', () => heard === 1);
    forget();
    await spool.append(draft('not heard'));
    expect(heard).toBe(1);
    expect(await spool.confirm('0000000000000000' as typeof spool.epoch, 9, GENESIS_CHAIN)).toBe('known');
    expect(await spool.appendAll([])).toEqual([]);
    await spool.close();
    await spool.close();
    await expect(spool.append(draft('late'))).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
    expect(() => spool.reserve()).toThrow(expect.objectContaining({ code: 'SPOOL_CLOSED' }));
    await expect(spool.startEpoch()).rejects.toMatchObject({ code: 'SPOOL_CLOSED' });
  });

  it('sends another log all that it keeps: what the one before confirmed does not count', async () => {
    const spool = await open({ log: 'first' });
    await spool.append(draft('one'));
    const { epoch } = spool;
    const { lastSeq, lastChain } = spool.epochs()[0]!;
    await spool.confirm(epoch, lastSeq, lastChain);
    expect(spool.usage().unconfirmedCount).toBe(0);
    await spool.close();

    const same = await open({ log: 'first' });
    expect(same.epochs().find((one) => one.epoch === epoch)).toMatchObject({ confirmedSeq: lastSeq });
    await same.close();
    const other = await open({ log: 'second' });
    expect(other.epochs().find((one) => one.epoch === epoch)).toMatchObject({
      confirmedSeq: 0,
      confirmedChain: GENESIS_CHAIN,
    });
  });

  it('survives kill -9 with every event that it acknowledged', async () => {
    const directory = folder.path('killed');
    mkdirSync(directory);
    const script = folder.path('append.mjs');
    const built = new URL('../../../dist/libs/spool/src/index.js', import.meta.url).href;
    writeFileSync(
      script,
      `import { openSpool } from '${built}';
const spool = await openSpool({ directory: ${JSON.stringify(directory)}, node: 'edge', version: 'test', segmentBytes: ${64 * 1024} });
const one = async () => { for (;;) { const r = await spool.append(${JSON.stringify(draft('kill me'))}); process.stdout.write(r.epoch + ' ' + r.seq + '\\n'); } };
await Promise.all([one(), one(), one(), one()]);`,
    );
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk;
          if (said.length > 10_000 * (round + 1)) child.kill('SIGKILL');
        });
        child.once('close', () => resolve());
      });
      for (const line of said.slice(0, said.lastIndexOf('\n')).split('\n')) {
        const [epoch, seq] = line.split(' ') as [string, string];
        acknowledged.set(epoch, Math.max(acknowledged.get(epoch) ?? 0, Number(seq)));
      }
    }
    const spool = await open({ directory });
    expect(acknowledged.size).toBe(3);
    for (const [epoch, seq] of acknowledged) {
      const records = await everything(spool, epoch as typeof spool.epoch);
      expect(records.length).toBeGreaterThanOrEqual(seq);
      expectChained(records);
    }
  }, 60_000);
});
