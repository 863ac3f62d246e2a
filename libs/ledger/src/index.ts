export * from './chain.js';
export * from './crc32c.js';
export * from './errors.js';
export * from './leaf.js';
export * from './record-codec.js';
