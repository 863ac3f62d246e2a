/** What the mapping thread runs: beside the sources there is no JavaScript, so tests take what was built of them. */
export const MAPPING_ENTRY = new URL('../../dist/bin/mapping-worker.js', import.meta.url);
