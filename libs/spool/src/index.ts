export type { Confirmed, SpoolEpoch } from './epoch-log.js';
export { SpoolError } from './errors.js';
export { DISK, type SpoolFiles } from './files.js';
export type { Reservation } from './space.js';
export { openSpool, Spool, type SpoolOptions, type SpoolRecord, type SpoolUsage } from './spool.js';
