import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Epoch, NodeName } from '#events';
import { COMMAND_TIMEOUT_MS } from './connect.js';
import { redisTrouble } from './errors.js';
import { entryIdOf, epochsKey, FRAME_FIELD, isEpoch, streamKey } from './names.js';
import { isWrongType } from './strangers.js';

export interface StreamReaderOptions {
  /** For the quick commands. Blocking reads get a connection of their own, made from it. */
  redis: Redis;
  /** The enrolled nodes whose streams are read. Asked every 250 ms: answer from memory. */
  nodes: () => Promise<readonly NodeName[]>;
  /** Number up to which the record holds an epoch; undefined counts as 0. */
  markOf: (node: NodeName, epoch: Epoch) => number | undefined;
  /**
   * True while entries that `read` returned of this epoch are not yet decided on. By default none are when `read` is called
   * again. What is neither in flight nor behind the mark is read again.
   */
  inFlight?: ((node: NodeName, epoch: Epoch) => boolean) | undefined;
  limits?: Partial<ReaderLimits> | undefined;
  now?: (() => number) | undefined;
}

export interface ReaderLimits {
  /** Bytes that one read aims at. A single entry may be larger. */
  readBytes: number;
  /** Most entries that one read takes of one stream. */
  entries: number;
  blockMs: number;
  epochsMs: number;
  /** How often a silent stream is read from its beginning, and not from the mark. */
  behindMs: number;
  /** More streams than this of one node are not read. */
  epochsPerNode: number;
}

export const READER_LIMITS: ReaderLimits = {
  readBytes: 2 * 1024 * 1024,
  entries: 64,
  blockMs: 250,
  epochsMs: 250,
  behindMs: 2000,
  epochsPerNode: 1000,
};

/** An entry as it stands in Redis. Nothing about it is verified. */
export interface StreamEntry {
  node: NodeName;
  epoch: Epoch;
  /** `0-<number of the last event>`, where a producer of ours wrote it. */
  entryId: string;
  /** The frame; for an entry that has not just the one field, all its names and values in a row, which is no frame. */
  bytes: Buffer;
}

interface Source {
  node: NodeName;
  epoch: Epoch;
  key: string;
  /** Entry id behind which reading goes on. */
  cursor: string;
  /** When it was last read from its beginning. */
  behindAtMs: number;
}

/**
 * Reads the streams of all enrolled nodes, for one recorder. It keeps no offset of its own: the marks decide, and whatever is
 * lost, deleted or refilled is found again from them. Not for use by two callers at once.
 */
export class StreamReader {
  private readonly redis: Redis;
  private readonly blocking: Redis;
  private readonly limits: ReaderLimits;
  private readonly now: () => number;
  private sources = new Map<string, Source>();
  private epochsReadAtMs = Number.NEGATIVE_INFINITY;
  private readonly pace: ReadPace;
  private rotation = 0;

  constructor(private readonly options: StreamReaderOptions) {
    this.redis = options.redis;
    this.limits = { ...READER_LIMITS, ...options.limits };
    this.now = options.now ?? Date.now;
    this.pace = new ReadPace(this.limits);
    this.blocking = this.redis.duplicate({
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: true,
      maxRetriesPerRequest: 0,
      socketTimeout: COMMAND_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS + 1000,
      protocol: 2,
      connectionName: 'affidavit-reader',
    });
    this.blocking.on('error', () => undefined);
  }

  /**
   * What stands next in the streams: at once where something does, else within 250 ms, perhaps nothing. Entries of one
   * stream are in order. Every stream gets its share of a read, so none can starve the others.
   * @throws STREAM_REDIS_… (retry: later); reading then starts again at the marks
   */
  async read(): Promise<StreamEntry[]> {
    try {
      if (this.now() - this.epochsReadAtMs >= this.limits.epochsMs) await this.readEpochs();
      if (this.sources.size === 0) {
        await sleep(this.limits.blockMs);
        return [];
      }
      return await this.readSources();
    } catch (error) {
      this.restart();
      throw redisTrouble(error);
    }
  }

  /** Goes on behind number `seq`, whatever was read before. */
  rewind(node: NodeName, epoch: Epoch, seq: number): void {
    const source = this.sources.get(streamKey(node, epoch));
    if (source) source.cursor = entryIdOf(seq);
  }

  /** Deletes a stream in which numbers are missing; its producer refills it. */
  async deleteStream(node: NodeName, epoch: Epoch): Promise<void> {
    await this.redis.unlink(streamKey(node, epoch));
    this.rewind(node, epoch, this.options.markOf(node, epoch) ?? 0);
  }

  async deleteEntry(node: NodeName, epoch: Epoch, entryId: string): Promise<void> {
    await this.redis.xdel(streamKey(node, epoch), entryId);
  }

  /** Removes the entries whose last number is `seq` or less: call it behind the mark only, after the commit. */
  async trim(node: NodeName, epoch: Epoch, seq: number): Promise<void> {
    await this.redis.xtrim(streamKey(node, epoch), 'MINID', '=', entryIdOf(seq + 1));
  }

  /** For an epoch that is closed and wholly recorded: it is not read any more, unless its producer announces it again. */
  async removeEpoch(node: NodeName, epoch: Epoch): Promise<void> {
    const key = streamKey(node, epoch);
    await this.redis.srem(epochsKey(node), epoch);
    await this.redis.unlink(key);
    this.sources.delete(key);
  }

  /** Epochs that are read now. */
  epochs(): { node: NodeName; epoch: Epoch }[] {
    return [...this.sources.values()].map(({ node, epoch }) => ({ node, epoch }));
  }

  /** Ends the reader's own connection; a read under way fails. */
  async close(): Promise<void> {
    this.blocking.disconnect();
  }

  private async readEpochs(): Promise<void> {
    const nodes = await this.options.nodes();
    const pipeline = this.redis.pipeline();
    for (const node of nodes) pipeline.smembers(epochsKey(node));
    const answers = nodes.length === 0 ? [] : ((await pipeline.exec()) ?? []);
    const sources = new Map<string, Source>();
    for (const [index, node] of nodes.entries()) {
      const [error, members] = answers[index] ?? [new Error('no answer'), []];
      if (isWrongType(error)) await this.redis.del(epochsKey(node));
      else if (error) throw error;
      const epochs = Array.isArray(members) ? (members as string[]).filter(isEpoch) : [];
      for (const epoch of epochs.slice(0, this.limits.epochsPerNode)) {
        const key = streamKey(node, epoch);
        const cursor = this.markId(node, epoch);
        sources.set(key, this.sources.get(key) ?? { node, epoch, key, cursor, behindAtMs: this.now() });
      }
    }
    this.sources = sources;
    this.epochsReadAtMs = this.now();
  }

  private async readSources(): Promise<StreamEntry[]> {
    const all = [...this.sources.values()];
    const plan = this.pace.plan(all.length);
    const asked = plan.streams < all.length ? this.nextInTurn(all, plan.streams) : all;
    // Only where all are asked may Redis wait: else the one with news could be among the others.
    const block = asked.length === all.length ? ['BLOCK', this.limits.blockMs] : [];
    let answer: unknown;
    try {
      answer = await this.blocking.callBuffer(
        'XREAD',
        'COUNT',
        plan.count,
        ...block,
        'STREAMS',
        ...asked.map((source) => source.key),
        ...asked.map((source) => source.cursor),
      );
    } catch (error) {
      if (!isWrongType(error)) throw error;
      await this.deleteStrangers(asked);
      return [];
    }
    const entries = this.take(answer);
    this.pace.saw(entries, plan.count, asked.length, all.length);
    this.restartSilent(asked, entries);
    return entries;
  }

  private nextInTurn(all: Source[], count: number): Source[] {
    const from = this.rotation % all.length;
    this.rotation = from + count;
    return [...all.slice(from), ...all.slice(0, from)].slice(0, count);
  }

  private take(answer: unknown): StreamEntry[] {
    const entries: StreamEntry[] = [];
    for (const [key, found] of (answer ?? []) as [Buffer, [Buffer, Buffer[]][]][]) {
      const source = this.sources.get(key.toString());
      if (!source) continue;
      for (const [id, fields] of found) {
        source.cursor = id.toString();
        entries.push({ node: source.node, epoch: source.epoch, entryId: source.cursor, bytes: frameOf(fields) });
      }
    }
    return entries;
  }

  /**
   * A stream that has nothing behind its cursor may have been deleted and refilled with lower numbers, which neither a read
   * nor a blocked read would ever see. Now and then this goes back below the mark: as a rule all of that is trimmed, but a machine
   * resumed from a snapshot sends other events under numbers that the record holds, and only who reads them sees the fork.
   */
  private restartSilent(asked: readonly Source[], entries: readonly StreamEntry[]): void {
    const heard = new Set(entries.map((entry) => streamKey(entry.node, entry.epoch)));
    for (const source of asked) {
      if (heard.has(source.key) || this.options.inFlight?.(source.node, source.epoch)) continue;
      const looksBehind = this.now() - source.behindAtMs >= this.limits.behindMs;
      if (looksBehind) source.behindAtMs = this.now();
      source.cursor = looksBehind ? entryIdOf(0) : this.markId(source.node, source.epoch);
    }
  }

  /** Reads every epoch again from its mark. */
  restart(): void {
    for (const source of this.sources.values()) source.cursor = this.markId(source.node, source.epoch);
  }

  /** One name that holds something else would fail the read of all. */
  private async deleteStrangers(asked: readonly Source[]): Promise<void> {
    for (const { key } of asked) {
      const type = await this.redis.type(key);
      if (type !== 'stream' && type !== 'none') await this.redis.del(key);
    }
  }

  private markId(node: NodeName, epoch: Epoch): string {
    return entryIdOf(this.options.markOf(node, epoch) ?? 0);
  }
}

function frameOf(fields: Buffer[]): Buffer {
  const [name, value] = fields;
  if (fields.length === 2 && name?.toString('latin1') === FRAME_FIELD && value) return value;
  return Buffer.concat(fields);
}

/**
 * How many entries of how many streams make up one read. XREAD bounds entries, not bytes, so it goes by the sizes seen: it
 * begins low, rises while reads come back full, and falls at once when they come back large. Where even one entry of each
 * stream is too much, streams take turns, until a round of all of them shows that no more is needed.
 */
class ReadPace {
  /** Full frames of 256 KiB that make up one read, while nothing is known about sizes. */
  private static readonly FIRST_ENTRIES = 8;
  /** Undefined until something was read. */
  private count: number | undefined;
  /** Undefined while all streams are asked at once. */
  private inTurns: number | undefined;
  private round = { asked: 0, active: 0 };

  constructor(private readonly limits: ReaderLimits) {}

  plan(known: number): { streams: number; count: number } {
    const first = Math.max(1, Math.floor(ReadPace.FIRST_ENTRIES / known));
    return { streams: Math.min(known, this.inTurns ?? known), count: this.count ?? first };
  }

  saw(entries: readonly StreamEntry[], count: number, asked: number, known: number): void {
    const active = new Set(entries.map((entry) => `${entry.node}/${entry.epoch}`)).size;
    this.round.asked += asked;
    this.round.active += active;
    const roundIsOver = this.round.asked >= known;
    if (active > 0) {
      const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
      const affordable = Math.max(1, Math.floor((this.limits.readBytes / bytes) * entries.length));
      const wanted = entries.length >= count ? 2 * count : count;
      this.count = Math.max(1, Math.min(this.limits.entries, wanted, Math.floor(affordable / active)));
      if (active > affordable || this.inTurns !== undefined) this.inTurns = affordable;
    }
    if (!roundIsOver) return;
    if (this.round.active <= (this.inTurns ?? 0)) this.inTurns = undefined;
    if (this.round.active === 0) this.count = undefined;
    this.round = { asked: 0, active: 0 };
  }
}
