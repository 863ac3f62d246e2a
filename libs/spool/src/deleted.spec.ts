import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../test/support/servers.js';
import { draft, everything, expectChained, SEGMENT, SpoolFolder, segmentsOf, textOf } from '../test/spool-folder.js';
import type { Spool } from './spool.js';

describe('a spool that somebody deletes while it is in use', () => {
  let folder: SpoolFolder;

  beforeEach(() => {
    folder = new SpoolFolder();
  });

  afterEach(() => folder.remove());

  async function fill(spool: Spool, name: string, count = 60): Promise<void> {
    for (let i = 0; i < count; i++) await spool.append(draft(`${name} ${i} ${'y'.repeat(400)}`));
  }

  it('acknowledges nothing into the void, makes its folder anew, and goes on in the same run', async () => {
    let saved = 0;
    const spool = await folder.open({ segmentBytes: 8 * SEGMENT, beforeDelete: async () => void saved++ });
    await fill(spool, 'before', 20);
    rmSync(folder.path(), { recursive: true });
    await expect(spool.append(draft('void'))).rejects.toMatchObject({ code: 'SPOOL_WRITE_FAILED', retry: 'later' });
    expect(spool.usage().state).toBe('failing');
    await until('it is well again by itself', () => spool.usage().state === 'ok');
    await fill(spool, 'after', 20);
    expect(saved).toBe(1);
    await expect(folder.open()).rejects.toMatchObject({ code: 'SPOOL_IN_USE' });

    // Memory still has what the disk lost: no number is missing, and what failed never was.
    const all = await everything(spool);
    expectChained(all);
    expect(all.map((record) => textOf(record).split(' ')[0])).toEqual([
      '',
      ...Array(20).fill('before'),
      ...Array(20).fill('after'),
    ]);
    // And a crash finds all that was acknowledged since.
    const again = await folder.open({ directory: folder.crashed('copy') });
    const kept = await again.read(spool.epoch, 1, { count: 100, bytes: 1_000_000 });
    expect(kept.map((record) => record.seq)).toEqual(all.slice(21).map((record) => record.seq));
  });

  it('names what an ended run lost with it, and owes nothing of that any more', async () => {
    const first = await folder.open();
    await fill(first, 'lost');
    const { epoch } = first;
    await first.close();
    const damage: unknown[] = [];
    const spool = await folder.open({ onDamage: (one) => damage.push(one) });
    expect(spool.usage().unconfirmedCount).toBeGreaterThan(60);
    for (const path of segmentsOf(folder.path(), epoch)) rmSync(path);
    expect(await everything(spool, epoch)).toEqual([]);
    expect(damage).toMatchObject([{ epoch, fromSeq: 1 }, ...damage.slice(1)]);
    expect(spool.usage()).toMatchObject({ unconfirmedCount: 1, state: 'ok' });
    await spool.append(draft('next'));
    expect(existsSync(join(folder.path(), 'lock'))).toBe(true);
  });

  it('goes on behind a segment that was deleted alone', async () => {
    const first = await folder.open();
    await fill(first, 'kept');
    const { epoch } = first;
    const [whole, paths] = [await everything(first), segmentsOf(folder.path(), epoch)];
    const [from, to] = [1, 2].map((at) => Number((paths[at] as string).slice(-20, -4))) as [number, number];
    await first.close();
    const spool = await folder.open();
    rmSync(paths[1] as string);
    const kept = (await everything(spool, epoch)).slice(0, -1);
    expect(kept).toEqual(whole.filter(({ seq }) => seq < from || seq >= to));
    expect(spool.damage()).toMatchObject([{ epoch, fromSeq: from, toSeq: to - 1 }]);
  });
});
