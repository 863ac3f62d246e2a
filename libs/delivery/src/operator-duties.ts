import { retryDuty } from './dead-letters/retry-duty.js';
import type { Duty } from './duty.js';
import { finishingDuty } from './plans/finishing.js';
import { planningDuty } from './plans/planning.js';
import { sweepDuty } from './sweep.js';

/** What a forwarder does because an operator asked for it: plan and finish replays, retry dead letters, sweep. New ones each time. */
export function operatorDuties(): Duty[] {
  return [planningDuty(), finishingDuty(), retryDuty(), sweepDuty()];
}
