import { catchUpDuty } from './catch-up.js';
import { retryDuty } from './dead-letters/retry-duty.js';
import type { Duty } from './duty.js';
import { finishingDuty } from './plans/finishing.js';
import { planningDuty } from './plans/planning.js';
import { sweepDuty } from './sweep.js';

/** What a forwarder does for operators: plan and finish replays, retry dead letters, sweep, tell the end of a catch-up. New ones each time. */
export function operatorDuties(): Duty[] {
  return [planningDuty(), finishingDuty(), retryDuty(), sweepDuty(), catchUpDuty()];
}
