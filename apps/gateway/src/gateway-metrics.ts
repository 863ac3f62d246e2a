import type { Metrics } from '#platform';

/** What the gauges look at when they are asked. */
interface Observed {
  usage(): {
    bytes: number;
    reservedBytes: number;
    unconfirmedBytes: number;
    unconfirmedCount: number;
    oldestUnconfirmedAtMs: number | null;
  };
  damage(): readonly unknown[];
}

interface Sending {
  status(): {
    state: 'ok' | 'waiting' | 'failing';
    unconfirmedEvents: number;
    windowBytes: number;
    refills: number;
    gaps: number;
    refusedMarks: number;
    epochs: { lastSeq: number; sentSeq: number }[];
  };
}

/** From 50 µs: an append to a fast disk takes a tenth of a millisecond. */
const APPEND_BUCKETS = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

/** The gateway's own metrics. */
export class GatewayMetrics {
  #metrics: Metrics;
  #commands;
  #denied;
  #append;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#commands = metrics.counter('affidavit_gateway_commands_total', 'Commands that ended, by outcome', [
      'outcome',
    ]);
    this.#denied = metrics.counter('affidavit_gateway_sessions_denied_total', 'Sessions denied, by error code', [
      'code',
    ]);
    this.#append = metrics.histogram(
      'affidavit_gateway_append_seconds',
      'From asking for a durable event to having it',
      [],
      APPEND_BUCKETS,
    );
  }

  command(outcome: string): void {
    this.#commands.inc({ outcome });
  }

  denied(code: string): void {
    this.#denied.inc({ code });
  }

  durable(seconds: number): void {
    this.#append.observe(seconds);
  }

  /** Adds the gauges, which look at the running parts when they are scraped. */
  observe(spool: Observed, gateway: { readonly openSessions: number }, sender: Sending): void {
    const gauge = (name: string, help: string, read: () => number) => {
      this.#metrics.gauge(name, help, [], (self) => self.set(read()));
    };
    gauge('affidavit_gateway_sessions', 'Sessions that are open', () => gateway.openSessions);
    gauge('affidavit_spool_bytes', 'Size of the spool on disk', () => spool.usage().bytes);
    gauge(
      'affidavit_spool_damaged_parts',
      'Parts of the spool found unreadable; a person should look',
      () => spool.damage().length,
    );
    gauge('affidavit_spool_reserved_bytes', 'Space held for outcomes', () => spool.usage().reservedBytes);
    gauge(
      'affidavit_spool_unconfirmed_bytes',
      'Events the record does not hold yet',
      () => spool.usage().unconfirmedBytes,
    );
    gauge(
      'affidavit_spool_unconfirmed_events',
      'Events the record does not hold yet',
      () => spool.usage().unconfirmedCount,
    );
    gauge('affidavit_spool_oldest_unconfirmed_seconds', 'Age of the oldest event the record does not hold yet', () => {
      const at = spool.usage().oldestUnconfirmedAtMs;
      return at === null ? 0 : Math.max(0, (Date.now() - at) / 1000);
    });
    gauge('affidavit_stream_unsent_events', 'Durable here, not in Redis', () =>
      sender.status().epochs.reduce((sum, epoch) => sum + Math.max(0, epoch.lastSeq - epoch.sentSeq), 0),
    );
    gauge('affidavit_stream_window_bytes', 'In Redis, not confirmed by the record', () => sender.status().windowBytes);
    gauge('affidavit_stream_up', '1 while Redis takes events', () => (sender.status().state === 'failing' ? 0 : 1));
    gauge('affidavit_stream_refills', 'Streams made anew since the start', () => sender.status().refills);
    gauge(
      'affidavit_stream_gaps',
      'Gaps signed since the start: events that can neither be sent nor found in the record',
      () => sender.status().gaps,
    );
    gauge(
      'affidavit_stream_refused_marks',
      'Marks refused since the start: forged, foreign or disagreeing',
      () => sender.status().refusedMarks,
    );
  }
}
