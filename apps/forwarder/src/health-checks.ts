import type pg from 'pg';
import { deliveryStatus, type Forwarder } from '#delivery';
import type { HealthCheck } from '#platform';

/** What must be true for the forwarder to be of use. A destination that only fails is not our illness: it is retried. */
export function healthChecks(forwarder: Forwarder, pool: pg.Pool): HealthCheck[] {
  return [
    { name: 'postgres', check: () => pool.query('SELECT 1').then(() => undefined) },
    { name: 'forwarder', check: () => forwarder.hindrance },
    {
      name: 'destinations',
      check: async () => {
        const paused = (await deliveryStatus(pool)).find((lane) => lane.state === 'paused');
        return paused && `${paused.destination} is paused since ${paused.since}: ${paused.reason ?? 'no reason given'}`;
      },
    },
  ];
}
