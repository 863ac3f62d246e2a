/** What scripts/faults.mjs asks of a run; `npm test` asks for nothing, and gets the core. */
export const settings = {
  isCoreOnly: (process.env.TEST_FAULTS ?? 'core') === 'core',
  seed: Number(process.env.TEST_FAULTS_SEED ?? 1),
  /** Part of the name of what shall be tried. */
  only: process.env.TEST_FAULTS_ONLY,
  /** File that a line is appended to for each that was tried. */
  results: process.env.TEST_FAULTS_RESULTS,
  /** Random mixes for so long; 0: everything once. */
  minutes: Number(process.env.TEST_FAULTS_MINUTES ?? 0),
};

/** `1/2`: the second of two halves, which another process shares the work with. */
const [shard = 0, shards = 1] = (process.env.TEST_FAULTS_SHARD ?? '0/1').split('/').map(Number);

/** Those that are to be tried here. */
export function selected<T extends { core?: boolean }>(all: readonly T[], nameOf: (one: T) => string): T[] {
  const { isCoreOnly, only } = settings;
  return all
    .filter((one) => (!isCoreOnly || one.core === true) && (!only || nameOf(one).includes(only)))
    .filter((_one, index) => index % shards === shard);
}
