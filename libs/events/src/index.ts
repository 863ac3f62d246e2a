export * from './canonical.js';
export * from './errors.js';
export * from './event.js';
export * from './ids.js';
export * from './time.js';
