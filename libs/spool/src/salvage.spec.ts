import { readFileSync, writeFileSync } from 'node:fs';
import { RECORD_OVERHEAD_BYTES } from '#ledger';
import { draft, everything, flip, SpoolFolder, segmentsOf, textOf } from '../test/spool-folder.js';
import { SEGMENT_HEAD_BYTES } from './segment.js';

describe('rot in the last segment of a run', () => {
  let folder: SpoolFolder;

  beforeEach(() => {
    folder = new SpoolFolder();
  });

  afterEach(() => folder.remove());

  /** One segment with `producer.started` and `texts`; where each record begins. */
  async function left(...texts: string[]) {
    const spool = await folder.open({ segmentBytes: 64 * 1024 });
    for (const text of texts) await spool.append(draft(text));
    const { epoch } = spool;
    const records = await everything(spool);
    let at = SEGMENT_HEAD_BYTES;
    const starts = records.map(({ bytes }) => {
      const start = at;
      at += RECORD_OVERHEAD_BYTES + bytes.length;
      return start;
    });
    const directory = folder.crashed('rotten');
    return { directory, epoch, records, starts, path: segmentsOf(directory, epoch)[0] as string };
  }

  it('costs the event that it hit; those behind it are kept, and their chain is known', async () => {
    const { directory, epoch, records, starts, path } = await left('one', 'two', 'three', 'four');
    flip(path, (starts[2] as number) + 150);
    for (let run = 0; run < 2; run++) {
      const spool = await folder.open({ directory });
      expect((await spool.read(epoch, 1, { count: 9, bytes: 9999 })).map(textOf)).toEqual(['', 'one']);
      expect((await spool.read(epoch, 3, { count: 9, bytes: 9999 })).map(textOf)).toEqual(['three', 'four']);
      expect(await spool.chainAt(epoch, 3)).toEqual(records[2]?.chain);
      expect(spool.damage()).toMatchObject([{ epoch, fromSeq: 3, toSeq: 3 }]);
      expect(spool.epochs()[0]).toMatchObject({ epoch, lastSeq: 5, lastChain: records[4]?.chain });
      await spool.close();
    }
  });

  it('in several places costs just those', async () => {
    const { directory, epoch, starts, path } = await left('one', 'two', 'three', 'four', 'five', 'six');
    for (const which of [2, 4]) flip(path, starts[which] as number);
    const spool = await folder.open({ directory });
    expect((await everything(spool, epoch)).map(textOf)).toEqual(['', 'one', 'three', 'five', 'six']);
  });

  it('that took the chain, too, leaves out an event that nothing could bind to the run', async () => {
    const { directory, epoch, starts, path } = await left('one', 'two', 'three');
    flip(path, (starts[2] as number) + 20);
    const spool = await folder.open({ directory });
    expect((await everything(spool, epoch)).map(textOf)).toEqual(['', 'one']);
    expect(spool.damage()).toMatchObject([{ epoch, fromSeq: 3, toSeq: undefined }]);
  });

  it('is not what a power cut leaves: behind a sector that was never written, nothing had been acknowledged', async () => {
    const { directory, epoch, starts, path } = await left('one', 'x'.repeat(3000), 'three', 'four');
    const bytes = readFileSync(path);
    bytes.fill(0, (starts[2] as number) + 600, (starts[2] as number) + 2400);
    writeFileSync(path, bytes);
    const spool = await folder.open({ directory });
    expect((await everything(spool, epoch)).map(textOf)).toEqual(['', 'one']);
    expect(segmentsOf(directory, epoch)).toEqual([path]);
  });
});
