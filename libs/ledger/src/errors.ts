import { AffidavitError } from '#events';

/** Bytes or hashes that do not fit together. */
export class LedgerError extends AffidavitError {}
