import { TILE_WIDTH } from './merkle.js';

// Paths of tiles, C2SP: https://c2sp.org/tlog-tiles (read 2026-11-29): `<level>/<index>[.p/<width>]`, the index in groups of three
// digits of which all but the last begin with x; `entries` in the place of the level for what is hashed.

/** A hash tile, or a bundle of entries. */
export interface TileAddress {
  level: number | 'entries';
  index: number;
  /** 1–256. */
  width: number;
}

export function tilePath({ level, index, width }: TileAddress): string {
  let text = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    text = `x${String(rest % 1000).padStart(3, '0')}/${text}`;
  }
  return `${level}/${text}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Undefined where the path is none, or not the one spelling of a tile's. */
export function parseTilePath(path: string): TileAddress | undefined {
  const [, level = '', digits = '', width] =
    /^(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? [];
  const address: TileAddress = {
    level: level === 'entries' ? level : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  // Leading zeros, groups of zeros, a level above 63, `.p/256` and the like all come out otherwise.
  const isOne =
    address.width >= 1 && (level === 'entries' || Number(level) <= 63) && Number.isSafeInteger(address.index);
  return isOne && tilePath(address) === path ? address : undefined;
}

/** Entries of a bundle: each a u16 length, big-endian, and its bytes. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    bytes[at] = entry.length >> 8;
    bytes[at + 1] = entry.length & 0xff;
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}
