// Loaded before a program (`node --import`): its clock is off by as many milliseconds as the file TEST_CLOCK_OFFSET says, as it would
// be on a machine whose clock was set.
import { readFileSync } from 'node:fs';

const Real = Date;
const now = () => Real.now() + Number(readFileSync(process.env.TEST_CLOCK_OFFSET, 'utf8'));
globalThis.Date = class ShiftedDate extends Real {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
