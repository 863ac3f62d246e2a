/** Castagnoli polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/** Slicing-by-8: table `n` advances the sum of one byte by `n` more zero bytes. One flat array keeps look-ups cheap. */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    tables[byte] = sum;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = tables[(slice - 1) * 256 + byte] as number;
      tables[slice * 256 + byte] = (before >>> 8) ^ (tables[before & 255] as number);
    }
  }
  return tables;
}

/**
 * CRC-32C (RFC 3720 B.4). Finds torn and rotten bytes; it proves nothing against a person.
 * @returns an unsigned 32-bit integer
 */
export function crc32c(bytes: Uint8Array): number {
  const t = TABLES;
  const whole = bytes.length - (bytes.length % SLICES);
  let sum = 0xffffffff;
  let at = 0;
  for (; at < whole; at += SLICES) {
    const low =
      sum ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    sum =
      (t[1792 + (low & 255)] as number) ^
      (t[1536 + ((low >>> 8) & 255)] as number) ^
      (t[1280 + ((low >>> 16) & 255)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) sum = (sum >>> 8) ^ (t[(sum ^ (bytes[at] as number)) & 255] as number);
  return (sum ^ 0xffffffff) >>> 0;
}
