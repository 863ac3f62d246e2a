import { createReadStream } from 'node:fs';
import { lineChunks } from '#ledger';

const READ_BYTES = 256 * 1024;

/** The lines of a file whose last one is ended, too. Only a newline ends one: Unicode's separators may stand within JSON. */
export async function* linesOfFile(path: string): AsyncGenerator<string, void, void> {
  for await (const { bytes } of lineChunks(createReadStream(path, { highWaterMark: READ_BYTES }), path)) {
    yield* Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').slice(0, -1).split('\n');
  }
}
