import type { components } from './generated/api.js';

// Short names for the answers of the audit-log API, as its document has them.

type Schemas = components['schemas'];

export type SessionView = Schemas['Session'];
export type SessionPage = Schemas['SessionListAnswer'];
export type SessionAnswer = Schemas['SessionAnswer'];
export type RecordedEventView = Schemas['RecordedEvent'];
export type EventPage = Schemas['EventListAnswer'];
export type HoldView = Schemas['HoldAnswer'];
export type RetentionView = Schemas['RetentionAnswer'];
export type RetentionPlanView = Schemas['PlanAnswer'];
export type RetentionRunView = Schemas['RunAnswer'];
export type ProducerView = Schemas['ProducerListAnswer']['producers'][number];
export type StatusView = Schemas['StatusAnswer'];
export type DestinationView = StatusView['destinations'][number];
export type ReplayView = Schemas['ReplayAnswer'];
export type ReplayReportView = Schemas['ReplayReport'];
export type WholeReplayView = Schemas['WholeReplayAnswer'];
export type PlanBlockView = Schemas['BlockListAnswer']['blocks'][number];
export type DeadLetterView = Schemas['DeadLetter'];
export type WholeDeadLetterView = Schemas['DeadLetterAnswer'];
export type AttemptView = WholeDeadLetterView['attempts'][number];
export type DeliveryView = Schemas['DeliveryAnswer'];
export type LaneView = DeliveryView['destinations'][number]['lanes'][number];
export type BatchView = Schemas['BatchListAnswer']['batches'][number];
export type ReconciliationView = Schemas['ReconciliationAnswer'];
export type ReconciliationResult = Schemas['ReconciliationResultAnswer'];
export type FindingView = ReconciliationResult['findings'][number];
export type ReceiptView = Schemas['ReceiptAnswer'];
export type ReceiptBatchView = ReceiptView['destinations'][number]['batches'][number];
export type WholeExportView = Schemas['WholeExportAnswer'];
