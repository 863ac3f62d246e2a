import type pg from 'pg';
import { type DeliveryObserver, deliveryStatus, type LaneStatus, OPEN_STATES } from '#delivery';
import type { Logger, Metrics } from '#platform';

/** A dead dependency is worth a line now and then, not one a second. */
const SAY_AGAIN_MS = 10_000;

/** Shows deliveries as metrics and log lines: one line an attempt (debug), louder where a person should look. */
export function observeDeliveries(metrics: Metrics, logger: Logger): DeliveryObserver {
  const attempts = metrics.counter(
    'affidavit_delivery_attempts_total',
    'Requests to a destination, by what it answered.',
    ['destination', 'lane', 'answer'],
  );
  const events = metrics.counter('affidavit_delivery_events_total', 'Events that a destination accepted.', [
    'destination',
    'lane',
  ]);
  const duplicates = metrics.counter(
    'affidavit_delivery_possible_duplicates_total',
    'Events that were sent again although an earlier attempt may have been stored.',
    ['destination', 'lane'],
  );
  const decided = metrics.counter(
    'affidavit_delivery_doubts_decided_total',
    'Batches whose answer was lost, by what was found out: observed, absent, partial, given-up.',
    ['destination', 'lane', 'verdict'],
  );
  const fenced = metrics.counter(
    'affidavit_delivery_lost_claims_total',
    'Attempts that ended after another forwarder had taken the batch over.',
    ['destination', 'lane'],
  );
  const dead = metrics.counter('affidavit_delivery_dead_letters_total', 'Events that a destination refused for good.', [
    'destination',
  ]);
  const trouble = metrics.counter(
    'affidavit_delivery_failures_total',
    'Failures of our own parts, tried again by itself.',
  );
  const request = metrics.histogram('affidavit_delivery_request_seconds', 'One request to a destination.', [
    'destination',
  ]);
  const lag = metrics.histogram(
    'affidavit_delivery_event_lag_seconds',
    'From the recording of an event to its acceptance by the destination.',
    ['destination', 'lane'],
  );
  const saidAt = new Map<string, number>();

  return {
    attempted({ destination, lane, batch, answer, elapsedMs, held, ...facts }) {
      attempts.inc({ destination, lane, answer });
      request.observe({ destination }, elapsedMs / 1_000);
      if (!held) fenced.inc({ destination, lane });
      const fields = {
        destination,
        lane,
        batch: String(batch),
        answer,
        elapsedMs: Math.round(elapsedMs),
        held,
        ...facts,
      };
      if (answer === 'refused')
        logger.error(fields, 'the destination cannot be reached as it is set up; check its address and certificate');
      else logger.debug(fields, 'a batch was sent');
    },
    accepted({ destination, lane, events: count, recordedAt }) {
      events.inc({ destination, lane }, count);
      const now = Date.now();
      for (const at of recordedAt) lag.observe({ destination, lane }, Math.max(0, now - Date.parse(at)) / 1_000);
    },
    possibleDuplicates({ destination, lane, events: count }) {
      duplicates.inc({ destination, lane }, count);
    },
    decided({ destination, lane, batch, verdict, events: count }) {
      decided.inc({ destination, lane, verdict });
      if (verdict === 'observed') events.inc({ destination, lane }, count);
      const fields = { destination, lane, batch: String(batch), verdict, events: count };
      if (verdict === 'given-up')
        logger.warn(fields, 'a doubtful batch could not be looked for in time; it is sent again');
      else logger.info(fields, 'a doubtful batch is decided');
    },
    deadLetter({ destination, position, eventId, reason }) {
      dead.inc({ destination });
      logger.error(
        { destination, position: String(position), eventId, reason },
        'an event is refused for good; it is a dead letter',
      );
    },
    turned({ destination, from, to, reason }) {
      const fields = { destination, from, to, ...(reason === undefined ? {} : { reason }) };
      if (to === 'paused')
        logger.error(fields, 'the destination refuses our key or our requests; nothing is lost, everything waits');
      else if (to === 'failing') logger.warn(fields, 'the destination does not take events; probing it');
      else logger.info(fields, 'the destination takes events again');
    },
    caughtUp({ destination, from, to, sent, late, dead: refused }) {
      const fields = { destination, from: String(from), to: String(to), sent, late, dead: refused };
      logger.info(fields, 'the catch-up has ended; late: events that show at their receipt time');
    },
    trouble(what, error) {
      trouble.inc();
      if (Date.now() - (saidAt.get(what) ?? 0) < SAY_AGAIN_MS) return;
      saidAt.set(what, Date.now());
      logger.warn({ err: error }, what);
    },
  };
}

/** Gauges out of the ledger, read at each scrape. A database that is away leaves them out rather than showing old values. */
export function showLedger(metrics: Metrics, pool: pg.Pool): void {
  // One scrape asks for several gauges: they share one look.
  let look: Promise<LaneStatus[]> | undefined;
  const status = (): Promise<LaneStatus[]> => {
    look ??= deliveryStatus(pool)
      .catch((): LaneStatus[] => [])
      .finally(() => setImmediate(() => (look = undefined)));
    return look;
  };
  metrics.gauge(
    'affidavit_delivery_lag_events',
    'Recorded events that the destination does not have yet.',
    ['destination', 'lane'],
    async (gauge) => {
      gauge.reset();
      for (const { destination, lane, lagPositions } of await status())
        gauge.set({ destination, lane }, Number(lagPositions));
    },
  );
  metrics.gauge(
    'affidavit_delivery_oldest_undelivered_seconds',
    'Age of the oldest recorded event that the destination does not have yet; 0 where there is none.',
    ['destination', 'lane'],
    async (gauge) => {
      gauge.reset();
      for (const { destination, lane, oldestUndeliveredAt } of await status()) {
        const ageMs = oldestUndeliveredAt === null ? 0 : Math.max(0, Date.now() - Date.parse(oldestUndeliveredAt));
        gauge.set({ destination, lane }, ageMs / 1_000);
      }
    },
  );
  metrics.gauge(
    'affidavit_delivery_open_batches',
    'Batches that are not settled, by state: due, sending, paused, doubt.',
    ['destination', 'lane', 'state'],
    async (gauge) => {
      gauge.reset();
      for (const lane of await status()) {
        for (const state of OPEN_STATES)
          gauge.set({ destination: lane.destination, lane: lane.lane, state }, lane[state]);
      }
    },
  );
  metrics.gauge(
    'affidavit_delivery_destination_up',
    '1 while the destination takes events, 0 while it is failing or paused.',
    ['destination'],
    async (gauge) => {
      gauge.reset();
      for (const { destination, state } of await status()) gauge.set({ destination }, state === 'delivering' ? 1 : 0);
    },
  );
  metrics.gauge(
    'affidavit_delivery_open_dead_letters',
    'Dead letters that nobody has retried or discarded.',
    ['destination'],
    async (gauge) => {
      gauge.reset();
      for (const { destination, deadLetters } of await status()) gauge.set({ destination }, deadLetters);
    },
  );
}
