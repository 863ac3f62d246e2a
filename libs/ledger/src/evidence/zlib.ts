import { pipeline, Readable } from 'node:stream';
import { createInflateRaw, crc32 as nativeCrc32 } from 'node:zlib';

// What the verifier needs of zlib. A browser's build puts its own in the place of this file.

const OUTPUT_BYTES = 256 * 1024;

/** CRC-32 as ZIP has it. @param before of the bytes before these */
export function crc32(bytes: Uint8Array, before = 0): number {
  return nativeCrc32(bytes, before);
}

/**
 * Raw deflate, RFC 1951.
 * @param inputBytes how many there are: all of them must belong to the stream
 * @throws where the bytes are no such stream, end within it, or go on behind it
 */
export async function* inflateRaw(
  input: AsyncIterable<Uint8Array>,
  inputBytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  const inflate = createInflateRaw({ chunkSize: OUTPUT_BYTES });
  pipeline(Readable.from(input, { objectMode: true, highWaterMark: 1 }), inflate, () => undefined);
  for await (const chunk of inflate) yield chunk as Uint8Array;
  if (inflate.bytesWritten !== inputBytes) {
    throw new Error(`the stream ends after ${inflate.bytesWritten} of its ${inputBytes} bytes`);
  }
}
