import type { KeyObject } from 'node:crypto';
import type { Redis } from 'ioredis';
import { describeError, type Epoch, type NodeName } from '#events';
import { GENESIS_CHAIN } from '#ledger';
import { type Mark, readMarks, verifyMark } from './mark.js';
import { markField } from './names.js';
import type { SentEpoch } from './sent-epoch.js';
import type { SpoolReader, StreamLogger } from './spool-reader.js';

export interface MarkWatchOptions {
  redis: Redis;
  spool: SpoolReader;
  node: NodeName;
  log: string;
  markPublicKey: KeyObject;
  /**
   * The record saw other content under a number of this epoch. Start a new epoch and append there again what follows
   * `agreedSeq`, the last number at which record and spool agree (`mark.seq` need not be one). Called once in this process,
   * for the current run and for earlier ones that are not wholly confirmed.
   */
  onFork?: ((epoch: Epoch, mark: Mark, agreedSeq: number) => void | Promise<void>) | undefined;
  logger: StreamLogger;
  now: () => number;
}

/** Takes the record's marks: verified, in order, agreeing with the spool; everything else changes nothing. */
export class MarkWatch {
  /** Marks that were forged, foreign, or do not agree with the spool. */
  refused = 0;
  lastRefusal: { why: string; at: number } | undefined;

  constructor(private readonly options: MarkWatchOptions) {}

  async read(epochs: readonly SentEpoch[]): Promise<void> {
    const { redis, node } = this.options;
    const texts = await readMarks(
      redis,
      epochs.map((of) => markField(node, of.epoch)),
    );
    for (const [index, of] of epochs.entries()) {
      const text = texts[index];
      // Absent is no news: the recorder publishes again.
      if (typeof text === 'string' && text !== of.markText) await this.take(of, text);
    }
  }

  private async take(of: SentEpoch, text: string): Promise<void> {
    const mark = this.verified(of, text);
    if (mark && isNewer(mark, of)) {
      if (!(await this.apply(of, mark))) return;
      of.markOrder = { generation: mark.generation, at: mark.at };
    }
    of.markText = text;
  }

  private verified(of: SentEpoch, text: string): Mark | undefined {
    const { markPublicKey, log, node } = this.options;
    try {
      const mark = verifyMark(text, markPublicKey);
      if (mark.log === log && mark.node === node && mark.epoch === of.epoch) return mark;
      this.refuse(of, 'it is of another log, node or epoch');
    } catch (error) {
      this.refuse(of, describeError(error));
    }
    return undefined;
  }

  /** @returns false where the spool failed: the same mark is looked at again */
  private async apply(of: SentEpoch, mark: Mark): Promise<boolean> {
    if (of.belief === 'done') return true;
    const { spool, logger, now } = this.options;
    try {
      // An ended run of which nothing is owed may have been appended again by an earlier process: once is enough.
      const concerned = of.isCurrent || of.isUnconfirmed;
      const claimed = Buffer.from(mark.chain, 'hex');
      const own = mark.seq === 0 ? GENESIS_CHAIN : await spool.chainAt(of.epoch, mark.seq);
      // A hole that a person declared has no chain; what the spool has there stays its own.
      const chain = mark.state === 'lost' && own ? own : claimed;
      const verdict = own && !own.equals(chain) ? 'disagrees' : await spool.confirm(of.epoch, mark.seq, chain);
      if (verdict === 'advanced' || verdict === 'back' || (verdict === 'known' && mark.seq > of.markSeq)) {
        of.moveMark(mark.seq, mark.state === 'lost' ? own : chain, now());
      }
      if (verdict === 'back') {
        logger.warn({ epoch: of.epoch, seq: mark.seq }, 'the mark went back; what the spool keeps is sent again');
      }
      if (mark.state === 'forked') this.fork(of, mark, concerned);
      else if (verdict === 'disagrees') this.refuse(of, `at number ${mark.seq} its chain is not that of the spool`);
      return true;
    } catch (error) {
      logger.warn({ epoch: of.epoch, error: describeError(error) }, 'the spool did not take a mark; it is tried again');
      return false;
    }
  }

  private fork(of: SentEpoch, mark: Mark, concerned: boolean): void {
    const { onFork, logger } = this.options;
    const agreedSeq = Math.min(of.markSeq, of.lastSeq);
    of.abandon();
    if (!concerned) return;
    logger.error(
      { epoch: of.epoch, recordedSeq: mark.seq, agreedSeq },
      'the record holds other events under numbers of this epoch; a new one is begun',
    );
    Promise.resolve(onFork?.(of.epoch, mark, agreedSeq)).catch((error) => {
      logger.error({ epoch: of.epoch, error: describeError(error) }, 'a forked epoch could not be appended again');
    });
  }

  private refuse(of: SentEpoch, why: string): void {
    this.refused++;
    this.lastRefusal = { why, at: this.options.now() };
    this.options.logger.error({ epoch: of.epoch, why }, 'a mark was refused');
  }
}

/** Generations only rise; within one, time decides. */
function isNewer(mark: Mark, of: SentEpoch): boolean {
  const last = of.markOrder;
  return mark.generation > last.generation || (mark.generation === last.generation && mark.at >= last.at);
}
