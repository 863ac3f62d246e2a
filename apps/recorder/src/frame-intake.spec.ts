import fc from 'fast-check';
import type pg from 'pg';
import type { NodeName } from '#events';
import { eventHash, nextChain } from '#ledger';
import { createPool, LogWriter, migrate, readEvents, readHead, readRecordedHashes } from '#record';
import { sessionDraft, TestProducer } from '../../../test/support/producer.js';
import { type TestDatabase, testDatabase } from '../../../test/support/servers.js';
import { BatchQueue } from './batch-queue.js';
import { FrameIntake } from './frame-intake.js';
import type { VerifiedFrame } from './judge-frame.js';

// Real PostgreSQL. Streams are imitated: frames of arbitrary cuts, delivered again, lost, refilled, forked, with gaps, and with
// transactions that fail in between. What is observed is the log itself.

const NODE = 'gw-1' as NodeName;

type Step =
  | { do: 'deliver' | 'redeliver' | 'skip' | 'gap' | 'fork'; of: number; count: number; at: number }
  | { do: 'commit' }
  | { do: 'fail' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      of: fc.nat(2),
      count: fc.integer({ min: 1, max: 9 }),
      at: fc.constant(0),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('redeliver' as const, 'skip' as const, 'gap' as const, 'fork' as const),
      of: fc.nat(2),
      count: fc.integer({ min: 1, max: 9 }),
      at: fc.nat(1000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'commit' as const, 'fail' as const) }) },
);

/** A producer with its spool, a clone of it that went another way from `split` on, and how far its stream was read. */
class Source {
  readonly producer = new TestProducer(NODE);
  readonly clone = new TestProducer(NODE, this.producer.epoch);
  next = 1;

  constructor(events: number, split: number) {
    for (let n = 0; n < events; n++) {
      this.producer.emit(sessionDraft(`s${n}`));
      this.clone.emit(sessionDraft(n < split ? `s${n}` : `clone${n}`));
    }
  }

  get length(): number {
    return this.producer.made.length;
  }

  frame(first: number, count: number, gap = false, of = this.producer): VerifiedFrame {
    return {
      node: NODE,
      epoch: of.epoch,
      gap,
      prevChain: of.chainBefore(first),
      records: of.made.slice(first - 1, first - 1 + count),
      proof: Buffer.from('proof'),
    };
  }
}

describe('frames into the record', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await testDatabase();
    pool = createPool(database.url, { applicationName: 'test' });
    await migrate(pool);
    await pool.query('INSERT INTO producer_node (node) VALUES ($1)', [NODE]);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('records every event exactly once, in order, whatever is delivered again, lost, forked or broken off', async () => {
    const writer = new LogWriter({ pool, version: 'test', signHead: () => Buffer.from('head'), leaseMs: 60_000 });
    await writer.begin();
    const queue = new BatchQueue({ events: 20, bytes: 1e6 });
    const intake = new FrameIntake(
      {
        markOf: (node, epoch) => writer.lookUpMark(node, epoch),
        hashesOf: (epoch, from, to) => readRecordedHashes(pool, epoch, from, to),
      },
      queue,
    );

    /** Proves that the steps really led everywhere. */
    const seen: Record<string, number> = {};
    async function startAgain(sources: Source[]): Promise<void> {
      intake.reset();
      queue.clear();
      await writer.begin();
      for (const source of sources) source.next = (await writer.lookUpMark(NODE, source.producer.epoch)).seq + 1;
    }

    async function deliver(source: Source, frame: VerifiedFrame): Promise<void> {
      const verdict = await intake.take(frame);
      seen[verdict.kind] = (seen[verdict.kind] ?? 0) + 1;
      if (verdict.kind === 'missing') source.next = verdict.from;
      if (verdict.kind === 'take') source.next = frame.records.at(-1)!.seq + 1;
    }

    async function run(sources: Source[], what: Step): Promise<void> {
      if (what.do === 'commit') {
        if (!queue.isEmpty) await writer.commit(queue.next());
        return;
      }
      if (what.do === 'fail') {
        await startAgain(sources);
        return;
      }
      const source = sources[what.of % sources.length]!;
      if (source.next > source.length && what.do !== 'redeliver') return;
      switch (what.do) {
        case 'deliver':
          return deliver(source, source.frame(source.next, what.count));
        case 'redeliver':
          return deliver(source, source.frame(1 + (what.at % Math.min(source.next, source.length)), what.count));
        case 'skip':
          source.next = Math.min(source.length, source.next + what.count);
          return;
        case 'gap':
          return deliver(source, source.frame(Math.min(source.length, source.next + (what.at % 4)), what.count, true));
        case 'fork':
          if (what.at % 3 === 0) await deliver(source, source.frame(source.next, what.count, false, source.clone));
          return;
      }
    }

    async function drain(sources: Source[]): Promise<void> {
      for (const source of sources) {
        for (let tries = 0; source.next <= source.length; tries++) {
          const before = source.next;
          await deliver(source, source.frame(source.next, 7));
          if (source.next === before && tries > source.length) break;
        }
      }
      while (!queue.isEmpty) await writer.commit(queue.next());
    }

    async function judge(sources: Source[], after: bigint): Promise<void> {
      const events = await readEvents(pool, { after, limit: 10_000 });
      const head = await readHead(pool);
      expect(events.map((event) => event.position)).toEqual(events.map((_, index) => after + 1n + BigInt(index)));
      expect(head.size).toBe(after + 1n + BigInt(events.length));
      for (const source of sources) {
        const { epoch } = source.producer;
        const mark = await writer.lookUpMark(NODE, epoch);
        const own = events.filter((event) => event.epoch === epoch);
        const named = events
          .map((event) => JSON.parse(event.body.toString()))
          .filter((event) => event.data.epoch === epoch);
        const lost = named
          .filter((event) => event.type === 'producer.lost')
          .flatMap(({ data }) => Array.from({ length: data.to - data.from + 1 }, (_, n) => data.from + n));
        const numbers = own.map((event) => event.seq);
        // In order, none twice, and every number up to the mark is there or named as lost.
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect([...numbers, ...lost].sort((a, b) => a - b)).toEqual(Array.from({ length: mark.seq }, (_, n) => n + 1));
        const forks = named.filter((event) => event.type === 'producer.forked').length;
        expect(forks).toBe(mark.state === 'forked' ? 1 : 0);
        const fits = [source.producer, source.clone].map((of) =>
          numbers.map((seq, at) => of.made[seq - 1]!.bytes.equals(own[at]!.body)),
        );
        // A signed gap may hide where two clones parted; without one, the recorded events are all of one of them.
        expect(numbers.every((_, at) => fits[0]![at] || fits[1]![at])).toBe(true);
        if (lost.length === 0) expect(fits.some((of) => of.every((fit) => fit))).toBe(true);
        if (mark.state !== 'forked' && fits[0]!.every((fit) => fit)) expect(mark.seq).toBe(source.length);
        if (lost.length === 0 && own.length > 0) {
          const chain = own.reduce<Buffer>(
            (before, event) => nextChain(before, eventHash(event.body)),
            Buffer.alloc(32),
          );
          expect(mark.chain.equals(chain)).toBe(true);
        }
      }
    }

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ events: fc.integer({ min: 1, max: 60 }), split: fc.nat(30) }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.array(step, { minLength: 20, maxLength: 60 }),
        async (shapes, steps) => {
          const after = (await readHead(pool)).size - 1n;
          const sources = shapes.map(({ events, split }) => new Source(events, split));
          await startAgain(sources);
          for (const what of steps) await run(sources, what);
          await drain(sources);
          await judge(sources, after);
        },
      ),
      { numRuns: 100 },
    );
    for (const kind of ['take', 'known', 'missing', 'fork', 'refused']) expect(seen[kind]).toBeGreaterThan(5);
  });
});
