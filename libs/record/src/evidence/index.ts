export { type BundleWork, isWholeRange, makeBundle } from './make-bundle.js';
