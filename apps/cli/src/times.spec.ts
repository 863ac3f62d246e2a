import { instantOf } from './times.js';

const NOW = Date.UTC(2026, 0, 31, 12);

describe('times on the command line', () => {
  it.each([
    ['2d', 'ago', '2026-01-29T12:00:00.000Z'],
    ['90m', 'ago', '2026-01-31T10:30:00.000Z'],
    ['90d', 'ahead', '2026-05-01T12:00:00.000Z'],
    ['2026-01-31', 'ago', '2026-01-31T00:00:00Z'],
    ['2026-01-31T08:00:00+02:00', 'ago', '2026-01-31T08:00:00+02:00'],
  ] as const)('%s (%s) is %s', (text, direction, instant) => {
    expect(instantOf(text, direction, NOW)).toBe(instant);
  });

  it.each(['yesterday', '2026-01-31T08:00:00', '2026-13-01', '2d ago', '-2d', '', '99999999999d', '\u001b[2J'])(
    '%j is refused',
    (text) => {
      expect(() => instantOf(text, 'ago', NOW)).toThrow(expect.objectContaining({ code: 'CLI_USAGE' }));
    },
  );
});
