export * from './make-destination.js';
