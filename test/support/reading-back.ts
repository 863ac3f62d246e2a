import {
  type DeliveryObserver,
  type Destination,
  DoubtDuty,
  type Duty,
  Forwarder,
  type ForwarderOptions,
  PassingLooksDuty,
  type ReadBackPolicy,
  ReconcileDuty,
  SILENT_OBSERVER,
} from '#delivery';
import { DatadogDestination, IntakeClock, type JsonObject, type StandIn, startStandIn } from '#delivery/datadog';
import type { EventDraft } from '#events';
import { readEvents } from '#record';
import { sessionDraft, type TestProducer } from './producer.js';
import { testRedisUrl, until } from './servers.js';
import { TestRecord } from './test-record.js';

const KEYS = { apiKey: 'canary-api-key', appKey: 'canary-app-key' };

/** A record, the stand-in for Datadog, and forwarders that read it back, with times that a test can wait for. */
export class ReadingBack {
  readonly verdicts: string[] = [];
  readonly troubles: string[] = [];
  possibleDuplicates = 0;
  private running: Forwarder[] = [];

  private constructor(
    readonly record: TestRecord,
    readonly standIn: StandIn,
    readonly redisUrl: string,
    readonly producer: TestProducer,
    /** What the clocks of both ends are ahead of this machine's. */
    private readonly ahead: { ms: number },
  ) {}

  static async open(): Promise<ReadingBack> {
    const ahead = { ms: 0 };
    const [record, standIn, redisUrl] = await Promise.all([
      TestRecord.open(),
      startStandIn({ port: 0, apiKeys: [KEYS.apiKey], now: () => Date.now() + ahead.ms }),
      testRedisUrl(),
    ]);
    return new ReadingBack(record, standIn, redisUrl, await record.producer('gw-1'), ahead);
  }

  async close(): Promise<void> {
    await this.stop();
    await this.standIn.close();
    await this.record.close();
  }

  get keys(): typeof KEYS {
    return KEYS;
  }

  /** Lets time pass, for Datadog and for the forwarder's idea of it. */
  pass(ms: number): void {
    this.ahead.ms += ms;
  }

  /** @param clock default: one that goes right */
  destination(clock = new IntakeClock(() => Date.now() + this.ahead.ms)): DatadogDestination {
    const { standIn } = this;
    return new DatadogDestination({
      url: standIn.logsUrl,
      apiUrl: standIn.url,
      ...KEYS,
      env: 'test',
      allowPrivate: true,
      clock,
    });
  }

  /** Doubt, as fast as the policy says. */
  doubt(policy: Partial<ReadBackPolicy> = {}): Duty {
    return new DoubtDuty({ settleMs: 300, ...policy });
  }

  passing(policy: Partial<ReadBackPolicy> = {}): Duty {
    return new PassingLooksDuty({ settleMs: 300, ...policy });
  }

  reconciling(everyMs = 0, policy: Partial<ReadBackPolicy> = {}): Duty {
    return new ReconcileDuty({ everyMs, settleMs: 300, ...policy });
  }

  async forward(
    duties: readonly Duty[],
    options: Partial<ForwarderOptions> & { destination?: Destination } = {},
  ): Promise<Forwarder> {
    const observer: DeliveryObserver = {
      ...SILENT_OBSERVER,
      decided: ({ verdict }) => this.verdicts.push(verdict),
      possibleDuplicates: ({ events }) => {
        this.possibleDuplicates += events;
      },
      trouble: (what, error) => this.troubles.push(`${what}: ${error instanceof Error ? error.message : ''}`),
    };
    const made = new Forwarder({
      pool: await this.record.poolOf('forwarder'),
      redisUrl: this.redisUrl,
      destination: this.destination(),
      policy: { baseMs: 20, capMs: 100, pausedProbeMs: 100 },
      sweepMs: 200,
      leaseMs: 3_000,
      duties,
      observer,
      ...options,
    });
    this.running.push(made);
    await made.start();
    return made;
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map((one) => one.stop()));
  }

  drafts(count: number, prefix = 's'): EventDraft[] {
    return Array.from({ length: count }, (_, n) => sessionDraft(`${prefix}${n}`));
  }

  /** Records events. @returns ids of these */
  async emit(drafts: readonly EventDraft[]): Promise<string[]> {
    await this.record.record(this.producer, drafts);
    return this.producer.made.slice(-drafts.length).map(({ seq }) => `${this.producer.epoch}.${seq}`);
  }

  /** Ids of all recorded events, in order of position. */
  async recorded(): Promise<string[]> {
    const events = await readEvents(this.record.pool, { after: -1n, limit: 100_000 });
    return events.map((event) => `${event.epoch}.${event.seq}`);
  }

  /** Ids of what Datadog holds, each as often as it does. */
  arrived(): string[] {
    return this.standIn.entries().map((entry) => (entry.evt as { id: string } | undefined)?.id ?? '');
  }

  /** The newest log of an event. */
  log(id: string): JsonObject {
    const found = this.standIn.entries().findLast((entry) => (entry.evt as { id?: string } | undefined)?.id === id);
    if (!found) throw new Error(`no log of ${id}`);
    return found;
  }

  copies(id: string): number {
    return this.arrived().filter((one) => one === id).length;
  }

  async allArrived(): Promise<string[]> {
    const ids = await this.recorded();
    await until('every recorded event arrived', () => {
      const there = new Set(this.arrived());
      return ids.every((id) => there.has(id));
    });
    return ids;
  }

  /** Until everything is cut and no batch is under way. @returns how many there are in each state */
  async settled(timeoutMs = 10_000): Promise<Record<string, number>> {
    return until(
      'no batch is open',
      async () => {
        const { rows: uncut } = await this.record.pool.query(
          'SELECT 1 FROM delivery_range, log_head WHERE next_pos < least(coalesce(to_pos, size), size)',
        );
        if (uncut.length > 0) return undefined;
        const { rows } = await this.record.pool.query<{ state: string; n: number }>(
          'SELECT state, count(*)::int AS n FROM delivery_batch GROUP BY state',
        );
        const states = Object.fromEntries(rows.map(({ state, n }) => [state, n]));
        return !states.due && !states.sending && !states.paused && !states.doubt && states;
      },
      timeoutMs,
    );
  }

  /** Waits until a batch is in doubt. */
  async inDoubt(): Promise<void> {
    await until('a batch is in doubt', async () => {
      const { rows } = await this.record.pool.query(`SELECT 1 FROM delivery_batch WHERE state = 'doubt'`);
      return rows.length > 0;
    });
  }

  /** Puts a log into Datadog by another way than the forwarder's. */
  async plant(log: JsonObject): Promise<void> {
    const answer = await fetch(this.standIn.logsUrl, {
      method: 'POST',
      headers: { 'dd-api-key': KEYS.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify(log),
    });
    if (answer.status !== 202) throw new Error(`the stand-in answered ${answer.status}`);
  }
}

/** The one index, with an exclusion filter, as Datadog's API shows it. */
export function indexWith(exclusion: string, query: string): JsonObject {
  const filter = { name: exclusion, is_enabled: true, filter: { query, sample_rate: 1 } };
  return { name: 'main', filter: { query: '*' }, exclusion_filters: [filter], num_retention_days: 15 };
}
