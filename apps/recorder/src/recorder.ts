import type { Redis } from 'ioredis';
import type pg from 'pg';
import { noteKey, originOf, rawPublicKey, signEd25519, signNote } from '#ledger';
import { type HealthCheck, Hindrance, type KeyPair, type Logger, type Metrics } from '#platform';
import {
  adoptCheckpointKey,
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
  publishLogHead,
  publishMarks,
  StreamReader,
  signLogHead,
  signMark,
} from '#streams';
import { type BatchLimits, BatchQueue } from './batch-queue.js';
import { Board } from './board.js';
import { CheckpointDuty } from './checkpoint-duty.js';
import { FrameIntake } from './frame-intake.js';
import { CheckpointFile, headsInRedis } from './known-heads.js';
import { NodeList } from './node-list.js';
import { ProducerKeys } from './producer-keys.js';
import { Projection } from './projection.js';
import { RecorderMetrics } from './recorder-metrics.js';
import { type PublishedMark, Recording } from './recording.js';
import { RetentionDuty } from './retention-duty.js';
import { StreamTidying } from './stream-tidying.js';
import { VerificationDuty } from './verification-duty.js';
import { verifyEntry } from './verify-entry.js';
import { Wakeup } from './wakeup.js';

export interface RecorderOptions {
  pool: pg.Pool;
  redis: Redis;
  /** The log's key: it signs marks and the head of node `record`. */
  markKey: KeyPair;
  /** The key that signs checkpoints, and the one that it replaced, where that is still at hand. */
  checkpointKey: KeyPair;
  previousCheckpointKey?: KeyPair | undefined;
  /** Where the last checkpoint is kept beside PostgreSQL. */
  checkpointFile: string;
  /** How old the newest checkpoint may grow while events are recorded; default 30 s. */
  checkpointEveryMs?: number;
  /** Positions a second at which what is recorded is read again; 0: never. Default 500. */
  verifyRate?: number;
  /** From the beginning of one such pass to that of the next; default a day. */
  verifyEveryMs?: number;
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
  readonly checkpoints: CheckpointDuty;
  readonly verification: VerificationDuty;
  private readonly retention: RetentionDuty;
  private readonly reader: StreamReader;
  private readonly outbox: CommitListener;
  private readonly marksHindrance = new Hindrance();

  /**
   * Wires a recorder for the log that this database holds.
   * @throws RECORD_MARK_KEY_DIFFERS where the log began with another mark key, RECORD_CHECKPOINT_KEY_OLD
   */
  static async open(options: RecorderOptions): Promise<Recorder> {
    await pinMarkKey(options.pool, options.markKey.publicKey.export({ type: 'spki', format: 'der' }));
    const { pool, checkpointKey, previousCheckpointKey: replaced } = options;
    await adoptCheckpointKey(
      pool,
      rawPublicKey(checkpointKey.publicKey),
      replaced && {
        publicKey: rawPublicKey(replaced.publicKey),
        sign: (statement) => signEd25519(replaced.privateKey, statement),
      },
    );
    return new Recorder(options, await readHead(pool));
  }

  private constructor(
    private readonly options: RecorderOptions,
    head: Head,
  ) {
    const { pool, redis, logger, markKey } = options;
    const leaseMs = options.leaseMs ?? 5_000;
    const signHead = (own: OwnHead) => signOwnHead(own, markKey);
    const nodes = new NodeList(pool);
    const checkpointPublicKey = rawPublicKey(options.checkpointKey.publicKey);
    const file = new CheckpointFile(options.checkpointFile, (log, generation) => [
      noteKey(originOf(log, generation), checkpointPublicKey),
    ]);
    const writer = new LogWriter({
      pool,
      version: options.version,
      leaseMs,
      signHead,
      knownHeads: async () => {
        const kept = await file.read(head.log);
        const told = await headsInRedis(redis, await nodes.read(), head.log, markKey.publicKey);
        return kept ? [kept, ...told] : told;
      },
    });
    const wakeup = new Wakeup();
    const queue = new BatchQueue(options.batch, () => wakeup.ring());
    const intake = new FrameIntake(
      {
        markOf: (node, epoch) => writer.lookUpMark(node, epoch),
        hashesOf: (epoch, from, to) => readRecordedHashes(pool, epoch, from, to),
      },
      queue,
    );
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
      marks: new Board(
        ({ node, epoch }) => markField(node, epoch),
        async (marks) => {
          await publishMarks(
            redis,
            marks.map((mark) => signedMark(mark, head.log, markKey)),
          );
          this.marksHindrance.over();
        },
        (error) => {
          this.marksHindrance.failed(error);
          logger.warn({ err: error }, 'marks could not be published; they are again within ten seconds');
        },
      ),
      heads: new Board(
        () => 'head',
        async ([last]) => {
          if (!last) return;
          const { generation, size, root, at } = last;
          const told = { log: head.log, generation, size, at, ...(root === undefined ? {} : { root }) };
          await publishLogHead(redis, signLogHead(told, markKey.privateKey));
        },
        // What keeps marks from Redis keeps this, too, and is said there.
        () => {},
      ),
      tidying: new StreamTidying(this.reader, (error) => logger.warn({ err: error }, 'a stream could not be trimmed')),
      metrics: new RecorderMetrics(options.metrics, {
        isActive: () => this.recording.isActive,
        waiting: () => queue.eventCount,
        projectionBehind: () => this.sessions.behind,
        searchBehind: () => this.commands.behind,
        treeBehind: () => writer.treeBehind,
        checkpointSize: () => this.checkpoints.size,
        verified: () => this.verification.position,
        differences: () => this.verification.differences,
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
    this.checkpoints = new CheckpointDuty({
      pool,
      writer,
      signer: {
        publicKey: checkpointPublicKey,
        sign: (text, name) => signNote(text, name, options.checkpointKey.privateKey),
      },
      keepElsewhere: ({ note }) => file.write(note),
      everyMs: options.checkpointEveryMs ?? 30_000,
      logger,
    });
    this.verification = new VerificationDuty({
      pool,
      isActive: () => this.recording.isActive,
      rate: options.verifyRate ?? 500,
      everyMs: options.verifyEveryMs ?? 24 * 3_600_000,
      logger,
    });
    this.outbox = new CommitListener(pool, OUTBOX_CHANNEL);
    this.outbox.onCommit(() => wakeup.ring());
  }

  start(): void {
    this.recording.start();
    this.sessions.start();
    this.commands.start();
    this.retention.start();
    this.checkpoints.start();
    this.verification.start();
  }

  async stop(): Promise<void> {
    await this.outbox.close();
    await this.verification.stop();
    await this.checkpoints.stop();
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
      { name: 'checkpoints', hop: 'record → checkpoints', required: false, check: () => this.checkpoints.trouble },
      { name: 'verification', hop: 'record → verification', required: false, check: () => this.verification.trouble },
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

function signedMark(mark: PublishedMark, log: string, { privateKey }: KeyPair): { key: string; text: string } {
  const { node, epoch, seq, state, at, generation } = mark;
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
