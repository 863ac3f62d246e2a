import { type EvidenceReport, PROBLEM_CODES, verifyBundle } from '#ledger';
import { sourceOf } from '../support/evidence-maker.js';
import { HARMLESS, type Honest, honestBundles, MUTATIONS } from './mutations.js';

/** Everything in the table is done to honest bundles; what is observed is the report. */
describe('a bundle', () => {
  let honest: Honest;

  beforeAll(async () => {
    honest = await honestBundles();
  });

  it.each(HARMLESS)('$name is valid', async ({ make }) => {
    const report = await verifyBundle(sourceOf(await make(honest)));
    expect(report.problems).toEqual([]);
    expect(report.verdict).toBe('valid');
  });

  it.each(MUTATIONS)('with $name is invalid: $code', async ({ make, code, brings }) => {
    const report: EvidenceReport = await verifyBundle(sourceOf(await make(honest)), brings?.(honest));
    expect(report.problems.map((problem) => problem.code)).toContain(code);
    expect(report.verdict).toBe('invalid');
    expect(report.proven).toEqual([]);
    expect(report.problemCount).toBeGreaterThanOrEqual(report.problems.length);
    expect(report.problems.length).toBeLessThanOrEqual(100);
    for (const problem of report.problems) {
      expect(problem.message).not.toBe('');
      expect(problem.where).not.toBe('');
    }
  });

  it('that cannot be read to its end is invalid, wherever it breaks off, and nothing is thrown', async () => {
    const bytes = await honest.whole.zip();
    for (let reads = 0; reads < 60; reads++) {
      let left = reads;
      const source = sourceOf(bytes);
      const failing = {
        size: source.size,
        read: (from: number, to: number) =>
          left-- > 0 ? source.read(from, to) : Promise.reject(new Error('the disk is gone')),
      };
      const report = await verifyBundle(failing);
      if (left >= 0) {
        expect(report.verdict).toBe('valid');
        expect(reads).toBeGreaterThan(20);
        return;
      }
      expect(report).toMatchObject({ verdict: 'invalid', proven: [] });
      // What breaks while it is unpacked looks like bytes that cannot be unpacked.
      expect(report.problems.some(({ message }) => message.includes('the disk is gone'))).toBe(true);
    }
    throw new Error('it is read in more pieces than this test looks at');
  });

  it('is not checked on when nobody waits any more', async () => {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('no longer needed'));
    const report = await verifyBundle(sourceOf(await honest.whole.zip()), { signal: stop.signal, onProgress });
    expect(report.verdict).toBe('invalid');
    expect(report.problems.map((problem) => problem.code)).toContain('unfinished');
  });

  it('is tried in every way that a report can name', () => {
    const tried = new Set(MUTATIONS.map((mutation) => mutation.code));
    expect(PROBLEM_CODES.filter((code) => !tried.has(code)).sort()).toEqual(['unfinished']);
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(MUTATIONS.map((mutation) => mutation.name)).size).toBe(MUTATIONS.length);
  });
});
