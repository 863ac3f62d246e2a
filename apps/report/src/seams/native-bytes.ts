// In a browser, in the place of libs/ledger/src/native-bytes.ts.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const NO_LETTER = 255;
/** What each character stands for; {@link NO_LETTER} for those that stand for nothing. */
const VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = LETTERS.indexOf(String.fromCharCode(code));
  return value < 0 ? NO_LETTER : value;
});
/** `String.fromCharCode` takes its characters as arguments, of which there is a limit. */
const SLICE_BYTES = 8192;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + SLICE_BYTES));
  }
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let held = 0;
  let at = 0;
  for (let letter = 0; letter < letters; letter++) {
    const code = text.charCodeAt(letter);
    const value = code < 128 ? VALUES[code]! : NO_LETTER;
    if (value === NO_LETTER) return undefined;
    held = (held << 6) | value;
    if (letter % 4 === 0) continue;
    const spare = 6 - 2 * (letter % 4);
    bytes[at++] = held >> spare;
    held &= (1 << spare) - 1;
  }
  // The last letter may hold bits that count for nothing: two spellings of the same bytes.
  return held === 0 ? bytes : undefined;
}

export function asciiText(): undefined {
  return undefined;
}

export function lineTexts(bytes: Uint8Array): string[] {
  // At once, which takes a fraction of the time; newlines stand where they stand in the bytes.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n');
}

export function fastView(bytes: Uint8Array): Uint8Array {
  return bytes;
}
