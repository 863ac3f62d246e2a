export * from './answer.js';
export * from './cut.js';
export * from './deliver-batch.js';
export * from './delivery-lane.js';
export * from './destination.js';
export * from './egress.js';
export * from './errors.js';
export * from './forwarder.js';
export * from './lane-queue.js';
export {
  type BatchDraft,
  type BatchState,
  type ClaimedBatch,
  claimBatch,
  type DestinationState,
  digestIds,
  ensureDestination,
  settleAccepted,
  settleDead,
  settleLater,
  settleSplit,
  settleUnsent,
  waitingBatches,
} from './ledger.js';
export * from './observer.js';
export * from './retry.js';
export * from './status.js';
