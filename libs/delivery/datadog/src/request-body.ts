import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { MAX_REQUEST_BYTES } from './limits.js';

/** What one request to the intake holds, ready to be sent. */
export interface RequestBody {
  /** Gzipped; empty where it would be more than the intake takes. */
  gzipped: Uint8Array;
  /** Uncompressed: what the intake's limit is about. */
  bytes: number;
}

const compress = promisify(gzip);
// Level 6 is the size of level 9 within a percent, at half its time. A chunk that holds most bodies whole spares putting them together.
const GZIP = { level: 6, chunkSize: 128 * 1024 };
const TOO_LARGE = Buffer.alloc(0);

/** Rendered logs as one body. Compresses on zlib's thread pool: the event loop stays free. */
export async function requestBody(rendered: readonly string[]): Promise<RequestBody> {
  const json = Buffer.from(`[${rendered.join(',')}]`);
  return { gzipped: json.length > MAX_REQUEST_BYTES ? TOO_LARGE : await compress(json, GZIP), bytes: json.length };
}

/**
 * The same for a thread that does nothing else: log by log, into memory that is used again for the next body. Of a log nothing is left
 * once it is added; a list of them would be copied by the garbage collector before it becomes bytes, which took a third of the mapping.
 */
export class RequestBodyWriter {
  private readonly memory = Buffer.allocUnsafeSlow(MAX_REQUEST_BYTES);
  private bytes = 0;

  add(log: string): void {
    const at = this.bytes + 1;
    // A UTF-16 unit takes at most three bytes. Beyond the limit it is only counted.
    const fits = at + log.length * 3 < MAX_REQUEST_BYTES || at + Buffer.byteLength(log) < MAX_REQUEST_BYTES;
    if (fits) this.memory.write(this.bytes === 0 ? '[' : ',', this.bytes, 'latin1');
    this.bytes = at + (fits ? this.memory.write(log, at, 'utf8') : Buffer.byteLength(log));
  }

  /** What was added since the last time. */
  take(): RequestBody {
    const bytes = this.bytes + 1;
    this.bytes = 0;
    if (bytes > MAX_REQUEST_BYTES) return { gzipped: TOO_LARGE, bytes };
    this.memory.write(']', bytes - 1, 'latin1');
    return { gzipped: gzipSync(this.memory.subarray(0, bytes), GZIP), bytes };
  }
}
