export * from './format.js';
export { type Answer, doJob, type Job, type Worker } from './jobs.js';
export { parseTrustedKey, rekeyingStatement, type TrustedKey } from './keys.js';
export { lineChunks } from './lines.js';
export {
  type EvidenceReport,
  type EvidenceSummary,
  Findings,
  PROBLEM_CODES,
  type Problem,
  type ProblemCode,
  type Remark,
} from './report.js';
export { type CheckedRun, checkRun, type HeadKey } from './run-lines.js';
export { type PreviousRun, RunChecker, type Stretch } from './runs.js';
export {
  type SessionEvent,
  SessionFold,
  type SessionPart,
  type SessionRow,
  sessionsCsv,
  sessionsJson,
} from './sessions.js';
export { type VerifyOptions, verifyBundle } from './verify.js';
export type { ByteSource } from './zip.js';
