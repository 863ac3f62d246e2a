import { CheckpointWatchDuty } from './checkpoint-watch.js';
import { DoubtDuty } from './doubt.js';
import type { Duty } from './duty.js';
import { PassingLooksDuty } from './passing-looks.js';
import { ReconcileDuty, type ReconcileOptions } from './reconcile.js';

/** All that a forwarder does with read-back. They rest where the destination has none. */
export function readBackDuties(options: ReconcileOptions): Duty[] {
  return [
    new DoubtDuty(options),
    new PassingLooksDuty(options),
    new ReconcileDuty(options),
    new CheckpointWatchDuty(options),
  ];
}
