export * from './chain.js';
export * from './errors.js';
export * from './leaf.js';
