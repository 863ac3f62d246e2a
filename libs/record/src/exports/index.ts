export * from './export.js';
export * from './export-folder.js';
export * from './export-link.js';
export { exportFileName } from './manifest.js';
export { type ExportOutcome, type ExportWork, makeNextExport, tidyExports } from './run-export.js';
export type { ExportSavepoint, HeldEvents } from './savepoint.js';
