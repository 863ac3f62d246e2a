import { appendFileSync } from 'node:fs';
import { CASES } from './cases/index.js';
import { tryEach } from './each.js';
import { noticed, SABOTAGES, sabotaged } from './sabotage.js';
import { selected, settings } from './settings.js';

/** The suite must be able to fail: a build that breaks a promise has to come out red, by the case that tries this promise. */
const { seed, results } = settings;
const chosen = selected(SABOTAGES, (one) => one.name);

describe('every sabotage', () => {
  it.each(SABOTAGES.map((one) => [one.name, one] as const))(
    '%s is still one: the build has what it breaks',
    (_, one) => {
      expect(sabotaged(one)).toContain(one.replace);
      expect(CASES.map(({ group, name }) => `${group}: ${name}`)).toContain(one.case);
    },
  );
});

tryEach(
  'a sabotaged build is noticed',
  chosen,
  ({ name }) => name,
  async (one) => {
    const { name } = one;
    const startedAt = Date.now();
    let why: string | undefined;
    try {
      why = await noticed(one, seed);
    } finally {
      if (results) {
        const ms = Date.now() - startedAt;
        const line = { group: 'sabotage', name, case: one.case, seed, isGreen: why !== undefined, why, ms };
        appendFileSync(results, `${JSON.stringify(line)}\n`);
      }
    }
    expect({ name, isNoticed: why !== undefined }).toEqual({ name, isNoticed: true });
  },
);
