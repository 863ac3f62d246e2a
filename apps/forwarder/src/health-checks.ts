import type pg from 'pg';
import { deliveryStatus, type Fleet, type LaneStatus, readBackStates } from '#delivery';
import { describeError } from '#events';
import type { HealthCheck, Trouble } from '#platform';
import { excessRightsTrouble, unavailable } from '#record';
import type { Destinations } from './destinations.js';

const HOP = 'record → destinations';
/** A clock that is further off is worth a word. */
const SKEW_MINUTES = 2;

/** What must be true for the forwarder to be of use. A destination that only fails is not our illness: it is said, and retried. */
export function healthChecks(fleet: Fleet, destinations: Destinations, pool: pg.Pool): HealthCheck[] {
  const lanes = () => deliveryStatus(pool).catch((cause) => Promise.reject(unavailable(cause)));
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
    { name: 'database role', hop: HOP, required: false, check: () => excessRightsTrouble(pool, 'forwarder') },
    {
      name: 'forwarder',
      hop: HOP,
      check: () => {
        const reason = fleet.forwarders.map((forwarder) => forwarder.hindrance).find((one) => one !== undefined);
        return reason === undefined
          ? undefined
          : {
              reason,
              remedy: 'Check that PostgreSQL and Redis run, and DATABASE_URL and REDIS_URL; it goes on by itself.',
            };
      },
    },
    {
      name: 'destinations',
      hop: HOP,
      check: () => {
        const [unusable] = fleet.problems;
        if (!unusable) return undefined;
        const [name, error] = unusable;
        return {
          reason: `${name} cannot be used: ${describeError(error)}`,
          remedy: 'Correct it in the policy file, or set what it names; the file is read again when it changes.',
        };
      },
    },
    {
      name: 'policy',
      hop: HOP,
      required: false,
      check: () => {
        const problem = destinations.problem();
        return (
          problem && {
            reason: `the policy file is wrong, the one before it stays in force: ${describeError(problem)}`,
            remedy: 'Correct the file; it is read again when it changes.',
          }
        );
      },
    },
    {
      name: 'paused',
      hop: HOP,
      check: async () =>
        standing(
          (await lanes()).find((lane) => lane.state === 'paused'),
          'Correct its key (DD_API_KEY, or what the policy file names) or its address; it is probed meanwhile, and goes on by itself. Nothing is lost.',
        ),
    },
    {
      name: 'failing',
      hop: HOP,
      required: false,
      check: async () =>
        standing(
          (await lanes()).find((lane) => lane.state === 'failing'),
          "It is probed and goes on by itself; see the destination's own status page, and the way out to it.",
        ),
    },
    {
      name: 'clock',
      hop: HOP,
      required: false,
      check: () => {
        const skews = fleet.forwarders.map((forwarder) => forwarder.clockSkewMs);
        const minutes = Math.round((skews.find((skew) => Math.abs(skew) >= SKEW_MINUTES * 60_000) ?? 0) / 60_000);
        if (minutes === 0) return undefined;
        return {
          reason: `the clock of this machine is ${Math.abs(minutes)} min ${minutes > 0 ? 'behind' : 'ahead of'} that of the destination`,
          remedy: 'Set the clock of this machine (NTP). Ages of events are corrected by the difference meanwhile.',
        };
      },
    },
    {
      name: 'read-back',
      hop: HOP,
      required: false,
      check: async () => {
        const states = await readBackStates(pool).catch((cause) => Promise.reject(unavailable(cause)));
        const bad = states.find((one) => one.isServed && one.state !== 'works');
        return (
          bad && {
            reason: `${bad.destination} cannot be read back: ${bad.reason ?? 'no reason given'}`,
            remedy:
              bad.state === 'refused'
                ? 'Give DD_APP_KEY the right logs_read_data, and let it be of the site in DD_SITE. Doubtful batches wait an hour at most, then they are sent again and counted.'
                : 'It is asked again by itself. Doubtful batches wait an hour at most, then they are sent again and counted.',
            sinceMs: Date.parse(bad.since),
          }
        );
      },
    },
    {
      name: 'dead-letters',
      hop: HOP,
      required: false,
      check: async () => {
        const lane = (await lanes()).find((one) => one.deadLetters > 0);
        return (
          lane && {
            reason: `${lane.destination} refuses ${lane.deadLetters} events for good`,
            remedy:
              'See why with `affidavit deadletters list`, then `affidavit deadletters retry` or `discard --reason …`; the record has the events.',
          }
        );
      },
    },
  ];
}

function standing(lane: LaneStatus | undefined, remedy: string): Trouble | undefined {
  return (
    lane && {
      reason: `${lane.destination} is ${lane.state}: ${lane.reason ?? 'no reason given'}`,
      remedy,
      sinceMs: Date.parse(lane.since),
    }
  );
}
