import type { StackOptions } from '../support/stack.js';
import type { Dice } from './dice.js';
import type { Allowance, World } from './world.js';

/** One fault: what is done to the world while it works. The invariants are checked when it returns. */
export interface FaultCase {
  /** A claim: "FLUSHALL in mid-stream loses nothing". */
  name: string;
  group: 'kill' | 'redis' | 'postgres' | 'datadog' | 'host' | 'input' | 'retention';
  /** Part of `npm test`: quick, and representative of its group. */
  core?: boolean;
  options?: StackOptions;
  /** Judges what only it did to its world: never mixed with others. */
  alone?: boolean;
  /**
   * Does its harm with `dice` (seeded) and ends it. The load is running, and may be stopped; {@link World.answered} waits for progress.
   * @returns what the invariants may allow because of this fault; undefined for most
   */
  run(world: World, dice: Dice): Promise<Allowance | undefined>;
}
