import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { CommitListener } from '#record';
import { Admission } from './admission.js';
import { LocalLedger } from './batch-ledger.js';
import type { CutOptions } from './cut.js';
import { DeliveryLane } from './delivery-lane.js';
import type { Destination, Lane } from './destination.js';
import { type Duty, type DutyContext, perform } from './duty.js';
import { announceDestination, type DestinationEntry, keepAnnounced, type Rate } from './ledger.js';
import { type DeliveryObserver, SILENT_OBSERVER } from './observer.js';
import { RETRY_POLICY, type RetryPolicy } from './retry.js';
import { EVERYTHING, Selections } from './selection.js';

export interface ForwarderOptions {
  pool: pg.Pool;
  redisUrl: string;
  destination: Destination;
  /** Default: begins at the start of the record and takes everything. */
  entry?: Partial<Pick<DestinationEntry, 'startAt' | 'isHeld' | 'selection'>>;
  rate?: Rate | undefined;
  duties?: readonly Duty[];
  observer?: DeliveryObserver;
  policy?: Partial<RetryPolicy>;
  cut?: Partial<CutOptions>;
  /** How long a killed forwarder's batches stay its own. */
  leaseMs?: number;
  requestTimeoutMs?: number;
  sweepMs?: number;
  /** Requests under way at once. */
  concurrency?: number;
}

const LEASE_MS = 30_000;
const REQUEST_TIMEOUT_MS = 20_000;
const RETRY_START_MS = 1_000;
const REDIS_LOOK_MS = 50;
/** Requests under way get this long when the process stops; then they are cut off and made again by the next one. */
const STOP_GRACE_MS = 5_000;
const CONCURRENCY = 4;
const ANNOUNCE_MS = 30_000;

/** Delivers the record to one destination, for as long as it runs. Several of them, in any number of processes, share the work. */
export class Forwarder {
  private readonly abort = new AbortController();
  private readonly redis: Redis;
  private readonly lanes: DeliveryLane[];
  private readonly live: DeliveryLane;
  private readonly observer: DeliveryObserver;
  private readonly duty: DutyContext;
  private readonly duties = new AbortController();
  private performing: Promise<unknown> | undefined;
  private listener: CommitListener | undefined;
  private announcing: NodeJS.Timeout | undefined;
  private starting: Promise<void> | undefined;
  private isInLedger = false;
  private isStarted = false;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: ForwarderOptions) {
    this.observer = options.observer ?? SILENT_OBSERVER;
    // Waits for a Redis that is away, as long as it takes; without `null` BullMQ's blocking reads would fail.
    this.redis = new Redis(options.redisUrl, { maxRetriesPerRequest: null, lazyConnect: true });
    this.redis.on('error', (error) => this.observer.trouble('Redis does not answer', error));
    const leaseMs = options.leaseMs ?? LEASE_MS;
    const concurrency = options.concurrency ?? CONCURRENCY;
    const requestTimeoutMs = Math.min(options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS, leaseMs * 0.8);
    const selections = new Selections();
    this.duty = {
      pool: options.pool,
      destination: options.destination,
      selections,
      observer: this.observer,
      lookEverywhere: () => this.lookEverywhere(),
      stop: this.duties.signal,
    };
    const policy = { ...RETRY_POLICY, ...options.policy };
    const shared = {
      pool: options.pool,
      ledger: new LocalLedger(options.pool, selections, policy),
      redis: this.redis,
      destination: options.destination,
      observer: this.observer,
      policy,
      leaseMs,
      requestTimeoutMs,
      selections,
      admission: new Admission({
        most: concurrency,
        batchCount: options.destination.limits.count,
        slowMs: requestTimeoutMs / 4,
      }),
      rate: options.rate,
      stop: this.abort.signal,
      onOthersDue: () => this.lookEverywhere(),
      ...(options.cut ? { cut: options.cut } : {}),
      ...(options.sweepMs === undefined ? {} : { sweepMs: options.sweepMs }),
    };
    // As many workers a lane as there may be requests in all: admission decides whose turn it is.
    const lane = (name: Lane) => new DeliveryLane({ ...shared, lane: name, concurrency });
    this.live = lane('live');
    this.lanes = [this.live, lane('catchup'), lane('replay')];
  }

  /** Begins, and keeps trying to where Postgres or Redis are away. Resolves once it delivers, or was stopped. */
  start(): Promise<void> {
    this.starting ??= this.startWhenPossible();
    return this.starting;
  }

  /** How far this machine's clock is behind that of the destination, in milliseconds; 0 where it tells no time. */
  get clockSkewMs(): number {
    return this.options.destination.clock?.skewMs ?? 0;
  }

  /** What hinders it, for a health check; undefined where nothing does. */
  get hindrance(): string | undefined {
    if (this.isStarted && this.redis.status === 'ready') return undefined;
    if (this.isInLedger) return `Redis does not answer: ${this.redis.status}`;
    return 'not started: PostgreSQL does not answer or is not migrated';
  }

  /** Lets requests under way end, within a few seconds, and closes what it opened. The pool stays the caller's. */
  stop(): Promise<void> {
    this.stopping ??= this.close();
    return this.stopping;
  }

  private async close(): Promise<void> {
    const cutOff = setTimeout(() => this.abort.abort(), STOP_GRACE_MS);
    try {
      this.duties.abort();
      await this.starting;
      await this.performing;
      clearInterval(this.announcing);
      await this.listener?.close();
      // Whatever waits for a Redis that is away must not hold up the end.
      if (this.redis.status !== 'ready') this.redis.disconnect();
      await Promise.all(this.lanes.map((lane) => lane.stop()));
    } finally {
      clearTimeout(cutOff);
      this.redis.disconnect();
      await this.options.destination.close();
    }
  }

  private entry(): DestinationEntry {
    const { destination, entry } = this.options;
    return {
      name: destination.name,
      kind: destination.kind,
      startAt: 'beginning',
      isHeld: false,
      selection: EVERYTHING,
      ...entry,
    };
  }

  private async startWhenPossible(): Promise<void> {
    const { pool, destination } = this.options;
    while (!this.stopping) {
      try {
        await announceDestination(pool, this.entry());
        break;
      } catch (error) {
        this.observer.trouble('PostgreSQL does not answer', error);
        await sleep(RETRY_START_MS);
      }
    }
    this.isInLedger = true;
    this.redis.connect().catch(() => undefined);
    while (!this.stopping && this.redis.status !== 'ready') await sleep(REDIS_LOOK_MS);
    if (this.stopping) return;
    for (const lane of this.lanes) lane.start();
    this.listener = new CommitListener(pool);
    this.listener.onCommit(() => this.live.cutSoon());
    this.performing = Promise.all((this.options.duties ?? []).map((duty) => perform(duty, this.duty)));
    this.announcing = setInterval(() => {
      keepAnnounced(pool, destination.name).catch((error: unknown) =>
        this.observer.trouble('PostgreSQL does not answer', error),
      );
    }, ANNOUNCE_MS);
    this.isStarted = true;
  }

  /** Looks for whatever may be due in any lane: a plan was started, a dead letter is to be sent again. */
  lookEverywhere(): void {
    for (const lane of this.lanes) {
      lane.cutSoon();
      lane.sweep();
    }
  }
}
