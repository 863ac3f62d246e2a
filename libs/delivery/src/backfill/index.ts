export * from './backfill.js';
export {
  type Lease,
  type LeaseRequest,
  type LentResult,
  lendBatch,
  missingOfLent,
  releaseBackfill,
  settleLent,
} from './lend.js';
export {
  type AuditLogApi,
  type BackfillView,
  type LeaseView,
  type LentBatchView,
  RemoteLedger,
} from './remote-ledger.js';
export * from './send-backfill.js';
