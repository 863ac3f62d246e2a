import { appendFileSync } from 'node:fs';
import type { FaultCase } from './case.js';
import { CASES } from './cases/index.js';
import { Dice } from './dice.js';
import { tryEach } from './each.js';
import { selected, settings } from './settings.js';
import { type Allowance, type Tally, World } from './world.js';

// Every fault as a test of its own, against the real processes. `npm test` runs the core; `npm run faults` all of them, or random
// mixes for some minutes (scripts/faults.mjs, which writes the report).
const { seed, results, minutes } = settings;

/**
 * How long each client rests between two commands while a case waits for something else than their answers. What a process or a machine
 * loses is what was under way, so those clients rest little or never; the others share the cores with another world.
 */
const PAUSE_MS: Partial<Record<FaultCase['group'], number>> = { kill: 25, host: 0 };
const OTHERS_PAUSE_MS = 60;

/** Does these faults one after the other to one world, and judges at the end. */
async function tryFaults(faults: readonly FaultCase[], dice: Dice): Promise<void> {
  const startedAt = Date.now();
  const name = faults.map((one) => one.name).join(' + ');
  const group = [...new Set(faults.map((one) => one.group))].join('+');
  let tally: Tally | undefined;
  let isGreen = false;
  let why: string | undefined;
  try {
    const world = await World.start(faults[0]?.options);
    try {
      world.load.pauseMs = Math.min(...faults.map((one) => PAUSE_MS[one.group] ?? OTHERS_PAUSE_MS));
      if (faults.length > 1) world.hurtAtMs = Date.now();
      const allowances: Allowance[] = [];
      for (const one of faults) {
        // The case before may have ended with the load at rest.
        world.load.start();
        allowances.push((await one.run(world, dice)) ?? {});
      }
      tally = await world.expectInvariants(together(allowances));
      isGreen = true;
    } finally {
      await world.stop({ keep: !isGreen && process.env.TEST_KEEP === '1' });
    }
  } catch (error) {
    why = (error instanceof Error ? error.message : String(error)).slice(0, 2000);
    throw error;
  } finally {
    if (results) {
      const line = { group, name, seed: dice.seed, isGreen, ms: Date.now() - startedAt, ...tally, why };
      appendFileSync(results, `${JSON.stringify(line)}\n`);
    }
  }
}

/** What any of them allows is allowed; Datadog is exact only where all of them say so. */
function together(allowances: Allowance[]): Allowance {
  const [first] = allowances;
  if (first && allowances.length === 1) return first;
  const sum = (of: (one: Allowance) => number | undefined) => allowances.reduce((sum, one) => sum + (of(one) ?? 0), 0);
  const isLossy = allowances.some((one) => one.unrecorded !== undefined);
  return {
    faults: allowances.flatMap((one) => one.faults ?? []),
    deadLetters: sum((one) => one.deadLetters),
    droppedRequests: sum((one) => one.droppedRequests),
    restored: allowances.some((one) => one.restored),
    ...(isLossy ? { unrecorded: sum((one) => one.unrecorded) } : {}),
    exactlyOnce: allowances.every((one) => one.exactlyOnce === true),
    restMs: Math.max(60_000, ...allowances.map((one) => one.restMs ?? 0)),
  };
}

const titleOf = (one: FaultCase) => `${one.group}: ${one.name}`;
const chosen = selected(CASES, titleOf);

if (minutes > 0) mixes();
else tryEach('a fault', chosen, titleOf, (one) => tryFaults([one], new Dice(seed)));

function mixes(): void {
  // A case that needs a world of its own is tried alone; of the others, up to three meet in one.
  const mixable = chosen.filter((one) => !one.alone && one.options === undefined);
  it(
    `random mixes of faults hold for ${minutes} minutes`,
    async () => {
      const dice = new Dice(seed);
      const red: string[] = [];
      for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
        const first = dice.pick(chosen);
        const others = mixable.includes(first) ? dice.between(0, 2) : 0;
        const faults = [first, ...Array.from({ length: others }, () => dice.pick(mixable))];
        const own = new Dice(dice.between(1, 2 ** 31));
        await tryFaults(faults, own).catch((error: unknown) => {
          red.push(`seed ${own.seed}: ${faults.map((one) => one.name).join(' + ')}: ${error}`);
        });
      }
      expect(red).toEqual([]);
    },
    (minutes + 10) * 60_000,
  );
}
