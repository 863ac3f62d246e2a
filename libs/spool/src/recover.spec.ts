import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { decodeEvent } from '#events';
import {
  draft,
  everything,
  expectChained,
  flip,
  SEGMENT,
  SpoolFolder,
  segmentsOf,
  textOf,
} from '../test/spool-folder.js';
import { DISK } from './files.js';
import { SEGMENT_HEAD_BYTES } from './segment.js';

describe('a spool that is opened again', () => {
  let folder: SpoolFolder;

  beforeEach(() => {
    folder = new SpoolFolder();
  });

  afterEach(() => folder.remove());

  /** 60 events over several segments, and the folder as a crash leaves it. */
  async function left(name: string) {
    const spool = await folder.open();
    for (let i = 0; i < 60; i++) await spool.append(draft(`${i} ${'y'.repeat(400)}`));
    const directory = folder.crashed(name);
    const { epoch } = spool;
    return { directory, epoch, records: await everything(spool), segments: segmentsOf(directory, epoch) };
  }

  it('with any byte flipped gives only what was written, goes on behind the hole, and names it', async () => {
    const { epoch, records, segments } = await left('whole');
    expect(segments.length).toBeGreaterThan(3);
    const used = segments.map((path) => {
      const bytes = readFileSync(path);
      return bytes.length - [...bytes].reverse().findIndex((byte) => byte !== 0);
    });
    const firstOf = segments.map((path) => Number(path.slice(-20, -4)));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(segments.length - 1), fc.nat(), async (which, offset) => {
        const name = `flipped-${run++}`;
        const copy = folder.crashed(name, 'whole');
        const at = offset % (used[which] as number);
        flip(segmentsOf(copy, epoch)[which] as string, at);
        const spool = await folder.open({ directory: copy });
        const kept = await everything(spool, epoch);
        for (const record of kept) expect(record).toEqual(records[record.seq - 1]);
        // All of the other segments is there, and what lies before the flipped byte; of the run's last one also what lies behind.
        const next = firstOf[which + 1] ?? records.length + 1;
        const missing = records.map((record) => record.seq).filter((seq) => !kept.some((record) => record.seq === seq));
        for (const seq of missing) expect([seq >= (firstOf[which] as number), seq < next]).toEqual([true, true]);
        if (which === segments.length - 1) expect(missing.length).toBeLessThanOrEqual(1);
        else expect(missing).toEqual(missing.map((_, i) => next - missing.length + i));
        if (at < SEGMENT_HEAD_BYTES) expect(missing).toEqual([]);
        else {
          expect(missing.length).toBeGreaterThan(0);
          expect(spool.damage()).toMatchObject([{ epoch, fromSeq: missing[0] }]);
        }
        await spool.close();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('knows the chain before what it can read behind a hole', async () => {
    const { epoch, records, segments, directory } = await left('hole');
    flip(segments[1] as string, 3000);
    const spool = await folder.open({ directory });
    const next = Number((segments[2] as string).slice(-20, -4));
    const kept = await everything(spool, epoch);
    expect(kept.some((record) => record.seq === next - 1)).toBe(false);
    expect(await spool.chainAt(epoch, next - 1)).toEqual(records[next - 2]?.chain);
  });

  it('goes on behind bytes that rot while it is open', async () => {
    const { epoch, records, segments, directory } = await left('rotting');
    const spool = await folder.open({ directory });
    expect(spool.damage()).toEqual([]);
    flip(segments[2] as string, 3000);
    const kept = await everything(spool, epoch);
    expect(kept.at(-1)?.seq).toBe(records.length);
    const hole = spool.damage()[0]!;
    const missing = records.filter((record) => !kept.some((one) => one.seq === record.seq));
    expect([hole.fromSeq, hole.toSeq]).toEqual([missing[0]?.seq, missing.at(-1)?.seq]);
  });

  it('waits for nothing behind a run whose end has rotted', async () => {
    const { epoch, segments, directory } = await left('end');
    const spool = await folder.open({ directory });
    flip(segments.at(-1) as string, SEGMENT_HEAD_BYTES + 10);
    const kept = (await everything(spool, epoch)).at(-1)!;
    expect(spool.epochs()[0]).toMatchObject({ epoch, lastSeq: kept.seq, lastChain: kept.chain });
    expect(await spool.confirm(epoch, kept.seq, kept.chain)).toBe('advanced');
    expect(spool.usage().unconfirmedCount).toBe(1);
  });

  it('keeps the events behind a rotten segment head, also where it is the only segment', async () => {
    const spool = await folder.open();
    await spool.append(draft('one'));
    const { epoch } = spool;
    const directory = folder.crashed('head');
    flip(segmentsOf(directory, epoch)[0] as string, 9);
    const again = await folder.open({ directory });
    const kept = await everything(again, epoch);
    expect(kept).toEqual(await everything(spool, epoch));
    expectChained(kept);
  });

  it('deletes no run of which it can read nothing, and says so', async () => {
    const spool = await folder.open();
    const { epoch } = spool;
    const directory = folder.crashed('nothing');
    flip(segmentsOf(directory, epoch)[0] as string, SEGMENT_HEAD_BYTES + 10);
    const again = await folder.open({ directory });
    expect(again.damage()).toMatchObject([{ epoch, fromSeq: 1, toSeq: undefined }]);
    expect(again.epochs().map((one) => one.epoch)).toEqual([again.epoch]);
    expect(readdirSync(directory).filter((name) => name.startsWith('unreadable-'))).toEqual([
      expect.stringContaining(epoch),
    ]);
  });

  it('never counts what a failed sync refused, even if the head of the segment that took its place is rotten', async () => {
    let isBroken = false;
    const sync = async (fd: number) => {
      if (isBroken) throw new Error('EIO');
      await DISK.sync(fd);
    };
    const spool = await folder.open({ files: { ...DISK, sync }, retryMs: 60_000 });
    await spool.append(draft('one'));
    isBroken = true;
    await expect(spool.append(draft('refused'))).rejects.toMatchObject({ code: 'SPOOL_WRITE_FAILED' });
    isBroken = false;
    await spool.append(draft('two'));
    const { epoch } = spool;
    const directory = folder.crashed('refused');
    const segments = segmentsOf(directory, epoch);
    // It lies there whole: only the next segment's name says that it does not count.
    expect(readFileSync(segments[0] as string).includes('refused')).toBe(true);
    flip(segments[1] as string, 20);
    const kept = await everything(await folder.open({ directory }), epoch);
    expectChained(kept);
    expect(kept.map(textOf)).toEqual(['', 'one', 'two']);
  });

  it('gives the unused part of ended runs back to the disk, and keeps their age', async () => {
    const spool = await folder.open({ segmentBytes: 64 * SEGMENT });
    await spool.append(draft('one'));
    const { epoch } = spool;
    const directory = folder.crashed('short');
    const path = segmentsOf(directory, epoch)[0] as string;
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const again = await folder.open({ directory });
    expect(statSync(path).size).toBeLessThan(1000);
    expect(again.usage().oldestUnconfirmedAtMs).toBe(1_700_000_000_000);
    expect((await everything(again, epoch)).map(textOf)).toEqual(['', 'one']);
  });

  it('makes what it found durable before a later run builds on it', async () => {
    const spool = await folder.open();
    await spool.append(draft('one'));
    const directory = folder.crashed('cached');
    const steps: string[] = [];
    const files = {
      ...DISK,
      seal: async (path: string, bytes: number) => {
        steps.push('seal');
        await DISK.seal(path, bytes);
      },
      write: (fd: number, bytes: Buffer, at: number) => {
        steps.push('write');
        DISK.write(fd, bytes, at);
      },
    };
    await folder.open({ directory, files });
    expect(steps.slice(0, 2)).toEqual(['seal', 'write']);
  });

  it('does not believe a note of marks that its own chain contradicts', async () => {
    const { epoch, records, directory } = await left('marks');
    const note = (chain: Buffer | undefined) =>
      JSON.stringify({
        log: '',
        epochs: { [epoch]: { seq: 40, chain: chain?.toString('hex'), movedSeq: 0, isMoved: false } },
      });
    writeFileSync(`${directory}/marks.json`, note(records[38]?.chain));
    let spool = await folder.open({ directory });
    expect(spool.epochs()[0]).toMatchObject({ epoch, confirmedSeq: 0 });
    await spool.close();
    writeFileSync(`${directory}/marks.json`, note(records[39]?.chain));
    spool = await folder.open({ directory });
    expect(spool.epochs()[0]).toMatchObject({ epoch, confirmedSeq: 40 });
  });

  it('names the end of the run before it, through any number of runs', async () => {
    let before: unknown;
    for (let run = 0; run < 4; run++) {
      const spool = await folder.open();
      const [started] = await everything(spool);
      expect(decodeEvent(started!.bytes).data).toEqual({ version: 'test', ...(before ? { previous: before } : {}) });
      await spool.close();
      const { epoch, lastSeq, lastChain } = spool.epochs().at(-1)!;
      before = { epoch, seq: lastSeq, chain: lastChain.toString('hex') };
    }
  });
});
