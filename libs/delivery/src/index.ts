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
export * from './cut.js';
export * from './deliver-batch.js';
export * from './delivery-lane.js';
export * from './destination.js';
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
export * from './retry.js';
export * from './selection.js';
export * from './status.js';
