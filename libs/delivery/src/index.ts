export * from './admission.js';
export * from './answer.js';
export {
  type AskedBackfill,
  type AuditLogApi,
  type Backfill,
  type BackfillReport,
  type BackfillRequest,
  type BackfillSenderOptions,
  type BackfillState,
  type BackfillView,
  cancelBackfill,
  isOver,
  type Lease,
  type LeaseRequest,
  type LeaseView,
  type LentBatchView,
  type LentResult,
  lendBatch,
  listBackfills,
  missingOfLent,
  pauseBackfill,
  planBackfill,
  RemoteLedger,
  readBackfill,
  releaseBackfill,
  resumeBackfill,
  sendBackfill,
  settleLent,
} from './backfill/index.js';
export * from './batch-ledger.js';
export * from './batch-list.js';
export { type BatchReceipt, batchReceipts } from './batch-receipts.js';
export * from './catch-up.js';
export * from './cut.js';
export * from './dead-letters/dead-letters.js';
export { retryDuty } from './dead-letters/retry-duty.js';
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
  type RateWait,
  type Settled,
  settleAccepted,
  settleDead,
  settleLater,
  settleSplit,
  settleUnsent,
  waitingBatches,
} from './ledger.js';
export * from './observer.js';
export * from './operator-duties.js';
export * from './overview.js';
export { PassingLooksDuty } from './passing-looks.js';
export { parseEventQuery } from './plans/event-query.js';
export { finishingDuty } from './plans/finishing.js';
export { makePlan, oneDestination, type PlanRequest } from './plans/make-plan.js';
export * from './plans/plan.js';
export { planningDuty } from './plans/planning.js';
export type { Purge } from './plans/purges.js';
export { cancelReplay, pauseReplay, resumeReplay, type StartedPlan, startReplay } from './plans/run-plan.js';
export * from './read-back.js';
export { READ_BACK_BUDGET, type ReadBackBudget, type ReadBackState, readBackStates } from './read-back-budget.js';
export * from './read-back-duties.js';
export * from './receipt.js';
export { ReconcileDuty, type ReconcileOptions } from './reconcile.js';
export * from './reconciliation.js';
export * from './retry.js';
export * from './selection.js';
export * from './status.js';
export * from './sweep.js';
