export type { Confirmed, SpoolDamage, SpoolEpoch } from './epoch-log.js';
export { SpoolError } from './errors.js';
export { DISK, type SpoolFiles } from './files.js';
export type { Reservation } from './space.js';
export { openSpool, Spool, type SpoolOptions, type SpoolUsage } from './spool.js';
export type { SpoolRecord } from './writer.js';
