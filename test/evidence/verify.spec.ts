import { verifyBundle } from '#ledger';
import { EvidenceLog, type MadeBundle, publicOf, sourceOf } from '../support/evidence-maker.js';
import { ofSession, type Sample, sampleLog } from './sample-log.js';

/** Bundles of a log that is made up in memory with fixed keys; the ZIP writer is the product's. */
describe('a bundle that nobody touched', () => {
  let sample: Sample;

  beforeAll(async () => {
    sample = await sampleLog();
  });

  async function check(bundle: MadeBundle, options = {}) {
    return verifyBundle(sourceOf(await bundle.zip()), options);
  }

  it('of everything is valid, and says what is absent, and why', async () => {
    const bundle = await sample.log.clone().bundle();
    const report = await check(bundle);
    expect(report.problems).toEqual([]);
    expect(report.verdict).toBe('valid');
    const codes = new Set(report.remarks.map((remark) => remark.code));
    expect([...codes].sort()).toEqual(['named-hole', 'open-epoch', 'open-session', 'purged', 'rolled-back']);
    expect(report.remarks.find((remark) => remark.code === 'named-hole')?.message).toMatch(
      /^events 9 to 11 of epoch [0-9a-f]{16} of node gateway-2/,
    );
    expect(report.remarks.find((remark) => remark.code === 'rolled-back')?.message).toMatch(
      /^rolled back from \d+ to \d+ on 2026-/,
    );
    expect(report.remarks.find((remark) => remark.code === 'purged')?.message).toMatch(/^4 events of class short/);
    expect(report.summary).toMatchObject({ log: 'log-a1b2', generation: 2, from: '0', sessions: 5 });
    expect(report.proven.join(' ')).toContain('Nothing is missing');
  });

  it.each([
    ['a part of the log', { from: 20, to: 60 }],
    ['a part that begins and ends within runs', { from: 6, to: 11 }],
    ['nothing', { from: 30, to: 30 }],
  ])('of %s is valid', async (_what, range) => {
    const report = await check(await sample.log.clone().bundle(range));
    expect(report.problems).toEqual([]);
    expect(report.verdict).toBe('valid');
  });

  it('of one session is valid, and does not claim that nothing is missing', async () => {
    const bundle = await sample.log.clone().bundle({ kind: 'selection', ...ofSession(sample.session) });
    const report = await check(bundle);
    expect(report.problems).toEqual([]);
    expect(report.summary).toMatchObject({ sessions: 1, events: 82 });
    expect(report.proven.join(' ')).not.toContain('Nothing is missing');
    expect(report.notProven.join(' ')).toContain('That the selection is complete');
  });

  it('of what a limited key may see says how much it may not', async () => {
    const options = { selection: { limits: { connections: ['orders'] } }, fits: ofSession('s-long').fits };
    const report = await check(await sample.log.clone().bundle(options));
    expect(report.problems).toEqual([]);
    expect(report.remarks.map((remark) => remark.code)).toContain('withheld');
    expect(report.proven.join(' ')).not.toContain('Nothing is missing');
  });

  it('agrees with every checkpoint that the log ever signed, and tells of those that were rolled back', async () => {
    const { log } = sample;
    const notes = log.checkpoints.map((signed) => signed.note);
    const report = await check(await log.clone().bundle({ checkpoints: () => false }), { checkpoints: notes });
    expect(report.problems).toEqual([]);
    expect(report.remarks.filter((remark) => remark.code === 'rolled-back')).toHaveLength(1);
    expect(report.proven.join(' ')).toContain(`${notes.length - 1} checkpoints that you hold agree`);
  });

  it('is checked against the key that the auditor brings, and those that it leads to', async () => {
    const bundle = await sample.log.clone().bundle();
    const base64 = (seed: number) => Buffer.from(publicOf(seed)).toString('base64');
    for (const seed of [1, 3]) {
      const report = await check(bundle, { keys: [base64(seed)] });
      expect(report.problems).toEqual([]);
      expect(report.proven.join(' ')).toContain('signed by a key that you brought');
    }
    const report = await check(bundle, { keys: [base64(9)] });
    expect(new Set(report.problems.map((problem) => problem.code))).toEqual(new Set(['untrusted-key']));
  });

  it('of a log with two levels of full tiles is valid', async () => {
    const log = new EvidenceLog();
    log.enrol('gateway-1', 11);
    const epoch = log.begin('gateway-1');
    const alive = { type: 'producer.alive', time: log.now, class: 'system', data: { upSeconds: 1 } } as const;
    while (log.size < 65_536 + 300)
      log.record(
        epoch,
        Array.from({ length: 200 }, () => alive),
      );
    const [whole, part] = [await log.clone().bundle(), await log.clone().bundle({ from: 40_000, to: 40_100 })];
    for (const bundle of [whole, part]) expect(await check(bundle)).toMatchObject({ problems: [], verdict: 'valid' });
  }, 60_000);
});
