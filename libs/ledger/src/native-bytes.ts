import { isAscii } from 'node:buffer';

// What the platform does with bytes faster than we could. A browser's build puts its own in the place of this file.

const NEWLINE = 0x0a;

/** Standard base64 with padding, RFC 4648, section 4. */
export function toBase64(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('base64');
}

/** Undefined where the text is not base64 in its one spelling. */
export function fromBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array(Math.max(0, Math.floor(text.length / 4) * 3 - padding));
  bufferOf(bytes).write(text, 'base64');
  // Node reads other spellings, too, and passes over what is none.
  return toBase64(bytes) === text ? bytes : undefined;
}

/** The text of bytes that are all ASCII. Undefined where they are not, or where nothing tells so faster than decoding them. */
export function asciiText(bytes: Uint8Array): string | undefined {
  return isAscii(bytes) ? bufferOf(bytes).toString('latin1') : undefined;
}

/** The texts of lines, each ended by a newline. What is no UTF-8 becomes another text than it was. */
export function lineTexts(bytes: Uint8Array): string[] {
  // One by one: a text of all of them would be a piece of memory of its own, which takes longer to get than to fill.
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  const buffer = bufferOf(bytes);
  const texts: string[] = [];
  for (let from = 0, to = buffer.indexOf(NEWLINE); to >= 0; from = to + 1, to = buffer.indexOf(NEWLINE, from)) {
    texts.push(buffer.toString(encoding, from, to));
  }
  return texts;
}

/** The same bytes, as the view in which they are searched and written to fastest. */
export function fastView(bytes: Uint8Array): Uint8Array {
  return bufferOf(bytes);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
