import fc from 'fast-check';
import { type EvidenceReport, verifyBundle } from '#ledger';
import { EvidenceLog, type LoggedEvent, sourceOf } from '../support/evidence-maker.js';
import { renumber } from './mutations.js';

const ALIVE = {
  type: 'producer.alive',
  time: '2026-11-26T00:00:00.000000Z',
  class: 'system',
  data: { upSeconds: 1 },
} as const;
const NODES = ['gateway-1', 'gateway-2'];

/** Three runs of each of two producers, in turns; each run is recorded in pieces of one to three events. */
function honestLog(): EvidenceLog {
  const log = new EvidenceLog();
  for (const [at, node] of NODES.entries()) log.enrol(node, 11 + at);
  for (let round = 0; round < 3; round++) {
    const epochs = NODES.map((node) => log.begin(node));
    for (let piece = 0; piece < 4; piece++) {
      for (const epoch of epochs)
        log.record(
          epoch,
          Array.from({ length: 1 + (piece % 3) }, () => ALIVE),
        );
    }
  }
  return log;
}

async function verified(log: EvidenceLog, change: Record<string, string> = {}): Promise<EvidenceReport> {
  const bundle = await log.bundle();
  return verifyBundle(sourceOf(await (await bundle.with(change, 'sealed')).zip()));
}

/** Intervals of numbers that are not in the set, up to its end. */
function gaps(numbers: readonly number[], upTo: number): [number, number][] {
  const found: [number, number][] = [];
  for (let number = 1; number <= upTo; number++) {
    if (numbers.includes(number)) continue;
    if (found.at(-1)?.[1] === number - 1) found.at(-1)![1] = number;
    else found.push([number, number]);
  }
  return found;
}

/** What must be reported of the events that are left, by the words of the promise and not by those of the checker. */
function expectedOf(left: readonly LoggedEvent[]): string[] {
  const expected: string[] = [];
  const seqsOf = (epoch: string) => left.filter((event) => event.epoch === epoch).map((event) => event.seq);
  for (const epoch of new Set(left.map((event) => event.epoch))) {
    const seqs = seqsOf(epoch);
    for (const [from, to] of gaps(seqs, Math.max(...seqs))) expected.push(`hole: epoch ${epoch}, events ${from}–${to}`);
  }
  for (const { event, node, position } of left) {
    if (event?.type !== 'producer.started' || !event.data.previous) continue;
    const { epoch, seq } = event.data.previous;
    const seqs = seqsOf(epoch);
    const isKnown = left.some((one) => one.node === node && one.position < position);
    if (seqs.length === 0 && !isKnown) continue;
    const last = Math.max(0, ...seqs);
    if (last < seq) expected.push(`cut-tail: epoch ${epoch}, events ${last + 1}–${seq}`);
  }
  return expected.sort();
}

/** A log from which somebody takes what he likes, before the tree is built or after. */
describe('whatever is taken out', () => {
  const whole = honestLog();
  const taken = fc.uniqueArray(fc.nat(whole.runs.length - 1), { maxLength: 12 });

  it('of the log, before it is built anew and signed, is reported as just these holes and cut tails', async () => {
    await fc.assert(
      fc.asyncProperty(taken, async (numbers) => {
        const log = whole.clone();
        renumber(log, (run) => run.node === 'record' || !numbers.includes(whole.runs.indexOf(run)));
        const report = await verified(log);
        expect(report.problems.map(({ code, where }) => `${code}: ${where}`).sort()).toEqual(expectedOf(log.events));
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('of the rows of a record that has its leaves is reported as just these positions', async () => {
    const lines = (await whole.clone().bundle()).lines('events.ndjson');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(lines.length - 1)), async (positions) => {
        const left = lines.filter((_, at) => !positions.includes(at)).map((line) => `${line}\n`);
        const bundle = await whole.clone().bundle();
        const changed = await bundle.with({ 'events.ndjson': left.join('') }, 'sealed', (own) => ({
          ...own,
          counts: { ...own.counts, events: left.length },
        }));
        const { problems } = await verifyBundle(sourceOf(await changed.zip()));
        const named = problems
          .filter(({ code }) => code === 'missing')
          .flatMap(({ where }) => {
            const [from = 0, to = from] = (where.match(/\d+/g) ?? []).map(Number);
            return Array.from({ length: to - from + 1 }, (_, at) => from + at);
          });
        expect(named).toEqual(positions.toSorted((one, other) => one - other));
        expect(problems.filter(({ code }) => code !== 'missing')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
