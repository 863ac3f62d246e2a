// In a browser, in the place of libs/events: what of it is about texts and names. Schemas of events stay outside.

export { type CanonicalValue, canonicalJson } from '../../../../libs/events/src/canonical.js';
export { AffidavitError } from '../../../../libs/events/src/errors.js';
export { EPOCH_PATTERN, NODE_PATTERN } from '../../../../libs/events/src/ids.js';
export { INSTANT_PATTERN, instantOfMicros, microsOfInstant } from '../../../../libs/events/src/time.js';
