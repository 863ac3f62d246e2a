import { NAMES_IN_SQL } from './open-command.js';

describe('SQL that may change names behind the wire', () => {
  it.each([
    'PREPARE s AS SELECT 1',
    'select 1; prepare/**/s(int)as select $1',
    'DEALLOCATE ALL',
    'deallocate prepare "s"',
    'DISCARD ALL',
    'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
    'CLOSE c',
    'close"c"',
    'CLOSE/* from */c',
    'close --x\nall',
    `DO $$ BEGIN EXECUTE 'DEALLOCATE s'; END $$`,
  ])('is noticed: %s', (sql) => expect(NAMES_IN_SQL.test(sql)).toBe(true));

  it.each([
    'SELECT open, close FROM prices ORDER BY close DESC',
    'SELECT avg(close), p.close FROM p WHERE close > 3 AND close IS NOT NULL',
    'UPDATE t SET closed = true, prepared = false, declared = 1',
    'DO $$ DECLARE n int; BEGIN n := 1; END $$',
    'SELECT prepare FROM recipes',
  ])('is told from a column of that name: %s', (sql) => expect(NAMES_IN_SQL.test(sql)).toBe(false));
});
