import type pg from 'pg';
import type { EventDraft, NodeName } from '#events';
import { createPool, EMPTY_BATCH, type LoginOwner, LogWriter, migrate } from '#record';
import { loginUrl } from './logins.js';
import { TestProducer } from './producer.js';
import { type TestDatabase, testDatabase } from './servers.js';

const SIGNATURE = Buffer.from('signature');

/** A migrated record of this test's own, written as the recorder writes it, without Redis. */
export class TestRecord {
  private readonly recorded = new Map<TestProducer, number>();
  private readonly logins = new Map<LoginOwner, pg.Pool>();

  private constructor(
    readonly database: TestDatabase,
    /** The owner's. */
    readonly pool: pg.Pool,
    readonly writer: LogWriter,
  ) {}

  /** @param options.isWritten false: nothing is recorded yet, not even that a recorder began */
  static async open({ isWritten = true } = {}): Promise<TestRecord> {
    const database = await testDatabase();
    const pool = createPool(database.url, { applicationName: 'test' });
    await migrate(pool);
    const writer = new LogWriter({ pool, version: 'test', signHead: () => SIGNATURE, leaseMs: 600_000 });
    if (isWritten) await writer.begin();
    return new TestRecord(database, pool, writer);
  }

  /** A pool with the rights that this process has in an installation, and no others. */
  async poolOf(process: LoginOwner): Promise<pg.Pool> {
    const known = this.logins.get(process);
    if (known) return known;
    const made = createPool(await loginUrl(this.database.url, process), { applicationName: 'test' });
    this.logins.set(process, made);
    return made;
  }

  /** A run of a node, enrolled at its first. */
  async producer(node: string): Promise<TestProducer> {
    await this.pool.query('INSERT INTO producer_node (node) VALUES ($1) ON CONFLICT DO NOTHING', [node]);
    return new TestProducer(node as NodeName);
  }

  /** Emits and records these events, in one transaction, with whatever waits in the outbox. @returns position of the last */
  async record(producer: TestProducer, drafts: readonly EventDraft[]): Promise<bigint> {
    const from = this.recorded.get(producer) ?? 0;
    for (const draft of drafts) producer.emit(draft);
    const events = producer.made.slice(from);
    this.recorded.set(producer, producer.made.length);
    const commit = await this.writer.commit({
      ...EMPTY_BATCH,
      advances: [
        {
          node: producer.node,
          epoch: producer.epoch,
          prevChain: producer.chainBefore(events[0]!.seq),
          events,
          gap: false,
          headSignature: SIGNATURE,
        },
      ],
    });
    return commit!.to - 1n;
  }

  /** Records what waits in the outbox. */
  async drainOutbox(): Promise<void> {
    await this.writer.commit(EMPTY_BATCH);
  }

  async close(): Promise<void> {
    for (const pool of [...this.logins.values(), this.pool]) await pool.end();
    await this.database.drop();
  }
}
