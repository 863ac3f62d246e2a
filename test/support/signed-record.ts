import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type pg from 'pg';
import type { EventDraft, NodeName } from '#events';
import { rawPublicKey, signNote } from '#ledger';
import {
  adoptCheckpointKey,
  createPool,
  EMPTY_BATCH,
  type KnownHead,
  LogWriter,
  migrate,
  type OwnHead,
  pinMarkKey,
  producerKeyId,
  signCheckpoint,
} from '#record';
import { decodeFrame, encodeFrame } from '#streams';
import { type MadeEvent, TestProducer } from './producer.js';
import { type TestDatabase, testDatabase } from './servers.js';

/** A record whose producers, log and checkpoints are signed with real keys, written as the recorder writes it, without Redis. */
export class SignedRecord {
  /** What is told of the log elsewhere. */
  known: KnownHead[] = [];
  private readonly recorded = new Map<TestProducer, number>();
  private readonly keys = new Map<string, KeyObject>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();

  private constructor(
    readonly database: TestDatabase,
    readonly pool: pg.Pool,
    readonly writer: LogWriter,
    readonly log: string,
    readonly checkpointKey: KeyObject,
  ) {}

  static async open(): Promise<SignedRecord> {
    const database = await testDatabase();
    const pool = createPool(database.url, { applicationName: 'test' });
    await migrate(pool);
    const { privateKey: markKey, publicKey } = generateKeyPairSync('ed25519');
    await pinMarkKey(pool, publicKey.export({ type: 'spki', format: 'der' }));
    const { privateKey: checkpointKey } = generateKeyPairSync('ed25519');
    await adoptCheckpointKey(pool, rawPublicKey(checkpointKey), undefined);
    const { rows } = await pool.query<{ log: string }>('SELECT log FROM log_head');
    const made: { record?: SignedRecord } = {};
    const signHead = ({ log, node, epoch, prevChain, last }: OwnHead) =>
      decodeFrame(encodeFrame({ header: { log, node, epoch, prevChain }, records: [last], privateKey: markKey }))
        .signatureProof;
    const knownHeads = async () => made.record?.known ?? [];
    const writer = new LogWriter({ pool, version: 'test', signHead, knownHeads, leaseMs: 600_000 });
    made.record = new SignedRecord(database, pool, writer, rows[0]!.log, checkpointKey);
    await writer.begin();
    return made.record;
  }

  /** A run of a node, which is enrolled at its first. */
  async producer(node: string): Promise<TestProducer> {
    if (!this.keys.has(node)) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const spki = publicKey.export({ type: 'spki', format: 'der' });
      this.keys.set(node, privateKey);
      await this.pool.query('INSERT INTO producer_node (node) VALUES ($1)', [node]);
      await this.pool.query('INSERT INTO producer_key (key_id, node, public_key) VALUES ($1, $2, $3)', [
        producerKeyId(spki),
        node,
        spki,
      ]);
    }
    return new TestProducer(node as NodeName);
  }

  /** Emits and records these events, in one transaction. */
  async record(producer: TestProducer, drafts: readonly EventDraft[]): Promise<void> {
    for (const draft of drafts) producer.emit(draft);
    await this.recordMade(producer);
  }

  /** Records what a producer made. @param skipping so many of it are never recorded, which the producer signs */
  async recordMade(producer: TestProducer, skipping = 0): Promise<void> {
    const from = (this.recorded.get(producer) ?? 0) + skipping;
    const events = producer.made.slice(from);
    this.recorded.set(producer, producer.made.length);
    await this.exclusively(async () => {
      await this.writer.commit({
        ...EMPTY_BATCH,
        advances: [
          {
            node: producer.node,
            epoch: producer.epoch,
            prevChain: producer.chainBefore(events[0]!.seq),
            events,
            gap: skipping > 0,
            headSignature: this.headOf(producer, events),
          },
        ],
      });
    });
  }

  /** What waits in the outbox is recorded, and a checkpoint signed, again and again, as by a recorder that is active. */
  start(): void {
    this.timer = setInterval(() => void this.exclusively(() => this.work()), 30);
  }

  /** Records what waits in the outbox. */
  async drainOutbox(): Promise<void> {
    await this.exclusively(async () => {
      await this.writer.commit(EMPTY_BATCH);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
    await this.pool.end();
    await this.database.drop();
  }

  async work(): Promise<void> {
    await this.writer.commit(EMPTY_BATCH);
    await signCheckpoint(this.pool, {
      signer: {
        publicKey: rawPublicKey(this.checkpointKey),
        sign: (text, name) => signNote(text, name, this.checkpointKey),
      },
      holder: this.writer.holder,
      keepElsewhere: async () => {},
    });
  }

  /** One commit after the other. */
  private exclusively(work: () => Promise<void>): Promise<void> {
    this.working = this.working.then(work);
    return this.working;
  }

  private headOf({ node, epoch, ...producer }: TestProducer, events: readonly MadeEvent[]): Buffer {
    const records = events.slice(-200);
    const first = records[0]!.seq;
    const prevChain = first === 1 ? Buffer.alloc(32) : producer.made[first - 2]!.chain;
    const header = { log: this.log, node, epoch, prevChain };
    return decodeFrame(encodeFrame({ header, records, privateKey: this.keys.get(node)! })).signatureProof;
  }
}
