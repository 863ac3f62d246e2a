/** What scripts/faults.mjs asks of a run; `npm test` asks for nothing, and gets the core. */
export const settings = {
  isCoreOnly: (process.env.TEST_FAULTS ?? 'core') === 'core',
  seed: Number(process.env.TEST_FAULTS_SEED ?? 1),
  /** Part of the name of what shall be tried. */
  only: process.env.TEST_FAULTS_ONLY,
  /** File that a line is appended to for each that was tried. */
  results: process.env.TEST_FAULTS_RESULTS,
  /** Folder in which processes that share the work say what each has taken. */
  claims: process.env.TEST_FAULTS_CLAIMS,
  /** Random mixes for so long; 0: everything once. */
  minutes: Number(process.env.TEST_FAULTS_MINUTES ?? 0),
};

/** Those that are to be tried. */
export function selected<T extends { core?: boolean }>(all: readonly T[], nameOf: (one: T) => string): T[] {
  const { isCoreOnly, only } = settings;
  return all.filter((one) => (!isCoreOnly || one.core === true) && (!only || nameOf(one).includes(only)));
}
