import { microsOfInstant } from '#events';
import type { Metrics } from '#platform';
import type { Commit, RecordBatch } from '#record';

/** What the recorder shows at /metrics. */
export class RecorderMetrics {
  private readonly events;
  private readonly outbox;
  private readonly foreign;
  private readonly quarantined;
  private readonly forks;
  private readonly refills;
  private readonly failures;
  private readonly commitSeconds;
  private readonly batchEvents;
  private readonly spoolLag;
  private readonly streamLag;

  constructor(
    metrics: Metrics,
    state: {
      isActive(): boolean;
      waiting(): number;
      projectionBehind(): number;
      searchBehind(): number;
      treeBehind(): number;
      checkpointSize(): number;
      verified(): number;
      differences(): number;
      openEpochs(): number;
    },
  ) {
    this.events = metrics.counter('affidavit_record_events_total', 'Events recorded.');
    this.outbox = metrics.counter(
      'affidavit_record_outbox_events_total',
      'Events recorded that came through the outbox.',
    );
    this.foreign = metrics.counter(
      'affidavit_record_foreign_entries_total',
      'Stream entries that no enrolled producer signed.',
    );
    this.quarantined = metrics.counter('affidavit_record_quarantined_total', 'Events recorded as their bytes only.');
    this.forks = metrics.counter(
      'affidavit_record_forks_total',
      'Epochs refused because of two events under one number.',
    );
    this.refills = metrics.counter(
      'affidavit_record_refills_total',
      'Streams deleted so that their producer sends again.',
    );
    this.failures = metrics.counter('affidavit_record_failures_total', 'Tenures broken off by an error, by its code.', [
      'code',
    ]);
    this.commitSeconds = metrics.histogram('affidavit_record_commit_duration_seconds', 'One recording transaction.');
    this.batchEvents = metrics.histogram(
      'affidavit_record_batch_events',
      'Events in one recording transaction.',
      [],
      [1, 3, 10, 30, 100, 300, 1000, 3000],
    );
    this.spoolLag = metrics.histogram(
      'affidavit_record_event_lag_seconds',
      "From an event's own time to its recording: the oldest of each transaction.",
    );
    this.streamLag = metrics.histogram(
      'affidavit_record_stream_lag_seconds',
      'From reading a frame out of Redis to the commit: the oldest of each transaction.',
    );
    metrics.gauge('affidavit_recorder_active', '1 while this recorder holds the lease.', [], (gauge) =>
      gauge.set(state.isActive() ? 1 : 0),
    );
    metrics.gauge('affidavit_record_waiting_events', 'Events read from Redis and not yet recorded.', [], (gauge) =>
      gauge.set(state.waiting()),
    );
    metrics.gauge(
      'affidavit_record_projection_lag_events',
      'Recorded events that the sessions projection has not read.',
      [],
      (gauge) => gauge.set(state.projectionBehind()),
    );
    metrics.gauge(
      'affidavit_record_search_lag_events',
      'Recorded events of full blocks that are not in the index of commands.',
      [],
      (gauge) => gauge.set(state.searchBehind()),
    );
    metrics.gauge(
      'affidavit_record_tree_lag_events',
      'Recorded events that the Merkle tree does not cover yet.',
      [],
      (gauge) => gauge.set(state.treeBehind()),
    );
    metrics.gauge(
      'affidavit_record_checkpoint_size_events',
      'Positions that the newest checkpoint covers, as this recorder knows it.',
      [],
      (gauge) => gauge.set(state.checkpointSize()),
    );
    metrics.gauge(
      'affidavit_record_verified_events',
      'Positions that the pass of verification under way has read again.',
      [],
      (gauge) => gauge.set(state.verified()),
    );
    metrics.gauge(
      'affidavit_record_differences',
      'Positions and kinds of what is not as it was recorded; anything but 0 is for a person.',
      [],
      (gauge) => gauge.set(state.differences()),
    );
    metrics.gauge('affidavit_record_open_epochs', 'Epochs whose streams are read.', [], (gauge) =>
      gauge.set(state.openEpochs()),
    );
  }

  committed(
    commit: Commit,
    batch: RecordBatch,
    took: { seconds: number; oldestReadSeconds: number | undefined },
  ): void {
    const events = Number(commit.to - commit.from);
    this.events.inc(events);
    this.outbox.inc(commit.outbox);
    this.quarantined.inc(commit.quarantined);
    this.foreign.inc(batch.foreign.length);
    this.forks.inc(batch.forks.length);
    this.commitSeconds.observe(took.seconds);
    this.batchEvents.observe(events);
    if (took.oldestReadSeconds !== undefined) this.streamLag.observe(took.oldestReadSeconds);
    const oldest = oldestTime(batch);
    if (oldest !== undefined) {
      this.spoolLag.observe(Math.max(0, Number(microsOfInstant(commit.recordedAt) - microsOfInstant(oldest)) / 1e6));
    }
  }

  refilled(): void {
    this.refills.inc();
  }

  failed(code: string): void {
    this.failures.inc({ code });
  }
}

function oldestTime(batch: RecordBatch): string | undefined {
  let oldest: string | undefined;
  for (const { events } of batch.advances) {
    for (const { event } of events) if (event && (oldest === undefined || event.time < oldest)) oldest = event.time;
  }
  return oldest;
}
