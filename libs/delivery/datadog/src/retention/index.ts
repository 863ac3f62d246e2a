export { type ClassComparison, compareRetention, type Disagreement, type RetentionRules } from './compare-retention.js';
export { type SampledConnection, sampleLogs } from './sample-logs.js';
