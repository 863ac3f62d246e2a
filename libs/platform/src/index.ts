export * from './errors.js';
export * from './local-postgres.js';
export * from './local-redis.js';
export * from './ports.js';
