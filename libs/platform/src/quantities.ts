const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

export const DURATION_FORM = 'a number with a unit: ms, s, m, h or d (24h)';
export const SIZE_FORM = 'a number with a unit: B, KiB, MiB, GiB or TiB (16MiB); a bare number is bytes';

/** Milliseconds of `250ms`, `10s`, `5m`, `24h`, `400d`; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  return match ? wholeNumber(Number(match[1]) * (DURATION_UNITS[match[2] ?? ''] ?? Number.NaN)) : undefined;
}

/** Bytes of `512`, `512B`, `16MiB`, `2GiB`; undefined for anything else. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)?$/.exec(text);
  return match ? wholeNumber(Number(match[1]) * (SIZE_UNITS[match[2] ?? 'B'] ?? Number.NaN)) : undefined;
}

/** The shortest exact form of a duration: 86400000 → `1d`. */
export function formatDuration(ms: number): string {
  return inLargestUnit(ms, DURATION_UNITS);
}

/** The shortest exact form of a size: 16777216 → `16MiB`. */
export function formatSize(bytes: number): string {
  return inLargestUnit(bytes, SIZE_UNITS);
}

function inLargestUnit(value: number, units: Record<string, number>): string {
  const [first = ['', 1], ...larger] = Object.entries(units);
  let best: [string, number] = first as [string, number];
  for (const unit of larger) if (value !== 0 && value % unit[1] === 0) best = unit;
  return `${value / best[1]}${best[0]}`;
}

function wholeNumber(value: number): number | undefined {
  return Number.isFinite(value) && value <= Number.MAX_SAFE_INTEGER ? Math.round(value) : undefined;
}
