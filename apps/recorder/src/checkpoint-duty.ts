import type pg from 'pg';
import { Hindrance, type Logger, type Trouble } from '#platform';
import {
  CHECKPOINT_CHANNEL,
  CommitListener,
  isUnsealed,
  type LogWriter,
  latestCheckpoint,
  readHead,
  type SignedCheckpoint,
  type SigningOptions,
  signCheckpoint,
  unavailable,
} from '#record';
import { backoffMs, pause, Wakeup } from './wakeup.js';

/** How old the newest checkpoint may grow while only checkpoints and reads are recorded. */
const AT_LEAST_EVERY_MS = 3_600_000;

export interface CheckpointDutyOptions {
  pool: pg.Pool;
  writer: Pick<LogWriter, 'holder' | 'isReady' | 'treeError' | 'treeBehind' | 'lastHead'>;
  signer: SigningOptions['signer'];
  keepElsewhere: SigningOptions['keepElsewhere'];
  /** How old the newest checkpoint may grow while events are recorded. */
  everyMs: number;
  logger: Pick<Logger, 'warn' | 'info'>;
}

/** Signs the tree from time to time, while this recorder is the active one, and when somebody asks for it. */
export class CheckpointDuty {
  private readonly wakeup = new Wakeup();
  private readonly stopping = new AbortController();
  private readonly listener: CommitListener;
  private readonly hindrance = new Hindrance();
  private life: Promise<void> = Promise.resolve();
  private isAsked = false;
  private newest: SignedCheckpoint | undefined;
  /** When the newest was first seen, by this machine's clock. */
  private newestAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: CheckpointDutyOptions) {
    this.listener = new CommitListener(options.pool, CHECKPOINT_CHANNEL);
    // Also once a second: that is how it learns that it is time.
    this.listener.onCommit((isNotified) => {
      this.isAsked ||= isNotified;
      this.wakeup.ring();
    });
  }

  start(): void {
    this.life = this.live();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeup.ring();
    await this.life;
    await this.listener.close();
  }

  /** Why nothing is signed. */
  get trouble(): Trouble | undefined {
    const { treeError } = this.options.writer;
    return treeError ? { reason: treeError.message, remedy: treeError.remedy } : this.hindrance.trouble;
  }

  /** Positions that the newest checkpoint covers. */
  get size(): number {
    return Number(this.newest?.size ?? 0n);
  }

  private async live(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; ) {
      await this.wakeup.wait();
      if (signal.aborted) return;
      try {
        await this.look();
        failures = 0;
        this.hindrance.over();
      } catch (error) {
        this.hindrance.failed(unavailable(error));
        if (failures === 1)
          this.options.logger.warn({ err: error }, 'no checkpoint could be signed; it is tried again');
        await pause(backoffMs(failures++), signal);
      }
    }
  }

  private async look(): Promise<void> {
    const { pool, writer, signer, keepElsewhere } = this.options;
    if (!writer.isReady || writer.treeError || writer.treeBehind > 0) return;
    // Somebody waits: what was asked while this signs is looked at once more.
    const isAsked = this.isAsked;
    this.isAsked = false;
    if (!isAsked && !(await this.isDue())) return;
    const signed = await signCheckpoint(pool, { signer, holder: writer.holder, keepElsewhere });
    if (signed) this.see(signed);
    // Another recorder may have signed meanwhile.
    else this.newest = undefined;
  }

  private async isDue(): Promise<boolean> {
    const { pool, everyMs } = this.options;
    if (!this.newest) {
      const latest = await latestCheckpoint(pool);
      if (!latest) return true;
      this.see(latest, Date.parse(latest.signedAt));
    }
    const ageMs = Date.now() - this.newestAtMs;
    if (ageMs < everyMs) return false;
    const { generation, size } = await readHead(pool);
    const { newest } = this;
    if (newest?.generation === generation && newest.size === size) return false;
    return ageMs >= AT_LEAST_EVERY_MS || newest?.generation !== generation || (await isUnsealed(pool, newest.size));
  }

  private see(checkpoint: SignedCheckpoint, atMs: number = Date.now()): void {
    this.newest = checkpoint;
    this.newestAtMs = Math.min(atMs, Date.now());
  }
}
