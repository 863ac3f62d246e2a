import type { Redis } from 'ioredis';
import type pg from 'pg';
import { type HealthCheck, Hindrance, type KeyPair, type Logger, type Metrics } from '#platform';
import {
  CommitListener,
  excessRightsTrouble,
  type Head,
  LogWriter,
  OUTBOX_CHANNEL,
  type OwnHead,
  pinMarkKey,
  projectCommands,
  projectSessions,
  readHead,
  readRecordedHashes,
  unavailable,
} from '#record';
import {
  assertRedisKeepsData,
  decodeFrame,
  encodeFrame,
  markField,
  publishMarks,
  StreamReader,
  signMark,
} from '#streams';
import { type BatchLimits, BatchQueue } from './batch-queue.js';
import { FrameIntake } from './frame-intake.js';
import { MarkBoard, type PublishedMark } from './mark-board.js';
import { NodeList } from './node-list.js';
import { ProducerKeys } from './producer-keys.js';
import { Projection } from './projection.js';
import { RecorderMetrics } from './recorder-metrics.js';
import { Recording } from './recording.js';
import { RetentionDuty } from './retention-duty.js';
import { StreamTidying } from './stream-tidying.js';
import { verifyEntry } from './verify-entry.js';
import { Wakeup } from './wakeup.js';

export interface RecorderOptions {
  pool: pg.Pool;
  redis: Redis;
  /** The log's key: it signs marks and the head of node `record`. */
  markKey: KeyPair;
  /** affidavit.yaml, for retention; it need not be there. */
  policyFile?: string;
  version: string;
  logger: Logger;
  metrics: Metrics;
  /** Default 5 s. */
  leaseMs?: number;
  batch?: BatchLimits;
}

/** The whole recorder, wired: streams and outbox into the log, marks back, sessions and words of commands projected. */
export class Recorder {
  readonly recording: Recording;
  readonly sessions: Projection;
  readonly commands: Projection;
  private readonly retention: RetentionDuty;
  private readonly reader: StreamReader;
  private readonly outbox: CommitListener;
  private readonly marksHindrance = new Hindrance();

  /**
   * Wires a recorder for the log that this database holds.
   * @throws RECORD_MARK_KEY_DIFFERS where the log began with another mark key
   */
  static async open(options: RecorderOptions): Promise<Recorder> {
    await pinMarkKey(options.pool, options.markKey.publicKey.export({ type: 'spki', format: 'der' }));
    return new Recorder(options, await readHead(options.pool));
  }

  private constructor(
    private readonly options: RecorderOptions,
    head: Head,
  ) {
    const { pool, redis, logger, markKey } = options;
    const leaseMs = options.leaseMs ?? 5_000;
    const signHead = (own: OwnHead) => signOwnHead(own, markKey);
    const writer = new LogWriter({ pool, version: options.version, leaseMs, signHead });
    const wakeup = new Wakeup();
    const queue = new BatchQueue(options.batch, () => wakeup.ring());
    const intake = new FrameIntake(
      {
        markOf: (node, epoch) => writer.lookUpMark(node, epoch),
        hashesOf: (epoch, from, to) => readRecordedHashes(pool, epoch, from, to),
      },
      queue,
    );
    const nodes = new NodeList(pool);
    const keys = new ProducerKeys(pool);
    this.reader = new StreamReader({
      redis,
      nodes: () => nodes.read(),
      markOf: (node, epoch) => this.recording.takenUpTo(node, epoch),
    });
    this.sessions = new Projection(pool, logger, { what: 'sessions', project: projectSessions });
    this.commands = new Projection(pool, logger, { what: 'words of commands', project: projectCommands });
    this.retention = new RetentionDuty({ pool, logger, policyFile: options.policyFile });
    this.recording = new Recording({
      writer,
      source: this.reader,
      intake,
      queue,
      verify: (entry) => verifyEntry(entry, head.log, keys),
      marks: new MarkBoard(
        async (marks) => {
          await publishMarks(
            redis,
            marks.map((mark) => signedMark(mark, head, markKey)),
          );
          this.marksHindrance.over();
        },
        (error) => {
          this.marksHindrance.failed(error);
          logger.warn({ err: error }, 'marks could not be published; they are again within ten seconds');
        },
      ),
      tidying: new StreamTidying(this.reader, (error) => logger.warn({ err: error }, 'a stream could not be trimmed')),
      metrics: new RecorderMetrics(options.metrics, {
        isActive: () => this.recording.isActive,
        waiting: () => queue.eventCount,
        projectionBehind: () => this.sessions.behind,
        searchBehind: () => this.commands.behind,
        openEpochs: () => this.reader.epochs().length,
      }),
      logger,
      wakeup,
      leaseMs,
      onCommit: () => {
        this.sessions.wake();
        this.commands.wake();
      },
    });
    this.outbox = new CommitListener(pool, OUTBOX_CHANNEL);
    this.outbox.onCommit(() => wakeup.ring());
  }

  start(): void {
    this.recording.start();
    this.sessions.start();
    this.commands.start();
    this.retention.start();
  }

  async stop(): Promise<void> {
    await this.outbox.close();
    await this.retention.stop();
    await this.recording.stop();
    await this.sessions.stop();
    await this.commands.stop();
    await this.reader.close();
  }

  /** A standby is as healthy as the active one. */
  get checks(): HealthCheck[] {
    const { pool, redis } = this.options;
    return [
      ...serverChecks(pool, redis),
      { name: 'recording', hop: HOP, check: () => this.recording.trouble },
      { name: 'streams', hop: HOP, check: () => this.recording.streamsTrouble },
      { name: 'marks', hop: 'record → spool', check: () => this.marksHindrance.trouble },
      { name: 'strangers', hop: HOP, required: false, check: () => this.recording.strangers },
      { name: 'sessions', hop: 'record → sessions', check: () => this.sessions.trouble },
      { name: 'search', hop: 'record → search', check: () => this.commands.trouble },
      { name: 'retention', hop: 'record → purge', required: false, check: () => this.retention.trouble },
      { name: 'retention policy', hop: 'record → purge', required: false, check: () => this.retention.policyTrouble },
      { name: 'database role', hop: HOP, required: false, check: () => excessRightsTrouble(pool, 'recorder') },
    ];
  }
}

const HOP = 'Redis → record';

/** What a recorder needs from its first moment on. */
export function serverChecks(pool: pg.Pool, redis: Redis): HealthCheck[] {
  return [
    {
      name: 'postgres',
      hop: HOP,
      check: () =>
        pool.query('SELECT 1').then(
          () => undefined,
          (cause: unknown) => Promise.reject(unavailable(cause)),
        ),
    },
    { name: 'redis', hop: HOP, check: () => assertRedisKeepsData(redis).then(() => undefined) },
  ];
}

function signedMark(mark: PublishedMark, head: Head, { privateKey }: KeyPair): { key: string; text: string } {
  const { node, epoch, seq, state, at } = mark;
  const { log, generation } = head;
  const text = signMark(
    { log, generation, node, epoch, seq, chain: mark.chain.toString('hex'), state, at },
    privateKey,
  );
  return { key: markField(node, epoch), text };
}

/** Provenance of the record's own events: a frame of the last of them, whose chain binds all before it. */
function signOwnHead({ log, node, epoch, prevChain, last }: OwnHead, { privateKey }: KeyPair): Buffer {
  const frame = encodeFrame({ header: { log, node, epoch, prevChain }, records: [last], privateKey });
  return decodeFrame(frame).signatureProof;
}
