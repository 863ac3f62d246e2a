/** The longest beginning of `text` that is at most `bytes` long in UTF-8. Never cuts a character in two. */
export function cutToBytes(text: string, bytes: number): string {
  // A UTF-16 unit takes at most three bytes: most texts need no counting.
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const whole = Buffer.from(text.slice(0, bytes), 'utf8');
  let end = Math.min(bytes, whole.length);
  // Back over the continuation bytes of a character that would be cut.
  while (end > 0 && end < whole.length && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return whole.toString('utf8', 0, end).toWellFormed();
}
