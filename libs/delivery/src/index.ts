export * from './admission.js';
export * from './answer.js';
export * from './cut.js';
export * from './deliver-batch.js';
export * from './delivery-lane.js';
export * from './destination.js';
export { DoubtDuty, READ_BACK_POLICY, type ReadBackPolicy } from './doubt.js';
export * from './duty.js';
export * from './egress.js';
export * from './errors.js';
export * from './fleet.js';
export * from './forwarder.js';
export * from './lane-queue.js';
export {
  announceDestination,
  type BatchDraft,
  type BatchState,
  type ClaimedBatch,
  claimBatch,
  type DestinationEntry,
  type DestinationState,
  digestIds,
  type KeptAttempt,
  keepAnnounced,
  type Rate,
  settleAccepted,
  settleDead,
  settleLater,
  settleSplit,
  settleUnsent,
  waitingBatches,
} from './ledger.js';
export * from './observer.js';
export { PassingLooksDuty } from './passing-looks.js';
export * from './read-back.js';
export { READ_BACK_BUDGET, type ReadBackBudget, type ReadBackState, readBackStates } from './read-back-budget.js';
export * from './read-back-duties.js';
export * from './receipt.js';
export { ReconcileDuty, type ReconcileOptions } from './reconcile.js';
export * from './reconciliation.js';
export * from './retry.js';
export * from './selection.js';
export * from './status.js';
