import { AffidavitError } from '#events';

/** A setting or a policy file that cannot be used. */
export class ConfigError extends AffidavitError {}

/** A server or a port that a process needs and cannot have. */
export class PlatformError extends AffidavitError {}
